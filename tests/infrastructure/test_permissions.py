"""Each function may do what it does, and nothing else."""

from typing import Any

import pytest

from tests.infrastructure import reach
from tests.infrastructure.deployed import Deployed, Grant, as_list, logical_id
from tests.roles import logical_id_of

DOORS = {
    "OperationsFunction",
    "PhoneConfigurationsFunction",
    "PhoneNumbersFunction",
    "ProviderConfigurationsFunction",
    "ProvisionTelephonyFunction",
    "PurchaseNumberFunction",
    "TelephonyIntegrationFunction",
}
"""The functions behind the API that ask for a credential."""

KEEPERS = {"ProviderConfigurationsFunction", "TelephonyIntegrationFunction"}
"""The functions that may store carrier secrets."""

OPENERS = {
    *KEEPERS,
    "PhoneNumbersFunction",
    "ProvisionTelephonyFunction",
    "PurchaseNumberFunction",
    "RetryWorkerFunction",
    "WebhooksFunction",
}
"""The functions that may open an agency's carrier secrets."""

COUNTERS = {"PhoneNumbersFunction", "PurchaseNumberFunction", "RetryWorkerFunction"}
"""The functions that count numbers, of their carrier accounts, too."""

RUNNERS = {
    *KEEPERS,
    "PhoneNumbersFunction",
    "ProvisionTelephonyFunction",
    "PurchaseNumberFunction",
    "RetryWorkerFunction",
}
"""The functions that run operations."""


def statements(deployed: Deployed) -> list[dict[str, Any]]:
    """Every statement of our policies: managed ones and those inside roles."""
    documents = [policy["PolicyDocument"] for policy in deployed.of_type("AWS::IAM::ManagedPolicy").values()]
    for role in deployed.of_type("AWS::IAM::Role").values():
        documents += [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    return [statement for document in documents for statement in document["Statement"]]


def test_every_function_has_a_role_of_its_own(prod: Deployed) -> None:
    functions = prod.of_type("AWS::Lambda::Function")
    roles = {name: logical_id(properties["Role"]) for name, properties in functions.items()}
    assert roles == {name: name.removesuffix("Function") + "Role" for name in functions}


def test_roles_hold_policies_of_ours_only(prod: Deployed) -> None:
    ours = set(prod.of_type("AWS::IAM::ManagedPolicy"))
    for name, role in prod.of_type("AWS::IAM::Role").items():
        if name == "CodeDeployServiceRole":  # SAM's, for releases; no function runs with it
            continue
        assert {logical_id(policy) for policy in role["ManagedPolicyArns"]} <= ours, name
        [trusted] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}, name


def test_no_statement_is_a_wildcard(prod: Deployed) -> None:
    for statement in statements(prod):
        assert statement["Effect"] == "Allow"
        assert not [action for action in as_list(statement["Action"]) if "*" in action], statement
        for resource in as_list(statement["Resource"]):
            assert logical_id(resource).split("/")[0] in prod.resources, statement
        assert not {"NotAction", "NotResource"} & set(statement), statement


def test_the_tables_key_is_used_by_dynamodb_alone(prod: Deployed) -> None:
    [statement] = [each for each in statements(prod) if each["Resource"] == {"Fn::GetAtt": ["TablesKey", "Arn"]}]
    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}}
    }


@pytest.mark.parametrize(
    ("grant", "functions"),
    [
        (Grant("kms:Decrypt", "SecretsKey"), OPENERS),
        (Grant("dynamodb:Query", "ProviderConfigurationsTable"), OPENERS),
        (Grant("dynamodb:GetItem", "CallersTable"), DOORS),
        (Grant("secretsmanager:GetSecretValue", "PlatformSecret"), DOORS),
        (Grant("dynamodb:PutItem", "AuditEventsTable"), DOORS | RUNNERS | {"WebhooksFunction"}),
        (Grant("dynamodb:PutItem", "OperationsTable"), RUNNERS | {"SweeperFunction"}),
        (Grant("dynamodb:Scan", "AgenciesTable"), {"RetryWorkerFunction"}),
        (Grant("dynamodb:UpdateItem", "AgenciesTable"), RUNNERS),
        (Grant("dynamodb:UpdateItem", "OperationsTable"), RUNNERS | {"OperationsFunction", "SweeperFunction"}),
        (Grant("dynamodb:Query", "OperationsTable/index/by_agency"), {"OperationsFunction"}),
        (Grant("dynamodb:Query", "AuditEventsTable"), {"OperationsFunction"}),
        (Grant("kms:Encrypt", "SecretsKey"), KEEPERS),
        (Grant("dynamodb:PutItem", "ProviderConfigurationsTable"), KEEPERS),
        (Grant("dynamodb:UpdateItem", "ProviderConfigurationsTable"), KEEPERS | COUNTERS),
        (Grant("dynamodb:DeleteItem", "ProviderConfigurationsTable"), {"ProviderConfigurationsFunction"}),
        (
            Grant("dynamodb:Query", "PhoneConfigurationsTable/index/by_agency"),
            KEEPERS | {"PhoneConfigurationsFunction", "ProvisionTelephonyFunction", "RetryWorkerFunction"},
        ),
        (Grant("dynamodb:Query", "PhoneConfigurationsTable/index/by_status"), {"PhoneConfigurationsFunction"}),
        (Grant("dynamodb:Query", "PhoneConfigurationsTable/index/by_request"), {"PhoneConfigurationsFunction"}),
        (Grant("dynamodb:DeleteItem", "AssistantsTable"), {"PhoneNumbersFunction"}),
        (Grant("dynamodb:Query", "OperationsTable/index/by_due"), {"SweeperFunction"}),
        (
            Grant("sqs:SendMessage", "WakeupsQueue"),
            RUNNERS | {"OperationsFunction", "SweeperFunction", "WebhooksFunction"},
        ),
        (Grant("sqs:ReceiveMessage", "WakeupsQueue"), {"RetryWorkerFunction"}),
        (Grant("sqs:DeleteMessage", "WakeupsQueue"), {"RetryWorkerFunction"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, Grant) else "",
)
def test_who_may(prod: Deployed, grant: Grant, functions: set[str]) -> None:
    assert {name for name in prod.of_type("AWS::Lambda::Function") if grant in prod.grants(name)} == functions


@pytest.mark.parametrize("function", sorted(path.parent.name for path in reach.ROOT.glob("functions/*/handler.py")))
def test_nothing_is_granted_that_the_code_can_not_come_to(prod: Deployed, function: str) -> None:
    asked = {each for place in reach.reached(function) for each in reach.asked_at(place)}
    unused = set()
    for grant in prod.grants(logical_id_of(function)):
        table, _, index = grant.resource.partition("/index/")
        enough = {grant, Grant(grant.action, f"{table}/index/*")} if index else {grant}
        if grant.action == "dynamodb:GetItem":
            enough.add(Grant("dynamodb:Query", table))  # who may query a table may read each of its items
        if grant.action.startswith("dynamodb:") and not enough & asked:
            unused.add(" ".join(grant))
    assert unused == set()


def test_what_needs_no_credential_may_read_one_table_only(prod: Deployed) -> None:
    reached = {grant.resource for grant in prod.grants("SiteFunction")}
    assert reached == {"AgenciesTable", "TablesKey", "FunctionsLogGroup"}


def test_no_function_may_change_who_may_call(prod: Deployed) -> None:
    changes = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
    for name in prod.of_type("AWS::Lambda::Function"):
        assert not {Grant(action, "CallersTable") for action in changes} & prod.grants(name), name


def test_nothing_already_written_to_the_audit_trail_can_be_changed(prod: Deployed) -> None:
    for name in prod.of_type("AWS::Lambda::Function"):
        allowed = {grant.action for grant in prod.grants(name) if grant.resource == "AuditEventsTable"}
        assert allowed <= {"dynamodb:PutItem", "dynamodb:Query"}, name
