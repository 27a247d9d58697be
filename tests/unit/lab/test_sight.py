"""What ``watch`` shows, out of answers as AWS's services give them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demitasse.lab import sight
from demitasse.lab.sight import Line, Route, Step

BEGUN = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
NO_GROUP = "DeploymentGroupDoesNotExistException"


class Pages:
    def __init__(self, *names: str) -> None:
        self.names = names

    def paginate(self) -> Pages:
        return self

    def search(self, _expression: str) -> list[str | None]:
        return list(self.names) or [None]  # as botocore has it for an empty list


class Lab:
    """Canned answers; each service's client is this itself."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.build: dict[str, Any] = {"currentPhase": "PRE_BUILD", "buildStatus": "IN_PROGRESS"}
        self.log: list[str] = []
        self.deployments: dict[str, dict[str, Any]] = {}  # group → info
        self.target: dict[str, Any] | None = None
        self.missing = ""
        self.ports: dict[int, list[dict[str, Any]]] = {}

    def client(self, _service: str) -> Lab:
        return self

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "list_pipelines"
        return Pages(*self.states)

    def get_pipeline_state(self, name: str) -> dict[str, Any]:
        return {"pipelineName": name, "stageStates": self.states[name]}

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        assert ids == ["build-employee:1"]
        return {"builds": [self.build]}

    def get_log_events(self, **given: Any) -> dict[str, Any]:
        assert (given["logGroupName"], given["logStreamName"]) == ("/aws/codebuild", "1")
        return {"events": [{"message": f"{line}\n"} for line in self.log]}

    def list_deployments(self, **given: str) -> dict[str, Any]:
        assert given["applicationName"] == "microservices"
        if self.missing:
            raise ClientError({"Error": {"Code": self.missing, "Message": ""}}, "ListDeployments")
        group = given["deploymentGroupName"]
        return {"deployments": [group] if group in self.deployments else []}

    def get_deployment(self, deploymentId: str) -> dict[str, Any]:  # noqa: N803
        info = self.deployments[deploymentId]
        return {"deploymentInfo": {"deploymentGroupName": deploymentId, "createTime": BEGUN} | info}

    def list_deployment_targets(self, **_: str) -> dict[str, Any]:
        return {"targetIds": [] if self.target is None else ["cluster:service"]}

    def batch_get_deployment_targets(self, **_: Any) -> dict[str, Any]:
        return {"deploymentTargets": [{"ecsTarget": self.target}]}

    def listeners(self) -> dict[int, str]:
        return {port: str(port) for port in self.ports}

    def describe_rules(self, ListenerArn: str) -> dict[str, Any]:  # noqa: N803
        return {"Rules": self.ports[int(ListenerArn)]}


@pytest.fixture
def lab() -> Any:
    return Lab()


@pytest.mark.parametrize(
    "missing", ["", NO_GROUP, "ApplicationDoesNotExistException"], ids=["none yet", "group", "app"]
)
def test_of_nothing_there_is_nothing_to_see(lab: Any, missing: str) -> None:
    lab.missing = missing
    assert sight.look(lab) == sight.Sight()


def test_other_errors_are_errors(lab: Any) -> None:
    lab.missing = "AccessDeniedException"
    with pytest.raises(ClientError):
        sight.look(lab)


def stage(name: str, state: str = "", /, **action: Any) -> dict[str, Any]:
    told = {"stageName": name, "actionStates": [{"latestExecution": action} if action else {}]}
    return told | ({"latestExecution": {"status": state}} if state else {})


def source(revision: str, created: datetime, **action: Any) -> dict[str, Any]:
    """The state of a source's action."""
    return {
        "currentRevision": {"revisionId": revision, "created": created},
        "latestExecution": {"status": "Succeeded", **action},
    }


def test_a_pipelines_stages_what_it_works_on_and_what_went_wrong(lab: Any) -> None:
    lab.states["build-employee"] = [
        {
            "stageName": "Source",
            "latestExecution": {"status": "Succeeded"},
            "actionStates": [source("c0ffee", BEGUN, summary="Make the bar light")],
        },
        stage("Build", "InProgress", status="InProgress", externalExecutionId="build-employee:1"),
    ]
    lab.states["update-employee"] = [
        stage("Source", "Succeeded", status="Succeeded"),
        stage("Deploy", "Failed", status="Failed", errorDetails={"message": "It exits"}),
        stage("After"),
    ]
    seen = sight.look(lab)
    assert seen.pipelines == (
        Line(
            "build-employee",
            (Step("Source", "Succeeded"), Step("Build", "InProgress", "PRE_BUILD")),
            "Make the bar light",
        ),
        Line(
            "update-employee",
            (Step("Source", "Succeeded"), Step("Deploy", "Failed"), Step("After", "")),
            "",
            "It exits",
        ),
    )


def test_a_pipeline_of_two_sources_shows_the_one_that_changed_last(lab: Any) -> None:
    commit = source("c0ffee", BEGUN, summary="task definitions")
    image = source("sha256:0123456789abcdef", datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    lab.states["update-employee"] = [{"stageName": "Source", "actionStates": [commit, image]}]
    assert sight.look(lab).pipelines[0].summary == "image 0123456789ab"
    commit["currentRevision"]["created"] = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert sight.look(lab).pipelines[0].summary == "task definitions"


def test_of_a_build_that_failed_the_last_lines_that_it_printed_are_shown(lab: Any) -> None:
    lab.states["build-employee"] = [
        stage("Build", "Failed", status="Failed", externalExecutionId="build-employee:1")
    ]
    lab.log = [f"line {number}" for number in range(9)] + ["", "1 failed", "[Container] exit 1"]
    lab.build = {"buildStatus": "FAILED"}
    assert sight.look(lab).pipelines[0].printed == (), "it ended before it had a log"
    lab.build["logs"] = {"groupName": "/aws/codebuild", "streamName": "1"}
    (line,) = sight.look(lab).pipelines
    assert line.printed == ("line 6", "line 7", "line 8", "1 failed")
    assert line.stages == (Step("Build", "Failed"),)
    lab.build["buildStatus"] = "STOPPED"
    assert sight.look(lab).pipelines[0].printed == ()


EVENTS = (
    "BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic",
    "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic",
)  # fmt: skip


def target(done: int, now: str = "", share: int = 0, rest: str = "Pending") -> dict[str, Any]:
    """A deployment in which so many events are over."""
    states = ["Succeeded"] * done + ([now] if now else [])
    states += [rest] * (len(EVENTS) - len(states))
    return {
        "lifecycleEvents": [
            {"lifecycleEventName": name, "status": status}
            for name, status in zip(EVENTS, states, strict=True)
        ],
        "taskSetsInfo": [
            {"taskSetLabel": "Blue", "trafficWeight": 100 - share},
            {
                "taskSetLabel": "Green",
                "trafficWeight": share,
                "runningCount": 1,
                "desiredCount": 2,
            },
        ],
    }


P, I, S, F, X = "Pending", "InProgress", "Succeeded", "Failed", "Skipped"  # noqa: E741


@pytest.mark.parametrize(
    ("seen", "info", "steps"),
    [
        (None, {"status": "Created"}, (P, P, P, P, P)),
        (target(0), {"status": "Created"}, (P, P, P, P, P)),
        (target(1, "InProgress"), {"status": "InProgress"}, (I, P, P, P, P)),
        (target(2), {"status": "InProgress"}, (I, P, P, P, P)),
        (target(3, "InProgress"), {"status": "InProgress"}, (S, I, P, P, P)),
        (target(6, "InProgress", 20), {"status": "InProgress"}, (S, S, I, P, P)),
        (
            target(8, share=100),
            {"status": "InProgress", "instanceTerminationWaitTimeStarted": True},
            (S, S, S, I, P),
        ),
        (
            target(8, share=100),
            {"status": "Succeeded", "instanceTerminationWaitTimeStarted": True},
            (S, S, S, S, S),
        ),
        (target(1, "Failed", rest="Skipped"), {"status": "Failed"}, (F, X, X, X, X)),
        (target(0, rest="Skipped"), {"status": "Stopped"}, (X, X, X, X, X)),
    ],
)
def test_the_five_steps_of_a_deployment(lab: Any, seen: Any, info: Any, steps: Any) -> None:
    lab.target = seen
    lab.deployments["microservices-employee"] = info
    (rollout,) = sight.look(lab).rollouts
    assert tuple(step.status for step in rollout.steps) == steps
    assert (rollout.group, rollout.status) == ("microservices-employee", info["status"])


def test_what_is_told_of_a_deployment(lab: Any) -> None:
    ended = datetime(2026, 11, 23, 7, 1, tzinfo=UTC)
    lab.target = target(6, "Failed", 20)
    lab.deployments["microservices-customer"] = {
        "status": "Failed",
        "completeTime": ended,
        "errorInformation": {"message": "Essential container in task exited"},
    }
    (rollout,) = sight.look(lab).rollouts
    assert (rollout.share, rollout.begun, rollout.ended) == (20, BEGUN, ended)
    assert rollout.trouble == "Essential container in task exited"
    assert rollout.steps[0].note == "1 of 2 running"
    assert rollout.steps[2].note == "20 % on the new version"


def test_what_keeps_a_deployment_from_going_on(lab: Any) -> None:
    lab.target = target(1, "InProgress")
    lab.deployments["microservices-customer"] = {
        "status": "InProgress",
        "deploymentStatusMessages": ["The replacement's tasks fail"],
    }
    (rollout,) = sight.look(lab).rollouts
    assert rollout.trouble == "The replacement's tasks fail"


def test_without_a_test_listener_its_step_is_skipped(lab: Any) -> None:
    lab.target = target(1, "InProgress")
    lab.target["lifecycleEvents"] = [
        each for each in lab.target["lifecycleEvents"] if "Test" not in each["lifecycleEventName"]
    ]
    lab.deployments["microservices-customer"] = {"status": "InProgress"}
    (rollout,) = sight.look(lab).rollouts
    assert [step.status for step in rollout.steps] == [I, X, P, P, P]


def rule(*paths: str, **weights: int) -> dict[str, Any]:
    groups = [
        {"TargetGroupArn": f"arn:aws:elb:r:1:targetgroup/{name}/1", "Weight": weight}
        for name, weight in weights.items()
    ]
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": list(paths)}}]
    action: dict[str, Any] = {"Type": "fixed-response"}
    if groups:
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    return {"Conditions": conditions if paths else [{"Field": "source-ip"}], "Actions": [action]}


def test_where_requests_go(lab: Any) -> None:
    lab.ports = {8080: [rule(one=1)], 80: [rule("/admin/*", one=1, two=3, three=0), rule()]}
    assert sight.look(lab).routes == (
        Route(":80 /admin/*", (("one", 25), ("two", 75))),
        Route(":80 all else", ()),
        Route(":8080 all else", (("one", 100),)),
    )
