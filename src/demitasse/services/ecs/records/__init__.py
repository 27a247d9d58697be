"""What is kept of ECS.

- ``task_definitions``  families, task definitions, and the shape of a container definition
- ``clusters``          clusters and account settings
- ``services``          services, and their events
- ``task_sets``         the versions of a service that have tasks: deployments and task sets
- ``tasks``             tasks: what is to run, how it is to stop, and what was seen of it
- ``shapes``            how AWS's own shapes are kept

Other services read and write ECS through what is named here.
"""

from demitasse.services.ecs.records.clusters import (
    CLUSTERS,
    SETTINGS,
    Cluster,
    Setting,
    cluster_arn,
)
from demitasse.services.ecs.records.services import (
    SERVICES,
    CircuitBreaker,
    Event,
    Service,
    ServiceObserved,
    announce,
    service_arn,
    service_key,
)
from demitasse.services.ecs.records.shapes import (
    CapacityProviderUse,
    LoadBalancer,
    Network,
    Tags,
)
from demitasse.services.ecs.records.task_definitions import (
    FAMILIES,
    TASK_DEFINITIONS,
    ContainerDefinition,
    Family,
    TaskDefinition,
    find_task_definition,
    task_definition_arn,
)
from demitasse.services.ecs.records.task_sets import (
    TASK_SETS,
    TaskSet,
    TaskSetObserved,
    computed_desired_count,
    count_failure,
    create_task_set,
    delete_task_set,
    new_id,
    scale_task_set,
    set_primary,
    task_set_arn,
    task_set_key,
    task_sets_of,
)
from demitasse.services.ecs.records.tasks import (
    TASKS,
    ContainerSeen,
    Interface,
    Stop,
    TargetSeen,
    Task,
    TaskObserved,
    stop_of,
    task_arn,
    task_key,
    task_ref,
)

__all__ = [
    "CLUSTERS",
    "FAMILIES",
    "SERVICES",
    "SETTINGS",
    "TASKS",
    "TASK_DEFINITIONS",
    "TASK_SETS",
    "CapacityProviderUse",
    "CircuitBreaker",
    "Cluster",
    "ContainerDefinition",
    "ContainerSeen",
    "Event",
    "Family",
    "Interface",
    "LoadBalancer",
    "Network",
    "Service",
    "ServiceObserved",
    "Setting",
    "Stop",
    "Tags",
    "TargetSeen",
    "Task",
    "TaskDefinition",
    "TaskObserved",
    "TaskSet",
    "TaskSetObserved",
    "announce",
    "cluster_arn",
    "computed_desired_count",
    "count_failure",
    "create_task_set",
    "delete_task_set",
    "find_task_definition",
    "new_id",
    "scale_task_set",
    "service_arn",
    "service_key",
    "set_primary",
    "stop_of",
    "task_arn",
    "task_definition_arn",
    "task_key",
    "task_ref",
    "task_set_arn",
    "task_set_key",
    "task_sets_of",
]
