"""A CloudFormation document: parameters, conditions and intrinsic functions, resolved without CloudFormation."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from local.errors import StackError

REGION = "us-east-1"
ACCOUNT = "123456789012"

NO_VALUE = object()


class TemplateError(StackError):
    """The template uses something that the embedded stack does not know; the text names it."""


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short tags: ``!Sub x`` reads as ``{"Fn::Sub": "x"}``."""


def _short_tag(loader: yaml.CSafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _short_tag)


class Document:
    """A template's text, its parameters' values, and what its resources are called once they exist.

    ``stack_name`` is CloudFormation's; ``parameters`` override the template's defaults.
    """

    def __init__(self, path: Path, stack_name: str, parameters: Mapping[str, str] | None = None) -> None:
        self.path = path.resolve()
        self.stack_name = stack_name
        self._document: dict[str, Any] = yaml.load(path.read_text(), _Loader)
        declared = self._document.get("Parameters", {})
        given = parameters or {}
        if unknown := sorted(set(given) - set(declared)):
            raise TemplateError(f"{path.name} has no parameter {', '.join(unknown)}")
        self._references: dict[str, Any] = {
            "AWS::StackName": stack_name,
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": NO_VALUE,
        }
        for name, declaration in declared.items():
            if name in given or "Default" in declaration:
                value = str(given.get(name, declaration.get("Default")))
                is_list = declaration["Type"] in ("CommaDelimitedList", "List<Number>")
                self._references[name] = value.split(",") if is_list else value
        self._attributes: dict[tuple[str, str], str] = {}

    def bind(self, logical_id: str, ref: str, **attributes: str) -> None:
        """Say what ``!Ref`` and ``!GetAtt`` of a resource give, once it exists."""
        self._references[logical_id] = ref
        for name, value in attributes.items():
            self._attributes[logical_id, name] = value

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Unresolved properties of each resource of a type whose condition holds, by logical id."""
        return {
            logical_id: resource.get("Properties", {})
            for logical_id, resource in self._document.get("Resources", {}).items()
            if resource["Type"] == kind and ("Condition" not in resource or self._condition(resource["Condition"]))
        }

    def globals(self, section: str) -> dict[str, Any]:
        """Unresolved values of one section of SAM's ``Globals``, such as ``Function``."""
        values: dict[str, Any] = self._document.get("Globals", {}).get(section, {})
        return values

    def value(self, properties: dict[str, Any], name: str, default: Any = None) -> Any:
        """A property resolved, or ``default`` when it is absent or ``AWS::NoValue``."""
        resolved = self.resolve(properties.get(name, default))
        return default if resolved is NO_VALUE else resolved

    def resolve(self, value: Any) -> Any:
        """The value with every intrinsic function replaced by what CloudFormation would put there."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name == "Ref":
                return self._reference(argument)
            if name.startswith("Fn::"):
                return self._intrinsic(name, argument)
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not NO_VALUE}

    def _reference(self, name: str) -> Any:
        if name not in self._references:
            raise TemplateError(f"{self.path.name} refers to {name}, which the embedded stack has no value for")
        return self._references[name]

    def _attribute(self, logical_id: str, name: str) -> str:
        if (logical_id, name) not in self._attributes:
            raise TemplateError(
                f"{self.path.name} refers to {logical_id}.{name}, which the embedded stack does not make"
            )
        return self._attributes[logical_id, name]

    def _intrinsic(self, name: str, argument: Any) -> Any:
        match name, argument:
            case "Fn::GetAtt", [str(logical_id), str(attribute)]:
                return self._attribute(logical_id, attribute)
            case "Fn::Sub", str(text):
                return self._substitute(text, {})
            case "Fn::Sub", [str(text), dict(variables)]:
                return self._substitute(text, self.resolve(variables))
            case "Fn::If", [condition, when_true, when_false]:
                return self.resolve(when_true if self._condition(condition) else when_false)
            case "Fn::Join", [str(separator), items]:
                return separator.join(map(as_text, self.resolve(items)))
            case "Fn::Split", [str(separator), text]:
                return self.resolve(text).split(separator)
            case "Fn::Select", [index, items]:
                return self.resolve(items)[int(index)]
            case "Fn::FindInMap", [mapping, key, second_key]:
                return self._document["Mappings"][self.resolve(mapping)][self.resolve(key)][self.resolve(second_key)]
        raise TemplateError(
            f"{self.path.name} uses {name} in a way that the embedded stack does not know: {argument!r}"
        )

    def _substitute(self, text: str, variables: dict[str, Any]) -> str:
        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                return as_text(variables[name])
            logical_id, dot, attribute = name.partition(".")
            return as_text(self._attribute(logical_id, attribute) if dot else self._reference(name))

        return re.sub(r"\$\{([^}]+)\}", replacement, text)

    def _condition(self, condition: Any) -> bool:
        if isinstance(condition, str):
            return self._condition(self._document["Conditions"][condition])
        [(name, argument)] = condition.items()
        match name:
            case "Condition":
                return self._condition(argument)
            case "Fn::Equals":
                return as_text(self.resolve(argument[0])) == as_text(self.resolve(argument[1]))
            case "Fn::Not":
                return not self._condition(argument[0])
            case "Fn::And":
                return all(map(self._condition, argument))
            case "Fn::Or":
                return any(map(self._condition, argument))
        raise TemplateError(f"{self.path.name} has a condition that the embedded stack does not know: {name}")


def logical_id_of(reference: dict[str, Any]) -> str:
    """The resource that a ``!Ref`` or ``!GetAtt`` names."""
    target: str = reference["Ref"] if "Ref" in reference else reference["Fn::GetAtt"][0]
    return target


def as_flag(value: Any) -> bool:
    """A boolean, which templates write as true or "true"."""
    return str(value).lower() == "true"


def as_text(value: Any) -> str:
    """A scalar as CloudFormation writes it into a string."""
    return str(value).lower() if isinstance(value, bool) else str(value)
