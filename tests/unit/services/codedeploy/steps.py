"""A deployment, brought to where a test begins."""

from __future__ import annotations

from tests.unit.services.codedeploy.world import World

from demitasse.clock import ManualClock
from demitasse.services.codedeploy.records import (
    AutoRollback,
    Config,
)

HOUR = 3600.0
ON_FAILURE = AutoRollback(True, ("DEPLOYMENT_FAILURE",))


def canary(percentage: int = 10, interval: int = 5) -> Config:
    return Config("id", "TimeBasedCanary", ManualClock().now(), percentage, interval)


def linear(percentage: int = 25, interval: int = 1) -> Config:
    return Config("id", "TimeBasedLinear", ManualClock().now(), percentage, interval)


def installed(world: World, deployment: str) -> str:
    """Up to the replacement task set; its id."""
    world.reconcile(deployment)
    world.carry_out()
    world.reconcile(deployment)
    assert world.seen(deployment).phase == "install"
    return world.sets()[-1]


def shifted(world: World, deployment: str) -> str:
    """Up to all production traffic on the replacement; its id."""
    green = installed(world, deployment)
    world.run_tasks(green)
    for _ in range(3):
        world.reconcile(deployment)
        world.carry_out()
    world.reconcile(deployment)
    assert world.seen(deployment).phase == "wait"
    return green


def statuses(world: World, deployment: str) -> dict[str, str]:
    return {event.name: event.status for event in world.seen(deployment).events}


def failure(world: World, deployment: str) -> tuple[str, str]:
    """Code and message of what the deployment must have failed with."""
    error = world.seen(deployment).error
    assert error is not None
    assert world.seen(deployment).status == "Failed"
    return error.code, error.message
