"""Lists of what belongs to other compute platforms: there is none of it here."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.absent import Absent
from demitasse.services.base import Context
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.records import find_deployment

_none = Absent(
    api,
    page="nextToken",
    wrong_page="InvalidNextTokenException",
    sentence="There is no {what} {name}.",
)

_none.lists("ListOnPremisesInstances", "on-premises instance", "instanceNames")
_none.lists("ListGitHubAccountTokenNames", "GitHub account token", "tokenNameList")


@api.operation("ListDeploymentInstances")
def list_instances(ctx: Context, given: Input) -> Output:
    """As AWS answers for the ECS platform: its deployments have targets."""
    find_deployment(ctx.tx, ctx.scope, given["deploymentId"])
    raise ServiceError(
        "InvalidComputePlatformException",
        "ListDeploymentInstances is not for the ECS compute platform; use ListDeploymentTargets.",
    )
