"""Policies that belong to one role or user: the same four operations for both."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import documents
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import register
from demitasse.services.iam.operations.holders import HOLDERS, Holder, HolderItem


def _with_own_policies(holder: Holder) -> None:
    """Register ``Put…Policy``, ``Get…Policy``, ``List…Policies`` and ``Delete…Policy``."""
    word, largest = holder.word, holder.largest_inline

    def document(item: HolderItem, name: str) -> str:
        found = item.desired.inline_policies.get(name)
        if found is None:
            raise names.missing(f"The {word} policy with name {name} cannot be found.")
        return found

    def put(ctx: Context, given: Input) -> Output:
        item = holder.own(ctx, given)
        documents.check_permissions(given["PolicyDocument"])
        after = item.desired.inline_policies | {given["PolicyName"]: given["PolicyDocument"]}
        if sum(documents.size(each) for each in after.values()) > largest:
            raise ServiceError(
                "LimitExceeded",
                f"Maximum policy size of {largest} bytes exceeded for {word} {item.key}",
            )
        return holder.keep(ctx, item, inline_policies=after)

    def get(ctx: Context, given: Input) -> Output:
        item, name = holder.named(ctx, given), given["PolicyName"]
        return {
            holder.member: item.key,
            "PolicyName": name,
            "PolicyDocument": documents.encoded(document(item, name)),
        }

    def listed(ctx: Context, given: Input) -> Output:
        found = sorted(holder.named(ctx, given).desired.inline_policies)
        return paging.cut(given, "PolicyNames", [(name, name) for name in found])

    def delete(ctx: Context, given: Input) -> Output:
        item, name = holder.own(ctx, given), given["PolicyName"]
        document(item, name)
        before = item.desired.inline_policies
        left = {each: text for each, text in before.items() if each != name}
        return holder.keep(ctx, item, inline_policies=left)

    register(
        {
            f"Put{holder.name}Policy": (
                put,
                f"Set a policy of a {word}; one of that name is replaced.",
            ),
            f"Get{holder.name}Policy": (
                get,
                f"A policy of a {word}, its document percent-encoded.",
            ),
            f"List{holder.name}Policies": (listed, f"The names of a {word}'s own policies."),
            f"Delete{holder.name}Policy": (delete, f"Forget a policy of a {word}."),
        }
    )


for each in HOLDERS:
    _with_own_policies(each)
