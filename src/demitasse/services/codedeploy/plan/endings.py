"""How a deployment ends before its time: what is taken away, and whether it is rolled back."""

from __future__ import annotations

from demitasse.services.codedeploy import routes
from demitasse.services.codedeploy.actions import Action, Delete, End, Plan, Settle, Test
from demitasse.services.codedeploy.view import View


def end(view: View, status: str, code: str, message: str, *, rollback: bool | None = None) -> Plan:
    """Stop or fail. What gets no production traffic is taken away; else a rollback may follow.

    Without a rollback, a deployment that has begun to shift leaves traffic and both task sets as
    they are, as on AWS; the next deployment begins by clearing that.
    """
    seen, own = view.seen, view.deployment
    if own.rolls_back:
        return Plan((End(status, code, message),))
    if rollback is None:
        rollback = own.auto_rollback is not None and own.auto_rollback.on("DEPLOYMENT_FAILURE")
    kept = _no_way_back(view) if rollback else ""
    if rollback and not kept:
        return Plan((End(status, code, message, rollback=True),))
    actions: list[Action] = []
    if seen.blue is not None and (seen.weight == 0 or view.service):
        green = view.replacement
        if green is not None and not green.deleting:
            actions.append(Delete(green.id))
        blue_group, green_group = routes.groups(view)
        actions += test_traffic_back(view, blue_group, green_group)
        if seen.weight == 0:
            actions.append(Settle(blue_group, green_group))
    return Plan((*actions, End(status, code, message, kept=kept)))


def _no_way_back(view: View) -> str:
    """Why there is nothing to roll back, or nothing to roll back to; "" when there is."""
    if view.service:
        return view.service
    if view.seen.green is None:
        return "nothing had been changed yet"
    original = view.original
    if original is None or original.deleting:
        return "the original task set is gone"
    return ""


def elb(view: View, problem: str) -> Plan:
    """The load balancer cannot do, or does not do, what is needed."""
    return end(
        view,
        "Failed",
        "ELASTIC_LOAD_BALANCING_INVALID",
        f"The ELB could not be updated due to the following error: {problem}",
    )


def lost(view: View) -> Plan:
    """Somebody took the replacement away."""
    return end(
        view,
        "Failed",
        "ECS_UPDATE_ERROR",
        "The replacement task set was deleted while it was being deployed",
    )


def test_traffic_back(view: View, blue: str, green: str) -> tuple[Action, ...]:
    """What was moved of the test listener returns to where it was."""
    moved = tuple(
        route.arn
        for route in view.test or ()
        if route.arn in view.seen.tested and green in route.weights
    )
    return (Test(moved, blue),) if moved else ()
