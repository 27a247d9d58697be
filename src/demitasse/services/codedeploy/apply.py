"""What a plan says, written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import singledispatchmethod

import msgspec

from demitasse.ids import Ids
from demitasse.services.codedeploy import actions as to_do
from demitasse.services.codedeploy import lifecycle
from demitasse.services.codedeploy.look import appspec_of, service_of
from demitasse.services.codedeploy.records import (
    DEPLOYMENTS,
    GROUPS,
    Deployment,
    DeploymentObserved,
    Problem,
    SetSeen,
)
from demitasse.services.codedeploy.records.creating import keep, state_changed
from demitasse.services.codedeploy.view import View
from demitasse.services.ecs.records import (
    LoadBalancer,
    create_task_set,
    delete_task_set,
    find_task_definition,
    set_primary,
    task_definition_arn,
)
from demitasse.services.elbv2.records import LISTENERS, RULES, Action, WeightedGroup
from demitasse.store import Item, Ref, Transaction

_TARGET = {"InProgress": "InProgress", "Ready": "Ready", "Succeeded": "Succeeded"}


class Applying:
    """The actions of one plan, in the transaction in which it was made."""

    def __init__(
        self,
        tx: Transaction,
        item: Item[Deployment, DeploymentObserved],
        view: View,
        ids: Ids,
    ) -> None:
        self._tx, self._item, self._view, self._ids = tx, item, view, ids
        self._now = view.now
        self._seen = item.observed

    def carry_out(self, actions: Iterable[to_do.Action]) -> None:
        """Write all of it, and say what state the deployment is in now."""
        for action in actions:
            self._do(action)
        if self._seen == self._item.observed:
            return
        self._see(updated_at=self._now)
        after = self._tx.observe(DEPLOYMENTS, self._item.ref, self._seen)
        if after.observed.status != self._item.observed.status:
            state_changed(self._tx, after, self._ids, self._now)

    @singledispatchmethod
    def _do(self, action: to_do.Action) -> None:
        raise TypeError(action)

    @_do.register
    def _begin(self, action: to_do.Begin) -> None:
        self._see(blue=SetSeen(action.blue, action.group), started_at=self._now)

    @_do.register
    def _enter(self, action: to_do.Enter) -> None:
        events = self._seen.events
        if not self._item.desired.rolls_back:
            events = lifecycle.enter(events, action.phase, self._now)
        self._see(
            phase=action.phase,
            phase_at=self._now,
            status=action.status,
            target_status=_TARGET[action.status],
            events=events,
        )

    @_do.register
    def _weigh(self, action: to_do.Weigh) -> None:
        shares = ((action.blue, 100 - action.percent), (action.green, action.percent))
        self._forward(self._pair({action.blue, action.green}), shares)
        self._see(weight=action.percent, shifted_at=None)

    @_do.register
    def _carried(self, _action: to_do.Carried) -> None:
        self._see(shifted_at=self._now)

    @_do.register
    def _test(self, action: to_do.Test) -> None:
        self._forward(action.routes, ((action.group, 1),))
        self._see(tested=action.routes)

    @_do.register
    def _settle(self, action: to_do.Settle) -> None:
        self._forward(self._pair({action.group, action.other}), ((action.group, 1),))

    @_do.register
    def _create_green(self, action: to_do.CreateGreen) -> None:
        service = service_of(self._tx, self._item.scope, self._item.desired)
        spec = appspec_of(self._item)
        found = find_task_definition(self._tx, self._item.scope, spec.task_definition)
        if service is None or found is None:
            return  # seen a moment ago, in this transaction
        definition = found.desired
        made = create_task_set(
            self._tx,
            service,
            self._ids,
            self._now,
            task_definition=task_definition_arn(
                self._item.scope, definition.family, definition.revision
            ),
            network=spec.network,
            load_balancers=(LoadBalancer(action.group, spec.container, spec.port),),
            strategy=spec.strategy,
            platform_version=spec.platform_version,
            external_id=self._item.key,
            started_by="CODE_DEPLOY",
        )
        self._see(green=SetSeen(made.desired.id, action.group))

    @_do.register
    def _delete(self, action: to_do.Delete) -> None:
        own = self._item.desired
        key = f"{own.cluster}/{own.service}/{action.id}"
        delete_task_set(self._tx, Ref(self._item.scope, key), self._now)

    @_do.register
    def _make_primary(self, action: to_do.MakePrimary) -> None:
        service = service_of(self._tx, self._item.scope, self._item.desired)
        if service is not None:
            set_primary(self._tx, service, action.id)

    @_do.register
    def _end(self, action: to_do.End) -> None:
        failed = action.status != "Succeeded"
        events = self._seen.events
        if not failed:
            events = lifecycle.enter(events, "done", self._now)
        else:
            if action.status == "Failed" and self._seen.phase == "start":
                # What cannot be installed fails where it was to be installed.
                events = lifecycle.enter(events, "install", self._now)
            events = lifecycle.fail(events, self._now, action.message)
        self._see(
            phase="done",
            phase_at=self._now,
            status=action.status,
            target_status="Failed" if failed else "Succeeded",
            error=Problem(action.code, action.message) if failed else None,
            completed_at=self._now,
            events=events,
        )
        if action.kept:
            self._see(
                rollback_message=f"Deployment {self._item.key} was not rolled back: {action.kept}."
            )
        if action.rollback:
            self._roll_back()
        elif not failed:
            self._succeeded()

    def _succeeded(self) -> None:
        """Note the group's last good deployment, whose revision is the one that runs now."""
        own = self._item.desired
        if own.rolls_back and own.previous is None:
            return  # what runs now was there before the first deployment
        group = self._tx.one(GROUPS, self._item.scope, "id", own.group_id)
        if group is not None:
            seen = msgspec.structs.replace(group.observed, successful=self._item.key)
            self._tx.observe(GROUPS, group.ref, seen)

    def _roll_back(self) -> None:
        """Begin the deployment that undoes this one."""
        own, seen = self._item.desired, self._seen
        undoing = msgspec.structs.replace(
            own,
            revision=own.previous or own.revision,
            created_at=self._now,
            number=self._tx.next(self._item.scope, "codedeploy.deployment"),
            auto_rollback=None,
            creator="codeDeployRollback",
            description="",
            rolls_back=self._item.key,
            stop_at=None,
            stop_rollback=False,
            continue_at=None,
            skip_wait_at=None,
        )
        message = f"Deployment {self._item.key} was rolled back to the original task set."
        begun = DeploymentObserved(
            status="InProgress",
            phase="back",
            phase_at=self._now,
            started_at=self._now,
            updated_at=self._now,
            events=lifecycle.back(seen.events, self._now),
            target_status="InProgress",
            blue=seen.blue,
            green=seen.green,
            weight=seen.weight,
            tested=seen.tested,
            rollback_message=message,
        )
        item = keep(self._tx, self._item.scope, self._ids, self._now, undoing, begun)
        self._see(
            rollback=item.key,
            rollback_message=f"Deployment {self._item.key} is rolled back by {item.key}.",
        )
        group = self._tx.one(GROUPS, self._item.scope, "id", own.group_id)
        if group is not None:
            attempted = msgspec.structs.replace(group.observed, attempted=item.key)
            self._tx.observe(GROUPS, group.ref, attempted)

    def _see(self, **changes: object) -> None:
        self._seen = msgspec.structs.replace(self._seen, **changes)

    # Listeners and rules

    def _pair(self, groups: set[str]) -> list[str]:
        return [route.arn for route in self._view.production or () if groups & route.weights.keys()]

    def _forward(self, routes: Iterable[str], shares: tuple[tuple[str, int], ...]) -> None:
        groups = tuple(WeightedGroup(arn, weight) for arn, weight in shares)

        def changed(actions: tuple[Action, ...]) -> tuple[Action, ...]:
            return tuple(
                msgspec.structs.replace(action, groups=groups) if action.groups else action
                for action in actions
            )

        for arn in routes:
            self._rewrite(arn, changed)

    def _rewrite(
        self, arn: str, changed: Callable[[tuple[Action, ...]], tuple[Action, ...]]
    ) -> None:
        listener = self._tx.get(LISTENERS, self._item.scope, arn)
        if listener is not None:
            actions = changed(listener.desired.actions)
            desired = msgspec.structs.replace(listener.desired, actions=actions)
            self._tx.desire(LISTENERS, listener.ref, desired)
            return
        rule = self._tx.get(RULES, self._item.scope, arn)
        if rule is not None:
            actions = changed(rule.desired.actions)
            self._tx.desire(RULES, rule.ref, msgspec.structs.replace(rule.desired, actions=actions))
