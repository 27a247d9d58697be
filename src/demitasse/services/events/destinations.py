"""Where a rule may send its events: what a target's ARN names. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from demitasse.api import Scope
from demitasse.errors import NotSupported, ServiceError

PIPELINE, PROJECT, LOG_GROUP = "codepipeline", "codebuild", "logs"

_ARN = re.compile(r"arn:aws[\w-]*:([a-z0-9-]+):([a-z0-9-]*):([0-9]{0,12}):(.+)", re.DOTALL)
_RESOURCE = {
    PIPELINE: re.compile(r"([A-Za-z0-9.@_-]{1,100})"),
    PROJECT: re.compile(r"project/([A-Za-z0-9][A-Za-z0-9_-]{1,254})"),
    LOG_GROUP: re.compile(r"log-group:([.\w/#-]{1,512})(?::\*)?", re.ASCII),
}


class Destination(NamedTuple):
    """A resource that takes events: its service and its name."""

    service: str
    name: str


def destination(scope: Scope, arn: str) -> Destination:
    """What a target's ARN names.

    ``ServiceError`` for what is no ARN of such a resource, ``NotSupported`` for targets of
    services, accounts and regions to which nothing is sent.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ServiceError(
            "ValidationException",
            f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.",
        )
    service, region, account, resource = match.groups()
    pattern = _RESOURCE.get(service)
    if pattern is None:
        raise NotSupported(f"An EventBridge target of the service {service} ({arn})")
    if (account, region) != (scope.account, scope.region):
        raise NotSupported(f"An EventBridge target in another account or region ({arn})")
    name = pattern.fullmatch(resource)
    if name is None:
        raise ServiceError(
            "ValidationException",
            f"Parameter {arn} is not valid. Reason: it does not name a resource of {service} that"
            " can be a target.",
        )
    return Destination(service, name[1])
