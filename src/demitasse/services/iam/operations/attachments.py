"""Managed policies of roles and users: the same three operations for both."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import managed
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import register
from demitasse.services.iam.operations.holders import HOLDERS, Holder

_MOST = 10


def _attachable_to(holder: Holder) -> None:
    """Register ``Attach…Policy``, ``Detach…Policy`` and ``ListAttached…Policies``."""
    limit = f"Cannot exceed quota for PoliciesPer{holder.name}: {_MOST}"

    def attach(ctx: Context, given: Input) -> Output:
        item, arn = holder.own(ctx, given), given["PolicyArn"]
        names.attachable(ctx, arn)
        attached = item.desired.attached_policies
        if arn in attached:
            return holder.keep(ctx, item)
        if len(attached) >= _MOST:
            raise ServiceError("LimitExceeded", limit)
        return holder.keep(ctx, item, attached_policies=(*attached, arn))

    def detach(ctx: Context, given: Input) -> Output:
        item, arn = holder.own(ctx, given), given["PolicyArn"]
        attached = item.desired.attached_policies
        if arn not in attached:
            raise names.missing(f"Policy {arn} was not found.")
        left = tuple(each for each in attached if each != arn)
        return holder.keep(ctx, item, attached_policies=left)

    def listed(ctx: Context, given: Input) -> Output:
        prefix = given.get("PathPrefix", "/")
        rows = [
            (arn, {"PolicyName": managed.name(arn), "PolicyArn": arn})
            for arn in sorted(holder.named(ctx, given).desired.attached_policies)
            if arn.partition(":policy")[2].startswith(prefix)
        ]
        return paging.cut(given, "AttachedPolicies", rows)

    register(
        {
            f"Attach{holder.name}Policy": (
                attach,
                "Attach a policy; one that is attached already is fine. Ten at most, as on AWS.",
            ),
            f"Detach{holder.name}Policy": (
                detach,
                "Detach a policy; ``NoSuchEntity`` when it is not attached.",
            ),
            f"ListAttached{holder.name}Policies": (
                listed,
                f"The managed policies of a {holder.word}, in the order of their ARNs.",
            ),
        }
    )


for each in HOLDERS:
    _attachable_to(each)
