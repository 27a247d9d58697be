"""The whole application, as ``demitasse up`` builds it, for tests to look at and to break."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import signal
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import Installation, installed, take_down
from tests.kit.load import Load

from demitasse import daemon
from demitasse.accounts import identity
from demitasse.clock import SystemClock
from demitasse.engines.addresses import HostAddresses
from demitasse.engines.containers.docker import DockerEngine
from demitasse.ids import RandomIds
from demitasse.lab import names

CUSTOMER, EMPLOYEE = (names.family(service) for service in names.SERVICES)
IN_TIME = 120.0  # seconds for what is not itself measured, on a busy machine


def up(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``demitasse up``, to its end."""
    done = installation.demitasse("up", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr + log_of(installation)[-3000:]
    return done


def log_of(installation: Installation) -> str:
    """What the platform has logged."""
    return installation.settings.log_file.read_text(errors="replace")


@contextmanager
def installation_in(home: Path, **environment: str) -> Iterator[Installation]:
    """An installation, taken down at the end."""
    mine = installed(home, **environment)
    try:
        yield mine
    finally:
        take_down(mine)


def wait_until(holds: Callable[[], Any], what: str, seconds: float = IN_TIME) -> Any:
    """Wait for something to hold, and give what it gave."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return value


def wait_for(show: Callable[[], Any], wanted: Any, seconds: float = IN_TIME) -> None:
    """Wait until exactly this is shown; what is shown instead at the end is told."""
    deadline = time.monotonic() + seconds
    while (shown := show()) != wanted:
        assert time.monotonic() < deadline, f"not within {seconds} s: {wanted}; but {shown}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Page:
    """An answer of the application."""

    status: int
    text: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Application:
    """The application of an installation."""

    on: Installation

    @cached_property
    def host(self) -> str:
        """The load balancer's own address."""
        found = self.on.client("elbv2").describe_load_balancers(Names=[names.LOAD_BALANCER])
        return str(found["LoadBalancers"][0]["DNSName"])

    def page(
        self, path: str, form: dict[str, str] | None = None, source: str = "", host: str = ""
    ) -> Page:
        """Ask for a page (POST with a ``form``); redirects are not followed."""
        named = {"Host": host} if host else {}
        connection = http.client.HTTPConnection(
            self.host, 80, timeout=10, source_address=(source, 0) if source else None
        )
        try:
            if form is None:
                connection.request("GET", path, headers=named)
            else:
                kind = {"Content-Type": "application/x-www-form-urlencoded", **named}
                connection.request("POST", path, urllib.parse.urlencode(form), kind)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Page(answer.status, answer.read().decode(), headers)
        finally:
            connection.close()

    def load(self, path: str = "/suppliers", *, host: str = "") -> Load:
        """Visitors of a page through the load balancer; ``host`` is the name that they ask for."""
        return Load(self.host, 80, path, host_name=host)

    def service(self, name: str) -> dict[str, Any]:
        """A service, as DescribeServices shows it."""
        answer = self.on.client("ecs").describe_services(cluster=names.CLUSTER, services=[name])
        found: dict[str, Any] = answer["services"][0]
        return found

    def tasks(self, name: str) -> list[str]:
        """The ids of a service's running tasks."""
        ecs = self.on.client("ecs")
        arns = ecs.list_tasks(cluster=names.CLUSTER, serviceName=name)["taskArns"]
        if not arns:
            return []
        described = ecs.describe_tasks(cluster=names.CLUSTER, tasks=arns)["tasks"]
        return [
            task["taskArn"].rpartition("/")[2]
            for task in described
            if task["lastStatus"] == "RUNNING"
        ]

    def container(self, task: str) -> str:
        """The name of a task's container."""
        (name,) = (each for each in self.containers("task") if task in each)
        return name

    def update(self, name: str, **changes: Any) -> None:
        """UpdateService."""
        self.on.client("ecs").update_service(cluster=names.CLUSTER, service=name, **changes)

    def is_steady(self, name: str) -> bool:
        """One deployment or task set, all its tasks running and healthy, nothing draining."""
        service = self.service(name)
        current = service.get("taskSets") or service["deployments"]
        if len(current) != 1 or service["pendingCount"]:
            return False
        if service["runningCount"] != service["desiredCount"]:
            return False
        (balanced,) = current[0].get("loadBalancers") or service["loadBalancers"]
        health = self.on.client("elbv2").describe_target_health(
            TargetGroupArn=balanced["targetGroupArn"]
        )["TargetHealthDescriptions"]
        states = [target["TargetHealth"]["State"] for target in health]
        return states == ["healthy"] * service["desiredCount"]

    def settle(self) -> None:
        """Wait until no pipeline works, and both services stand as these leave them."""
        wait_until(self._pipelines_rest, "the pipelines rest", 2 * IN_TIME)
        for name in (CUSTOMER, EMPLOYEE):
            wait_until(lambda name=name: self.is_steady(name), f"{name} is steady")

    def _pipelines_rest(self) -> bool:
        client = self.on.client("codepipeline")
        states = (
            client.get_pipeline_state(name=each["name"])["stageStates"]
            for each in client.list_pipelines()["pipelines"]
        )
        return not any(
            stage.get("latestExecution", {}).get("status", "InProgress") == "InProgress"
            for stages in states
            for stage in stages[:1] + [each for each in stages if "latestExecution" in each]
        )

    # What is under it

    @cached_property
    def installation(self) -> str:
        """Its id, which everything that it makes carries as a label."""
        return identity(self.on.settings.identity_file, RandomIds()).installation

    def containers(self, kind: str = "") -> dict[str, str]:
        """This installation's containers, also those that have ended: name → id."""
        filters = [f"label=demitasse.installation={self.installation}"]
        if kind:
            filters.append(f"label=demitasse.kind={kind}")
        listed = docker(
            "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}",
            *(part for each in filters for part in ("--filter", each)),
        )  # fmt: skip
        return dict(line.split(" ") for line in listed.splitlines())

    def load_balancer(self) -> str:
        """The HAProxy container's name."""
        (name,) = self.containers("load-balancer")
        return name

    def kill_platform(self) -> int:
        """``kill -9``; the process id that it had."""
        process = daemon.running(self.on.settings)
        assert process is not None
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: daemon.running(self.on.settings) is None, "the platform is dead", 5)
        return process


def docker(*arguments: str) -> str:
    """A docker command's output."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def addresses(installation: str) -> tuple[str, ...]:
    """The addresses that an installation has on the loopback interface."""

    async def ask() -> tuple[str, ...]:
        engine = DockerEngine(installation, SystemClock())
        try:
            return tuple(await HostAddresses(engine, RandomIds()).present())
        finally:
            await engine.close()

    return asyncio.run(ask())


def suppliers(page: Page) -> list[str]:
    """The names on a page that lists suppliers."""
    return re.findall(r'class="card">\s*<h2>(.*?)</h2>', page.text)
