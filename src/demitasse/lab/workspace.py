"""What a task works with: the API's clients, the sources, Docker, and what is there already."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from demitasse.lab import names
from demitasse.lab.docker import Docker
from demitasse.lab.errors import NotYet
from demitasse.lab.git import Git


@dataclass(frozen=True)
class Workspace:
    """Where the lab is built: Demitasse when ``endpoint`` is given, else AWS itself."""

    session: boto3.Session
    sources: Path
    docker: Docker
    folder: Path  # where repositories are worked on
    git: Git = field(default_factory=Git)
    endpoint: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """The boto3 client of a service."""
        if service not in self._clients:
            self._clients[service] = self.session.client(
                service,
                endpoint_url=self.endpoint,
                config=Config(
                    retries={"max_attempts": 3, "mode": "standard"},
                    # An endpoint is on this machine, where no proxy leads.
                    proxies=None if self.endpoint is None else {},
                ),
            )
        return self._clients[service]

    # what AWS has from the start

    def account(self) -> str:
        """The account's id."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def vpc(self) -> str:
        """The default VPC's id; ``NotYet`` when somebody deleted it."""
        return str(self._default_vpc()["VpcId"])

    def vpc_range(self) -> str:
        """The default VPC's addresses, such as ``172.31.0.0/16``; ``NotYet`` as above."""
        return str(self._default_vpc()["CidrBlock"])

    def _default_vpc(self) -> dict[str, Any]:
        answer = self.client("ec2").describe_vpcs(
            Filters=[{"Name": "is-default", "Values": ["true"]}]
        )
        if not answer["Vpcs"]:
            raise NotYet("there is no default VPC")
        found: dict[str, Any] = answer["Vpcs"][0]
        return found

    def subnets(self) -> list[str]:
        """Two of the default VPC's own (public) subnets, in different zones; fewer if there are."""
        answer = self.client("ec2").describe_subnets(
            Filters=[
                {"Name": "vpc-id", "Values": [self.vpc()]},
                {"Name": "default-for-az", "Values": ["true"]},
            ]
        )
        ordered = sorted(answer["Subnets"], key=lambda subnet: subnet["AvailabilityZone"])
        return [subnet["SubnetId"] for subnet in ordered[:2]]

    # what the tasks make; None while it is not there

    def security_group(self, name: str) -> str | None:
        """A security group's id."""
        answer = self.client("ec2").describe_security_groups(
            Filters=[
                {"Name": "vpc-id", "Values": [self.vpc()]},
                {"Name": "group-name", "Values": [name]},
            ]
        )
        groups = answer["SecurityGroups"]
        return groups[0]["GroupId"] if groups else None

    def database(self) -> dict[str, Any] | None:
        """The DB instance."""
        return _unless(
            "DBInstanceNotFound",
            lambda: self.client("rds").describe_db_instances(DBInstanceIdentifier=names.DATABASE)[
                "DBInstances"
            ][0],
        )

    def repository(self, name: str) -> dict[str, Any] | None:
        """A repository of the registry."""
        return _unless(
            "RepositoryNotFoundException",
            lambda: self.client("ecr").describe_repositories(repositoryNames=[name])[
                "repositories"
            ][0],
        )

    def pushed_digest(self, name: str) -> str | None:
        """The digest of a repository's image ``latest``."""
        try:
            answer = self.client("ecr").describe_images(
                repositoryName=name, imageIds=[{"imageTag": "latest"}]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in {
                "RepositoryNotFoundException",
                "ImageNotFoundException",
            }:
                return None
            raise
        return str(answer["imageDetails"][0]["imageDigest"])

    def task_definition(self, family: str) -> dict[str, Any] | None:
        """The newest active task definition of a family."""
        return _unless(
            "ClientException",
            lambda: self.client("ecs").describe_task_definition(taskDefinition=family)[
                "taskDefinition"
            ],
        )

    def target_group(self, name: str) -> dict[str, Any] | None:
        """A target group."""
        return _unless(
            "TargetGroupNotFound",
            lambda: self.client("elbv2").describe_target_groups(Names=[name])["TargetGroups"][0],
        )

    def target_group_arn(self, name: str) -> str:
        """A target group's ARN; ``NotYet`` when there is none."""
        group = self.target_group(name)
        if group is None:
            raise NotYet(f"there is no target group {name}")
        return str(group["TargetGroupArn"])

    def load_balancer(self) -> dict[str, Any] | None:
        """The load balancer."""
        return _unless(
            "LoadBalancerNotFound",
            lambda: self.client("elbv2").describe_load_balancers(Names=[names.LOAD_BALANCER])[
                "LoadBalancers"
            ][0],
        )

    def listeners(self) -> dict[int, str]:
        """The load balancer's listeners: port → ARN."""
        balancer = self.load_balancer()
        if balancer is None:
            return {}
        answer = self.client("elbv2").describe_listeners(
            LoadBalancerArn=balancer["LoadBalancerArn"]
        )
        return {listener["Port"]: listener["ListenerArn"] for listener in answer["Listeners"]}

    def service(self, name: str) -> dict[str, Any] | None:
        """An active ECS service."""
        try:
            answer = self.client("ecs").describe_services(cluster=names.CLUSTER, services=[name])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ClusterNotFoundException":
                return None
            raise
        active = [service for service in answer["services"] if service["status"] == "ACTIVE"]
        return active[0] if active else None

    def git_repository(self, name: str) -> dict[str, Any] | None:
        """A CodeCommit repository."""
        return _unless(
            "RepositoryDoesNotExistException",
            lambda: self.client("codecommit").get_repository(repositoryName=name)[
                "repositoryMetadata"
            ],
        )

    def branch_head(self, repository: str, branch: str) -> str | None:
        """The commit at which a branch stands."""
        try:
            answer = self.client("codecommit").get_branch(
                repositoryName=repository, branchName=branch
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in {
                "RepositoryDoesNotExistException",
                "BranchDoesNotExistException",
            }:
                return None
            raise
        return str(answer["branch"]["commitId"])

    def repository_file(self, repository: str, branch: str, path: str) -> str | None:
        """What a file holds on a branch, as text."""
        try:
            answer = self.client("codecommit").get_file(
                repositoryName=repository, commitSpecifier=branch, filePath=path
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in {
                "FileDoesNotExistException",
                "FolderDoesNotExistException",
            }:
                return None
            raise
        return bytes(answer["fileContent"]).decode(errors="replace")

    def deployment_application(self, name: str) -> dict[str, Any] | None:
        """A CodeDeploy application."""
        return _unless(
            "ApplicationDoesNotExistException",
            lambda: self.client("codedeploy").get_application(applicationName=name)["application"],
        )

    def deployment_group(self, name: str) -> dict[str, Any] | None:
        """A deployment group of the application."""
        try:
            answer = self.client("codedeploy").get_deployment_group(
                applicationName=names.APPLICATION, deploymentGroupName=name
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in {
                "ApplicationDoesNotExistException",
                "DeploymentGroupDoesNotExistException",
            }:
                return None
            raise
        found: dict[str, Any] = answer["deploymentGroupInfo"]
        return found

    def has_bucket(self, name: str) -> bool:
        """Whether a bucket of ours is there."""
        try:
            self.client("s3").head_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "404":
                return False
            raise
        return True

    def pipeline(self, name: str) -> dict[str, Any] | None:
        """A pipeline's structure."""
        return _unless(
            "PipelineNotFoundException",
            lambda: self.client("codepipeline").get_pipeline(name=name)["pipeline"],
        )

    def has_project(self, name: str) -> bool:
        """Whether a CodeBuild project is there."""
        return bool(self.client("codebuild").batch_get_projects(names=[name])["projects"])

    # the application, as a visitor meets it

    def get(self, url: str, form: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Ask for a page (POST with a ``form``), redirects followed; status 0: no answer."""
        data = None if form is None else urllib.parse.urlencode(form).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, data=data, timeout=5) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)


def _unless(code: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] == code:
            return None
        raise
