"""The ECR API, one file per kind of resource. ``api`` holds its operations.

Not carried out, and so refused by name: uploading layers through the API (``docker push`` does),
image scanning, replication, pull-through caches, signing, archiving, registry-wide settings.
"""

from demitasse.services.ecr.operations import (
    absent,
    authorization,
    images,
    lifecycle,
    policies,
    registry,
    repositories,
    tags,
)
from demitasse.services.ecr.operations.base import api

__all__ = [
    "absent",
    "api",
    "authorization",
    "images",
    "lifecycle",
    "policies",
    "registry",
    "repositories",
    "tags",
]
