"""Flat cost: the same calls in an account with ten resources of each kind and with ten thousand."""

from __future__ import annotations

import time
from contextlib import ExitStack

from bench import crowd
from bench.peers.account import Aws
from bench.peers.demitasse import Demitasse
from bench.plan import Plan
from bench.results import Result, Table, at_most, median
from bench.subjects.api import Call, Cell

FEW, MANY = 10, 10_000
PAGE = 10
MOST = 1.5

_NAMES = [crowd.name(number) for number in range(PAGE)]
CALLS = (
    Call("GetCallerIdentity", "sts", "get_caller_identity"),
    Call("DescribeLoadBalancers (page)", "elbv2", "describe_load_balancers", {"PageSize": PAGE}),
    Call("DescribeLoadBalancers (names)", "elbv2", "describe_load_balancers", {"Names": _NAMES}),
    Call("ListClusters", "ecs", "list_clusters", {"maxResults": PAGE}),
    Call(
        "DescribeServices",
        "ecs",
        "describe_services",
        {"cluster": crowd.name(0), "services": _NAMES},
    ),
)


def measure(plan: Plan) -> Result:
    result = Result("Flat cost")
    with ExitStack() as stack:
        few: Aws = _account(stack, plan, FEW)
        many: Aws = _account(stack, plan, MANY)
        cells = {(call.name, aws): Cell() for call in CALLS for aws in (few, many)}
        for call in CALLS:
            for aws in (few, many):
                Cell().measure(aws, call, 1)
            for number in range(plan.rounds):
                pair: list[Aws] = [few, many] if number % 2 else [many, few]
                for aws in pair:
                    cells[call.name, aws].measure(aws, call, plan.seconds)
    rows = []
    for call in CALLS:
        small, large = cells[call.name, few], cells[call.name, many]
        spoilt = any(run.spoilt for run in (*small.runs, *large.runs))
        ratios = [more / less for less, more in zip(small.cpu, large.cpu, strict=True)]
        ratio = float("nan") if spoilt else median(ratios)
        what = f"{call.name}: CPU with {MANY:,} resources, of that with {FEW}"
        result.claims.append(at_most(what, ratio, MOST, "×"))
        rows.append(
            [
                call.name,
                f"{median(small.cpu):.3f}",
                f"{median(large.cpu):.3f}",
                f"{median(run.rate for run in small.runs):,.0f}",
                f"{median(run.rate for run in large.runs):,.0f}",
            ]
        )
    head = ("call", f"CPU ms, {FEW}", f"CPU ms, {MANY:,}", f"calls/s, {FEW}", f"calls/s, {MANY:,}")
    notes = [
        (
            f"Every answer holds {PAGE} resources. Each of the two accounts has as many clusters,"
            " services and load balancers as said; both platforms run with their controllers at rest,"
            " as they must not start ten thousand load balancers."
        )
    ]
    result.tables = [Table("Ten resources and ten thousand", head, rows, notes)]
    return result


def _account(stack: ExitStack, plan: Plan, count: int) -> Demitasse:
    made = Demitasse(plan.folder / f"flat-{count}", module="bench.quiet")
    stack.callback(made.remove)
    begun = time.monotonic()
    crowd.fill(made.settings, count)
    print(f"  {count} of each made in {time.monotonic() - begun:.0f} s")
    made.start()
    return made
