"""Roles that belong to services."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam.beginnings import SERVICE_LINKED, service_linked
from demitasse.services.iam.operations import roles
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import ROLES, everywhere


@api.operation("CreateServiceLinkedRole")
def create_service_linked_role(ctx: Context, given: Input) -> Output:
    """Make the role of one of the services that are here, or that go with them."""
    service = given["AWSServiceName"]
    if service not in SERVICE_LINKED:
        raise ServiceError("InvalidInput", f"Service {service} cannot have a service-linked role.")
    if given.get("CustomSuffix"):
        raise ServiceError("InvalidInput", f"Custom suffix is not allowed for {service}")
    name, scope = SERVICE_LINKED[service], everywhere(ctx.scope)
    if ctx.tx.one(ROLES, scope, "name", name.lower()) is not None:
        raise ServiceError(
            "InvalidInput",
            f"Service role name {name} has been taken in this account, please try a different"
            " suffix.",
        )
    role = service_linked(ctx, service, given.get("Description", ""))
    return {"Role": roles.summary(ctx.tx.create(ROLES, scope, name, role))}
