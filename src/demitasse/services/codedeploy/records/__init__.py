"""What is kept of CodeDeploy, and what other services may ask and do with it.

- ``applications``  applications, deployment groups, deployment configurations
- ``deployments``   deployments: what was asked for, and how far they are
- ``appspec``       the AppSpec file, read and checked
- ``revisions``     application revisions
- ``order``         keys that put records in the order of their times
- ``creating``      ``create_deployment``, ``stop_deployment``, and finding things by name
"""

from demitasse.services.codedeploy.records.applications import (
    APPLICATIONS,
    CONFIGS,
    DEFAULT_CONFIG,
    GROUPS,
    PREDEFINED,
    Application,
    AutoRollback,
    BlueGreen,
    Config,
    Group,
    GroupObserved,
    Pair,
    application_arn,
    find_config,
    group_arn,
    group_key,
)
from demitasse.services.codedeploy.records.creating import (
    create_deployment,
    find_application,
    find_deployment,
    find_group,
    stop_deployment,
)
from demitasse.services.codedeploy.records.deployments import (
    ALL,
    DEPLOYMENTS,
    FINAL,
    LIFECYCLE,
    LISTED,
    Deployment,
    DeploymentObserved,
    Events,
    LifecycleEvent,
    Listed,
    Problem,
    Revision,
    SetSeen,
    Shift,
)

__all__ = [
    "ALL",
    "APPLICATIONS",
    "CONFIGS",
    "DEFAULT_CONFIG",
    "DEPLOYMENTS",
    "FINAL",
    "GROUPS",
    "LIFECYCLE",
    "LISTED",
    "PREDEFINED",
    "Application",
    "AutoRollback",
    "BlueGreen",
    "Config",
    "Deployment",
    "DeploymentObserved",
    "Events",
    "Group",
    "GroupObserved",
    "LifecycleEvent",
    "Listed",
    "Pair",
    "Problem",
    "Revision",
    "SetSeen",
    "Shift",
    "application_arn",
    "create_deployment",
    "find_application",
    "find_config",
    "find_deployment",
    "find_group",
    "group_arn",
    "group_key",
    "stop_deployment",
]
