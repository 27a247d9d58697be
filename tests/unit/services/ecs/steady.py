"""A service behind a load balancer, and whether it has come to rest."""

from __future__ import annotations

from typing import Any

from tests.unit.services.ecs.stand import Stand


def balanced(stand: Stand, **given: Any) -> str:
    """A service of one task behind a load balancer; the target group's ARN."""
    stand.cluster()
    stand.register()
    group = stand.target_group()
    stand.service(
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}],
        **given,
    )
    return group


def steady(stand: Stand) -> bool:
    return "steady" in stand.messages()[0]
