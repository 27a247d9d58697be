"""The phases of a deployment, one function each, and which of them is to decide now."""

from __future__ import annotations

from datetime import datetime

from demitasse.clock import Waits
from demitasse.services.codedeploy import routes
from demitasse.services.codedeploy.actions import (
    NOTHING,
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
from demitasse.services.codedeploy.plan import endings, rollback
from demitasse.services.codedeploy.records import Shift
from demitasse.services.codedeploy.view import View

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
        return endings.end(view, "Failed", "INVALID_ECS_SERVICE", view.service)
    if view.deployment.stop_at is not None and phase in (BEFORE_SHIFT | {"wait"}):
        return endings.end(
            view,
            "Stopped",
            "MANUAL_STOP",
            "Deployment was manually stopped",
            rollback=view.deployment.stop_rollback,
        )
    if phase in rollback.PHASES:
        return rollback.PHASES[phase](view)
    return _PHASES[phase](view, waits)


# The phases


def _start(view: View, _waits: Waits) -> Plan:
    """Everything that can be known to be wrong is said before anything is done."""
    if view.revision:
        return endings.end(view, "Failed", view.revision_code, view.revision)
    names = view.deployment.pair.target_groups
    for name, arn in zip(names, view.groups, strict=True):
        if not arn:
            return endings.elb(view, f"Target group {name} does not exist")
    if view.primary_group not in view.groups:
        return endings.end(
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
        return endings.elb(view, problem)
    return Plan((Begin(view.primary, blue), Enter("settle"), Weigh(0, blue, green)))


def _settle(view: View, waits: Waits) -> Plan:
    """Clear what an earlier deployment, stopped or failed half way, left standing."""
    blue, green = routes.groups(view)
    problem = routes.behind(view, blue, green)
    if problem:
        return endings.elb(view, problem)
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
    green = view.replacement
    if green is None:
        return endings.lost(view)
    if green.well:
        return _test_next(view)
    left = max(_left(view, waits, HEALTHY_WITHIN_MINUTES), _to_look(view))
    if left > 0:
        return Plan(again=left)
    reason = f" ECS reports: {green.failure}." if green.failure else ""
    reason = reason.replace("..", ".")
    return endings.end(
        view,
        "Failed",
        "TIMEOUT",
        "The deployment timed out while waiting for the replacement task set to become healthy."
        f" This time out period is {HEALTHY_WITHIN_MINUTES} minutes.{reason}",
    )


def _test_next(view: View) -> Plan:
    blue, green = routes.groups(view)
    if view.test is None:
        return endings.elb(view, f"Listener {view.deployment.pair.test} does not exist")
    moved = tuple(route.arn for route in view.test if blue in route.weights)
    return Plan((Enter("test"), Test(moved, green))) if moved else Plan((Enter("test"),))


def _test(view: View, waits: Waits) -> Plan:
    _, green = routes.groups(view)
    if view.test is None:
        return endings.elb(view, f"Listener {view.deployment.pair.test} does not exist")
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
    return endings.end(
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
        return endings.elb(view, problem)
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
        replacement = view.replacement
        if replacement is None:
            return endings.lost(view)
        return Plan((MakePrimary(replacement.id), Enter("wait")))
    minutes = view.deployment.shift.interval
    left = waits.seconds(minutes * 60) - (view.now - view.seen.shifted_at).total_seconds()
    if left > 0:
        return Plan(again=left)
    following = next(each for each in steps(view.deployment.shift) if each > weight)
    return _move(view, waits, following, view.seen.shifted_at, minutes)


def _move(view: View, waits: Waits, percent: int, since: datetime | None, minutes: int = 0) -> Plan:
    """The next step, if every task of the replacement is healthy at this moment."""
    green = view.replacement
    if green is None:
        return endings.lost(view)
    if green.well:
        return Plan((Weigh(percent, *routes.groups(view)),))
    begun = since or view.now
    allowed = waits.seconds((minutes + HEALTHY_WITHIN_MINUTES) * 60)
    left = max(allowed - (view.now - begun).total_seconds(), _to_look(view))
    if left > 0:
        return Plan(again=left)
    return endings.end(
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
    return endings.elb(view, f"The load balancer does not carry out the change{reason}")


def _wait(view: View, waits: Waits) -> Plan:
    """The original is kept until its wait is over, and for as long as it gets any request."""
    blue, _ = routes.groups(view)
    if view.deployment.skip_wait_at is None:
        left = _left(view, waits, view.deployment.blue_green.termination_wait)
        if left > 0:
            return Plan(again=left)
    serving = next((route.arn for route in view.production or () if route.share(blue)), "")
    if serving:
        return endings.elb(
            view, f"{serving} forwards to the original task set's target group again"
        )
    if not routes.is_carried_out(view):
        return NOTHING
    original = view.original
    if original is None:
        return Plan((Enter("terminate"),))
    return Plan((Delete(original.id), Enter("terminate")))


def _terminate(view: View, _waits: Waits) -> Plan:
    original = view.original
    if original is not None:
        return NOTHING if original.deleting else Plan((Delete(original.id),))
    blue, green = routes.groups(view)
    return Plan((Settle(green, blue), End("Succeeded")))


_PHASES = {
    "start": _start,
    "settle": _settle,
    "install": _install,
    "test": _test,
    "ready": _ready,
    "shift": _shift,
    "wait": _wait,
    "terminate": _terminate,
}


def _left(view: View, waits: Waits, minutes: float) -> float:
    """Seconds until a wait that began with this phase is over."""
    begun = view.seen.phase_at or view.now
    return waits.seconds(minutes * 60) - (view.now - begun).total_seconds()


def _to_look(view: View) -> float:
    """Seconds for which nothing is said to take too long."""
    if view.since is None:
        return 0.0
    return LOOK_SECONDS - (view.now - view.since).total_seconds()
