"""`python -m telephony.admin`: agencies, users, API tokens and carrier credentials.

Works on the stack that the environment points at (TABLE_PREFIX, KMS_KEY_ID, AWS_*): a deployed one or the embedded one.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from telephony import clock
from telephony.bootstrap import Container, container
from telephony.clock import Deadline
from telephony.errors import InvalidRequest, TelephonyError
from telephony.services import limits
from telephony.services.administration import OPERATOR
from telephony.services.configuration_records import SECRET_FIELDS
from telephony.services.limits import WantedLimits
from telephony.services.saving import Saving
from telephony.values import Principal, ProviderType, Role

SECONDS_PER_COMMAND = 60
SECONDS_PER_RECONCILIATION = 600

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
agency_app = typer.Typer(help="Agencies.", no_args_is_help=True)
user_app = typer.Typer(help="People: Supabase users with a role in an agency.", no_args_is_help=True)
token_app = typer.Typer(help="API tokens.", no_args_is_help=True)
credentials_app = typer.Typer(help="Carrier credentials.", no_args_is_help=True)
limits_app = typer.Typer(help="What an agency may spend.", no_args_is_help=True)
for name, group in (
    ("agency", agency_app),
    ("user", user_app),
    ("token", token_app),
    ("credentials", credentials_app),
    ("limits", limits_app),
):
    app.add_typer(group, name=name)

AgencyOption = Annotated[str, typer.Option("--agency", help="Agency id or org handle.")]
RoleOption = Annotated[str, typer.Option(help="owner, admin or member.")]

# What an agency may spend.
Currency = Annotated[str | None, typer.Option(help="ISO 4217; needed with a limit on costs.")]
MaxNumbers = Annotated[int | None, typer.Option(help="Live numbers.")]
MaxMonthlyTotal = Annotated[str | None, typer.Option(help="Of all numbers together, such as 12.50.")]
MaxSetupCost = Annotated[str | None, typer.Option(help="Of each number, such as 1.00.")]
Countries = Annotated[list[str] | None, typer.Option(help="Allowed; may be given several times.")]
Carriers = Annotated[list[ProviderType] | None, typer.Option(help="Allowed; may be given several times.")]
MaxOpenOperations = Annotated[int | None, typer.Option(help="Unfinished purchases at a time.")]


class Output:
    """Where results go: printed one by one, or collected by `apply`; and where standard input comes from."""

    as_json = False
    collected: list[Any] | None = None
    given: Any = None


def show(result: dict[str, Any] | list[dict[str, Any]]) -> None:
    if Output.collected is not None:
        Output.collected.append(result)
    elif Output.as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        for each in result if isinstance(result, list) else [result]:
            typer.echo("\n".join(f"{key}: {_plain(value)}" for key, value in each.items()) + "\n")


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def services() -> Container:
    return container()


@app.callback()
def options(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    Output.as_json = as_json or Output.as_json


@app.command("apply")
def apply(file: Annotated[str, typer.Argument(help="A file, or - for standard input.")] = "-") -> None:
    """Runs a JSON list of commands, `{"run": ["agency", …], "input": …}`, in one process; stops at a failure."""
    try:
        commands = _parsed(sys.stdin.read() if file == "-" else Path(file).read_text("utf-8"))
    except OSError as error:
        raise InvalidRequest(f"{file} can't be read: {error.strerror}") from error
    if not isinstance(commands, list) or not all(_is_command(each) for each in commands):
        raise InvalidRequest('The commands must be a JSON list of {"run": ["agency", ...], "input": ...}')
    results: list[Any] = []
    for index, command in enumerate(commands):
        Output.collected, Output.given = [], command.get("input")
        try:
            app(args=command["run"], standalone_mode=False)
        except (TelephonyError, typer.TyperException, ValueError) as error:
            raise InvalidRequest(f"command {index} ({shlex.join(command['run'])}): {error}") from error
        else:
            results.extend(Output.collected)
        finally:
            Output.collected = None
    show(results)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"What was given is not JSON: {error}") from None


def _is_command(value: Any) -> bool:
    run = value.get("run") if isinstance(value, dict) else None
    return isinstance(run, list) and all(isinstance(word, str) for word in run)


@agency_app.command("create")
def agency_create(
    name: Annotated[str, typer.Option(help="As it appears in resource names at the carrier.")],
    org_handle: Annotated[str, typer.Option(help="Unique; the Org-Handle header of requests.")],
    product_id: Annotated[list[int] | None, typer.Option(help="May be given several times.")] = None,
    currency: Currency = None,
    max_numbers: MaxNumbers = None,
    max_monthly_total: MaxMonthlyTotal = None,
    max_setup_cost: MaxSetupCost = None,
    country: Countries = None,
    provider: Carriers = None,
    max_open_operations: MaxOpenOperations = None,
) -> None:
    """Creates an agency, with what it may spend; the same org handle again answers with the existing one as it is."""
    wanted = WantedLimits(
        currency,
        max_numbers,
        max_monthly_total,
        max_setup_cost,
        country or (),
        provider or (),
        max_open_operations,
    )
    given = None if wanted == WantedLimits() else wanted
    agency, created = services().administration.create_agency(name, org_handle, product_id or [], given)
    show(
        {
            "agency_id": agency.id,
            "org_handle": agency.org_handle,
            "product_ids": [int(each) for each in agency.product_ids],
            "created": created,
        }
    )


@agency_app.command("show")
def agency_show(agency: Annotated[str, typer.Argument(help="Agency id or org handle.")]) -> None:
    """Shows an agency, its limits, provider configurations and callers; no secret."""
    show(services().administration.describe_agency(agency))


@agency_app.command("rename")
def agency_rename(agency: Annotated[str, typer.Argument()], name: Annotated[str, typer.Option()]) -> None:
    """Renames an agency; its resources at the carrier follow at the next `force`."""
    admin = services().administration
    agency_id = admin.agency(agency).id
    admin.rename_agency(agency_id, name)
    show({"agency_id": agency_id, "name": name})


@agency_app.command("rotate-webhook-secret")
def agency_rotate_webhook_secret(agency: Annotated[str, typer.Argument()]) -> None:
    """Makes a new webhook secret; the carrier learns it at the next `force`."""
    admin = services().administration
    agency_id = admin.agency(agency).id
    admin.rotate_webhook_secret(agency_id)
    show({"agency_id": agency_id, "rotated": True})


@user_app.command("add")
def user_add(
    agency: AgencyOption, sub: Annotated[str, typer.Option(help="The user's id at Supabase.")], role: RoleOption
) -> None:
    """Gives a user a role in an agency, or another role."""
    admin = services().administration
    agency_id = admin.agency(agency).id
    admin.add_user(agency_id, sub, Role.parse(role))
    show({"agency_id": agency_id, "sub": sub, "role": role})


@user_app.command("remove")
def user_remove(sub: Annotated[str, typer.Option(help="The user's id at Supabase.")]) -> None:
    """Removes a user, who is refused from the next request on."""
    services().administration.remove_user(sub)
    show({"sub": sub, "removed": True})


@token_app.command("issue")
def token_issue(
    agency: AgencyOption,
    role: RoleOption,
    name: Annotated[str, typer.Option(help="What the token is for.")],
    product_id: Annotated[int | None, typer.Option(help="Binds the token to one product.")] = None,
    expires_in_days: Annotated[int | None, typer.Option(min=1, help="Never, if not given.")] = None,
) -> None:
    """Issues an API token. It is shown this once; only its digest is stored."""
    admin = services().administration
    token, caller = admin.issue_token(
        admin.agency(agency).id, Role.parse(role), name, product_id=product_id, days=expires_in_days
    )
    show({"token": token, "id": caller.id})


@token_app.command("list")
def token_list(agency: AgencyOption) -> None:
    """Lists an agency's API tokens, without the tokens themselves."""
    admin = services().administration
    show(
        [
            {
                "id": each.id,
                "name": each.name,
                "role": each.role,
                "live": each.live,
                "created_at": clock.iso(each.created_at / 1000),
                "expires_at": clock.iso(each.expires_at),
            }
            for each in admin.tokens(admin.agency(agency).id)
        ]
    )


@token_app.command("revoke")
def token_revoke(agency: AgencyOption, token_id: Annotated[str, typer.Option("--id", help="As listed.")]) -> None:
    """Revokes an API token from the next request on."""
    admin = services().administration
    admin.revoke_token(admin.agency(agency).id, token_id)
    show({"id": token_id, "revoked": True})


@credentials_app.command("set")
def credentials_set(
    agency: AgencyOption,
    provider: Annotated[ProviderType, typer.Option()],
    validate: Annotated[bool, typer.Option(help="Check the credentials at the provider first.")] = True,
) -> None:
    """Stores the credentials given as a JSON object on standard input.

    Its keys: api_key, api_secret, signing_key, base_url; any other is kept as it is (telnyx_public_key, …), not secret.
    """
    given = Output.given if Output.collected is not None else _parsed(sys.stdin.read())
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise InvalidRequest("The credentials must be a JSON object of texts")
    admin = services()
    found = admin.administration.agency(agency)
    configuration = admin.provider_accounts.store(
        Principal(found.id, Role.OWNER, OPERATOR, "operator", org_handle=found.org_handle),
        provider,
        {field: given[field] for field in SECRET_FIELDS if field in given},
        Saving(Deadline.after(SECONDS_PER_COMMAND), admin.settings.public_base_url, validate, "--no-validate"),
        meta={key: value for key, value in given.items() if key not in (*SECRET_FIELDS, "base_url")},
        base_url=given.get("base_url"),
    )
    validated = configuration.validated_at is not None
    show({"provider_configuration_id": int(configuration.id), "provider": provider.value, "validated": validated})


@limits_app.command("set")
def limits_set(
    agency: AgencyOption,
    currency: Currency = None,
    max_numbers: MaxNumbers = None,
    max_monthly_total: MaxMonthlyTotal = None,
    max_setup_cost: MaxSetupCost = None,
    country: Countries = None,
    provider: Carriers = None,
    max_open_operations: MaxOpenOperations = None,
) -> None:
    """Replaces all limits of an agency: one that is not given is lifted. What was spent stays counted."""
    agency_id = services().administration.agency(agency).id
    wanted = WantedLimits(
        currency,
        max_numbers,
        max_monthly_total,
        max_setup_cost,
        country or (),
        provider or (),
        max_open_operations,
    )
    limits.set_limits(agency_id, wanted, OPERATOR)
    show({"agency_id": agency_id, **limits.describe(agency_id)})


@limits_app.command("show")
def limits_show(agency: AgencyOption) -> None:
    """Shows an agency's limits and what it has spent of them."""
    agency_id = services().administration.agency(agency).id
    show({"agency_id": agency_id, **limits.describe(agency_id)})


@app.command("reconcile")
def reconcile(
    agency: AgencyOption,
    adopt: Annotated[bool, typer.Option("--adopt", help="Bring our records in step with the carriers.")] = False,
) -> None:
    """Compares an agency's inventory with its carriers' own lists. Nothing changes there."""
    container = services()
    agency_id = container.administration.agency(agency).id
    report = container.reconciling.reconcile(
        agency_id,
        OPERATOR,
        Deadline.after(SECONDS_PER_RECONCILIATION),
        adopt=adopt,
    )
    show({"agency_id": agency_id, **report.summary()})


def main() -> None:
    try:
        app()
    except (TelephonyError, ValueError) as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
