"""What a deployment stands on: a load balancer, an ECS service, a deployment group."""

from __future__ import annotations

from datetime import datetime

from demitasse.api import Scope
from demitasse.services.codedeploy.records import (
    APPLICATIONS,
    CONFIGS,
    GROUPS,
    Application,
    AutoRollback,
    BlueGreen,
    Config,
    Group,
    Pair,
    group_key,
)
from demitasse.services.ecs.records import (
    SERVICES,
    TASK_DEFINITIONS,
    ContainerDefinition,
    LoadBalancer,
    Network,
    Service,
    ServiceObserved,
    TaskDefinition,
)
from demitasse.services.ecs.records.task_definitions import PortMapping, task_definition_key
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    Action,
    Condition,
    Listener,
    Rule,
    TargetGroup,
    WeightedGroup,
    Zone,
)
from demitasse.services.elbv2.records import LoadBalancer as Balancer
from demitasse.store import Item, Ref, Transaction

SCOPE = Scope("000000000000", "us-east-1")
BALANCER = SCOPE.arn("elasticloadbalancing", "loadbalancer/app/lb/1")
PRODUCTION = SCOPE.arn("elasticloadbalancing", "listener/app/lb/1/80")
TEST = SCOPE.arn("elasticloadbalancing", "listener/app/lb/1/8080")
TWO = SCOPE.arn("elasticloadbalancing", "targetgroup/two/2")
ONE = SCOPE.arn("elasticloadbalancing", "targetgroup/one/1")
NETWORK = Network(("subnet-1",))
SERVICE = Ref(SCOPE, "c/web")
APPSPEC = """\
version: 0.0
resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: {definition}
        LoadBalancerInfo: {{ContainerName: web, ContainerPort: 8080}}
"""


def forward(group: str) -> tuple[Action, ...]:
    return (Action("forward", (WeightedGroup(group),)),)


def balance(tx: Transaction, now: datetime) -> None:
    """A load balancer: :80 forwards to ``TWO`` and :8080 to ``ONE``, each with a rule."""
    tx.create(
        LOAD_BALANCERS,
        SCOPE,
        BALANCER,
        Balancer("lb", "internal", "vpc", (Zone("s", "a"),), (), "10.0.0.9", now),
    )
    for arn, name in ((TWO, "two"), (ONE, "one")):
        tx.create(TARGET_GROUPS, SCOPE, arn, TargetGroup(name, 8080, "vpc", now))
    for arn, port, group in ((PRODUCTION, 80, TWO), (TEST, 8080, ONE)):
        tx.create(
            LISTENERS,
            SCOPE,
            arn,
            Listener(BALANCER, port, forward(group), f"{arn}/default", now),
        )
        tx.create(
            RULES,
            SCOPE,
            f"{arn}/rule",
            Rule(
                BALANCER,
                arn,
                10,
                (Condition("path-pattern", ("/a",)),),
                forward(group),
                now,
            ),
        )


def serve(tx: Transaction, now: datetime, count: int) -> Item[Service, ServiceObserved]:
    """A CODE_DEPLOY service with two revisions of its task definition."""
    for revision in (1, 2):
        tx.create(
            TASK_DEFINITIONS,
            SCOPE,
            task_definition_key("web", revision),
            TaskDefinition(
                "web",
                revision,
                (ContainerDefinition("web", "i", port_mappings=(PortMapping(8080, 8080),)),),
                now,
                "root",
            ),
        )
    return tx.create(
        SERVICES,
        SCOPE,
        SERVICE.key,
        Service(
            "c",
            "web",
            now,
            "root",
            count,
            task_definition="web:1",
            controller="CODE_DEPLOY",
            network=NETWORK,
            load_balancers=(LoadBalancer(TWO, "web", 8080),),
        ),
    )


def group(
    tx: Transaction,
    now: datetime,
    config: Config | None,
    blue_green: BlueGreen | None,
    auto_rollback: AutoRollback | None,
    *,
    test: bool,
) -> None:
    """An application with a deployment group."""
    tx.create(APPLICATIONS, SCOPE, "app", Application("app-id", now))
    if config is not None:
        tx.create(CONFIGS, SCOPE, "own", config)
    tx.create(
        GROUPS,
        SCOPE,
        group_key("app-id", "group"),
        Group(
            "group-id",
            "app-id",
            "group",
            "role",
            "own" if config else "CodeDeployDefault.ECSAllAtOnce",
            "c",
            "web",
            Pair(("two", "one"), PRODUCTION, TEST if test else ""),
            now,
            blue_green or BlueGreen(termination_wait=5),
            auto_rollback,
        ),
    )
