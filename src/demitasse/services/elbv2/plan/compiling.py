"""A load balancer's records as the traffic engine's values."""

from __future__ import annotations

from collections.abc import Mapping

from demitasse.clock import Waits
from demitasse.engines.addresses.seen import as_seen
from demitasse.engines.traffic import conditions, spec
from demitasse.services.elbv2 import attributes
from demitasse.services.elbv2.arns import engine_id
from demitasse.services.elbv2.plan.view import GroupView, View
from demitasse.services.elbv2.records import (
    Action,
    Condition,
    HealthCheck,
    LoadBalancer,
    enabled,
)

_SHORTEST_INTERVAL = 0.25  # between two checks of a target, however far time is compressed


def compile_spec(view: View, waits: Waits) -> spec.LoadBalancer:
    """The load balancer as the traffic engine shall make it."""
    desired = view.balancer.desired

    def attribute(name: str) -> str:
        return attributes.value(attributes.LOAD_BALANCER, desired.attributes, name)

    return spec.LoadBalancer(
        id=engine_id(view.balancer.key),
        address=desired.address,
        listeners=tuple(
            spec.Listener(
                port=listener.desired.port,
                default=_action(listener.desired.actions),
                rules=_rules(view, listener.key),
            )
            for listener in sorted(view.listeners, key=lambda item: item.desired.port)
        ),
        target_groups=tuple(
            _group(group, desired, waits) for group in sorted(view.groups, key=lambda g: g.arn)
        ),
        idle_timeout=float(attribute("idle_timeout.timeout_seconds")),
        client_keep_alive=float(attribute("client_keep_alive.seconds")),
        drop_invalid_header_fields=(
            attribute("routing.http.drop_invalid_header_fields.enabled") == "true"
        ),
        preserve_host_header=attribute("routing.http.preserve_host_header.enabled") == "true",
        xff=spec.Xff(attribute("routing.http.xff_header_processing.mode")),
        xff_client_port=attribute("routing.http.xff_client_port.enabled") == "true",
    )


def _rules(view: View, listener: str) -> tuple[spec.Rule, ...]:
    found = []
    for rule in view.rules:
        if rule.desired.listener_arn != listener:
            continue
        tests = [
            _condition(each, view.balancer.desired.address) for each in rule.desired.conditions
        ]
        present = tuple(test for test in tests if test is not None)
        if len(present) == len(tests):  # else one of them can never hold
            found.append(spec.Rule(rule.desired.priority, present, _action(rule.desired.actions)))
    return tuple(found)


def _action(actions: tuple[Action, ...]) -> spec.Action:
    action = actions[-1]
    if action.redirect is not None:
        redirect = action.redirect
        return spec.Redirect(
            protocol=redirect.protocol,
            host=redirect.host,
            port=redirect.port,
            path=redirect.path,
            query=redirect.query,
            status=int(redirect.status_code.removeprefix("HTTP_")),
        )
    if action.fixed_response is not None:
        fixed = action.fixed_response
        return spec.FixedResponse(
            int(fixed.status_code), fixed.content_type or "text/plain", fixed.message_body
        )
    return spec.Forward(
        tuple(
            spec.WeightedGroup(engine_id(group.target_group_arn), group.weight)
            for group in action.groups
        ),
        None if action.stickiness is None else float(action.stickiness),
    )


def _condition(condition: Condition, address: str) -> conditions.Condition | None:
    """The engine's condition; ``None`` when it can never hold."""
    match condition.field:
        case "path-pattern":
            return conditions.PathPattern(condition.values)
        case "host-header":
            return conditions.HostHeader(condition.values)
        case "http-header":
            return conditions.HttpHeader(condition.header, condition.values)
        case "http-request-method":
            return conditions.RequestMethod(condition.values)
        case "query-string":
            return conditions.QueryString(tuple((pair.key, pair.value) for pair in condition.pairs))
        case _:
            networks = tuple(as_seen(condition.values, address))
            return conditions.SourceIp(networks) if networks else None


def _group(group: GroupView, balancer: LoadBalancer, waits: Waits) -> spec.TargetGroup:
    if group.desired is None:
        return spec.TargetGroup(engine_id(group.arn))
    given = group.desired.attributes

    def attribute(name: str) -> str:
        return attributes.value(attributes.TARGET_GROUP, given, name)

    return spec.TargetGroup(
        id=engine_id(group.arn),
        targets=tuple(
            sorted(
                spec.Target(
                    target.desired.address,
                    target.desired.port,
                    target.desired.deregistered_at is not None,
                )
                for target in group.targets
                if enabled(target.desired, balancer)
            )
        ),
        health_check=_health_check(group.desired.health_check, waits),
        algorithm=spec.Algorithm(attribute("load_balancing.algorithm.type")),
        stickiness=_stickiness(given),
        slow_start=waits.seconds(float(attribute("slow_start.duration_seconds"))),
    )


def _stickiness(given: Mapping[str, str]) -> spec.LbCookie | spec.AppCookie | None:
    def attribute(name: str) -> str:
        return attributes.value(attributes.TARGET_GROUP, given, f"stickiness.{name}")

    if attribute("enabled") != "true":
        return None
    if attribute("type") == "app_cookie":
        return spec.AppCookie(
            attribute("app_cookie.cookie_name"), float(attribute("app_cookie.duration_seconds"))
        )
    return spec.LbCookie(float(attribute("lb_cookie.duration_seconds")))


def _health_check(check: HealthCheck, waits: Waits) -> spec.HealthCheck:
    """The check, with its interval compressed: its timeout is no wait but what a target is allowed,
    and a machine under load is not faster than AWS.
    """
    return spec.HealthCheck(
        path=check.path,
        port=None if check.port == "traffic-port" else int(check.port),
        matcher=check.matcher,
        interval=max(waits.seconds(check.interval), _SHORTEST_INTERVAL),
        timeout=float(check.timeout),
        healthy_threshold=check.healthy_threshold,
        unhealthy_threshold=check.unhealthy_threshold,
    )
