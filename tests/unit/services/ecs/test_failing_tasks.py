"""Services whose tasks fail: what is tried again, when, and when it is given up."""

from __future__ import annotations

from tests.unit.services.ecs.stand import Stand
from tests.unit.services.ecs.steady import balanced, steady

from demitasse.engines.containers.errors import PullNotFound


def test_an_image_that_cannot_be_had_is_tried_less_and_less_often() -> None:
    stand = Stand()
    stand.cluster()
    stand.register(container={"image": "customer"})
    stand.service()

    async def scenario() -> None:
        await stand.later(1)
        assert stand.see_service()["runningCount"] == 0
        await stand.later(75, step=5)
        stopped = stand.tasks(desiredStatus="STOPPED")
        # At once, again at once, after 10, 20 and 40 s.
        assert len(stopped) == 5
        assert stopped[0]["stoppedReason"].startswith("CannotPullContainerError: ")
        told = [each for each in stand.messages() if "consistently" in each]
        assert len(told) == 1
        service = stand.see_service()
        assert service["deployments"][0]["failedTasks"] == 5
        assert service["deployments"][0]["rolloutState"] == "IN_PROGRESS"
        # The image arrives.
        stand.image("customer")
        await stand.until(lambda: steady(stand), seconds=200)

    stand.run(scenario)


def test_a_crashing_container_is_not_restarted_without_end() -> None:
    stand = Stand()
    stand.cluster()
    stand.register(container={"image": "crash"})
    stand.image("crash", exit_after=0, exit_code=1)
    stand.service()

    async def scenario() -> None:
        await stand.later(75, step=5)
        stopped = stand.tasks(desiredStatus="STOPPED")
        assert len(stopped) == 5
        assert {each["stopCode"] for each in stopped} == {"EssentialContainerExited"}
        assert {each["containers"][0]["exitCode"] for each in stopped} == {1}

    stand.run(scenario)


def test_a_task_that_fails_its_own_check_is_replaced() -> None:
    stand = Stand()
    stand.cluster()
    stand.register(container={"healthCheck": {"command": ["CMD", "true"]}})
    stand.service()

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        [task] = stand.running()
        assert task["healthStatus"] == "HEALTHY"
        stand.engine.set_health(stand.names()[0], "unhealthy")
        await stand.until(lambda: stand.tasks(desiredStatus="STOPPED"))
        await stand.until(lambda: steady(stand))
        old = stand.see_task(task["taskArn"])
        assert old["stoppedReason"] == "Task failed container health checks"
        assert len(stand.running()) == 1

    stand.run(scenario)


def test_the_circuit_breaker_rolls_back() -> None:
    stand = Stand()
    balanced(
        stand,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        [good] = stand.running()
        before = stand.see_service()
        stand.register(container={"image": "broken"})
        stand.ecs("UpdateService", cluster="c", service="web", taskDefinition="web")
        await stand.until(lambda: "rolling back" in " ".join(stand.messages()), seconds=100)
        await stand.until(lambda: steady(stand))
        service = stand.see_service()
        assert service["taskDefinition"] == before["taskDefinition"]
        assert service["deployments"][0]["id"] == before["deployments"][0]["id"]
        assert service["deployments"][0]["rolloutState"] == "COMPLETED"
        assert [each["taskArn"] for each in stand.running()] == [good["taskArn"]]
        assert any("deployment failed: tasks failed to start." in each for each in stand.messages())

    stand.run(scenario)


def test_the_circuit_breaker_without_rollback_leaves_the_old_tasks() -> None:
    stand = Stand()
    balanced(
        stand,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
    )

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        stand.register(container={"image": "broken"})
        stand.ecs("UpdateService", cluster="c", service="web", taskDefinition="web")
        await stand.later(60, step=5)
        deployments = stand.see_service()["deployments"]
        assert [each["rolloutState"] for each in deployments] == ["FAILED", "COMPLETED"]
        assert deployments[0]["failedTasks"] == 3
        assert len(stand.running()) == 1

    stand.run(scenario)


def test_a_program_that_crashes_while_it_starts_counts_however_time_is_compressed() -> None:
    stand = Stand(compression=10)
    stand.cluster()
    stand.register()
    stand.service(
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    )
    stand.image("crash", exit_after=2, exit_code=1)

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        good = stand.see_service()["taskDefinition"]
        stand.register(container={"image": "crash"})
        stand.ecs("UpdateService", cluster="c", service="web", taskDefinition="web")
        await stand.until(lambda: stand.see_service()["taskDefinition"] == good, seconds=30)
        assert any("deployment failed: tasks failed to start." in each for each in stand.messages())

    stand.run(scenario)


def test_without_a_registry_login_the_pull_is_tried_once_more_with_a_new_one() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    from demitasse.engines.containers.errors import PullUnauthorised

    stand.engine.fail_next("pull", PullUnauthorised("no basic auth credentials"))
    arn = stand.run_task()

    async def scenario() -> None:
        await stand.until(lambda: stand.see_task(arn)["lastStatus"] == "RUNNING")
        first, second = stand.engine.called("pull")
        assert first.options["auth"].user == "AWS"
        assert first.options["auth"] != second.options["auth"]

    stand.run(scenario)


def test_a_pull_that_fails_once_is_followed_by_another_task() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    stand.engine.fail_next("pull", PullNotFound("not found"))
    stand.service()

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        assert len(stand.tasks(desiredStatus="STOPPED")) == 1

    stand.run(scenario)


def test_tasks_that_were_well_before_they_fell_ill_do_not_hold_up_their_replacements() -> None:
    stand = Stand()
    stand.cluster()
    stand.register(container={"healthCheck": {"command": ["CMD", "true"]}})
    stand.service()

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        for number in range(4):
            stand.engine.set_health(stand.names()[0], "unhealthy")
            await stand.until(
                lambda count=number + 1: len(stand.tasks(desiredStatus="STOPPED")) == count
            )
            await stand.until(lambda: len(stand.running()) == 1, seconds=3)
        assert not any("consistently" in each for each in stand.messages())
        assert stand.see_service()["deployments"][0]["failedTasks"] == 0

    stand.run(scenario)
