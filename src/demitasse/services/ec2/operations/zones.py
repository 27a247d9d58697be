"""Regions, availability zones and account attributes."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.defaults import ZONES, zone_id
from demitasse.services.ec2.operations.api import api, filtered, refuse_dry_run
from demitasse.services.ec2.records import default_vpc

_ZONE_FILTERS = {
    "zone-name": "ZoneName",
    "zone-id": "ZoneId",
    "zone-type": "ZoneType",
    "region-name": "RegionName",
    "state": "State",
    "group-name": "GroupName",
    "opt-in-status": "OptInStatus",
}
_REGION_FILTERS = {
    "region-name": "RegionName",
    "endpoint": "Endpoint",
    "opt-in-status": "OptInStatus",
}


@api.operation("DescribeAvailabilityZones")
def describe_availability_zones(ctx: Context, given: Input) -> Output:
    """List the region's zones."""
    refuse_dry_run(given)
    region = ctx.scope.region
    zones = [
        {
            "ZoneName": region + letter,
            "ZoneId": zone_id(ctx.scope, letter),
            "ZoneType": "availability-zone",
            "RegionName": region,
            "GroupName": f"{region}-zg-1",
            "NetworkBorderGroup": region,
            "OptInStatus": "opt-in-not-required",
            "State": "available",
            "Messages": [],
        }
        for letter in ZONES
    ]
    for member, wanted in (("ZoneName", "ZoneNames"), ("ZoneId", "ZoneIds")):
        names = given.get(wanted) or []
        unknown = set(names) - {str(zone[member]) for zone in zones}
        if unknown:
            raise ServiceError(
                "InvalidParameterValue", f"Invalid availability zone: [{min(unknown)}]"
            )
        zones = [zone for zone in zones if not names or zone[member] in names]
    return {"AvailabilityZones": filtered(zones, given.get("Filters"), _ZONE_FILTERS)}


@api.operation("DescribeRegions")
def describe_regions(ctx: Context, given: Input) -> Output:
    """Tell of the region called; any other exists here as well, as soon as it is called."""
    refuse_dry_run(given)
    region = ctx.scope.region
    unknown = set(given.get("RegionNames") or []) - {region}
    if unknown:
        raise ServiceError(
            "InvalidParameterValue", f"Invalid region(s) {sorted(unknown)} provided."
        )
    here = {
        "RegionName": region,
        "Endpoint": ctx.site.endpoint,
        "OptInStatus": "opt-in-not-required",
    }
    return {"Regions": filtered([here], given.get("Filters"), _REGION_FILTERS)}


@api.operation("DescribeAccountAttributes")
def describe_account_attributes(ctx: Context, given: Input) -> Output:
    """Tell what an account has; instances are not among it."""
    refuse_dry_run(given)
    vpc = default_vpc(ctx.tx, ctx.scope)
    known = {
        "supported-platforms": "VPC",
        "default-vpc": "none" if vpc is None else vpc.key,
        "max-instances": "0",
        "vpc-max-security-groups-per-interface": "5",
        "max-elastic-ips": "0",
        "vpc-max-elastic-ips": "0",
    }
    wanted = given.get("AttributeNames") or list(known)
    return {
        "AccountAttributes": [
            {"AttributeName": name, "AttributeValues": [{"AttributeValue": known[name]}]}
            for name in wanted
            if name in known
        ]
    }
