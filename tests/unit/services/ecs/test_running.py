"""From a task definition to running tasks and back, through the API and the controllers."""

from __future__ import annotations

from tests.unit.services.ecs.stand import IMAGE, Stand

from demitasse.engines.containers.errors import PullNotFound


def test_a_service_gets_its_tasks_running_registered_and_steady() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    group = stand.target_group()
    stand.service(
        desiredCount=2,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}],
    )

    async def scenario() -> None:
        await stand.until(lambda: stand.see_service()["runningCount"] == 2)
        await stand.until(lambda: "steady" in stand.messages()[0])
        service = stand.see_service()
        assert service["deployments"][0]["rolloutState"] == "COMPLETED"
        assert service["pendingCount"] == 0
        tasks = stand.tasks()
        assert {task["lastStatus"] for task in tasks} == {"RUNNING"}
        addresses = {
            task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"] for task in tasks
        }
        health = stand.elb("DescribeTargetHealth", TargetGroupArn=group)
        targets = health["TargetHealthDescriptions"]
        assert {each["Target"]["Id"] for each in targets} == addresses
        assert {each["TargetHealth"]["State"] for each in targets} == {"healthy"}
        assert len({task["availabilityZone"] for task in tasks}) == 2
        assert len(stand.names()) == 2
        assert len(stand.names("pause")) == 2
        assert stand.interfaces() == 2

    stand.run(scenario)
    messages = stand.messages()
    assert messages[0] == "(service web) has reached a steady state."
    assert "deployment completed" in messages[1]
    assert f"(service web) registered 1 targets in (target-group {group})" in messages
    assert messages[-1].startswith("(service web) has started 2 tasks: (task ")


def test_a_task_goes_through_its_states_and_leaves_nothing() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    arn = stand.run_task()
    assert stand.see_task(arn)["lastStatus"] == "PROVISIONING"

    async def scenario() -> None:
        await stand.until(lambda: stand.see_task(arn)["lastStatus"] == "RUNNING")
        task = stand.see_task(arn)
        assert task["connectivity"] == "CONNECTED"
        assert task["containers"][0]["lastStatus"] == "RUNNING"
        assert task["containers"][0]["imageDigest"].startswith("sha256:")
        details = {each["name"] for each in task["attachments"][0]["details"]}
        assert details == {"subnetId", "networkInterfaceId", "macAddress", "privateIPv4Address"}
        assert task["createdAt"] <= task["pullStartedAt"] <= task["startedAt"]
        assert stand.engine.pulls == (IMAGE,)
        stand.ecs("StopTask", cluster="c", task=arn, reason="enough")
        assert stand.see_task(arn)["desiredStatus"] == "STOPPED"
        await stand.until(lambda: stand.see_task(arn)["lastStatus"] == "STOPPED")
        task = stand.see_task(arn)
        assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
        assert task["containers"][0]["lastStatus"] == "STOPPED"
        assert task["containers"][0]["exitCode"] == 143
        assert task["stoppingAt"] <= task["executionStoppedAt"] <= task["stoppedAt"]
        await stand.calm()
        assert stand.names() == []
        assert stand.names("pause") == []
        assert stand.interfaces() == 0
        # Visible for an hour.
        await stand.later(3500, step=500)
        assert stand.see_task(arn)["lastStatus"] == "STOPPED"
        await stand.later(200, step=100)
        gone = stand.ecs("DescribeTasks", cluster="c", tasks=[arn])
        assert gone["failures"][0]["reason"] == "MISSING"

    stand.run(scenario)


def test_an_image_that_cannot_be_pulled_fails_the_task_and_is_told() -> None:
    stand = Stand()
    stand.cluster()
    stand.register(container={"image": "customer"})
    # An image that was only built here is not in any registry.
    stand.engine.fail_next("pull", PullNotFound("docker.io/library/customer:latest: not found"))
    stand.engine.add_image("customer")
    stand.service()

    async def scenario() -> None:
        await stand.until(lambda: stand.tasks(desiredStatus="STOPPED"))
        task = stand.tasks(desiredStatus="STOPPED")[0]
        reason = "CannotPullContainerError: docker.io/library/customer:latest: not found"
        assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", reason)
        assert task["containers"][0]["reason"] == reason
        told = f"(service web) failed to launch a task with (error {reason})."
        assert told in stand.messages()

    stand.run(scenario)
