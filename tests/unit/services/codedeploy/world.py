"""A world to deploy in, in memory: ECS and the load balancer do only what a test lets them do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from tests.unit.services.codedeploy import ground
from tests.unit.services.codedeploy.ground import (
    APPSPEC,
    BALANCER,
    NETWORK,
    PRODUCTION,
    SCOPE,
    SERVICE,
)

from demitasse.clock import ManualClock, Waits
from demitasse.control import ControlLoop
from demitasse.engines.objects.fake import FakeObjects
from demitasse.ids import CountingIds
from demitasse.services.codedeploy.controller import DeploymentController
from demitasse.services.codedeploy.records import (
    DEPLOYMENTS,
    FINAL,
    AutoRollback,
    BlueGreen,
    Config,
    Deployment,
    DeploymentObserved,
    create_deployment,
    stop_deployment,
)
from demitasse.services.ecs.records import (
    SERVICES,
    TASK_SETS,
    TASKS,
    Interface,
    Service,
    Stop,
    Task,
    TaskObserved,
    computed_desired_count,
    create_task_set,
    set_primary,
    task_key,
    task_sets_of,
)
from demitasse.services.elbv2.records import (
    LISTENERS,
    RULES,
    TARGETS,
    Action,
    Applied,
    TargetObserved,
    WeightedGroup,
    digest,
    register,
    target_key,
)
from demitasse.store import Change, Item, Ref, Store


class World:
    """One CODE_DEPLOY service with two tasks behind a listener and, in it, a rule."""

    def __init__(
        self,
        *,
        config: Config | None = None,
        blue_green: BlueGreen | None = None,
        auto_rollback: AutoRollback | None = None,
        test: bool = True,
        blue_runs: bool = True,
        count: int = 2,
    ) -> None:
        self.store = Store.open(None)
        self.clock, self.ids, self.waits = ManualClock(), CountingIds(), Waits(1)
        self.changes: list[Change] = []
        self.controller = self.restarted()
        self._addresses = 0
        with self.store.transaction() as tx:
            now = self.clock.now()
            ground.balance(tx, now)
            service = ground.serve(tx, now, count)
            blue = create_task_set(tx, service, self.ids, now, task_definition="web:1")
            set_primary(tx, service, blue.desired.id)
            self.blue = blue.desired.id
            ground.group(tx, now, config, blue_green, auto_rollback, test=test)
        self.carry_out()
        if blue_runs:
            self.run_tasks(self.blue)
        self.store.watch(self.changes.extend)

    def restarted(self) -> DeploymentController:
        """A controller that remembers nothing, as after a crash."""
        self.controller = DeploymentController(
            store=self.store,
            clock=self.clock,
            waits=self.waits,
            ids=self.ids,
            objects=FakeObjects(),
        )
        return self.controller

    # what callers do

    def deploy(self, revision: int = 2, **given: Any) -> str:
        definition = SCOPE.arn("ecs", f"task-definition/web:{revision}")
        given.setdefault("appspec", APPSPEC.format(definition=definition))
        with self.store.transaction() as tx:
            return create_deployment(
                tx,
                SCOPE,
                self.ids,
                self.clock.now(),
                application="app",
                group="group",
                **given,
            )

    def stop(self, deployment: str, *, rollback: bool = False) -> None:
        with self.store.transaction() as tx:
            stop_deployment(tx, SCOPE, deployment, self.clock.now(), rollback)

    def ask(self, deployment: str, **changes: Any) -> None:
        """Change what is desired of a deployment."""
        with self.store.transaction() as tx:
            item = tx.get(DEPLOYMENTS, SCOPE, deployment)
            assert item is not None
            tx.desire(DEPLOYMENTS, item.ref, msgspec.structs.replace(item.desired, **changes))

    def change_service(self, **changes: Any) -> None:
        with self.store.transaction() as tx:
            item = tx.get(SERVICES, *SERVICE)
            assert item is not None
            tx.desire(SERVICES, SERVICE, msgspec.structs.replace(item.desired, **changes))

    def route(self, arn: str, weights: dict[str, int]) -> None:
        """Change a listener or rule by hand."""
        with self.store.transaction() as tx:
            for kind in (LISTENERS, RULES):
                item: Any = tx.get(kind, SCOPE, arn)
                if item is not None:
                    groups = tuple(WeightedGroup(key, value) for key, value in weights.items())
                    actions = (Action("forward", groups),)
                    desired = msgspec.structs.replace(item.desired, actions=actions)
                    tx.desire(kind, item.ref, desired)

    # what ECS and the load balancer do

    def run_tasks(self, task_set: str, *, healthy: bool = True) -> None:
        """The set's tasks run, as many as it is to have, and are healthy targets or not."""
        with self.store.transaction() as tx:
            service = tx.get(SERVICES, *SERVICE)
            item = tx.get(TASK_SETS, SCOPE, f"{SERVICE.key}/{task_set}")
            if service is None or item is None or item.desired.deleting:
                return
            count = 0 if service.desired.deleting else service.desired.desired_count
            want = computed_desired_count(count, item.desired.scale)
            tasks = self._tasks(tx, task_set)
            for task in tasks[want:]:
                stop = Stop("ServiceSchedulerInitiated", "", self.clock.now())
                tx.desire(TASKS, task.ref, msgspec.structs.replace(task.desired, stop=stop))
            for _ in range(want - len(tasks)):
                self._add_task(tx, item)
            for task in self._tasks(tx, task_set):
                self._see_target(tx, task, "healthy" if healthy else "unhealthy")

    def _tasks(self, tx: Any, task_set: str) -> list[Any]:
        found = tx.page(TASKS, SCOPE, where=("live", SERVICE.key))
        return [
            item for item in found if item.desired.task_set == task_set and not item.desired.stop
        ]

    def _add_task(self, tx: Any, item: Any) -> None:
        self._addresses += 1
        address = f"10.0.1.{self._addresses}"
        identity = self.ids.hex(32)
        group = item.desired.load_balancers[0].target_group_arn
        register(tx, SCOPE, group, address, 8080, self.clock.now(), zone="all")
        tx.create(
            TASKS,
            SCOPE,
            task_key("c", identity),
            Task(
                "c",
                identity,
                item.desired.task_definition,
                self.clock.now(),
                "service:web",
                NETWORK,
                service="web",
                task_set=item.desired.id,
                load_balancers=item.desired.load_balancers,
            ),
            TaskObserved("RUNNING", interface=Interface("eni", "a", "subnet-1", "m", address)),
        )

    def _see_target(self, tx: Any, task: Any, state: str) -> None:
        group = task.desired.load_balancers[0].target_group_arn
        key = target_key(group, task.observed.interface.address, 8080)
        target = tx.get(TARGETS, SCOPE, key)
        if target is not None:
            seen = TargetObserved(
                state,
                description="" if state == "healthy" else "Health checks failed",
                registered_at=target.desired.registered_at,
                seen_by=BALANCER,
            )
            tx.observe(TARGETS, target.ref, seen)

    def remove_deleted(self) -> None:
        """Task sets that are to disappear have drained and are gone."""
        with self.store.transaction() as tx:
            service = tx.get(SERVICES, *SERVICE)
            assert service is not None
            for item in task_sets_of(tx, service):
                if not (item.desired.deleting or service.desired.deleting):
                    continue
                for task in tx.page(TASKS, SCOPE, where=("live", SERVICE.key)):
                    if task.desired.task_set == item.desired.id:
                        tx.delete(TASKS, task.ref)
                tx.delete(TASK_SETS, item.ref)

    def carry_out(self) -> None:
        """The load balancer does what its listeners and rules say."""
        with self.store.transaction() as tx:
            for listener in tx.page(LISTENERS, SCOPE):
                tx.observe(LISTENERS, listener.ref, Applied(digest(listener.desired)))
            for rule in tx.page(RULES, SCOPE):
                tx.observe(RULES, rule.ref, Applied(digest(rule.desired)))

    # the controller

    def reconcile(self, *deployments: str) -> float | None:
        """Let the controller look at deployments until it has nothing more to do."""
        again: float | None = None
        for deployment in deployments or self.active():
            for _ in range(100):
                before = len(self.changes)
                again = self.step(deployment)
                if len(self.changes) == before:
                    break
            else:
                raise AssertionError("the controller does not come to rest")
        return again

    def step(self, deployment: str) -> float | None:
        """Let the controller look once; it has nothing to wait for."""
        work = self.controller.reconcile(Ref(SCOPE, deployment))
        try:
            work.send(None)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        raise AssertionError("the controller waits for something")

    def loop(self) -> ControlLoop:
        return ControlLoop(self.controller, self.store, self.clock)

    def go(self, *, seconds: float = 0) -> None:
        """Everybody does their work until nothing changes, then time goes on."""
        self.clock.advance(seconds)
        for _ in range(100):
            before = len(self.changes)
            self.reconcile()
            self.carry_out()
            self.remove_deleted()
            for each in self.sets():
                self.run_tasks(each)
            if len(self.changes) == before:
                return
        raise AssertionError("the world does not come to rest")

    # what is seen

    def active(self) -> list[str]:
        with self.store.transaction() as tx:
            return [
                item.key
                for item in tx.page(DEPLOYMENTS, SCOPE)
                if item.observed.status not in FINAL
            ]

    def item(self, deployment: str) -> Item[Deployment, DeploymentObserved]:
        with self.store.transaction() as tx:
            item = tx.get(DEPLOYMENTS, SCOPE, deployment)
        assert item is not None
        return item

    def seen(self, deployment: str) -> DeploymentObserved:
        return self.item(deployment).observed

    def service(self) -> Service:
        with self.store.transaction() as tx:
            item = tx.get(SERVICES, *SERVICE)
        assert item is not None
        return item.desired

    def sets(self) -> list[str]:
        """The service's task sets, oldest first."""
        with self.store.transaction() as tx:
            item = tx.get(SERVICES, *SERVICE)
            assert item is not None
            return [each.desired.id for each in reversed(task_sets_of(tx, item))]

    def weights(self, listener: str = PRODUCTION) -> list[dict[str, int]]:
        """group → weight, of the default rule and of the rule."""
        with self.store.transaction() as tx:
            found: Sequence[Any] = (
                tx.get(LISTENERS, SCOPE, listener),
                tx.get(RULES, SCOPE, f"{listener}/rule"),
            )
        return [
            {group.target_group_arn: group.weight for group in item.desired.actions[0].groups}
            for item in found
            if item is not None
        ]
