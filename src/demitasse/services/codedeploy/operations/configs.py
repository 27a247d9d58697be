"""Deployment configurations: those that AWS has from the start, and own ones."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy import describe
from demitasse.services.codedeploy.operations import names
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.records import (
    CONFIGS,
    GROUPS,
    PREDEFINED,
    Config,
    find_config,
)
from demitasse.services.codedeploy.records.creating import config_missing

_RESERVED = "CodeDeployDefault."
_LONGEST_MINUTES = 2880


@api.operation("CreateDeploymentConfig")
def create(ctx: Context, given: Input) -> Output:
    """A way of shifting traffic of the caller's own."""
    names.platform(given.get("computePlatform"))
    name = names.name(
        given["deploymentConfigName"],
        "deployment configuration",
        "InvalidDeploymentConfigNameException",
    )
    if name.startswith(_RESERVED):
        raise ServiceError(
            "InvalidDeploymentConfigNameException",
            f"The deployment configuration name must not begin with {_RESERVED}",
        )
    if find_config(ctx.tx, ctx.scope, name) is not None:
        raise ServiceError(
            "DeploymentConfigAlreadyExistsException",
            f"Deployment Configuration already exists with name: {name}",
        )
    if given.get("minimumHealthyHosts"):
        raise ServiceError(
            "InvalidMinimumHealthyHostValueException",
            "Minimum healthy hosts cannot be specified for the ECS compute platform.",
        )
    if given.get("zonalConfig"):
        raise NotSupported("zonalConfig")
    type_, percentage, interval = _routing(given.get("trafficRoutingConfig"))
    config = Config(ctx.ids.uuid(), type_, ctx.now, percentage, interval)
    ctx.tx.create(CONFIGS, ctx.scope, name, config)
    return {"deploymentConfigId": config.id}


@api.operation("GetDeploymentConfig")
def get(ctx: Context, given: Input) -> Output:
    """One configuration, predefined or own."""
    name = given["deploymentConfigName"]
    item = find_config(ctx.tx, ctx.scope, name)
    if item is None:
        raise config_missing(name)
    return {"deploymentConfigInfo": describe.config(name, item.desired)}


@api.operation("ListDeploymentConfigs")
def list_configs(ctx: Context, given: Input) -> Output:
    """In the order of names, predefined and own ones together."""

    def rows(after: str, limit: int) -> list[tuple[str, str]]:
        own = [item.key for item in ctx.tx.page(CONFIGS, ctx.scope, after=after, limit=limit)]
        found = sorted([*own, *(name for name in PREDEFINED if name > after)])
        return [(name, name) for name in found[:limit]]

    return names.page(given, "deploymentConfigsList", rows)


@api.operation("DeleteDeploymentConfig")
def delete(ctx: Context, given: Input) -> Output:
    """Forget an own configuration that no group uses."""
    name = given["deploymentConfigName"]
    if name in PREDEFINED:
        raise ServiceError(
            "InvalidOperationException",
            "The deployment configuration cannot be deleted because it is a predefined one.",
        )
    item = ctx.tx.get(CONFIGS, ctx.scope, name)
    if item is None:
        return {}
    if ctx.tx.one(GROUPS, ctx.scope, "config", name) is not None:
        raise ServiceError(
            "DeploymentConfigInUseException",
            f"The deployment configuration {name} is still in use by a deployment group.",
        )
    ctx.tx.delete(CONFIGS, item.ref)
    return {}


def _routing(given: Input | None) -> tuple[str, int, int]:
    """Type, percentage and interval of a ``TrafficRoutingConfig``."""
    if not given or "type" not in given:
        raise _invalid("The traffic routing configuration with its type must be specified.")
    type_ = str(given["type"])
    wanted = {"TimeBasedCanary": "timeBasedCanary", "TimeBasedLinear": "timeBasedLinear"}.get(type_)
    for member in ("timeBasedCanary", "timeBasedLinear"):
        if given.get(member) and member != wanted:
            raise _invalid(f"{member} cannot be specified for the type {type_}.")
    if wanted is None:
        return type_, 100, 0
    details = given.get(wanted) or {}
    prefix = wanted.removeprefix("timeBased").lower()
    percentage = details.get(f"{prefix}Percentage")
    interval = details.get(f"{prefix}Interval")
    if percentage is None or not 1 <= percentage <= 99:
        raise _invalid(f"{wanted}.{prefix}Percentage must be from 1 to 99.")
    if interval is None or not 1 <= interval <= _LONGEST_MINUTES:
        raise _invalid(f"{wanted}.{prefix}Interval must be from 1 to {_LONGEST_MINUTES} minutes.")
    return type_, percentage, interval


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidTrafficRoutingConfigurationException", message)
