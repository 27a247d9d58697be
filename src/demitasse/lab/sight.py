"""What is on its way to production, as any client of the API can see it.

``look`` asks; everything else is a value, so that showing it is another's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demitasse.lab import names
from demitasse.lab.workspace import Workspace


@dataclass(frozen=True)
class Step:
    """Something that is done, is being done, or is still to do. ``status`` is AWS's word."""

    name: str
    status: str
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A pipeline: its stages and the summary of what they work on."""

    name: str
    stages: tuple[Step, ...]


@dataclass(frozen=True)
class Rollout:
    """A deployment: its steps, and the share of production traffic that each version has."""

    id: str
    group: str
    status: str
    steps: tuple[Step, ...]
    shares: tuple[tuple[str, float], ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class Sight:
    """All of it, at one moment."""

    pipelines: tuple[Line, ...] = ()
    rollouts: tuple[Rollout, ...] = ()
    traffic: tuple[tuple[str, str], ...] = field(default_factory=tuple)  # where → to which groups


_STEPS = (
    "BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic",
    "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic",
)  # fmt: skip
_OVER = frozenset({"Succeeded", "Failed", "Stopped"})


def look(lab: Workspace) -> Sight:
    """Ask for pipelines, the newest deployment of each group, and where traffic goes."""
    return Sight(_pipelines(lab), _rollouts(lab), _traffic(lab))


def _pipelines(lab: Workspace) -> tuple[Line, ...]:
    client = lab.client("codepipeline")
    found = client.get_paginator("list_pipelines").paginate().search("pipelines[].name")
    return tuple(_pipeline(client.get_pipeline_state(name=name)) for name in found if name)


def _pipeline(state: dict[str, Any]) -> Line:
    stages = []
    for stage in state["stageStates"]:
        status = stage.get("latestExecution", {}).get("status", "")
        stages.append(Step(stage["stageName"], status, _note(stage["actionStates"])))
    return Line(state["pipelineName"], tuple(stages))


def _note(actions: list[dict[str, Any]]) -> str:
    """The one thing worth saying of a stage's actions: what failed, else what they work on."""
    for action in actions:
        trouble = action.get("latestExecution", {}).get("errorDetails", {}).get("message")
        if trouble:
            return str(trouble)
    summaries = (action.get("latestExecution", {}).get("summary", "") for action in actions)
    return next((str(summary) for summary in summaries if summary), "")


def _rollouts(lab: Workspace) -> tuple[Rollout, ...]:
    client = lab.client("codedeploy")
    rollouts = []
    for service in names.SERVICES:
        group = names.deployment_group(service)
        if lab.deployment_group(group) is None:
            continue
        newest = client.list_deployments(
            applicationName=names.APPLICATION, deploymentGroupName=group
        )["deployments"][:1]
        if newest:
            rollouts.append(_rollout(client, newest[0]))
    return tuple(rollouts)


def _rollout(client: Any, deployment: str) -> Rollout:
    info = client.get_deployment(deploymentId=deployment)["deploymentInfo"]
    targets = client.list_deployment_targets(deploymentId=deployment)["targetIds"]
    events: dict[str, str] = {}
    shares: list[tuple[str, float]] = []
    if targets:
        target = client.batch_get_deployment_targets(
            deploymentId=deployment, targetIds=targets[:1]
        )["deploymentTargets"][0]["ecsTarget"]
        events = {
            event["lifecycleEventName"]: event.get("status", "")
            for event in target.get("lifecycleEvents", ())
        }
        shares = [
            (task_set.get("taskSetLabel", "?"), float(task_set.get("trafficWeight", 0)))
            for task_set in target.get("taskSetsInfo", ())
        ]
    steps = tuple(Step(name, events[name]) for name in _STEPS if name in events)
    return Rollout(
        deployment,
        info["deploymentGroupName"],
        info["status"],
        steps,
        tuple(shares),
        info.get("errorInformation", {}).get("message", ""),
    )


def _traffic(lab: Workspace) -> tuple[tuple[str, str], ...]:
    client = lab.client("elbv2")
    rows = []
    for port, listener in sorted(lab.listeners().items()):
        for rule in client.describe_rules(ListenerArn=listener)["Rules"]:
            paths = [
                value
                for condition in rule["Conditions"]
                for value in condition.get("PathPatternConfig", {}).get("Values", ())
            ]
            where = f":{port}" + (f" {' '.join(paths)}" if paths else " (all else)")
            groups = [
                group
                for action in rule["Actions"]
                for group in action.get("ForwardConfig", {}).get("TargetGroups", ())
            ]
            total = sum(group.get("Weight", 1) for group in groups) or 1
            told = ", ".join(
                f"{group['TargetGroupArn'].split('/')[1]} {100 * group.get('Weight', 1) / total:.0f} %"
                for group in groups
                if group.get("Weight", 1)
            )
            rows.append((where, told))
    return tuple(rows)


def moving(sight: Sight) -> bool:
    """Whether anything is on its way."""
    return any(
        stage.status == "InProgress" for line in sight.pipelines for stage in line.stages
    ) or any(rollout.status not in _OVER for rollout in sight.rollouts)
