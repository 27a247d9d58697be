"""The API of RDS, a file per subject. Follows botocore's model ``rds``."""

from demitasse.services.rds.operations import (
    absent,
    catalogue,
    events,
    instances,
    lifecycle,
    subnet_groups,
    tags,
)
from demitasse.services.rds.operations.api import api

__all__ = [
    "absent",
    "api",
    "catalogue",
    "events",
    "instances",
    "lifecycle",
    "subnet_groups",
    "tags",
]
