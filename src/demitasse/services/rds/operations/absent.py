"""What nobody can make in RDS here: clusters, snapshots, backups, proxies and the like."""

from __future__ import annotations

from demitasse.api import Input
from demitasse.errors import ServiceError
from demitasse.services.absent import Absent
from demitasse.services.base import Context
from demitasse.services.rds.operations.api import api, instance_named


def _instance(context: Context, given: Input) -> None:
    if given.get("DBInstanceIdentifier"):
        instance_named(context, given["DBInstanceIdentifier"])


def _resource(context: Context, given: Input) -> None:
    """The ARN must be an instance's."""
    arn = given.get("ResourceIdentifier")
    if not arn:
        return
    prefix = context.scope.arn("rds", "db:")
    try:
        instance_named(context, arn.removeprefix(prefix) if arn.startswith(prefix) else "")
    except ServiceError as error:
        raise ServiceError("ResourceNotFoundFault", f"{arn} not found.") from error


_none = Absent(
    api, page="Marker", wrong_page="InvalidParameterValue", sentence="{what} {name} not found."
)
_CLUSTER = "DBClusterNotFoundFault"
_BACKUP = "DBInstanceAutomatedBackupNotFound"
_PROXY = "DBProxyNotFoundFault"

_none.lists(
    "DescribeBlueGreenDeployments",
    "BlueGreenDeployment",
    "BlueGreenDeployments",
    BlueGreenDeploymentIdentifier="BlueGreenDeploymentNotFoundFault",
)
_none.lists(
    "DescribeDBCapacityReservations",
    "DBCapacityReservation",
    "DBCapacityReservations",
    DBCapacityReservationIdentifier="DBCapacityReservationNotFound",
)
_none.lists(
    "DescribeDBClusterAutomatedBackups",
    "DBClusterAutomatedBackup",
    "DBClusterAutomatedBackups",
    DbClusterResourceId="DBClusterAutomatedBackupNotFoundFault",
)
_none.lists(
    "DescribeDBClusterBacktracks",
    "DBCluster",
    "DBClusterBacktracks",
    DBClusterIdentifier=_CLUSTER,
)
_none.lists(
    "DescribeDBClusterEndpoints", "DBCluster", "DBClusterEndpoints", DBClusterIdentifier=_CLUSTER
)
_none.lists(
    "DescribeDBClusterParameterGroups",
    "DBClusterParameterGroup",
    "DBClusterParameterGroups",
    DBClusterParameterGroupName="DBParameterGroupNotFound",
)
_none.lists(
    "DescribeDBClusterParameters",
    "DBClusterParameterGroup",
    "Parameters",
    DBClusterParameterGroupName="DBParameterGroupNotFound",
)
_none.lists(
    "DescribeDBClusterSnapshots",
    "DBClusterSnapshot",
    "DBClusterSnapshots",
    DBClusterSnapshotIdentifier="DBClusterSnapshotNotFoundFault",
)
_none.lists("DescribeDBClusters", "DBCluster", "DBClusters", DBClusterIdentifier=_CLUSTER)
_none.lists(
    "DescribeDBInstanceAutomatedBackups",
    "DBInstanceAutomatedBackup",
    "DBInstanceAutomatedBackups",
    DBInstanceIdentifier=_BACKUP,
    DbiResourceId=_BACKUP,
    DBInstanceAutomatedBackupsArn=_BACKUP,
)
_none.lists("DescribeDBProxies", "DBProxy", "DBProxies", DBProxyName=_PROXY)
_none.lists(
    "DescribeDBProxyEndpoints",
    "DBProxy",
    "DBProxyEndpoints",
    DBProxyName=_PROXY,
    DBProxyEndpointName="DBProxyEndpointNotFoundFault",
)
_none.lists("DescribeDBProxyTargetGroups", "DBProxy", "TargetGroups", DBProxyName=_PROXY)
_none.lists("DescribeDBProxyTargets", "DBProxy", "Targets", DBProxyName=_PROXY)
_none.lists("DescribeDBRecommendations", "DBRecommendation", "DBRecommendations")
_none.lists(
    "DescribeDBSecurityGroups",
    "DBSecurityGroup",
    "DBSecurityGroups",
    DBSecurityGroupName="DBSecurityGroupNotFound",
)
_none.lists(
    "DescribeDBSnapshotTenantDatabases",
    "DBSnapshot",
    "DBSnapshotTenantDatabases",
    DBSnapshotIdentifier="DBSnapshotNotFound",
)
_none.lists(
    "DescribeDBSnapshots", "DBSnapshot", "DBSnapshots", DBSnapshotIdentifier="DBSnapshotNotFound"
)
_none.lists(
    "DescribeEventSubscriptions",
    "Subscription",
    "EventSubscriptionsList",
    SubscriptionName="SubscriptionNotFound",
)
_none.lists(
    "DescribeExportTasks", "Export task", "ExportTasks", ExportTaskIdentifier="ExportTaskNotFound"
)
_none.lists(
    "DescribeGlobalClusters",
    "GlobalCluster",
    "GlobalClusters",
    GlobalClusterIdentifier="GlobalClusterNotFoundFault",
)
_none.lists(
    "DescribeIntegrations",
    "Integration",
    "Integrations",
    IntegrationIdentifier="IntegrationNotFoundFault",
)
_none.lists(
    "DescribePendingMaintenanceActions",
    "pending maintenance",
    "PendingMaintenanceActions",
    parent=_resource,
)
_none.lists(
    "DescribeReservedDBInstances",
    "ReservedDBInstance",
    "ReservedDBInstances",
    ReservedDBInstanceId="ReservedDBInstanceNotFound",
)
_none.lists(
    "DescribeReservedDBInstancesOfferings",
    "ReservedDBInstancesOffering",
    "ReservedDBInstancesOfferings",
    ReservedDBInstancesOfferingId="ReservedDBInstancesOfferingNotFound",
)
_none.lists(
    "DescribeServerlessV2PlatformVersions",
    "serverless platform version",
    "ServerlessV2PlatformVersions",
)
_none.lists("DescribeSourceRegions", "region of which a copy could be made", "SourceRegions")
_none.lists("DescribeTenantDatabases", "tenant database", "TenantDatabases", parent=_instance)
