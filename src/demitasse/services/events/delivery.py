"""Taking an event to one target: what is started or written there, in the caller's transaction."""

from __future__ import annotations

import contextlib
import uuid
from datetime import datetime
from typing import Any

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.codebuild.records import start_build
from demitasse.services.codepipeline.records import start_execution
from demitasse.services.events import inputs, starting
from demitasse.services.events.destinations import PIPELINE, PROJECT, destination
from demitasse.services.events.records import Event, Rule, Target, document, rule_arn
from demitasse.services.iam.records import find_role
from demitasse.services.logs.records.writing import write
from demitasse.store import Transaction

TRIGGER = "CloudWatchEvent"
"""CodePipeline's name for an execution that a rule has started."""


def deliver(
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    now: datetime,
    *,
    event: Event,
    rule: Rule,
    target: Target,
) -> None:
    """Hand an event to a target. ``ServiceError`` when that is impossible, now and later."""
    arn = rule_arn(scope, rule.bus, rule.name)
    where = destination(scope, target.arn)
    if target.role_arn and find_role(tx, scope, target.role_arn) is None:
        raise ServiceError("AccessDeniedException", f"There is no role {target.role_arn} to assume")
    text = inputs.handed_on(target, document(scope, event), ingested=event.ingested, rule_arn=arn)
    has_input = bool(target.input or target.input_path or target.transformer)
    if where.service == PIPELINE:
        given = starting.pipeline_input(text) if has_input else starting.PipelineInput()
        start_execution(
            tx,
            scope,
            ids,
            now,
            where.name,
            trigger_type=TRIGGER,
            trigger_detail=arn,
            source_revisions=given.revisions,
            variables=given.variables,
        )
    elif where.service == PROJECT:
        build = starting.build_input(text) if has_input else starting.BuildInput()
        start_build(
            tx,
            scope,
            ids,
            now,
            where.name,
            initiator=f"rule/{rule.name}",
            source_version=build.source_version,
            overrides=build.overrides,
        )
    else:
        at, message = _log_event(text, event.time) if has_input else (event.time, text)
        write(tx, scope, where.name, _stream(arn, target.id), message, at=at, now=now)


def _stream(arn: str, target: str) -> str:
    """The log stream of a target, the same for all of its events."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}/{target}"))


def _log_event(text: str, time: datetime) -> tuple[datetime, str]:
    """A log event of an input: AWS wants ``{"timestamp": …, "message": …}``."""
    given: Any = msgspec.json.decode(text)
    if isinstance(given, str):
        return time, given
    if not isinstance(given, dict) or set(given) != {"timestamp", "message"}:
        return time, text
    message = given["message"]
    with contextlib.suppress(msgspec.ValidationError):  # if it is no time, the event's own is taken
        time = msgspec.convert(given["timestamp"], datetime, strict=False)
    return time, message if isinstance(message, str) else msgspec.json.encode(message).decode()
