"""An application whose dispatch is the test's own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tests.kit.asgi import Api, Credentials

from demitasse.api import Call
from demitasse.clock import ManualClock
from demitasse.ids import CountingIds
from demitasse.wire import Application, Models

OPERATIONS: dict[str, dict[str, Any]] = {
    "sts": {"GetCallerIdentity": None, "AssumeRole": None, "AssumeRoleWithWebIdentity": None},
    "iam": {"CreateRole": None, "GetRole": None, "UpdateRole": None},
    "ec2": {"DescribeVpcs": None, "CreateVpc": None, "CreateTags": None, "RunInstances": None},
    "ecr": {"CreateRepository": None, "PutImage": None},
    "ecs": {"ListClusters": None, "CreateService": None, "RegisterTaskDefinition": None},
    "elbv2": {"DescribeLoadBalancers": None, "CreateListener": None, "CreateTargetGroup": None},
    "rds": {"CreateDBInstance": None, "DescribeDBInstances": None},
    "logs": {"PutLogEvents": None, "CreateLogGroup": None},
}


@functools.cache
def models() -> Models:
    return Models.load(OPERATIONS)


class Stage:
    """Application, client, clock, and the calls that reached the services."""

    def __init__(self, **options: Any) -> None:
        self.calls: list[tuple[Call, dict[str, Any]]] = []
        self.answer: Callable[[Call, dict[str, Any]], dict[str, Any]] = lambda _call, _input: {}
        self.clock = ManualClock()
        self.credentials = Credentials()
        self.app = Application(
            models=models(),
            operations=OPERATIONS,
            dispatch=self._dispatch,
            credentials=self.credentials,
            clock=self.clock,
            ids=CountingIds(),
            **options,
        )
        self.api = Api(self.app, now=self.clock.now)

    @property
    def given(self) -> dict[str, Any]:
        """The input of the last call that reached a service."""
        return self.calls[-1][1]

    def _dispatch(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((call, given))
        return self.answer(call, given)
