"""The listeners' routes, judged: who gets production traffic, and who may."""

from __future__ import annotations

from demitasse.services.codedeploy.view import Route, View


def groups(view: View) -> tuple[str, str]:
    """The original's and the replacement's target group."""
    blue = view.seen.blue.group if view.seen.blue else ""
    if view.seen.green is not None:
        return blue, view.seen.green.group
    return blue, next((arn for arn in view.groups if arn != blue), "")


def pair_routes(view: View, blue: str, green: str) -> tuple[Route, ...]:
    """The production routes that forward to one of the two groups or both."""
    return tuple(
        route for route in view.production or () if blue in route.weights or green in route.weights
    )


def behind(view: View, blue: str, green: str) -> str:
    """What is wrong with the production listener; "" when nothing is."""
    listener = view.deployment.pair.production
    if view.production is None:
        return f"Listener {listener} does not exist"
    routes = pair_routes(view, blue, green)
    if not any(blue in route.weights for route in routes):
        return f"Primary taskset target group must be behind listener {listener}"
    for route in routes:
        if blue not in route.weights:
            return (
                "Replacement taskset target group must not receive production traffic yet, but"
                f" {route.arn} of listener {listener} forwards to it"
            )
        if len(route.weights) > len({blue, green} & route.weights.keys()):
            return (
                f"{route.arn} of listener {listener} forwards to further target groups beside those"
                " of the deployment group"
            )
    return ""


def tested(view: View, blue: str, green: str) -> str:
    """What is wrong with the test listener; "" when nothing is, or there is none."""
    listener = view.deployment.pair.test
    if not listener:
        return ""
    if view.test is None:
        return f"Listener {listener} does not exist"
    if not any({blue, green} & route.weights.keys() for route in view.test):
        return f"One of the taskset target groups must be behind test listener {listener}"
    return ""


def is_weighed(view: View, percent: int) -> bool:
    """Whether every production route of the pair is asked to give the replacement this share."""
    blue, green = groups(view)
    wanted = {blue: 100 - percent, green: percent}
    return all(dict(route.weights) == wanted for route in pair_routes(view, blue, green))


def is_carried_out(view: View) -> bool:
    """Whether the load balancer does already what those routes say."""
    blue, green = groups(view)
    return all(route.carried_out for route in pair_routes(view, blue, green))
