"""Phase 7: the two ECS services behind the load balancer."""

from __future__ import annotations

from functools import partial
from typing import Any

from demitasse.lab import names
from demitasse.lab.phases import phase6_load_balancer
from demitasse.lab.task import NotYet, Phase, Task
from demitasse.lab.workspace import Workspace


def run_service(service: str, lab: Workspace) -> None:
    """Create the service. What it runs later, its pipeline brings by CodeDeploy."""
    if lab.service(names.family(service)) is None:
        lab.client("ecs").create_service(**service_definition(lab, service))


def check_service(service: str, path: str, lab: Workspace) -> None:
    """It runs all its tasks, and its page answers through the load balancer."""
    current = lab.service(names.family(service))
    if current is None:
        raise NotYet(f"there is no service {names.family(service)}")
    running, wanted = current["runningCount"], current["desiredCount"]
    if running < wanted:
        last = f" ({current['events'][0]['message']})" if current["events"] else ""
        raise NotYet(f"{names.family(service)} runs {running} of {wanted} tasks{last}")
    page = phase6_load_balancer.url(lab) + path
    status, _text = lab.get(page)
    if status != 200:
        raise NotYet(f"{page} answers {status}")


def service_definition(lab: Workspace, service: str) -> dict[str, Any]:
    """The input of CreateService: in the group that production requests go to, the course's
    ``-two`` until a deployment moved them.
    """
    return {
        "serviceName": names.family(service),
        "cluster": names.CLUSTER,
        "taskDefinition": names.family(service),
        "loadBalancers": [
            {
                "targetGroupArn": phase6_load_balancer.production_group(lab, service),
                "containerName": service,
                "containerPort": names.CONTAINER_PORT,
            }
        ],
        "desiredCount": 1,
        "launchType": "FARGATE",
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "CODE_DEPLOY"},
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": lab.subnets(),
                "securityGroups": [lab.security_group(names.SECURITY_GROUP)],
                "assignPublicIp": "ENABLED",
            }
        },
    }


def _task(number: str, service: str, path: str, title: str, titre: str) -> Task:
    return Task(
        number, title, titre,
        partial(run_service, service), partial(check_service, service, path), patience=120,
    )  # fmt: skip


PHASE = Phase(
    7,
    "Two services",
    "Deux services",
    (
        _task("7.1", "customer", "/suppliers", "The customer service", "Le service client"),
        _task("7.2", "employee", "/admin/suppliers", "The employee service", "Le service employé"),
    ),
)
