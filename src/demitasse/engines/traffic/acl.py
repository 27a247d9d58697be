"""A rule's conditions as HAProxy ACLs."""

from __future__ import annotations

import re
from ipaddress import IPv4Network

from demitasse.engines.traffic.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    PathPattern,
    QueryString,
    RequestMethod,
    SourceIp,
)

_PLAIN = re.compile(r"[A-Za-z0-9_/.:@~$&'\"+=,;!<>() -]*")


def quoted(word: str) -> str:
    """One word of HAProxy's configuration, whatever it holds; ``ValueError`` for a line's end."""
    if any(char in word for char in "\r\n\0"):
        raise ValueError(f"{word!r} cannot stand in a load balancer's configuration")
    return "'" + word.replace("'", "'\\''") + "'"


def acls(name: str, condition: Condition) -> list[str]:
    """The lines that define the ACL ``name``; lines of one name are alternatives."""
    match condition:
        case PathPattern(values):
            return [f"acl {name} {_like('path', value, case=True)}" for value in values]
        case HostHeader(values):
            sample = "req.hdr(host),host_only"
            return [f"acl {name} {_like(sample, value)}" for value in values]
        case HttpHeader(header, values):
            sample = quoted(f"req.fhdr({header})")
            return [f"acl {name} {_like(sample, value)}" for value in values]
        case RequestMethod(values):
            return [f"acl {name} method -m str -- {' '.join(map(quoted, values))}"]
        case QueryString(values):
            return [
                f"acl {name} query -i -m reg -- {quoted(_parameter(key, value))}"
                for key, value in values
            ]
        case SourceIp(values):
            networks = sorted({IPv4Network(value, strict=False) for value in values})
            return [f"acl {name} src {' '.join(map(str, networks))}"]


def _like(sample: str, pattern: str, *, case: bool = False) -> str:
    """The cheapest HAProxy match that means the same as AWS's wildcard pattern."""
    flag = "" if case else "-i "
    stem = pattern.strip("*")
    if not _PLAIN.fullmatch(stem) or not stem:
        method, word = "reg", f"^{regex(pattern, '.')}$"
    elif pattern == stem:
        method, word = "str", stem
    elif pattern == f"{stem}*":
        method, word = "beg", stem
    elif pattern == f"*{stem}":
        method, word = "end", stem
    elif pattern == f"*{stem}*":
        method, word = "sub", stem
    else:
        method, word = "reg", f"^{regex(pattern, '.')}$"
    return f"{sample} {flag}-m {method} -- {quoted(word)}"


def regex(pattern: str, any_char: str) -> str:
    """A PCRE source that matches what the wildcard pattern does, of ``any_char`` characters."""
    parts = {"*": f"{any_char}*", "?": any_char}
    return "".join(parts.get(char) or _literal(char) for char in pattern)


def _literal(char: str) -> str:
    if char.isascii() and (char.isalnum() or char in "_/~ "):
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def _parameter(key: str | None, value: str) -> str:
    """A parameter somewhere in a query. Without a key any value counts, and so does a
    parameter that has no ``=``.
    """
    tail = regex(value, "[^&]")
    if key is None:
        bare = f"|{regex(value, '[^&=]')}" if "=" not in value else ""
        return f"(?:^|&)(?:[^&=]*={tail}{bare})(?:&|$)"
    equals = f"(?:={tail})?" if not value.strip("*") else f"={tail}"
    return f"(?:^|&){regex(key, '[^&=]')}{equals}(?:&|$)"
