"""Tasks of several containers: order, dependencies, health, volumes, logs, limits."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from tests.unit.services.ecs.stand import IMAGE, SCOPE, Stand

from demitasse.engines.containers.errors import CannotStart
from demitasse.engines.containers.spec import KIND_LABEL, OwnAddress, SharedWith, Volume
from demitasse.engines.firewall.spec import Filter
from demitasse.services.ecs.specs import TASK_LABEL
from demitasse.services.logs.records import LOG_SOURCES


def of(stand: Stand, *containers: dict[str, Any], **more: Any) -> str:
    """Run a task of these containers."""
    stand.cluster()
    wanted = [{"image": IMAGE, **each} for each in containers]
    stand.register(containerDefinitions=wanted, **more)
    return stand.run_task()


def status(stand: Stand, arn: str) -> str:
    return str(stand.see_task(arn)["lastStatus"])


def box(stand: Stand, arn: str, name: str) -> str:
    return f"demitasse-task-{arn.rpartition('/')[2]}-{name}"


def started(stand: Stand) -> list[str]:
    """The containers in the order in which they were started, without pauses."""
    names = {each.seen.id: each.seen.name for each in stand.engine._boxes.values()}
    return [
        names.get(call.subject, call.subject).rpartition("-")[2]
        for call in stand.engine.called("start")
        if "pause" not in names.get(call.subject, call.subject)
    ]


def test_nothing_starts_before_the_security_groups_are_in_force() -> None:
    stand = Stand()
    arn = of(stand, {"name": "a"})

    async def scenario() -> None:
        guard, admitted = stand.firewall.guard, asyncio.Event()

        async def slow(wanted: Filter, container: str | None) -> None:
            await admitted.wait()
            await guard(wanted, container)

        stand.firewall.guard = slow  # type: ignore[method-assign]
        await stand.until(lambda: status(stand, arn) == "ACTIVATING")
        await stand.calm()
        assert stand.engine.pulls == (IMAGE,)
        assert started(stand) == []
        admitted.set()
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        wanted, container = next(iter(stand.firewall.filters.values()))
        pause = next(each for each in stand.engine._boxes.values() if each.seen.id == container)
        assert pause.spec.network == OwnAddress(f"demitasse-{stand.vpc}", wanted.address)
        assert pause.spec.cap_add == ("NET_ADMIN",)
        assert stand.engine.specs[box(stand, arn, "a")].cap_add == ()

    stand.run(scenario)


def test_a_task_that_an_earlier_version_started_makes_room() -> None:
    """Its network cannot be filtered; a service starts another."""
    stand = Stand()
    arn = of(stand, {"name": "a"})

    async def started() -> None:
        await stand.until(lambda: status(stand, arn) == "RUNNING")

    async def started_again() -> None:
        await stand.until(lambda: status(stand, arn) == "STOPPED")

    stand.run(started)
    (pause,) = (each for each in stand.engine._boxes.values() if "pause" in each.seen.name)
    pause.see(labels={KIND_LABEL: "pause", TASK_LABEL: arn})
    stand.run(started_again)


def test_the_containers_of_a_task_share_the_network_of_its_address() -> None:
    stand = Stand()
    arn = of(stand, {"name": "a"}, {"name": "b", "essential": False})

    async def scenario() -> None:
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        task_id = arn.rpartition("/")[2]
        pause = stand.engine.specs[f"demitasse-pause-{task_id}"]
        details = {
            each["name"]: each["value"] for each in stand.see_task(arn)["attachments"][0]["details"]
        }
        assert pause.network == OwnAddress(f"demitasse-{stand.vpc}", details["privateIPv4Address"])
        for name in ("a", "b"):
            spec = stand.engine.specs[box(stand, arn, name)]
            assert spec.network == SharedWith(pause.name)
            assert spec.no_new_privileges
            assert not spec.privileged
            assert spec.cpu == 0.25
            assert spec.memory_bytes == 512 * 1024 * 1024
            assert spec.labels["demitasse.task"] == arn
            assert spec.restart == "no"

    stand.run(scenario)


def test_one_container_has_all_that_the_task_has() -> None:
    stand = Stand()
    arn = of(stand, {"name": "a", "cpu": 10})

    async def scenario() -> None:
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        spec = stand.engine.specs[box(stand, arn, "a")]
        assert (spec.cpu, spec.memory_bytes) == (0.5, 1024**3)

    stand.run(scenario)


def test_containers_wait_for_what_they_depend_on() -> None:
    stand = Stand()
    stand.image("once", exit_after=5)
    stand.image("slow", health="starting")
    arn = of(
        stand,
        {
            "name": "app",
            "dependsOn": [
                {"containerName": "init", "condition": "SUCCESS"},
                {"containerName": "db", "condition": "HEALTHY"},
            ],
        },
        {"name": "init", "image": "once", "essential": False},
        {"name": "db", "image": "slow", "healthCheck": {"command": ["CMD", "true"]}},
    )

    async def scenario() -> None:
        await stand.later(2)
        assert sorted(started(stand)) == ["db", "init"]
        assert status(stand, arn) == "ACTIVATING"
        await stand.later(5)
        assert "app" not in started(stand)
        stand.engine.set_health(box(stand, arn, "db"), "healthy")
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        assert started(stand)[-1] == "app"
        seen = {each["name"]: each for each in stand.see_task(arn)["containers"]}
        assert (seen["init"]["lastStatus"], seen["init"]["exitCode"]) == ("STOPPED", 0)
        # A container that was not essential ended: the task goes on.
        assert stand.see_task(arn)["healthStatus"] == "HEALTHY"

    stand.run(scenario)


def test_a_dependency_that_fails_fails_the_task() -> None:
    stand = Stand()
    stand.image("fails", exit_after=0, exit_code=3)
    arn = of(
        stand,
        {"name": "app", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
        {"name": "init", "image": "fails", "essential": False},
    )

    async def scenario() -> None:
        await stand.until(lambda: status(stand, arn) == "STOPPED")
        task = stand.see_task(arn)
        assert task["stopCode"] == "TaskFailedToStart"
        assert "'init' (SUCCESS), which exited with code 3" in task["stoppedReason"]

    stand.run(scenario)


def test_a_start_timeout_ends_the_waiting() -> None:
    stand = Stand()
    stand.image("slow", health="starting")
    arn = of(
        stand,
        {"name": "app", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
        {
            "name": "db",
            "image": "slow",
            "healthCheck": {"command": ["CMD", "true"]},
            "startTimeout": 7,
        },
    )

    async def scenario() -> None:
        await stand.later(6)
        assert status(stand, arn) == "ACTIVATING"
        await stand.later(2)
        assert status(stand, arn) == "STOPPED"
        assert "did not get there in 7 seconds" in stand.see_task(arn)["stoppedReason"]

    stand.run(scenario)


def test_stopping_goes_the_other_way_round_with_each_ones_timeout() -> None:
    stand = Stand()
    arn = of(
        stand,
        {
            "name": "app",
            "stopTimeout": 7,
            "dependsOn": [{"containerName": "db", "condition": "START"}],
        },
        {"name": "db"},
    )

    async def scenario() -> None:
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        names = {each.seen.id: each.seen.name for each in stand.engine._boxes.values()}
        stand.ecs("StopTask", cluster="c", task=arn)
        await stand.until(lambda: status(stand, arn) == "STOPPED")
        stops = [
            (names[call.subject].rpartition("-")[2], call.options["timeout"])
            for call in stand.engine.called("stop")
        ]
        assert stops == [("app", 7), ("db", 30)]

    stand.run(scenario)


def test_a_container_that_cannot_be_started_says_why() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()

    # The pause container takes the first start: let that one pass.
    original = stand.engine.start
    starts = 0

    async def start(container: str) -> None:
        nonlocal starts
        starts += 1
        if starts == 2:
            raise CannotStart('exec: "nope": executable file not found in $PATH')
        await original(container)

    stand.engine.start = start  # type: ignore[method-assign]

    async def whole() -> None:
        arn = stand.run_task()
        await stand.until(lambda: status(stand, arn) == "STOPPED")
        task = stand.see_task(arn)
        reason = 'CannotStartContainerError: exec: "nope": executable file not found in $PATH'
        assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", reason)
        assert task["containers"][0]["reason"] == reason
        assert stand.names() == []

    stand.run(whole)


def test_out_of_memory_is_told() -> None:
    stand = Stand()
    arn = of(stand, {"name": "a"})

    async def scenario() -> None:
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        stand.engine.exit(box(stand, arn, "a"), 137, oom_killed=True)
        await stand.until(lambda: status(stand, arn) == "STOPPED")
        container = stand.see_task(arn)["containers"][0]
        assert container["exitCode"] == 137
        assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"

    stand.run(scenario)


def test_volumes_are_shared_and_go_with_the_task() -> None:
    stand = Stand()
    mount = {"sourceVolume": "scratch", "containerPath": "/scratch"}
    arn = of(
        stand,
        {"name": "a", "mountPoints": [mount]},
        {"name": "b", "mountPoints": [{**mount, "readOnly": True}]},
        volumes=[{"name": "scratch"}],
    )

    async def scenario() -> None:
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        name = box(stand, arn, "scratch")
        assert stand.engine.specs[box(stand, arn, "a")].mounts == (Volume(name, "/scratch"),)
        assert stand.engine.specs[box(stand, arn, "b")].mounts == (Volume(name, "/scratch", True),)
        stand.ecs("StopTask", cluster="c", task=arn)
        await stand.until(lambda: status(stand, arn) == "STOPPED")
        assert await stand.engine.volumes() == ()

    stand.run(scenario)


LOG = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "g",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "p",
        "awslogs-create-group": "true",
    },
}


def say(stand: Stand, **observed: Any) -> None:
    """What the logs service says of every source."""
    with stand.store.transaction() as tx:
        for item in tx.page(LOG_SOURCES, SCOPE):
            seen = msgspec.structs.replace(item.observed, **observed)
            tx.observe(LOG_SOURCES, item.ref, seen)


def test_a_container_with_awslogs_is_a_source_and_stays_until_it_is_read() -> None:
    stand = Stand()
    arn = of(stand, {"name": "a", "logConfiguration": LOG})

    async def scenario() -> None:
        await stand.later(1)
        assert stand.names() == []
        with stand.store.transaction() as tx:
            [source] = tx.page(LOG_SOURCES, SCOPE)
        task_id = arn.rpartition("/")[2]
        assert source.key == box(stand, arn, "a")
        assert source.desired.stream == f"p/a/{task_id}"
        assert source.desired.create_group
        say(stand, ready=True)
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        labels = stand.engine.specs[box(stand, arn, "a")].labels
        assert labels["demitasse.log.group"] == "g"
        stand.ecs("StopTask", cluster="c", task=arn)
        await stand.until(lambda: status(stand, arn) == "STOPPED")
        assert len(stand.names()) == 1
        say(stand, finished=True)
        await stand.later(1)
        assert stand.names() == []
        with stand.store.transaction() as tx:
            assert tx.page(LOG_SOURCES, SCOPE) == []

    stand.run(scenario)


def test_output_that_nobody_reads_keeps_a_container_for_a_minute_only() -> None:
    stand = Stand()
    arn = of(stand, {"name": "a", "logConfiguration": LOG})

    async def scenario() -> None:
        await stand.later(1)
        say(stand, ready=True)
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        stand.ecs("StopTask", cluster="c", task=arn)
        await stand.later(50, step=5)
        assert len(stand.names()) == 1
        await stand.later(15, step=5)
        assert stand.names() == []

    stand.run(scenario)


def test_without_its_log_group_a_task_fails() -> None:
    stand = Stand()
    arn = of(stand, {"name": "a", "logConfiguration": LOG})

    async def scenario() -> None:
        await stand.later(1)
        say(stand, error="ResourceInitializationError: no such group")
        await stand.until(lambda: status(stand, arn) == "STOPPED")
        task = stand.see_task(arn)
        assert task["stopCode"] == "TaskFailedToStart"
        assert task["stoppedReason"] == "ResourceInitializationError: no such group"
        with stand.store.transaction() as tx:
            assert tx.page(LOG_SOURCES, SCOPE) == []

    stand.run(scenario)


def test_overrides_of_a_run() -> None:
    stand = Stand()
    stand.cluster()
    stand.register(
        container={"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    )
    arn = stand.run_task(
        overrides={
            "containerOverrides": [
                {
                    "name": "web",
                    "command": ["sh", "-c", "x"],
                    "environment": [{"name": "B", "value": "3"}],
                }
            ],
            "cpu": "1024",
            "memory": "2048",
        },
        startedBy="me",
        group="jobs",
    )

    async def scenario() -> None:
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        spec = stand.engine.specs[box(stand, arn, "web")]
        assert spec.command == ("sh", "-c", "x")
        assert spec.environment == {"A": "1", "B": "3"}
        assert (spec.cpu, spec.memory_bytes) == (1.0, 2 * 1024**3)
        task = stand.see_task(arn)
        assert (task["cpu"], task["memory"], task["group"]) == ("1024", "2048", "jobs")

    stand.run(scenario)


def test_a_task_is_stopped_while_its_image_is_being_pulled() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    pulling = False

    async def pull(image: str, *given: Any, **more: Any) -> Any:
        nonlocal pulling
        pulling = True
        try:
            await stand.clock.sleep(1000)
        finally:
            pulling = False

    stand.engine.pull = pull  # type: ignore[method-assign]
    arn = stand.run_task()

    async def scenario() -> None:
        await stand.until(lambda: pulling)
        stand.ecs("StopTask", cluster="c", task=arn)
        await stand.until(lambda: status(stand, arn) == "STOPPED")
        assert not pulling
        assert stand.interfaces() == 0

    stand.run(scenario)


def test_an_image_of_another_registry_is_pulled_without_a_login() -> None:
    stand = Stand()
    stand.image("docker.io/library/nginx:1")
    arn = of(stand, {"name": "a", "image": "nginx:1"})

    async def scenario() -> None:
        await stand.until(lambda: status(stand, arn) == "RUNNING")
        [call] = stand.engine.called("pull")
        assert call.options["auth"] is None

    stand.run(scenario)
