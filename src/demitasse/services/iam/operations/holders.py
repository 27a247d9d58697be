"""Who holds policies: roles and users, and in what they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.iam.operations import names
from demitasse.services.iam.records import ROLES, USERS, Role, User
from demitasse.store import Item, Kind
from demitasse.store.kinds import Nothing

HolderItem = Item[Role, Nothing] | Item[User, Nothing]
Find = Callable[[Context, str], HolderItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A kind of principal with policies of its own.

    ``name`` is AWS's word in the names of operations and members (``Role``), and ``largest_inline``
    how many characters a principal's own policies may have together.
    """

    name: str
    kind: Kind[Any, Nothing]
    find: Find
    find_own: Find  # what may be changed
    identity: Callable[[Any], str]
    largest_inline: int

    @property
    def word(self) -> str:
        """What AWS calls it inside a sentence."""
        return self.name.lower()

    @property
    def member(self) -> str:
        """What names one in inputs and outputs."""
        return f"{self.name}Name"

    def named(self, ctx: Context, given: Input) -> HolderItem:
        """The one that the input names."""
        return self.find(ctx, given[self.member])

    def own(self, ctx: Context, given: Input) -> HolderItem:
        """The one that the input names, to be changed."""
        return self.find_own(ctx, given[self.member])

    def keep(self, ctx: Context, item: HolderItem, **changes: Any) -> Output:
        """Keep changes of one; the empty answer of an operation that does."""
        ctx.tx.desire(self.kind, item.ref, msgspec.structs.replace(item.desired, **changes))
        return {}


ROLE = Holder(
    name="Role",
    kind=ROLES,
    find=names.role,
    find_own=names.own_role,
    identity=lambda role: role.role_id,
    largest_inline=10_240,
)
USER = Holder(
    name="User",
    kind=USERS,
    find=names.user,
    find_own=names.user,
    identity=lambda user: user.user_id,
    largest_inline=2048,
)
HOLDERS = (ROLE, USER)


def check_without_policies(item: HolderItem) -> None:
    """``DeleteConflict`` while there are policies of a role or user that is to go."""
    if item.desired.attached_policies:
        raise names.in_the_way("must detach all policies first.")
    if item.desired.inline_policies:
        raise names.in_the_way("must delete policies first.")
