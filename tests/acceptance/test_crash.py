"""``kill -9`` of the platform at many moments of ``up``: the next ``up`` goes on and completes."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.acceptance.application import (
    CUSTOMER,
    EMPLOYEE,
    Application,
    addresses,
    docker,
    installation_in,
    suppliers,
    up,
    wait_for,
    wait_until,
)
from tests.acceptance.conftest import Installation

from demitasse import daemon
from demitasse.engines.containers.spec import INSTALLATION_LABEL, PAUSE_IMAGE, RUN_LABEL
from demitasse.lab import names

pytestmark = [pytest.mark.docker, pytest.mark.slow]

SEED = 20261123
KILLS = 9  # and one more when all stands
PATIENCE = 8.0  # seconds that `up` has to end by itself once the platform is dead
LONGEST = 5.0  # seconds after which the platform is killed at the latest
NEW = {
    "name": "Written after all that",
    "address": "1, rue du Test",
    "city": "Lyon",
    "state": "Rhône",
    "email": "essai@cafe.example",
    "phone": "0478123456",
}


def test_up_completes_whatever_is_killed(tmp_path: Path) -> None:
    moments = random.Random(SEED)
    with installation_in(tmp_path / "home") as installation:
        for _ in range(KILLS):
            if not _killed_in_up(installation, moments):
                break
        up(installation)
        application = Application(installation)
        application.settle()
        _is_as_expected(application)

        assert application.page("/admin/supplier-add", form=NEW).status == 302
        listed = suppliers(application.page("/suppliers"))
        assert NEW["name"] in listed
        docker(  # what a kill leaves that comes between making and starting
            "create", f"--label={RUN_LABEL}=yes", "--label=demitasse.kind=address",
            f"--label={INSTALLATION_LABEL}={application.installation}", PAUSE_IMAGE,
        )  # fmt: skip
        _killed_in_up(installation, moments)
        up(installation)
        application.settle()
        _is_as_expected(application)
        assert suppliers(application.page("/suppliers")) == listed


def _killed_in_up(installation: Installation, moments: random.Random) -> bool:
    """Run ``up``, kill the platform at some moment; whether it came to that."""
    delay, both = moments.uniform(0.2, LONGEST), moments.random() < 0.3
    process = subprocess.Popen(
        [sys.executable, "-m", "demitasse", "up"],
        env={**os.environ, **installation.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(
            lambda: daemon.running(installation.settings) or process.poll() is not None,
            "the platform starts",
        )
        time.sleep(delay)
        platform = daemon.running(installation.settings)
        was_under_way = process.poll() is None
        if platform is not None:
            os.kill(platform, signal.SIGKILL)
        output = _ended(process, at_once=both)
    finally:
        _kill(process)
    assert "Traceback" not in output
    last = [line for line in output.splitlines() if line.startswith("  ")][-1:]
    print(f"\nkilled {delay:.1f} s after the start, {'both' if both else 'the platform'}:", *last)  # noqa: T201
    return was_under_way


def _ended(process: subprocess.Popen[str], *, at_once: bool) -> str:
    """What ``up`` printed until its end, which must not be waited for while docker tries again."""
    if not at_once:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=PATIENCE)[0]
    _kill(process)
    return process.communicate()[0]


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill ``up`` and what it runs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _is_as_expected(application: Application) -> None:
    """Exactly what ``up`` makes, once, and nothing else that carries our label."""
    mine = f"label=demitasse.installation={application.installation}"

    def kinds() -> Counter[str]:
        listed = docker(
            "ps", "--all", "--filter", mine, "--format",
            '{{.Label "demitasse.kind"}} {{.State}}',
        )  # fmt: skip
        return Counter(line for line in listed.splitlines() if not line.startswith("lab "))

    wanted = {
        "task running": 2,
        "pause running": 2,
        "load-balancer running": 1,
        "firewall running": 1,
        "database running": 1,
    }
    wait_for(kinds, wanted)
    assert len(docker("network", "ls", "--quiet", "--filter", mine).split()) == 1
    volumes = docker("volume", "ls", "--quiet", "--filter", mine).split()
    assert len([name for name in volumes if "-cache-" not in name]) == 1  # the database's
    assert len(addresses(application.installation)) == 2

    client = application.on.client
    ecs, elbv2 = client("ecs"), client("elbv2")
    assert len(ecs.list_clusters()["clusterArns"]) == 1
    assert len(ecs.list_task_definition_families(status="ACTIVE")["families"]) == 2
    assert len(ecs.list_services(cluster=names.CLUSTER)["serviceArns"]) == 2
    assert len(ecs.list_tasks(cluster=names.CLUSTER)["taskArns"]) == 2
    assert len(elbv2.describe_target_groups()["TargetGroups"]) == 4
    (balancer,) = elbv2.describe_load_balancers()["LoadBalancers"]
    listeners = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert sorted(listener["Port"] for listener in listeners) == [80, 8080]
    for listener in listeners:
        rules = elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        assert sorted(rule["Priority"] for rule in rules) == ["10", "default"]
    assert len(client("rds").describe_db_instances()["DBInstances"]) == 1
    for name in (CUSTOMER, EMPLOYEE):
        assert len(application.tasks(name)) == 1
    assert application.page("/suppliers").status == 200
    assert application.page("/admin/suppliers").status == 200
