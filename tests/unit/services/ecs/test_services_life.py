"""Services when things change and when things go wrong."""

from __future__ import annotations

from tests.unit.services.ecs.stand import IMAGE, Stand
from tests.unit.services.ecs.steady import balanced, steady


def test_a_killed_task_is_replaced_at_once() -> None:
    stand = Stand()
    balanced(stand)

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        [task] = stand.running()
        stand.engine.exit(stand.names()[0], 137)
        before = stand.clock.monotonic()
        await stand.until(
            lambda: [each for each in stand.running() if each["taskArn"] != task["taskArn"]]
        )
        assert stand.clock.monotonic() - before < 3
        await stand.until(lambda: steady(stand))
        old = stand.see_task(task["taskArn"])
        assert old["stopCode"] == "EssentialContainerExited"
        assert old["stoppedReason"] == "Essential container in task exited"
        assert old["containers"][0]["exitCode"] == 137
        assert stand.see_service()["deployments"][0]["failedTasks"] == 0
        assert stand.see_service()["deployments"][0]["rolloutState"] == "COMPLETED"

    stand.run(scenario)


def test_a_rolling_deployment_replaces_every_task_and_is_never_short_of_one() -> None:
    stand = Stand()
    group = balanced(stand, desiredCount=2)

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        first = stand.see_service()["deployments"][0]["id"]
        stand.register(container={"environment": [{"name": "VERSION", "value": "2"}]})
        stand.target_healthy = False
        answer = stand.ecs("UpdateService", cluster="c", service="web", taskDefinition="web")
        assert [each["status"] for each in answer["service"]["deployments"]] == [
            "PRIMARY",
            "ACTIVE",
        ]
        await stand.until(lambda: len(stand.running()) == 4)
        await stand.later(20, step=5)
        # Nothing goes before the new ones are healthy.
        assert len(stand.running()) == 4
        stand.target_healthy = True
        await stand.until(lambda: steady(stand), seconds=60)
        service = stand.see_service()
        assert len(service["deployments"]) == 1
        assert service["deployments"][0]["id"] != first
        assert {each["taskDefinitionArn"] for each in stand.running()} == {
            service["taskDefinition"]
        }
        assert service["taskDefinition"].endswith("web:2")
        old = stand.tasks(desiredStatus="STOPPED")
        assert {each["stoppedReason"] for each in old} == {
            f"Scaling activity initiated by (deployment {first})"
        }
        assert {each["stopCode"] for each in old} == {"ServiceSchedulerInitiated"}
        told = stand.messages()
        assert any("has begun draining connections on 1 tasks." in each for each in told)
        assert f"(service web) deregistered 1 targets in (target-group {group})" in told
        assert len(stand.names()) == 2

    stand.run(scenario)


def test_a_task_stops_only_after_its_target_has_drained() -> None:
    stand = Stand()
    balanced(stand)

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        [task] = stand.running()
        stand.ecs("UpdateService", cluster="c", service="web", desiredCount=0)
        for _ in range(8):
            await stand.calm(balance=False)
            stand.clock.advance(1)
        assert stand.see_task(task["taskArn"])["lastStatus"] == "DEACTIVATING"
        assert len(stand.names()) == 1
        stand.balance()
        await stand.until(lambda: stand.see_task(task["taskArn"])["lastStatus"] == "STOPPED")
        assert stand.names() == []

    stand.run(scenario)


def test_draining_ends_after_its_delay_whatever_the_load_balancer_says() -> None:
    stand = Stand()
    balanced(stand)

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        [task] = stand.running()
        stand.ecs("UpdateService", cluster="c", service="web", desiredCount=0)
        for _ in range(330):
            await stand.calm(balance=False)
            stand.clock.advance(1)
            if stand.see_task(task["taskArn"])["lastStatus"] == "STOPPED":
                break
        assert 315 <= stand.clock.monotonic() <= 330

    stand.run(scenario)


def test_a_task_that_fails_its_load_balancers_check_is_replaced_first_and_then_stopped() -> None:
    stand = Stand()
    group = balanced(stand, healthCheckGracePeriodSeconds=10)

    async def scenario() -> None:
        await stand.until(stand.running)
        [task] = stand.running()
        address = task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
        stand.set_target(address, "unhealthy", "Health checks failed with these codes: [502]")
        await stand.later(8)
        assert len(stand.tasks()) == 1  # the grace period
        await stand.until(lambda: stand.tasks(desiredStatus="STOPPED"))
        await stand.until(lambda: steady(stand), seconds=30)
        old = stand.see_task(task["taskArn"])
        assert old["stopCode"] == "ServiceSchedulerInitiated"
        assert old["stoppedReason"] == f"Task failed ELB health checks in (target-group {group})"
        [fresh] = stand.running()
        assert fresh["startedAt"] <= old["stoppingAt"]
        assert (
            f"(service web) (port 8080) is unhealthy in (target-group {group}) due to (reason"
            " Health checks failed with these codes: [502])."
        ) in stand.messages()

    stand.run(scenario)


def test_compressed_waits_leave_a_program_the_time_to_start() -> None:
    stand = Stand(compression=20)
    balanced(stand)

    async def scenario() -> None:
        await stand.until(stand.running)
        [task] = stand.running()
        address = task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
        stand.set_target(address, "unhealthy", "Health checks failed")
        await stand.later(18)
        assert [each["taskArn"] for each in stand.tasks()] == [task["taskArn"]]
        await stand.until(lambda: stand.tasks(desiredStatus="STOPPED"), seconds=10)

    stand.run(scenario)


def test_scaling_up_and_down_and_forcing_a_new_deployment() -> None:
    stand = Stand()
    balanced(stand)

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        stand.ecs("UpdateService", cluster="c", service="web", desiredCount=3)
        await stand.until(lambda: steady(stand) and len(stand.running()) == 3)
        arns = {each["taskArn"] for each in stand.running()}
        stand.ecs("UpdateService", cluster="c", service="web", forceNewDeployment=True)
        await stand.until(lambda: steady(stand), seconds=60)
        fresh = {each["taskArn"] for each in stand.running()}
        assert len(fresh) == 3
        assert not arns & fresh
        stand.ecs("UpdateService", cluster="c", service="web", desiredCount=1)
        await stand.until(lambda: steady(stand) and len(stand.running()) == 1, seconds=60)

    stand.run(scenario)


def test_a_deleted_service_drains_and_is_inactive() -> None:
    stand = Stand()
    balanced(stand)

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        code, message = stand.refusal("DeleteService", cluster="c", service="web")
        assert (code, message) == (
            "InvalidParameterException",
            "The service cannot be stopped while it is scaled above 0.",
        )
        assert stand.refusal("DeleteCluster", cluster="c")[0] == "ClusterContainsServicesException"
        answer = stand.ecs("DeleteService", cluster="c", service="web", force=True)
        assert answer["service"]["status"] == "DRAINING"
        assert stand.refusal("DeleteCluster", cluster="c")[0] == "ClusterContainsTasksException"
        await stand.until(lambda: stand.see_service()["status"] == "INACTIVE")
        assert stand.see_service()["deployments"] == []
        assert stand.names() == []
        assert stand.interfaces() == 0
        assert stand.ecs("ListServices", cluster="c")["serviceArns"] == []
        stand.ecs("DeleteCluster", cluster="c")
        found = stand.ecs("DescribeClusters", clusters=["c"])["clusters"]
        assert found[0]["status"] == "INACTIVE"

    stand.run(scenario)


def test_a_service_may_be_made_again_after_it_was_deleted() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    stand.service()

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        stand.ecs("DeleteService", cluster="c", service="web", force=True)
        _code, message = stand.refusal(
            "CreateService",
            cluster="c",
            serviceName="web",
            taskDefinition="web",
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration=stand.network,
        )
        assert message == "Unable to Start a service that is still Draining."
        await stand.until(lambda: stand.see_service()["status"] == "INACTIVE")
        stand.service(desiredCount=2)
        await stand.until(lambda: len(stand.running()) == 2)
        assert len(stand.names()) == 2

    stand.run(scenario)


def test_all_tasks_of_a_deployment_run_the_image_that_its_first_task_found() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    stand.service()

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        digest = stand.running()[0]["containers"][0]["imageDigest"]
        pinned = f"{IMAGE.removesuffix(':latest')}@{digest}"
        stand.ecs("UpdateService", cluster="c", service="web", desiredCount=2)
        await stand.until(lambda: len(stand.running()) == 2)
        assert stand.engine.pulls == (IMAGE, pinned)
        stand.ecs("UpdateService", cluster="c", service="web", forceNewDeployment=True)
        await stand.until(lambda: len(stand.engine.pulls) > 2)
        assert stand.engine.pulls[2] == IMAGE

    stand.run(scenario)


def test_without_any_check_a_new_task_counts_after_forty_seconds() -> None:
    """As ``minimumHealthyPercent`` documents it: the old task goes when the new one counts."""
    stand = Stand()
    stand.cluster()
    stand.register()
    stand.service()

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        await stand.later(60, step=10)
        [old] = stand.running()
        stand.ecs("UpdateService", cluster="c", service="web", forceNewDeployment=True)
        await stand.until(lambda: len(stand.running()) == 2)
        await stand.later(35, step=5)
        assert len(stand.running()) == 2
        await stand.later(10, step=5)
        [fresh] = stand.running()
        assert fresh["taskArn"] != old["taskArn"]

    stand.run(scenario)


def test_a_deleted_service_can_be_seen_for_an_hour() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    stand.service()

    async def scenario() -> None:
        await stand.until(lambda: steady(stand))
        stand.ecs("DeleteService", cluster="c", service="web", force=True)
        await stand.until(lambda: stand.see_service()["status"] == "INACTIVE")
        await stand.later(3500, step=500)
        assert stand.see_service()["status"] == "INACTIVE"
        await stand.later(200, step=100)
        gone = stand.ecs("DescribeServices", cluster="c", services=["web"])
        assert gone["failures"][0]["reason"] == "MISSING"

    stand.run(scenario)
