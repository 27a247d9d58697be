"""What a target gets to see that the client did not send.

Follows "HTTP headers and Application Load Balancers", "Request tracing" and "Edit attributes" of
the Elastic Load Balancing user guide.

These rules run for every request, so their cost was counted (instructions in HAProxy): a header
that is set costs a thousand, a value that is made for it as much again, a look at a header a few
hundred. Hence what most requests do not need stands behind one ``allow`` in the frontend, the
client's address is written out once for each connection, and of a trace id only the time and the
request's number are made anew.
"""

from __future__ import annotations

from demitasse.engines.traffic import names
from demitasse.engines.traffic.acl import quoted
from demitasse.engines.traffic.spec import LoadBalancer, Xff

DEFAULT_PORTS = (80, 443)

_TRACE = "X-Amzn-Trace-Id"
_TRACE_CAME = f"{{ req.fhdr({_TRACE}) -m found }}"
_PORT_CAME = "{ req.fhdr(host,1),port_only -m bool }"


def connection_rules(spec: LoadBalancer) -> list[str]:
    """Once for each connection."""
    if spec.xff is not Xff.APPEND:
        return []
    client = "%[src]:%[src_port]" if spec.xff_client_port else "%[src]"
    return [f"tcp-request connection set-var-fmt(sess.client) {client}"]


def frontend_rules(spec: LoadBalancer, port: int) -> list[str]:
    """The last rules of a frontend. They touch nothing that conditions look at."""
    host, is_usual = _host(spec, port)
    return [
        f"http-request allow if !METH_TRACE !{_TRACE_CAME}{is_usual}",
        "http-request deny deny_status 405 if METH_TRACE",
        *host,
        *_trace_that_came(spec),
    ]


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
        f"http-request add-header {_TRACE} Root={_trace_id(spec)} if !{{ var(txn.traced) -m found }}",
    ]


def _host(spec: LoadBalancer, port: int) -> tuple[list[str], str]:
    """An unusual port of the listener is appended; behind a usual one any port is taken away.

    The rule, and the condition under which it has nothing to do.
    """
    if spec.preserve_host_header:
        return [], ""
    if port in DEFAULT_PORTS:
        value, when, is_usual = "%[req.hdr(host),host_only]", _PORT_CAME, f" !{_PORT_CAME}"
    else:
        value, is_usual = f"%[req.hdr(host)]:{port}", f" {_PORT_CAME}"
        when = f"{{ req.hdr(host) -m found }} !{_PORT_CAME}"
    return [f"http-request set-header Host {value} if {when}"], is_usual


def _forwarded_for(spec: LoadBalancer) -> list[str]:
    match spec.xff:
        case Xff.PRESERVE:
            return []
        case Xff.REMOVE:
            return ["http-request del-header X-Forwarded-For"]
        case Xff.APPEND:
            came = 'req.fhdr(X-Forwarded-For),concat(", ")'
            return [f"http-request set-header X-Forwarded-For '%[{came}]%[var(sess.client)]'"]


def _trace_id(spec: LoadBalancer) -> str:
    """The time, then the load balancer and the number of the request in its process."""
    mine = names.opaque(spec.id)[:16]
    return f"1-%[date,htonl,hex,lower]-{mine}%[txn.id32,htonl,hex,lower]"


def _trace_that_came(spec: LoadBalancer) -> list[str]:
    """A Self beside the Root that came, or in place of the Self that came."""
    given = f"req.fhdr({_TRACE})"
    fresh = _trace_id(spec)
    root, self_ = f"{{ {given} -m sub Root= }}", f"{{ {given} -m sub Self= }}"
    renewed = f"http-request replace-header {_TRACE} '^(.*;)?Self=[^;]*(.*)$' '\\1Self={fresh}\\2'"
    beside = f"http-request set-header {_TRACE} 'Self={fresh};%[{given}]' if {root} !{self_}"
    without = f"http-request set-header {_TRACE} 'Root={fresh};%[{given}]' if !{root} !{self_}"
    return [
        f"http-request allow if !{_TRACE_CAME}",
        "http-request set-var(txn.traced) bool(true)",
        f"{renewed} if {self_}",
        beside,
        without,
    ]
