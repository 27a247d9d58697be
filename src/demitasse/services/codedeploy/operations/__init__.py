"""CodeDeploy's operations, one module per kind of resource."""

from demitasse.services.codedeploy.operations import (
    applications,
    configs,
    deployments,
    elsewhere,
    groups,
    revisions,
    tags,
    targets,
)
from demitasse.services.codedeploy.operations.api import api

__all__ = [
    "api",
    "applications",
    "configs",
    "deployments",
    "elsewhere",
    "groups",
    "revisions",
    "tags",
    "targets",
]
