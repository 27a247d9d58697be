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


@api.operation("GetCallerIdentity")
def get_caller_identity(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """Say who signed the call."""
    return {"UserId": ctx.caller.user_id, "Account": ctx.caller.account, "Arn": ctx.caller.arn}


@api.operation("AssumeRole")
def assume_role(ctx: Context, given: Input) -> Output:
    """Give temporary credentials of a role, in this or another account.

    ``AccessDenied`` when the role is not there or its trust policy names neither the caller's
    account nor the caller; ``ValidationError`` when longer than the role's longest session.
    """
    for option in ("Policy", "PolicyArns", "SerialNumber", "TokenCode"):
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
    account = role.scope.account
    session = _session(
        ctx,
        account,
        f"arn:aws:sts::{account}:assumed-role/{role.desired.name}/{name}",
        f"{role.desired.role_id}:{name}",
        seconds,
    )
    return {
        "Credentials": session,
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.desired.role_id}:{name}",
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role.desired.name}/{name}",
        },
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
    seconds = min(given.get("DurationSeconds", _SESSION_SECONDS), _ROOT_SESSION_SECONDS)
    return {
        "Credentials": _session(
            ctx, ctx.caller.account, ctx.caller.arn, ctx.caller.user_id, seconds
        )
    }


def _session(ctx: Context, account: str, arn: str, user_id: str, seconds: int) -> Output:
    _forget_old(ctx)
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
    return {
        "AccessKeyId": access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }


def _forget_old(ctx: Context) -> None:
    """Forget credentials that ended more than a day ago; until then they are told expired."""
    for item in ctx.tx.page(SESSIONS, EVERYWHERE):
        if item.desired.expires < ctx.now - timedelta(days=1):
            ctx.tx.delete(SESSIONS, Ref(EVERYWHERE, item.key))


def _role(ctx: Context, arn: str) -> iam.RoleItem | None:
    match = re.fullmatch(r"arn:aws:iam::([0-9]{12}):role/(?:.*/)?([^/]+)", arn)
    if match is None:
        raise ServiceError("ValidationError", f"{arn} is invalid")
    account, name = match[1], match[2]
    role = ctx.tx.get(iam.ROLES, Scope(account, iam.REGION), name)
    return role if role is not None and role.desired.arn(account) == arn else None
