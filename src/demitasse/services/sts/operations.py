"""The API of STS.

Follows botocore's model ``sts`` and the AWS Security Token Service API Reference. Policies are
not evaluated here: whoever is authenticated may do everything in their account, except to assume
a role that does not exist or that does not trust them.
"""

from __future__ import annotations

import re
from datetime import timedelta

from demitasse.api import Input, Output, Scope
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Api, Context
from demitasse.services.iam import records as iam
from demitasse.services.sts.records import EVERYWHERE, SESSIONS, Session
from demitasse.store import Ref

api = Api("sts")

_ROLE_SECONDS = 3600
_SESSION_SECONDS = 43_200
_ROOT_SESSION_SECONDS = 3600
_CHAINED_SECONDS = 3600
_FORGOTTEN_AFTER = timedelta(days=1)
_NEIGHBOURS = 20


@api.operation("GetCallerIdentity")
def get_caller_identity(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """Say who signed the call."""
    return {"UserId": ctx.caller.user_id, "Account": ctx.caller.account, "Arn": ctx.caller.arn}


@api.operation("AssumeRole")
def assume_role(ctx: Context, given: Input) -> Output:
    """Give temporary credentials of a role, in this or another account.

    ``AccessDenied`` when the role is not there or its trust policy names neither the caller's
    account nor the caller; ``ValidationError`` when longer than the role's longest session, or
    than an hour for a caller that has a role already. Since policies are not evaluated, session
    policies and session tags are refused; an external id matters to a Condition alone.
    """
    for option in (
        "Policy", "PolicyArns", "SerialNumber", "TokenCode", "Tags", "TransitiveTagKeys",
        "ProvidedContexts",
    ):  # fmt: skip
        if given.get(option):
            raise NotSupported(f"AssumeRole with {option}")
    arn = given["RoleArn"]
    role = _role(ctx, arn)
    name = given["RoleSessionName"]
    if role is None or not iam.trusts(role.desired, ctx.caller):
        raise ServiceError(
            "AccessDenied",
            f"User: {ctx.caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            status=403,
        )
    seconds = given.get("DurationSeconds", _ROLE_SECONDS)
    if seconds > role.desired.max_session_seconds:
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    if ":assumed-role/" in ctx.caller.arn and seconds > _CHAINED_SECONDS:
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by"
            " role chaining.",
        )
    account = role.scope.account
    user_id = f"{role.desired.role_id}:{name}"
    session_arn = f"arn:aws:sts::{account}:assumed-role/{role.desired.name}/{name}"
    return {
        "Credentials": _session(ctx, account, session_arn, user_id, seconds),
        "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": session_arn},
        "SourceIdentity": given.get("SourceIdentity"),
    }


@api.operation("GetSessionToken")
def get_session_token(ctx: Context, given: Input) -> Output:
    """Give temporary credentials of the caller itself."""
    for option in ("SerialNumber", "TokenCode"):
        if given.get(option):
            raise NotSupported(f"GetSessionToken with {option}")
    if ctx.caller.access_key_id.startswith("ASIA"):
        raise ServiceError(
            "AccessDenied", "Cannot call GetSessionToken with session credentials", status=403
        )
    longest = _ROOT_SESSION_SECONDS if ctx.caller.arn.endswith(":root") else _SESSION_SECONDS
    seconds = min(given.get("DurationSeconds", _SESSION_SECONDS), longest)
    return {
        "Credentials": _session(
            ctx, ctx.caller.account, ctx.caller.arn, ctx.caller.user_id, seconds
        )
    }


def _session(ctx: Context, account: str, arn: str, user_id: str, seconds: int) -> Output:
    session = Session(
        account=account,
        arn=arn,
        user_id=user_id,
        secret_access_key=ctx.ids.secret(40),
        token=ctx.ids.secret(256),
        expires=ctx.now.replace(microsecond=0) + timedelta(seconds=seconds),
    )
    access_key_id = ctx.ids.unique_id("ASIA")
    ctx.tx.create(SESSIONS, EVERYWHERE, access_key_id, session)
    _forget_old(ctx, access_key_id)
    return {
        "AccessKeyId": access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }


def _forget_old(ctx: Context, key: str) -> None:
    """Forget credentials that ended more than a day ago; until then they are told expired.

    Looks at some neighbours of a new key only: keys are random, so that all get their turn, and
    a call costs the same however many there are.
    """
    near = ctx.tx.page(SESSIONS, EVERYWHERE, after=key, limit=_NEIGHBOURS)
    if len(near) < _NEIGHBOURS:
        near += ctx.tx.page(SESSIONS, EVERYWHERE, limit=_NEIGHBOURS - len(near))
    for item in near:
        if item.desired.expires < ctx.now - _FORGOTTEN_AFTER:
            ctx.tx.delete(SESSIONS, Ref(EVERYWHERE, item.key))


def _role(ctx: Context, arn: str) -> iam.RoleItem | None:
    match = re.fullmatch(r"arn:aws:iam::([0-9]{12}):role/(?:.*/)?([^/]+)", arn)
    if match is None:
        raise ServiceError("ValidationError", f"{arn} is invalid")
    account, name = match[1], match[2]
    role = ctx.tx.get(iam.ROLES, Scope(account, iam.REGION), name)
    return role if role is not None and role.desired.arn(account) == arn else None
