"""The platform itself: how soon it answers, how much it holds, what it costs while it waits."""

from __future__ import annotations

import time

from bench import containers, processes
from bench.peers import account
from bench.peers.demitasse import Demitasse, demitasse
from bench.plan import Plan
from bench.results import Result, Table, at_most, median

_WATCH = 30.0
_SETTLE = 10.0


def measure(plan: Plan) -> Result:
    result = Result("Control plane")
    with demitasse(plan.folder / "control-plane", start=False) as ours:
        first = ours.start()
        first_cpu = processes.cpu_seconds(ours.process)
        starts = []
        for _ in range(plan.rounds):
            ours.stop()
            starts.append(ours.start())
        start_cpu = processes.cpu_seconds(ours.process)
        time.sleep(_SETTLE)
        idle_share = processes.idle_share(ours.process, _WATCH / 2)
        idle_bytes = processes.resident_bytes(ours.process)
        _application(ours)
        time.sleep(_SETTLE)
        share = processes.idle_share(ours.process, _WATCH)
        busy_bytes = processes.resident_bytes(ours.process)
        restarts = []
        for _ in range(plan.rounds):
            ours.stop()
            restarts.append(ours.start())
    megabytes, more_megabytes = idle_bytes / 2**20, busy_bytes / 2**20
    result.claims = [
        at_most("start to first answer, the very first", first, 1, "s"),
        at_most("start to first answer", median(starts), 1, "s"),
        at_most(
            "start to first answer, load balancer and database running", median(restarts), 1, "s"
        ),
        at_most("memory when idle", megabytes, 80, "MB"),
        at_most("share of a core, load balancer and database running", 100 * share, 1, "%"),
    ]
    rows = [
        ["the very first start", f"{first:.2f} s"],
        ["start with an empty account", f"{median(starts):.2f} s"],
        ["start with load balancer and database", f"{median(restarts):.2f} s"],
        ["CPU of the very first start, which compiles the models", f"{first_cpu:.2f} s"],
        ["CPU of a start", f"{start_cpu:.2f} s"],
        ["memory, empty account", f"{megabytes:.0f} MB"],
        ["memory, load balancer and database", f"{more_megabytes:.0f} MB"],
        ["share of a core, empty account", f"{100 * idle_share:.2f} %"],
        ["share of a core, load balancer and database", f"{100 * share:.2f} %"],
    ]
    notes = [
        (
            "From the start of the process to the first answer on its port, medians of"
            f" {plan.rounds}; memory is the process's resident set; the share of a core is its user and"
            f" system time over {_WATCH:g} s in which nobody calls it."
        )
    ]
    result.tables = [Table("The platform's process", ("", "measured"), rows, notes)]
    return result


def _application(ours: Demitasse) -> None:
    """A load balancer with two targets, and a DB instance."""
    address = containers.gateway()
    place = account.network(ours)
    arn, load_balancer = account.load_balancer(ours, place)
    account.listener(ours, place, arn, 80, (address, 1))
    containers.listening(load_balancer, 80)
    rds = ours.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="bench",
        Engine="mariadb",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        MasterUsername="admin",
        MasterUserPassword="coffee-suppliers",
        BackupRetentionPeriod=0,
    )
    rds.get_waiter("db_instance_available").wait(
        DBInstanceIdentifier="bench", WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
