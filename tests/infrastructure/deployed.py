"""A template after SAM's transformation, with the questions that tests ask of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple


class Grant(NamedTuple):
    """One action on one resource. `resource` is a logical id, with `/index/name` for an index of a table."""

    action: str
    resource: str


@dataclass(frozen=True)
class Deployed:
    document: dict[str, Any]

    @property
    def resources(self) -> dict[str, Any]:
        resources: dict[str, Any] = self.document["Resources"]
        return resources

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties of each resource of a type, by logical id."""
        return {
            logical_id: resource.get("Properties", {})
            for logical_id, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def grants(self, function: str) -> set[Grant]:
        """All that a function's role allows."""
        role = self.resources[logical_id(self.resources[function]["Properties"]["Role"])]["Properties"]
        documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
        for policy in role["ManagedPolicyArns"]:
            documents.append(self.resources[logical_id(policy)]["Properties"]["PolicyDocument"])
        return {
            Grant(action, logical_id(resource))
            for document in documents
            for statement in document["Statement"]
            for action in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        }

    def needs(self, name: str) -> set[str]:
        """Logical ids of the resources that must exist before this one."""
        return {found for found in references(self.resources[name]) if found in self.resources}


def logical_id(value: Any) -> str:
    """Which resource `Ref`, `Fn::GetAtt` or `Fn::Sub` with a single reference means; raises ValueError for others."""
    match value:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::Sub": str(text)} if found := re.fullmatch(r"\$\{(\w+)\.Arn\}((?:/index/\w+)?)", text):
            return found[1] + found[2]
        case _:
            raise ValueError(f"{value} does not name one resource of this template")


def references(value: Any) -> Iterator[str]:
    """Every name that a part of a template refers to."""
    match value:
        case {"Ref": str(name)} if len(value) == 1:
            yield name
        case {"Fn::GetAtt": [str(name), *_]} if len(value) == 1:
            yield name
        case {"Fn::Sub": text_and_names} if len(value) == 1:
            text, *names = as_list(text_and_names)
            yield from re.findall(r"\$\{(\w+)", text)
            yield from references(names)
        case dict():
            yield from (as_list(value["DependsOn"]) if "DependsOn" in value else ())
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
