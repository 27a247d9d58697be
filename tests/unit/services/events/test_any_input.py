"""Whatever is sent, the answer is an answer of EventBridge, and what is kept can be delivered."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kit import asgi

from demitasse.services.events.operations import api
from demitasse.services.events.records import EVENTS

from .stand import GROUP_ARN, PIPELINE_ARN, PROJECT_ARN, ROLE, Stand

TEXTS = (
    "rule",
    "default",
    "orders",
    "shop",
    "",
    "é" * 70,
    "*",
    "a/b",
    ROLE,
    GROUP_ARN,
    PIPELINE_ARN,
    PROJECT_ARN,
    "arn:",
    "arn:aws:events:us-east-1:123456789012:rule/rule",
    "arn:aws:events:us-east-1:123456789012:event-bus/orders",
    '{"source": ["shop"]}',
    '{"detail": {"a": [{"wildcard": "*a*a*a*b"}, {"exists": false}]}}',
    '{"source": [{"anything-but": ["x"]}], "$or": [{"id": ["1"]}, {"version": ["0"]}]}',
    '{"a": "aaaaaaaaaaaaaaaaaaaaaaaa"}',
    "{}",
    "[]",
    "null",
    '"<a>"',
    '{"sourceVersion": <a>}',
    '{"variables": [{"name": "who", "value": <a>}]}',
    '{"timestamp": <a>, "message": <aws.events.event>}',
    "$.detail.a",
    "$",
    "$[0]['x']",
    "rate(1 minute)",
    "cron(0/5 8-17 ? * MON-FRI *)",
)


@functools.cache
def shape(name: str) -> st.SearchStrategy[Any]:
    model = asgi.service_model("events").shape_for(name)
    match model.type_name:
        case "structure":
            required = {each: shape(model.members[each].name) for each in model.required_members}
            optional = {
                each: shape(member.name)
                for each, member in model.members.items()
                if each not in required and not each.endswith("Parameters")
            }
            return st.fixed_dictionaries(required, optional=optional)
        case "list":
            return st.lists(shape(model.member.name), max_size=2)
        case "map":
            return st.dictionaries(st.sampled_from(("a", *TEXTS)), st.sampled_from(TEXTS))
        case "string":
            return st.sampled_from((*model.enum, *TEXTS) if model.enum else TEXTS)
        case "boolean":
            return st.booleans()
        case "timestamp":
            return st.datetimes()
        case _:
            return st.sampled_from((-1, 0, 1, 60, 100, 2**31 - 1))


@functools.cache
def stand() -> Stand:
    """One for all examples: what they make stays, and makes the next ones more interesting."""
    made = Stand()
    made.group()
    made.pipeline("who")
    made.project()
    made.events("CreateEventBus", Name="orders")
    made.rule()
    return made


@given(st.sampled_from(sorted(api.operations)), st.data())
@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
def test_any_input_gets_an_answer_of_eventbridge(operation: str, data: st.DataObject) -> None:
    model = asgi.service_model("events").operation_model(operation)
    sent = data.draw(shape(model.input_shape.name))
    client = asgi.Api(stand().app, now=stand().clock.now)
    parsed = client.parsed("events", operation, sent)
    status = parsed["ResponseMetadata"]["HTTPStatusCode"]
    assert status < 500, parsed
    if status >= 300:
        assert parsed["Error"]["Code"].endswith("Exception")
        assert parsed["Error"]["Message"]


@given(
    st.lists(shape("Target").filter(lambda given: given["Arn"].startswith("arn:aws:")), max_size=3),
    st.sampled_from([{}, {"a": 1}, {"a": "x" * 50}, {"a": [None, {"a": "2026-01-01T00:00:00Z"}]}]),
)
@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
def test_whatever_is_kept_can_be_delivered(targets: list[Any], detail: Any) -> None:
    """Perhaps in vain, but never so that it is tried for ever."""
    at = Stand()
    at.group()
    at.pipeline("who")
    at.project()
    at.rule()
    client = asgi.Api(at.app, now=at.clock.now)
    shapings = ("Input", "InputPath", "InputTransformer")
    for number, target in enumerate(targets):
        role = {} if ":logs:" in target["Arn"] else {"RoleArn": ROLE}
        shaping = {name: target[name] for name in shapings if name in target}
        for name in list(shaping)[1:]:
            del shaping[name]  # one at a time
        entry = {"Id": str(number), "Arn": target["Arn"], **role, **shaping}
        client.parsed("events", "PutTargets", {"Rule": "rule", "Targets": [entry]})
    at.put(detail)
    with at.store.transaction() as tx:
        (ref,) = tx.refs(EVENTS)
    asyncio.run(at.delivery.reconcile(ref))
    assert at.waiting() == 0
