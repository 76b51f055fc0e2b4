"""``template.yaml`` as the embedded stack sees it: what SAM would make of it, as plain values."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cloudformation import ACCOUNT, REGION, Document, as_flag, as_text, logical_id_of

ROOT = Path(__file__).resolve().parent.parent
SOURCE_TEMPLATE = ROOT / "template.yaml"


@dataclass(frozen=True)
class Function:
    logical_id: str
    name: str
    handler: str
    code: Path
    layers: tuple[Path, ...]
    timeout: int  # seconds
    memory: int  # MB


@dataclass(frozen=True)
class Route:
    method: str  # upper case, or ANY
    path: str  # as in the template; "$default" catches what no other route takes
    function: str  # logical id


@dataclass(frozen=True)
class Cors:
    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int | None = None


@dataclass(frozen=True)
class Table:
    logical_id: str
    name: str
    definition: dict[str, Any]  # the arguments of DynamoDB's CreateTable
    ttl_attribute: str | None


@dataclass(frozen=True)
class Queue:
    logical_id: str
    name: str
    attributes: dict[str, str]  # of SQS's CreateQueue, without the redrive policy
    dead_letter_queue: str | None  # logical id
    max_receive_count: int | None


@dataclass(frozen=True)
class EventSource:
    """An SQS event source mapping."""

    function: str
    queue: str  # logical id
    batch_size: int
    reports_failures: bool  # FunctionResponseTypes holds ReportBatchItemFailures


@dataclass(frozen=True)
class Schedule:
    function: str
    name: str
    expression: str
    input: str | None  # JSON text that replaces the scheduled event


class Template(Document):
    """A SAM template. Functions, tables and the API have their names from the start; queues, keys and secrets are
    bound when they are made (``local.aws.create_resources``)."""

    def __init__(self, path: Path, stack_name: str, parameters: Mapping[str, str] | None = None) -> None:
        super().__init__(path, stack_name, parameters)
        for logical_id, properties in self.resources("AWS::Serverless::Function").items():
            name = self.value(properties, "FunctionName", f"{stack_name}-{logical_id}")
            self.bind(logical_id, name, Arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
        for logical_id in self.resources("AWS::Serverless::HttpApi"):
            self.bind(logical_id, "local")
        for table in self.tables:
            self.bind(table.logical_id, table.name, Arn=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table.name}")

    @property
    def is_built(self) -> bool:
        """Whether this is the output of ``sam build``, whose layers hold all that a function imports."""
        return any((layer / "python").is_dir() for function in self.functions.values() for layer in function.layers)

    @functools.cached_property
    def functions(self) -> dict[str, Function]:
        found = self.resources("AWS::Serverless::Function")
        return {logical_id: self._function(logical_id, properties) for logical_id, properties in found.items()}

    def environment(self, logical_id: str) -> dict[str, str]:
        """The function's variables, those of Globals included. Everything that they refer to must be bound."""
        variables: dict[str, Any] = {}
        for properties in (self.globals("Function"), self.resources("AWS::Serverless::Function")[logical_id]):
            variables |= properties.get("Environment", {}).get("Variables", {})
        return {name: as_text(value) for name, value in self.resolve(variables).items()}

    @functools.cached_property
    def routes(self) -> list[Route]:
        found = []
        for function, event in self._events("HttpApi"):
            path = self.value(event, "Path", "$default")
            found.append(Route(self.value(event, "Method", "ANY").upper(), path, function))
        return found

    @functools.cached_property
    def cors(self) -> Cors | None:
        configured = self.globals("HttpApi").get("CorsConfiguration")
        for api in self.resources("AWS::Serverless::HttpApi").values():
            configured = api.get("CorsConfiguration", configured)
        if not configured:
            return None
        if configured is True:
            return Cors(allow_origins=("*",))
        values = self.resolve(configured)
        return Cors(
            allow_origins=tuple(values.get("AllowOrigins", ())),
            allow_methods=tuple(values.get("AllowMethods", ())),
            allow_headers=tuple(values.get("AllowHeaders", ())),
            expose_headers=tuple(values.get("ExposeHeaders", ())),
            allow_credentials=as_flag(values.get("AllowCredentials", False)),
            max_age=int(values["MaxAge"]) if "MaxAge" in values else None,
        )

    @property
    def tables(self) -> list[Table]:
        return [self._table(*item) for item in self.resources("AWS::DynamoDB::Table").items()]

    @functools.cached_property
    def queues(self) -> list[Queue]:
        """In the order in which they can be made: a dead letter queue before the queue that names it."""
        found = [self._queue(*item) for item in self.resources("AWS::SQS::Queue").items()]
        return sorted(found, key=lambda queue: queue.dead_letter_queue is not None)

    @functools.cached_property
    def event_sources(self) -> list[EventSource]:
        return [
            EventSource(
                function,
                logical_id_of(event["Queue"]),
                int(self.value(event, "BatchSize", 10)),
                "ReportBatchItemFailures" in event.get("FunctionResponseTypes", ()),
            )
            for function, event in self._events("SQS")
        ]

    @functools.cached_property
    def schedules(self) -> list[Schedule]:
        rules = [(function, event, "Schedule") for function, event in self._events("Schedule")]
        rules += [(function, event, "ScheduleExpression") for function, event in self._events("ScheduleV2")]
        return [
            Schedule(function, f"{self.stack_name}-{function}", self.resolve(event[key]), self.value(event, "Input"))
            for function, event, key in rules
        ]

    def _function(self, logical_id: str, own: dict[str, Any]) -> Function:
        shared = self.globals("Function")
        properties = shared | own
        contents = self.resources("AWS::Serverless::LayerVersion")
        layers = [contents[logical_id_of(layer)] for layer in shared.get("Layers", []) + own.get("Layers", [])]
        return Function(
            logical_id,
            self.resolve({"Ref": logical_id}),
            self.resolve(properties["Handler"]),
            self.path.parent / self.resolve(properties["CodeUri"]),
            tuple(self.path.parent / self.resolve(layer["ContentUri"]) for layer in layers),
            int(self.value(properties, "Timeout", 3)),
            int(self.value(properties, "MemorySize", 128)),
        )

    def _events(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        return [
            (logical_id, event.get("Properties", {}))
            for logical_id, properties in self.resources("AWS::Serverless::Function").items()
            for event in properties.get("Events", {}).values()
            if event["Type"] == kind
        ]

    def _table(self, logical_id: str, properties: dict[str, Any]) -> Table:
        parts = ("TableName", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        definition = self.resolve({part: properties[part] for part in parts if part in properties})
        definition["BillingMode"] = "PAY_PER_REQUEST"
        ttl = self.value(properties, "TimeToLiveSpecification", {})
        ttl_attribute = ttl["AttributeName"] if as_flag(ttl.get("Enabled", False)) else None
        return Table(logical_id, definition["TableName"], definition, ttl_attribute)

    def _queue(self, logical_id: str, properties: dict[str, Any]) -> Queue:
        kept = ("VisibilityTimeout", "MessageRetentionPeriod", "DelaySeconds", "MaximumMessageSize")
        attributes = {name: as_text(self.resolve(properties[name])) for name in kept if name in properties}
        name = self.value(properties, "QueueName", f"{self.stack_name}-{logical_id}")
        redrive = properties.get("RedrivePolicy")
        if redrive is None:
            return Queue(logical_id, name, attributes, None, None)
        dead_letter, count = (
            logical_id_of(redrive["deadLetterTargetArn"]),
            int(self.resolve(redrive["maxReceiveCount"])),
        )
        return Queue(logical_id, name, attributes, dead_letter, count)
