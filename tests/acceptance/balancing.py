"""A load balancer, and what tests put behind it."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.conftest import Installation
from tests.acceptance.targets import Target

Until = Callable[..., Any]
_numbers = itertools.count(1)


@dataclass
class Scene:
    """A load balancer with an open security group, and what is put behind it."""

    platform: Installation
    until: Until
    elb: Any
    ec2: Any
    vpc: str
    subnets: list[str]
    security_group: str
    host: str
    arn: str = ""
    address: str = ""
    targets: list[Target] = field(default_factory=list)
    ports: Iterator[int] = field(default_factory=lambda: itertools.count(8100))

    def target(self, name: str) -> Target:
        made = Target(name, self.host)
        self.targets.append(made)
        return made

    def group(self, *targets: Target, attributes: dict[str, str] | None = None, **more: Any) -> str:
        given = {
            "Name": f"tg-{next(_numbers)}",
            "Protocol": "HTTP",
            "Port": 8080,
            "VpcId": self.vpc,
            "TargetType": "ip",
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 2,
            **more,
        }
        arn: str = self.elb.create_target_group(**given)["TargetGroups"][0]["TargetGroupArn"]
        if attributes:
            pairs = [{"Key": key, "Value": value} for key, value in attributes.items()]
            self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=pairs)
        if targets:
            self.elb.register_targets(TargetGroupArn=arn, Targets=[each.id for each in targets])
        return arn

    def listener(self, action: dict[str, Any] | str) -> tuple[str, int]:
        """A further listener, serving; its ARN and port."""
        port = next(self.ports)
        made = self.elb.create_listener(
            LoadBalancerArn=self.arn, Protocol="HTTP", Port=port, DefaultActions=[_action(action)]
        )
        self.until(lambda: self.listens(port), seconds=10)
        if isinstance(action, str):
            self.healthy(action)
        return made["Listeners"][0]["ListenerArn"], port

    def rule(self, listener: str, priority: int, conditions: Any, action: Any) -> str:
        made = self.elb.create_rule(
            ListenerArn=listener,
            Priority=priority,
            Conditions=conditions,
            Actions=[_action(action)],
        )
        arn: str = made["Rules"][0]["RuleArn"]
        return arn

    def listens(self, port: int) -> bool:
        try:
            socket.create_connection((self.address, port), timeout=1).close()
        except OSError:
            return False
        return True

    def states(self, group: str) -> list[str]:
        output = self.elb.describe_target_health(TargetGroupArn=group)
        return [each["TargetHealth"]["State"] for each in output["TargetHealthDescriptions"]]

    def healthy(self, group: str) -> None:
        """Wait as clients do."""
        if self.states(group):
            waiter = self.elb.get_waiter("target_in_service")
            waiter.wait(TargetGroupArn=group, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})


def _action(action: dict[str, Any] | str) -> dict[str, Any]:
    if isinstance(action, str):
        return {"Type": "forward", "TargetGroupArn": action}
    return action


def fixed(status: int, body: str = "", kind: str = "text/plain") -> dict[str, Any]:
    config = {"StatusCode": str(status), "ContentType": kind, "MessageBody": body}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def path(*patterns: str) -> list[dict[str, Any]]:
    return [{"Field": "path-pattern", "PathPatternConfig": {"Values": list(patterns)}}]
