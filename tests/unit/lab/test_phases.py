"""Each task's check fails before its run, holds after it, and fails again when it is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.lab.stand import Lab, Machine, World

from demitasse.lab import names, overview
from demitasse.lab.docker import SOURCE_LABEL, names_and_contents
from demitasse.lab.errors import NotYet
from demitasse.lab.phases import (
    PHASES,
    phase0_preparation,
    phase2_monolith,
    phase4_containers,
    phase5_files,
    phase5_images,
    phase6_load_balancer,
)


def missing(check: Callable[[Lab], object], lab: Lab) -> str:
    """What a check says is missing."""
    with pytest.raises(NotYet) as told:
        check(lab)
    return str(told.value)


def test_phases_and_tasks_are_numbered_as_in_the_course() -> None:
    assert [phase.number for phase in PHASES] == [0, 2, 3, 4, 5, 6, 7, 8]
    for phase in PHASES:
        assert phase.title
        assert phase.titre
        numbers = [task.number for task in phase.tasks]
        assert numbers == sorted(numbers)
        assert all(number.startswith(f"{phase.number}.") for number in numbers)
        assert all(task.run.__doc__ and task.check.__doc__ for task in phase.tasks)


def test_a_network_that_somebody_deleted_is_made_anew(lab: Lab) -> None:
    phase0_preparation.check_network(lab)
    ec2 = lab.client("ec2")
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    assert "fewer than two" in missing(phase0_preparation.check_network, lab)
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    vpc = lab.vpc()
    ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    ec2.delete_vpc(VpcId=vpc)
    assert "no default VPC" in missing(phase0_preparation.check_network, lab)
    phase0_preparation.make_network(lab)
    phase0_preparation.check_network(lab)


def test_the_two_subnets_are_the_default_ones_in_two_zones(lab: Lab) -> None:
    ec2 = lab.client("ec2")
    ec2.create_subnet(VpcId=lab.vpc(), CidrBlock="172.31.200.0/24", AvailabilityZone="us-east-1a")
    found = ec2.describe_subnets(SubnetIds=lab.subnets())["Subnets"]
    assert sorted(one["AvailabilityZone"] for one in found) == ["us-east-1a", "us-east-1b"]
    assert all(one["DefaultForAz"] for one in found)


def test_the_database_is_asked_for_once_and_let_in(lab: Lab) -> None:
    assert names.DATABASE in missing(phase0_preparation.check_database, lab)
    phase0_preparation.make_database(lab)
    phase0_preparation.make_database(lab)
    phase0_preparation.check_database(lab)
    group = lab.security_group(names.DATABASE_GROUP)
    lab.client("ec2").revoke_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=3306, ToPort=3306, CidrIp="0.0.0.0/0"
    )
    assert "3306" in missing(phase0_preparation.check_database, lab)
    phase0_preparation.make_database(lab)
    phase0_preparation.check_database(lab)


def test_the_databases_user_can_log_in_once_the_server_is_available(
    world: World, lab: Lab, machine: Machine
) -> None:
    assert "missing" in missing(phase0_preparation.check_user, lab)
    phase0_preparation.make_database(lab)
    assert "creating" in missing(phase0_preparation.check_user, lab)
    assert "endpoint" in missing(phase0_preparation.endpoint, lab)
    world.database_available()
    machine.failing["run"] = "ERROR 1045 (28000): Access denied"
    assert "Access denied" in missing(phase0_preparation.check_user, lab)
    machine.failing.clear()
    phase0_preparation.make_user(lab)
    phase0_preparation.check_user(lab)
    made, checked = machine.told[-2], machine.told[-1]
    assert "CREATE USER IF NOT EXISTS 'nodeapp'@'%'" in made[-1]
    assert made[made.index("--host") + 1] == phase0_preparation.endpoint(lab)
    assert checked[checked.index("--user") :][:2] == ("--user", "nodeapp")


@pytest.fixture
def with_database(world: World) -> World:
    phase0_preparation.make_database(world.lab)
    world.database_available()
    return world


def test_the_monolith_runs_in_front_of_the_database(with_database: World) -> None:
    lab, machine = with_database.lab, with_database.machine
    assert "not there" in missing(phase2_monolith.check_monolith, lab)
    assert "does not run" in missing(phase2_monolith.url, lab)
    assert "not seen" in missing(phase2_monolith.check_process, lab)
    phase2_monolith.start_monolith(lab)
    assert "404" in missing(phase2_monolith.check_monolith, lab)
    lab.pages["/"] = 200, "Coffee suppliers"
    phase2_monolith.check_monolith(lab)
    phase2_monolith.check_process(lab)
    before = machine.commands().count("run")
    phase2_monolith.start_monolith(lab)
    assert machine.commands().count("run") == before, "what runs is left alone"
    (lab.sources / "monolith" / "Dockerfile").write_text("FROM something-else\n")
    phase2_monolith.start_monolith(lab)
    assert machine.commands().count("run") == before + 1, "a new source is a new container"
    machine.containers[names.MONOLITH]["State"]["Running"] = False
    assert missing(phase2_monolith.check_monolith, lab)


def test_another_installations_monolith_is_left_alone(with_database: World) -> None:
    lab, machine = with_database.lab, with_database.machine
    theirs = {
        "State": {"Running": True},
        "Config": {"Env": [], "Labels": {"demitasse.installation": "theirs"}},
        "NetworkSettings": {"Ports": {"80/tcp": [{"HostPort": "80"}]}},
    }
    machine.containers["monolith_1"] = theirs
    phase2_monolith.start_monolith(lab)
    assert machine.containers["monolith_1"] is theirs
    assert phase2_monolith.container(lab) == "monolith_2"
    del machine.containers["monolith_1"]
    assert phase2_monolith.container(lab) == "monolith_2", "it stays where it is"


def test_suppliers_are_added_once(with_database: World) -> None:
    lab = with_database.lab
    phase2_monolith.start_monolith(lab)
    assert "lists no supplier" in missing(phase2_monolith.check_suppliers, lab)
    lab.pages["/suppliers"] = 200, ""
    assert "lists no supplier" in missing(phase2_monolith.check_suppliers, lab)
    phase2_monolith.add_suppliers(lab)
    phase2_monolith.check_suppliers(lab)
    assert len(lab.forms) == 3
    phase2_monolith.add_suppliers(lab)
    assert len(lab.forms) == 3
    lab.pages["/suppliers"] = 500, ""
    with pytest.raises(NotYet, match="answers 500"):
        phase2_monolith.add_suppliers(lab)


@pytest.mark.parametrize("service", names.SERVICES)
def test_an_image_is_of_the_source_as_it_is(lab: Lab, machine: Machine, service: str) -> None:
    assert "no image" in missing(lambda it: phase4_containers.check(service, it), lab)
    phase4_containers.build(service, lab)
    phase4_containers.check(service, lab)
    phase4_containers.build(service, lab)
    assert machine.commands().count("build") == 1
    (lab.sources / service / "new.py").write_text("print('hello')\n")
    assert "source" in missing(lambda it: phase4_containers.check(service, it), lab)
    phase4_containers.build(service, lab)
    phase4_containers.check(service, lab)
    machine.images[service]["Config"]["Labels"] = None
    assert "source" in missing(lambda it: phase4_containers.check(service, it), lab)


@pytest.fixture
def with_images(with_database: World) -> World:
    for service in names.SERVICES:
        phase4_containers.build(service, with_database.lab)
    return with_database


def test_images_are_pushed_to_the_registry(with_images: World) -> None:
    world, lab, machine = with_images, with_images.lab, with_images.machine
    assert "customer" in missing(phase5_images.check_images, lab)
    phase5_images.push_images(lab)
    (login,) = [at for at, words in enumerate(machine.told) if words[0] == "login"]
    assert machine.told[login] == (
        "login",
        "--username",
        "AWS",
        "--password-stdin",
        "127.0.0.1:4566",
    )
    assert machine.given[login]
    source = names_and_contents(lab.sources / "customer")
    pushed = [words[-1] for words in machine.told if words[0] == "push"]
    assert pushed[:2] == [
        f"127.0.0.1:4566/customer:source-{source}",
        "127.0.0.1:4566/customer:latest",
    ]
    assert missing(phase5_images.check_images, lab), "docker said so, but the registry has nothing"
    world.pushed()
    phase5_images.check_images(lab)
    pushes = machine.commands().count("push")
    phase5_images.push_images(lab)
    assert machine.commands().count("push") == pushes
    lab.digests["employee"] = "sha256:later"
    phase5_images.check_images(lab)


def test_the_cluster(lab: Lab) -> None:
    assert "not ACTIVE" in missing(phase5_images.check_cluster, lab)
    phase5_images.make_cluster(lab)
    phase5_images.make_cluster(lab)
    phase5_images.check_cluster(lab)
    lab.client("ecs").delete_cluster(cluster=names.CLUSTER)
    assert "not ACTIVE" in missing(phase5_images.check_cluster, lab)


def test_task_definitions_are_registered_once(with_images: World) -> None:
    lab = with_images.lab
    assert "no repository" in missing(phase5_images.register, lab)
    phase5_images.push_images(lab)
    assert "customer-microservice" in missing(phase5_images.check_task_definitions, lab)
    phase5_images.register(lab)
    phase5_images.check_task_definitions(lab)
    phase5_images.register(lab)
    assert revision(lab) == 1
    deployed = phase5_files.task_definition(lab, "customer") | {"cpu": "1024", "memory": "2048"}
    deployed["containerDefinitions"][0]["image"] = "127.0.0.1:4566/customer@sha256:" + "0" * 64
    lab.client("ecs").register_task_definition(**deployed)
    phase5_images.check_task_definitions(lab)
    phase5_images.register(lab)
    assert revision(lab) == 2


def revision(lab: Lab) -> int:
    found: Any = lab.task_definition("customer-microservice")
    return int(found["revision"])


@pytest.mark.parametrize(
    ("host", "is_stale"),
    [
        ("172.31.200.9", True),
        ("supplierdb.cxyz.us-east-1.rds.amazonaws.com", True),
        ("10.0.0.9", False),
        ("db.example.com", False),
    ],
)
def test_a_database_that_is_gone_is_replaced(with_images: World, host: str, is_stale: bool) -> None:
    lab = with_images.lab
    phase5_images.push_images(lab)
    assert not phase0_preparation.is_stale(lab, phase0_preparation.endpoint(lab))
    definition = phase5_files.task_definition(lab, "customer")
    definition["containerDefinitions"][0]["environment"][0]["value"] = host
    phase5_images.register(lab)
    lab.client("ecs").register_task_definition(**definition)
    if is_stale:
        assert "a database that is gone" in missing(phase5_images.check_task_definitions, lab)
    phase5_images.register(lab)
    phase5_images.check_task_definitions(lab)
    assert revision(lab) == (3 if is_stale else 2)


def test_target_groups(lab: Lab) -> None:
    assert "customer-tg-one" in missing(phase6_load_balancer.check_target_groups, lab)
    phase6_load_balancer.make_target_groups(lab)
    phase6_load_balancer.make_target_groups(lab)
    phase6_load_balancer.check_target_groups(lab)
    elbv2 = lab.client("elbv2")
    assert len(elbv2.describe_target_groups()["TargetGroups"]) == 4
    arn = lab.target_group_arn("employee-tg-two")
    elbv2.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/")
    assert "/admin/suppliers" in missing(phase6_load_balancer.check_target_groups, lab)
    assert "tg-three" in missing(lambda it: it.target_group_arn("tg-three"), lab)


def test_the_load_balancer(world: World, lab: Lab) -> None:
    check = phase6_load_balancer.check_load_balancer
    assert "does not let port 80 in" in missing(check, lab)
    assert "no load balancer" in missing(phase6_load_balancer.url, lab)
    phase6_load_balancer.make_target_groups(lab)
    phase6_load_balancer.make_load_balancer(lab)
    assert "provisioning" in missing(check, lab)
    world.load_balancer_active()
    check(lab)
    phase6_load_balancer.make_load_balancer(lab)
    address = lab.load_balancer()
    assert address is not None
    assert phase6_load_balancer.url(lab) == f"http://{address['DNSName']}"
    assert phase6_load_balancer.url(lab, 8080) == f"http://{address['DNSName']}:8080"
    assert sorted(lab.listeners()) == [80, 8080]
    assert any("load balancer  microservicesLB: active" in line for line in overview.lines(lab))


@pytest.mark.parametrize("what", ["rule", "listener", "group", "balancer"])
def test_what_is_undone_is_missed_and_made_again(world: World, lab: Lab, what: str) -> None:
    phase6_load_balancer.make_target_groups(lab)
    phase6_load_balancer.make_load_balancer(lab)
    world.load_balancer_active()
    elbv2 = lab.client("elbv2")
    listener, balancer = lab.listeners()[8080], lab.load_balancer()
    assert balancer is not None
    if what == "rule":
        rules = elbv2.describe_rules(ListenerArn=listener)["Rules"]
        (own,) = [rule for rule in rules if not rule["IsDefault"]]
        elbv2.delete_rule(RuleArn=own["RuleArn"])
    elif what == "listener":
        elbv2.delete_listener(ListenerArn=listener)
    elif what == "group":
        lab.client("ec2").revoke_security_group_ingress(
            GroupId=world.open_group(),
            IpProtocol="tcp", FromPort=8080, ToPort=8080, CidrIp="0.0.0.0/0",
        )  # fmt: skip
    else:
        elbv2.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    assert missing(phase6_load_balancer.check_load_balancer, lab)
    phase6_load_balancer.make_load_balancer(lab)
    world.load_balancer_active()
    phase6_load_balancer.check_load_balancer(lab)


def test_labels_of_images_say_their_source(lab: Lab, machine: Machine) -> None:
    phase4_containers.build("customer", lab)
    assert set(machine.images["customer"]["Config"]["Labels"]) == {SOURCE_LABEL, "owner"}
