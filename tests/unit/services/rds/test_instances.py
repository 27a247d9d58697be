from __future__ import annotations

from typing import Any

import pytest
from tests.kit.stand import Stand

from demitasse.engines.addresses import FakeAddresses
from demitasse.engines.containers.errors import NetworkOverlap, PullNotFound
from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.containers.observation import ExecResult
from demitasse.services.ec2 import operations as ec2
from demitasse.services.ec2.controller import VpcController
from demitasse.services.rds import operations as rds
from demitasse.services.rds.controller import DbInstanceController

GIVEN = {
    "DBInstanceIdentifier": "supplierdb",
    "Engine": "mariadb",
    "DBInstanceClass": "db.t3.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "admin",
    "MasterUserPassword": "coffee-suppliers",
    "DBName": "COFFEE",
}


class Database:
    """RDS with a fake container engine whose servers accept clients when ``ready``."""

    def __init__(self) -> None:
        self.stand = Stand(ec2.api, rds.api)
        self.engine = FakeEngine(self.stand.clock)
        self.addresses = FakeAddresses()
        self.ready = True
        self.told: list[tuple[str, ...]] = []
        self.engine.add_image("mariadb:11.8", exec=self._client)
        self.network = VpcController(store=self.stand.store, containers=self.engine)
        self.controller = DbInstanceController(
            store=self.stand.store,
            containers=self.engine,
            addresses=self.addresses,
            clock=self.stand.clock,
        )

    def _client(self, argv: tuple[str, ...]) -> ExecResult:
        self.told.append(argv)
        return ExecResult(exit_code=0 if self.ready else 1, stdout=b"", stderr=b"")

    def call(self, operation: str, **given: Any) -> dict[str, Any]:
        return self.stand.call("rds", operation, **given)

    def code(self, operation: str, **given: Any) -> str:
        return self.stand.code("rds", operation, **given)

    def work(self, seconds: float = 3) -> None:
        self.stand.settle(self.network)
        self.stand.settle(self.controller, seconds=seconds)

    @property
    def instance(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("DescribeDBInstances")["DBInstances"][0]
        return found


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def running(database: Database) -> Database:
    database.call("CreateDBInstance", **GIVEN)
    database.work()
    return database


def test_it_is_creating_until_a_client_can_log_in(database: Database) -> None:
    database.ready = False
    assert (
        database.call("CreateDBInstance", **GIVEN)["DBInstance"]["DBInstanceStatus"] == "creating"
    )
    database.work()
    assert database.instance["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in database.instance
    database.ready = True
    database.work()
    assert database.instance["DBInstanceStatus"] == "available"
    assert database.instance["Endpoint"]["Port"] == 3306
    assert database.instance["Endpoint"]["Address"] in database.addresses.there


def test_the_server_has_its_volume_and_is_bound_to_its_address(running: Database) -> None:
    (spec,) = running.engine.specs.values()
    address = running.instance["Endpoint"]["Address"]
    assert spec.command is not None
    assert f"--bind-address={address}" in spec.command
    assert spec.mounts[0].target == "/var/lib/mysql"
    assert spec.memory_bytes == 2**30


def test_without_its_vpcs_network_it_takes_no_address_and_says_why(database: Database) -> None:
    """The address could be that of a database of another installation on this machine."""
    for _ in range(2):
        database.engine.fail_next("ensure_network", NetworkOverlap("The range overlaps."))
    database.call("CreateDBInstance", **GIVEN)
    database.work()
    assert database.instance["DBInstanceStatus"] == "failed"
    assert "The range overlaps." in database.instance["StatusInfos"][0]["Message"]
    assert database.addresses.there == set()
    assert database.engine.specs == {}
    database.work(seconds=15)
    assert database.instance["DBInstanceStatus"] == "available"
    assert "StatusInfos" not in database.instance


def test_whether_it_serves_is_asked_beside_it_whatever_its_security_groups(
    running: Database,
) -> None:
    assert not any("--host" in word for argv in running.told for word in argv)
    assert "skip_networking" in running.told[-1][-1], "and not of the server that prepares the data"


def test_other_security_groups_are_its_interfaces_too(running: Database) -> None:
    call = running.stand.call
    group = call("ec2", "CreateSecurityGroup", GroupName="g", Description="g")["GroupId"]
    running.call("ModifyDBInstance", DBInstanceIdentifier="supplierdb", VpcSecurityGroupIds=[group])
    (interface,) = call("ec2", "DescribeNetworkInterfaces")["NetworkInterfaces"]
    assert [each["GroupId"] for each in interface["Groups"]] == [group]


def test_stop_and_start_keep_the_volume(running: Database) -> None:
    running.call("StopDBInstance", DBInstanceIdentifier="supplierdb")
    running.work()
    assert running.instance["DBInstanceStatus"] == "stopped"
    running.call("StartDBInstance", DBInstanceIdentifier="supplierdb")
    running.work()
    assert running.instance["DBInstanceStatus"] == "available"
    assert not any(call.operation == "remove_volume" for call in running.engine.calls)


def test_what_was_asked_for_is_said_before_anybody_has_looked(running: Database) -> None:
    name = {"DBInstanceIdentifier": "supplierdb"}
    for operation, said in (
        ("RebootDBInstance", "rebooting"),
        ("StopDBInstance", "stopping"),
        ("StartDBInstance", "starting"),
    ):
        answer = running.call(operation, **name)["DBInstance"]
        assert answer["DBInstanceStatus"] == running.instance["DBInstanceStatus"] == said
        for other in ("RebootDBInstance", "StopDBInstance", "StartDBInstance"):
            assert running.code(other, **name) == "InvalidDBInstanceState"
        running.work()


def test_a_reboot_happens_once_and_brings_the_pending_class(running: Database) -> None:
    running.call(
        "ModifyDBInstance", DBInstanceIdentifier="supplierdb", DBInstanceClass="db.t3.small"
    )
    running.work()
    assert running.instance["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.small"}
    assert running.instance["DBInstanceClass"] == "db.t3.micro"
    running.call("RebootDBInstance", DBInstanceIdentifier="supplierdb")
    running.work()
    assert running.instance["DBInstanceClass"] == "db.t3.small"
    assert running.instance["DBInstanceStatus"] == "available"
    stops = sum(call.operation == "stop" for call in running.engine.calls)
    running.work()
    assert sum(call.operation == "stop" for call in running.engine.calls) == stops


def test_what_waits_is_applied_by_the_next_change_that_does_not(running: Database) -> None:
    name = {"DBInstanceIdentifier": "supplierdb"}
    running.call("ModifyDBInstance", **name, AllocatedStorage=21, StorageType="gp3")
    rounded_up = {"AllocatedStorage": 22, "StorageType": "gp3"}
    assert running.instance["PendingModifiedValues"] == rounded_up
    assert (running.instance["AllocatedStorage"], running.instance["StorageType"]) == (20, "gp2")
    running.call("ModifyDBInstance", **name, StorageType="gp2")  # is taken back
    running.call("ModifyDBInstance", **name, DBInstanceClass="db.t3.small", ApplyImmediately=True)
    assert running.instance["PendingModifiedValues"] == {}
    assert (running.instance["AllocatedStorage"], running.instance["StorageType"]) == (22, "gp2")
    assert running.instance["DBInstanceClass"] == "db.t3.small"
    assert running.code("ModifyDBInstance", **name, AllocatedStorage=20) == (
        "InvalidParameterCombination"
    )


def test_a_new_password_is_told_to_the_server(running: Database) -> None:
    running.told.clear()
    assert running.instance["PendingModifiedValues"] == {}
    running.call(
        "ModifyDBInstance", DBInstanceIdentifier="supplierdb", MasterUserPassword="it's-another"
    )
    assert running.instance["PendingModifiedValues"] == {"MasterUserPassword": "****"}
    assert running.instance["DBInstanceStatus"] == "resetting-master-credentials"
    running.ready = False
    running.work()
    assert running.instance["DBInstanceStatus"] == "resetting-master-credentials"
    running.ready = True
    running.work()
    assert running.instance["DBInstanceStatus"] == "available"
    assert running.instance["PendingModifiedValues"] == {}
    told = " ".join(part for argv in running.told for part in argv)
    assert "ALTER USER 'admin'@'%' IDENTIFIED BY 'it''s-another'" in told


def test_delete_leaves_nothing(running: Database) -> None:
    running.call("DeleteDBInstance", DBInstanceIdentifier="supplierdb", SkipFinalSnapshot=True)
    assert running.instance["DBInstanceStatus"] == "deleting"
    running.work()
    assert running.call("DescribeDBInstances")["DBInstances"] == []
    assert running.addresses.there == set()
    found = running.stand.call("ec2", "DescribeNetworkInterfaces")["NetworkInterfaces"]
    assert found == []
    assert running.code("DescribeDBInstances", DBInstanceIdentifier="supplierdb") == (
        "DBInstanceNotFound"
    )


def test_an_ended_server_is_started_again(running: Database) -> None:
    (name,) = running.engine.specs
    running.work()
    import asyncio

    asyncio.run(running.engine.kill(name))
    running.work()
    assert running.instance["DBInstanceStatus"] == "available"


def test_an_image_that_cannot_be_had_is_told_and_tried_again(database: Database) -> None:
    image = database.engine
    database.engine = FakeEngine(database.stand.clock)
    database.engine.fail_next("pull", PullNotFound("mariadb:11.8: not found"))
    database.call("CreateDBInstance", **GIVEN)
    database.controller = DbInstanceController(
        store=database.stand.store,
        containers=database.engine,
        addresses=database.addresses,
        clock=database.stand.clock,
    )
    database.work(0)
    assert database.instance["DBInstanceStatus"] == "failed", "who waits may stop"
    assert "not found" in database.instance["StatusInfos"][0]["Message"]
    database.controller = DbInstanceController(
        store=database.stand.store,
        containers=image,
        addresses=database.addresses,
        clock=database.stand.clock,
    )
    database.work()
    assert database.instance["DBInstanceStatus"] == "available"
    assert "StatusInfos" not in database.instance


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Engine": "oracle-ee"}, "InvalidParameterCombination"),
        ({"EngineVersion": "5.5"}, "InvalidParameterCombination"),
        ({"DBInstanceIdentifier": "-bad-"}, "InvalidParameterValue"),
        ({"DBInstanceClass": "db.huge"}, "InvalidParameterValue"),
        ({"AllocatedStorage": 1}, "InvalidParameterValue"),
        ({"MasterUserPassword": "coffee"}, "InvalidParameterValue"),
        ({"MasterUserPassword": "with/slash@"}, "InvalidParameterValue"),
        ({"MasterUsername": "root"}, "InvalidParameterValue"),
        ({"DBName": "drop table"}, "InvalidParameterValue"),
        ({"Port": 22}, "InvalidParameterValue"),
        ({"VpcSecurityGroupIds": ["sg-nowhere"]}, "InvalidParameterValue"),
        ({"DBSubnetGroupName": "nowhere"}, "DBSubnetGroupNotFoundFault"),
        ({"MultiAZ": True}, "InvalidParameterCombination"),
        ({"DatabaseInsightsMode": "advanced"}, "InvalidParameterCombination"),
        (
            {"EngineLifecycleSupport": "open-source-rds-extended-support"},
            "InvalidParameterCombination",
        ),
        ({"BackupRetentionPeriod": 7}, "InvalidParameterCombination"),
        ({"AvailabilityZone": "us-east-1z"}, "InvalidVPCNetworkStateFault"),
    ],
)
def test_what_is_wrong_or_not_carried_out_is_refused(
    database: Database, change: dict[str, Any], code: str
) -> None:
    assert database.code("CreateDBInstance", **{**GIVEN, **change}) == code
    assert database.call("DescribeDBInstances")["DBInstances"] == []
    found = database.stand.call("ec2", "DescribeNetworkInterfaces")["NetworkInterfaces"]
    assert found == [], "nothing half-made"


def test_a_name_is_given_once(running: Database) -> None:
    assert running.code("CreateDBInstance", **GIVEN) == "DBInstanceAlreadyExists"


def test_what_is_not_available_cannot_be_changed(database: Database) -> None:
    database.call("CreateDBInstance", **GIVEN)
    for operation in ("StopDBInstance", "RebootDBInstance", "StartDBInstance"):
        assert database.code(operation, DBInstanceIdentifier="supplierdb") == (
            "InvalidDBInstanceState"
        )


def test_deletion_protection_and_final_snapshots(running: Database) -> None:
    name = {"DBInstanceIdentifier": "supplierdb"}
    assert running.code("DeleteDBInstance", **name) == "InvalidParameterCombination"
    running.call("ModifyDBInstance", **name, DeletionProtection=True)
    code = running.code("DeleteDBInstance", **name, SkipFinalSnapshot=True)
    assert code == "InvalidParameterCombination"


def test_tags(running: Database) -> None:
    arn = {"ResourceName": running.instance["DBInstanceArn"]}
    running.call("AddTagsToResource", **arn, Tags=[{"Key": "course", "Value": "déploiement"}])
    assert running.call("ListTagsForResource", **arn)["TagList"] == [
        {"Key": "course", "Value": "déploiement"}
    ]
    running.call("RemoveTagsFromResource", **arn, TagKeys=["course"])
    assert running.call("ListTagsForResource", **arn)["TagList"] == []


def test_subnet_groups(database: Database) -> None:
    subnets = database.stand.call("ec2", "DescribeSubnets")["Subnets"]
    ids = [subnet["SubnetId"] for subnet in subnets]
    name = {"DBSubnetGroupName": "Lab"}
    said = {"DBSubnetGroupDescription": "two zones"}
    assert database.code("CreateDBSubnetGroup", **name, **said, SubnetIds=ids[:1]) == (
        "DBSubnetGroupDoesNotCoverEnoughAZs"
    )
    made = database.call("CreateDBSubnetGroup", **name, **said, SubnetIds=ids[:2])["DBSubnetGroup"]
    assert made["DBSubnetGroupName"] == "lab"
    assert len(made["Subnets"]) == 2
    assert database.code("CreateDBSubnetGroup", **name, **said, SubnetIds=ids[:2]) == (
        "DBSubnetGroupAlreadyExists"
    )
    database.call("CreateDBInstance", **GIVEN, **name)
    assert database.code("DeleteDBSubnetGroup", **name) == "InvalidDBSubnetGroupStateFault"
    database.call("DeleteDBInstance", DBInstanceIdentifier="supplierdb", SkipFinalSnapshot=True)
    database.work()
    database.call("DeleteDBSubnetGroup", **name)
    assert database.code("DescribeDBSubnetGroups", **name) == "DBSubnetGroupNotFoundFault"


def test_pages(database: Database) -> None:
    for number in range(25):
        database.call("CreateDBInstance", **{**GIVEN, "DBInstanceIdentifier": f"db-{number:02}"})
    first = database.call("DescribeDBInstances", MaxRecords=20)
    rest = database.call("DescribeDBInstances", MaxRecords=20, Marker=first["Marker"])
    assert len(first["DBInstances"]) == 20
    assert len(rest["DBInstances"]) == 5
    assert "Marker" not in rest


def test_what_can_be_ordered(database: Database) -> None:
    versions = database.call("DescribeDBEngineVersions", Engine="mariadb")["DBEngineVersions"]
    assert [version["EngineVersion"] for version in versions] == ["11.8"]
    options = database.call("DescribeOrderableDBInstanceOptions", Engine="mariadb")
    names = {each["DBInstanceClass"] for each in options["OrderableDBInstanceOptions"]}
    assert "db.t3.micro" in names
