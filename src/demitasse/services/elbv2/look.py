"""Reads from the state all that decides what one load balancer does."""

from __future__ import annotations

from collections.abc import Iterable

from demitasse.services.ec2.records import NETWORK_INTERFACES, SECURITY_GROUPS, Permission
from demitasse.services.elbv2.plan import GroupView, View
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    LoadBalancer,
    target_groups_of,
    targets_of,
)
from demitasse.store import Ref, Transaction


def look(tx: Transaction, ref: Ref) -> View | None:
    """Everything about a load balancer; ``None`` when it does not exist any more."""
    balancer = tx.get(LOAD_BALANCERS, ref.scope, ref.key)
    if balancer is None:
        return None
    where = ("load-balancer", ref.key)
    listeners = tuple(tx.page(LISTENERS, ref.scope, where=where))
    rules = tuple(tx.page(RULES, ref.scope, where=where))
    actions = [item.desired.actions for item in listeners]
    actions += [item.desired.actions for item in rules]
    used = dict.fromkeys(arn for each in actions for arn in target_groups_of(each))
    permissions = permissions_of(tx, ref, balancer.desired)
    return View(
        balancer=balancer,
        listeners=listeners,
        rules=rules,
        groups=tuple(_group(tx, ref, arn) for arn in used),
        permissions=permissions,
        members={group: _members(tx, ref, group) for group in referred_to(permissions)},
    )


def _group(tx: Transaction, ref: Ref, arn: str) -> GroupView:
    group = tx.get(TARGET_GROUPS, ref.scope, arn)
    if group is None:
        return GroupView(arn, None)
    return GroupView(arn, group.desired, tuple(targets_of(tx, ref.scope, arn)))


def permissions_of(tx: Transaction, ref: Ref, balancer: LoadBalancer) -> tuple[Permission, ...]:
    """The rules of a load balancer's security groups."""
    found: list[Permission] = []
    for group_id in balancer.security_groups:
        group = tx.get(SECURITY_GROUPS, ref.scope, group_id)
        if group is not None:
            found.extend(group.desired.permissions)
    return tuple(found)


def referred_to(permissions: Iterable[Permission]) -> frozenset[str]:
    """The security groups whose members inbound rules admit."""
    return frozenset(
        permission.group_id
        for permission in permissions
        if permission.group_id and not permission.egress
    )


def _members(tx: Transaction, ref: Ref, group_id: str) -> tuple[str, ...]:
    interfaces = tx.page(NETWORK_INTERFACES, ref.scope, where=("group", group_id))
    return tuple(interface.desired.private_ip for interface in interfaces)
