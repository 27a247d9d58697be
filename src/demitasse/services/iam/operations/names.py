"""Finding what a caller names, or saying in AWS's words that it is not there."""

from __future__ import annotations

from demitasse.api import Input
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import managed
from demitasse.services.iam.records import (
    INSTANCE_PROFILES,
    POLICIES,
    ROLES,
    USERS,
    PolicyItem,
    ProfileItem,
    RoleItem,
    UserItem,
    everywhere,
)

ROOT = "root"
"""The name of the account's root user."""

_SERVICE_LINKED = "/aws-service-role/"


def missing(message: str) -> ServiceError:
    """AWS's error for what is not there."""
    return ServiceError("NoSuchEntity", message)


def in_the_way(what: str) -> ServiceError:
    """AWS's error for what cannot go yet, and ``what`` comes before."""
    return ServiceError("DeleteConflict", f"Cannot delete entity, {what}")


def user(ctx: Context, name: str) -> UserItem:
    """The user of that name; not the root user, who cannot be changed by IAM."""
    item = ctx.tx.get(USERS, everywhere(ctx.scope), name)
    if item is None:
        raise missing(f"The user with name {name} cannot be found.")
    return item


def user_or_caller(ctx: Context, given: Input) -> str:
    """The name of the user that ``UserName`` gives; without it, of the one who calls."""
    name: str = given.get("UserName", "")
    if not name and ctx.caller.arn.endswith(":root"):
        return ROOT
    if not name:
        _, is_user, name = ctx.caller.arn.partition(":user/")
        if not is_user:
            raise ServiceError(
                "ValidationError", "Must specify userName when calling with non-User credentials"
            )
        name = name.rpartition("/")[2]
    if name != ROOT:
        user(ctx, name)
    return name


def role(ctx: Context, name: str) -> RoleItem:
    """The role of that name."""
    item = ctx.tx.get(ROLES, everywhere(ctx.scope), name)
    if item is None:
        raise missing(f"The role with name {name} cannot be found.")
    return item


def own_role(ctx: Context, name: str) -> RoleItem:
    """The role of that name, to be changed: not one that belongs to a service."""
    item = role(ctx, name)
    if item.desired.path.startswith(_SERVICE_LINKED):
        raise ServiceError(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{name}' - this role is only"
            " modifiable by AWS",
        )
    return item


def profile(ctx: Context, name: str) -> ProfileItem:
    """The instance profile of that name."""
    item = ctx.tx.get(INSTANCE_PROFILES, everywhere(ctx.scope), name)
    if item is None:
        raise missing(f"Instance Profile {name} cannot be found.")
    return item


def own_policy(ctx: Context, arn: str) -> PolicyItem:
    """The account's own policy with that ARN, to be changed."""
    if managed.is_awss(arn):
        raise ServiceError(
            "AccessDenied",
            f"User: {ctx.caller.arn} is not authorized to change the AWS managed policy {arn}",
            status=403,
        )
    item = ctx.tx.get(POLICIES, everywhere(ctx.scope), arn)
    if item is None:
        raise missing(f"Policy {arn} was not found.")
    return item


def attachable(ctx: Context, arn: str) -> None:
    """``NoSuchEntity`` unless there is such a policy, the account's own or AWS's."""
    if not managed.known(arn) and ctx.tx.get(POLICIES, everywhere(ctx.scope), arn) is None:
        raise missing(f"Policy {arn} does not exist or is not attachable.")
