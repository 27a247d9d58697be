"""Blue/green deployments from outside: real tasks, a real load balancer, visitors all the time."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from tests.acceptance.application import installation_in
from tests.acceptance.blue_green import APPSPEC, SERVICES, Shop, push_application
from tests.acceptance.conftest import Installation

from demitasse import daemon

pytestmark = [pytest.mark.docker, pytest.mark.slow]

COMPRESSION = 120  # CodeDeploy's hour lasts thirty seconds
ROLLBACK = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A platform of its own: it is killed, and its time runs fast."""
    home = tmp_path_factory.mktemp("codedeploy")
    fast = {"DEMITASSE_TIME_COMPRESSION": str(COMPRESSION)}
    with installation_in(home, **fast) as made:
        start(made)
        yield made


@pytest.fixture(scope="module")
def shop(
    installation: Installation,
    until: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Shop:
    """Both services after their first deployment."""
    image = push_application(installation, tmp_path_factory.mktemp("image"))
    made = Shop(installation, until, image, "shop")
    for service in SERVICES:
        until(lambda service=service: made.page(service) == "503", seconds=60)
        assert made.see(service)["runningCount"] == 0
    first = {service: made.start(service, "1") for service in SERVICES}
    for service, deployment in first.items():
        made.deploy.get_waiter("deployment_successful").wait(
            deploymentId=deployment, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        assert made.page(service) == f"{service} 1"
    return made


def start(installation: Installation) -> None:
    done = installation.demitasse("up", "--empty")
    assert done.returncode == 0, done.stdout + done.stderr


def kill(installation: Installation) -> None:
    """``kill -9`` of the platform."""
    process = daemon.running(installation.settings)
    assert process is not None
    os.kill(process, signal.SIGKILL)


def test_everything_that_boto3_can_page(shop: Shop) -> None:
    (deployment, *_) = shop.deploy.list_deployments()["deployments"]
    given: dict[str, dict[str, str]] = {
        "list_application_revisions": {"applicationName": shop.name},
        "list_deployment_groups": {"applicationName": shop.name},
        "list_deployment_targets": {"deploymentId": deployment},
    }
    operations = [name for name in dir(shop.deploy) if name.startswith("list_")]
    paged = [name for name in operations if shop.deploy.can_paginate(name)]
    assert set(paged) > set(given)
    for name in paged:
        pages = shop.deploy.get_paginator(name).paginate(**given.get(name, {}))
        if name == "list_deployment_instances":  # not for the ECS platform, on AWS neither
            with pytest.raises(ClientError, match="ListDeploymentTargets"):
                list(shop.deploy.get_paginator(name).paginate(deploymentId=deployment))
        else:
            assert list(pages)


def test_deployments_of_both_services_at_once_lose_no_request(shop: Shop) -> None:
    production, test = shop.routes("production"), shop.routes("test")
    assert production == test
    assert all(len(route) == 1 for route in production)
    with shop.load("customer") as customer, shop.load("employee") as employee:
        for version in ("2", "3"):
            begun = {service: shop.start(service, version) for service in SERVICES}
            for service, deployment in begun.items():
                shop.ended(deployment, "Succeeded")
                assert shop.page(service) == f"{service} {version}"
                assert shop.page(service, 8080) == f"{service} {version}"
                seen = shop.see(service)
                assert (seen["runningCount"], len(seen["taskSets"])) == (1, 1)
                assert seen["deployments"] == []
    for load, service in ((customer, "customer"), (employee, "employee")):
        assert load.figures.failed == 0, load.figures
        assert set(load.figures.served_by) >= {f"{service} 2", f"{service} 3"}
    # There and back again.
    assert shop.routes("production") == production


def test_a_canary_gets_its_share(shop: Shop) -> None:
    shop.deploy.create_deployment_config(
        deploymentConfigName="shop-canary",
        computePlatform="ECS",
        trafficRoutingConfig={
            "type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": 20, "canaryInterval": 10},
        },
    )
    with shop.load("employee") as load:
        deployment = shop.start("employee", "canary", deploymentConfigName="shop-canary")
        shop.until(lambda: weight(shop, deployment) == 20, seconds=30, every=0.02)
        shop.until(lambda: load.figures.served_by["employee canary"], seconds=30, every=0.02)
        load.answers(20)  # and those who were sent by the former weights have theirs
        before = Counter(load.figures.served_by)
        shop.until(lambda: weight(shop, deployment) == 100, seconds=30, every=0.02)
        during = Counter(load.figures.served_by) - before
        shop.ended(deployment, "Succeeded")
    share = during["employee canary"] / during.total()

    assert load.figures.failed == 0, load.figures
    assert share == pytest.approx(0.2, abs=4 * (0.16 / during.total()) ** 0.5 + 0.01)


def weight(shop: Shop, deployment: str) -> float:
    """The replacement's share, as the deployment's target tells it."""
    sets = shop.target(deployment)["taskSetsInfo"]
    return max(
        (each["trafficWeight"] for each in sets if each["taskSetLabel"] == "Green"), default=0
    )


def test_broken_releases_are_never_seen_and_are_rolled_back(shop: Shop) -> None:
    pages = {service: shop.page(service) for service in SERVICES}
    with shop.load("customer") as customer, shop.load("employee") as employee:
        exits = shop.start("customer", "x", mood="exits", autoRollbackConfiguration=ROLLBACK)
        missing = shop.start(
            "employee",
            "x",
            image=shop.image.replace("latest", "nowhere"),
            autoRollbackConfiguration=ROLLBACK,
        )
        with pytest.raises(ClientError, match=exits) as refused:
            shop.start("customer", "too soon")
        assert refused.value.response["Error"]["Code"] == "DeploymentLimitExceededException"
        # CodeDeploy waits, but says what for.
        shop.until(
            lambda: (
                "Essential container in task exited"
                in "".join(shop.info(exits)["deploymentStatusMessages"])
            ),
            seconds=30,
        )
        failed = shop.ended(exits, "Failed", seconds=60)
        assert "Essential container in task exited" in failed["errorInformation"]["message"]
        rollback = failed["rollbackInfo"]["rollbackDeploymentId"]
        assert shop.ended(rollback, "Succeeded")["creator"] == "codeDeployRollback"
        failed = shop.ended(missing, "Failed", seconds=60)
        assert "CannotPullContainerError" in failed["errorInformation"]["message"]
        shop.ended(failed["rollbackInfo"]["rollbackDeploymentId"], "Succeeded")
    for load, service in ((customer, "customer"), (employee, "employee")):
        assert load.figures.failed == 0, load.figures
        assert set(load.figures.served_by) == {pages[service]}
        assert len(shop.see(service)["taskSets"]) == 1
    assert all(len(route) == 1 for route in shop.routes("production"))


def test_it_waits_for_the_word_while_testers_see_the_new_version(shop: Shop) -> None:
    group = {"applicationName": shop.name, "deploymentGroupName": "employee"}
    kept = shop.deploy.get_deployment_group(**group)["deploymentGroupInfo"]
    member = "blueGreenDeploymentConfiguration"
    patient = {
        "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 120},
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": 120,
        },
    }
    change = {"applicationName": shop.name, "currentDeploymentGroupName": "employee"}
    shop.deploy.update_deployment_group(**change, **{member: patient})
    before = shop.page("employee")
    try:
        deployment = shop.start("employee", "asked")
        shop.until(lambda: shop.info(deployment)["status"] == "Ready", seconds=30)
        assert (shop.page("employee"), shop.page("employee", 8080)) == (before, "employee asked")
        shop.deploy.continue_deployment(deploymentId=deployment, deploymentWaitType="READY_WAIT")
        shop.until(lambda: shop.info(deployment)["instanceTerminationWaitTimeStarted"])
        assert shop.page("employee") == "employee asked"
        sets = shop.target(deployment)["taskSetsInfo"]
        assert [(each["status"], each["runningCount"]) for each in sets] == [
            ("ACTIVE", 1),
            ("PRIMARY", 1),
        ]
        shop.deploy.continue_deployment(
            deploymentId=deployment, deploymentWaitType="TERMINATION_WAIT"
        )
        shop.ended(deployment, "Succeeded")
    finally:
        shop.deploy.update_deployment_group(**change, **{member: kept[member]})


def test_a_revision_in_s3_is_read_in_the_version_that_was_named(shop: Shop) -> None:
    s3 = shop.platform.client("s3")
    s3.create_bucket(Bucket="revisions")
    s3.put_bucket_versioning(Bucket="revisions", VersioningConfiguration={"Status": "Enabled"})
    content = APPSPEC.format(definition=shop.register("employee", "s3"), container="employee")
    as_json = json.dumps(yaml.safe_load(content), indent=2)
    first = s3.put_object(Bucket="revisions", Key="appspec.json", Body=as_json)
    s3.put_object(Bucket="revisions", Key="appspec.json", Body="something else")

    def deployed(**location: str) -> str:
        where = {"bucket": "revisions", "key": "appspec.json", "bundleType": "JSON", **location}
        begun = shop.deploy.create_deployment(
            applicationName=shop.name,
            deploymentGroupName="employee",
            revision={"revisionType": "S3", "s3Location": where},
        )
        return str(begun["deploymentId"])

    failed = shop.ended(deployed(), "Failed")
    assert failed["errorInformation"]["code"] == "INVALID_REVISION"
    shop.ended(deployed(version=first["VersionId"], eTag=first["ETag"]), "Succeeded")
    assert shop.page("employee") == "employee s3"


def test_stopping_an_ill_release_with_a_rollback(shop: Shop) -> None:
    page = shop.page("customer")
    with shop.load("customer") as load:
        deployment = shop.start("customer", "ill", mood="sick")
        shop.until(lambda: running(shop, deployment) == 1, seconds=30)
        # What tests would see is broken, what customers see is not.
        shop.deploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
        stopped = shop.ended(deployment, "Stopped")
        shop.ended(stopped["rollbackInfo"]["rollbackDeploymentId"], "Succeeded")
    assert load.figures.failed == 0, load.figures
    assert set(load.figures.served_by) == {page}


def running(shop: Shop, deployment: str) -> int:
    """How many tasks of the replacement run."""
    sets = shop.target(deployment)["taskSetsInfo"]
    return sum(each["runningCount"] for each in sets if each["taskSetLabel"] == "Green")


@pytest.mark.parametrize("moment", ["at once", "running", "AllowTraffic", "terminating"])
def test_killed_in_the_middle_it_goes_on(shop: Shop, moment: str) -> None:
    """The traffic goes on meanwhile, and the deployment is finished, once."""
    reached: dict[str, Callable[[str], bool]] = {
        "at once": lambda _: True,
        "running": lambda deployment: running(shop, deployment) == 1,
        "AllowTraffic": lambda deployment: weight(shop, deployment) > 0,
        "terminating": lambda deployment: shop.info(deployment)[
            "instanceTerminationWaitTimeStarted"
        ],
    }
    with shop.load("customer") as load:
        deployment = shop.start("customer", moment, deploymentConfigName=CANARY)
        shop.until(lambda: reached[moment](deployment), seconds=30, every=0.01)
        kill(shop.platform)
        start(shop.platform)
        shop.ended(deployment, "Succeeded")
    assert load.figures.failed == 0, load.figures
    assert shop.page("customer") == f"customer {moment}"
    assert len(shop.see("customer")["taskSets"]) == 1
    assert shop.see("customer")["runningCount"] == 1


CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"
