"""What visitors notice when parts of a running system are killed, replaced or broken: figures.

The lines that the tests print (``pytest -s``) are the figures.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.application import (
    CUSTOMER,
    Application,
    docker,
    suppliers,
    up,
    wait_for,
    wait_until,
)

from demitasse.cli.up import workspace
from demitasse.lab import names
from demitasse.lab.phases import phase7_services

pytestmark = pytest.mark.docker

VISITORS = 16
SOME = 200  # answers: about a second's, where nothing else is to be done


@pytest.fixture(autouse=True)
def steady(application: Application) -> None:
    application.settle()


def say(what: str, *figures: object) -> None:
    print(f"\n{what}:", *figures)  # noqa: T201 - figures are what these tests are for


def start_time(container: str) -> str:
    return docker("inspect", "--format", "{{.State.StartedAt}}", container).strip()


def scale(application: Application, name: str, count: int) -> None:
    application.update(name, desiredCount=count)
    wait_until(lambda: application.is_steady(name), f"{name} has {count} tasks")


def another_runs(application: Application, name: str, than: set[str]) -> float:
    """Wait until a task that is none of ``than`` runs; the seconds it took."""
    begun = time.monotonic()
    wait_until(lambda: set(application.tasks(name)) - than, f"another task of {name} runs")
    return time.monotonic() - begun


def test_the_only_task_killed(application: Application) -> None:
    tasks = application.tasks(CUSTOMER)
    with application.load() as load:
        load.answers(SOME)
        docker("kill", application.container(tasks[0]))
        took = another_runs(application, CUSTOMER, set(tasks))
        wait_until(lambda: application.is_steady(CUSTOMER), "customer is steady")
        load.answers(SOME)
    say("only task killed", f"replacement RUNNING after {took:.1f} s;", load.figures)
    assert took < 3
    assert load.figures.longest_gap < 10


def test_one_of_three_killed_while_scaling_up_and_down(application: Application) -> None:
    with application.load() as growing:
        scale(application, CUSTOMER, 3)
        wait_for(lambda: len(growing.figures.served_by), 3)
        growing.answers(SOME)
    say("scaling from 1 to 3", growing.figures)
    tasks = application.tasks(CUSTOMER)
    with application.load() as killing:
        killing.answers(SOME)
        docker("kill", application.container(tasks[0]))
        took = another_runs(application, CUSTOMER, set(tasks))
        wait_until(lambda: application.is_steady(CUSTOMER), "customer is steady")
        killing.answers(SOME)
    say("one of three killed", f"replacement RUNNING after {took:.1f} s;", killing.figures)
    with application.load() as shrinking:
        wait_for(lambda: len(shrinking.figures.served_by), 3)
        scale(application, CUSTOMER, 1)
        shrinking.answers(SOME)
    say("scaling from 3 to 1", shrinking.figures)
    assert growing.figures.failed == 0
    assert len(growing.figures.served_by) == 3
    assert took < 3
    assert killing.figures.failed <= VISITORS  # at most what was under way in that task
    assert shrinking.figures.failed == 0


@dataclass(frozen=True)
class Rolling:
    """One service more, deployed by ECS itself, for visitors who ask for its name."""

    application: Application
    folder: Path
    name = "rolling"
    host = "rolling.example"

    @property
    def image(self) -> str:
        return f"{self.application.on.settings.registry}/{self.name}:latest"

    def push(self, image: str) -> None:
        """Make a local image the service's."""
        docker("tag", image, self.image)
        docker("--config", str(self.application.on.settings.home / "docker"), "push", self.image)

    def make(self) -> None:
        lab = workspace(self.application.on.settings)
        elbv2, ecs = lab.client("elbv2"), lab.client("ecs")
        lab.client("ecr").create_repository(repositoryName=self.name)
        self.push("customer")
        group = elbv2.create_target_group(
            Name=self.name, Protocol="HTTP", Port=8080, VpcId=lab.vpc(), TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        elbv2.create_rule(
            ListenerArn=lab.listeners()[80],
            Priority=1,
            Conditions=[{"Field": "host-header", "Values": [self.host]}],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        there = lab.task_definition(CUSTOMER)
        assert there is not None
        container = {**there["containerDefinitions"][0], "image": self.image}
        kept = ("networkMode", "requiresCompatibilities", "cpu", "memory", "executionRoleArn")
        ecs.register_task_definition(
            family=self.name,
            containerDefinitions=[container],
            **{key: there[key] for key in kept},
        )
        service = phase7_services.service_definition(lab, "customer")
        service["loadBalancers"][0]["targetGroupArn"] = group
        ecs.create_service(
            **{
                **service,
                "serviceName": self.name,
                "taskDefinition": self.name,
                "deploymentController": {"type": "ECS"},
            }
        )

    def settle(self) -> None:
        wait_until(lambda: self.application.is_steady(self.name), "it is steady")

    def remove(self) -> None:
        lab = workspace(self.application.on.settings)
        lab.client("ecs").delete_service(cluster=names.CLUSTER, service=self.name, force=True)
        rules = lab.client("elbv2").describe_rules(ListenerArn=lab.listeners()[80])["Rules"]
        (rule,) = (each["RuleArn"] for each in rules if each["Priority"] == "1")
        lab.client("elbv2").delete_rule(RuleArn=rule)
        lab.client("elbv2").delete_target_group(TargetGroupArn=lab.target_group_arn(self.name))
        mine = f"label=demitasse.service={self.name}"
        wait_until(lambda: not docker("ps", "--all", "--quiet", "--filter", mine), "they are gone")


@pytest.fixture
def rolling(application: Application, tmp_path: Path) -> Iterator[Rolling]:
    one = Rolling(application, tmp_path)
    one.make()
    try:
        one.settle()
        yield one
    finally:
        one.remove()


def test_a_rolling_deployment_loses_nothing_and_a_broken_one_harms_nobody(rolling: Rolling) -> None:
    application, name = rolling.application, rolling.name
    before = application.tasks(name)
    with application.load(host=rolling.host) as load:
        load.answers(SOME)
        application.update(name, forceNewDeployment=True)
        another_runs(application, name, set(before))
        rolling.settle()
        load.answers(SOME)
    say("rolling deployment", load.figures)
    assert load.figures.failed == 0
    assert len(load.figures.served_by) == 2
    before_broken = application.tasks(name)
    assert not set(before) & set(before_broken)

    (rolling.folder / "Dockerfile").write_text('FROM customer\nCMD ["sh", "-c", "exit 7"]\n')
    broken = f"{name}-broken"
    docker("build", "--quiet", "--tag", broken, str(rolling.folder))
    with application.load() as others, application.load(host=rolling.host) as own:
        rolling.push(broken)
        application.update(name, forceNewDeployment=True)
        ecs = application.on.client("ecs")
        wait_until(lambda: len(_exits(ecs, name)) >= 2, "its new tasks have ended twice")
    docker("image", "rm", "--force", broken)
    say("broken deployment, its own visitors", own.figures)
    assert application.tasks(name) == before_broken  # the old one serves on
    assert own.figures.failed == 0
    exits = _exits(ecs, name)
    with application.load() as more:
        docker("kill", application.container(before_broken[0]))
        wait_until(
            lambda: application.page("/suppliers", host=rolling.host).status >= 500, "it is down"
        )
        wait_until(lambda: len(_exits(ecs, name) - exits) >= 2, "its tasks end again and again")
        more.answers(SOME)
    say("a service broken, the others' visitors", others.figures, "and", more.figures)
    assert others.figures.failed == more.figures.failed == 0

    rolling.push("customer")
    application.update(name, forceNewDeployment=True)
    begun = time.monotonic()
    rolling.settle()
    say("service repaired", f"steady after {time.monotonic() - begun:.1f} s")
    assert application.page("/suppliers", host=rolling.host).status == 200


def test_haproxy_killed(application: Application) -> None:
    name = application.load_balancer()
    with application.load() as load:
        load.answers(SOME)
        docker("kill", name)
        wait_until(lambda: load.figures.failed, "the visitors notice")
        wait_until(lambda: _status(application) == 200, "it is back")
        load.answers(SOME)
    say("HAProxy killed", load.figures)
    assert application.load_balancer() == name
    assert load.figures.longest_gap < 2


def test_the_platform_killed(application: Application) -> None:
    def made() -> dict[str, str]:
        return {name: start_time(name) for name in application.containers()}

    before = made()
    with application.load() as load:
        load.answers(SOME)
        application.kill_platform()
        load.answers(3 * SOME)  # while nobody leads the load balancer
        up(application.on, "--empty")
        back = load.now
        application.settle()
        load.answers(2 * SOME)
    say("platform killed", f"answering again {back:.1f} s after the load began;", load.figures)
    assert load.figures.failed == 0
    assert made() == before  # adopted as they are: nothing twice, nothing left over, none restarted


def test_a_task_that_dies_while_the_platform_is_dead(application: Application) -> None:
    tasks = application.tasks(CUSTOMER)
    application.kill_platform()
    docker("kill", application.container(tasks[0]))
    begun = time.monotonic()
    up(application.on, "--empty")
    another_runs(application, CUSTOMER, set(tasks))
    say("task killed with the platform", f"replaced {time.monotonic() - begun:.1f} s after start")
    application.settle()
    assert application.page("/suppliers").status == 200
    wait_until(lambda: len(application.containers("task")) == 2, "the dead container is gone", 20)


def test_haproxy_killed_while_the_platform_is_dead(application: Application) -> None:
    application.kill_platform()
    docker("kill", application.load_balancer())
    up(application.on, "--empty")
    wait_until(lambda: _status(application) == 200, "it is back", 5)


def test_the_database_killed(application: Application) -> None:
    listed = suppliers(application.page("/suppliers"))
    (database,) = application.containers("database")
    with application.load() as load:
        load.answers(SOME)
        docker("kill", database)
        killed = load.now
        wait_until(lambda: "cannot reach the database" in _words(application), "it says so", 10)
        wait_until(lambda: suppliers(application.page("/suppliers")) == listed, "it recovers")
        recovered = load.now - killed
        load.answers(SOME)
    say("database killed", f"suppliers shown again after {recovered:.1f} s;", load.figures)
    assert load.figures.failed == 0
    rds = application.on.client("rds")
    wait_until(
        lambda: rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available",
        "the DB instance is available",
    )
    assert len(application.tasks(CUSTOMER)) == 1


def _status(application: Application, path: str = "/suppliers") -> int:
    try:
        return application.page(path).status
    except OSError:
        return 0


def _words(application: Application) -> str:
    """A page's text, without its tags."""
    page = application.page("/suppliers")
    assert page.status == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))


def _exits(ecs: Any, family: str) -> set[str]:
    """Those of a family's tasks that ended by themselves, as their owner did not wish."""
    arns = ecs.list_tasks(cluster=names.CLUSTER, family=family, desiredStatus="STOPPED")["taskArns"]
    if not arns:
        return set()
    described = ecs.describe_tasks(cluster=names.CLUSTER, tasks=arns)["tasks"]
    return {task["taskArn"] for task in described if task["containers"][0].get("exitCode") == 7}
