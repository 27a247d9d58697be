"""What CodeBuild answers about what nobody can make here: AWS's empty pages and errors."""

from __future__ import annotations

from typing import Any

import botocore.loaders
import pytest
from tests.kit.stand import SCOPE
from tests.unit.services.codebuild.world import World

GROUP = SCOPE.arn("codebuild", "report-group/units")
REPORT = SCOPE.arn("codebuild", "report/units:1")
NO_PARENT: dict[str, tuple[dict[str, Any], str]] = {
    "DescribeCodeCoverages": ({"reportArn": REPORT}, "InvalidInputException"),
    "DescribeTestCases": ({"reportArn": REPORT}, "ResourceNotFoundException"),
    "ListBuildBatchesForProject": ({"projectName": "none"}, "ResourceNotFoundException"),
    "ListBuildsForProject": ({"projectName": "none"}, "ResourceNotFoundException"),
    "ListCommandExecutionsForSandbox": ({"sandboxId": "none"}, "ResourceNotFoundException"),
    "ListReportsForReportGroup": ({"reportGroupArn": GROUP}, "ResourceNotFoundException"),
    "ListSandboxesForProject": ({"projectName": "none"}, "ResourceNotFoundException"),
}


def paginators() -> dict[str, str]:
    """The operations of which botocore makes pages, and the member that a page is of."""
    model = botocore.loaders.Loader().load_service_model("codebuild", "paginators-1")
    return {name: each["result_key"] for name, each in model["pagination"].items()}


def answer(world: World, operation: str, **members: Any) -> dict[str, Any]:
    """What is answered, all of it."""
    answered: dict[str, Any] = world.call(operation, **members)
    answered.pop("ResponseMetadata")
    return answered


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(("operation", "member"), sorted(paginators().items()))
def test_an_account_with_nothing_has_an_empty_page_of_everything(
    world: World, operation: str, member: str
) -> None:
    members, code = NO_PARENT.get(operation, ({}, ""))
    if code:
        assert world.refusal(operation, **members)[0] == code
        return
    assert answer(world, operation) == {member: []}
    assert world.refusal(operation, nextToken="x")[0] == "InvalidInputException"


def test_a_project_has_no_batches_and_sandboxes() -> None:
    world = World()
    world.project()
    for operation in ("ListBuildBatchesForProject", "ListSandboxesForProject"):
        assert answer(world, operation, projectName="app") == {"ids": []}
    assert world.refusal("ListBuildBatchesForProject")[0] == "InvalidInputException"


@pytest.mark.parametrize(
    ("operation", "members", "found"),
    [
        ("BatchGetBuildBatches", {"ids": ["a", "b", "a"]}, "buildBatches"),
        (
            "BatchGetCommandExecutions",
            {"sandboxId": "s", "commandExecutionIds": ["a", "b"]},
            "commandExecutions",
        ),
        ("BatchGetFleets", {"names": ["a", "b"]}, "fleets"),
        ("BatchGetReportGroups", {"reportGroupArns": ["a", "b"]}, "reportGroups"),
        ("BatchGetReports", {"reportArns": ["a", "b"]}, "reports"),
        ("BatchGetSandboxes", {"ids": ["a", "b"]}, "sandboxes"),
    ],
)
def test_nothing_of_them_is_found(
    world: World, operation: str, members: dict[str, Any], found: str
) -> None:
    assert answer(world, operation, **members) == {found: [], f"{found}NotFound": ["a", "b"]}


def test_what_is_no_reports_name_is_told_apart(world: World) -> None:
    for operation in ("DescribeTestCases", "DescribeCodeCoverages"):
        code, message = world.refusal(operation, reportArn=GROUP)
        assert (code, "Invalid report ARN" in message) == ("InvalidInputException", True)
    code, message = world.refusal("ListReportsForReportGroup", reportGroupArn=REPORT)
    assert (code, "Invalid report group ARN" in message) == ("InvalidInputException", True)


def test_there_are_no_fleets_and_credentials(world: World) -> None:
    assert answer(world, "ListFleets") == {"fleets": []}
    assert answer(world, "ListSourceCredentials") == {"sourceCredentialsInfos": []}
