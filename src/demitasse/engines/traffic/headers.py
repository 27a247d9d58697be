"""What a target gets to see that the client did not send, as HAProxy rules of its backend.

Follows "HTTP headers and Application Load Balancers", "Request tracing" and "Edit attributes" of
the Elastic Load Balancing user guide. These rules run for every request: each must be cheap.
"""

from __future__ import annotations

from demitasse.engines.traffic.acl import quoted
from demitasse.engines.traffic.spec import LoadBalancer, Xff

DEFAULT_PORTS = frozenset({80, 443})

_RANDOM = "%[rand,hex,bytes(8,8),lower]"
_TRACE_ID = f"1-%[date,hex,bytes(8,8),lower]-{_RANDOM}{_RANDOM}{_RANDOM}"


def request_headers(spec: LoadBalancer) -> list[str]:
    """The rules, in order."""
    lines = []
    if spec.drop_invalid_header_fields:
        lines.append(f"http-request del-header {quoted('[^A-Za-z0-9-]')} -m reg")
    if not spec.preserve_host_header:
        lines += _host({listener.port for listener in spec.listeners})
    lines += _forwarded_for(spec)
    lines += [
        "http-request set-header X-Forwarded-Proto http",
        "http-request set-header X-Forwarded-Port %[dst_port]",
    ]
    return [*lines, *_trace()]


def _host(ports: set[int]) -> list[str]:
    """The port of a listener on an unusual port is appended, a usual one's is taken away."""
    lines = []
    if ports & DEFAULT_PORTS:
        lines.append(
            "http-request set-header Host %[req.hdr(host),host_only]"
            " if { req.hdr(host) -m sub : } { dst_port 80 443 }"
        )
    if ports - DEFAULT_PORTS:
        lines.append(
            "http-request set-header Host %[req.hdr(host)]:%[dst_port]"
            " if !{ dst_port 80 443 } { req.hdr(host) -m found } !{ req.hdr(host) -m sub : }"
        )
    return lines


def _forwarded_for(spec: LoadBalancer) -> list[str]:
    client = "%[src]:%[src_port]" if spec.xff_client_port else "%[src]"
    match spec.xff:
        case Xff.PRESERVE:
            return []
        case Xff.REMOVE:
            return ["http-request del-header X-Forwarded-For"]
        case Xff.APPEND:
            given = "{ req.fhdr(X-Forwarded-For) -m found }"
            appended = (
                f"http-request set-header X-Forwarded-For '%[req.fhdr(X-Forwarded-For)], {client}'"
                f" if {given}"
            )
            if spec.xff_client_port:
                fresh = f"http-request set-header X-Forwarded-For {client} if !{given}"
            else:
                fresh = "option forwardfor if-none"
            return [appended, fresh]


def _trace() -> list[str]:
    """A new Root; or a Self beside the Root that came, or in place of the Self that came."""
    given = "req.fhdr(X-Amzn-Trace-Id)"
    return [
        (
            "http-request replace-header X-Amzn-Trace-Id '^(.*;)?Self=[^;]*(.*)$'"
            f" '\\1Self={_TRACE_ID}\\2'"
        ),
        (
            f"http-request set-header X-Amzn-Trace-Id 'Self={_TRACE_ID};%[{given}]'"
            f" if {{ {given} -m sub Root= }} !{{ {given} -m sub Self= }}"
        ),
        (
            f"http-request set-header X-Amzn-Trace-Id 'Root={_TRACE_ID};%[{given}]'"
            f" if {{ {given} -m found }} !{{ {given} -m sub Root= }} !{{ {given} -m sub Self= }}"
        ),
        f"http-request set-header X-Amzn-Trace-Id 'Root={_TRACE_ID}' if !{{ {given} -m found }}",
    ]
