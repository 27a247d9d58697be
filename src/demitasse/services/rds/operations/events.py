"""DB instances' events."""

from __future__ import annotations

from datetime import datetime, timedelta

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.rds.events import EVENTS, DbEvent, key_at
from demitasse.services.rds.operations.api import api, page_size, refuse
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_USUAL_MINUTES = 60
_CHUNK = 200
_INSTANCES = "db-instance"


@api.operation("DescribeEvents")
def describe_events(ctx: Context, given: Input) -> Output:
    """What happened to DB instances, the oldest first: in the last hour, or when it is asked."""
    refuse("DescribeEvents", given, "Filters")
    kind, source = given.get("SourceType"), (given.get("SourceIdentifier") or "").lower()
    if source and not kind:
        raise ServiceError(
            "InvalidParameterCombination",
            "The parameter SourceType must be provided if SourceIdentifier is.",
        )
    if kind not in {None, _INSTANCES}:
        return {"Events": []}  # there is nothing of that type
    limit = page_size(given)
    begin, end = _period(ctx, given)
    after = paging.start(given.get("Marker"), code="InvalidParameterValue") or key_at(begin)
    categories = set(given.get("EventCategories") or ())
    found: list[Item[DbEvent, Nothing]] = []
    while len(found) <= limit:
        rows = ctx.tx.page(
            EVENTS,
            ctx.scope,
            after=after,
            limit=_CHUNK,
            where=("source", source) if source else None,
        )
        found += [
            item
            for item in rows
            if item.desired.at < end and (not categories or item.desired.category in categories)
        ]
        if len(rows) < _CHUNK or rows[-1].desired.at >= end:
            break
        after = rows[-1].key
    shown, more = paging.cut(found, limit)
    return {
        "Events": [_shown(ctx, item.desired) for item in shown],
        **({"Marker": paging.token(shown[-1].key)} if more else {}),
    }


def _period(ctx: Context, given: Input) -> tuple[datetime, datetime]:
    minutes = given.get("Duration") or _USUAL_MINUTES
    begin = given.get("StartTime")
    end = given.get("EndTime") or (
        begin + timedelta(minutes=given["Duration"]) if begin and given.get("Duration") else None
    )
    if begin and end and end < begin:
        raise ServiceError(
            "InvalidParameterCombination", "The parameter EndTime must be later than StartTime."
        )
    if end is None:
        end = ctx.now + timedelta(seconds=1)  # what has happened just now is shown as well
    return begin or end - timedelta(minutes=minutes), end


def _shown(ctx: Context, event: DbEvent) -> Output:
    return {
        "SourceIdentifier": event.source,
        "SourceType": _INSTANCES,
        "Message": event.message,
        "EventCategories": [event.category],
        "Date": event.at,
        "SourceArn": ctx.scope.arn("rds", f"db:{event.source}"),
    }
