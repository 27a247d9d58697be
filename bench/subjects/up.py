"""``demitasse up``: how long it takes, and how soon a killed task is replaced."""

from __future__ import annotations

import time

from bench import containers, processes
from bench.application import Application
from bench.peers.demitasse import demitasse
from bench.plan import Plan
from bench.results import Result, Table, at_most, median
from bench.visitors import connect, visit
from bench.waiting import until
from demitasse.lab import names

_SETTLE = 10.0
_WATCH = 30.0


def measure(plan: Plan) -> Result:
    result = Result("up")
    with demitasse(plan.folder / "up", start=False) as ours:
        first = ours.up()
        second = ours.up()
        application = Application(ours)
        for path in names.HEALTH_PATH.values():
            failure = visit(connect(application.address), path).failure
            if failure:
                raise RuntimeError(f"{path} after up: {failure}")
        application.settle()
        time.sleep(_SETTLE)
        share = processes.idle_share(ours.process, _WATCH)
        megabytes = processes.resident_bytes(ours.process) / 2**20
        services = names.SERVICES
        replaced = [_replace(application, services[number % 2]) for number in range(plan.rounds)]
    result.claims = [
        at_most("`up`, images in Docker's cache", first, 30, "s"),
        at_most("a second `up`", second, 10, "s"),
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
    ]
    notes = [
        (
            "A task's container is killed with `docker kill`; the time runs until another task of the"
            f" service is RUNNING in DescribeTasks ({plan.rounds} times, the two services in turns)."
        )
    ]
    result.tables = [Table("The application", ("", "measured"), rows, notes)]
    return result


def _replace(application: Application, service: str) -> float:
    """Kill a task's container; the seconds until as many run as before, without it."""
    before = application.running(service)
    killed = before[0]
    container = application.container(killed)
    begun = time.monotonic()
    containers.docker("kill", container)

    def is_replaced() -> bool:
        now = application.running(service)
        return killed not in now and len(now) == len(before)

    until(is_replaced, f"{service} has a task in place of the killed one", poll=0.02)
    took = time.monotonic() - begun
    application.settle()
    return took
