"""What is kept of EventBridge, and how a service says that something happened.

An event is matched when it happens, in the transaction of the change that it tells of: only what
some rule is for is kept, with the names of those rules, until it is at their targets. What nobody
listens to costs two look-ups and is gone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from demitasse.api import Scope
from demitasse.ids import Ids
from demitasse.services.events.patterns import pattern
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing

DEFAULT_BUS = "default"
ANY_SOURCE = "*"

Tags = dict[str, str]


class Bus(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event bus; ``key`` is its name."""

    created_at: datetime
    modified_at: datetime
    description: str = ""
    tags: Tags = msgspec.field(default_factory=dict)


class Transformer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An ``InputTransformer``: a template, and where its variables are found in the event."""

    template: str
    paths: dict[str, str] = msgspec.field(default_factory=dict)


class Retry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ``RetryPolicy``, as it was asked for."""

    attempts: int | None = None
    age_seconds: int | None = None


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a rule sends its events. What is handed on is the event when no input is set."""

    id: str
    arn: str
    role_arn: str = ""
    input: str = ""
    input_path: str = ""
    transformer: Transformer | None = None
    retry: Retry | None = None


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule; ``key`` is ``<bus>/<name>``. ``pattern`` and ``schedule`` are AWS's texts."""

    bus: str
    name: str
    created_by: str
    pattern: str = ""
    schedule: str = ""
    enabled: bool = True
    description: str = ""
    role_arn: str = ""
    targets: tuple[Target, ...] = ()
    tags: Tags = msgspec.field(default_factory=dict)


class RuleObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a schedule is due next, and of which expression that was said."""

    schedule: str = ""
    due_at: datetime | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that has not been taken to its targets yet; keys are in the order of happening.

    ``detail`` is the event's detail as AWS documents it for its source; ``rules`` are the names of
    the rules of its bus that matched when it happened, at ``ingested``.
    """

    event_id: str
    source: str
    detail_type: str
    detail: dict[str, Any]
    time: datetime
    ingested: datetime
    resources: tuple[str, ...] = ()
    bus: str = DEFAULT_BUS
    rules: tuple[str, ...] = ()


def _sources(item: Item[Rule, RuleObserved]) -> list[str]:
    """The sources whose events the rule may be for, ``*`` for any; with the bus before it."""
    rule = item.desired
    if not rule.enabled or not rule.pattern:
        return []
    exact = pattern(rule.pattern).exact("source")
    sources = [ANY_SOURCE] if exact is None else [each for each in exact if isinstance(each, str)]
    return [_source(rule.bus, each) for each in sources]


def _source(bus: str, source: str) -> str:
    return f"{bus}/{source}"


BUSES: Kind[Bus, Nothing] = Kind("events.bus", Bus, Nothing)
RULES: Kind[Rule, RuleObserved] = Kind(
    "events.rule",
    Rule,
    RuleObserved,
    {
        "source": _sources,
        "target": lambda item: [
            f"{item.desired.bus}/{target.arn}" for target in item.desired.targets
        ],
    },
)
EVENTS: Kind[Event, Nothing] = Kind("events.event", Event, Nothing)


def rule_key(bus: str, name: str) -> str:
    """``<bus>/<name>``."""
    return f"{bus}/{name}"


def rule_arn(scope: Scope, bus: str, name: str) -> str:
    """A rule's ARN, which names the bus unless it is the default one."""
    where = "" if bus == DEFAULT_BUS else f"{bus}/"
    return scope.arn("events", f"rule/{where}{name}")


def bus_arn(scope: Scope, name: str) -> str:
    """An event bus's ARN."""
    return scope.arn("events", f"event-bus/{name}")


def emit(
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    now: datetime,
    *,
    source: str,
    detail_type: str,
    detail: dict[str, Any],
    resources: tuple[str, ...] = (),
    bus: str = DEFAULT_BUS,
    time: datetime | None = None,
) -> str:
    """Say that something happened, in the transaction of the change itself; the event's id.

    So the event is kept if and only if the change is, and only if a rule is for it. The events
    controller takes it to the targets of those rules, and forgets it in the transaction that does
    so. ``time`` is when it happened, if that is not ``now``.
    """
    event_id = ids.uuid()
    rules = _listeners(tx, scope, bus, source)
    if not rules:
        return event_id
    plain: dict[str, Any] = msgspec.to_builtins(detail)  # a pattern's values are JSON's
    event = Event(event_id, source, detail_type, plain, time or now, now, resources, bus)
    written = document(scope, event)
    matched = {
        item.desired.name for item in rules if pattern(item.desired.pattern).matches(written)
    }
    if matched:
        keep(tx, scope, msgspec.structs.replace(event, rules=tuple(sorted(matched))))
    return event_id


def keep(tx: Transaction, scope: Scope, event: Event) -> None:
    """Keep an event whose rules are known until it is delivered."""
    tx.create(EVENTS, scope, f"{tx.next(scope, 'events.event'):020}", event)


def is_heard(tx: Transaction, scope: Scope, source: str, bus: str = DEFAULT_BUS) -> bool:
    """Whether any rule may be for events of a source: else their details need not be made."""
    return any(
        tx.count(RULES, scope, ("source", _source(bus, each))) for each in (source, ANY_SOURCE)
    )


def document(scope: Scope, event: Event) -> dict[str, Any]:
    """The event as AWS writes it (user guide, "Event structure")."""
    return {
        "version": "0",
        "id": event.event_id,
        "detail-type": event.detail_type,
        "source": event.source,
        "account": scope.account,
        "time": f"{event.time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": scope.region,
        "resources": list(event.resources),
        "detail": event.detail,
    }


def _listeners(
    tx: Transaction, scope: Scope, bus: str, source: str
) -> list[Item[Rule, RuleObserved]]:
    return [
        item
        for each in (source, ANY_SOURCE)
        for item in tx.page(RULES, scope, where=("source", _source(bus, each)))
    ]
