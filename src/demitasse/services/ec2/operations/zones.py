"""Regions, availability zones and account attributes."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.defaults import ZONES, zone_id
from demitasse.services.ec2.operations.api import api, refuse_dry_run
from demitasse.services.ec2.records import VPCS


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
    members = {
        "zone-name": "ZoneName",
        "zone-id": "ZoneId",
        "zone-type": "ZoneType",
        "region-name": "RegionName",
        "state": "State",
        "group-name": "GroupName",
        "opt-in-status": "OptInStatus",
    }
    for one in given.get("Filters") or []:
        if one.get("Name") not in members:
            raise ServiceError(
                "InvalidParameterValue", f"The filter '{one.get('Name')}' is invalid"
            )
        values = one.get("Values") or []
        zones = [zone for zone in zones if zone[members[one["Name"]]] in values]
    return {"AvailabilityZones": zones}


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
    return {
        "Regions": [
            {
                "RegionName": region,
                "Endpoint": ctx.site.endpoint,
                "OptInStatus": "opt-in-not-required",
            }
        ]
    }


@api.operation("DescribeAccountAttributes")
def describe_account_attributes(ctx: Context, given: Input) -> Output:
    """Tell what an account has; instances are not among it."""
    refuse_dry_run(given)
    default = next((v.key for v in ctx.tx.page(VPCS, ctx.scope) if v.desired.is_default), "none")
    known = {
        "supported-platforms": "VPC",
        "default-vpc": default,
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
