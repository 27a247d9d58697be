"""Logins for one service: user name and password with which git comes to CodeCommit."""

from __future__ import annotations

import hashlib

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import (
    CODECOMMIT,
    SERVICE_CREDENTIALS,
    ServiceCredential,
    everywhere,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_MOST = 2
_PASSWORD = 44

CredentialItem = Item[ServiceCredential, Nothing]


@api.operation("CreateServiceSpecificCredential")
def create_service_specific_credential(ctx: Context, given: Input) -> Output:
    """Make a login for CodeCommit; its password is told this once."""
    user = names.user_or_caller(ctx, given)
    _check_service(given["ServiceName"])
    if given.get("CredentialAgeDays"):
        raise NotSupported("CredentialAgeDays")
    scope = everywhere(ctx.scope)
    rows = ctx.tx.page(SERVICE_CREDENTIALS, scope, where=("user", user))
    taken = {item.desired.login for item in rows}
    if len(taken) >= _MOST:
        raise ServiceError(
            "LimitExceeded",
            f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {_MOST}",
        )
    account = ctx.scope.account
    logins = (f"{user}-at-{account}", f"{user}+1-at-{account}")
    password = ctx.ids.secret(_PASSWORD)
    item = ctx.tx.create(
        SERVICE_CREDENTIALS,
        scope,
        ctx.ids.unique_id("ACCA"),
        ServiceCredential(
            user=user,
            service=CODECOMMIT,
            login=next(each for each in logins if each not in taken),
            password_sha256=_digest(password),
            created_at=ctx.now.replace(microsecond=0),
        ),
    )
    return {"ServiceSpecificCredential": {**_written(item), "ServicePassword": password}}


@api.operation("ListServiceSpecificCredentials")
def list_service_specific_credentials(ctx: Context, given: Input) -> Output:
    """The logins of a user, or of all; without their passwords."""
    where = None if given.get("AllUsers") else ("user", names.user_or_caller(ctx, given))
    if given.get("ServiceName"):
        _check_service(given["ServiceName"])
    return paging.page(
        ctx, SERVICE_CREDENTIALS, given, "ServiceSpecificCredentials", _written, where=where
    )


@api.operation("UpdateServiceSpecificCredential")
def update_service_specific_credential(ctx: Context, given: Input) -> Output:
    """Let a login in, or no longer."""
    item = _named(ctx, given)
    if given["Status"] == "Expired":
        raise ServiceError("ValidationError", "A credential can be Active or Inactive.")
    _keep(ctx, item, active=given["Status"] == "Active")
    return {}


@api.operation("ResetServiceSpecificCredential")
def reset_service_specific_credential(ctx: Context, given: Input) -> Output:
    """Give a login another password, which is told this once."""
    password = ctx.ids.secret(_PASSWORD)
    item = _keep(ctx, _named(ctx, given), password_sha256=_digest(password))
    return {"ServiceSpecificCredential": {**_written(item), "ServicePassword": password}}


@api.operation("DeleteServiceSpecificCredential")
def delete_service_specific_credential(ctx: Context, given: Input) -> Output:
    """Forget a login."""
    ctx.tx.delete(SERVICE_CREDENTIALS, _named(ctx, given).ref)
    return {}


def _check_service(name: str) -> None:
    if name != CODECOMMIT:
        raise ServiceError(
            "NotSupportedService",
            f"Only {CODECOMMIT} has service-specific credentials here, not {name}.",
        )


def _named(ctx: Context, given: Input) -> CredentialItem:
    user = names.user_or_caller(ctx, given)
    identity = given["ServiceSpecificCredentialId"]
    item = ctx.tx.get(SERVICE_CREDENTIALS, everywhere(ctx.scope), identity)
    if item is None or item.desired.user != user:
        raise names.missing(f"Service-specific credential {identity} cannot be found.")
    return item


def _keep(ctx: Context, item: CredentialItem, **what: object) -> CredentialItem:
    changed = msgspec.structs.replace(item.desired, **what)
    return ctx.tx.desire(SERVICE_CREDENTIALS, item.ref, changed)


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _written(item: CredentialItem) -> Output:
    own = item.desired
    return {
        "ServiceSpecificCredentialId": item.key,
        "UserName": own.user,
        "ServiceName": own.service,
        "ServiceUserName": own.login,
        "CreateDate": own.created_at,
        "Status": "Active" if own.active else "Inactive",
    }
