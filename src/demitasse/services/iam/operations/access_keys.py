"""Keys that users sign with."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import ACCESS_KEYS, NOWHERE, AccessKey, of_user
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_MOST = 2

KeyItem = Item[AccessKey, Nothing]


@api.operation("CreateAccessKey")
def create_access_key(ctx: Context, given: Input) -> Output:
    """Make a key, two at most for a user; its secret is told this once."""
    user = names.user_or_caller(ctx, given)
    if user == names.ROOT:
        raise ServiceError(
            "LimitExceeded", "The root user has the key that the installation gives it."
        )
    if ctx.tx.count(ACCESS_KEYS, NOWHERE, _of(ctx, user)) >= _MOST:
        raise ServiceError("LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {_MOST}")
    own = AccessKey(ctx.scope.account, user, ctx.ids.secret(40), ctx.now.replace(microsecond=0))
    item = ctx.tx.create(ACCESS_KEYS, NOWHERE, ctx.ids.unique_id("AKIA"), own)
    return {"AccessKey": {**_written(item), "SecretAccessKey": own.secret_access_key}}


@api.operation("ListAccessKeys")
def list_access_keys(ctx: Context, given: Input) -> Output:
    """The keys of a user; of the root user the one with which it asks."""
    user = names.user_or_caller(ctx, given)
    if user == names.ROOT:
        own = {"UserName": user, "AccessKeyId": ctx.caller.access_key_id, "Status": "Active"}
        rows = [own] if ctx.caller.arn.endswith(":root") else []
        return paging.answer("AccessKeyMetadata", rows, None)
    keys = ctx.tx.page(ACCESS_KEYS, NOWHERE, where=_of(ctx, user))
    return paging.cut(given, "AccessKeyMetadata", [(each.key, _written(each)) for each in keys])


@api.operation("UpdateAccessKey")
def update_access_key(ctx: Context, given: Input) -> Output:
    """Let a key's user in, or no longer."""
    item = _named(ctx, given)
    if given["Status"] == "Expired":
        raise ServiceError("ValidationError", "A key can be Active or Inactive.")
    changed = msgspec.structs.replace(item.desired, active=given["Status"] == "Active")
    ctx.tx.desire(ACCESS_KEYS, item.ref, changed)
    return {}


@api.operation("DeleteAccessKey")
def delete_access_key(ctx: Context, given: Input) -> Output:
    """Forget a key."""
    ctx.tx.delete(ACCESS_KEYS, _named(ctx, given).ref)
    return {}


def _of(ctx: Context, user: str) -> tuple[str, str]:
    return "user", of_user(ctx.scope.account, user)


def _named(ctx: Context, given: Input) -> KeyItem:
    user, identity = names.user_or_caller(ctx, given), given["AccessKeyId"]
    item = ctx.tx.get(ACCESS_KEYS, NOWHERE, identity)
    if item is None or (item.desired.account, item.desired.user) != (ctx.scope.account, user):
        raise names.missing(f"The Access Key with id {identity} cannot be found.")
    return item


def _written(item: KeyItem) -> Output:
    return {
        "UserName": item.desired.user,
        "AccessKeyId": item.key,
        "Status": "Active" if item.desired.active else "Inactive",
        "CreateDate": item.desired.created_at,
    }
