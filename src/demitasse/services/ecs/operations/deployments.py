"""How a service deploys: percentages and circuit breaker, checked."""

from __future__ import annotations

from typing import Any, NamedTuple

from demitasse.errors import NotSupported
from demitasse.services.ecs.operations.names import invalid
from demitasse.services.ecs.records import CircuitBreaker

_REFUSED = (
    "lifecycleHooks",
    "bakeTimeInMinutes",
    "linearConfiguration",
    "canaryConfiguration",
    "earlySuccessCriteria",
)


class Deployments(NamedTuple):
    """AWS's defaults for a REPLICA service."""

    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: CircuitBreaker | None = None


def deployments(given: dict[str, Any] | None, controller: str, before: Deployments) -> Deployments:
    """A deployment configuration on top of what there was. ``InvalidParameterException``."""
    given = given or {}
    for member in _REFUSED:
        if given.get(member):
            raise NotSupported(f"deploymentConfiguration.{member}")
    if given.get("strategy", "ROLLING") != "ROLLING":
        raise NotSupported(f"deploymentConfiguration.strategy {given['strategy']}")
    if (given.get("alarms") or {}).get("enable"):
        raise NotSupported("deploymentConfiguration.alarms")
    least = given.get("minimumHealthyPercent")
    most = given.get("maximumPercent")
    least = before.minimum_healthy_percent if least is None else least
    most = before.maximum_percent if most is None else most
    if not 0 <= least <= 100:
        raise invalid("minimumHealthyPercent must be between 0 and 100.")
    if not 100 <= most <= 200:
        raise invalid("maximumPercent must be between 100 and 200.")
    if least == most == 100:
        raise invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block"
            " deployments."
        )
    return Deployments(least, most, _breaker(given, controller, before.circuit_breaker))


def _breaker(
    given: dict[str, Any], controller: str, before: CircuitBreaker | None
) -> CircuitBreaker | None:
    breaker = given.get("deploymentCircuitBreaker")
    if breaker is None:
        return before
    if breaker["enable"] and controller != "ECS":
        raise invalid(
            "DeploymentCircuitBreaker feature can only be enabled with ECS deployment controller."
        )
    if breaker["rollback"] and not breaker["enable"]:
        raise invalid(
            "The deployment circuit breaker must be enabled for its rollback to be enabled."
        )
    if breaker.get("thresholdConfiguration") or not breaker.get("resetOnHealthyTask", True):
        raise NotSupported(
            "deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration and"
            " resetOnHealthyTask"
        )
    return CircuitBreaker(breaker["enable"], breaker["rollback"])
