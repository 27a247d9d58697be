"""What a target gets to see that the client did not send.

Follows "HTTP headers and Application Load Balancers", "Request tracing" and "Edit attributes" of
the Elastic Load Balancing user guide.

These rules run for every request, so their cost was counted (instructions in HAProxy): a look at
a header is cheap, a built value is not, and ``replace-header`` builds its value even when there is
nothing to replace. Hence the rare cases stand behind one ``allow`` in the frontend, which ends
the rules of most requests there; and of a trace id only the end is made anew for each request.
"""

from __future__ import annotations

from demitasse.engines.traffic.acl import quoted
from demitasse.engines.traffic.spec import LoadBalancer, Xff

DEFAULT_PORTS = (80, 443)

# Eight decimal digits are hexadecimal digits too, and made without conversion.
_TRACE_ID = "1-%[date,hex,bytes(8,8),lower]-%[var(sess.trace)]%[rand(90000000),add(10000000)]"
_TRACE = "X-Amzn-Trace-Id"


def connection_rules() -> list[str]:
    """Once for each connection: two thirds of its trace ids."""
    return ["tcp-request connection set-var(sess.trace) rand,xxh64,hex,lower"]


def frontend_rules(spec: LoadBalancer, port: int) -> list[str]:
    """The last rules of a frontend. They touch nothing that conditions look at."""
    return [*_host(spec, port), *_trace_that_came()]


def backend_rules(spec: LoadBalancer) -> list[str]:
    """The rules of a group, where the conditions have been looked at."""
    lines = []
    if spec.drop_invalid_header_fields:
        lines.append(f"http-request del-header {quoted('[^A-Za-z0-9-]')} -m reg")
    ports = {listener.port for listener in spec.listeners}
    port = str(*ports) if len(ports) == 1 else "%[dst_port]"
    return [
        *lines,
        *_forwarded_for(spec),
        "http-request set-header X-Forwarded-Proto http",
        f"http-request set-header X-Forwarded-Port {port}",
        f"http-request set-header {_TRACE} Root={_TRACE_ID} if !{{ var(txn.traced) -m found }}",
    ]


def _host(spec: LoadBalancer, port: int) -> list[str]:
    """An unusual port of the listener is appended; behind a usual one any port is taken away."""
    if spec.preserve_host_header:
        return []
    if port in DEFAULT_PORTS:
        value, when = "%[req.hdr(host),host_only]", "{ req.hdr(host) -m sub : }"
    else:
        value, when = f"%[req.hdr(host)]:{port}", "{ req.hdr(host) -m reg ^[^:]+$ }"
    return [f"http-request set-header Host {value} if {when}"]


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


def _trace_that_came() -> list[str]:
    """A Self beside the Root that came, or in place of the Self that came."""
    given = f"req.fhdr({_TRACE})"
    fresh = f"Self={_TRACE_ID}"
    root, self_ = f"{{ {given} -m sub Root= }}", f"{{ {given} -m sub Self= }}"
    renewed = f"http-request replace-header {_TRACE} '^(.*;)?Self=[^;]*(.*)$' '\\1{fresh}\\2'"
    beside = f"http-request set-header {_TRACE} '{fresh};%[{given}]' if {root} !{self_}"
    without = f"http-request set-header {_TRACE} 'Root={_TRACE_ID};%[{given}]' if !{root} !{self_}"
    return [
        f"http-request allow if !{{ {given} -m found }}",
        "http-request set-var(txn.traced) bool(true)",
        f"{renewed} if {self_}",
        beside,
        without,
    ]
