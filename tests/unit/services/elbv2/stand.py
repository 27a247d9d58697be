"""The service under test, called as boto3 calls it: botocore serialises, signs and parses."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from tests.kit import asgi
from tests.kit.control import attached, settle

from demitasse.api import Scope
from demitasse.clock import ManualClock, Waits
from demitasse.control import ControlLoop
from demitasse.dispatch import Dispatcher
from demitasse.engines.traffic.fake import FakeTraffic
from demitasse.engines.traffic.routing import Request
from demitasse.ids import CountingIds
from demitasse.services.base import Api, Context, Site
from demitasse.services.ec2.defaults import create_default_vpc
from demitasse.services.ec2.records import SECURITY_GROUPS, SUBNETS, VPCS, Permission, VpcObserved
from demitasse.services.elbv2.arns import engine_id
from demitasse.services.elbv2.controller import LoadBalancerController
from demitasse.services.elbv2.operations import api
from demitasse.store import Ref, Store
from demitasse.wire import Application, Models

SCOPE = Scope(asgi.ACCOUNT, "us-east-1")
SITE = Site("http://127.0.0.1:4566", "127.0.0.1:4566", "172.31.0.0/16")

ec2 = Api("ec2")


@ec2.seed
def _default_vpc(context: Context) -> None:
    create_default_vpc(context)


@functools.cache
def models() -> Models:
    return Models.load({"elbv2": api.operations})


EVERYBODY = Permission("sgr-0", False, "tcp", 0, 65535, cidr="0.0.0.0/0")
HEALTHY = ("healthy", None)


class Stand:
    """The API on a state in memory, with the default VPC; ``elb`` is the client."""

    def __init__(self, compression: float = 1) -> None:
        self.store = Store.open(None)
        self.clock = ManualClock()
        self.ids = CountingIds()
        self.waits = Waits(compression)
        self.traffic = FakeTraffic()
        app = Application(
            models=models(),
            operations={"elbv2": api.operations},
            dispatch=Dispatcher((ec2, api), self.store, self.clock, self.ids, SITE),
            credentials=asgi.Credentials(),
            clock=self.clock,
            ids=self.ids,
        )
        self.elb = functools.partial(asgi.Api(app, now=self.clock.now).call, "elbv2")
        self.refusal = functools.partial(asgi.Api(app, now=self.clock.now).refusal, "elbv2")
        self.elsewhere = functools.partial(
            asgi.Api(app, now=self.clock.now, region="eu-west-3").call, "elbv2"
        )
        self.elb("DescribeAccountLimits")  # seeds
        self.controller = LoadBalancerController(
            store=self.store, traffic=self.traffic, clock=self.clock, waits=self.waits
        )
        self.loop = ControlLoop(self.controller, self.store, self.clock)
        with self.store.transaction() as tx:
            self.vpc = tx.page(VPCS, SCOPE)[0].key
            self.subnets = [item.key for item in tx.page(SUBNETS, SCOPE, where=("vpc", self.vpc))]
            self.default_group = tx.page(SECURITY_GROUPS, SCOPE)[0].key

    # the usual things

    def balancer(self, name: str = "microservicesLB", **more: Any) -> dict[str, Any]:
        given = {"Name": name, "Subnets": self.subnets[:2], **more}
        return self.elb("CreateLoadBalancer", **given)["LoadBalancers"][0]

    def group(self, name: str = "customer-tg-one", **more: Any) -> str:
        given = {
            "Name": name,
            "Protocol": "HTTP",
            "Port": 8080,
            "VpcId": self.vpc,
            "TargetType": "ip",
            **more,
        }
        return self.elb("CreateTargetGroup", **given)["TargetGroups"][0]["TargetGroupArn"]

    def listener(self, balancer: str, *groups: str, port: int = 80, **more: Any) -> str:
        given = {
            "LoadBalancerArn": balancer,
            "Protocol": "HTTP",
            "Port": port,
            "DefaultActions": [forward(*groups)] if groups else [fixed(404)],
            **more,
        }
        return self.elb("CreateListener", **given)["Listeners"][0]["ListenerArn"]

    def rule(self, listener: str, group: str, *, path: str = "/admin/*", priority: int = 10) -> str:
        given = {
            "ListenerArn": listener,
            "Priority": priority,
            "Conditions": [{"Field": "path-pattern", "Values": [path]}],
            "Actions": [forward(group)],
        }
        return self.elb("CreateRule", **given)["Rules"][0]["RuleArn"]

    def register(self, group: str, *addresses: str, port: int = 8080) -> None:
        targets = [{"Id": address, "Port": port} for address in addresses]
        self.elb("RegisterTargets", TargetGroupArn=group, Targets=targets)

    def deregister(self, group: str, *addresses: str, port: int = 8080) -> None:
        targets = [{"Id": address, "Port": port} for address in addresses]
        self.elb("DeregisterTargets", TargetGroupArn=group, Targets=targets)

    def health(self, group: str) -> dict[str, tuple[str, str | None]]:
        """Address → state and reason."""
        output = self.elb("DescribeTargetHealth", TargetGroupArn=group)
        return {
            each["Target"]["Id"]: (
                each["TargetHealth"]["State"],
                each["TargetHealth"].get("Reason"),
            )
            for each in output["TargetHealthDescriptions"]
        }

    def state(self, balancer: str) -> dict[str, Any]:
        output = self.elb("DescribeLoadBalancers", LoadBalancerArns=[balancer])
        state: dict[str, Any] = output["LoadBalancers"][0]["State"]
        return state

    def applied(self, balancer: str) -> Any:
        """What the traffic engine was told last."""
        return self.traffic.balancers[engine_id(balancer)]

    # the controllers

    def network(self, name: str = "demitasse-vpc", error: str = "") -> None:
        """Say what the EC2 controller found out about the VPC's network."""
        with self.store.transaction() as tx:
            vpc = tx.page(VPCS, SCOPE)[0]
            tx.observe(VPCS, vpc.ref, VpcObserved(network=name, error=error))

    def play(self, scene: Callable[[Stand], Coroutine[Any, Any, None]]) -> None:
        """Run a scene with the controllers attached; in it, ``await settled()`` lets them work."""

        async def whole() -> None:
            with attached(self.loop, self.store):
                await scene(self)
            await self.loop.queue.close()

        asyncio.run(whole())

    async def settled(self, seconds: float = 0) -> None:
        """Let time pass, and the controllers work until they rest."""
        await settle((self.loop,))
        if seconds:
            await asyncio.sleep(0)  # timers begin to run
            self.clock.advance(seconds)
            for _ in range(3):
                await asyncio.sleep(0)
            await settle((self.loop,))


def forward(*groups: str) -> dict[str, Any]:
    if len(groups) == 1:
        return {"Type": "forward", "TargetGroupArn": groups[0]}
    tuples = [{"TargetGroupArn": group, "Weight": 1} for group in groups]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}


def fixed(status: int, body: str = "") -> dict[str, Any]:
    config = {"StatusCode": str(status), "ContentType": "text/plain", "MessageBody": body}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def permit(stand: Stand, group_id: str, *permissions: Permission) -> None:
    """Give a security group these rules alone."""
    with stand.store.transaction() as tx:
        group = tx.get(SECURITY_GROUPS, SCOPE, group_id)
        assert group
        after = msgspec.structs.replace(group.desired, permissions=permissions)
        tx.desire(SECURITY_GROUPS, Ref(SCOPE, group_id), after)


def send(stand: Stand, balancer: str, path: str = "/", client: str = "127.0.0.1") -> Any:
    """Where the load balancer leads a request."""
    return stand.traffic.send(engine_id(balancer), 80, Request(path, client=client))
