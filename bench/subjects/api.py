"""The API beside ministack's and moto's: the same signed calls on the same few resources."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from bench import load, processes, signed
from bench.load import Load
from bench.peers import account, others
from bench.peers.account import Aws
from bench.peers.demitasse import demitasse
from bench.plan import Plan
from bench.results import Claim, Result, Table, at_least, at_most, median

CONNECTIONS = 16
MOST_CPU = 0.25
FASTER_THAN = {"ministack": 3, "moto server": 15}


@dataclass(frozen=True)
class Call:
    """An operation as boto3 calls it."""

    name: str
    service: str
    method: str
    given: dict[str, Any] = field(default_factory=dict)


CALLS = (
    Call("GetCallerIdentity", "sts", "get_caller_identity"),
    Call("DescribeLoadBalancers", "elbv2", "describe_load_balancers", {"Names": ["bench"]}),
    Call("ListClusters", "ecs", "list_clusters"),
    Call(
        "DescribeServices", "ecs", "describe_services", {"cluster": "bench", "services": ["bench"]}
    ),
)


@dataclass
class Cell:
    """One call to one server, measured again and again."""

    runs: list[Load] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Milliseconds of the server's time per call."""

    def measure(self, aws: Aws, call: Call, seconds: float, connections: int = CONNECTIONS) -> None:
        request = signed.prepare(aws.client(call.service), call.method, **call.given)
        before = processes.cpu_seconds(aws.process)
        seen = load.run(request, connections=connections, seconds=seconds)
        spent = processes.cpu_seconds(aws.process) - before
        self.runs.append(seen)
        self.cpu.append(spent / max(1, seen.requests) * 1000)


def measure(plan: Plan) -> Result:
    result = Result("API")
    with ExitStack() as stack:
        servers: list[Aws] = [
            stack.enter_context(demitasse(plan.folder / "api")),
            stack.enter_context(others.ministack(plan.folder)),
            stack.enter_context(others.moto(plan.folder)),
        ]
        for aws in servers:
            _fill(aws)
        cells = {(call.name, aws.name): Cell() for call in CALLS for aws in servers}
        for call in CALLS:
            for aws in servers:
                Cell().measure(aws, call, 1)  # warm
            for number in range(plan.rounds):
                turn = number % len(servers)
                for aws in servers[turn:] + servers[:turn]:
                    cells[call.name, aws.name].measure(aws, call, plan.seconds)
        names = [aws.name for aws in servers]
        result.setup = [aws.setup for aws in servers]
    for call in CALLS:
        result.claims += _claims(call, names, cells)
    result.tables = [_table(names, cells, plan)]
    return result


def _fill(aws: Aws) -> None:
    place = account.network(aws)
    account.cluster(aws)
    account.service(aws, place, account.task_definition(aws))
    account.load_balancer(aws, place)


def _claims(call: Call, names: list[str], cells: dict[tuple[str, str], Cell]) -> list[Claim]:
    ours = cells[call.name, names[0]]
    spoilt = any(run.spoilt for run in ours.runs)
    cpu = float("nan") if spoilt else median(ours.cpu)
    claims = [at_most(f"{call.name}: server CPU per call", cpu, MOST_CPU, "ms")]
    for other in names[1:]:
        theirs = cells[call.name, other]
        ratio = median(
            one.rate / another.rate
            for one, another in zip(ours.runs, theirs.runs, strict=True)
            if not another.spoilt and not one.spoilt
        )
        claims.append(
            at_least(f"{call.name}: calls/s, of {other}'s", ratio, FASTER_THAN[other], "×")
        )
    return claims


def _table(names: list[str], cells: dict[tuple[str, str], Cell], plan: Plan) -> Table:
    rows = []
    for (call, server), cell in cells.items():
        spoilt = sum(run.spoilt for run in cell.runs)
        rows.append(
            [
                call if server == names[0] else "",
                server,
                f"{median(run.rate for run in cell.runs):,.0f}",
                f"{median(run.p50 for run in cell.runs):.2f}",
                f"{median(run.p99 for run in cell.runs):.2f}",
                f"{median(cell.cpu):.3f}",
                f"{median(cell.cpu) / median(cells[call, names[0]].cpu):.1f}",
                f"{spoilt} of {len(cell.runs)} runs with errors" if spoilt else "",
            ]
        )
    head = ("call", "", "calls/s", "p50 ms", "p99 ms", "CPU ms/call", "of ours ×", "")
    notes = [
        (
            f"{CONNECTIONS} connections; medians of {plan.rounds} rounds of {plan.seconds:g} s, in"
            " turns. Each request is one that boto3 made and signed just before, repeated to the byte;"
            " only good answers count. In the account: one cluster, one service without tasks, one"
            " load balancer without listeners."
        )
    ]
    return Table("Calls of the API", head, rows, notes)
