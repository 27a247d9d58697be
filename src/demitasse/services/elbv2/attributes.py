"""The attributes of load balancers, target groups and listeners: names, defaults and bounds.

Each is either carried out, or can only keep the value at which it has no effect; any other value
is refused by name. Bounds and defaults are those of the ``…Attribute`` shapes of botocore's model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from demitasse.errors import NotSupported, ServiceError

Check = Callable[[str, str], None]
"""Raises ``ServiceError`` when an attribute of this name cannot have this value."""


def _invalid(name: str, value: str, must: str) -> ServiceError:
    return ServiceError(
        "ValidationError", f"Attribute '{name}' cannot have the value '{value}': {must}"
    )


def _number(low: int, high: int, *, or_zero: bool = False) -> Check:
    def check(name: str, value: str) -> None:
        fits = re.fullmatch(r"\d{1,9}", value) is not None and (
            low <= int(value) <= high or (or_zero and int(value) == 0)
        )
        if not fits:
            zero = " or 0" if or_zero else ""
            raise _invalid(name, value, f"it must be an integer between {low} and {high}{zero}")

    return check


def _one_of(*values: str) -> Check:
    def check(name: str, value: str) -> None:
        if value not in values:
            raise _invalid(name, value, f"it must be one of {', '.join(values)}")

    return check


def _only(*kept: str, of: tuple[str, ...] = ()) -> Check:
    """Only these are carried out; other values in ``of`` exist on AWS (empty: any)."""

    def check(name: str, value: str) -> None:
        if value in kept:
            return
        if of and value not in of:
            raise _invalid(name, value, f"it must be one of {', '.join(of)}")
        raise NotSupported(f"Attribute '{name}' with the value '{value}'")

    return check


def _anything(name: str, value: str) -> None:
    """Has an effect only together with another attribute."""


def _cookie_name(name: str, value: str) -> None:
    if re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{0,256}", value) is None:
        raise _invalid(name, value, "it must be the name of a cookie")
    if value.startswith("AWSALB"):
        raise _invalid(name, value, "names that start with AWSALB are reserved")


_BOOL = ("true", "false")
_boolean = _one_of(*_BOOL)
_never = _only("false", of=_BOOL)

LOAD_BALANCER: dict[str, tuple[str, Check]] = {
    "access_logs.s3.enabled": ("false", _never),
    "access_logs.s3.bucket": ("", _anything),
    "access_logs.s3.prefix": ("", _anything),
    "connection_logs.s3.enabled": ("false", _never),
    "connection_logs.s3.bucket": ("", _anything),
    "connection_logs.s3.prefix": ("", _anything),
    "health_check_logs.s3.enabled": ("false", _never),
    "health_check_logs.s3.bucket": ("", _anything),
    "health_check_logs.s3.prefix": ("", _anything),
    "idle_timeout.timeout_seconds": ("60", _number(1, 4000)),
    "client_keep_alive.seconds": ("3600", _number(60, 604800)),
    "deletion_protection.enabled": ("false", _boolean),
    "ipv6.deny_all_igw_traffic": ("false", _never),
    "load_balancing.cross_zone.enabled": ("true", _only("true", of=_BOOL)),
    "routing.http.desync_mitigation_mode": (
        "defensive",
        _only("defensive", of=("monitor", "defensive", "strictest")),
    ),
    "routing.http.drop_invalid_header_fields.enabled": ("false", _boolean),
    "routing.http.preserve_host_header.enabled": ("false", _boolean),
    # Of TLS and of HTTP/2, which browsers speak over TLS only, an HTTP listener sees nothing,
    # here as on AWS: both values mean the same.
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": ("false", _boolean),
    "routing.http2.enabled": ("true", _boolean),
    "routing.http.xff_client_port.enabled": ("false", _boolean),
    "routing.http.xff_header_processing.mode": ("append", _one_of("append", "preserve", "remove")),
    "waf.fail_open.enabled": ("false", _never),
    "zonal_shift.config.enabled": ("false", _never),
}

_HEALTH = "target_group_health"
_UNHEALTHY = f"{_HEALTH}.unhealthy_state_routing.minimum_healthy_targets"
_FAILOVER = f"{_HEALTH}.dns_failover.minimum_healthy_targets"

TARGET_GROUP: dict[str, tuple[str, Check]] = {
    "deregistration_delay.timeout_seconds": ("300", _number(0, 3600)),
    "load_balancing.algorithm.anomaly_mitigation": ("off", _only("off", of=("on", "off"))),
    "load_balancing.algorithm.type": (
        "round_robin",
        _only(
            "round_robin",
            "least_outstanding_requests",
            of=("round_robin", "least_outstanding_requests", "weighted_random"),
        ),
    ),
    "load_balancing.cross_zone.enabled": (
        "use_load_balancer_configuration",
        _only(
            "true",
            "use_load_balancer_configuration",
            of=(*_BOOL, "use_load_balancer_configuration"),
        ),
    ),
    "slow_start.duration_seconds": ("0", _number(30, 900, or_zero=True)),
    "stickiness.enabled": ("false", _boolean),
    "stickiness.type": ("lb_cookie", _one_of("lb_cookie", "app_cookie")),
    "stickiness.lb_cookie.duration_seconds": ("86400", _number(1, 604800)),
    "stickiness.app_cookie.cookie_name": ("", _cookie_name),
    "stickiness.app_cookie.duration_seconds": ("86400", _number(1, 604800)),
    f"{_FAILOVER}.count": ("1", _only("1")),
    f"{_FAILOVER}.percentage": ("off", _only("off")),
    f"{_UNHEALTHY}.count": ("1", _only("1")),
    f"{_UNHEALTHY}.percentage": ("off", _only("off")),
}

LISTENER: dict[str, tuple[str, Check]] = {
    "routing.http.response.server.enabled": ("true", _only("true", of=_BOOL)),
    **{
        f"routing.http.response.{header}.header_value": ("", _only(""))
        for header in (
            "access_control_allow_credentials",
            "access_control_allow_headers",
            "access_control_allow_methods",
            "access_control_allow_origin",
            "access_control_expose_headers",
            "access_control_max_age",
            "content_security_policy",
            "strict_transport_security",
            "x_content_type_options",
            "x_frame_options",
        )
    },
}


def value(table: Mapping[str, tuple[str, Check]], given: Mapping[str, str], name: str) -> str:
    """An attribute's value: as set, or its default."""
    return given.get(name, table[name][0])


def effective(
    table: Mapping[str, tuple[str, Check]], given: Mapping[str, str]
) -> list[dict[str, str]]:
    """All attributes as AWS lists them: ``Key``, ``Value``."""
    return [{"Key": name, "Value": given.get(name, table[name][0])} for name in table]


def merge(
    table: Mapping[str, tuple[str, Check]],
    before: Mapping[str, str],
    given: Iterable[Mapping[str, Any]],
) -> dict[str, str]:
    """``before`` with the attributes given; ``ServiceError`` for a name or value that cannot be."""
    after = dict(before)
    seen: set[str] = set()
    for pair in given:
        name, text = str(pair.get("Key", "")), str(pair.get("Value", ""))
        if name not in table:
            raise ServiceError("ValidationError", f"Attribute key '{name}' is not recognized")
        if name in seen:
            raise ServiceError("ValidationError", f"Attribute key '{name}' is specified twice")
        seen.add(name)
        table[name][1](name, text)
        after[name] = text
    return after


def check_target_group(after: Mapping[str, str]) -> None:
    """Whether a target group's attributes go together."""
    slow = value(TARGET_GROUP, after, "slow_start.duration_seconds") != "0"
    algorithm = value(TARGET_GROUP, after, "load_balancing.algorithm.type")
    if slow and algorithm == "least_outstanding_requests":
        raise ServiceError(
            "InvalidConfigurationRequest",
            "Slow start mode cannot be enabled with the least_outstanding_requests algorithm",
        )
    sticky = value(TARGET_GROUP, after, "stickiness.enabled") == "true"
    follows = value(TARGET_GROUP, after, "stickiness.type") == "app_cookie"
    if sticky and follows and not after.get("stickiness.app_cookie.cookie_name"):
        raise ServiceError(
            "ValidationError",
            "Attribute 'stickiness.app_cookie.cookie_name' must be specified when"
            " 'stickiness.type' is 'app_cookie'",
        )
