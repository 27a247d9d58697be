"""What a registry has from the start: no policy, no replication, no scanning rules."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ecr.operations.base import api
from demitasse.services.ecr.records import REPOSITORIES


@api.operation("DescribeRegistry")
def describe_registry(context: Context, given: Input) -> Output:  # noqa: ARG001 - no members
    """The registry of the account."""
    return {"registryId": context.scope.account, "replicationConfiguration": {"rules": []}}


@api.operation("GetRegistryPolicy")
@api.operation("DeleteRegistryPolicy")
def no_registry_policy(context: Context, given: Input) -> Output:  # noqa: ARG001 - no members
    """There is none, as none can be put."""
    raise ServiceError(
        "RegistryPolicyNotFoundException",
        f"Registry policy does not exist in the registry with id '{context.scope.account}'",
    )


@api.operation("GetRegistryScanningConfiguration")
def get_registry_scanning_configuration(
    context: Context,
    given: Input,  # noqa: ARG001 - no members
) -> Output:
    """Basic scanning, and no rule that would scan anything: AWS's own default."""
    return {
        "registryId": context.scope.account,
        "scanningConfiguration": {"scanType": "BASIC", "rules": []},
    }


@api.operation("BatchGetRepositoryScanningConfiguration")
def batch_get_repository_scanning_configuration(context: Context, given: Input) -> Output:
    """What was asked for repositories; see the images for what came of it."""
    found, failures = [], []
    for name in given["repositoryNames"]:
        item = context.tx.get(REPOSITORIES, context.scope, name)
        if item is None:
            failures.append(
                {
                    "repositoryName": name,
                    "failureCode": "REPOSITORY_NOT_FOUND",
                    "failureReason": f"The repository with name '{name}' does not exist in the"
                    f" registry with id '{context.scope.account}'",
                }
            )
            continue
        scan = item.desired.scan_on_push
        found.append(
            {
                "repositoryArn": item.scope.arn("ecr", f"repository/{name}"),
                "repositoryName": name,
                "scanOnPush": scan,
                "scanFrequency": "SCAN_ON_PUSH" if scan else "MANUAL",
                "appliedScanFilters": [],
            }
        )
    return {"scanningConfigurations": found, "failures": failures}
