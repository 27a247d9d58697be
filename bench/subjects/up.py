"""``demitasse up``: how long it takes, and how soon a killed task is replaced."""

from __future__ import annotations

import subprocess
import time

from bench import containers, processes
from bench.peers.demitasse import Demitasse, demitasse
from bench.plan import Plan
from bench.results import Claim, Result, Table, at_most, median
from demitasse.lab import names

_WATCH = 30.0
_PATIENCE = 60.0


class InTheWay(Exception):
    """The machine already runs the application."""


def measure(plan: Plan) -> Result:
    _is_free()
    result = Result("up")
    with demitasse(plan.folder / "up", start=False) as ours:
        try:
            first = _up(ours)
            second = _up(ours)
            pages = _pages(ours)
            time.sleep(10)
            process = _process(ours)
            share = processes.idle_share(process, _WATCH)
            megabytes = processes.resident_bytes(process) / 2**20
            replaced = [_replace(ours, names.SERVICES[number % 2]) for number in range(plan.rounds)]
        finally:
            subprocess.run(["docker", "rm", "-f", names.MONOLITH], capture_output=True, check=False)
            _untag(ours)
    result.claims = [
        at_most("`up`, images in Docker's cache", first, 30, "s"),
        Claim("a second `up`", "seconds", f"{second:.1f} s", second < 10),
        at_most("a killed task's replacement RUNNING", median(replaced), 3, "s"),
        at_most("share of a core, the application running", 100 * share, 1, "%"),
    ]
    rows = [
        ["`up` from nothing, images in Docker's cache", f"{first:.1f} s"],
        ["a second `up`", f"{second:.1f} s"],
        ["a killed task's replacement RUNNING", f"{median(replaced):.2f} s"],
        ["the slowest of them", f"{max(replaced):.2f} s"],
        ["share of a core, the application running", f"{100 * share:.2f} %"],
        ["memory, the application running", f"{megabytes:.0f} MB"],
        ["pages through the load balancer", pages],
    ]
    notes = [
        (
            "A task's container is killed with `docker kill`; the time runs until another task of the"
            f" service is RUNNING in DescribeTasks ({plan.rounds} times, the two services in turns)."
        )
    ]
    result.tables = [Table("The application", ("", "measured"), rows, notes)]
    return result


def _is_free() -> None:
    there = containers.docker("ps", "-aq", "-f", f"name=^{names.MONOLITH}$")
    if there:
        raise InTheWay(f"a container {names.MONOLITH} is there: take the application down first")


def _untag(ours: Demitasse) -> None:
    """Take away the names that images have got in this installation's registry."""
    mine = f"reference={ours.settings.registry}/*"
    listed = containers.docker("images", "-f", mine, "--format", "{{.Repository}}:{{.Tag}}")
    tags = [name for name in listed.split() if not name.endswith("<none>")]
    if tags:
        subprocess.run(["docker", "rmi", *tags], capture_output=True, check=False)


def _up(ours: Demitasse) -> float:
    begun = time.monotonic()
    done = ours.run("up")
    if done.returncode:
        raise RuntimeError(f"up failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return time.monotonic() - begun


def _process(ours: Demitasse) -> int:
    from demitasse import daemon  # noqa: PLC0415

    process = daemon.running(ours.settings)
    if process is None:
        raise RuntimeError("the platform does not run")
    return process


def _pages(ours: Demitasse) -> str:
    """The statuses of the two pages."""
    import urllib.request  # noqa: PLC0415

    lb = ours.client("elbv2").describe_load_balancers(Names=[names.LOAD_BALANCER])
    address = lb["LoadBalancers"][0]["DNSName"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    said = []
    for path in ("/", "/admin/suppliers"):
        with opener.open(f"http://{address}{path}", timeout=10) as answer:
            said.append(f"{path} {answer.status}")
    return ", ".join(said)


def _replace(ours: Demitasse, service: str) -> float:
    """Kill a task's container; the seconds until another task runs."""
    ecs = ours.client("ecs")
    where = {"cluster": names.CLUSTER, "serviceName": names.family(service)}
    (old,) = _running(ecs, where)
    container = ecs.describe_tasks(cluster=names.CLUSTER, tasks=[old])["tasks"][0]["containers"]
    runtime = container[0]["runtimeId"]
    begun = time.monotonic()
    containers.docker("kill", runtime)
    while True:
        now = _running(ecs, where)
        if now and old not in now:
            break
        if time.monotonic() - begun > _PATIENCE:
            raise TimeoutError(f"{service} was not replaced")
        time.sleep(0.02)
    took = time.monotonic() - begun
    ecs.get_waiter("services_stable").wait(
        cluster=names.CLUSTER,
        services=[names.family(service)],
        WaiterConfig={"Delay": 1, "MaxAttempts": 60},
    )
    return took


def _running(ecs: object, where: dict[str, str]) -> list[str]:
    """The service's tasks that are RUNNING."""
    listed = ecs.list_tasks(**where)["taskArns"]  # type: ignore[attr-defined]
    if not listed:
        return []
    seen = ecs.describe_tasks(cluster=where["cluster"], tasks=listed)["tasks"]  # type: ignore[attr-defined]
    return [each["taskArn"] for each in seen if each["lastStatus"] == "RUNNING"]
