"""DB instances: create, describe, modify."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.records import (
    SECURITY_GROUPS,
    SUBNETS,
    free_addresses,
    put_in_groups,
    take_address,
)
from demitasse.services.rds.events import Happened, tell
from demitasse.services.rds.operations import checks
from demitasse.services.rds.operations.api import (
    Instance,
    api,
    instance_named,
    page,
    refuse,
    tags_of,
)
from demitasse.services.rds.operations.subnet_groups import default_group, group_named
from demitasse.services.rds.operations.view import show
from demitasse.services.rds.plan import status
from demitasse.services.rds.records import DB_INSTANCES, SUBNET_GROUPS, DbInstance
from demitasse.store import AlreadyStored

_NOT_CARRIED_OUT = (
    "DBSecurityGroups", "DBParameterGroupName", "MultiAZ", "Iops", "StorageThroughput",
    "OptionGroupName", "CharacterSetName", "NcharCharacterSetName", "DBClusterIdentifier",
    "TdeCredentialArn", "TdeCredentialPassword", "StorageEncrypted", "KmsKeyId", "Domain",
    "DomainFqdn", "DomainOu", "DomainAuthSecretArn", "DomainDnsIps", "MonitoringInterval",
    "MonitoringRoleArn", "DomainIAMRoleName", "PromotionTier", "Timezone",
    "EnableIAMDatabaseAuthentication", "EnablePerformanceInsights",
    "PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod",
    "EnableCloudwatchLogsExports", "ProcessorFeatures", "MaxAllocatedStorage",
    "EnableCustomerOwnedIp", "BackupTarget", "CustomIamInstanceProfile", "DBSystemId",
    "CACertificateIdentifier", "ManageMasterUserPassword", "MasterUserSecretKmsKeyId",
    "MultiTenant", "DedicatedLogVolume", "AdditionalStorageVolumes",
    "DBCapacityReservationIdentifier", "MasterUserAuthenticationType", "TagSpecifications",
)  # fmt: skip


@api.operation("CreateDBInstance")
def create_db_instance(ctx: Context, given: Input) -> Output:
    """Ask for a database server; it is ``available`` once a client can log in."""
    refuse("CreateDBInstance", given, *_NOT_CARRIED_OUT)
    checks.check_network_type(given)
    checks.modes(given)
    identifier = checks.identifier(given["DBInstanceIdentifier"])
    server = checks.server(given)
    if ctx.tx.get(DB_INSTANCES, ctx.scope, identifier) is not None:
        raise _exists()
    group_name, group = (
        group_named(ctx, given["DBSubnetGroupName"])
        if given.get("DBSubnetGroupName")
        else default_group(ctx)
    )
    subnet, zone = _subnet(ctx, group.subnets, given.get("AvailabilityZone"))
    groups = _security_groups(ctx, given, group.vpc_id)
    interface = take_address(
        ctx.tx,
        ctx.scope,
        ctx.ids,
        subnet,
        owner=ctx.scope.arn("rds", f"db:{identifier}"),
        description="RDSNetworkInterface",
        security_groups=groups,
        now=ctx.now,
    )
    instance = DbInstance(
        resource_id=f"db-{ctx.ids.hex(26).upper()}",
        engine=server.engine,
        engine_version=given.get("EngineVersion", server.version),
        instance_class=checks.instance_class(given["DBInstanceClass"]),
        allocated_storage=checks.storage(given),
        storage_type=checks.storage_type(given.get("StorageType", "gp2")),
        master_username=checks.username(given),
        master_password=checks.password(given.get("MasterUserPassword")),
        root_password=ctx.ids.secret(32),
        address=interface.desired.private_ip,
        port=checks.port(given.get("Port", server.port)),
        subnet_group=group_name,
        availability_zone=zone,
        security_groups=groups,
        created_at=ctx.now,
        db_name=checks.database_name(given.get("DBName") or ""),
        publicly_accessible=given.get("PubliclyAccessible", False),
        backup_retention_days=checks.retention(given.get("BackupRetentionPeriod", 0)),
        backup_window=given.get("PreferredBackupWindow") or "06:00-06:30",
        maintenance_window=given.get("PreferredMaintenanceWindow") or "sun:07:00-sun:07:30",
        auto_minor_version_upgrade=given.get("AutoMinorVersionUpgrade", True),
        copy_tags_to_snapshot=given.get("CopyTagsToSnapshot", False),
        deletion_protection=given.get("DeletionProtection", False),
        tags=tags_of(given),
    )
    try:
        item = ctx.tx.create(DB_INSTANCES, ctx.scope, identifier, instance)
    except AlreadyStored as error:
        raise _exists() from error
    return {"DBInstance": show(ctx, item)}


@api.operation("DescribeDBInstances")
def describe_db_instances(ctx: Context, given: Input) -> Output:
    """List DB instances, or the one named (also by its ARN, as AWS allows)."""
    if given.get("DBInstanceIdentifier"):
        name = given["DBInstanceIdentifier"].removeprefix(ctx.scope.arn("rds", "db:"))
        return {"DBInstances": [show(ctx, instance_named(ctx, name))]}
    shown, marker = page(ctx, given, DB_INSTANCES, show)
    for one in given.get("Filters") or []:
        member = {
            "db-instance-id": "DBInstanceIdentifier",
            "dbi-resource-id": "DbiResourceId",
            "engine": "Engine",
        }.get(one["Name"])
        if member is None:
            raise ServiceError("InvalidParameterValue", f"Unrecognized filter name: {one['Name']}")
        shown = [each for each in shown if each[member] in one["Values"]]
    return {"DBInstances": shown, **marker}


@api.operation("ModifyDBInstance")
def modify_db_instance(ctx: Context, given: Input) -> Output:
    """Change a DB instance. A new class or storage is applied at once if asked so, else it waits.

    What waits is applied by the next change that is applied at once, or by a reboot. A new password
    never waits, nor does what the server need not be restarted for.
    """
    refuse(
        "ModifyDBInstance", given, *_NOT_CARRIED_OUT,
        "DBSubnetGroupName", "AllowMajorVersionUpgrade", "NewDBInstanceIdentifier",
        "DisableDomain", "DBPortNumber", "CloudwatchLogsExportConfiguration",
        "UseDefaultProcessorFeatures", "CertificateRotationRestart", "ReplicaMode",
        "AwsBackupRecoveryPointArn", "RotateMasterUserPassword", "Engine",
    )  # fmt: skip
    checks.check_network_type(given)
    checks.modes(given)
    item = instance_named(ctx, given["DBInstanceIdentifier"])
    current = item.desired
    if status(current, item.observed) != "available":
        raise ServiceError(
            "InvalidDBInstanceState",
            f"Database instance is not in available state: {status(current, item.observed)}.",
        )
    if given.get("EngineVersion") not in {None, current.engine_version}:
        raise NotSupported("ModifyDBInstance with another EngineVersion")
    changes: dict[str, Any] = {}
    for member, field in (
        ("PubliclyAccessible", "publicly_accessible"),
        ("PreferredBackupWindow", "backup_window"),
        ("PreferredMaintenanceWindow", "maintenance_window"),
        ("AutoMinorVersionUpgrade", "auto_minor_version_upgrade"),
        ("CopyTagsToSnapshot", "copy_tags_to_snapshot"),
        ("DeletionProtection", "deletion_protection"),
    ):
        if given.get(member) is not None:
            changes[field] = given[member]
    if given.get("BackupRetentionPeriod") is not None:
        changes["backup_retention_days"] = checks.retention(given["BackupRetentionPeriod"])
    if given.get("MasterUserPassword"):
        changes["master_password"] = checks.password(given["MasterUserPassword"])
    if given.get("VpcSecurityGroupIds"):
        vpc = ctx.tx.get(SUBNET_GROUPS, ctx.scope, current.subnet_group)
        groups = _security_groups(ctx, given, vpc.desired.vpc_id if vpc else "")
        changes["security_groups"] = groups
        put_in_groups(ctx.tx, ctx.scope, ctx.scope.arn("rds", f"db:{item.key}"), groups)
    desired = msgspec.structs.replace(current, **changes, **_waiting(given, current))
    changed = ctx.tx.desire(DB_INSTANCES, item.ref, desired)
    if given.get("ApplyImmediately"):
        changed = bring_up_to_date(ctx, changed)
    return {"DBInstance": show(ctx, changed)}


def _waiting(given: Input, current: DbInstance) -> dict[str, Any]:
    """What is asked for of that which waits unless it is to be applied at once.

    To ask for what is there already takes back what waits.
    """
    changes: dict[str, Any] = {}
    if given.get("DBInstanceClass"):
        wanted = checks.instance_class(given["DBInstanceClass"])
        changes["pending_class"] = "" if wanted == current.instance_class else wanted
    if given.get("StorageType"):
        kind = checks.storage_type(given["StorageType"])
        changes["pending_storage_type"] = "" if kind == current.storage_type else kind
    if given.get("AllocatedStorage"):
        size = checks.more_storage(given, current.allocated_storage)
        changes["pending_storage"] = 0 if size == current.allocated_storage else size
    return changes


def bring_up_to_date(ctx: Context, item: Instance) -> Instance:
    """Apply all that waits, and tell so."""
    before, after = item.desired, item.desired.up_to_date()
    if after.instance_class != before.instance_class:
        tell(ctx.tx, ctx.scope, item.key, Happened.NEW_CLASS, ctx.now)
    if after.allocated_storage != before.allocated_storage:
        tell(ctx.tx, ctx.scope, item.key, Happened.NEW_STORAGE, ctx.now)
    return ctx.tx.desire(DB_INSTANCES, item.ref, after)


def _exists() -> ServiceError:
    return ServiceError("DBInstanceAlreadyExists", "DB instance already exists")


def _subnet(ctx: Context, subnets: tuple[str, ...], zone: str | None) -> tuple[str, str]:
    """The subnet with the most free addresses (in the zone asked for), and its zone."""
    found = [item for key in subnets if (item := ctx.tx.get(SUBNETS, ctx.scope, key))]
    fitting = [item for item in found if zone in {None, item.desired.availability_zone}]
    if not fitting:
        raise ServiceError(
            "InvalidVPCNetworkStateFault",
            f"The DB subnet group has no subnet in the availability zone {zone}.",
        )
    best = max(fitting, key=lambda item: free_addresses(ctx.tx, ctx.scope, item))
    return best.key, best.desired.availability_zone


def _security_groups(ctx: Context, given: Input, vpc_id: str) -> tuple[str, ...]:
    wanted = tuple(given.get("VpcSecurityGroupIds") or ())
    for key in wanted:
        group = ctx.tx.get(SECURITY_GROUPS, ctx.scope, key)
        if group is None or group.desired.vpc_id != vpc_id:
            raise ServiceError(
                "InvalidParameterValue",
                f"Invalid security group , groupId= {key}, groupName=.",
            )
    if wanted:
        return wanted
    default = ctx.tx.one(SECURITY_GROUPS, ctx.scope, "name", f"{vpc_id}/default")
    return () if default is None else (default.key,)
