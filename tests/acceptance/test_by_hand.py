"""The course by hand: what docs/by-hand.md has typed with ``aws``, ``git`` and ``docker`` works, and
gives what it says, with the two failures that the course expects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.acceptance.application import (
    CUSTOMER,
    EMPLOYEE,
    Application,
    installation_in,
    up,
    wait_until,
)
from tests.acceptance.guide import Shell, sections

from demitasse.cli.up import workspace
from demitasse.lab import names, sight
from demitasse.lab.workspace import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.slow]

COMPRESSION = "60"  # the five minutes before the original tasks are stopped are five seconds
SUPPLIER = {
    "name": "By hand", "address": "1 Main Street", "city": "Lima", "state": "Lima",
    "email": "by@hand.example", "phone": "514-234-5678",
}  # fmt: skip


class Course:
    """What has been built so far, as a client of the API and a visitor see it."""

    def __init__(self, application: Application, lab: Workspace) -> None:
        self.application, self.lab = application, lab
        self.page, self.service = application.page, application.service

    def routes(self) -> dict[str, str]:
        """Where each rule sends its requests."""
        return {
            route.where: ", ".join(group for group, _ in route.shares)
            for route in sight.look(self.lab).routes
        }

    def executions(self, service: str) -> list[dict[str, Any]]:
        """Of a service's pipeline, the newest first."""
        answer = self.lab.client("codepipeline").list_pipeline_executions(
            pipelineName=names.pipeline(service)
        )
        found: list[dict[str, Any]] = answer["pipelineExecutionSummaries"]
        return found

    def ended(self, service: str) -> dict[str, Any]:
        """The newest execution, at its end."""
        return wait_until(  # type: ignore[no-any-return]
            lambda: (newest := self.executions(service)[0])["status"] != "InProgress" and newest,
            f"the pipeline of {service} rests",
        )

    def with_an_event(self, service: str, what: str) -> dict[str, Any]:
        """A service that tells something in its events."""
        return wait_until(  # type: ignore[no-any-return]
            lambda: what in str((found := self.service(service))["events"]) and found,
            f"{service} tells of {what}",
        )

    def trouble(self, service: str) -> str:
        """What went wrong with a pipeline."""
        seen = sight.look(self.lab).pipelines
        return next(line.trouble for line in seen if line.name == names.pipeline(service))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, Course]]:
    folder = tmp_path_factory.mktemp("by-hand")
    with installation_in(folder / "state", DEMITASSE_TIME_COMPRESSION=COMPRESSION) as installation:
        up(installation, "--empty")
        shell = Shell(installation, folder)
        try:
            yield shell, Course(Application(installation), workspace(installation.settings))
        finally:
            shell.forget_images()


def test_the_course_by_hand(installed: tuple[Shell, Course]) -> None:
    shell, course = installed
    assert CHECKS.keys() <= dict(sections()).keys()
    for heading, script in sections():
        printed = shell(script)
        if heading in CHECKS:
            CHECKS[heading](course, printed)


def routes(customer: str, employee: str) -> dict[str, str]:
    """The listeners' rules, which lead to the groups ``-one`` or ``-two`` at both ports."""
    return {
        f":{port} {where}": names.target_group(service, which)
        for port in (80, 8080)
        for where, service, which in (
            ("/admin/*", "employee", employee),
            ("all else", "customer", customer),
        )
    }


def the_code_is_in_codecommit(course: Course, _printed: str) -> None:
    for service in names.SERVICES:
        dockerfile = f"{service}/Dockerfile"
        assert course.lab.repository_file(names.CODE_REPOSITORY, names.BRANCH, dockerfile)


def images_task_definitions_and_files_are_registered(course: Course, _printed: str) -> None:
    files = course.lab.client("codecommit").get_folder(
        repositoryName=names.DEPLOYMENT_REPOSITORY, commitSpecifier=names.BRANCH, folderPath="/"
    )["files"]
    assert [file["relativePath"] for file in files] == [
        "appspec-customer.yaml", "appspec-employee.yaml",
        "taskdef-customer.json", "taskdef-employee.json",
    ]  # fmt: skip
    for service in names.SERVICES:
        assert course.lab.pushed_digest(service)
        definition = course.lab.task_definition(names.family(service))
        assert definition is not None
        assert definition["containerDefinitions"][0]["image"] == service
        template = f"taskdef-{service}.json"
        written = course.lab.repository_file(names.DEPLOYMENT_REPOSITORY, names.BRANCH, template)
        assert written is not None
        assert '"image": "<IMAGE1_NAME>"' in written


def nobody_is_behind_the_load_balancer(course: Course, _printed: str) -> None:
    assert course.page("/").status == 503
    assert course.routes() == routes("two", "two") | {
        ":8080 /admin/*": "employee-tg-one",
        ":8080 all else": "customer-tg-one",
    }


def no_task_runs_because_there_is_no_such_image(course: Course, _printed: str) -> None:
    for service in (CUSTOMER, EMPLOYEE):
        shown = course.with_an_event(service, "CannotPullContainerError")
        assert (shown["status"], shown["desiredCount"], shown["runningCount"]) == ("ACTIVE", 1, 0)
        assert shown["deploymentController"] == {"type": "CODE_DEPLOY"}


def the_first_executions_fail_at_deploy(course: Course, _printed: str) -> None:
    for service in names.SERVICES:
        assert course.ended(service)["status"] == "Failed"
        assert "<IMAGE1_NAME>" in course.trouble(service)
        assert course.service(names.family(service))["runningCount"] == 0
    assert course.page("/").status == 503


def both_services_are_deployed(course: Course, printed: str) -> None:
    assert course.routes() == routes("one", "one")
    assert "<title>Suppliers list · Coffee suppliers" in printed
    assert "<title>Suppliers list · Manage coffee suppliers" in printed
    for path, who in (("/suppliers", "customer"), ("/admin/suppliers", "employee")):
        assert course.page(path).headers["x-served-by"].startswith(f"{who}/")
    assert course.page("/admin/supplier-add", SUPPLIER).status == 302
    assert SUPPLIER["name"] in course.page("/suppliers").text
    assert course.page("/supplier-add").status == 404

    with pytest.raises(ClientError) as refused:
        course.application.update(CUSTOMER, taskDefinition=f"{CUSTOMER}:1")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def one_address_alone_sees_the_employees_pages(course: Course, _printed: str) -> None:
    wait_until(lambda: course.page("/admin/suppliers").status == 404, "the rule is in force")
    _who_sees(course, "navbar-dark")


def _who_sees(course: Course, bar: str) -> None:
    admitted = course.page("/admin/suppliers", source="127.0.0.2")
    assert admitted.headers["x-served-by"].startswith("employee/")
    assert bar in admitted.text
    refused = course.page("/admin/suppliers", source="127.0.0.3")
    assert refused.status == 404
    assert refused.headers["x-served-by"].startswith("customer/")
    assert "have that page in stock" in refused.text


def the_push_is_deployed_by_itself(course: Course, printed: str) -> None:
    assert printed.splitlines()[-1].endswith("CloudWatchEvent")
    assert course.ended("employee")["status"] == "Succeeded"
    assert course.routes() == routes("one", "two")
    _who_sees(course, "navbar-light")
    assert [len(course.executions(service)) for service in names.SERVICES] == [2, 3]


def three_tasks_share_the_visitors_and_no_pipeline_starts(course: Course, _printed: str) -> None:
    wait_until(lambda: course.application.is_steady(CUSTOMER), "all three are healthy")
    shares = Counter(course.page("/suppliers").headers["x-served-by"] for _ in range(60))
    assert len(shares) == 3
    assert min(shares.values()) >= 15, shares
    assert course.service(EMPLOYEE)["runningCount"] == 1
    assert [len(course.executions(service)) for service in names.SERVICES] == [2, 3]


CHECKS: dict[str, Callable[[Course, str], None]] = {
    "Phase 3": the_code_is_in_codecommit,
    "Phase 5": images_task_definitions_and_files_are_registered,
    "Phase 6": nobody_is_behind_the_load_balancer,
    "Phase 7": no_task_runs_because_there_is_no_such_image,
    "Phase 8": the_first_executions_fail_at_deploy,
    "Phase 8.3": both_services_are_deployed,
    "Phase 9.1": one_address_alone_sees_the_employees_pages,
    "Phase 9.2": the_push_is_deployed_by_itself,
    "Phase 9.5": three_tasks_share_the_visitors_and_no_pipeline_starts,
}
