"""The demo agency, made through the admin command line, and the credentials to use it with.

Later runs find the agency and its tokens in the stored tables and only sign fresh user tokens.
"""

import json
import os
import subprocess
import sys
import time
from typing import Any

import jwt
import requests

from local import aws
from local.errors import StackError
from local.simulators import demo_accounts as demo
from local.stack import Stack
from local.template import ROOT

PRODUCT_ID = 7
AGENCY, OTHER_AGENCY = "demo-agency", "other-agency"
JWT_LIFETIME = 30 * 24 * 3600  # seconds

# Supabase's ids of the demo's people.
OWNER, ADMIN, MEMBER, OTHER_OWNER = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in range(1, 5))

_CREDENTIALS = {
    "telnyx": {
        "api_key": demo.TELNYX_API_KEY,
        "telnyx_public_key": demo.TELNYX_PUBLIC_KEY,
        "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID,
    },
    "ultravox": {"api_key": demo.ULTRAVOX_API_KEY},
    "twilio": {"api_key": demo.TWILIO_ACCOUNT_SID, "api_secret": demo.TWILIO_AUTH_TOKEN},
    "signalwire": {
        "api_key": demo.SIGNALWIRE_PROJECT_ID,
        "api_secret": demo.SIGNALWIRE_API_TOKEN,
        "signing_key": demo.SIGNALWIRE_SIGNING_KEY,
        "base_url": "https://demo.signalwire.com",
    },
}


def seed(stack: Stack) -> dict[str, Any]:
    """Makes what isn't there yet and writes ``demo.json`` into the stack's folder: its content."""
    file = stack.state_folder / "demo.json"
    stored: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    secret = stack.platform_secret()["supabase_jwt_secret"]
    users = {
        "owner_jwt": user_token(OWNER, secret),
        "admin_jwt": user_token(ADMIN, secret),
        "member_jwt": user_token(MEMBER, secret),
        "other_agency_owner_jwt": user_token(OTHER_OWNER, secret),
    }
    content = stored | users | {"api_url": stack.api_url}
    tokens = [content.get(name) for name in (*users, "api_token", "other_agency_api_token")]
    if not all(token is not None and _is_accepted(stack.api_url, token) for token in tokens):
        content |= _create(stack)
    if content.get("assistant_id") is None:
        content["assistant_id"] = _assistant(content)
    aws.write_private(file, json.dumps(content, indent=2) + "\n")
    return content


def _assistant(content: dict[str, Any]) -> int:
    """Makes the demo's assistant through the API, as its agency does, and returns its id."""
    response = requests.post(
        f"{content['api_url']}/assistants",
        headers={"Authorization": f"Bearer {content['api_token']}"},
        json={"name": "Front desk", "ultravox_agent_id": demo.ULTRAVOX_AGENT_ID},
        timeout=30,
    )
    if not response.ok:
        raise StackError(f"Seeding failed: POST /assistants was answered {response.status_code}: {response.text}")
    created: dict[str, Any] = response.json()
    return int(created["assistant"]["id"])


def user_token(subject: str, secret: str) -> str:
    """A JWT as Supabase signs it with the project's secret, good for 30 days."""
    now = int(time.time())
    claims = {"sub": subject, "aud": "authenticated", "role": "authenticated", "iat": now, "exp": now + JWT_LIFETIME}
    return jwt.encode(claims, secret, "HS256")


def _is_accepted(api_url: str, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{api_url}/get-integration-status", headers=headers, timeout=30).ok


def _create(stack: Stack) -> dict[str, Any]:
    commands: list[dict[str, Any]] = []

    def run(*words: str, **extra: Any) -> None:
        commands.append({"run": list(words), **extra})

    run("agency", "create", "--name", "Demo Agency", "--org-handle", AGENCY, "--product-id", str(PRODUCT_ID))
    run("agency", "create", "--name", "Other Agency", "--org-handle", OTHER_AGENCY)
    for agency in (AGENCY, OTHER_AGENCY):
        run("token", "issue", "--agency", agency, "--role", "owner", "--name", "demo")
    for subject, role in ((OWNER, "owner"), (ADMIN, "admin"), (MEMBER, "member")):
        run("user", "add", "--agency", AGENCY, "--sub", subject, "--role", role)
    run("user", "add", "--agency", OTHER_AGENCY, "--sub", OTHER_OWNER, "--role", "owner")
    for provider, credentials in _CREDENTIALS.items():
        words = ("credentials", "set", "--agency", AGENCY, "--provider", provider, "--no-validate")
        run(*words, input=credentials)
    created, _, token, other_token, *_ = admin(stack, commands)
    return {
        "agency_id": created["agency_id"],
        "org_handle": AGENCY,
        "product_id": PRODUCT_ID,
        "api_token": token["token"],
        "other_agency_api_token": other_token["token"],
        "other_agency_org_handle": OTHER_AGENCY,
        "assistant_id": None,
    }


def admin(stack: Stack, commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs admin commands in one process, in order: their results. Raises StackError when one fails."""
    done = subprocess.run(
        [sys.executable, "-m", "telephony.admin", "--json", "apply"],
        input=json.dumps(commands),
        env=os.environ | stack.admin_environment | {"PYTHONPATH": str(ROOT / "shared")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(f"Seeding failed: {done.stderr.strip() or done.stdout.strip()}")
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results
