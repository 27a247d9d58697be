"""Event buses: create, update, describe, list, delete. The default one is there from the start."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.events.operations import names
from demitasse.services.events.operations.api import api
from demitasse.services.events.records import BUSES, DEFAULT_BUS, RULES, Bus, bus_arn

_MOST = 100
_ONLY_OTHERS = ("EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig")


@api.seed
def seed(ctx: Context) -> None:
    """Give the account its default bus in this region."""
    ctx.tx.create(BUSES, ctx.scope, DEFAULT_BUS, Bus(ctx.now, ctx.now))


@api.operation("CreateEventBus")
def create_event_bus(ctx: Context, given: Input) -> Output:
    """Keep a new custom bus."""
    name = given["Name"]
    _refuse("CreateEventBus", given)
    if "/" in name:
        raise names.invalid("Event bus name must not contain '/'.")
    if ctx.tx.get(BUSES, ctx.scope, name) is not None:
        raise ServiceError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    if ctx.tx.count(BUSES, ctx.scope) >= _MOST:
        raise names.too_many("The requested resource exceeds the maximum number allowed.")
    kept = Bus(ctx.now, ctx.now, given.get("Description", ""), names.tags(given.get("Tags", [])))
    ctx.tx.create(BUSES, ctx.scope, name, kept)
    return {"EventBusArn": bus_arn(ctx.scope, name), "Description": kept.description or None}


def _refuse(operation: str, given: Input) -> None:
    for option in _ONLY_OTHERS:
        if given.get(option):
            raise NotSupported(f"{operation} with {option}")
    if given.get("LogConfig", {}).get("Level", "OFF") != "OFF":
        raise NotSupported(f"{operation} with a LogConfig")


@api.operation("UpdateEventBus")
def update_event_bus(ctx: Context, given: Input) -> Output:
    """Give a bus another description; what is not given stays."""
    _refuse("UpdateEventBus", given)
    item = names.bus(ctx, given.get("Name"))
    description = given.get("Description", item.desired.description)
    own = msgspec.structs.replace(item.desired, description=description, modified_at=ctx.now)
    ctx.tx.desire(BUSES, item.ref, own)
    return {
        "Arn": bus_arn(ctx.scope, item.key),
        "Name": item.key,
        "Description": description or None,
    }


@api.operation("DescribeEventBus")
def describe_event_bus(ctx: Context, given: Input) -> Output:
    """One bus."""
    return _written(names.bus(ctx, given.get("Name")))


@api.operation("ListEventBuses")
def list_event_buses(ctx: Context, given: Input) -> Output:
    """Buses in the order of their names."""
    limit = names.limit(given)
    rows = ctx.tx.page(
        BUSES,
        ctx.scope,
        after=names.start(given),
        limit=limit + 1,
        prefix=given.get("NamePrefix", ""),
    )
    shown, more = paging.cut(rows, limit)
    return {
        "EventBuses": [_written(item) for item in shown],
        "NextToken": paging.token(shown[-1].key) if more else None,
    }


@api.operation("DeleteEventBus")
def delete_event_bus(ctx: Context, given: Input) -> Output:
    """Forget a custom bus that has no rules; nothing happens when there is none."""
    name = given["Name"]
    if name == DEFAULT_BUS:
        raise names.invalid("Cannot delete event bus default.")
    item = ctx.tx.get(BUSES, ctx.scope, name)
    if item is None:
        return {}
    if ctx.tx.page(RULES, ctx.scope, prefix=f"{name}/", limit=1):
        raise names.invalid(f"Event bus {name} can't be deleted since it has rules.")
    ctx.tx.delete(BUSES, item.ref)
    return {}


def _written(item: names.BusItem) -> Output:
    return {
        "Name": item.key,
        "Arn": bus_arn(item.scope, item.key),
        "Description": item.desired.description or None,
        "CreationTime": item.desired.created_at,
        "LastModifiedTime": item.desired.modified_at,
    }
