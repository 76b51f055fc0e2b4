"""The template is valid, explains itself, and gives the functions the settings that they read."""

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from telephony.settings import Settings

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed, logical_id

SECTIONS = [
    "Parameters",
    "Globals",
    "Api",
    "Functions",
    "Layers",
    "Tables",
    "Queues",
    "Schedules",
    "Keys",
    "Alarms",
    "Outputs",
]

# Read by Powertools and botocore themselves.
NOT_OURS = {
    "LOG_LEVEL",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
}

# What the four published APIs have browsers send.
CORS_ALLOWED = [
    "authorization",
    "apikey",
    "x-client-info",
    "content-type",
    "org-handle",
    "product-id",
    "idempotency-key",
    "x-api-key",
]
CORS_EXPOSED = [
    "x-request-id",
    "idempotency-replayed",
    "retry-after",
]


def test_sam_finds_nothing_wrong() -> None:
    assert "is a valid SAM Template" in sam.run("validate", "--lint")


def test_cfn_lint_finds_nothing_wrong() -> None:
    # newer than the one inside `sam validate`
    linter = [str(Path(sys.executable).with_name("cfn-lint")), str(sam.TEMPLATE)]
    found = subprocess.run(linter, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_sections_come_in_their_order() -> None:
    banners = re.findall(r"^ *# ==== (\w+) =+$", sam.TEMPLATE.read_text(), re.MULTILINE)
    assert banners == SECTIONS


def test_each_resource_has_a_sentence_above_it(prod: Deployed) -> None:
    # given the line above each resource of the source
    lines = sam.TEMPLATE.read_text().splitlines()
    begin, end = lines.index("Resources:") + 1, lines.index("Outputs:")
    above = {
        line.strip(" :"): previous.strip()
        for previous, line in itertools.pairwise(lines[begin:end])
        if re.fullmatch(r"  \w+:", line)
    }
    # then it ends a sentence, and every resource was looked at
    assert [name for name, text in above.items() if not re.fullmatch(r"# .+\.", text)] == []
    assert set(above) >= set(prod.of_type("AWS::DynamoDB::Table")) | set(prod.of_type("AWS::Lambda::Function"))


def test_parameters_explain_and_bound_themselves(prod: Deployed) -> None:
    for name, parameter in prod.document["Parameters"].items():
        assert parameter["Description"].endswith("."), name
        default = str(parameter["Default"])
        if parameter["Type"] == "String":
            assert parameter["AllowedPattern"].startswith("^"), name
            assert parameter["AllowedPattern"].endswith("$"), name
            assert re.fullmatch(parameter["AllowedPattern"], default), name
            assert parameter["ConstraintDescription"], name
        elif "AllowedValues" in parameter:
            assert int(default) in parameter["AllowedValues"], name
        else:
            assert parameter["MinValue"] <= int(default) <= parameter["MaxValue"], name


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("PublicBaseUrl", "https://api.example.com/api/v1", "https://api.example.com/api/v1/"),
        ("PublicBaseUrl", "https://example.com:8443/api/v1", "http://example.com/api/v1"),
        ("PublicBaseUrl", "", "https://example.com/telephony/api/v1"),  # pages and redirects name /api/v1 from the root
        ("ReleaseType", "at_once", "all"),
        ("DomainName", "telephony.example.com", "https://telephony.example.com"),
        ("SupabaseJwtAlgorithms", "ES256,HS256", "none"),
        ("SupabaseJwksUrl", "https://abc.supabase.co/auth/v1/.well-known/jwks.json", "http://abc.supabase.co/keys"),
        ("TelnyxWhitelistedDestinations", "DE", "us"),
        ("AlarmEmail", "ops@example.com", "ops"),
        ("AwsEndpointUrl", "http://172.30.113.1:5000", "http://localhost:5000/path"),
    ],
)
def test_patterns_take_the_good_and_refuse_the_bad(prod: Deployed, name: str, good: str, bad: str) -> None:
    pattern = prod.document["Parameters"][name]["AllowedPattern"]
    assert re.fullmatch(pattern, good)
    assert not re.fullmatch(pattern, bad)


def test_nothing_needs_itself(prod: Deployed) -> None:
    # A function that refers to its own API is such a circle, and no linter sees it before SAM's transformation.
    graph = {name: prod.needs(name) for name in prod.resources}
    assert "FunctionsLogGroup" in graph["SiteFunction"]
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


class Asked(Mapping[str, str]):
    """An environment that remembers which variables were asked for."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.names: set[str] = set()
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def test_functions_get_the_variables_that_settings_read(prod: Deployed) -> None:
    # given the variables of each function
    given: dict[str, dict[str, Any]] = {
        name: properties["Environment"]["Variables"]
        for name, properties in prod.of_type("AWS::Lambda::Function").items()
    }
    [variables] = {frozenset(each) for each in given.values()}
    # when the settings are read
    environment = Asked(dict.fromkeys(variables, "") | {"TABLE_PREFIX": "telephony-"})
    Settings.from_environment(environment)
    # then it is these variables that they ask for, beside those that Lambda sets
    lambdas_own = {"AWS_REGION", "AWS_DEFAULT_REGION"}
    assert environment.names - lambdas_own == variables - NOT_OURS
    assert variables >= NOT_OURS


def test_an_empty_endpoint_means_aws_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    # given what the template sets on AWS
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "")
    # when a client is made
    client = botocore.session.Session().create_client("dynamodb", region_name="eu-west-1")
    # then it speaks to AWS
    assert client.meta.endpoint_url == "https://dynamodb.eu-west-1.amazonaws.com"


def test_doors_answer_before_the_gateway_gives_up(prod: Deployed) -> None:
    doors = {logical_id(permission["FunctionName"]) for permission in api_permissions(prod)}
    functions = {name.removesuffix("Aliaslive") for name in doors}
    assert functions
    assert {prod.resources[name]["Properties"]["Timeout"] for name in functions} == {28}


def test_every_route_takes_any_method_and_the_rest_goes_to_the_site(prod: Deployed) -> None:
    # given the routes as the gateway gets them
    paths = prod.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"]
    # then a wrong method reaches the door, which answers 405 itself
    assert not [path for path, methods in paths.items() if "x-amazon-apigateway-any-method" not in methods]
    # and all is under /api/v1 but what no route names
    assert [path for path in paths if not path.startswith("/api/v1/")] == ["$default"]
    catch_all = paths["$default"]["x-amazon-apigateway-any-method"]
    assert catch_all["isDefaultRoute"]
    assert "${SiteFunctionAliaslive}" in catch_all["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]


def test_browsers_are_told_the_contracts_headers(prod: Deployed) -> None:
    cors = prod.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["x-amazon-apigateway-cors"]
    assert sorted(cors["allowHeaders"]) == sorted(CORS_ALLOWED)
    assert sorted(cors["exposeHeaders"]) == sorted(CORS_EXPOSED)
    assert sorted(cors["allowMethods"]) == ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"]


def test_the_gateway_throttles_all_callers_together(prod: Deployed) -> None:
    settings = prod.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]["DefaultRouteSettings"]
    assert settings == {
        "ThrottlingRateLimit": {"Ref": "ThrottleRate"},
        "ThrottlingBurstLimit": {"Ref": "ThrottleBurst"},
    }


def test_a_custom_domain_leads_to_the_api_and_is_what_carriers_are_told(prod: Deployed) -> None:
    # given the resources of a domain, made only for one
    conditions = {name: prod.resources[name]["Condition"] for name in prod.resources if name.startswith("ApiDomain")}
    assert conditions == {"ApiDomain": "HasDomain", "ApiDomainMapping": "HasDomain", "ApiDomainRecord": "HasHostedZone"}
    domain, mapping, record = (prod.resources[name]["Properties"] for name in conditions)
    # then its name, with its certificate, is the API's
    assert domain["DomainName"] == record["Name"] == {"Ref": "DomainName"}
    assert domain["DomainNameConfigurations"][0]["CertificateArn"] == {"Ref": "CertificateArn"}
    assert (mapping["ApiId"], mapping["DomainName"]) == ({"Ref": "Api"}, {"Ref": "ApiDomain"})
    assert mapping["Stage"] == {"Ref": "ApiApiGatewayDefaultStage"}
    assert record["AliasTarget"]["DNSName"] == {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]}
    # and carriers and operators are given it
    own = {"Fn::Sub": "https://${DomainName}/api/v1"}
    variables = prod.resources["SiteFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["PUBLIC_BASE_URL"] == {"Fn::If": ["HasDomain", own, {"Ref": "PublicBaseUrl"}]}
    assert prod.document["Outputs"]["ApiUrl"]["Value"]["Fn::If"][:2] == ["HasDomain", own]


def test_the_access_log_never_holds_a_path(prod: Deployed) -> None:
    # The path of a webhook holds its secret.
    stage = prod.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]
    logged = stage["AccessLogSettings"]["Format"]
    assert "$context.routeKey" in logged
    # and what may hold a quotation mark would break the line
    assert "$context.error.message" not in logged
    assert json.loads(re.sub(r"\$context\.[\w.]+", "-", logged))["error"] == "-"
    assert not re.search(r"\$context\.(path|resourcePath|customDomain|domain)", logged)
    assert "\n" not in logged


def test_logs_do_not_stay_for_ever(prod: Deployed) -> None:
    groups = prod.of_type("AWS::Logs::LogGroup")
    assert {name: group["RetentionInDays"] for name, group in groups.items()} == {
        name: {"Ref": "LogRetentionDays"} for name in groups
    }
    # and no function makes itself a group without that
    for properties in prod.of_type("AWS::Lambda::Function").values():
        assert properties["LoggingConfig"] == {"LogGroup": {"Ref": "FunctionsLogGroup"}}


def api_permissions(prod: Deployed) -> list[dict[str, Any]]:
    """The permissions by which the gateway may call a function."""
    permissions = prod.of_type("AWS::Lambda::Permission").values()
    return [each for each in permissions if each["Principal"] == "apigateway.amazonaws.com"]
