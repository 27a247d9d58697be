"""DB instances: start, stop, reboot, delete."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.rds.operations.api import Instance, api, instance_named, refuse
from demitasse.services.rds.operations.instances import bring_up_to_date
from demitasse.services.rds.operations.view import show
from demitasse.services.rds.plan import status
from demitasse.services.rds.records import DB_INSTANCES


@api.operation("StartDBInstance")
def start_db_instance(ctx: Context, given: Input) -> Output:
    """Start a stopped DB instance; its data are as they were."""
    item = instance_named(ctx, given["DBInstanceIdentifier"])
    _must_be(item, "stopped", "start")
    return _become(ctx, item, wanted="available")


@api.operation("StopDBInstance")
def stop_db_instance(ctx: Context, given: Input) -> Output:
    """Stop a DB instance; its data stay."""
    refuse("StopDBInstance", given, "DBSnapshotIdentifier", "DetachFromDBCapacityReservation")
    item = instance_named(ctx, given["DBInstanceIdentifier"])
    _must_be(item, "available", "stop")
    return _become(ctx, item, wanted="stopped")


@api.operation("RebootDBInstance")
def reboot_db_instance(ctx: Context, given: Input) -> Output:
    """Restart the server; what had to wait takes effect (on AWS: in the maintenance window)."""
    if given.get("ForceFailover"):
        raise ServiceError(
            "InvalidParameterCombination",
            "Cannot reboot with failover: the instance is not Multi-AZ.",
        )
    item = instance_named(ctx, given["DBInstanceIdentifier"])
    _must_be(item, "available", "reboot")
    changed = bring_up_to_date(ctx, item)
    return _become(ctx, changed, reboots=item.desired.reboots + 1)


@api.operation("DeleteDBInstance")
def delete_db_instance(ctx: Context, given: Input) -> Output:
    """Delete a DB instance with its data. There are no snapshots here to keep a last one."""
    item = instance_named(ctx, given["DBInstanceIdentifier"])
    if item.desired.deletion_protection:
        raise ServiceError(
            "InvalidParameterCombination",
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        )
    if given.get("FinalDBSnapshotIdentifier"):
        raise NotSupported("DeleteDBInstance with FinalDBSnapshotIdentifier")
    if not given.get("SkipFinalSnapshot"):
        raise ServiceError(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    if item.desired.wanted == "deleted":
        raise ServiceError(
            "InvalidDBInstanceState", f"Instance {item.key} is already being deleted."
        )
    return _become(ctx, item, wanted="deleted")


def _must_be(item: Instance, wanted: str, verb: str) -> None:
    found = status(item.desired, item.observed)
    if found != wanted:
        raise ServiceError(
            "InvalidDBInstanceState",
            f"Instance {item.key} is not in {wanted} state: it cannot {verb} while it is {found}.",
        )


def _become(ctx: Context, item: Instance, **changes: Any) -> Output:
    desired = msgspec.structs.replace(item.desired, **changes)
    return {"DBInstance": show(ctx, ctx.tx.desire(DB_INSTANCES, item.ref, desired))}
