"""Whatever is sent, the answer is one of CodePipeline; whatever it accepts, it can run."""

from __future__ import annotations

import functools
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kit import asgi
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import (
    BUCKET,
    ROLE,
    SCOPE,
    action,
    approval,
    asking,
    blue_green,
    code,
    image,
    stage,
    structure,
)

from demitasse.services.codepipeline.operations import api

NAMES = (
    "release",
    "Source",
    "Ask",
    "Code",
    "",
    "a b",
    "x" * 300,
    "é",
    "#{a.b}",
    "#{",
    "#{codepipeline.PipelineExecutionId}",
    "true",
    "SourceArtifact",
    "[]",
    '[{"name":"A","value":"b"}]',
    "../../etc",
    "/",
    "1",
    "AWS",
    "CodeCommit",
    "Manual",
    "00000000-0000-0000-0000-000000000000",
    ROLE,
    BUCKET,
    SCOPE.arn("codepipeline", "release"),
    SCOPE.arn("codepipeline", "no"),
)
NUMBERS = (-(2**31), -1, 0, 1, 2, 5, 100, 999, 2**31 - 1)


@functools.cache
def shape(name: str, depth: int = 0) -> st.SearchStrategy[Any]:
    model = asgi.service_model("codepipeline").shape_for(name)
    match model.type_name:
        case "structure":
            members = {each: shape(of.name, depth + 1) for each, of in model.members.items()}
            required = {each: members[each] for each in model.required_members}
            optional = {
                each: of for each, of in members.items() if each not in required and depth < 5
            }
            return st.fixed_dictionaries(required, optional=optional)
        case "list":
            return st.lists(shape(model.member.name, depth + 1), max_size=2)
        case "map":
            values = shape(model.value.name, depth + 1)
            return st.dictionaries(st.sampled_from(NAMES), values, max_size=2)
        case "string":
            return st.sampled_from((*model.enum, *NAMES) if model.enum else NAMES)
        case "boolean":
            return st.booleans()
        case "timestamp":
            return st.datetimes()
        case _:
            return st.sampled_from(NUMBERS)


@functools.cache
def stand() -> Stand:
    made = Stand()
    made.call("codepipeline", "CreatePipeline", pipeline=asking("Ask"))
    made.work()
    return made


@given(st.sampled_from(sorted(api.operations)), st.data())
@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
def test_any_input_gets_an_answer_of_codepipeline(operation: str, data: st.DataObject) -> None:
    model = asgi.service_model("codepipeline").operation_model(operation)
    sent = data.draw(shape(model.input_shape.name))
    for name in ("name", "pipelineName"):
        if name in sent and data.draw(st.booleans()) and operation != "DeletePipeline":
            sent = {**sent, name: "release"}
    client = asgi.Api(stand().app, now=stand().clock.now)
    parsed = client.parsed("codepipeline", operation, sent)
    status = parsed["ResponseMetadata"]["HTTPStatusCode"]
    assert status < 500, parsed
    if status >= 300:
        assert parsed["Error"]["Code"].endswith("Exception")
        assert parsed["Error"]["Message"]


def build(**more: str) -> dict[str, Any]:
    return action(
        "Build",
        "Build",
        "CodeBuild",
        inputs=("SourceArtifact",),
        outputs=("Built",),
        ProjectName="tests",
        **more,
    )


def put(**more: str) -> dict[str, Any]:
    return action(
        "Put", "Deploy", "S3", inputs=("SourceArtifact",), BucketName="site", Extract="true", **more
    )


@st.composite
def structures(draw: st.DrawFn) -> dict[str, Any]:
    """Structures of which many are accepted: good actions with something changed in them."""
    later = draw(st.permutations([build(), put(), approval(), blue_green()]))
    cut = draw(st.integers(1, len(later)))
    stages = [stage("Source", code(), image()), stage("One", *later[:cut])]
    if later[cut:]:
        stages.append(stage("Two", *later[cut:]))
    kind = {
        "pipelineType": "V2",
        "executionMode": draw(st.sampled_from(["SUPERSEDED", "QUEUED", "PARALLEL"])),
    }
    made = structure(*stages, **kind)
    for _ in range(draw(st.integers(0, 3))):
        of_stage = draw(st.sampled_from(made["stages"]))
        chosen = draw(st.sampled_from(of_stage["actions"]))
        more = {"CodeBuild": "EnvironmentVariables", "Manual": "CustomData"}
        member = more.get(chosen["actionTypeId"]["provider"], "BranchName")
        member = draw(st.sampled_from([member, *chosen["configuration"]]))
        chosen["configuration"][member] = draw(st.sampled_from(NAMES))
        chosen["runOrder"] = draw(st.integers(1, 3))
        results = ["FAIL", "RETRY"]
        if made["executionMode"] != "PARALLEL" and of_stage["name"] != "Source":
            results.append("ROLLBACK")
        of_stage.update(onFailure={"result": draw(st.sampled_from(results))})
    return made


@given(structures())
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
def test_what_is_accepted_runs_without_a_bug(made: dict[str, Any]) -> None:
    at = Stand()
    at.project()
    client = asgi.Api(at.app, now=at.clock.now)
    parsed = client.parsed("codepipeline", "CreatePipeline", {"pipeline": made})
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] < 500, parsed
    if "Error" in parsed:
        return
    logger, seen = logging.getLogger("demitasse.control"), _Seen()
    logger.addHandler(seen)
    try:
        at.work()
        at.start()
        at.call("codepipeline", "GetPipelineState", name="release")
        at.history()
    finally:
        logger.removeHandler(seen)
    if seen.records:
        pytest.fail("\n".join(logging.Formatter().format(each) for each in seen.records))


class _Seen(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
