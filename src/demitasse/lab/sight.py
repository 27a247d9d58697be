"""What is on its way to production, as any client of the API can see it.

``look`` asks; everything else is a value, so that showing it is another's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

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
    """A pipeline: its stages, the change it works on, what went wrong with it, and the last lines
    that a build of it printed which failed.
    """

    name: str
    stages: tuple[Step, ...]
    summary: str = ""
    trouble: str = ""
    printed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rollout:
    """A deployment: its five steps, as the console of CodeDeploy has them."""

    id: str
    group: str
    status: str
    begun: datetime
    ended: datetime | None = None
    steps: tuple[Step, ...] = ()
    share: float = 0.0  # per cent of the production traffic that the new version gets
    trouble: str = ""


@dataclass(frozen=True)
class Route:
    """Where requests of a listener go: target group → per cent."""

    where: str
    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Sight:
    """All of it, at one moment."""

    pipelines: tuple[Line, ...] = ()
    rollouts: tuple[Rollout, ...] = ()
    routes: tuple[Route, ...] = ()


PRODUCTION = "Production traffic"
"""The step that moves visitors to the new version."""

OVER = frozenset({"Succeeded", "Failed", "Stopped"})
"""The states in which a deployment ends."""

_DONE = frozenset({"Succeeded", "Skipped"})
_LINES_SHOWN = 4  # of what a failed build printed
_LINES_READ = 50
_OF_CODEBUILD = "[Container]"  # begins the lines of a build's log that no command printed


def look(lab: Workspace) -> Sight:
    """Ask for pipelines, the newest deployment of each group, and where traffic goes."""
    return Sight(_pipelines(lab), _rollouts(lab), _routes(lab))


def _pipelines(lab: Workspace) -> tuple[Line, ...]:
    client = lab.client("codepipeline")
    found = client.get_paginator("list_pipelines").paginate().search("pipelines[].name")
    return tuple(_line(lab, client.get_pipeline_state(name=name)) for name in found if name)


def _line(lab: Workspace, state: dict[str, Any]) -> Line:
    stages, trouble = [], ""
    printed: tuple[str, ...] = ()
    for stage in state["stageStates"]:
        status = stage.get("latestExecution", {}).get("status", "")
        latest = [action.get("latestExecution", {}) for action in stage["actionStates"]]
        build = _build(lab, latest)
        phase = build.get("currentPhase", "") if status == "InProgress" else ""
        stages.append(Step(stage["stageName"], status, phase))
        trouble = trouble or _first(
            action.get("errorDetails", {}).get("message") for action in latest
        )
        if build.get("buildStatus") == "FAILED":
            printed = _printed(lab, build)
    return Line(state["pipelineName"], tuple(stages), _change(state), trouble, printed)


def _change(state: dict[str, Any]) -> str:
    """The newest of what a pipeline's sources have: a commit's title, or an image."""
    actions = [
        action
        for stage in state["stageStates"]
        for action in stage["actionStates"]
        if "currentRevision" in action
    ]
    if not actions:
        return ""
    newest = max(actions, key=lambda action: action["currentRevision"]["created"])
    summary: str = newest.get("latestExecution", {}).get("summary", "")
    kind, _, digest = newest["currentRevision"]["revisionId"].partition("sha256:")
    return summary if kind else f"image {digest[:12]}"


def _build(lab: Workspace, actions: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The build of a stage that is under way or has failed."""
    builds = [
        action["externalExecutionId"]
        for action in actions
        if action.get("status") in {"InProgress", "Failed"}
        and ":" in action.get("externalExecutionId", "")
    ]
    found = lab.client("codebuild").batch_get_builds(ids=builds[:1])["builds"] if builds else ()
    return next(iter(found), {})


def _printed(lab: Workspace, build: dict[str, Any]) -> tuple[str, ...]:
    """The end of what a build's own commands printed."""
    where = build.get("logs", {})
    if "streamName" not in where:
        return ()
    events = lab.client("logs").get_log_events(
        logGroupName=where["groupName"], logStreamName=where["streamName"], limit=_LINES_READ
    )["events"]
    lines = [event["message"].rstrip() for event in events]
    own = [line for line in lines if line and not line.startswith(_OF_CODEBUILD)]
    return tuple(own[-_LINES_SHOWN:])


def _first(texts: Iterable[str | None]) -> str:
    return next((text for text in texts if text), "")


def _rollouts(lab: Workspace) -> tuple[Rollout, ...]:
    client = lab.client("codedeploy")
    newest = [_newest(client, names.deployment_group(service)) for service in names.SERVICES]
    return tuple(_rollout(client, deployment) for deployment in newest if deployment)


def _newest(client: Any, group: str) -> str | None:
    try:
        listed = client.list_deployments(
            applicationName=names.APPLICATION, deploymentGroupName=group
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in {
            "ApplicationDoesNotExistException",
            "DeploymentGroupDoesNotExistException",
        }:
            return None
        raise
    found: list[str] = listed["deployments"]
    return found[0] if found else None


def _rollout(client: Any, deployment: str) -> Rollout:
    info = client.get_deployment(deploymentId=deployment)["deploymentInfo"]
    listed = client.list_deployment_targets(deploymentId=deployment)["targetIds"]
    target: dict[str, Any] = {}
    if listed:
        found = client.batch_get_deployment_targets(deploymentId=deployment, targetIds=listed[:1])
        target = found["deploymentTargets"][0]["ecsTarget"]
    labelled = {each.get("taskSetLabel"): each for each in target.get("taskSetsInfo", ())}
    green: dict[str, Any] = labelled.get("Green", {})
    share = float(green.get("trafficWeight", 0))
    return Rollout(
        deployment,
        info["deploymentGroupName"],
        info["status"],
        info["createTime"],
        info.get("completeTime"),
        _steps(info, target, green, share),
        share,
        _first(
            (
                info.get("errorInformation", {}).get("message"),
                *info.get("deploymentStatusMessages", ()),
            )
        ),
    )


def _steps(
    info: dict[str, Any], target: dict[str, Any], green: dict[str, Any], share: float
) -> tuple[Step, ...]:
    """The five steps, out of the lifecycle's events and what comes after these."""
    events = {
        event["lifecycleEventName"]: event.get("status", "Pending")
        for event in target.get("lifecycleEvents", ())
    }
    over = info["status"] in OVER
    is_moved = events.get("AllowTraffic") == "Succeeded"
    waits = bool(info.get("instanceTerminationWaitTimeStarted")) and not over
    last = "Succeeded" if info["status"] == "Succeeded" else "Skipped" if over else "Pending"
    return (
        Step(
            "Replacement tasks",
            _together(events, "BeforeInstall", "Install", "AfterInstall"),
            _tasks(green, events),
        ),
        Step("Test traffic", _together(events, "AllowTestTraffic", "AfterAllowTestTraffic")),
        Step(
            PRODUCTION,
            _together(events, "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"),
            f"{share:.0f} % on the new version",
        ),
        Step("Wait", "InProgress" if waits and is_moved else last),
        Step("Original tasks stopped", last),
    )


def _tasks(green: dict[str, Any], events: dict[str, str]) -> str:
    """How far the replacement's tasks are."""
    running, wanted = green.get("runningCount", 0), green.get("desiredCount", 0)
    if not wanted:
        return ""
    is_checked = running == wanted and events.get("Install") == "InProgress"
    return f"{running} of {wanted} running" + (", being checked" if is_checked else "")


def _together(events: dict[str, str], *members: str) -> str:
    """The state of a step out of its events' states."""
    missing = "Skipped" if events else "Pending"  # no test listener, no events about tests
    states = [events.get(name, missing) for name in members]
    for status in ("Failed", "InProgress"):
        if status in states:
            return status
    if all(state in _DONE for state in states):
        return "Succeeded" if "Succeeded" in states else "Skipped"
    return "InProgress" if _DONE.intersection(states) else "Pending"


def _routes(lab: Workspace) -> tuple[Route, ...]:
    client = lab.client("elbv2")
    return tuple(
        _route(port, rule)
        for port, listener in sorted(lab.listeners().items())
        for rule in client.describe_rules(ListenerArn=listener)["Rules"]
    )


def _route(port: int, rule: dict[str, Any]) -> Route:
    conditions = [
        value
        for condition in rule["Conditions"]
        for value in condition.get("PathPatternConfig", {}).get("Values", ())
    ]
    groups = [
        (group["TargetGroupArn"].split("/")[1], float(group.get("Weight", 1)))
        for action in rule["Actions"]
        for group in action.get("ForwardConfig", {}).get("TargetGroups", ())
    ]
    total = sum(weight for _, weight in groups) or 1.0
    return Route(
        f":{port} {' '.join(conditions) if conditions else 'all else'}",
        tuple((name, 100 * weight / total) for name, weight in groups if weight),
    )
