"""Listeners: create, describe, change, delete."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.elbv2 import arns, attributes, limits
from demitasse.services.elbv2.operations import actions, associations, paging, tagging
from demitasse.services.elbv2.operations.api import api
from demitasse.services.elbv2.records import LISTENERS, RULES, Applied, Listener
from demitasse.store import Item

_replace = msgspec.structs.replace
_OTHERS = ("TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC")


def written(item: Item[Listener, Applied]) -> Output:
    """A listener in AWS's shape."""
    return {
        "ListenerArn": item.key,
        "LoadBalancerArn": item.desired.load_balancer_arn,
        "Port": item.desired.port,
        "Protocol": "HTTP",
        "DefaultActions": actions.written(item.desired.actions),
    }


def _refuse_what_is_not_here(given: Input) -> None:
    protocol = given.get("Protocol")
    if protocol == "HTTPS":
        raise NotSupported("Listener protocol 'HTTPS'")
    if protocol in _OTHERS:
        raise ServiceError(
            "ValidationError",
            f"Listener protocol '{protocol}' must be one of 'HTTP, HTTPS'",
        )
    for member in ("SslPolicy", "Certificates", "AlpnPolicy", "MutualAuthentication"):
        if given.get(member):
            raise ServiceError(
                "ValidationError", f"'{member}' cannot be specified for an HTTP listener"
            )


@api.operation("CreateListener")
def create_listener(context: Context, given: Input) -> Output:
    """Listen on a further port; an equal listener that exists is returned."""
    balancer = arns.find_load_balancer(context, given["LoadBalancerArn"])
    _refuse_what_is_not_here(given)
    if "Protocol" not in given:
        raise ServiceError("ValidationError", "A listener protocol must be specified")
    if "Port" not in given:
        raise ServiceError("ValidationError", "A listener port must be specified")
    port = given["Port"]
    asked = actions.read(context, balancer.key, balancer.desired.vpc_id, given["DefaultActions"])
    tags = tagging.read(given.get("Tags"))
    there = context.tx.one(LISTENERS, context.scope, "port", f"{balancer.key}:{port}")
    if there is not None:
        if (there.desired.actions, there.desired.tags) == (asked, tags):
            return {"Listeners": [written(there)]}
        raise _duplicate(balancer.key)
    count = context.tx.count(LISTENERS, context.scope, where=("load-balancer", balancer.key))
    if count >= limits.LISTENERS_PER_LOAD_BALANCER:
        raise ServiceError(
            "TooManyListeners",
            f"A load balancer cannot have more than {limits.LISTENERS_PER_LOAD_BALANCER} listeners",
        )
    associations.check_number(context, balancer.key, asked)
    arn = arns.listener_arn(balancer.key, context.ids.hex(16))
    item = context.tx.create(
        LISTENERS,
        context.scope,
        arn,
        Listener(
            load_balancer_arn=balancer.key,
            port=port,
            actions=asked,
            default_rule_arn=arns.rule_arn(arn, context.ids.hex(16)),
            created_at=context.now,
            tags=tags,
        ),
    )
    return {"Listeners": [written(item)]}


def _duplicate(balancer: str) -> ServiceError:
    return ServiceError(
        "DuplicateListener",
        f"A listener already exists on this port for this load balancer '{balancer}'",
    )


@api.operation("DescribeListeners")
def describe_listeners(context: Context, given: Input) -> Output:
    """Those of a load balancer in pages, or by ARNs."""
    wanted, balancer = given.get("ListenerArns"), given.get("LoadBalancerArn")
    if bool(wanted) == bool(balancer):
        raise ServiceError(
            "ValidationError",
            "You must specify either listener ARNs or a load balancer ARN",
        )
    if balancer:
        found = arns.find_load_balancer(context, balancer)
        where = ("load-balancer", found.key)
        return paging.page(context, LISTENERS, given, "Listeners", written, where=where)
    items = [arns.find_listener(context, arn) for arn in dict.fromkeys(wanted or ())]
    return {"Listeners": [written(item) for item in items]}


@api.operation("ModifyListener")
def modify_listener(context: Context, given: Input) -> Output:
    """Change port or default actions; what is left out stays."""
    item = arns.find_listener(context, given["ListenerArn"])
    balancer = arns.find_load_balancer(context, item.desired.load_balancer_arn)
    _refuse_what_is_not_here(given)
    after = item.desired
    if "Port" in given and given["Port"] != after.port:
        taken = context.tx.one(LISTENERS, context.scope, "port", f"{balancer.key}:{given['Port']}")
        if taken is not None:
            raise _duplicate(balancer.key)
        after = _replace(after, port=given["Port"])
    if "DefaultActions" in given:
        asked = actions.read(
            context, balancer.key, balancer.desired.vpc_id, given["DefaultActions"]
        )
        associations.check_number(context, balancer.key, asked)
        after = _replace(after, actions=asked)
    return {"Listeners": [written(context.tx.desire(LISTENERS, item.ref, after))]}


@api.operation("DeleteListener")
def delete_listener(context: Context, given: Input) -> Output:
    """Stop listening, and forget the rules."""
    item = arns.find_listener(context, given["ListenerArn"])
    for rule in context.tx.page(RULES, context.scope, where=("listener", item.key)):
        context.tx.delete(RULES, rule.ref)
    context.tx.delete(LISTENERS, item.ref)
    return {}


@api.operation("DescribeListenerAttributes")
def describe_listener_attributes(context: Context, given: Input) -> Output:
    """The attributes of an HTTP listener."""
    item = arns.find_listener(context, given["ListenerArn"])
    return {"Attributes": attributes.effective(attributes.LISTENER, item.desired.attributes)}


@api.operation("ModifyListenerAttributes")
def modify_listener_attributes(context: Context, given: Input) -> Output:
    """Set attributes; ``NotSupported`` for what would not be carried out."""
    item = arns.find_listener(context, given["ListenerArn"])
    after = attributes.merge(attributes.LISTENER, item.desired.attributes, given["Attributes"])
    context.tx.desire(LISTENERS, item.ref, _replace(item.desired, attributes=after))
    return {"Attributes": attributes.effective(attributes.LISTENER, after)}


@api.operation("DescribeListenerCertificates")
def describe_listener_certificates(context: Context, given: Input) -> Output:
    """An HTTP listener has none."""
    arns.find_listener(context, given["ListenerArn"])
    return {"Certificates": []}
