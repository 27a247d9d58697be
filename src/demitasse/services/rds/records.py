"""What is kept of RDS: DB instances and DB subnet groups."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from demitasse.store import Kind
from demitasse.store.kinds import Nothing

Tags = dict[str, str]
Wanted = Literal["available", "stopped", "deleted"]


class DbInstance(msgspec.Struct, frozen=True, omit_defaults=True):
    """A DB instance as asked for; the record's key is its identifier in lower case."""

    resource_id: str  # "db-…", never used twice
    engine: str
    engine_version: str
    instance_class: str
    allocated_storage: int  # GiB
    storage_type: str
    master_username: str
    master_password: str
    root_password: str  # of the server's own superuser, which RDS does not hand out
    address: str
    port: int
    subnet_group: str
    availability_zone: str
    security_groups: tuple[str, ...]
    created_at: datetime
    db_name: str = ""
    publicly_accessible: bool = False
    backup_retention_days: int = 0
    backup_window: str = "06:00-06:30"
    maintenance_window: str = "sun:07:00-sun:07:30"
    auto_minor_version_upgrade: bool = True
    copy_tags_to_snapshot: bool = False
    deletion_protection: bool = False
    license_model: str = "general-public-license"
    pending_class: str = ""  # this, and what follows, waits for ``up_to_date``
    pending_storage: int = 0
    pending_storage_type: str = ""
    wanted: Wanted = "available"
    reboots: int = 0
    tags: Tags = msgspec.field(default_factory=dict)

    def up_to_date(self) -> DbInstance:
        """With all that was asked for and had to wait."""
        return msgspec.structs.replace(
            self,
            instance_class=self.pending_class or self.instance_class,
            allocated_storage=self.pending_storage or self.allocated_storage,
            storage_type=self.pending_storage_type or self.storage_type,
            pending_class="",
            pending_storage=0,
            pending_storage_type="",
        )


class DbInstanceObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was seen of it. ``status`` is AWS's DBInstanceStatus."""

    status: str = "creating"
    message: str = ""  # why it is not available, when something is wrong
    reboots: int = 0  # how many of those asked for were done
    login: str = ""  # digest of the user, password and database that the server was told
    was_available: bool = False


class SubnetGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """A DB subnet group; the record's key is its name in lower case."""

    description: str
    vpc_id: str
    subnets: tuple[str, ...]
    tags: Tags = msgspec.field(default_factory=dict)


DB_INSTANCES: Kind[DbInstance, DbInstanceObserved] = Kind(
    "rds.db-instance",
    DbInstance,
    DbInstanceObserved,
    {"subnet-group": lambda item: item.desired.subnet_group},
)
SUBNET_GROUPS: Kind[SubnetGroup, Nothing] = Kind("rds.subnet-group", SubnetGroup, Nothing)
