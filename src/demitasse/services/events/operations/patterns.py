"""Trying an event pattern on an event."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.events.operations import names
from demitasse.services.events.operations.api import api
from demitasse.services.events.operations.rules import check_pattern
from demitasse.services.events.patterns import pattern

_NEEDED = ("id", "account", "source", "time", "region", "resources", "detail-type")


@api.operation("TestEventPattern")
def try_event_pattern(_ctx: Context, given: Input) -> Output:
    """Whether a pattern matches an event, which must be a whole one."""
    check_pattern(given["EventPattern"])
    try:
        event: Any = msgspec.json.decode(given["Event"])
    except (msgspec.DecodeError, RecursionError) as error:
        raise names.invalid(f"Parameter Event is not valid. Reason: {error}") from None
    if not isinstance(event, dict):
        raise names.invalid("Parameter Event is not valid. Reason: it is not a JSON object.")
    missing = [name for name in _NEEDED if name not in event]
    if missing:
        raise names.invalid(f"Parameter Event is not valid. Reason: it lacks {', '.join(missing)}.")
    return {"Result": pattern(given["EventPattern"]).matches(event)}
