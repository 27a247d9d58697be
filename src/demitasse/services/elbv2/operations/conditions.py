"""Conditions of rules: read from AWS's shape, checked, and written in it again.

Characters, lengths and numbers are those of the ``RuleCondition`` shape's documentation and of
the quotas "condition values" and "condition wildcards per rule".
"""

from __future__ import annotations

import re
from ipaddress import ip_network

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.elbv2.limits import CONDITION_VALUES_PER_RULE, WILDCARDS_PER_RULE
from demitasse.services.elbv2.records import Condition, QueryPair

_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "path-pattern": "PathPatternConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
_SHORT = ("host-header", "path-pattern")  # may also be given in Values alone
_REPEATABLE = ("http-header", "query-string")
_WILD = ("host-header", "path-pattern", "http-header", "query-string")
_LONGEST = 128
_CHARACTERS = {
    "host-header": re.compile(r"[A-Za-z0-9.*?-]+"),
    "path-pattern": re.compile(r"[A-Za-z0-9_\-.$/~\"'@:+&*?]+"),
    "http-request-method": re.compile(r"[A-Z_-]{1,40}"),
    "http-header": re.compile(r"[\x20-\x7e]+"),
    "query-string": re.compile(r"[\x21-\x7e]+"),
}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,40}")


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)


def read(given: list[Input]) -> tuple[Condition, ...]:
    """The conditions of one rule; ``ServiceError``: ``ValidationError``."""
    if not given:
        raise _invalid("A rule must have at least one condition")
    conditions = tuple(_condition(each) for each in given)
    for field in _CONFIGS:
        if field in _REPEATABLE:
            continue
        if sum(condition.field == field for condition in conditions) > 1:
            raise _invalid(f"A rule can only have one '{field}' condition")
    values = sum(len(condition.values) + len(condition.pairs) for condition in conditions)
    if values > CONDITION_VALUES_PER_RULE:
        raise _invalid(
            f"A rule can only have '{CONDITION_VALUES_PER_RULE}' condition values, not '{values}'"
        )
    wild = sum(_wildcards(condition) for condition in conditions)
    if wild > WILDCARDS_PER_RULE:
        raise _invalid(
            f"A rule can only have '{WILDCARDS_PER_RULE}' condition wildcards, not '{wild}'"
        )
    return conditions


def _wildcards(condition: Condition) -> int:
    if condition.field not in _WILD:
        return 0
    texts = [*condition.values, *(pair.value for pair in condition.pairs)]
    texts += [pair.key or "" for pair in condition.pairs]
    return sum(text.count("*") + text.count("?") for text in texts)


def _condition(given: Input) -> Condition:
    field = given.get("Field", "")
    if field not in _CONFIGS:
        raise _invalid(
            f"Condition field '{field}' must be one of '[{', '.join(sorted(_CONFIGS))}]'"
        )
    for other, member in _CONFIGS.items():
        if other != field and member in given:
            raise _invalid(f"'{member}' cannot be specified for a '{field}' condition")
    config = given.get(_CONFIGS[field])
    if given.get("RegexValues") or (config or {}).get("RegexValues"):
        raise NotSupported("A rule condition with RegexValues")
    short = given.get("Values") or []
    if config is None:
        if field not in _SHORT:
            raise _invalid(f"'{_CONFIGS[field]}' must be specified for a '{field}' condition")
        config = {"Values": short}
    elif short and short != config.get("Values"):
        raise _invalid(f"'Values' and '{_CONFIGS[field]}' cannot both be specified")
    if not config.get("Values"):
        raise _invalid(f"A condition value must be specified for a '{field}' condition")
    return _READ[field](field, config)


def _texts(field: str, config: Input) -> Condition:
    for text in config["Values"]:
        _check(field, text)
    return Condition(field, tuple(config["Values"]))


def _check(field: str, text: str) -> None:
    if not text:
        raise _invalid(f"The value of a '{field}' condition cannot be empty")
    if len(text) > _LONGEST:
        raise _invalid(
            f"The '{field}' value '{text}' cannot be longer than '{_LONGEST}' characters"
        )
    if not _CHARACTERS[field].fullmatch(text):
        raise _invalid(f"The '{field}' value '{text}' contains characters that are not allowed")
    if field == "host-header" and "." not in text:
        raise _invalid(f"The 'host-header' value '{text}' must include at least one '.'")


def _header(field: str, config: Input) -> Condition:
    name = config.get("HttpHeaderName", "")
    if not _TOKEN.fullmatch(name):
        raise _invalid(f"The HTTP header name '{name}' is not valid")
    if name.lower() == "host":
        raise _invalid("The HTTP header name 'Host' cannot be used: use a 'host-header' condition")
    condition = _texts(field, config)
    return Condition(field, condition.values, header=name)


def _query(field: str, config: Input) -> Condition:
    pairs = []
    for pair in config["Values"]:
        _check(field, pair.get("Value", ""))
        if pair.get("Key"):
            _check(field, pair["Key"])
        pairs.append(QueryPair(pair["Value"], pair.get("Key") or None))
    return Condition(field, pairs=tuple(pairs))


def _source(field: str, config: Input) -> Condition:
    if "IpAddressType" in config:
        raise _invalid("'IpAddressType' applies to Network Load Balancers only")
    for text in config["Values"]:
        address, slash, _ = text.partition("/")
        try:
            ip_network(text, strict=False)
        except ValueError:
            slash = ""
        if not address or not slash:
            raise _invalid(f"The source IP '{text}' must be in CIDR format, such as 192.0.2.1/32")
    return Condition(field, tuple(config["Values"]))


_READ = {
    "host-header": _texts,
    "http-header": _header,
    "http-request-method": _texts,
    "path-pattern": _texts,
    "query-string": _query,
    "source-ip": _source,
}


def written(conditions: tuple[Condition, ...]) -> list[Output]:
    """Conditions in AWS's shape."""
    return [_written(condition) for condition in conditions]


def _written(condition: Condition) -> Output:
    values = list(condition.values)
    given: Output = {"Field": condition.field}
    if condition.field in _SHORT:
        given["Values"] = values
    config: Output = {"Values": values}
    if condition.header:
        config["HttpHeaderName"] = condition.header
    if condition.pairs:
        config["Values"] = [{"Key": pair.key, "Value": pair.value} for pair in condition.pairs]
    given[_CONFIGS[condition.field]] = config
    return given
