"""The platform dies at every moment, and begins again: nothing runs twice, nothing is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.kit.control import attached
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import (
    SCOPE,
    action,
    approval,
    blue_green,
    code,
    image,
    stage,
    structure,
)

from demitasse.control import ControlLoop
from demitasse.services.codebuild.records import BUILDS
from demitasse.services.codedeploy.records import DEPLOYMENTS
from demitasse.services.codepipeline.records import ACTIONS, EXECUTIONS
from demitasse.services.ecs.records import TASK_DEFINITIONS


class Killed(BaseException):
    """``kill -9``: no handler sees it."""


class Fuse:
    """Dies at the n-th moment: before or after something durable, or within an engine's call."""

    def __init__(self, left: int) -> None:
        self.left = left

    def tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


def fused(at: Stand, fuse: Fuse) -> None:
    """Let every transaction and every call of an engine be a moment to die, before and after."""
    transaction = at.store.transaction

    @contextmanager
    def dying() -> Iterator[Any]:
        fuse.tick()
        with transaction() as tx:
            yield tx
        fuse.tick()

    at.store.transaction = dying  # type: ignore[method-assign]
    for engine, name in ((at.objects, "put"), (at.objects, "get"), (at.git, "archive")):
        call = getattr(engine, name)

        async def dying_call(*given: Any, _call: Any = call, **more: Any) -> Any:
            fuse.tick()
            answer = await _call(*given, **more)
            fuse.tick()
            return answer

        setattr(engine, name, dying_call)


def mended(at: Stand) -> None:
    """Nothing dies any more."""
    for name, of in (
        ("transaction", at.store),
        ("put", at.objects),
        ("get", at.objects),
        ("archive", at.git),
    ):
        vars(of).pop(name, None)


def run_until_killed(at: Stand, moment: int) -> bool:
    """Whether it died."""
    fuse = Fuse(moment)

    async def run() -> None:
        one, other = at.loops
        with attached(one, at.store), attached(other, at.store):
            fused(at, fuse)
            for _ in range(500):
                busy = [loop for loop in at.loops if not loop.queue.idle]
                if not busy:
                    return
                for loop in busy:
                    ref = await loop.queue.get()
                    await loop.step(ref)
                    loop.queue.done(ref)

    try:
        asyncio.run(run())
    except Killed:
        return True
    finally:
        mended(at)
    return False


def pipeline() -> dict[str, Any]:
    build = action("Build", "Build", "CodeBuild", inputs=("SourceArtifact",), ProjectName="tests")
    beside = approval("Beside")
    return structure(stage("Source", code(), image()), stage("Do", build, blue_green(), beside))


def test_whenever_it_is_killed_each_action_runs_once() -> None:
    moment = -1
    died = True
    while died:
        moment += 2  # every other one is enough: before or after each of what is durable
        at = Stand()
        at.project()
        at.call("codepipeline", "CreatePipeline", pipeline=pipeline())
        died = run_until_killed(at, moment)
        # All that the process knew is gone; the records and the engines are not.
        at.loops = tuple(
            ControlLoop(each, at.store, at.clock) for each in (at.pipelines, at.actions)
        )
        at.work()
        at.end_build("SUCCEEDED")
        at.end_deployment("Succeeded")
        at.answer("Do", action_name="Beside")
        assert at.statuses() == ["Succeeded"], moment
        with at.store.transaction() as tx:
            counts = {
                kind.name: tx.count(kind, SCOPE)
                for kind in (EXECUTIONS, ACTIONS, BUILDS, DEPLOYMENTS, TASK_DEFINITIONS)
            }
        assert counts == {
            "codepipeline.execution": 1,
            "codepipeline.action": 5,
            "codebuild.build": 1,
            "codedeploy.deployment": 1,
            "ecs.task-definition": 1,
        }, moment
    assert moment > 30, "there were many moments to die"
