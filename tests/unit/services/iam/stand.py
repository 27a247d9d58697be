"""IAM and STS under test, called as boto3 calls them: botocore serialises, signs and parses."""

from __future__ import annotations

import functools
import json
from typing import Any

from tests.kit import asgi

from demitasse.clock import ManualClock
from demitasse.dispatch import Dispatcher
from demitasse.ids import CountingIds
from demitasse.services.base import Site
from demitasse.services.iam.operations import api
from demitasse.services.sts.operations import api as sts
from demitasse.store import Store
from demitasse.wire import Application, Models

SITE = Site("http://127.0.0.1:4566", "127.0.0.1:4566", "172.31.0.0/16")
ACCOUNT = asgi.ACCOUNT


@functools.cache
def models() -> Models:
    return Models.load({"iam": api.operations, "sts": sts.operations})


class Stand:
    """The API on a state in memory; ``iam`` and ``sts`` are clients."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store.open(None)
        self.clock = ManualClock()
        self.credentials = asgi.Credentials()
        ids = CountingIds()
        self.app = Application(
            models=models(),
            operations={"iam": api.operations, "sts": sts.operations},
            dispatch=Dispatcher((api, sts), self.store, self.clock, ids, SITE),
            credentials=self.credentials,
            clock=self.clock,
            ids=ids,
        )
        client = asgi.Api(self.app, now=self.clock.now)
        self.iam = functools.partial(client.call, "iam")
        self.sts = functools.partial(client.call, "sts")
        self.refusal = functools.partial(client.refusal, "iam")
        elsewhere = asgi.Api(self.app, now=self.clock.now, region="eu-west-3")
        self.elsewhere = functools.partial(elsewhere.call, "sts")

    def role(self, name: str = "app", **more: Any) -> dict[str, Any]:
        given = {"RoleName": name, "AssumeRolePolicyDocument": trust(), **more}
        role: dict[str, Any] = self.iam("CreateRole", **given)["Role"]
        return role

    def policy(self, name: str = "reads", **more: Any) -> str:
        given = {"PolicyName": name, "PolicyDocument": permissions(), **more}
        return str(self.iam("CreatePolicy", **given)["Policy"]["Arn"])

    def every(self, operation: str, member: str, **given: Any) -> list[Any]:
        """All pages, of two each."""
        found: list[Any] = []
        marker: dict[str, str] = {}
        while True:
            page = self.iam(operation, MaxItems=2, **given, **marker)
            assert len(page[member]) <= 2
            found += page[member]
            if not page["IsTruncated"]:
                assert "Marker" not in page
                return found
            marker = {"Marker": page["Marker"]}


def trust(**statement: Any) -> str:
    whole = {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
        **statement,
    }
    kept = {key: value for key, value in whole.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


def permissions(**statement: Any) -> str:
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    kept = {key: value for key, value in whole.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": kept})
