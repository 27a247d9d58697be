"""A target group as a HAProxy backend, its targets as servers."""

from __future__ import annotations

from dataclasses import dataclass

from demitasse.engines.traffic import names
from demitasse.engines.traffic.acl import quoted
from demitasse.engines.traffic.matcher import ranges
from demitasse.engines.traffic.pages import answer
from demitasse.engines.traffic.spec import (
    Algorithm,
    AppCookie,
    HealthCheck,
    LbCookie,
    TargetGroup,
)

WEEK = 7 * 24 * 3600
"""How long the load balancer's cookies live in a browser; what they say may expire before."""


@dataclass(frozen=True, slots=True)
class Server:
    """A target as two servers: the checked one and its twin (see ``render``)."""

    name: str
    place: str
    options: str
    draining: bool
    healthy_after: int = 1
    unhealthy_after: int = 1

    @property
    def twin(self) -> str:
        return names.open_name(self.name)


def group_servers(group: TargetGroup) -> tuple[Server, ...]:
    """The group's servers, by name."""
    check = group.health_check
    shared = [
        "check",
        f"inter {milliseconds(check.interval)}",
        f"rise {check.healthy_threshold}",
        f"fall {check.unhealthy_threshold}",
    ]
    if check.port is not None:
        shared.append(f"port {check.port}")
    if group.slow_start:
        shared.append(f"slowstart {milliseconds(group.slow_start)}")
    found = []
    for target in sorted(group.targets):
        options = list(shared)
        if group.stickiness is not None:
            options.append(f"cookie {names.target_cookie(group, target)}")
        found.append(
            Server(
                name=names.server_name(target),
                place=f"{target.address}:{target.port}",
                options=" ".join(options),
                draining=target.draining,
                healthy_after=check.healthy_threshold,
                unhealthy_after=check.unhealthy_threshold,
            )
        )
    return tuple(found)


def server_lines(servers: tuple[Server, ...]) -> list[str]:
    """The servers as the configuration names them."""
    lines = []
    for each in servers:
        state = " disabled" if each.draining else ""
        lines.append(f"server {each.name} {each.place} {each.options}{state}")
        lines.append(f"server {each.twin} {each.place} backup{state}")
    return lines


def group_backend(group: TargetGroup, rules: list[str]) -> list[str]:
    """The backend without its servers, with the ``rules`` for every request; it tells how they are made, so that its digest does."""
    check = group.health_check
    expected = ",".join(
        str(low) if low == high else f"{low}-{high}" for low, high in ranges(check.matcher)
    )
    balance = (
        "leastconn" if group.algorithm is Algorithm.LEAST_OUTSTANDING_REQUESTS else "roundrobin"
    )
    return [
        f"backend {names.backend_name(group.id)}",
        (
            f"# servers: {milliseconds(check.interval)} {check.healthy_threshold} {check.unhealthy_threshold}"
            f" {check.port} {milliseconds(group.slow_start)}"
        ),
        f"balance {balance}",
        "option allbackups",
        "option httpchk",
        "http-check connect" + (f" port {check.port}" if check.port is not None else ""),
        (
            f"http-check send meth GET uri {quoted(check.path)} ver HTTP/1.1"
            f" hdr Host {_check_host(check)} hdr User-Agent ELB-HealthChecker/2.0"
        ),
        f"http-check expect status {expected}",
        f"timeout check {milliseconds(check.timeout)}",
        f"http-request return {answer(503)} unless {{ nbsrv -m bool }}",
        *rules,
        *_stickiness(group),
        "http-after-response allow unless { status 503 }",
        "http-after-response set-status 502 if { txn.sess_term_state SC }",
        "http-after-response set-status 504 if { txn.sess_term_state sC }",
    ]


def _check_host(check: HealthCheck) -> str:
    if check.port is None:
        return "'%[srv_name]'"
    return f"'%[srv_name,field(1,:)]:{check.port}'"


def _stickiness(group: TargetGroup) -> list[str]:
    """The load balancer's cookie names the target, and when it was last sent (``maxidle``)."""
    match group.stickiness:
        case None:
            return []
        case LbCookie(duration):
            name = "AWSALB"
            keep = []
        case AppCookie(application, duration):
            name = "AWSALBAPP-0"
            given = quoted(f"req.cook({application})")
            made = quoted(f"res.cook({application})")
            keep = [
                f"http-request set-var(txn.application) bool(true) if {{ {given} -m found }}",
                f"http-response set-var(txn.application) bool(true) if {{ {made} -m found }}",
                (
                    "http-after-response replace-header Set-Cookie '^AWSALBAPP-0=[^;]*'"
                    " 'AWSALBAPP-0=_remove_' if !{ var(txn.application) -m found }"
                ),
            ]
    return [
        f"cookie {name} insert maxidle {max(1, round(duration))}s",
        *keep,
        (
            f"http-after-response replace-header Set-Cookie '^({name}=[^;]*).*$'"
            f" '\\1; Expires=%[date({WEEK}),http_date]; Path=/'"
        ),
    ]


def milliseconds(seconds: float) -> str:
    """A duration for HAProxy, at least one millisecond."""
    return f"{max(1, round(seconds * 1000))}ms"
