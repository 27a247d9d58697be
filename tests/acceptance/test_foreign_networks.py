"""A machine whose networks are in the way: another installation's, a company's, AWS's own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.application import docker, installation_in, up, wait_for, wait_until
from tests.acceptance.conftest import free_block

from demitasse.engines.addresses import routes

pytestmark = pytest.mark.docker

AWS = IPv4Network("172.31.0.0/16")


@contextmanager
def foreign(block: str) -> Iterator[str]:
    """A network that is no installation's; its name."""
    name = f"foreign-{secrets.token_hex(4)}"
    docker("network", "create", "--subnet", block, name)
    try:
        yield name
    finally:
        docker("network", "rm", name)


@pytest.fixture
def occupied() -> Iterator[None]:
    """A machine that reaches AWS's block, if it did not before."""
    if any(AWS.overlaps(network) for network in routes.reached()):
        yield
    else:
        with foreign(str(AWS)):
            yield


@pytest.mark.usefixtures("occupied")
def test_a_first_vpc_has_another_block_where_awss_is_in_use(tmp_path: Path) -> None:
    with installation_in(tmp_path / "home", DEMITASSE_VPC_CIDR="") as installation:
        up(installation, "--empty")
        ec2, elbv2 = installation.client("ec2"), installation.client("elbv2")
        (vpc,) = ec2.describe_vpcs()["Vpcs"]
        assert not AWS.overlaps(IPv4Network(vpc["CidrBlock"]))
        subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
        elbv2.create_load_balancer(Name="lb", Subnets=subnets)
        wait_for(lambda: _state(elbv2), {"Code": "active"})


def test_a_database_without_its_vpcs_network_says_why_and_comes_when_it_can(
    tmp_path: Path,
) -> None:
    block = free_block()
    with installation_in(tmp_path / "home", DEMITASSE_VPC_CIDR=block) as installation:
        with foreign(block):
            up(installation, "--empty")
            rds = installation.client("rds")
            rds.create_db_instance(
                DBInstanceIdentifier="db",
                Engine="mariadb",
                DBInstanceClass="db.t3.micro",
                AllocatedStorage=20,
                MasterUsername="admin",
                MasterUserPassword="coffee-suppliers",
            )
            wait_until(lambda: _database(rds)["DBInstanceStatus"] == "failed", "it is told")
            (told,) = _database(rds)["StatusInfos"]
            assert f"The range {block}" in told["Message"]
            assert "overlaps with that of another network" in told["Message"]
        wait_until(lambda: _database(rds)["DBInstanceStatus"] == "available", "it comes")
        assert "StatusInfos" not in _database(rds)


def _state(elbv2: Any) -> dict[str, Any]:
    found: dict[str, Any] = elbv2.describe_load_balancers()["LoadBalancers"][0]["State"]
    return found


def _database(rds: Any) -> dict[str, Any]:
    found: dict[str, Any] = rds.describe_db_instances()["DBInstances"][0]
    return found
