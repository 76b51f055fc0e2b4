"""docs/examples: each call of the table in curl, Python, Node and PHP, ready to run.

All take their values from the environment: API_URL (with /api/v1), API_TOKEN, and the ids that a call is about. Each
prints the answer and ends with an error when that is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from apidocs.calls import CALLS, Call, Var, variables

LANGUAGES: dict[str, tuple[str, Callable[[Call], str]]] = {}
"""By folder: the ending of the files' names, and what makes one's text."""

_README = """\
# Every call, in four languages

Written by `make docs` from the table that the documentation is made of; a test runs each of them. They read what they
need from the environment (the line `Reads …` of each file says what), print the answer and fail when it is an error:

```sh
export API_URL=http://127.0.0.1:3000/api/v1 API_TOKEN=tpk_…   # `make serve` writes both into .local/demo.json
bash curl/get_integration_status.sh
python python/get_integration_status.py    # needs requests
node node/get_integration_status.mjs
php php/get_integration_status.php
```
"""

_JSON = "application/json"
_TIMEOUT = 35
"""Seconds: a little more than the gateway takes to give up."""


def build() -> dict[str, str]:
    """The files' texts by path below docs/examples/."""
    made = {
        f"{folder}/{call.id}.{ending}": make(call) for folder, (ending, make) in LANGUAGES.items() for call in CALLS
    }
    return {"README.md": _README} | made


def _language(folder: str, ending: str) -> Callable[[Callable[[Call], str]], Callable[[Call], str]]:
    def add(make: Callable[[Call], str]) -> Callable[[Call], str]:
        LANGUAGES[folder] = (ending, make)
        return make

    return add


def environment(call: Call) -> list[str]:
    """The variables that a call's example reads."""
    in_path = [Var(name) for name in re.findall(r"<(\w+)>", call.route) if name not in call.path]
    found = [*in_path, *variables(dict(call.path)), *variables(call.body), *variables(dict(call.headers))]
    names = ["api_url", *(["api_token"] if call.needs_token else []), *(var.name for var in found)]
    return [name.upper() for name in dict.fromkeys(names)]


def _headers(call: Call) -> dict[str, Var | str | None]:
    """None stands for the credential."""
    found: dict[str, Var | str | None] = {"Authorization": None} if call.needs_token else {}
    if call.body is not None:
        found["Content-Type"] = call.content_type
    return {**found, **call.headers}


def _title(call: Call, mark: str) -> str:
    """What it is and what it needs, on lines of comment."""
    route = call.route.replace("<", "{").replace(">", "}")
    return f"{mark}{route}\n{mark}Reads {', '.join(environment(call))}."


def _sent_as_it_is(call: Call) -> str | None:
    """The body of a request whose signature is over its very bytes."""
    return call.text(lambda var: var.name) if call.signed_by else None


@_language("curl", "sh")
def _curl(call: Call) -> str:
    def shell(value: Var | str | None) -> str:
        return "Bearer $API_TOKEN" if value is None else f"${value.name.upper()}" if isinstance(value, Var) else value

    lines = [f'curl --silent --show-error --fail-with-body --request {call.method} "$API_URL{call.target(shell)}"']
    lines += [f'  --header "{name}: {shell(value)}"' for name, value in _headers(call).items()]
    text = call.text(lambda var: f"${{{var.name.upper()}}}")
    body = "" if text is None else f" \\\n  --data @- <<'BODY'\n{text}\nBODY"
    if "$" in body:
        body = body.replace("<<'BODY'", "<<BODY")
    return f"#!/usr/bin/env bash\n{_title(call, '# ')}\nset -euo pipefail\n\n" + " \\\n".join(lines) + body + "\n"


@_language("python", "py")
def _python(call: Call) -> str:
    def value(var: Var) -> str:
        read = f'os.environ["{var.name.upper()}"]'
        return f"int({read})" if var.is_number else read

    def header(given: Var | str | None) -> str:
        if given is None:
            return "f\"Bearer {os.environ['API_TOKEN']}\""
        return value(given) if isinstance(given, Var) else json.dumps(given)

    target = call.target(lambda var: f"{{os.environ['{var.name.upper()}']}}")
    headers = {
        name: header(given) for name, given in _headers(call).items() if (name, given) != ("Content-Type", _JSON)
    }
    arguments = [f"f\"{{os.environ['API_URL']}}{target}\""]
    if headers:
        arguments.append(_block("headers={", [f'"{name}": {text}' for name, text in headers.items()], "}", "    "))
    if (text := _sent_as_it_is(call)) is not None:
        arguments.append(f"data={_quoted(text)}")
    elif call.body is not None:
        arguments.append("json=" + _literal(call.body, value, "    ", "True", "None"))
    arguments.append(f"timeout={_TIMEOUT}")
    request = _block(f"requests.{call.method.lower()}(", arguments, ")", "")
    return (
        f'"""{_title(call, "")}"""\n\nimport os\n\nimport requests\n\nresponse = {request}\n'
        "print(response.text)\nresponse.raise_for_status()\n"
    )


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


@_language("node", "mjs")
def _node(call: Call) -> str:
    def value(var: Var) -> str:
        return f"Number({var.name.upper()})" if var.is_number else var.name.upper()

    def header(given: Var | str | None) -> str:
        if given is None:
            return "`Bearer ${API_TOKEN}`"
        return value(given) if isinstance(given, Var) else json.dumps(given)

    target = call.target(lambda var: f"${{{var.name.upper()}}}")
    options = [f'method: "{call.method}"']
    if headers := [f'"{name}": {header(given)}' for name, given in _headers(call).items()]:
        options.append(_block("headers: {", headers, "}", "  ", "  "))
    if (text := _sent_as_it_is(call)) is not None:
        options.append(f"body: {_quoted(text)}")
    elif call.body is not None:
        options.append("body: JSON.stringify(" + _literal(call.body, value, "  ", "true", "null", step="  ") + ")")
    request = _block(f"await fetch(`${{API_URL}}{target}`, {{", options, "})", "", "  ")
    return (
        f"{_title(call, '// ')}\nconst {{ {', '.join(environment(call))} }} = process.env;\n\n"
        f"const response = {request};\nconsole.log(await response.text());\n"
        "process.exitCode = response.ok ? 0 : 1;\n"
    )


@_language("php", "php")
def _php(call: Call) -> str:
    def value(var: Var) -> str:
        return f'{"(int) " if var.is_number else ""}getenv("{var.name.upper()}")'

    def header(name: str, given: Var | str | None) -> str:
        if given is None:
            return f'"{name}: Bearer " . getenv("API_TOKEN")'
        return f'"{name}: " . {value(given)}' if isinstance(given, Var) else f'"{name}: {given}"'

    target = call.target(lambda var: f'" . getenv("{var.name.upper()}") . "')
    address = f'getenv("API_URL") . "{target}"'.removesuffix(' . ""')
    options = [f'"method" => "{call.method}"']
    if headers := [header(name, given) for name, given in _headers(call).items()]:
        options.append(_block('"header" => [', headers, "]", "    "))
    if (text := _sent_as_it_is(call)) is not None:
        options.append(f"\"content\" => '{text}'")
    elif call.body is not None:
        body = _literal(call.body, value, "    ", "true", "null", brackets="[]", arrow=" => ")
        options.append(f'"content" => json_encode({body})')
    options += ['"ignore_errors" => true', f'"timeout" => {_TIMEOUT}']
    context = _block('stream_context_create(["http" => [', options, "]])", "")
    return (
        f"<?php\n{_title(call, '// ')}\n$context = {context};\n"
        f'$stream = fopen({address}, "r", false, $context);\n'
        'echo stream_get_contents($stream), "\\n";\n'
        '$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];\n'
        "exit($status < 400 ? 0 : 1);\n"
    )


def _block(opening: str, parts: list[str], closing: str, indent: str, step: str = "    ") -> str:
    inner = "".join(f"{indent}{step}{part},\n" for part in parts)
    return f"{opening}\n{inner}{indent}{closing}"


def _literal(
    body: Any,
    value: Callable[[Var], str],
    indent: str,
    true: str,
    null: str,
    *,
    step: str = "    ",
    brackets: str = "{}",
    arrow: str = ": ",
) -> str:
    """JSON as a literal of a language, each field of an object on a line of its own."""

    def write(given: Any, indent: str) -> str:
        match given:
            case Var():
                return value(given)
            case dict():
                fields = [f'"{name}"{arrow}{write(each, indent + step)}' for name, each in given.items()]
                return _block(brackets[0], fields, brackets[1], indent, step)
            case list():
                return _block("[", [write(each, indent + step) for each in given], "]", indent, step)
            case True:
                return true
            case None:
                return null
            case _:
                return json.dumps(given)

    return write(body, indent)
