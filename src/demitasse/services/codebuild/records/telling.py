"""CodeBuild's own events, as "Build notifications input format reference" gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demitasse.api import Scope
from demitasse.ids import Ids
from demitasse.services.codebuild.records.builds import (
    BuildItem,
    BuildObserved,
    Output,
    Phase,
    build_arn,
)
from demitasse.services.events.records import emit, is_heard
from demitasse.store import Transaction

SOURCE = "aws.codebuild"


def tell_state(tx: Transaction, item: BuildItem, ids: Ids, now: datetime) -> None:
    """Emit "CodeBuild Build State Change" of the state it is in now."""
    if not is_heard(tx, item.scope, SOURCE):
        return
    seen = item.observed
    detail = {
        "build-status": seen.status,
        **_common(item),
        "current-phase": seen.current_phase,
        "current-phase-context": "[: ]" if seen.phases else "[]",
        "version": "1",
    }
    _emit(tx, item, ids, now, "CodeBuild Build State Change", detail)


def tell_phase(tx: Transaction, item: BuildItem, phase: Phase, ids: Ids, now: datetime) -> None:
    """Emit "CodeBuild Build Phase Change" of a phase that has just ended."""
    if not is_heard(tx, item.scope, SOURCE):
        return
    detail = {
        "completed-phase": phase.type,
        **_common(item),
        "completed-phase-status": phase.status,
        "completed-phase-duration-seconds": seconds(phase),
        "completed-phase-start": _moment(phase.started_at),
        "completed-phase-end": _moment(phase.ended_at or now),
        "completed-phase-context": f"[{', '.join(_contexts(phase))}]",
        "version": "1",
    }
    _emit(tx, item, ids, now, "CodeBuild Build Phase Change", detail)


def seconds(phase: Phase) -> int:
    """How long a phase took, in whole seconds."""
    if phase.ended_at is None:
        return 0
    return max(0, int((phase.ended_at - phase.started_at).total_seconds()))


def log_link(scope: Scope, seen: BuildObserved) -> str:
    """The address of the console's page of a build's log, as AWS gives it."""
    group, stream = seen.log_group or "null", seen.log_stream or "null"
    return (
        f"https://console.aws.amazon.com/cloudwatch/home?region={scope.region}"
        f"#logEvent:group={group};stream={stream}"
    )


def _emit(  # noqa: PLR0917 - within
    tx: Transaction, item: BuildItem, ids: Ids, now: datetime, kind: str, detail: dict[str, Any]
) -> None:
    emit(
        tx,
        item.scope,
        ids,
        now,
        source=SOURCE,
        detail_type=kind,
        detail=detail,
        resources=(build_arn(item.scope, item.key),),
    )


def _common(item: BuildItem) -> dict[str, Any]:
    own, seen, settings = item.desired, item.observed, item.desired.settings
    environment = settings.environment
    source: dict[str, Any] = {"type": settings.source.type}
    if settings.source.told:
        source["location"] = settings.source.told
    if settings.source.buildspec:
        source["buildspec"] = settings.source.buildspec
    cache: dict[str, Any] = {"type": "NO_CACHE"}
    if settings.cache is not None:
        cache = {"type": "LOCAL", "modes": list(settings.cache)}
    information: dict[str, Any] = {
        "artifact": _artifact(seen),
        "cache": cache,
        "environment": {
            "image": environment.image,
            "privileged-mode": environment.privileged,
            "image-pull-credentials-type": environment.pull_credentials,
            "compute-type": environment.compute_type,
            "type": environment.type,
            "environment-variables": [
                {"name": each.name, "value": each.value, "type": "PLAINTEXT"}
                for each in environment.variables
            ],
        },
        "timeout-in-minutes": settings.timeout,
        "queued-timeout-in-minutes": settings.queued_timeout,
        "build-complete": seen.ended_at is not None,
        "build-number": own.number,
        "initiator": own.initiator,
        "build-start-time": _moment(seen.started_at or own.created_at),
        "source": source,
        "logs": {"deep-link": log_link(item.scope, seen)},
    }
    if seen.log_group:
        information["logs"] |= {"group-name": seen.log_group, "stream-name": seen.log_stream}
    if seen.phases:
        information["phases"] = [_phase(each) for each in seen.phases]
    if settings.told_version:
        information["source-version"] = settings.told_version
    return {
        "project-name": own.project,
        "build-id": build_arn(item.scope, item.key),
        "additional-information": information,
    }


def _artifact(seen: BuildObserved) -> dict[str, str]:
    first = next((each for each in seen.outputs if not each.identifier), Output(""))
    told = {"location": first.location, "md5sum": first.md5, "sha256sum": first.sha256}
    return {name: value for name, value in told.items() if value or name == "location"}


def _phase(phase: Phase) -> dict[str, Any]:
    told: dict[str, Any] = {
        "phase-type": phase.type,
        "start-time": _moment(phase.started_at),
    }
    if phase.ended_at is not None:
        told |= {
            "phase-context": _contexts(phase),
            "end-time": _moment(phase.ended_at),
            "duration-in-seconds": seconds(phase),
            "phase-status": phase.status,
        }
    return told


def _contexts(phase: Phase) -> list[str]:
    return [f"{phase.code}: {phase.message}"] if phase.has_context else []


def _moment(at: datetime) -> str:
    """``Sep 1, 2017 4:12:29 PM``."""
    return f"{at:%b} {at.day}, {at.year} {at.hour % 12 or 12}:{at:%M:%S %p}"
