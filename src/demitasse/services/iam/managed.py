"""AWS's own managed policies, by name: those that go with what runs here.

They may be attached and looked at. Their documents belong to AWS and change; the two that the
course needs to read are held here.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

_PREFIX = "arn:aws:iam::aws:policy"
_SINCE = datetime(2015, 2, 6, 18, 40, tzinfo=UTC)

_NAMES = """
/AWSCloud9Administrator /AWSCloud9SSMInstanceProfile /AWSCloud9User
/AWSCloudFormationFullAccess /AWSCloudFormationReadOnlyAccess /AWSCloudTrail_FullAccess
/AWSCodeBuildAdminAccess /AWSCodeBuildDeveloperAccess /AWSCodeBuildReadOnlyAccess
/AWSCodeCommitFullAccess /AWSCodeCommitPowerUser /AWSCodeCommitReadOnly
/AWSCodeDeployDeployerAccess /AWSCodeDeployFullAccess /AWSCodeDeployReadOnlyAccess
/AWSCodeDeployRoleForECS /AWSCodeDeployRoleForECSLimited
/AWSCodePipelineApproverAccess /AWSCodePipelineCustomActionAccess
/AWSCodePipeline_FullAccess /AWSCodePipeline_ReadOnlyAccess
/AWSLambda_FullAccess /AWSLambda_ReadOnlyAccess /AWSXRayDaemonWriteAccess /AWSXrayFullAccess
/AdministratorAccess /PowerUserAccess /ReadOnlyAccess /SecurityAudit
/AmazonDynamoDBFullAccess /AmazonDynamoDBReadOnlyAccess
/AmazonEC2ContainerRegistryFullAccess /AmazonEC2ContainerRegistryPowerUser
/AmazonEC2ContainerRegistryPullOnly /AmazonEC2ContainerRegistryReadOnly
/AmazonEC2FullAccess /AmazonEC2ReadOnlyAccess /AmazonECS_FullAccess
/AmazonEventBridgeFullAccess /AmazonEventBridgeReadOnlyAccess
/AmazonRDSDataFullAccess /AmazonRDSFullAccess /AmazonRDSReadOnlyAccess
/AmazonRoute53FullAccess /AmazonRoute53ReadOnlyAccess
/AmazonS3FullAccess /AmazonS3ReadOnlyAccess
/AmazonSNSFullAccess /AmazonSNSReadOnlyAccess /AmazonSQSFullAccess /AmazonSQSReadOnlyAccess
/AmazonSSMFullAccess /AmazonSSMManagedInstanceCore /AmazonSSMReadOnlyAccess
/AmazonVPCFullAccess /AmazonVPCReadOnlyAccess
/AutoScalingFullAccess /AutoScalingReadOnlyAccess
/CloudWatchAgentAdminPolicy /CloudWatchAgentServerPolicy
/CloudWatchEventsFullAccess /CloudWatchEventsReadOnlyAccess
/CloudWatchFullAccess /CloudWatchFullAccessV2 /CloudWatchReadOnlyAccess
/CloudWatchLogsFullAccess /CloudWatchLogsReadOnlyAccess
/ElasticLoadBalancingFullAccess /ElasticLoadBalancingReadOnly
/IAMFullAccess /IAMReadOnlyAccess /SecretsManagerReadWrite
/job-function/Billing /job-function/DatabaseAdministrator /job-function/NetworkAdministrator
/job-function/SupportUser /job-function/SystemAdministrator /job-function/ViewOnlyAccess
/service-role/AWSCodeDeployRole /service-role/AWSCodeDeployRoleForLambda
/service-role/AWSLambdaBasicExecutionRole /service-role/AWSLambdaVPCAccessExecutionRole
/service-role/AmazonEC2ContainerServiceAutoscaleRole
/service-role/AmazonEC2ContainerServiceEventsRole
/service-role/AmazonEC2ContainerServiceRole /service-role/AmazonEC2ContainerServiceforEC2Role
/service-role/AmazonECSInfrastructureRolePolicyForVolumes
/service-role/AmazonECSTaskExecutionRolePolicy /service-role/AmazonRDSEnhancedMonitoringRole
""".split()  # noqa: SIM905 - a list of words reads better

_DOCUMENTS = {
    f"{_PREFIX}/AdministratorAccess": """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*"
        }
    ]
}""",
    f"{_PREFIX}/service-role/AmazonECSTaskExecutionRolePolicy": """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "logs:CreateLogStream",
                "logs:PutLogEvents"
            ],
            "Resource": "*"
        }
    ]
}""",
}

ARNS: tuple[str, ...] = tuple(sorted(_PREFIX + name for name in _NAMES))
_KNOWN = frozenset(ARNS)
VERSION = "v1"
CREATED_AT = _SINCE


def known(arn: str) -> bool:
    """Whether it is one of AWS's policies that are known here."""
    return arn in _KNOWN


def is_awss(arn: str) -> bool:
    """Whether the ARN is that of a policy of AWS's, known or not."""
    return arn.startswith(f"{_PREFIX}/")


def name(arn: str) -> str:
    """The policy's name."""
    return arn.rpartition("/")[2]


def path(arn: str) -> str:
    """The policy's path, such as ``/service-role/``."""
    return arn.removeprefix(_PREFIX).removesuffix(name(arn))


def policy_id(arn: str) -> str:
    """An id in AWS's form; not AWS's own one, but always the same."""
    digest = hashlib.sha256(arn.encode()).digest()
    return "ANPA" + base64.b32encode(digest).decode()[:17]


def document(arn: str) -> str | None:
    """The policy's document, where it is held."""
    return _DOCUMENTS.get(arn)
