from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.services.iam.stand import trust

from demitasse.api import Caller
from demitasse.services.iam.records import Role, trusts, trusts_service

HERE, THERE = "123456789012", "210987654321"
ROOT = Caller(HERE, f"arn:aws:iam::{HERE}:root", HERE, "AKIA")
SESSION = Caller(HERE, f"arn:aws:sts::{HERE}:assumed-role/Deploy/me", "AROA:me", "ASIA")
ANYBODY = {"AWS": "*"}


def role(*statements: dict[str, Any]) -> Role:
    written = [json.loads(trust(**statement))["Statement"][0] for statement in statements]
    policy = json.dumps({"Version": "2012-10-17", "Statement": written})
    return Role("app", "AROA1", policy, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("statement", "caller", "let_in"),
    [
        ({"Principal": "*"}, ROOT, True),
        ({"Principal": {"AWS": HERE}}, ROOT, True),
        ({"Principal": {"AWS": [f"arn:aws:iam::{HERE}:root"]}}, SESSION, True),
        ({"Principal": {"AWS": THERE}}, ROOT, False),
        ({"Principal": {"Service": "ecs.amazonaws.com"}}, ROOT, False),
        ({"Principal": {"AWS": f"arn:aws:iam::{HERE}:role/path/Deploy"}}, SESSION, True),
        ({"Principal": {"AWS": f"arn:aws:iam::{HERE}:role/Other"}}, SESSION, False),
        ({"Principal": {"AWS": f"arn:aws:iam::{THERE}:role/Deploy"}}, SESSION, False),
        ({"Principal": {"AWS": f"arn:aws:iam::{HERE}:role/Deploy"}}, ROOT, False),
        ({"Principal": ANYBODY, "Action": "sts:Assume*"}, ROOT, True),
        ({"Principal": ANYBODY, "Action": "sts:TagSession"}, ROOT, False),
        ({"Principal": ANYBODY, "Action": None, "NotAction": "sts:TagSession"}, ROOT, True),
        ({"Principal": ANYBODY, "Condition": {"Bool": {"aws:x": "true"}}}, ROOT, False),
    ],
)
def test_whom_a_role_trusts(statement: dict[str, Any], caller: Caller, let_in: bool) -> None:
    assert trusts(role(statement), caller) is let_in


@pytest.mark.parametrize(
    ("denied", "let_in"),
    [
        ({"Principal": {"AWS": HERE}}, False),
        ({"Principal": {"AWS": THERE}}, True),
        ({"Principal": ANYBODY, "Action": "sts:*Role"}, False),
        ({"Principal": None, "NotPrincipal": {"AWS": THERE}}, False),
        ({"Principal": None, "NotPrincipal": {"AWS": HERE}}, True),
        ({"Principal": ANYBODY, "Condition": {"Bool": {"aws:x": "true"}}}, False),
    ],
)
def test_what_is_denied_is_denied(denied: dict[str, Any], let_in: bool) -> None:
    assert trusts(role({"Principal": ANYBODY}, {"Effect": "Deny", **denied}), ROOT) is let_in


@pytest.mark.parametrize(
    ("statements", "let_in"),
    [
        ([{"Principal": {"Service": "events.amazonaws.com"}}], True),
        ([{"Principal": {"Service": ["ecs.amazonaws.com", "events.amazonaws.com"]}}], True),
        ([{"Principal": {"Service": "ecs.amazonaws.com"}}], False),
        ([{"Principal": {"AWS": HERE}}], False),
        ([{"Principal": "*"}], True),
        ([{"Principal": {"Service": "events.amazonaws.com"}, "Condition": {"Bool": {}}}], True),
        ([{"Principal": "*"}, {"Principal": "*", "Effect": "Deny"}], False),
    ],
)
def test_which_service_a_role_trusts(statements: list[dict[str, Any]], let_in: bool) -> None:
    assert trusts_service(role(*statements), "events.amazonaws.com") is let_in
