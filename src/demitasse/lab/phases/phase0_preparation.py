"""What the course finds prepared: a network and a database server."""

from __future__ import annotations

import ipaddress

from botocore.exceptions import WaiterError

from demitasse.lab import names
from demitasse.lab.docker import DockerFailed
from demitasse.lab.errors import LabError
from demitasse.lab.task import NotYet, Phase, Task
from demitasse.lab.workspace import Workspace

_CLIENT_IMAGE = "mariadb:11.8"
_MARIADB_PORT = 3306


def check_network(lab: Workspace) -> None:
    """The default VPC has public subnets in two zones."""
    if len(lab.subnets()) < 2:
        raise NotYet("the default VPC has fewer than two subnets")


def make_network(lab: Workspace) -> None:
    """Make the default VPC; AWS accounts have one, unless somebody deleted it."""
    lab.client("ec2").create_default_vpc()


def make_database(lab: Workspace) -> None:
    """Ask for the database server; it comes up while the next tasks are done."""
    ec2 = lab.client("ec2")
    group = lab.security_group(names.DATABASE_GROUP)
    if group is None:
        group = ec2.create_security_group(
            GroupName=names.DATABASE_GROUP, Description="Database of the suppliers", VpcId=lab.vpc()
        )["GroupId"]
    if not _admits(lab, group):
        ec2.authorize_security_group_ingress(
            GroupId=group,
            IpProtocol="tcp",
            FromPort=_MARIADB_PORT,
            ToPort=_MARIADB_PORT,
            CidrIp="0.0.0.0/0",
        )
    if lab.database() is None:
        lab.client("rds").create_db_instance(
            DBInstanceIdentifier=names.DATABASE,
            Engine="mariadb",
            DBInstanceClass="db.t3.micro",
            AllocatedStorage=20,
            StorageType="gp2",
            DBName=names.DATABASE_NAME,
            MasterUsername=names.DATABASE_ADMIN,
            MasterUserPassword=names.DATABASE_ADMIN_PASSWORD,
            VpcSecurityGroupIds=[group],
            PubliclyAccessible=False,
            BackupRetentionPeriod=0,
        )


def check_database(lab: Workspace) -> None:
    """The database server has been asked for."""
    if lab.database() is None:
        raise NotYet(f"there is no DB instance {names.DATABASE}")
    group = lab.security_group(names.DATABASE_GROUP)
    if group is None or not _admits(lab, group):
        raise NotYet(f"{names.DATABASE_GROUP} does not let port {_MARIADB_PORT} in")


def make_user(lab: Workspace) -> None:
    """Wait for the server; make the application's user and its database."""
    try:
        lab.client("rds").get_waiter("db_instance_available").wait(
            DBInstanceIdentifier=names.DATABASE, WaiterConfig={"Delay": 1, "MaxAttempts": 900}
        )
    except WaiterError as error:
        told = [each["Message"] for each in (lab.database() or {}).get("StatusInfos", ())]
        raise LabError(" ".join([f"{error}.", *told])) from error
    user = f"'{names.DATABASE_USER}'@'%'"
    _sql(
        lab,
        names.DATABASE_ADMIN,
        names.DATABASE_ADMIN_PASSWORD,
        f"CREATE DATABASE IF NOT EXISTS {names.DATABASE_NAME};"
        f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{names.DATABASE_PASSWORD}';"
        f"GRANT ALL PRIVILEGES ON {names.DATABASE_NAME}.* TO {user};",
    )


def check_user(lab: Workspace) -> None:
    """The application's user can log in."""
    database = lab.database()
    if database is None or database["DBInstanceStatus"] != "available":
        state = "missing" if database is None else database["DBInstanceStatus"]
        raise NotYet(f"the DB instance {names.DATABASE} is {state}")
    try:
        _sql(lab, names.DATABASE_USER, names.DATABASE_PASSWORD, f"USE {names.DATABASE_NAME};")
    except DockerFailed as error:
        raise NotYet(f"{names.DATABASE_USER} cannot log in: {error}") from error


def endpoint(lab: Workspace) -> str:
    """The database server's address, the lab's ``$dbEndpoint``; ``NotYet`` while it has none."""
    database = lab.database()
    if database is None or "Address" not in database.get("Endpoint", {}):
        raise NotYet("the database has no endpoint yet")
    return str(database["Endpoint"]["Address"])


def is_stale(lab: Workspace, host: str) -> bool:
    """Whether a host was a database server of ours once, and is none any more.

    Any other host that somebody wrote into a file is their own choice.
    """
    instances = lab.client("rds").get_paginator("describe_db_instances").paginate()
    if host in set(instances.search("DBInstances[].Endpoint.Address")):
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.endswith(".rds.amazonaws.com")
    return address in ipaddress.ip_network(lab.vpc_range())


def _sql(lab: Workspace, user: str, password: str, statements: str) -> None:
    # In TLS, which RDS asks for from MariaDB 11.8 on; the client has no list of its authorities.
    lab.docker.once(
        _CLIENT_IMAGE, "mariadb", "--host", endpoint(lab), "--user", user,
        f"--password={password}", "--connect-timeout=5", "--skip-ssl-verify-server-cert",
        "--execute", statements,
    )  # fmt: skip


def _admits(lab: Workspace, group: str) -> bool:
    described = lab.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    return any(rule.get("FromPort") == _MARIADB_PORT for rule in described["IpPermissions"])


PHASE = Phase(
    0,
    "Preparation: what the course finds in place",
    "Préparation : ce que le cours trouve en place",
    (
        Task("0.1", "A network with two public subnets", "Un réseau et deux sous-réseaux publics",
             make_network, check_network),
        Task("0.2", "Ask for the database server", "Demander le serveur de base de données",
             make_database, check_database),
        Task("0.3", "The application's database user", "L'utilisateur de la base de données",
             make_user, check_user, patience=10),
    ),
)  # fmt: skip
