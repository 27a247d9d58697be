"""What a target is handed: the event, a part of it, a constant, or a template filled in. Pure.

As in the EventBridge user guide ("Input transformation").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from demitasse.services.events.records import Target, Transformer

_PATH = re.compile(r"\$((?:\.[\w-]+|\[(?:[0-9]{1,6}|'[^']+')\])*)")
_STEP = re.compile(r"\.([\w-]+)|\[([0-9]+)\]|\['([^']+)'\]")
_VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
_RESERVED = frozenset(
    {
        "aws.events.rule-arn",
        "aws.events.rule-name",
        "aws.events.event",
        "aws.events.event.json",
        "aws.events.event.ingestion-time",
    }
)
_ABSENT: Any = object()


class InputError(ValueError):
    """An input that cannot be made; the text says why, in AWS's words where they are known."""


def check(target: Target) -> None:
    """``InputError`` for an input, path or template that cannot be carried out."""
    given = [target.input, target.input_path, target.transformer]
    if sum(bool(each) for each in given) > 1:
        raise InputError(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target"
            f" {target.id}."
        )
    if target.input and not _is_json(target.input):
        raise InputError(f"JSON syntax error in input for target {target.id}")
    if target.input_path and _PATH.fullmatch(target.input_path) is None:
        raise InputError(f"Invalid InputPath for target {target.id}.")
    if target.transformer is not None:
        _check_template(target.id, target.transformer)


def _check_template(target: str, transformer: Transformer) -> None:
    for path in transformer.paths.values():
        if _PATH.fullmatch(path) is None:
            raise InputError(f"Invalid InputPath in InputPathsMap for target {target}: {path}.")
    for name in _VARIABLE.findall(transformer.template):
        if name not in transformer.paths and name not in _RESERVED:
            raise InputError(
                f"InputTemplate for target {target} contains invalid placeholder {name}."
            )
    if not _is_json(_filled(transformer.template, {})):
        raise InputError(f"InputTemplate for target {target} is not valid JSON.")


def handed_on(
    target: Target, document: Mapping[str, Any], *, ingested: datetime, rule_arn: str
) -> str:
    """The JSON text that a target is handed for an event."""
    if target.input:
        return target.input
    if target.input_path:
        return _json(found(document, target.input_path, None))
    if target.transformer is None:
        return _json(document)
    transformer = target.transformer
    values: dict[str, Any] = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event": {key: value for key, value in document.items() if key != "detail"},
        "aws.events.event.json": dict(document),
        "aws.events.event.ingestion-time": f"{ingested.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    for name, path in transformer.paths.items():
        value = found(document, path, _ABSENT)
        if value is not _ABSENT:
            values[name] = value
    return _filled(transformer.template, values)


def found(document: Any, path: str, default: Any) -> Any:
    """What is at a path such as ``$.detail.state`` or ``$.resources[0]``."""
    value = document
    for name, number, quoted in _STEP.findall(path):
        if number:
            if not isinstance(value, list | tuple) or int(number) >= len(value):
                return default
            value = value[int(number)]
        else:
            if not isinstance(value, dict) or (name or quoted) not in value:
                return default
            value = value[name or quoted]
    return value


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """A template with its variables: JSON values, or texts where one stands inside a string."""
    made, at, quoted = [], 0, False
    for match in _VARIABLE.finditer(template):
        between = template[at : match.start()]
        quoted = _is_quoted(between, quoted)
        made.append(between)
        value = values.get(match[1])
        made.append(_inside(value) if quoted else _json(value))
        at = match.end()
    made.append(template[at:])
    return "".join(made)


def _is_quoted(text: str, before: bool) -> bool:
    """Whether a JSON string is open behind a text."""
    return before ^ (re.sub(r"\\.", "", text, flags=re.DOTALL).count('"') % 2 == 1)


def _inside(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _json(value)
    return _json(text)[1:-1]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
