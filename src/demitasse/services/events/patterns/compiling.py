"""From a pattern's text to a tree of matchers; errors are those of AWS's Event Ruler."""

from __future__ import annotations

import ipaddress
from typing import Any

from demitasse.services.events.patterns import matching
from demitasse.services.events.patterns.matching import Leaf, Matcher, Node
from demitasse.services.events.patterns.tokens import PatternError, Token, Tokens

_OR = "$or"
_OPERATORS = (
    "exactly",
    "prefix",
    "suffix",
    "numeric",
    "anything-but",
    "exists",
    "cidr",
    "equals-ignore-case",
    "wildcard",
)
_RESERVED_IN_OR = frozenset({*_OPERATORS, ">", ">=", "<", "<=", "=", "range"})
_ONE_KEY = "Only one key allowed in match expression"
_TOO_MANY = "Too many elements in numeric expression"


def compiled(text: str) -> Node:
    """The tree of a pattern; ``PatternError``."""
    tokens = Tokens(text)
    if tokens.next().kind != "{":
        raise tokens.failure("Filter is not an object")
    node = _object(tokens, in_or=False)
    tokens.next()
    return node


def _object(tokens: Tokens, *, in_or: bool) -> Node:
    fields: dict[str, Node | Leaf] = {}
    alternatives: list[tuple[Node, ...]] = []
    while tokens.next().kind != "}":
        name = tokens.last.value
        if name == _OR:
            alternatives.append(_alternatives(tokens))
            continue
        if in_or and name in _RESERVED_IN_OR:
            raise tokens.failure(
                f"{name} is Ruler reserved fieldName which cannot be used inside {_OR}."
            )
        match tokens.next().kind:
            case "{":
                fields[name] = _object(tokens, in_or=in_or)
            case "[":
                fields[name] = _leaf(tokens)
            case _:
                raise tokens.failure(f'"{name}" must be an object or an array')
    if not fields and not alternatives:
        raise tokens.failure("Empty objects are not allowed")
    return Node(tuple(fields.items()), tuple(alternatives))


def _alternatives(tokens: Tokens) -> tuple[Node, ...]:
    if tokens.next().kind != "[":
        raise tokens.failure(f"It must be an Array followed with {_OR}.")
    found = []
    while tokens.next().kind != "]":
        if tokens.last.kind != "{":
            raise tokens.failure(f"Only JSON object is allowed in array of {_OR} relationship.")
        found.append(_object(tokens, in_or=True))
    if len(found) < 2:
        raise tokens.failure(f"There must have at least 2 Objects in {_OR} relationship.")
    return tuple(found)


def _leaf(tokens: Tokens) -> Leaf:
    matchers: list[Matcher] = []
    exact: list[Any] = []
    absent = only_exact = False
    count = 0
    while tokens.next().kind != "]":
        count += 1
        if tokens.last.kind == "{":
            matcher = _expression(tokens)
            if matcher is None:
                absent = True
            else:
                matchers.append(matcher)
        elif tokens.last.kind in ("string", "number", "literal"):
            exact.append(tokens.last.value)
            matchers.append(matching.equals(tokens.last.value))
        else:
            raise tokens.failure("Match value must be String, number, true, false, or null")
    if not count:
        raise tokens.failure("Empty arrays are not allowed")
    only_exact = len(exact) == count
    return Leaf(tuple(matchers), absent, tuple(exact) if only_exact else None)


def _expression(tokens: Tokens) -> Matcher | None:
    """One ``{"operator": …}``; ``None`` for the absence of a value."""
    if tokens.next().kind != "name":
        raise tokens.failure("Match expression name not found")
    match tokens.last.value:
        case "exactly":
            return _closed(tokens, matching.equals(_text(tokens, "exact")))
        case "prefix":
            return _affix(tokens, "prefix")
        case "suffix":
            return _affix(tokens, "suffix")
        case "equals-ignore-case" as name:
            return _closed(tokens, matching.equals_ignore_case(_text(tokens, name)))
        case "wildcard" as name:
            return _closed(tokens, matching.wildcard(_parts(tokens, _text(tokens, name))))
        case "cidr":
            return _closed(tokens, matching.cidr(_network(_text(tokens, "prefix"))))
        case "numeric":
            return _numeric(tokens)
        case "anything-but":
            return _anything_but(tokens)
        case "exists":
            return _exists(tokens)
    raise tokens.failure(f"Unrecognized match type {tokens.last.value}")


def _text(tokens: Tokens, operator: str) -> str:
    if tokens.next().kind != "string":
        raise tokens.failure(f"{operator} match pattern must be a string")
    text: str = tokens.last.value
    return text


def _closed(tokens: Tokens, matcher: Matcher, message: str = _ONE_KEY) -> Matcher:
    if tokens.next().kind != "}":
        raise tokens.failure(message)
    return matcher


def _exists(tokens: Tokens) -> Matcher | None:
    token = tokens.next()
    if token.kind != "literal" or token.value is None:
        raise tokens.failure("exists match pattern must be either true or false.")
    wanted: bool = token.value
    _closed(tokens, matching.exists)
    return matching.exists if wanted else None


def _affix(tokens: Tokens, operator: str) -> Matcher:
    token = tokens.next()
    plain, folded = {
        "prefix": (matching.prefix, matching.prefix_ignore_case),
        "suffix": (matching.suffix, matching.suffix_ignore_case),
    }[operator]
    if token.kind == "string":
        return _closed(tokens, plain(token.value))
    if token.kind != "{":
        raise tokens.failure(f"{operator} match pattern must be a string")
    if tokens.next().kind != "name":
        raise tokens.failure(f"{operator.capitalize()} expression name not found")
    if tokens.last.value != "equals-ignore-case":
        raise tokens.failure(f"Unsupported {operator} pattern: {tokens.last.value}")
    matcher = folded(_text(tokens, "equals-ignore-case"))
    return _closed(tokens, _closed(tokens, matcher))


# anything-but

_UNSUPPORTED_IN_LIST = "Inside anything but list, start|null|boolean is not supported."
_MIXED = (
    "Inside anything but list, either all values are number or string, mixed type is not supported"
)
_NOT_A_TEXT = {
    "equals-ignore-case": (
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
    ),
    "wildcard": "wildcard match pattern must be a string",
    "prefix": "prefix/suffix match pattern must be a string",
    "suffix": "prefix/suffix match pattern must be a string",
}


def _anything_but(tokens: Tokens) -> Matcher:
    operator = ""
    token = tokens.next()
    if token.kind == "{":
        if tokens.next().kind != "name":
            raise tokens.failure("Anything-But expression name not found")
        operator = tokens.last.value
        if operator not in _NOT_A_TEXT:
            raise tokens.failure(f"Unsupported anything-but pattern: {operator}")
        token = tokens.next()
    if token.kind not in ("[", "string", "number"):
        raise tokens.failure(
            "Value of anything-but must be an array or single string/number value."
        )
    refused = [_refused(tokens, operator, each) for each in _each(tokens, token)]
    if not operator and (token.kind == "[" and _is_mixed(refused)):
        raise tokens.failure(_MIXED)
    matcher = matching.is_not(*(each for each, _ in refused))
    if operator:
        _closed(tokens, matcher, _TOO_MANY)
    return _closed(tokens, matcher, _TOO_MANY)


def _each(tokens: Tokens, token: Token) -> Any:
    if token.kind != "[":
        yield token
        return
    while tokens.next().kind != "]":
        yield tokens.last


def _is_mixed(refused: list[tuple[Matcher, str]]) -> bool:
    return len({kind for _, kind in refused}) != 1


def _refused(tokens: Tokens, operator: str, token: Token) -> tuple[Matcher, str]:
    """What must not be matched, and the kind of the value."""
    if not operator:
        if token.kind not in ("string", "number"):
            raise tokens.failure(_UNSUPPORTED_IN_LIST)
        return matching.equals(token.value), token.kind
    if token.kind != "string":
        raise tokens.failure(_NOT_A_TEXT[operator])
    text: str = token.value
    match operator:
        case "equals-ignore-case":
            return matching.equals_ignore_case(text), token.kind
        case "wildcard":
            return matching.wildcard(_parts(tokens, text)), token.kind
    if not text:
        raise tokens.failure("Null prefix/suffix not allowed")
    matcher = matching.prefix(text) if operator == "prefix" else matching.suffix(text)
    return matcher, token.kind


# numbers, networks, wildcards


def _numeric(tokens: Tokens) -> Matcher:
    if tokens.next().kind != "[":
        raise tokens.failure("Value of numeric must be an array.")
    operator = tokens.next()
    if operator.kind != "string":
        shown = operator.kind if operator.value is None else operator.value
        raise tokens.failure(f"Invalid member in numeric match: {shown}")
    match operator.value:
        case "=":
            value = _number(tokens, "equals")
            matcher = matching.equals(value)
            _end_of_list(tokens)
        case ">" | ">=":
            matcher = _from(tokens, operator.value)
        case "<" | "<=":
            high = _number(tokens, operator.value)
            matcher = matching.within(None, high, open_high=operator.value == "<")
            _end_of_list(tokens)
        case other:
            raise tokens.failure(f"Unrecognized numeric range operator: {other}")
    return _closed(tokens, matcher, _TOO_MANY)


def _from(tokens: Tokens, operator: str) -> Matcher:
    low, open_low = _number(tokens, operator), operator == ">"
    token = tokens.next()
    if token.kind == "]":
        return matching.within(low, None, open_low=open_low)
    if token.kind != "string":
        raise tokens.failure(f"Bad value in numeric range: {token.value}")
    if token.value not in ("<", "<="):
        raise tokens.failure(f"Bad numeric range operator: {token.value}")
    high = _number(tokens, token.value)
    if tokens.next().kind != "]":
        raise tokens.failure("Too many terms in numeric range expression")
    if low >= high:
        raise tokens.failure("Bottom must be less than top")
    return matching.within(low, high, open_low=open_low, open_high=token.value == "<")


def _number(tokens: Tokens, operator: str) -> float:
    if tokens.next().kind != "number":
        raise tokens.failure(f"Value of {operator} must be numeric")
    number: float = tokens.last.value
    return number


def _end_of_list(tokens: Tokens) -> None:
    if tokens.next().kind != "]":
        raise tokens.failure(_TOO_MANY)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """AWS says of networks what is wrong, and not where."""
    address, slash, bits = text.partition("/")
    if not slash or "/" in bits:
        raise PatternError("Malformed CIDR, one '/' required")
    if not bits.lstrip("-").isascii() or not bits.lstrip("-").isdigit():
        raise PatternError("Malformed CIDR, mask bits must be an integer")
    mask = int(bits)
    if mask < 0:
        raise PatternError("Malformed CIDR, mask bits must not be negative")
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        raise PatternError(f"Nonstandard IP address: {address}") from None
    if mask >= found.max_prefixlen:
        raise PatternError(f"IPv{found.version} mask bits must be < {found.max_prefixlen}")
    return ipaddress.ip_network(f"{address}/{mask}", strict=False)


def _parts(tokens: Tokens, text: str) -> tuple[str, ...]:
    """The texts between a wildcard's asterisks, which a backslash makes mere characters."""
    parts, at = [""], 0
    while at < len(text):
        character = text[at]
        if character == "*":
            if text[at + 1 : at + 2] == "*":
                raise tokens.failure(f"Consecutive wildcard characters at pos {at + 1}")
            parts.append("")
        elif character == "\\":
            following = text[at + 1 : at + 2]
            if following not in ("*", "\\"):
                raise tokens.failure(f"Invalid escape character at pos {at + 1}")
            parts[-1] += following
            at += 1
        else:
            parts[-1] += character
        at += 1
    return tuple(parts)
