"""Tags of roles, users, policies and instance profiles: the same three operations for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.iam.operations import names, paging, tagging
from demitasse.services.iam.operations.api import register
from demitasse.services.iam.records import INSTANCE_PROFILES, POLICIES, ROLES, USERS, Tags
from demitasse.store import Item, Kind

Find = Callable[[Context, str], Item[Any, Any]]


def _taggable(
    thing: str, member: str, kind: Kind[Any, Any], find: Find, *, to_change: Find | None = None
) -> None:
    """Register ``Tag…``, ``Untag…`` and ``List…Tags`` of what ``member`` of an input names."""
    words = "".join(f" {each.lower()}" if each.isupper() else each for each in thing).strip()
    own = to_change or find

    def keep(ctx: Context, item: Item[Any, Any], tags: Tags) -> Output:
        ctx.tx.desire(kind, item.ref, msgspec.structs.replace(item.desired, tags=tags))
        return {}

    def tag(ctx: Context, given: Input) -> Output:
        item = own(ctx, given[member])
        return keep(ctx, item, tagging.added(item.desired.tags, given["Tags"]))

    def untag(ctx: Context, given: Input) -> Output:
        item = own(ctx, given[member])
        return keep(ctx, item, tagging.removed(item.desired.tags, given["TagKeys"]))

    def listed(ctx: Context, given: Input) -> Output:
        tags = tagging.written(find(ctx, given[member]).desired.tags)
        return paging.cut(given, "Tags", [(tag["Key"], tag) for tag in tags])

    one = f"{'an' if words[0] in 'aeio' else 'a'} {words}"
    register(
        {
            f"Tag{thing}": (tag, f"Set tags of {one}."),
            f"Untag{thing}": (untag, f"Remove tags of {one}."),
            f"List{thing}Tags": (listed, f"The tags of {one}."),
        }
    )


_taggable("Role", "RoleName", ROLES, names.role, to_change=names.own_role)
_taggable("User", "UserName", USERS, names.user)
_taggable("Policy", "PolicyArn", POLICIES, names.own_policy)
_taggable("InstanceProfile", "InstanceProfileName", INSTANCE_PROFILES, names.profile)
