"""CloudWatch Logs from outside: the API, followers, and containers' output through kill -9."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract import busybox

from demitasse.api import Scope
from demitasse.clock import SystemClock
from demitasse.engines.containers.docker import DockerEngine
from demitasse.engines.containers.spec import ContainerSpec, LogOptions
from demitasse.services.logs import events
from demitasse.services.logs.records import LOG_GROUPS, LOG_SOURCES, Source
from demitasse.store import Store

SCOPE = Scope("123456789012", "us-east-1")
INSTALLATION = f"logs-{os.getpid()}"

COLLECTOR = """
import asyncio, sys
from pathlib import Path
from demitasse.clock import SystemClock
from demitasse.control import ControlLoop
from demitasse.engines.containers.docker import DockerEngine
from demitasse.services.logs.collector import LogCollector
from demitasse.store import Store

async def collect():
    clock = SystemClock()
    store = Store.open(Path(sys.argv[1]))
    engine = DockerEngine(sys.argv[2], clock)
    collector = LogCollector(store=store, containers=engine, clock=clock)
    await ControlLoop(collector, store, clock).run()

asyncio.run(collect())
"""


def said(process: subprocess.CompletedProcess[str]) -> Any:
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout) if process.stdout.strip() else None


def test_the_commands_of_the_aws_client(platform: Any) -> None:
    def aws(*argv: str) -> Any:
        return said(platform.aws("logs", *argv, "--output", "json"))

    group = ("--log-group-name", "acceptance/commands")
    stream = ("--log-stream-name", "one")
    aws("create-log-group", *group, "--tags", "course=devops")
    aws("put-retention-policy", *group, "--retention-in-days", "7")
    aws("create-log-stream", *group, *stream)
    now = int(time.time() * 1000)
    batch = [{"timestamp": now, "message": f"line {number}"} for number in range(3)]
    aws("put-log-events", *group, *stream, "--log-events", json.dumps(batch))
    got = aws("get-log-events", *group, *stream)
    assert [event["message"] for event in got["events"]] == ["line 0", "line 1", "line 2"]
    found = aws("filter-log-events", *group, "--filter-pattern", '"line 1"')
    assert [event["message"] for event in found["events"]] == ["line 1"]
    [shown] = aws("describe-log-groups", "--log-group-name-prefix", "acceptance/commands")[
        "logGroups"
    ]
    assert shown["retentionInDays"] == 7
    assert shown["storedBytes"] == 3 * (6 + 26)
    [listed] = aws("describe-log-streams", *group, "--order-by", "LastEventTime")["logStreams"]
    assert listed["lastEventTimestamp"] == now
    assert aws("list-tags-log-group", *group)["tags"] == {"course": "devops"}
    aws("delete-log-stream", *group, *stream)
    aws("delete-log-group", *group)
    refused = platform.aws("logs", "delete-log-group", *group)
    assert "ResourceNotFoundException" in refused.stderr
    assert "The specified log group does not exist." in refused.stderr


def test_every_paginator(platform: Any) -> None:
    logs = platform.client("logs")
    group = "acceptance/pages"
    logs.create_log_group(logGroupName=group)
    now = int(time.time() * 1000)
    for number in range(12):
        stream = f"s{number:02d}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": now + number, "message": str(number)}],
        )
    streams = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, PaginationConfig={"PageSize": 5}
    )
    assert len([each for page in streams for each in page["logStreams"]]) == 12
    filtered = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, PaginationConfig={"PageSize": 5}
    )
    assert [each["message"] for page in filtered for each in page["events"]] == [
        str(number) for number in range(12)
    ]
    groups = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group)
    assert [each["logGroupName"] for page in groups for each in page["logGroups"]] == [group]
    logs.delete_log_group(logGroupName=group)


class Tail:
    """Asks as ``aws logs tail --follow`` of the AWS CLI, version 2, does: all pages from the newest
    time seen on, and what was seen at that time left out by its id."""

    def __init__(self, logs: Any, group: str, since: int) -> None:
        self._logs, self._given = logs, {"logGroupName": group, "interleaved": True}
        self._newest, self._seen = since, set[str]()

    def __iter__(self) -> Iterator[str]:
        token: dict[str, str] = {}
        while True:
            page = self._logs.filter_log_events(**self._given, startTime=self._newest, **token)
            for event in page["events"]:
                if event["eventId"] not in self._seen:
                    yield event["message"]
                self._seen.add(event["eventId"])
                self._newest = max(self._newest, event["timestamp"])
            if "nextToken" not in page:
                return
            token = {"nextToken": page["nextToken"]}


def test_followers_see_every_event_once(platform: Any) -> None:
    logs = platform.client("logs")
    group = {"logGroupName": "acceptance/follow"}
    stream = {**group, "logStreamName": "one"}
    logs.create_log_group(**group)
    logs.create_log_stream(**stream)
    begin = int(time.time() * 1000)
    tail, polled = Tail(logs, group["logGroupName"], begin), []
    page = logs.get_log_events(**stream, startFromHead=True)
    tailed, written = list(tail), []
    for round_ in range(10):
        batch = [f"{round_}/{number}" for number in range(round_)]
        written += batch
        if batch:
            now = int(time.time() * 1000)
            logs.put_log_events(
                **stream, logEvents=[{"timestamp": now, "message": text} for text in batch]
            )
        tailed += list(tail)
        page = logs.get_log_events(**stream, startFromHead=True, nextToken=page["nextForwardToken"])
        polled += [event["message"] for event in page["events"]]
    assert tailed == written
    assert polled == written
    logs.delete_log_group(**group)


# containers


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    with busybox.image() as name:
        yield name


class Collecting:
    """The collector alone, on a state file, as a process that can be killed."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._process: subprocess.Popen[bytes] | None = None
        Store.open(state).close()

    def start(self) -> None:
        argv = [sys.executable, "-c", textwrap.dedent(COLLECTOR), str(self.state), INSTALLATION]
        self._process = subprocess.Popen(argv)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def collect(self, container: str) -> None:
        with contextlib.closing(Store.open(self.state)) as store, store.transaction() as tx:
            tx.create(LOG_SOURCES, SCOPE, container, Source("g", container, create_group=True))

    def finished(self, container: str) -> bool:
        with contextlib.closing(Store.open(self.state)) as store, store.transaction() as tx:
            item = tx.get(LOG_SOURCES, SCOPE, container)
            return item is not None and item.observed.finished

    def messages(self, container: str) -> list[str]:
        with contextlib.closing(Store.open(self.state)) as store, store.transaction() as tx:
            group = tx.get(LOG_GROUPS, SCOPE, "g")
            stream = group and events.stream(tx, group.desired.number, container)
            if group is None or stream is None:
                return []
            found = events.walk(
                tx,
                group=stream.group,
                stream=stream.id,
                beyond=(0, 0),
                until=events.END_OF_TIME,
            )
            return [event.message for event in found]


@pytest.fixture
def collecting(tmp_path: Path) -> Iterator[Collecting]:
    one = Collecting(tmp_path / "state.db")
    try:
        yield one
    finally:
        one.kill()

        async def clean() -> None:
            engine = DockerEngine(INSTALLATION, SystemClock())
            for container in await engine.list():
                await engine.remove(container.id, force=True)
            await engine.close()

        asyncio.run(clean())


def run(name: str, image: str, script: str) -> None:
    async def begin() -> None:
        engine = DockerEngine(INSTALLATION, SystemClock())
        try:
            spec = ContainerSpec(
                name=name,
                image=image,
                command=("sh", "-c", script),
                log=LogOptions(max_size_bytes=10_000_000, max_files=3),
            )
            await engine.start(await engine.create(spec))
        finally:
            await engine.close()

    asyncio.run(begin())


@pytest.mark.docker
def test_each_line_once_and_in_order_through_kill_nine(
    collecting: Collecting, image: str, until: Callable[..., Any]
) -> None:
    script = """
        i=0
        while [ $i -lt 4000 ]; do
            echo "out $i"
            if [ $((i % 7)) -eq 0 ]; then echo "err $i" >&2; fi
            if [ $((i % 100)) -eq 0 ]; then sleep 0.05; fi
            i=$((i+1))
        done
        printf last
    """
    name = f"{INSTALLATION}-lines"
    collecting.collect(name)
    collecting.start()
    run(name, image, script)
    for kept in (1, 300, 900, 1500, 2100, 2700, 3300, 3900):
        until(lambda kept=kept: len(collecting.messages(name)) >= kept, seconds=60, every=0.01)
        collecting.kill()
        collecting.start()
    until(lambda: collecting.finished(name), seconds=60)
    found = collecting.messages(name)
    assert [text for text in found if not text.startswith("err")] == [
        *(f"out {number}" for number in range(4000)),
        "last",
    ]
    assert [text for text in found if text.startswith("err")] == [
        f"err {number}" for number in range(0, 4000, 7)
    ]


@pytest.mark.docker
def test_what_a_container_said_while_nobody_listened(
    collecting: Collecting, image: str, until: Callable[..., Any]
) -> None:
    name = f"{INSTALLATION}-short"
    collecting.collect(name)
    run(name, image, "echo one; echo; printf '\\377 two\\n'; head -c 40000 /dev/zero | tr '\\0' x")
    collecting.start()
    until(lambda: collecting.finished(name), seconds=20)
    assert collecting.messages(name) == ["one", "\ufffd two", "x" * 40000]


@pytest.mark.docker
def test_following_silent_containers_costs_nothing(
    collecting: Collecting, image: str, until: Callable[..., Any]
) -> None:
    names = [f"{INSTALLATION}-silent-{number}" for number in range(10)]
    for name in names:
        collecting.collect(name)
        run(name, image, "echo ready; exec sleep 600")
    collecting.start()
    until(lambda: all(collecting.messages(name) == ["ready"] for name in names), seconds=30)

    def used() -> int:
        assert collecting._process is not None
        text = Path(f"/proc/{collecting._process.pid}/stat").read_text().rpartition(")")[2]
        user, system = re.split(r"\s+", text.strip())[11:13]
        return int(user) + int(system)

    seen: list[int] = []

    def rests() -> bool:
        seen.append(used())
        return len(seen) > 1 and seen[-1] - seen[-2] <= 2  # hundredths of a second, in three

    until(rests, seconds=120, every=3)
