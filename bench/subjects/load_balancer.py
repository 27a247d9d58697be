"""The load balancer beside a bare HAProxy and ministack's, in front of the same backend."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import containers, load, processes
from bench.load import Load, Prepared
from bench.peers import account, others
from bench.peers.demitasse import Demitasse, demitasse
from bench.plan import Plan
from bench.results import Claim, Result, Table, at_least, at_most, median
from bench.waiting import until

CONNECTIONS = (1, 16, 64)
EXCUSE = (
    "What our load balancer does beyond the bare one, counted as instructions of HAProxy for each"
    " request (valgrind; one thread, one kept connection, the configuration of this run): bare 30,900,"
    " ours 42,400. Of the 11,500 between them the four headers take 7,900 (1,200 for one that is set,"
    " whatever it says; 3,600 for a trace id), looking for a Host with a port, a trace id that came and"
    " TRACE 1,500, the choice of a target group by weight 1,000, what tells 502, 503 and 504 apart 700."
    " System calls, three quarters of HAProxy's time, are the same: two reads and two writes. The"
    " backend reads the four headers as well, in time of the same cores."
)
_PORT = 80
_TURN = 1.0
_TIMES = """defaults
    mode http
    timeout connect 500ms
    timeout client 60s
    timeout server 60s
    timeout http-request 60s
    timeout http-keep-alive 60s
"""
_BACKEND = (
    "global\n    nbthread 1\n"
    + _TIMES
    + """frontend backend
    bind {address}:{port}
    http-request return status 200 content-type text/plain string "Coffee suppliers: {filling}"
"""
)
_BARE = (
    _TIMES
    + """frontend bare
    bind 127.0.0.1:{port}
    default_backend targets
backend targets
    balance roundrobin
    option httpchk GET /
    server one {target} check
"""
)


@dataclass
class Contender:
    """A way through to the backend."""

    name: str
    request: Prepared
    process: int
    backend: int
    runs: dict[int, list[Load]] = field(default_factory=dict)
    cpu: dict[int, list[float]] = field(default_factory=dict)
    """Microseconds of its processes' time per request."""
    behind: dict[int, list[float]] = field(default_factory=dict)
    """And of the backend's."""

    def measure(self, connections: int, seconds: float) -> None:
        before = [processes.cpu_seconds(each) for each in (self.process, self.backend)]
        seen = load.run(self.request, connections=connections, seconds=seconds)
        after = [processes.cpu_seconds(each) for each in (self.process, self.backend)]
        self.runs.setdefault(connections, []).append(seen)
        for spent, begun, ended in zip((self.cpu, self.behind), before, after, strict=True):
            each = (ended - begun) / max(1, seen.requests) * 1e6
            spent.setdefault(connections, []).append(each)


def measure(plan: Plan) -> Result:
    result = Result("Load balancer")
    with ExitStack() as stack:
        contenders = _set_up(stack, plan.folder, result)
        for contender in contenders:
            load.run(contender.request, connections=16, seconds=1)
        bare, ours, peer = contenders
        turns = _turns(plan)
        for connections in CONNECTIONS:
            peer.measure(connections, plan.seconds)
            for number in range(turns):
                for contender in (bare, ours) if number % 2 else (ours, bare):
                    contender.measure(connections, _TURN)
    result.claims = _claims(contenders)
    result.excuse = EXCUSE
    result.tables = [_table(contenders, turns)]
    return result


def _turns(plan: Plan) -> int:
    """One turn says little: which thread got which connections makes a fifth. So there are many
    short ones, twice as long together as the plan's rounds.
    """
    return round(2 * plan.rounds * plan.seconds / _TURN)


def _set_up(stack: ExitStack, folder: Path, result: Result) -> list[Contender]:
    address = containers.gateway()
    backend = address, containers.free_port(address)
    config = _BACKEND.format(address=address, port=backend[1], filling="x" * 1000)
    served = stack.enter_context(containers.haproxy(config, folder / "backend", *backend))
    port = containers.free_port()
    bare = _BARE.format(port=port, target=f"{backend[0]}:{backend[1]}")
    process = stack.enter_context(containers.haproxy(bare, folder / "bare", "127.0.0.1", port))
    ours = stack.enter_context(demitasse(folder / "load-balancer"))
    peer = stack.enter_context(others.ministack(folder))
    contenders = [
        Contender("bare HAProxy", Prepared(f"http://127.0.0.1:{port}/"), process, served),
        _ours(ours, backend, served),
        _ministack(peer, backend, served),
    ]
    result.setup = [
        (
            "Backend: HAProxy 3.0 in a container on the host's network, one thread, answering every"
            " request itself with 200 and about 1 KB of text; the same for all."
        ),
        (
            "Bare HAProxy: the same image on the host's network, its default number of threads (as"
            " Demitasse's has), keep-alive on both sides, `balance roundrobin`, `option httpchk`, one"
            " checked server, timeouts of 60 s: no rules, no headers, no logging."
        ),
        (
            "Demitasse: load balancer, target group with the backend as an ip target, health check and"
            " listener made through the API; it adds X-Forwarded-For, -Proto, -Port and"
            " X-Amzn-Trace-Id, looks up the weights of the forward action, and admits by security"
            " groups (the kernel's filters), as an ALB does."
        ),
        peer.setup + " Its data plane is in the API's own process; reached by the host name"
        " `<name>.alb.localhost`, with the backend as an ip target.",
    ]
    return contenders


def _ours(ours: Demitasse, backend: tuple[str, int], served: int) -> Contender:
    place = account.network(ours)
    arn, address = account.load_balancer(ours, place)
    group = account.listener(ours, place, arn, _PORT, backend)
    containers.listening(address, _PORT)
    elb = ours.client("elbv2")

    def is_healthy() -> bool:
        seen = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [each["TargetHealth"]["State"] for each in seen] == ["healthy"]

    until(is_healthy, "the target is healthy")
    (container,) = ours.containers("load-balancer")
    process = containers.main_process(container)
    return Contender(ours.name, Prepared(f"http://{address}:{_PORT}/"), process, served)


def _ministack(peer: others.Peer, backend: tuple[str, int], served: int) -> Contender:
    place = account.network(peer)
    arn, _ = account.load_balancer(peer, place)
    account.listener(peer, place, arn, _PORT, backend)
    request = Prepared(f"{peer.endpoint}/", headers={"Host": "bench.alb.localhost"})
    return Contender(peer.name, request, peer.process, served)


def _claims(contenders: list[Contender]) -> list[Claim]:
    bare, ours, peer = contenders
    claims = []
    for connections in CONNECTIONS:
        pairs = list(zip(ours.runs[connections], bare.runs[connections], strict=True))
        rate = median(one.rate / other.rate for one, other in pairs)
        slow = median(one.p99 / other.p99 for one, other in pairs)
        those = f"{connections} connection{'s' if connections > 1 else ''}"
        claims += [
            at_least(f"requests/s, of bare HAProxy's, {those}", rate, 0.90, "×"),
            at_most(f"p99 latency, of bare HAProxy's, {those}", slow, 1.2, "×"),
        ]
    most = median(
        one.rate / other.rate
        for connections in CONNECTIONS
        for one, other in itertools.product(ours.runs[connections], peer.runs[connections])
    )
    claims.append(
        Claim("requests/s, of ministack's load balancer", "(compared)", f"{most:.0f} ×", True)
    )
    return claims


def _table(contenders: list[Contender], turns: int) -> Table:
    rows = []
    for connections in CONNECTIONS:
        for each in contenders:
            runs = each.runs[connections]
            spoilt = sum(run.spoilt for run in runs)
            rows.append(
                [
                    str(connections),
                    each.name,
                    f"{median(run.rate for run in runs):,.0f}",
                    f"{median(run.p50 for run in runs):.2f}",
                    f"{median(run.p99 for run in runs):.2f}",
                    f"{median(each.cpu[connections]):.0f}",
                    f"{median(each.behind[connections]):.0f}",
                    f"{spoilt} of {len(runs)} runs with errors" if spoilt else "",
                ]
            )
    head = ("connections", "", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "backend's", "")
    notes = [
        (
            f"Medians of {turns} turns of {_TURN:g} s each (ministack: one longer one); the ratios above"
            " are medians of each turn's ratio. The load generator and the backend share the cores with"
            " what is measured."
        )
    ]
    return Table("Through the load balancer", head, rows, notes)
