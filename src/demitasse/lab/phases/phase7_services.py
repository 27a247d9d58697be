"""Phase 7: the two ECS services behind the load balancer."""

from __future__ import annotations

from functools import partial
from typing import Any

from demitasse.lab import names
from demitasse.lab.phases import phase6_load_balancer
from demitasse.lab.task import NotYet, Phase, Task
from demitasse.lab.workspace import Workspace


def run_service(service: str, lab: Workspace) -> None:
    """Create the service, or bring it to the newest task definition and image."""
    ecs = lab.client("ecs")
    name = names.family(service)
    current = lab.service(name)
    if current is None:
        ecs.create_service(**service_definition(lab, service))
    elif _difference(lab, service, current) is not None and not _is_moving(current):
        ecs.update_service(
            cluster=names.CLUSTER, service=name, taskDefinition=name, forceNewDeployment=True
        )


def check_service(service: str, path: str, lab: Workspace) -> None:
    """It runs the newest task definition and image, and its page answers through the balancer."""
    current = lab.service(names.family(service))
    if current is None:
        raise NotYet(f"there is no service {names.family(service)}")
    if (difference := _difference(lab, service, current)) is not None:
        raise NotYet(difference)
    running, wanted = current["runningCount"], current["desiredCount"]
    if running < wanted or len(current["deployments"]) != 1:
        last = f" ({current['events'][0]['message']})" if current["events"] else ""
        raise NotYet(f"{names.family(service)} runs {running} of {wanted} tasks{last}")
    page = phase6_load_balancer.url(lab) + path
    status, _text = lab.get(page)
    if status != 200:
        raise NotYet(f"{page} answers {status}")


def service_definition(lab: Workspace, service: str) -> dict[str, Any]:
    """The input of CreateService. Production traffic is on the ``-two`` groups."""
    return {
        "serviceName": names.family(service),
        "cluster": names.CLUSTER,
        "taskDefinition": names.family(service),
        "loadBalancers": [
            {
                "targetGroupArn": lab.target_group_arn(names.target_group(service, "two")),
                "containerName": service,
                "containerPort": names.CONTAINER_PORT,
            }
        ],
        "desiredCount": 1,
        "launchType": "FARGATE",
        "schedulingStrategy": "REPLICA",
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": lab.subnets(),
                "securityGroups": [lab.security_group(names.SECURITY_GROUP)],
                "assignPublicIp": "ENABLED",
            }
        },
    }


def _difference(lab: Workspace, service: str, current: dict[str, Any]) -> str | None:
    """What the service runs other than what it should, or ``None``."""
    newest = lab.task_definition(names.family(service))
    if newest is None:
        return f"there is no task definition {names.family(service)}"
    if current["taskDefinition"] != newest["taskDefinitionArn"]:
        return f"{current['taskDefinition']} is not the newest task definition"
    ecs = lab.client("ecs")
    arns = ecs.list_tasks(cluster=names.CLUSTER, serviceName=current["serviceName"])["taskArns"]
    if not arns:
        return None
    digest = lab.pushed_digest(service)
    for task in ecs.describe_tasks(cluster=names.CLUSTER, tasks=arns)["tasks"]:
        for container in task["containers"]:
            if container.get("imageDigest") not in {None, digest}:
                return f"a task of {current['serviceName']} runs an older image"
    return None


def _is_moving(current: dict[str, Any]) -> bool:
    return any(
        deployment["status"] == "PRIMARY" and deployment.get("rolloutState") == "IN_PROGRESS"
        for deployment in current["deployments"]
    )


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
