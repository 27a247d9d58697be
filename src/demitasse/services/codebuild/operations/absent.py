"""Asking for what nobody can have here, because making one is refused by name.

Reports, batches of builds, sandboxes, fleets, source credentials, what others share: AWS answers
an account that has none of them with an empty page, and a name that it does not know as
"CodeBuild API Reference" gives it for the operation. So do these, and nothing is pretended.
"""

from __future__ import annotations

import re

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codebuild.operations.api import api
from demitasse.services.codebuild.records import find_project
from demitasse.services.codebuild.records.checks import invalid

_REPORT = re.compile(r"arn:aws[\w-]*:codebuild:[\w-]+:[0-9]{12}:report/.+")
_REPORT_GROUP = re.compile(r"arn:aws[\w-]*:codebuild:[\w-]+:[0-9]{12}:report-group/.+")


@api.operation("ListReportGroups")
def list_report_groups(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """There are none."""
    return _none("reportGroups", given)


@api.operation("ListSharedReportGroups")
def list_shared_report_groups(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """There are none."""
    return _none("reportGroups", given)


@api.operation("BatchGetReportGroups")
def batch_get_report_groups(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """None of them is found."""
    return {"reportGroups": [], "reportGroupsNotFound": _once(given["reportGroupArns"])}


@api.operation("ListReports")
def list_reports(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """There are none."""
    return _none("reports", given)


@api.operation("ListReportsForReportGroup")
def list_reports_for_report_group(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """``ResourceNotFoundException``: there is no such group."""
    arn = given["reportGroupArn"]
    if not _REPORT_GROUP.fullmatch(arn):
        invalid(f"Invalid report group ARN: {arn[:200]}")
    raise _not_found("Report group", arn)


@api.operation("BatchGetReports")
def batch_get_reports(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """None of them is found."""
    return {"reports": [], "reportsNotFound": _once(given["reportArns"])}


@api.operation("DescribeTestCases")
def describe_test_cases(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """``ResourceNotFoundException``: there is no such report."""
    _check_report(given["reportArn"])
    raise _not_found("Report", given["reportArn"])


@api.operation("DescribeCodeCoverages")
def describe_code_coverages(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """There is no such report, which is an ``InvalidInputException`` here: AWS has no other."""
    _check_report(given["reportArn"])
    invalid(f"Report cannot be found: {given['reportArn']}")


@api.operation("ListBuildBatches")
def list_build_batches(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """There are none."""
    return _none("ids", given)


@api.operation("ListBuildBatchesForProject")
def list_build_batches_for_project(ctx: Context, given: Input) -> Output:
    """A project has none."""
    if "projectName" not in given:
        invalid("The name of a project is required")
    find_project(ctx.tx, ctx.scope, given["projectName"])
    return _none("ids", given)


@api.operation("BatchGetBuildBatches")
def batch_get_build_batches(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """None of them is found."""
    return {"buildBatches": [], "buildBatchesNotFound": _once(given["ids"])}


@api.operation("ListSandboxes")
def list_sandboxes(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """There are none."""
    return _none("ids", given)


@api.operation("ListSandboxesForProject")
def list_sandboxes_for_project(ctx: Context, given: Input) -> Output:
    """A project has none."""
    find_project(ctx.tx, ctx.scope, given["projectName"])
    return _none("ids", given)


@api.operation("BatchGetSandboxes")
def batch_get_sandboxes(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """None of them is found."""
    return {"sandboxes": [], "sandboxesNotFound": _once(given["ids"])}


@api.operation("ListCommandExecutionsForSandbox")
def list_command_executions_for_sandbox(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """``ResourceNotFoundException``: there is no such sandbox."""
    raise _not_found("Sandbox", given["sandboxId"])


@api.operation("BatchGetCommandExecutions")
def batch_get_command_executions(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """None of them is found."""
    missing = _once(given["commandExecutionIds"])
    return {"commandExecutions": [], "commandExecutionsNotFound": missing}


@api.operation("ListSharedProjects")
def list_shared_projects(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """Nobody shares any: a project cannot have a policy."""
    return _none("projects", given)


@api.operation("ListFleets")
def list_fleets(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """There are none."""
    return _none("fleets", given)


@api.operation("BatchGetFleets")
def batch_get_fleets(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """None of them is found."""
    return {"fleets": [], "fleetsNotFound": _once(given["names"])}


@api.operation("ListSourceCredentials")
def list_source_credentials(ctx: Context, given: Input) -> Output:
    """There are none: no source asks for any."""
    del ctx, given
    return {"sourceCredentialsInfos": []}


def _none(member: str, given: Input) -> Output:
    """An only, empty page. No token leads to another one."""
    if given.get("nextToken"):
        invalid("Invalid token")
    return {member: []}


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _check_report(arn: str) -> None:
    if not _REPORT.fullmatch(arn):
        invalid(f"Invalid report ARN: {arn[:200]}")


def _not_found(what: str, name: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", f"{what} cannot be found: {name}")
