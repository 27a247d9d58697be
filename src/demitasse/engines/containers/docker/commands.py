"""Commands in containers, one-shot containers and what they write, through Docker."""

# ruff: noqa: ASYNC109 - Docker's grace before a kill, and deadlines that end more than a wait

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from demitasse.clock import Clock
from demitasse.engines.containers.docker import asking, reading, refusals
from demitasse.engines.containers.docker.connection import Connection
from demitasse.engines.containers.docker.containers import Containers
from demitasse.engines.containers.docker.lines import (
    FramedLines,
    Frames,
    Once,
    OutputBroken,
    TerminalLines,
)
from demitasse.engines.containers.docker.refusals import Refusal
from demitasse.engines.containers.observation import ExecResult, LogLine, RunResult, Stream
from demitasse.engines.containers.spec import RUN_LABEL, ContainerSpec
from demitasse.errors import EngineError, NotFoundInEngine

T = TypeVar("T")

_log = logging.getLogger(__name__)

_LOOKS_FOR_CODE = (0.005, 0.02, 0.1, 0.4, 1.0, 2.0)
"""Seconds between looks at an exec whose output ended a moment before itself."""
_RECONNECT = 0.2
"""Seconds before following on a log that ended while its container did not."""


class Commands(Containers):
    """See ``ContainerEngine``."""

    def __init__(self, connection: Connection, installation: str, clock: Clock) -> None:
        super().__init__(connection, installation, clock)
        self._waited_for: set[str] = set()

    async def exec(
        self,
        container: str,
        argv: Sequence[str],
        *,
        timeout: float = 30.0,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        workdir: str | None = None,
    ) -> ExecResult:
        name = await self._id(container)
        body = asking.exec_(tuple(argv), environment or {}, user, workdir)
        async with asyncio.timeout(timeout):
            try:
                made = await self._connection.json("POST", f"containers/{name}/exec", body=body)
                output = await self._exec_output(made["Id"])
            except Refusal as refusal:
                raise refusals.of_container(refusal) from refusal
            return ExecResult(await self._exec_code(made["Id"]), output["stdout"], output["stderr"])

    async def _exec_output(self, exec_id: str) -> dict[Stream, bytes]:
        frames = Frames()
        output: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        async with self._connection.stream(
            "POST", f"exec/{exec_id}/start", body={"Detach": False, "Tty": False}
        ) as response:
            async for piece in response.content.iter_any():
                for stream, text in frames.feed(piece):
                    output[stream] += text
        return {stream: bytes(text) for stream, text in output.items()}

    async def _exec_code(self, exec_id: str) -> int:
        for wait in (*_LOOKS_FOR_CODE, None):
            answer = await self._connection.json("GET", f"exec/{exec_id}/json")
            if not answer["Running"] and answer["ExitCode"] is not None:
                return int(answer["ExitCode"])
            if wait is not None:
                await self._clock.sleep(wait)
        raise EngineError("The command closed its output, but goes on running.")

    async def run(self, spec: ContainerSpec, *, timeout: float = 60.0) -> RunResult:
        spec = replace(spec, labels={**spec.labels, RUN_LABEL: "yes"})
        self._waited_for.add(spec.name)
        try:
            async with asyncio.timeout(timeout):
                return await self._run(spec)
        finally:
            await self._surely(self._discard(spec.name))
            self._waited_for.discard(spec.name)

    async def discard_runs(self) -> None:
        for each in await self.list({RUN_LABEL: None}):
            if each.name not in self._waited_for:
                await self.remove(each.name, force=True)

    async def _discard(self, container: str) -> None:
        try:
            await self.remove(container, force=True)
        except EngineError as error:  # must not hide how the run ended; the next one removes it
            _log.warning("The container %s of a finished run is left over: %s", container, error)

    async def _run(self, spec: ContainerSpec) -> RunResult:
        await self.remove(spec.name, force=True)
        made = await self._surely(self.create(spec))
        await self.start(made)
        code = await self.wait(made)
        output: dict[Stream, list[bytes]] = {"stdout": [], "stderr": []}
        async with contextlib.aclosing(self.logs(made)) as lines:
            async for line in lines:
                output[line.stream].append(line.text + b"\n")
        seen = await self.inspect(made)
        return RunResult(
            code, b"".join(output["stdout"]), b"".join(output["stderr"]), seen.oom_killed
        )

    async def _surely(self, what: Coroutine[Any, Any, T]) -> T:
        """Bring ``what`` to its end even when cancelled meanwhile: nothing may be left behind."""
        task = asyncio.ensure_future(what)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    async def logs(
        self, container: str, *, since: int = 0, follow: bool = False
    ) -> AsyncGenerator[LogLine, None]:
        answer = await self._show(container)
        name, terminal = str(answer["Id"]), bool(answer["Config"]["Tty"])
        once = Once(lambda: int(self._clock.now().timestamp() * 1e9))
        rest: list[LogLine] | None = None
        while True:
            lines = TerminalLines() if terminal else FramedLines()
            broken: OutputBroken | None = None
            try:
                async with contextlib.aclosing(
                    self._log(name, lines, since=since, follow=follow)
                ) as log:
                    async for line in log:
                        if once.is_new(line):
                            since = max(since, line.time)
                            yield line
            except OutputBroken as error:
                broken = error
            except NotFoundInEngine:
                if rest is None:
                    raise
                for line in filter(once.is_new, rest):  # removed since: there is no more to come
                    yield line
                return
            rest = list(lines.end())
            if not follow:
                for line in filter(once.is_new, rest):
                    yield line
                if broken is not None:
                    raise broken
                return
            # A follow may end a moment too early: at a rotation, or just before the last line.
            follow = await self._goes_on(name)
            if follow:
                await self._clock.sleep(_RECONNECT)

    async def _log(
        self, container: str, lines: FramedLines | TerminalLines, *, since: int, follow: bool
    ) -> AsyncGenerator[LogLine, None]:
        params = {
            "stdout": "true",
            "stderr": "true",
            "timestamps": "true",
            "follow": "true" if follow else "false",
        }
        if since:
            params["since"] = asking.seconds(since)
        try:
            async with self._connection.stream(
                "GET", f"containers/{container}/logs", params=params
            ) as response:
                async for piece in response.content.iter_any():
                    for line in lines.feed(piece):
                        yield line
        except Refusal as refusal:
            raise refusals.of_container(refusal) from refusal

    async def _goes_on(self, container: str) -> bool:
        """Whether a followed log ended too early, as it does when its file is rotated away."""
        try:
            seen = reading.container(await self._show(container))
        except NotFoundInEngine:
            return False
        return seen.running or seen.state == "restarting"
