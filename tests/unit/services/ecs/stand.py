"""ECS as boto3 sees it, with its controllers at work on a container engine in memory."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import botocore.exceptions
import msgspec
from tests.kit import asgi

from demitasse.api import Scope
from demitasse.clock import ManualClock, Waits
from demitasse.control import ControlLoop
from demitasse.dispatch import Dispatcher
from demitasse.engines.containers import references
from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.containers.spec import PAUSE_IMAGE
from demitasse.engines.firewall.fake import FakeFirewall
from demitasse.ids import CountingIds
from demitasse.services.base import Site
from demitasse.services.ec2 import operations as ec2
from demitasse.services.ec2.controller import InterfaceController, VpcController
from demitasse.services.ec2.records import NETWORK_INTERFACES, SECURITY_GROUPS, SUBNETS, VPCS
from demitasse.services.ecs.controller import (
    ServiceController,
    TaskController,
    TaskDefinitionController,
)
from demitasse.services.ecs.operations import api
from demitasse.services.ecs.records import TASKS
from demitasse.services.elbv2 import operations as elbv2
from demitasse.services.elbv2.records import TARGETS, TargetObserved, load_balancer_of
from demitasse.store import Ref, Store
from demitasse.wire import Application, Models

SCOPE = Scope(asgi.ACCOUNT, "us-east-1")
SITE = Site("http://127.0.0.1:4566", "127.0.0.1:4566", "172.31.0.0/16")
IMAGE = "127.0.0.1:4566/web:latest"
ROLE = f"arn:aws:iam::{asgi.ACCOUNT}:role/PipelineRole"
APIS = (ec2.api, elbv2.api, api)


@functools.cache
def models() -> Models:
    return Models.load({each.service: each.operations for each in APIS})


def definition(family: str = "web", **changes: Any) -> dict[str, Any]:
    """The input of a task definition that works."""
    container = {
        "name": "web",
        "image": IMAGE,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
    }
    container.update(changes.pop("container", {}))
    return {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "512",
        "memory": "1024",
        "executionRoleArn": ROLE,
        "containerDefinitions": [container],
        **changes,
    }


def call(client: asgi.Api, api_name: str, operation: str, /, **given: Any) -> dict[str, Any]:
    """Like ``client.call``, with members called ``service``, too."""
    parsed = client.parsed(api_name, operation, given)
    if parsed["ResponseMetadata"]["HTTPStatusCode"] >= 300:
        raise botocore.exceptions.ClientError(parsed, operation)
    return parsed


def _observation(tx: Any, item: Any, state: str, description: str = "") -> TargetObserved:
    return TargetObserved(
        state,
        description=description,
        registered_at=item.desired.registered_at,
        seen_by=load_balancer_of(tx, SCOPE, item.desired.target_group_arn) or "",
    )


class Stand:
    """``ecs``, ``elb`` and ``ec2`` are clients; ``run`` lets the controllers work meanwhile."""

    def __init__(self, *, compression: float = 1.0, store: Store | None = None) -> None:
        self.store = store or Store.open(None)
        self.clock = ManualClock()
        self.ids = CountingIds()
        self.waits = Waits(compression)
        self.engine = FakeEngine(self.clock)
        self.engine.add_image(PAUSE_IMAGE)
        self.firewall = FakeFirewall(self.engine)
        self.image(IMAGE)
        app = Application(
            models=models(),
            operations={each.service: each.operations for each in APIS},
            dispatch=Dispatcher(APIS, self.store, self.clock, self.ids, SITE),
            credentials=asgi.Credentials(),
            clock=self.clock,
            ids=self.ids,
        )
        client = self.client = asgi.Api(app, now=self.clock.now)
        self.ecs = functools.partial(call, client, "ecs")
        self.elb = functools.partial(call, client, "elbv2")
        self.ec2 = functools.partial(call, client, "ec2")
        elsewhere = asgi.Api(app, now=self.clock.now, region="eu-west-3")
        self.elsewhere = functools.partial(call, elsewhere, "ecs")
        self.changes = 0
        self.store.watch(self._changed)
        self.ec2("DescribeVpcs")
        with self.store.transaction() as tx:
            self.vpc = tx.page(VPCS, SCOPE)[0].key
            self.subnets = [item.key for item in tx.page(SUBNETS, SCOPE, where=("vpc", self.vpc))]
            self.group = tx.page(SECURITY_GROUPS, SCOPE)[0].key
        self.target_healthy = True

    def refusal(self, operation: str, /, **given: Any) -> tuple[str, str]:
        """Code and message of the error that the call must give."""
        try:
            output = self.ecs(operation, **given)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise AssertionError(f"{operation} was not refused: {output}")

    # the usual things

    def image(self, name: str, **behaviour: Any) -> str:
        """An image in its registry, by its tag and by its digest; the latter."""
        reference = references.parse(name)
        digest = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
        pinned = f"{reference.familiar_name}@{digest}"
        info = self.engine.add_image(pinned, here=False, **behaviour)
        self.engine.add_image(name, here=False, info=info, **behaviour)
        return pinned

    @property
    def network(self) -> dict[str, Any]:
        return {
            "awsvpcConfiguration": {
                "subnets": self.subnets[:2],
                "securityGroups": [self.group],
                "assignPublicIp": "ENABLED",
            }
        }

    def cluster(self) -> str:
        return str(self.ecs("CreateCluster", clusterName="c")["cluster"]["clusterArn"])

    def register(self, family: str = "web", **changes: Any) -> str:
        given = definition(family, **changes)
        return str(
            self.ecs("RegisterTaskDefinition", **given)["taskDefinition"]["taskDefinitionArn"]
        )

    def target_group(self, name: str = "tg", port: int = 80) -> str:
        """A target group behind a listener of a load balancer of its own."""
        group = self.elb(
            "CreateTargetGroup",
            Name=name,
            Protocol="HTTP",
            Port=8080,
            VpcId=self.vpc,
            TargetType="ip",
        )["TargetGroups"][0]["TargetGroupArn"]
        balancer = self.elb("CreateLoadBalancer", Name=f"lb-{name}", Subnets=self.subnets[:2])
        self.elb(
            "CreateListener",
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return str(group)

    def service(self, name: str = "web", **given: Any) -> dict[str, Any]:
        wanted = {
            "cluster": "c",
            "serviceName": name,
            "taskDefinition": "web",
            "desiredCount": 1,
            "launchType": "FARGATE",
            "networkConfiguration": self.network,
            **given,
        }
        wanted = {key: value for key, value in wanted.items() if value is not None}
        return dict(self.ecs("CreateService", **wanted)["service"])

    def run_task(self, **given: Any) -> str:
        wanted = {
            "cluster": "c",
            "taskDefinition": "web",
            "launchType": "FARGATE",
            "networkConfiguration": self.network,
            **given,
        }
        return str(self.ecs("RunTask", **wanted)["tasks"][0]["taskArn"])

    def see_service(self, name: str = "web") -> dict[str, Any]:
        return dict(self.ecs("DescribeServices", cluster="c", services=[name])["services"][0])

    def messages(self, name: str = "web") -> list[str]:
        return [event["message"] for event in self.see_service(name)["events"]]

    def see_task(self, arn: str) -> dict[str, Any]:
        return dict(self.ecs("DescribeTasks", cluster="c", tasks=[arn])["tasks"][0])

    def tasks(self, **given: Any) -> list[dict[str, Any]]:
        arns = self.ecs("ListTasks", cluster="c", **given)["taskArns"]
        if not arns:
            return []
        return list(self.ecs("DescribeTasks", cluster="c", tasks=arns)["tasks"])

    def running(self, **given: Any) -> list[dict[str, Any]]:
        return [task for task in self.tasks(**given) if task["lastStatus"] == "RUNNING"]

    def names(self, kind: str = "task") -> list[str]:
        """The names of the engine's containers of a kind."""
        return sorted(
            box.seen.name
            for box in self.engine._boxes.values()
            if box.seen.labels.get("demitasse.kind") == kind
        )

    def interfaces(self) -> int:
        with self.store.transaction() as tx:
            return sum(
                1 for item in tx.page(NETWORK_INTERFACES, SCOPE) if ":task/" in item.desired.owner
            )

    # the load balancer's part

    def set_target(self, address: str, state: str, description: str = "") -> None:
        """The load balancer's health check of an address comes to a result."""
        with self.store.transaction() as tx:
            for item in tx.page(TARGETS, SCOPE):
                if item.desired.address == address:
                    seen = _observation(tx, item, state, description)
                    tx.observe(TARGETS, item.ref, seen)

    def balance(self) -> None:
        """What a load balancer does when all is well: targets are healthy, drained ones go."""
        with self.store.transaction() as tx:
            for item in tx.page(TARGETS, SCOPE):
                if item.desired.deregistered_at is not None:
                    tx.delete(TARGETS, item.ref)
                elif not item.observed.state and self.target_healthy:
                    seen = _observation(tx, item, "healthy")
                    tx.observe(TARGETS, item.ref, seen)

    # letting things happen

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """The controllers run, as in the platform."""
        controllers = (
            VpcController(store=self.store, containers=self.engine),
            InterfaceController(store=self.store, containers=self.engine, firewall=self.firewall),
            ServiceController(store=self.store, clock=self.clock, waits=self.waits, ids=self.ids),
            TaskController(
                store=self.store,
                containers=self.engine,
                clock=self.clock,
                waits=self.waits,
                ids=self.ids,
                registry=SITE.registry,
            ),
            TaskDefinitionController(store=self.store),
        )
        loops = [ControlLoop(each, self.store, self.clock) for each in controllers]
        running = [asyncio.ensure_future(loop.run()) for loop in loops]
        try:
            yield
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def calm(self, *, balance: bool = True) -> None:
        """Let everything happen that happens without time passing."""
        quiet = 0
        for _ in range(100):
            before = self.changes, len(self.engine.calls)
            for _ in range(20):
                await asyncio.sleep(0)
            if balance:
                self.balance()
            quiet = quiet + 1 if before == (self.changes, len(self.engine.calls)) else 0
            if quiet == 2:
                return
        raise AssertionError("the controllers do not come to rest")

    def _changed(self, changes: Any) -> None:
        self.changes += len(changes)

    async def later(self, seconds: float, *, step: float = 0.25) -> None:
        """Let time pass."""
        left = seconds
        while left > 0:
            self.clock.advance(min(step, left))
            left -= step
            await self.calm()

    async def until(self, fact: Callable[[], Any], *, seconds: float = 20.0) -> None:
        """Let time pass until something is so."""
        for _ in range(int(seconds / 0.25)):
            await self.calm()
            if fact():
                return
            self.clock.advance(0.25)
        raise AssertionError("it did not come to that")

    def run(self, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            async with self.working():
                await scenario()

        asyncio.run(whole())

    def forget_to_stop(self, arn: str) -> None:
        """Somebody tampers: for tests of recovery."""
        cluster, _, task_id = arn.partition("task/")[2].partition("/")
        with self.store.transaction() as tx:
            item = tx.get(TASKS, SCOPE, f"{cluster}/{task_id}")
            assert item is not None
            tx.observe(TASKS, Ref(SCOPE, item.key), msgspec.structs.replace(item.observed))
