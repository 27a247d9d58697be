"""The steps from a wish to stop to STOPPED."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from demitasse.engines.containers.observation import Container
from demitasse.errors import NotFoundInEngine
from demitasse.services.ec2.records import give_back
from demitasse.services.ecs import specs
from demitasse.services.ecs.controller import history, targets
from demitasse.services.ecs.controller.work import Step, Work
from demitasse.services.ecs.plan import task as plan
from demitasse.services.ecs.records import task_arn

_DRAIN_MARGIN_SECONDS = 15.0


class Stopping:
    """Drains a task, ends its containers, and gives back its address."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def step(self, step: Step) -> float | None:
        """Go on with a task that stops; seconds after which to look again at the latest."""
        item = step.item
        match item.observed.status:
            case "DEACTIVATING":
                return self._drain(step)
            case "STOPPING":
                return await self._end_containers(step)
            case "DEPROVISIONING":
                return await self._deprovision(step)
            case status:
                await self._work.jobs.cancel(item.ref)
                with self._work.store.transaction() as tx:
                    now = self._work.clock.now()
                    groups = targets.deregister(tx, item, now)
                    history.deregistered(tx, item, self._work.ids, now, groups)
                    runs = status == "RUNNING"
                    self._work.see(
                        tx,
                        item,
                        status="DEACTIVATING" if runs else "STOPPING",
                        stopping_at=now,
                        targets=targets.look(tx, item),
                    )
                return None

    def _drain(self, step: Step) -> float | None:
        item, now = step.item, self._work.clock.now()
        with self._work.store.transaction() as tx:
            item = self._work.see(tx, item, targets=targets.look(tx, item))
            over = plan.all_ended({each.name: each for each in item.observed.containers})
            left = 0.0
            if not over and not targets.drained(item.observed.targets):
                since = item.observed.stopping_at or now
                limit = self._work.waits.seconds(targets.longest_delay(tx, item))
                left = limit + _DRAIN_MARGIN_SECONDS - (now - since).total_seconds()
            if left > 0:
                return left
            self._work.see(tx, item, status="STOPPING")
        return None

    async def _end_containers(self, step: Step) -> float | None:
        item = step.item
        if any(each.running for each in step.boxes.values()):
            job = self._work.jobs.ended(item.ref, "stop")
            if job is not None:
                self._work.jobs.forget(item.ref, "stop")
                job.result()
            self._work.jobs.ensure(item.ref, "stop", lambda: self._stop_in_waves(step))
            return None
        self._work.jobs.forget(item.ref, "stop")
        with self._work.store.transaction() as tx:
            containers = tuple(
                msgspec.structs.replace(each, status="STOPPED") for each in item.observed.containers
            )
            self._work.see(
                tx,
                item,
                status="DEPROVISIONING",
                containers=containers,
                execution_stopped_at=self._work.clock.now(),
            )
        return None

    async def _stop_in_waves(self, step: Step) -> None:
        """Stop containers, dependents first. A stop timeout is the program's own time: it is
        never compressed.
        """
        waves = plan.stop_waves(step.definition.containers)
        for wave in waves:
            await asyncio.gather(
                *(
                    self._stop_one(step.boxes[each.name], specs.stop_timeout(each))
                    for each in wave
                    if each.name in step.boxes
                )
            )
        known = {each.name for wave in waves for each in wave}
        for name, box in step.boxes.items():
            if name not in known:
                await self._stop_one(box, specs.DEFAULT_STOP_TIMEOUT)

    async def _stop_one(self, box: Container, patience: float) -> None:
        with contextlib.suppress(NotFoundInEngine):
            await self._work.engine.stop(box.id, timeout=patience)

    async def _deprovision(self, step: Step) -> float | None:
        item = step.item
        if step.pause is not None:
            await self._work.engine.remove(step.pause.id, force=True)
        with self._work.store.transaction() as tx:
            give_back(tx, item.scope, task_arn(item.scope, item.desired.cluster, item.desired.id))
            self._work.see(tx, item, status="STOPPED", stopped_at=self._work.clock.now())
        return None
