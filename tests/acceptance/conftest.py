"""A platform of its own for the acceptance tests: started from outside, taken down at the end."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from demitasse import daemon, teardown
from demitasse import settings as settings_module
from demitasse.accounts import identity
from demitasse.cli.env import variables
from demitasse.engines.addresses import routes
from demitasse.ids import RandomIds
from demitasse.lab.docker import Docker
from demitasse.settings import Settings

if TYPE_CHECKING:
    from tests.acceptance.application import Application

_LINES_SHOWN = 40
_blocks = map(ipaddress.IPv4Network, (f"10.{number}.0.0/16" for number in range(64, 128)))


@dataclass(frozen=True)
class Installation:
    """A running platform, as its users meet it."""

    settings: Settings
    environment: dict[str, str]

    def client(self, service: str, account: str | None = None, **options: Any) -> Any:
        """A boto3 client."""
        keys = variables(self.settings, account)
        return boto3.client(
            service,
            endpoint_url=self.settings.endpoint,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            region_name=options.pop("region_name", self.settings.region),
            config=Config(retries={"max_attempts": 1}),
            **options,
        )

    def run(self, *argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """A command in a shell set up by ``demitasse env``."""
        environment = {**os.environ, **self.environment, **variables(self.settings)}
        return subprocess.run(
            argv, env=environment, capture_output=True, text=True, check=False, **options
        )

    def aws(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """The ``aws`` command, by the Python that runs the tests."""
        return self.run(
            sys.executable, "-m", "awscli", "--endpoint-url", self.settings.endpoint, *argv
        )

    def demitasse(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """The ``demitasse`` command."""
        return self.run(sys.executable, "-m", "demitasse", *argv)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_block() -> str:
    """A VPC's block that no other installation of the tests has, nor a network of the machine."""
    reached = routes.reached()
    return str(next(each for each in _blocks if not any(map(each.overlaps, reached))))


_installations: list[Installation] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the ends of the platforms' logs beside what failed."""
    report = yield
    if report.failed:
        for each in _installations:
            if each.settings.log_file.exists():
                lines = each.settings.log_file.read_text(errors="replace").splitlines()
                title = f"end of {each.settings.log_file}"
                report.sections.append((title, "\n".join(lines[-_LINES_SHOWN:])))
    return report


def installed(home: Path, **environment: str) -> Installation:
    """An installation in ``home``, not started."""
    mine = {
        "DEMITASSE_HOME": str(home),
        "DEMITASSE_PORT": str(free_port()),
        "DEMITASSE_VPC_CIDR": free_block(),
        "DEMITASSE_TIME_COMPRESSION": "20",
        **environment,
    }
    made = Installation(settings_module.load(mine), mine)
    _installations.append(made)
    return made


def take_down(installation: Installation) -> None:
    """Stop the platform, and remove everything it made and what Docker knows of its registry."""
    daemon.stop(installation.settings)
    who = identity(installation.settings.identity_file, RandomIds())
    teardown.remove(who.installation, state=True)
    Docker().forget_registry(installation.settings.registry)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The platform, empty, for all acceptance tests: they make what they need, under own names."""
    installation = installed(tmp_path_factory.mktemp("demitasse"))
    os.environ.update(installation.environment)
    try:
        daemon.start(installation.settings)
        yield installation
    finally:
        take_down(installation)
        for name in installation.environment:
            del os.environ[name]


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The application as ``demitasse up`` builds it, for all tests that look at it or break it."""
    from tests.acceptance import application as built

    home = tmp_path_factory.mktemp("application")
    with built.installation_in(home) as installation:
        built.up(installation)
        yield built.Application(installation)


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Wait for a condition with a deadline: ``until(lambda: …, seconds=10)`` gives its value."""
    import time

    def wait(condition: Callable[[], Any], *, seconds: float = 60.0, every: float = 0.1) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                pytest.fail(f"not within {seconds} s; last seen: {value!r}")
            time.sleep(every)

    return wait
