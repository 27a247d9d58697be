"""The application of the lab on an installation of the bench's own, as ``demitasse up`` builds it."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

from bench.peers.demitasse import Demitasse
from bench.waiting import until
from demitasse.lab import names

_OPEN = ["Created", "Queued", "InProgress", "Baking", "Ready"]


class Application:
    """Both services, their pipelines and their deployments."""

    def __init__(self, ours: Demitasse) -> None:
        self._ours = ours
        self._ecs = ours.client("ecs")
        self._pipelines = ours.client("codepipeline")
        self._deploy = ours.client("codedeploy")

    @cached_property
    def address(self) -> str:
        """The load balancer's own."""
        found = self._ours.client("elbv2").describe_load_balancers(Names=[names.LOAD_BALANCER])
        address: str = found["LoadBalancers"][0]["DNSName"]
        return address

    def settle(self) -> None:
        """Wait until pipelines and deployments have ended, and all tasks that are desired run."""
        until(self._pipelines_rest, "the pipelines have ended")
        for service in names.SERVICES:
            until(partial(self._is_steady, service), f"{service} is steady")

    def remove_pipelines(self) -> None:
        """Delete all pipelines; what they have built goes on."""
        for name in self._pipeline_names():
            self._pipelines.delete_pipeline(name=name)

    def running(self, service: str) -> list[str]:
        """The service's tasks that are RUNNING."""
        where = {"cluster": names.CLUSTER}
        listed = self._ecs.list_tasks(**where, serviceName=names.family(service))["taskArns"]
        if not listed:
            return []
        seen = self._ecs.describe_tasks(**where, tasks=listed)["tasks"]
        return [each["taskArn"] for each in seen if each["lastStatus"] == "RUNNING"]

    def container(self, task: str) -> str:
        """Docker's id of a task's container."""
        [seen] = self._ecs.describe_tasks(cluster=names.CLUSTER, tasks=[task])["tasks"]
        runtime: str = seen["containers"][0]["runtimeId"]
        return runtime

    def lifecycle(self, service: str) -> dict[str, dict[str, Any]]:
        """The lifecycle events of the service's newest deployment, by name."""
        newest = self._deployments(service)[0]
        [target] = self._deploy.list_deployment_targets(deploymentId=newest)["targetIds"]
        seen = self._deploy.get_deployment_target(deploymentId=newest, targetId=target)
        events = seen["deploymentTarget"]["ecsTarget"]["lifecycleEvents"]
        return {event["lifecycleEventName"]: event for event in events}

    def built(self, service: str) -> float:
        """When the service's newest build ended, in seconds of the epoch."""
        [newest] = self._pipelines.list_pipeline_executions(
            pipelineName=names.build(service), maxResults=1
        )["pipelineExecutionSummaries"]
        ended: float = newest["lastUpdateTime"].timestamp()
        return ended

    def _deployments(self, service: str, statuses: list[str] | None = None) -> list[str]:
        """The ids of the service's deployments, the newest first."""
        listed: list[str] = self._deploy.list_deployments(
            applicationName=names.APPLICATION,
            deploymentGroupName=names.deployment_group(service),
            **({"includeOnlyStatuses": statuses} if statuses else {}),
        )["deployments"]
        return listed

    def _pipeline_names(self) -> list[str]:
        return [each["name"] for each in self._pipelines.list_pipelines()["pipelines"]]

    def _pipelines_rest(self) -> bool:
        for name in self._pipeline_names():
            listed = self._pipelines.list_pipeline_executions(pipelineName=name)
            statuses = {each["status"] for each in listed["pipelineExecutionSummaries"]}
            if not statuses or statuses & {"InProgress", "Stopping"}:
                return False
        return True

    def _is_steady(self, service: str) -> bool:
        """Whether its deployments have ended and its tasks run, no more and no fewer.

        The waiter ``services_stable`` does not do for a service of CodeDeploy's: it looks at the
        service's own ``deployments``, of which there are none.
        """
        if self._deployments(service, _OPEN):
            return False
        answer = self._ecs.describe_services(
            cluster=names.CLUSTER, services=[names.family(service)]
        )
        [seen] = answer["services"]
        return bool(
            seen["runningCount"] == seen["desiredCount"] == len(self.running(service))
            and not seen["pendingCount"]
        )
