"""What can be had: engine versions and instance classes."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.ec2.records import SUBNETS
from demitasse.services.rds import servers
from demitasse.services.rds.operations.api import api, refuse


@api.operation("DescribeDBEngineVersions")
def describe_db_engine_versions(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """List the database servers that run here."""
    refuse("DescribeDBEngineVersions", given, "Filters")
    wanted = {
        "Engine": given.get("Engine"),
        "EngineVersion": given.get("EngineVersion"),
        "DBParameterGroupFamily": given.get("DBParameterGroupFamily"),
    }
    versions = [
        {
            "Engine": server.engine,
            "EngineVersion": server.version,
            "MajorEngineVersion": server.version,
            "DBParameterGroupFamily": server.family,
            "DBEngineDescription": server.description,
            "DBEngineVersionDescription": f"{server.description} {server.version}",
            "ValidUpgradeTarget": [],
            "SupportsReadReplica": False,
            "SupportsLogExportsToCloudwatchLogs": False,
            "Status": "available",
        }
        for server in servers.SERVERS.values()
    ]
    return {
        "DBEngineVersions": [
            version
            for version in versions
            if all(value in (None, version[member]) for member, value in wanted.items())
        ]
    }


@api.operation("DescribeDBMajorEngineVersions")
def describe_db_major_engine_versions(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """List the major versions of the database servers that run here."""
    return {
        "DBMajorEngineVersions": [
            {
                "Engine": server.engine,
                "MajorEngineVersion": server.version,
                "SupportedEngineLifecycles": [],
            }
            for server in servers.SERVERS.values()
            if given.get("Engine") in (None, server.engine)
            and given.get("MajorEngineVersion") in (None, server.version)
        ]
    }


@api.operation("DescribeOrderableDBInstanceOptions")
def describe_orderable_options(ctx: Context, given: Input) -> Output:
    """List the instance classes in which a server can be had."""
    refuse("DescribeOrderableDBInstanceOptions", given, "Filters")
    server = servers.SERVERS.get(given["Engine"])
    zones = sorted({item.desired.availability_zone for item in ctx.tx.page(SUBNETS, ctx.scope)})
    if server is None or given.get("EngineVersion") not in {None, server.version}:
        return {"OrderableDBInstanceOptions": []}
    return {
        "OrderableDBInstanceOptions": [
            {
                "Engine": server.engine,
                "EngineVersion": server.version,
                "DBInstanceClass": name,
                "LicenseModel": "general-public-license",
                "AvailabilityZones": [{"Name": zone} for zone in zones],
                "StorageType": "gp2",
                "MinStorageSize": 5,
                "MaxStorageSize": 65536,
                "MultiAZCapable": False,
                "ReadReplicaCapable": False,
                "Vpc": True,
                "SupportedNetworkTypes": ["IPV4"],
            }
            for name in servers.classes()
            if given.get("DBInstanceClass") in {None, name}
        ]
    }
