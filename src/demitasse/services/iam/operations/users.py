"""Users: create, get, list, change, delete."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.iam.operations import names, paging, tagging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.operations.holders import check_without_policies
from demitasse.services.iam.records import (
    ACCESS_KEYS,
    ACCOUNTS,
    NOWHERE,
    SERVICE_CREDENTIALS,
    USERS,
    User,
    UserItem,
    everywhere,
    of_user,
)


def summary(item: UserItem) -> Output:
    """A user in AWS's shape, as lists have it."""
    user = item.desired
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.user_id,
        "Arn": user.arn(item.scope.account),
        "CreateDate": user.created_at,
    }


def _written(item: UserItem) -> Output:
    return summary(item) | {"Tags": tagging.written(item.desired.tags) or None}


@api.operation("CreateUser")
def create_user(ctx: Context, given: Input) -> Output:
    """Keep a new user. Whoever has keys of theirs may do everything in the account."""
    if given.get("PermissionsBoundary"):
        raise NotSupported("CreateUser with PermissionsBoundary")
    name = given["UserName"]
    _check_free(ctx, name)
    user = User(
        name=name,
        user_id=ctx.ids.unique_id("AIDA"),
        created_at=ctx.now.replace(microsecond=0),
        path=given.get("Path", "/"),
        tags=tagging.read(given.get("Tags")),
    )
    return {"User": _written(ctx.tx.create(USERS, everywhere(ctx.scope), name, user))}


@api.operation("GetUser")
def get_user(ctx: Context, given: Input) -> Output:
    """One user; without a name the one who calls, who may be the root user."""
    name = names.user_or_caller(ctx, given)
    if name != names.ROOT:
        return {"User": _written(names.user(ctx, name))}
    (account,) = ctx.tx.page(ACCOUNTS, everywhere(ctx.scope), limit=1)
    return {
        "User": {
            "Path": "/",
            "UserName": names.ROOT,
            "UserId": ctx.scope.account,
            "Arn": f"arn:aws:iam::{ctx.scope.account}:root",
            "CreateDate": account.desired.created_at,
        }
    }


@api.operation("ListUsers")
def list_users(ctx: Context, given: Input) -> Output:
    """The account's users, in the order of their names; not the root user, as on AWS."""
    return paging.page_in_path(ctx, USERS, given, "Users", summary)


@api.operation("UpdateUser")
def update_user(ctx: Context, given: Input) -> Output:
    """Give a user another name or path; keys and logins go with them."""
    item = names.user(ctx, given["UserName"])
    name = given.get("NewUserName", item.key)
    after = msgspec.structs.replace(
        item.desired, name=name, path=given.get("NewPath", item.desired.path)
    )
    if name == item.key:
        ctx.tx.desire(USERS, item.ref, after)
        return {}
    if name.lower() != item.key.lower():
        _check_free(ctx, name)
    ctx.tx.delete(USERS, item.ref)
    ctx.tx.create(USERS, item.scope, name, after)
    for key in ctx.tx.page(ACCESS_KEYS, NOWHERE, where=_keys(ctx, item)):
        ctx.tx.desire(ACCESS_KEYS, key.ref, msgspec.structs.replace(key.desired, user=name))
    for login in ctx.tx.page(SERVICE_CREDENTIALS, item.scope, where=("user", item.key)):
        moved = msgspec.structs.replace(login.desired, user=name)
        ctx.tx.desire(SERVICE_CREDENTIALS, login.ref, moved)
    return {}


@api.operation("DeleteUser")
def delete_user(ctx: Context, given: Input) -> Output:
    """Forget a user; ``DeleteConflict`` while there is something of theirs."""
    item = names.user(ctx, given["UserName"])
    if ctx.tx.count(ACCESS_KEYS, NOWHERE, _keys(ctx, item)):
        raise names.in_the_way("must delete access keys first.")
    if ctx.tx.count(SERVICE_CREDENTIALS, item.scope, ("user", item.key)):
        raise names.in_the_way("must delete service specific credentials first.")
    check_without_policies(item)
    ctx.tx.delete(USERS, item.ref)
    return {}


def _check_free(ctx: Context, name: str) -> None:
    taken = ctx.tx.one(USERS, everywhere(ctx.scope), "name", name.lower())
    if taken is not None or name.lower() == names.ROOT:
        raise ServiceError("EntityAlreadyExists", f"User with name {name} already exists.")


def _keys(ctx: Context, item: UserItem) -> tuple[str, str]:
    return "user", of_user(ctx.scope.account, item.key)
