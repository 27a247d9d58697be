"""What creating and updating a service share."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported
from demitasse.services.base import Context
from demitasse.services.ecs import describe, telling
from demitasse.services.ecs.operations.names import invalid
from demitasse.services.ecs.records import (
    SERVICES,
    Service,
    ServiceObserved,
    create_task_set,
    task_sets_of,
)
from demitasse.store import Item

MOST_TASKS = 5000
_REFUSED = (
    "serviceRegistries",
    "placementConstraints",
    "placementStrategy",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "gatewayConnectors",
    "monitoring",
    "enableExecuteCommand",
)


def start_deployment(
    ctx: Context, item: Item[Service, ServiceObserved]
) -> Item[Service, ServiceObserved]:
    """Give a service a new primary task set that is as the service says now."""
    made = create_task_set(
        ctx.tx,
        item,
        ctx.ids,
        ctx.now,
        task_definition=item.desired.task_definition,
        started_by="CODE_DEPLOY" if item.desired.controller == "CODE_DEPLOY" else "",
    )
    if item.desired.controller == "ECS":
        telling.deployment(
            ctx.tx,
            item.ref,
            made.desired.id,
            name="SERVICE_DEPLOYMENT_IN_PROGRESS",
            reason=f"ECS deployment {made.desired.id} in progress.",
            ids=ctx.ids,
            now=ctx.now,
        )
    changed = msgspec.structs.replace(item.desired, primary=made.desired.id)
    item = ctx.tx.desire(SERVICES, item.ref, changed)
    return ctx.tx.observe(SERVICES, item.ref, msgspec.structs.replace(item.observed, steady=False))


def show(ctx: Context, item: Item[Service, ServiceObserved], *, with_tags: bool = True) -> Output:
    """The service with its task sets, as it is now."""
    return describe.service(item, task_sets_of(ctx.tx, item), with_tags=with_tags)


def refuse(given: Input) -> None:
    """Refuse by name what is not carried out. ``NotSupported``."""
    for member in _REFUSED:
        if given.get(member):
            raise NotSupported(member)
    if (given.get("serviceConnectConfiguration") or {}).get("enabled"):
        raise NotSupported("serviceConnectConfiguration")
    if given.get("availabilityZoneRebalancing", "DISABLED") != "DISABLED":
        raise NotSupported("availabilityZoneRebalancing ENABLED")


def check_count(count: int) -> None:
    """``InvalidParameterException`` for a count that ECS does not take."""
    if not 0 <= count <= MOST_TASKS:
        raise invalid(f"The desired count must be between 0 and {MOST_TASKS}.")


def grace_period(given: Input, *, has_groups: bool) -> int | None:
    """The health check grace period, which only a service with target groups has."""
    seconds: int | None = given.get("healthCheckGracePeriodSeconds")
    if seconds is None:
        return 0 if has_groups else None
    if not has_groups:
        raise invalid(
            "Health check grace period is only valid for services configured to use load balancers"
        )
    if not 0 <= seconds <= 2_147_483_647:
        raise invalid("The health check grace period must be between 0 and 2147483647 seconds.")
    return seconds
