from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from demitasse.lab import runner
from demitasse.lab.docker import DockerFailed
from demitasse.lab.errors import LabError, NotYet
from demitasse.lab.task import Phase, Task

NO_LAB: Any = None


class World:
    """What tasks did, what the reporter was told, and a time that only waiting moves."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self.ran: list[str] = []
        self.told: list[tuple[Any, ...]] = []
        self.time = 0.0
        self.failing: dict[str, Exception] = {}
        self.slow: dict[str, float] = {}  # how long after its run a check still fails
        self._since: dict[str, float] = {}

    def task(self, number: str, patience: float = 5.0) -> Task:
        def run(_lab: Any) -> None:
            self.ran.append(number)
            if number in self.failing:
                raise self.failing[number]
            self.done.add(number)
            self._since[number] = self.time

        def check(_lab: Any) -> None:
            ready = self._since.get(number, 0.0) + self.slow.get(number, 0.0)
            if number not in self.done or self.time < ready:
                raise NotYet(f"{number} is missing")

        return Task(number, f"task {number}", f"tâche {number}", run, check, patience)

    def run(self, *tasks: Task) -> None:
        phase = Phase(1, "One", "Un", tasks)
        runner.run([phase], NO_LAB, self, runner.Pace(lambda: self.time, self._wait))

    def _wait(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds

    # the reporter

    def phase(self, phase: Phase) -> None:
        self.told.append(("phase", phase.number))

    def begins(self, task: Task) -> None:
        self.told.append(("begins", task.number))

    def ends(self, task: Task, seconds: float, *, was_done: bool) -> None:
        self.told.append(("ends", task.number, seconds, was_done))

    def fails(self, task: Task, seconds: float, reason: str) -> None:
        self.told.append(("fails", task.number, seconds, reason))


@pytest.fixture
def world() -> World:
    return World()


def test_tasks_are_done_in_their_order_and_told(world: World) -> None:
    world.slow["1.2"] = 2
    world.run(world.task("1.1"), world.task("1.2"))
    assert world.ran == ["1.1", "1.2"]
    assert world.told == [
        ("phase", 1),
        ("begins", "1.1"),
        ("ends", "1.1", 0.0, False),
        ("begins", "1.2"),
        ("ends", "1.2", 2.0, False),
    ]


def test_what_is_done_is_not_done_again(world: World) -> None:
    tasks = world.task("1.1"), world.task("1.2")
    world.run(*tasks)
    world.told.clear()
    world.run(*tasks)
    assert world.ran == ["1.1", "1.2"]
    assert [each[-1] for each in world.told if each[0] == "ends"] == [True, True]


@pytest.mark.parametrize(
    "error",
    [
        DockerFailed("docker push: denied"),
        NotYet("there is no repository"),
        ClientError({"Error": {"Code": "Throttling", "Message": "slow down"}}, "CreateService"),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:4566"),
        FileNotFoundError(2, "No such file or directory", "docker"),
    ],
)
def test_it_stops_at_a_failure_and_goes_on_there(world: World, error: Exception) -> None:
    world.failing["1.2"] = error
    tasks = [world.task(number) for number in ("1.1", "1.2", "1.3")]
    with pytest.raises(LabError) as told:
        world.run(*tasks)
    assert str(told.value) == f"task 1.2 (task 1.2): {error}"
    assert world.told[-1] == ("fails", "1.2", 0.0, str(error))
    assert world.ran == ["1.1", "1.2"]
    world.failing.clear()
    world.run(*tasks)
    assert world.ran == ["1.1", "1.2", "1.2", "1.3"]


def test_a_check_is_waited_for_as_long_as_the_task_is_patient(world: World) -> None:
    world.slow["1.1"] = 10
    world.run(world.task("1.1", patience=10))
    with pytest.raises(LabError, match=r"1\.2 is missing"):
        world.slow["1.2"] = 10.5
        world.run(world.task("1.2", patience=10))
    assert world.told[-1] == ("fails", "1.2", 10.0, "1.2 is missing")


def test_a_bug_is_not_told_as_a_failure_of_the_task(world: World) -> None:
    world.failing["1.1"] = KeyError("bug")
    with pytest.raises(KeyError):
        world.run(world.task("1.1"))
