"""The phases of a deployment that undoes another one."""

from __future__ import annotations

from demitasse.services.codedeploy import routes
from demitasse.services.codedeploy.actions import (
    NOTHING,
    Action,
    Delete,
    End,
    Enter,
    MakePrimary,
    Plan,
    Settle,
    Weigh,
)
from demitasse.services.codedeploy.plan.endings import test_traffic_back
from demitasse.services.codedeploy.view import View


def _back(view: View) -> Plan:
    """Production returns to the original; then it is primary again, and the other goes."""
    blue, green = routes.groups(view)
    if not routes.is_weighed(view, 0):
        return Plan((*test_traffic_back(view, blue, green), Weigh(0, blue, green)))
    if not routes.is_carried_out(view):
        return NOTHING
    actions: list[Action] = list(test_traffic_back(view, blue, green))
    original = view.seen.blue
    if original and view.primary != original.id and original.id in view.sets:
        actions.append(MakePrimary(original.id))
    replacement = view.replacement
    if replacement is not None and not replacement.deleting:
        actions.append(Delete(replacement.id))
    return Plan((*actions, Enter("remove")))


def _remove(view: View) -> Plan:
    """The replacement goes; then no trace of it is left in production's routes."""
    replacement = view.replacement
    if replacement is not None:
        return NOTHING if replacement.deleting else Plan((Delete(replacement.id),))
    blue, green = routes.groups(view)
    return Plan((Settle(blue, green), End("Succeeded")))


PHASES = {"back": _back, "remove": _remove}
