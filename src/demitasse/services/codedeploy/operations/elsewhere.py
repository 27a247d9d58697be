"""Lists of what belongs to other compute platforms: there is none of it here."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.records import find_deployment


@api.operation("ListOnPremisesInstances")
def list_on_premises(_ctx: Context, _given: Input) -> Output:
    """None: registering one is refused."""
    return {"instanceNames": []}


@api.operation("ListGitHubAccountTokenNames")
def list_tokens(_ctx: Context, _given: Input) -> Output:
    """None: revisions in GitHub are refused."""
    return {"tokenNameList": []}


@api.operation("ListDeploymentInstances")
def list_instances(ctx: Context, given: Input) -> Output:
    """As AWS answers for the ECS platform: its deployments have targets."""
    find_deployment(ctx.tx, ctx.scope, given["deploymentId"])
    raise ServiceError(
        "InvalidComputePlatformException",
        "ListDeploymentInstances is not for the ECS compute platform; use ListDeploymentTargets.",
    )
