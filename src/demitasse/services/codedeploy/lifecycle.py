"""The lifecycle events of an ECS deployment, with their times."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.services.codedeploy.records import LIFECYCLE, Events, LifecycleEvent

_RUNNING = {
    "start": "BeforeInstall",
    "settle": "BeforeInstall",
    "install": "Install",
    "test": "AllowTestTraffic",
    "ready": "BeforeAllowTraffic",
    "shift": "AllowTraffic",
    "back": "AllowTraffic",
}
"""The event that is in progress in each phase; in later ones all of them are over."""

_ONLY_BACK = frozenset({"AllowTraffic"})
"""What a rollback does; its other events are skipped."""


def enter(events: Events, phase: str, now: datetime) -> Events:
    """The events when a phase begins."""
    running = _RUNNING.get(phase, "")
    at = LIFECYCLE.index(running) if running else len(LIFECYCLE)
    return tuple(_at(event, LIFECYCLE.index(event.name) - at, now) for event in events)


def back(events: Events, now: datetime) -> Events:
    """The events of a rollback that begins."""
    return tuple(
        LifecycleEvent(event.name, "InProgress", now)
        if event.name in _ONLY_BACK
        else LifecycleEvent(event.name, "Skipped")
        for event in events
    )


def fail(events: Events, now: datetime, message: str) -> Events:
    """The events when the deployment fails or is stopped: what did not happen is skipped."""
    return tuple(
        _closed(event, "Failed", now, message)
        if event.status == "InProgress"
        else msgspec.structs.replace(event, status="Skipped")
        if event.status == "Pending"
        else event
        for event in events
    )


def _at(event: LifecycleEvent, place: int, now: datetime) -> LifecycleEvent:
    """An event before (negative), at or after the one that is in progress."""
    if event.status not in {"Pending", "InProgress"} or place > 0:
        return event
    if place < 0:
        return _closed(event, "Succeeded", now)
    return msgspec.structs.replace(event, status="InProgress", started_at=event.started_at or now)


def _closed(event: LifecycleEvent, status: str, now: datetime, message: str = "") -> LifecycleEvent:
    return msgspec.structs.replace(
        event,
        status=status,
        started_at=event.started_at or now,
        ended_at=now,
        message=message,
    )
