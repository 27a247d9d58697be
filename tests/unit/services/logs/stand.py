"""CloudWatch Logs under test, called as boto3 calls it: botocore serialises, signs and parses."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from tests.kit import asgi

from demitasse.api import Scope
from demitasse.clock import ManualClock
from demitasse.control import Controller, ControlLoop
from demitasse.dispatch import Dispatcher
from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.containers.observation import LogLine, Stream
from demitasse.engines.containers.spec import ContainerSpec
from demitasse.ids import CountingIds
from demitasse.services.base import Site
from demitasse.services.logs.collector import LogCollector
from demitasse.services.logs.operations import api
from demitasse.services.logs.records import LOG_SOURCES, Source, SourceObserved
from demitasse.services.logs.retention import LogRemovalController, LogRetentionController
from demitasse.store import Ref, Store
from demitasse.wire import Application, Models

SCOPE = Scope(asgi.ACCOUNT, "us-east-1")
SITE = Site("http://127.0.0.1:4566", "127.0.0.1:4566", "172.31.0.0/16")
DAY = 24 * 3600 * 1000


@functools.cache
def models() -> Models:
    return Models.load({"logs": api.operations})


class Stand:
    """The API on a state in memory, and the controllers on a container engine in memory."""

    def __init__(self) -> None:
        self.store = Store.open(None)
        self.clock = ManualClock()
        self.engine = FakeEngine(self.clock)
        self.engine.add_image("app:1")
        app = Application(
            models=models(),
            operations={"logs": api.operations},
            dispatch=Dispatcher((api,), self.store, self.clock, CountingIds(), SITE),
            credentials=asgi.Credentials(),
            clock=self.clock,
            ids=CountingIds(),
        )
        self.logs = functools.partial(asgi.Api(app, now=self.clock.now).call, "logs")
        self.refusal = functools.partial(asgi.Api(app, now=self.clock.now).refusal, "logs")
        self.elsewhere = functools.partial(
            asgi.Api(app, now=self.clock.now, region="eu-west-3").call, "logs"
        )

    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    # by the API

    def group(self, name: str = "app", **more: Any) -> str:
        self.logs("CreateLogGroup", logGroupName=name, **more)
        return name

    def stream(self, name: str = "one", group: str = "app") -> str:
        self.logs("CreateLogStream", logGroupName=group, logStreamName=name)
        return name

    def put(
        self, *messages: str, stream: str = "one", group: str = "app", time: int | None = None
    ) -> dict[str, Any]:
        at = self.now if time is None else time
        return self.logs(
            "PutLogEvents",
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": at, "message": message} for message in messages],
        )

    def get(self, stream: str = "one", group: str = "app", **more: Any) -> dict[str, Any]:
        return self.logs("GetLogEvents", logGroupName=group, logStreamName=stream, **more)

    def messages(self, stream: str = "one", group: str = "app") -> list[str]:
        page = self.get(stream, group, startFromHead=True)
        found: list[str] = []
        while page["events"]:
            found += texts(page)
            page = self.get(stream, group, nextToken=page["nextForwardToken"], startFromHead=True)
        return found

    def filtered(self, pattern: str = "", group: str = "app", **more: Any) -> list[str]:
        return texts(
            self.logs("FilterLogEvents", logGroupName=group, filterPattern=pattern, **more)
        )

    # with containers

    def source(
        self, name: str = "box", *, group: str = "app", stream: str = "one", create: bool = True
    ) -> Ref:
        with self.store.transaction() as tx:
            return tx.create(LOG_SOURCES, SCOPE, name, Source(group, stream, create)).ref

    def observed(self, ref: Ref) -> SourceObserved:
        with self.store.transaction() as tx:
            item = tx.get(LOG_SOURCES, *ref)
        assert item is not None
        return item.observed

    async def container(self, name: str = "box") -> None:
        await self.engine.create(ContainerSpec(name=name, image="app:1"))
        await self.engine.start(name)

    def record(self, time: int, text: bytes, stream: Stream = "stdout", name: str = "box") -> None:
        """A line at a moment of the test's choosing (nanoseconds)."""
        box = self.engine._box(name)
        box.log.append(LogLine(time, stream, text))
        box.stir()

    def collector(self) -> Controller:
        return LogCollector(store=self.store, containers=self.engine, clock=self.clock)

    def sweepers(self) -> tuple[Controller, ...]:
        return (
            LogRetentionController(store=self.store, clock=self.clock),
            LogRemovalController(store=self.store),
        )

    def loop(self, controller: Controller) -> asyncio.Task[None]:
        """Run a controller as the platform does; cancel it to kill it."""
        return asyncio.create_task(ControlLoop(controller, self.store, self.clock).run())

    async def passes(self, seconds: float = 1.0, step: float = 0.1) -> None:
        """Time passes, and everybody does what there is to do."""
        for _ in range(round(seconds / step)):
            await idle()
            self.clock.advance(step)
        await idle()

    def play(self, scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            try:
                await scene()
            finally:
                await self.engine.close()

        asyncio.run(whole())


async def killed(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def idle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


def texts(page: dict[str, Any]) -> list[str]:
    return [event["message"] for event in page["events"]]
