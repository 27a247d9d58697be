"""CodeDeploy as boto3 sees it, with an ECS service and a load balancer to deploy to."""

from __future__ import annotations

from typing import Any

import msgspec
from botocore.exceptions import ClientError
from tests.kit import asgi, stand

from demitasse.engines.objects.fake import FakeObjects
from demitasse.services.codedeploy import operations as codedeploy
from demitasse.services.codedeploy.controller import DeploymentController
from demitasse.services.codedeploy.records import DEPLOYMENTS, GROUPS, GroupObserved
from demitasse.services.codedeploy.records.creating import state_changed
from demitasse.services.ec2 import operations as ec2
from demitasse.services.ec2.records import SUBNETS, VPCS
from demitasse.services.ecs import operations as ecs
from demitasse.services.elbv2 import operations as elbv2
from demitasse.services.elbv2.records import LISTENERS, RULES, Applied, digest

SCOPE = stand.SCOPE
ROLE = SCOPE.global_arn("iam", "role/DeployRole")
APPSPEC = """\
version: 0.0
resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "arn:aws:ecs:us-east-1:{account}:task-definition/web:{revision}"
        LoadBalancerInfo:
          ContainerName: "web"
          ContainerPort: 8080
"""


class Stand(stand.Stand):
    """Every call goes through the wire, by botocore's own serialisers and parsers."""

    def __init__(self, *, group: bool = True) -> None:
        super().__init__(ec2.api, elbv2.api, ecs.api, codedeploy.api)
        self.objects = FakeObjects()
        self.client = asgi.Api(self.app, now=self.clock.now)
        self.call("ec2", "DescribeVpcs")
        with self.store.transaction() as tx:
            self.vpc = tx.page(VPCS, SCOPE)[0].key
            self.subnets = [each.key for each in tx.page(SUBNETS, SCOPE)][:2]
        self.groups = {name: self._target_group(name) for name in ("one", "two", "three")}
        balancer = self.call("elbv2", "CreateLoadBalancer", Name="lb", Subnets=self.subnets)
        self.balancer = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        self.production, self.test = self._listener(80, "two"), self._listener(8080, "one")
        self.call("ecs", "CreateCluster", clusterName="c")
        for _ in range(2):
            self._register()
        self.service("web")
        self.deploy("CreateApplication", applicationName="app", computePlatform="ECS")
        if group:
            self.group()

    def _target_group(self, name: str) -> str:
        made = self.call(
            "elbv2",
            "CreateTargetGroup",
            Name=name,
            Protocol="HTTP",
            Port=8080,
            VpcId=self.vpc,
            TargetType="ip",
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def _listener(self, port: int, group: str) -> str:
        made = self.call(
            "elbv2",
            "CreateListener",
            LoadBalancerArn=self.balancer,
            Protocol="HTTP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.groups[group]}],
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def _register(self) -> None:
        self.call(
            "ecs",
            "RegisterTaskDefinition",
            family="web",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {"name": "web", "image": "web", "portMappings": [{"containerPort": 8080}]}
            ],
        )

    def service(self, name: str, *, controller: str = "CODE_DEPLOY") -> None:
        self.call(
            "ecs",
            "CreateService",
            cluster="c",
            serviceName=name,
            taskDefinition="web:1",
            desiredCount=1,
            launchType="FARGATE",
            deploymentController={"type": controller},
            networkConfiguration={"awsvpcConfiguration": {"subnets": self.subnets}},
            loadBalancers=[
                {
                    "targetGroupArn": self.groups["two"],
                    "containerName": "web",
                    "containerPort": 8080,
                }
            ],
        )

    def deploy(self, operation: str, **given: Any) -> dict[str, Any]:
        """A call of CodeDeploy."""
        return dict(self.call("codedeploy", operation, **given))

    def ecs(self, operation: str, /, **given: Any) -> dict[str, Any]:
        """A call of ECS, some of whose members are called ``service``."""
        parsed = self.client.parsed("ecs", operation, given)
        if parsed["ResponseMetadata"]["HTTPStatusCode"] >= 300:
            raise ClientError(parsed, operation)
        return parsed

    def refused(self, operation: str, **given: Any) -> tuple[str, str]:
        """Code and message of the error that a call of CodeDeploy must give."""
        code, message = self.refusal("codedeploy", operation, **given)
        return code, message

    def group_input(self, **changes: Any) -> dict[str, Any]:
        """The course's deployment group, as mended."""
        wanted = {
            "applicationName": "app",
            "deploymentGroupName": "group",
            "serviceRoleArn": ROLE,
            "deploymentStyle": {
                "deploymentType": "BLUE_GREEN",
                "deploymentOption": "WITH_TRAFFIC_CONTROL",
            },
            "blueGreenDeploymentConfiguration": {
                "terminateBlueInstancesOnDeploymentSuccess": {
                    "action": "TERMINATE",
                    "terminationWaitTimeInMinutes": 5,
                },
                "deploymentReadyOption": {
                    "actionOnTimeout": "CONTINUE_DEPLOYMENT",
                    "waitTimeInMinutes": 0,
                },
            },
            "loadBalancerInfo": {"targetGroupPairInfoList": [self.pair()]},
            "ecsServices": [{"serviceName": "web", "clusterName": "c"}],
            **changes,
        }
        return {key: value for key, value in wanted.items() if value is not None}

    def pair(self, **changes: Any) -> dict[str, Any]:
        wanted = {
            "targetGroups": [{"name": "two"}, {"name": "one"}],
            "prodTrafficRoute": {"listenerArns": [self.production]},
            "testTrafficRoute": {"listenerArns": [self.test]},
            **changes,
        }
        return {key: value for key, value in wanted.items() if value is not None}

    def group(self, **changes: Any) -> str:
        return str(
            self.deploy("CreateDeploymentGroup", **self.group_input(**changes))["deploymentGroupId"]
        )

    def revision(self, content: str = "", **changes: Any) -> dict[str, Any]:
        content = content or APPSPEC.format(account=SCOPE.account, revision=2)
        return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content, **changes}}

    def begin(self, **changes: Any) -> str:
        """Begin a deployment; its id."""
        wanted = {
            "applicationName": "app",
            "deploymentGroupName": "group",
            "revision": self.revision(),
            **changes,
        }
        return str(self.deploy("CreateDeployment", **wanted)["deploymentId"])

    def work(self) -> None:
        """The deployment controller works, and the load balancer does what it is told."""
        for _ in range(3):
            self.settle(
                DeploymentController(
                    store=self.store,
                    clock=self.clock,
                    waits=self.waits,
                    ids=self.ids,
                    objects=self.objects,
                )
            )
            with self.store.transaction() as tx:
                for listener in tx.page(LISTENERS, SCOPE):
                    tx.observe(LISTENERS, listener.ref, Applied(digest(listener.desired)))
                for rule in tx.page(RULES, SCOPE):
                    tx.observe(RULES, rule.ref, Applied(digest(rule.desired)))

    def succeed(self, deployment: str) -> None:
        """Let a deployment have succeeded."""
        with self.store.transaction() as tx:
            item = tx.get(DEPLOYMENTS, SCOPE, deployment)
            assert item is not None
            done = msgspec.structs.replace(item.observed, status="Succeeded", phase="done")
            item = tx.observe(DEPLOYMENTS, item.ref, done)
            state_changed(tx, item, self.ids, self.clock.now())
            group = tx.one(GROUPS, SCOPE, "id", item.desired.group_id)
            assert group is not None
            tx.observe(GROUPS, group.ref, GroupObserved(deployment, deployment))

    def info(self, deployment: str) -> dict[str, Any]:
        return dict(self.deploy("GetDeployment", deploymentId=deployment)["deploymentInfo"])
