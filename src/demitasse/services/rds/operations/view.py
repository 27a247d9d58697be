"""DB instances as RDS shows them."""

from __future__ import annotations

from demitasse.api import Output
from demitasse.services.base import Context
from demitasse.services.rds import servers
from demitasse.services.rds.operations.api import Instance, show_tags
from demitasse.services.rds.operations.subnet_groups import show_group
from demitasse.services.rds.plan import status
from demitasse.services.rds.records import SUBNET_GROUPS


def show(ctx: Context, item: Instance) -> Output:
    """``DBInstance``."""
    instance, seen = item.desired, item.observed
    group = ctx.tx.get(SUBNET_GROUPS, ctx.scope, instance.subnet_group)
    shown: Output = {
        "DBInstanceIdentifier": item.key,
        "DBInstanceArn": ctx.scope.arn("rds", f"db:{item.key}"),
        "DbiResourceId": instance.resource_id,
        "DBInstanceClass": instance.instance_class,
        "DBInstanceStatus": status(instance, seen),
        "Engine": instance.engine,
        "EngineVersion": instance.engine_version,
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "LicenseModel": instance.license_model,
        "MasterUsername": instance.master_username,
        "DBName": instance.db_name or None,
        "AllocatedStorage": instance.allocated_storage,
        "StorageType": instance.storage_type,
        "StorageEncrypted": False,
        "InstanceCreateTime": instance.created_at if seen.was_available else None,
        "PreferredBackupWindow": instance.backup_window,
        "PreferredMaintenanceWindow": instance.maintenance_window,
        "BackupRetentionPeriod": instance.backup_retention_days,
        "DBSecurityGroups": [],
        "VpcSecurityGroups": [
            {"VpcSecurityGroupId": group_id, "Status": "active"}
            for group_id in instance.security_groups
        ],
        "DBParameterGroups": [],
        "OptionGroupMemberships": [],
        "AvailabilityZone": instance.availability_zone,
        "DBSubnetGroup": None if group is None else show_group(ctx, group),
        "MultiAZ": False,
        "AutoMinorVersionUpgrade": instance.auto_minor_version_upgrade,
        "PubliclyAccessible": instance.publicly_accessible,
        "ReadReplicaDBInstanceIdentifiers": [],
        "DbInstancePort": 0,
        "CopyTagsToSnapshot": instance.copy_tags_to_snapshot,
        "MonitoringInterval": 0,
        "IAMDatabaseAuthenticationEnabled": False,
        "PerformanceInsightsEnabled": False,
        "DeletionProtection": instance.deletion_protection,
        "AssociatedRoles": [],
        "DomainMemberships": [],
        "NetworkType": "IPV4",
        "CustomerOwnedIpEnabled": False,
        "BackupTarget": "region",
        "DedicatedLogVolume": False,
        "TagList": show_tags(instance.tags),
        "PendingModifiedValues": _pending(item),
    }
    if seen.was_available:
        shown["Endpoint"] = {
            "Address": instance.address,
            "Port": instance.port,
            "HostedZoneId": "Z2R2ITUGPM61AM",
        }
    if seen.message:
        shown["StatusInfos"] = [
            {
                "StatusType": "demitasse",
                "Normal": False,
                "Status": "error",
                "Message": seen.message,
            }
        ]
    return shown


def _pending(item: Instance) -> Output:
    instance = item.desired
    told = item.observed.login == servers.login_digest(instance)
    return {
        "DBInstanceClass": instance.pending_class or None,
        "AllocatedStorage": instance.pending_storage or None,
        "StorageType": instance.pending_storage_type or None,
        "MasterUserPassword": None if told else "****",
    }
