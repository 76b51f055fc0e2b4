"""The template as the embedded stack reads it, checked on a small bundle that uses everything it knows."""

from pathlib import Path

import pytest

from local.cloudformation import TemplateError
from local.template import Cors, EventSource, Queue, Route, Template

BUNDLE = Path(__file__).parent / "bundle"


@pytest.fixture
def template() -> Template:
    return Template(BUNDLE / "template.yaml", "demo")


def test_functions_take_what_globals_give_and_override_it(template):
    echo, worker = template.functions["EchoFunction"], template.functions["WorkerFunction"]

    assert (echo.name, echo.handler, echo.timeout, echo.memory) == (
        *("demo-EchoFunction", "handler.lambda_handler"),
        *(2, 512),
    )
    assert worker.timeout == 28
    assert echo.code == BUNDLE / "code"
    assert echo.layers == (BUNDLE / "layer",)


def test_a_resource_whose_condition_does_not_hold_is_absent(template):
    prod = Template(BUNDLE / "template.yaml", "demo", {"Stage": "prod"})

    assert "ProdOnlyFunction" not in template.functions
    assert "ProdOnlyFunction" in prod.functions


def test_environment_is_resolved_once_the_resources_exist(template):
    template.bind("WakeupsQueue", "http://queue", Arn="arn:queue")
    template.bind("DataKey", "key-1", Arn="arn:key-1")
    template.bind("PlatformSecret", "arn:secret")

    assert template.environment("EchoFunction") == {
        "STAGE": "echo",
        "TABLE_PREFIX": "demo-",
        "WAKEUPS_QUEUE_URL": "http://queue",
        "KMS_KEY_ID": "arn:key-1",
        "PLATFORM_SECRET_ID": "arn:secret",
        "RETRIES": "3",
        "DEBUG": "true",
    }


def test_a_resource_that_nobody_made_is_named(template):
    with pytest.raises(TemplateError, match="refers to WakeupsQueue"):
        template.environment("EchoFunction")


def test_routes_without_a_path_are_the_default_route(template):
    assert template.routes == [
        Route("ANY", "/things/{id}", "EchoFunction"),
        Route("ANY", "$default", "EchoFunction"),
    ]


def test_cors_configuration(template):
    assert template.cors == Cors(
        allow_origins=("https://a.example", "https://b.example"),
        allow_methods=("GET", "POST"),
        allow_headers=("authorization", "content-type"),
        expose_headers=("x-request-id",),
        max_age=600,
    )


def test_tables_keep_what_create_table_takes(template):
    [table] = template.tables

    assert table.name == "demo-agencies"
    assert table.ttl_attribute == "expires_at"
    assert table.definition.keys() == {
        *("TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    }
    assert [index["IndexName"] for index in table.definition["GlobalSecondaryIndexes"]] == ["by_owner"]


def test_a_dead_letter_queue_comes_before_its_queue(template):
    assert template.queues == [
        Queue(
            "WakeupsDeadLetterQueue", "demo-WakeupsDeadLetterQueue", {"MessageRetentionPeriod": "1209600"}, None, None
        ),
        Queue("WakeupsQueue", "demo-WakeupsQueue", {"VisibilityTimeout": "180"}, "WakeupsDeadLetterQueue", 3),
    ]


def test_triggers(template):
    assert template.event_sources == [EventSource("WorkerFunction", "WakeupsQueue", 5, reports_failures=True)]
    [schedule] = template.schedules
    assert (schedule.function, schedule.expression, schedule.input) == ("WorkerFunction", "rate(1 minute)", None)


def test_an_unknown_parameter_is_refused():
    with pytest.raises(TemplateError, match="no parameter Stge"):
        Template(BUNDLE / "template.yaml", "demo", {"Stge": "prod"})


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Fn::Sub": "${AWS::StackName}/${!literal}/${Stage}"}, "demo/${literal}/dev"),
        ({"Fn::Sub": ["${a}-${Stage}", {"a": {"Ref": "Stage"}}]}, "dev-dev"),
        ({"Fn::Sub": "${AgenciesTable.Arn}"}, "arn:aws:dynamodb:us-east-1:123456789012:table/demo-agencies"),
        ({"Fn::Join": [",", ["a", {"Ref": "Stage"}, 1]]}, "a,dev,1"),
        ({"Fn::Select": ["1", {"Fn::Split": ["-", "a-b"]}]}, "b"),
        ({"Fn::Select": [0, {"Ref": "AllowedOrigins"}]}, "https://a.example"),
        ({"Fn::If": ["IsProd", 1, [2]]}, [2]),
        ({"kept": 1, "gone": {"Ref": "AWS::NoValue"}}, {"kept": 1}),
        ([1, {"Ref": "AWS::NoValue"}], [1]),
        ({"Ref": "a", "beside": "b"}, {"Ref": "a", "beside": "b"}),
    ],
)
def test_intrinsic_functions(template, value, resolved):
    assert template.resolve(value) == resolved


def test_an_unknown_intrinsic_function_is_named(template):
    with pytest.raises(TemplateError, match="Fn::ImportValue"):
        template.resolve({"Fn::ImportValue": "x"})
