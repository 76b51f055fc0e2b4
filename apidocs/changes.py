"""What a client that was written for the last release would stumble over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_LOWER_LIMITS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_LIMITS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_PROSE = ("description", "summary", "example", "examples")


def contract(value: Any) -> Any:
    """The document without its prose: what is kept of a release."""
    match value:
        case dict():
            return {
                key: {name: contract(each) for name, each in inner.items()} if key == "properties" else contract(inner)
                for key, inner in value.items()
                if key not in _PROSE
            }
        case list():
            return [contract(each) for each in value]
        case _:
            return value


def breaking(old: Schema, new: Schema) -> Iterator[str]:
    """A sentence for each change that breaks somebody: none for a compatible release."""
    if gone := sorted({each["url"] for each in old["servers"]} - {each["url"] for each in new["servers"]}):
        yield f"it is not served at {', '.join(gone)} any more"
    schemes = new["components"]["securitySchemes"]
    for name, scheme in old["components"]["securitySchemes"].items():
        if contract(schemes.get(name)) != contract(scheme):
            yield f"the credential {name} is sent otherwise now"
    for path, item in old["paths"].items():
        for method, before in item.items():
            after = new["paths"].get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if after is None:
                yield f"{where} is gone"
            else:
                yield from (f"{where}: {text}" for text in _Comparison(old, new).operation(before, after))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str, bool]] = set()

    def operation(self, old: Schema, new: Schema) -> Iterator[str]:
        if gone := [each for each in old["security"] if each not in new["security"]]:
            yield f"does not take {gone} any more"
        if new["security"] and not old["security"]:
            yield "needs a credential now"
        if old["operationId"] != new["operationId"]:
            yield f"is called {new['operationId']} now"
        yield from self._parameters(old, new)
        yield from self._body(old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"is never answered {status} any more"
            else:
                before, after = _resolved(answer, self._old), _resolved(new["responses"][status], self._new)
                yield from self._answer(before, after, status)

    def _answer(self, old: Schema, new: Schema, status: str) -> Iterator[str]:
        if gone := sorted(set(old.get("x-codes", ())) - set(new.get("x-codes", ()))):
            yield f"{status} never has the code {' or '.join(gone)} any more"
        for kind, content in old.get("content", {}).items():
            now = new.get("content", {}).get(kind)
            if now is None:
                yield f"{status} is not {kind} any more"
            else:
                yield from self._schema(content["schema"], now["schema"], status, sent=False)
        for name, header in old.get("headers", {}).items():
            now = new.get("headers", {}).get(name)
            if now is None:
                yield f"{status} has no header {name} any more"
            else:
                before, after = _resolved(header, self._old)["schema"], _resolved(now, self._new)["schema"]
                yield from self._schema(before, after, f"{status} {name}", sent=False)

    def _parameters(self, old: Schema, new: Schema) -> Iterator[str]:
        before = {(each["in"], each["name"].lower()): each for each in old.get("parameters", [])}
        after = {(each["in"], each["name"].lower()): each for each in new.get("parameters", [])}
        for key, parameter in before.items():
            if key not in after:
                yield f"{key[0]} {key[1]} is gone"
            else:
                yield from self._schema(parameter["schema"], after[key]["schema"], f"{key[0]} {key[1]}", sent=True)
        for key, parameter in after.items():
            if parameter["required"] and not before.get(key, {"required": False})["required"]:
                yield f"{key[0]} {key[1]} is required now"

    def _body(self, old: Schema | None, new: Schema | None) -> Iterator[str]:
        if new and new.get("required") and not (old and old.get("required")):
            yield "needs a body now"
        for kind, content in (old or {}).get("content", {}).items():
            now = (new or {}).get("content", {}).get(kind)
            if now is None:
                yield f"does not take {kind} any more"
            else:
                yield from self._schema(content["schema"], now["schema"], "body", sent=True)

    def _schema(self, old: Schema, new: Schema, where: str, *, sent: bool) -> Iterator[str]:
        """`sent`: by the client. What a client sends may only be taken more widely, what it gets only be told more
        narrowly."""
        mark = (str(old), str(new), sent)
        if mark in self._seen:
            return
        self._seen.add(mark)
        before, after = _kinds(old, self._old), _kinds(new, self._new)
        narrower, wider = (after, before) if sent else (before, after)
        if lost := sorted(set(wider) - set(narrower)):
            yield f"{where} {'may not be' if sent else 'may be'} {' or '.join(lost)} {'any more' if sent else 'now'}"
        for kind in before.keys() & after.keys():
            yield from self._kind(before[kind], after[kind], where, sent=sent)

    def _kind(self, old: Schema, new: Schema, where: str, *, sent: bool) -> Iterator[str]:
        narrow, wide = (new, old) if sent else (old, new)
        if lost := _lost(narrow, wide):
            yield f"{where} {f'may not be {lost} any more' if sent else f'may be {lost} now'}"
        if "format" in narrow and narrow["format"] != wide.get("format"):
            yield f"{where} is of format {new.get('format')} now"
        if sent:
            yield from _narrowed(old, new, where)
        properties, now = old.get("properties", {}), new.get("properties", {})
        for name, schema in properties.items():
            if name in now:
                yield from self._schema(schema, now[name], f"{where}.{name}", sent=sent)
            elif not sent or new.get("additionalProperties") is False:
                yield f"{where}.{name} is gone"
        required, required_now = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(required_now - required if sent else (required - required_now) & now.keys()):
            yield f"{where}.{name} {'is required now' if sent else 'may be absent now'}"
        if "items" in old and "items" in new:
            yield from self._schema(old["items"], new["items"], f"{where}[]", sent=sent)


def _resolved(value: Schema, document: Schema) -> Schema:
    """What it refers to, if it is a reference."""
    if "$ref" not in value:
        return value
    for step in value["$ref"].removeprefix("#/").split("/"):
        document = document[step]
    return document


def _kinds(schema: Schema, document: Schema) -> dict[str, Schema]:
    """The schemas that it stands for, by JSON type; several of one type are told apart by their place."""
    schema = _resolved(schema, document)
    found: dict[str, Schema] = {}
    for variant in schema.get("anyOf") or schema.get("oneOf") or ():
        for kind, each in _kinds(variant, document).items():
            found[kind if kind not in found else f"{kind} {len(found)}"] = each
    return found or {schema.get("type", "anything"): schema}


def _lost(narrow: Schema, wide: Schema) -> str:
    """What the wider one allows and the narrower one doesn't, of those that name their values; empty for nothing."""
    allowed, taken = _values(narrow), _values(wide)
    if allowed is None:
        return ""
    if taken is None:
        return "other values"
    return ", ".join(str(each) for each in taken if each not in allowed)


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _narrowed(old: Schema, new: Schema, where: str) -> Iterator[str]:
    if new.get("pattern") != old.get("pattern") and "pattern" in new:
        yield f"{where} takes less text than before"
    for name in _LOWER_LIMITS:
        if name in new and new[name] > old.get(name, float("-inf")):
            yield f"{where}: {name} is {new[name]} now"
    for name in _UPPER_LIMITS:
        if name in new and new[name] < old.get(name, float("inf")):
            yield f"{where}: {name} is {new[name]} now"
