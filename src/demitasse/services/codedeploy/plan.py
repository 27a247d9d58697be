"""How a blue/green deployment goes on: a state machine, as a function of what is seen.

The phases, in their order::

    start      the service, the listeners and the revision are looked at for the first time
    settle     all production traffic on the original; task sets left by others are gone
    install    the replacement runs in the other target group, until every task is healthy there
    test       the test listener's traffic goes to the replacement
    ready      where it was asked for: until a caller says "go on", or for too long
    shift      production traffic moves, step by step
    wait       the replacement is primary; the original is kept for a while
    terminate  the original drains and stops
    done

and of a rollback: ``back`` (production traffic returns to the original), ``remove`` (the
replacement drains and stops), ``done``.

Every decision is made from what is seen at that moment, and is applied in one transaction with it,
so that a crash between two decisions leaves nothing half done.
"""

from __future__ import annotations

from datetime import datetime

from demitasse.clock import Waits
from demitasse.services.codedeploy import routes
from demitasse.services.codedeploy.actions import (
    NOTHING,
    Action,
    Begin,
    Carried,
    CreateGreen,
    Delete,
    End,
    Enter,
    MakePrimary,
    Plan,
    Settle,
    Test,
    Weigh,
)
from demitasse.services.codedeploy.records import Shift
from demitasse.services.codedeploy.view import SetView, View

HEALTHY_WITHIN_MINUTES = 60
"""CodeDeploy gives a replacement task set an hour to become healthy."""

LOOK_SECONDS = 30.0
"""How long to look, after a start of the platform, before saying that something took too long: it
may have become healthy meanwhile, and that is seen only by and by. Never compressed."""

BEFORE_SHIFT = frozenset({"start", "settle", "install", "test", "ready", "shift"})


def steps(shift: Shift) -> tuple[int, ...]:
    """The shares of production that the replacement gets one after the other, in per cent."""
    if shift.type == "TimeBasedCanary":
        return tuple(dict.fromkeys((shift.percentage, 100)))
    if shift.type == "TimeBasedLinear":
        return (*range(shift.percentage, 100, shift.percentage), 100)
    return (100,)


def plan(view: View, waits: Waits) -> Plan:
    """What to do now; the caller asks again when something has changed."""
    phase = view.seen.phase
    if phase == "done":
        return NOTHING
    if view.service and phase not in {"remove", "terminate"}:
        return _end(view, "Failed", "INVALID_ECS_SERVICE", view.service)
    if view.deployment.stop_at is not None and phase in (BEFORE_SHIFT | {"wait"}):
        return _end(
            view,
            "Stopped",
            "MANUAL_STOP",
            "Deployment was manually stopped",
            rollback=view.deployment.stop_rollback,
        )
    return _PHASES[phase](view, waits)


# The phases


def _start(view: View, _waits: Waits) -> Plan:
    """Everything that can be known to be wrong is said before anything is done."""
    if view.revision:
        return _end(view, "Failed", view.revision_code, view.revision)
    names = view.deployment.pair.target_groups
    for name, arn in zip(names, view.groups, strict=True):
        if not arn:
            return _elb(view, f"Target group {name} does not exist")
    if view.primary_group not in view.groups:
        return _end(
            view,
            "Failed",
            "INVALID_ECS_SERVICE",
            f"The target group of the primary task set of the ECS service"
            f" {view.deployment.service} must be one of the deployment group's target groups"
            f" ({', '.join(names)})",
        )
    blue = view.primary_group
    green = view.groups[1] if blue == view.groups[0] else view.groups[0]
    problem = routes.behind(view, blue, green) or routes.tested(view, blue, green)
    if problem:
        return _elb(view, problem)
    return Plan((Begin(view.primary, blue), Enter("settle"), Weigh(0, blue, green)))


def _settle(view: View, waits: Waits) -> Plan:
    """Clear what an earlier deployment, stopped or failed half way, left standing."""
    blue, green = routes.groups(view)
    problem = routes.behind(view, blue, green)
    if problem:
        return _elb(view, problem)
    if not routes.is_weighed(view, 0):
        return Plan((Weigh(0, blue, green),))
    if not routes.is_carried_out(view):
        return _await_balancer(view, waits)
    original = view.seen.blue.id if view.seen.blue else ""
    others = [each for each in view.sets.values() if each.id != original]
    if others:
        return Plan(tuple(Delete(each.id) for each in others if not each.deleting))
    return Plan((CreateGreen(green), Enter("install")))


def _install(view: View, waits: Waits) -> Plan:
    green = _green(view)
    if green is None:
        return _lost(view)
    if green.well:
        return _test_next(view)
    left = max(_left(view, waits, HEALTHY_WITHIN_MINUTES), _to_look(view))
    if left > 0:
        return Plan(again=left)
    reason = f" ECS reports: {green.failure}." if green.failure else ""
    reason = reason.replace("..", ".")
    return _end(
        view,
        "Failed",
        "TIMEOUT",
        "The deployment timed out while waiting for the replacement task set to become healthy."
        f" This time out period is {HEALTHY_WITHIN_MINUTES} minutes.{reason}",
    )


def _test_next(view: View) -> Plan:
    blue, green = routes.groups(view)
    if view.test is None:
        return _elb(view, f"Listener {view.deployment.pair.test} does not exist")
    moved = tuple(route.arn for route in view.test if blue in route.weights)
    return Plan((Enter("test"), Test(moved, green))) if moved else Plan((Enter("test"),))


def _test(view: View, waits: Waits) -> Plan:
    _, green = routes.groups(view)
    if view.test is None:
        return _elb(view, f"Listener {view.deployment.pair.test} does not exist")
    if not all(route.carried_out for route in view.test if green in route.weights):
        return _await_balancer(view, waits)
    if view.deployment.blue_green.on_ready == "STOP_DEPLOYMENT":
        return Plan((Enter("ready", "Ready"),))
    return Plan((Enter("shift"),))


def _ready(view: View, waits: Waits) -> Plan:
    if view.deployment.continue_at is not None:
        return Plan((Enter("shift"),))
    minutes = view.deployment.blue_green.ready_wait
    left = _left(view, waits, minutes)
    if left > 0:
        return Plan(again=left)
    return _end(
        view,
        "Stopped",
        "TIMEOUT",
        "The deployment was stopped because traffic was not rerouted to the replacement task set"
        f" within {minutes} minutes",
        rollback=False,
    )


def _shift(view: View, waits: Waits) -> Plan:
    blue, green = routes.groups(view)
    problem = routes.behind(view, blue, green)
    if problem:
        return _elb(view, problem)
    weight = view.seen.weight
    if weight == 0:
        return _move(view, waits, steps(view.deployment.shift)[0], view.seen.phase_at)
    if not routes.is_weighed(view, weight):
        return _move(view, waits, weight, view.seen.shifted_at)
    if not routes.is_carried_out(view):
        return _await_balancer(view, waits)
    if view.seen.shifted_at is None:
        return Plan((Carried(),))
    if weight == 100:
        replacement = _green(view)
        if replacement is None:
            return _lost(view)
        return Plan((MakePrimary(replacement.id), Enter("wait")))
    minutes = view.deployment.shift.interval
    left = waits.seconds(minutes * 60) - (view.now - view.seen.shifted_at).total_seconds()
    if left > 0:
        return Plan(again=left)
    following = next(each for each in steps(view.deployment.shift) if each > weight)
    return _move(view, waits, following, view.seen.shifted_at, minutes)


def _move(view: View, waits: Waits, percent: int, since: datetime | None, minutes: int = 0) -> Plan:
    """The next step, if every task of the replacement is healthy at this moment."""
    green = _green(view)
    if green is None:
        return _lost(view)
    if green.well:
        return Plan((Weigh(percent, *routes.groups(view)),))
    begun = since or view.now
    allowed = waits.seconds((minutes + HEALTHY_WITHIN_MINUTES) * 60)
    left = max(allowed - (view.now - begun).total_seconds(), _to_look(view))
    if left > 0:
        return Plan(again=left)
    return _end(
        view,
        "Failed",
        "TIMEOUT",
        "The deployment timed out while waiting for the replacement task set to become healthy"
        f" again. This time out period is {HEALTHY_WITHIN_MINUTES} minutes.",
    )


def _await_balancer(view: View, waits: Waits) -> Plan:
    """The load balancer has yet to do what it was told last; not for ever."""
    begun = view.seen.updated_at or view.now
    allowed = waits.seconds(HEALTHY_WITHIN_MINUTES * 60)
    left = max(allowed - (view.now - begun).total_seconds(), _to_look(view))
    if left > 0:
        return Plan(again=left)
    reason = f": {view.balancer}" if view.balancer else ""
    return _elb(view, f"The load balancer does not carry out the change{reason}")


def _wait(view: View, waits: Waits) -> Plan:
    """The original is kept until its wait is over, and for as long as it gets any request."""
    blue, _ = routes.groups(view)
    if view.deployment.skip_wait_at is None:
        left = _left(view, waits, view.deployment.blue_green.termination_wait)
        if left > 0:
            return Plan(again=left)
    serving = next((route.arn for route in view.production or () if route.share(blue)), "")
    if serving:
        return _elb(view, f"{serving} forwards to the original task set's target group again")
    if not routes.is_carried_out(view):
        return NOTHING
    original = view.sets.get(view.seen.blue.id) if view.seen.blue else None
    if original is None:
        return Plan((Enter("terminate"),))
    return Plan((Delete(original.id), Enter("terminate")))


def _terminate(view: View, _waits: Waits) -> Plan:
    original = view.sets.get(view.seen.blue.id) if view.seen.blue else None
    if original is not None:
        return NOTHING if original.deleting else Plan((Delete(original.id),))
    blue, green = routes.groups(view)
    return Plan((Settle(green, blue), End("Succeeded")))


def _back(view: View, _waits: Waits) -> Plan:
    """Production returns to the original; then it is primary again, and the other goes."""
    blue, green = routes.groups(view)
    if not routes.is_weighed(view, 0):
        return Plan((*_test_back(view, blue, green), Weigh(0, blue, green)))
    if not routes.is_carried_out(view):
        return NOTHING
    actions: list[Action] = list(_test_back(view, blue, green))
    original = view.seen.blue
    if original and view.primary != original.id and original.id in view.sets:
        actions.append(MakePrimary(original.id))
    replacement = _green(view)
    if replacement is not None and not replacement.deleting:
        actions.append(Delete(replacement.id))
    return Plan((*actions, Enter("remove")))


def _test_back(view: View, blue: str, green: str) -> tuple[Action, ...]:
    moved = tuple(
        route.arn
        for route in view.test or ()
        if route.arn in view.seen.tested and green in route.weights
    )
    return (Test(moved, blue),) if moved else ()


def _remove(view: View, _waits: Waits) -> Plan:
    replacement = _green(view)
    if replacement is not None:
        return NOTHING if replacement.deleting else Plan((Delete(replacement.id),))
    blue, green = routes.groups(view)
    return Plan((Settle(blue, green), End("Succeeded")))


_PHASES = {
    "start": _start,
    "settle": _settle,
    "install": _install,
    "test": _test,
    "ready": _ready,
    "shift": _shift,
    "wait": _wait,
    "terminate": _terminate,
    "back": _back,
    "remove": _remove,
}


# Endings


def _end(view: View, status: str, code: str, message: str, *, rollback: bool | None = None) -> Plan:
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
        green = _green(view)
        if green is not None and not green.deleting:
            actions.append(Delete(green.id))
        blue_group, green_group = routes.groups(view)
        actions += _test_back(view, blue_group, green_group)
        if seen.weight == 0:
            actions.append(Settle(blue_group, green_group))
    return Plan((*actions, End(status, code, message, kept=kept)))


def _no_way_back(view: View) -> str:
    """Why there is nothing to roll back, or nothing to roll back to; "" when there is."""
    if view.service:
        return view.service
    if view.seen.green is None:
        return "nothing had been changed yet"
    original = view.sets.get(view.seen.blue.id) if view.seen.blue else None
    if original is None or original.deleting:
        return "the original task set is gone"
    return ""


def _elb(view: View, problem: str) -> Plan:
    return _end(
        view,
        "Failed",
        "ELASTIC_LOAD_BALANCING_INVALID",
        f"The ELB could not be updated due to the following error: {problem}",
    )


def _lost(view: View) -> Plan:
    return _end(
        view,
        "Failed",
        "ECS_UPDATE_ERROR",
        "The replacement task set was deleted while it was being deployed",
    )


def _green(view: View) -> SetView | None:
    return view.sets.get(view.seen.green.id) if view.seen.green else None


def _left(view: View, waits: Waits, minutes: float) -> float:
    """Seconds until a wait that began with this phase is over."""
    begun = view.seen.phase_at or view.now
    return waits.seconds(minutes * 60) - (view.now - begun).total_seconds()


def _to_look(view: View) -> float:
    """Seconds for which nothing is said to take too long."""
    if view.since is None:
        return 0.0
    return LOOK_SECONDS - (view.now - view.since).total_seconds()
