"""POST /store-telnyx-credentials
Reads API_URL, API_TOKEN, TELNYX_API_KEY, TELNYX_PUBLIC_KEY, TELNYX_ACCOUNT_SID."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/store-telnyx-credentials",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "telnyx_api_key": os.environ["TELNYX_API_KEY"],
        "telnyx_public_key": os.environ["TELNYX_PUBLIC_KEY"],
        "telnyx_account_sid": os.environ["TELNYX_ACCOUNT_SID"],
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
