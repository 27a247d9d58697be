"""The AppSpec file of an ECS deployment, read and checked.

Follows "AppSpec 'resources' section for Amazon ECS deployments" of CodeDeploy's user guide. Names
of members are taken in any case, as CodeDeploy does (its own examples write ``resources`` and
``Resources``). Every complaint names its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from demitasse.errors import ServiceError
from demitasse.services import nodes
from demitasse.services.ecs.records import CapacityProviderUse, Network

MOST_CHARACTERS = 10_000
"""Far more than an ECS AppSpec needs, and read in the twinkling of an eye."""

_DEEPEST = 50
_DEFINITION = re.compile(
    r"(arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task-definition/)?[A-Za-z0-9_-]{1,255}:[0-9]{1,10}"
)
_RESOURCE = {
    "taskdefinition": "TaskDefinition",
    "loadbalancerinfo": "LoadBalancerInfo",
    "platformversion": "PlatformVersion",
    "networkconfiguration": "NetworkConfiguration",
    "capacityproviderstrategy": "CapacityProviderStrategy",
}
_HOOKS = (
    "BeforeInstall",
    "AfterInstall",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
)


@dataclass(frozen=True, slots=True)
class AppSpec:
    """What an AppSpec asks for; ``None`` and "" stand for "as the service has it"."""

    task_definition: str
    container: str
    port: int
    platform_version: str = ""
    network: Network | None = None
    strategy: tuple[CapacityProviderUse, ...] | None = None


def read(text: str) -> AppSpec:
    """The AppSpec in ``text``, YAML or JSON.

    ``ServiceError``: ``InvalidRevisionException``, with line and column.
    """
    if len(text) > MOST_CHARACTERS:
        raise ServiceError(
            "InvalidRevisionException",
            f"The AppSpec file must not have more than {MOST_CHARACTERS} characters.",
        )
    try:
        return _read(nodes.compose(text, deepest=_DEEPEST))
    except nodes.Misread as error:
        place = f" (line {error.line}, column {error.column})" if error.line else ""
        raise ServiceError(
            "InvalidRevisionException", f"The AppSpec file is not valid{place}: {error}."
        ) from error


def _read(root: yaml.Node) -> AppSpec:
    top = _members(
        root, "the AppSpec file", {"version": "version", "resources": "resources", "hooks": "hooks"}
    )
    version = top.get("version")
    if version is None:
        nodes.refuse(root, "version is missing; the only allowed version is 0.0")
    if nodes.text(version, "version") not in {"0.0", "0"}:
        nodes.refuse(version, f"version must be 0.0, not {nodes.text(version, 'version')}")
    if "resources" not in top:
        nodes.refuse(root, "resources is missing")
    spec = _resources(top["resources"])
    if "hooks" in top:
        _hooks(top["hooks"])
    return spec


def _resources(node: yaml.Node) -> AppSpec:
    listed = nodes.items(node, "resources")
    if len(listed) != 1:
        nodes.refuse(node, "resources must hold exactly one target service")
    entry = listed[0]
    if not isinstance(entry, yaml.MappingNode) or len(entry.value) != 1:
        nodes.refuse(entry, "a resource must have one name, such as TargetService")
    name, body = entry.value[0]
    where = nodes.text(name, "the resource's name")
    members = _members(body, where, {"type": "Type", "properties": "Properties"})
    if "Type" not in members:
        nodes.refuse(body, f"{where}.Type is missing")
    type_ = nodes.text(members["Type"], f"{where}.Type")
    if type_ != "AWS::ECS::Service":
        nodes.refuse(members["Type"], f"{where}.Type must be AWS::ECS::Service, not {type_}")
    if "Properties" not in members:
        nodes.refuse(body, f"{where}.Properties is missing")
    return _properties(members["Properties"], f"{where}.Properties")


def _properties(node: yaml.Node, where: str) -> AppSpec:
    members = _members(node, where, _RESOURCE)
    if "TaskDefinition" not in members:
        nodes.refuse(node, f"{where}.TaskDefinition is missing")
    definition = nodes.text(members["TaskDefinition"], f"{where}.TaskDefinition")
    if not _DEFINITION.fullmatch(definition):
        nodes.refuse(
            members["TaskDefinition"],
            f"{where}.TaskDefinition must be the ARN of a task definition with its revision,"
            f" not {definition[:100]!r}",
        )
    if "LoadBalancerInfo" not in members:
        nodes.refuse(node, f"{where}.LoadBalancerInfo is missing")
    path = f"{where}.LoadBalancerInfo"
    balancer = _members(
        members["LoadBalancerInfo"],
        path,
        {"containername": "ContainerName", "containerport": "ContainerPort"},
    )
    for name in ("ContainerName", "ContainerPort"):
        if name not in balancer:
            nodes.refuse(members["LoadBalancerInfo"], f"{path}.{name} is missing")
    port = _number(balancer["ContainerPort"], f"{path}.ContainerPort")
    if not 1 <= port <= 65535:
        nodes.refuse(balancer["ContainerPort"], f"{path}.ContainerPort must be from 1 to 65535")
    return AppSpec(
        task_definition=definition,
        container=nodes.text(balancer["ContainerName"], f"{path}.ContainerName"),
        port=port,
        platform_version=nodes.optional(members.get("PlatformVersion"), f"{where}.PlatformVersion"),
        network=_network(members.get("NetworkConfiguration"), where),
        strategy=_strategy(members.get("CapacityProviderStrategy"), where),
    )


def _network(node: yaml.Node | None, where: str) -> Network | None:
    if node is None or nodes.empty(node):
        return None
    path = f"{where}.NetworkConfiguration"
    outer = _members(node, path, {"awsvpcconfiguration": "AwsvpcConfiguration"})
    if "AwsvpcConfiguration" not in outer:
        nodes.refuse(node, f"{path}.AwsvpcConfiguration is missing")
    path = f"{path}.AwsvpcConfiguration"
    inner = _members(
        outer["AwsvpcConfiguration"],
        path,
        {
            "subnets": "Subnets",
            "securitygroups": "SecurityGroups",
            "assignpublicip": "AssignPublicIp",
        },
    )
    if "Subnets" not in inner:
        nodes.refuse(outer["AwsvpcConfiguration"], f"{path}.Subnets is missing")
    public = nodes.optional(inner.get("AssignPublicIp"), f"{path}.AssignPublicIp") or "DISABLED"
    if public not in {"ENABLED", "DISABLED"}:
        nodes.refuse(inner["AssignPublicIp"], f"{path}.AssignPublicIp must be ENABLED or DISABLED")
    subnets = _texts(inner["Subnets"], f"{path}.Subnets")
    if not subnets:
        nodes.refuse(inner["Subnets"], f"{path}.Subnets must not be empty")
    groups: tuple[str, ...] = ()
    if "SecurityGroups" in inner:
        groups = _texts(inner["SecurityGroups"], f"{path}.SecurityGroups")
    return Network(subnets, groups, public)


def _strategy(node: yaml.Node | None, where: str) -> tuple[CapacityProviderUse, ...] | None:
    if node is None or nodes.empty(node):
        return None
    path = f"{where}.CapacityProviderStrategy"
    uses = []
    for number, each in enumerate(nodes.items(node, path)):
        at = f"{path}[{number}]"
        members = _members(
            each, at, {"capacityprovider": "CapacityProvider", "base": "Base", "weight": "Weight"}
        )
        if "CapacityProvider" not in members:
            nodes.refuse(each, f"{at}.CapacityProvider is missing")
        counts = [
            _number(members[name], f"{at}.{name}") if name in members else 0
            for name in ("Weight", "Base")
        ]
        provider = nodes.text(members["CapacityProvider"], f"{at}.CapacityProvider")
        if provider not in {"FARGATE", "FARGATE_SPOT"}:
            nodes.refuse(
                members["CapacityProvider"], f"{at}.CapacityProvider {provider} does not exist"
            )
        uses.append(CapacityProviderUse(provider, *counts))
    return tuple(uses)


def _hooks(node: yaml.Node) -> None:
    if nodes.empty(node):
        return
    known = {name.lower(): name for name in _HOOKS}
    for each in nodes.items(node, "hooks"):
        for name, function in _members(each, "a hook", known).items():
            if not nodes.empty(function):
                nodes.refuse(
                    function,
                    f"hooks.{name} names a Lambda function, and Lambda hooks are not supported"
                    " by Demitasse",
                )


# Reading nodes


def _members(node: yaml.Node, where: str, known: dict[str, str]) -> dict[str, yaml.Node]:
    """The members of a mapping by the spelling in ``known``, which maps lower case to it."""

    def spelled(key: yaml.Node) -> str:
        name = known.get(key.value.lower()) if isinstance(key, yaml.ScalarNode) else None
        if name is None:
            given = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
            nodes.refuse(key, f"{given!r} is not a member of {where}")
        return name

    return nodes.members_as(node, where, spelled)


def _texts(node: yaml.Node, where: str) -> tuple[str, ...]:
    return () if nodes.empty(node) else nodes.texts(node, where)


def _number(node: yaml.Node, where: str) -> int:
    text = nodes.text(node, where)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        nodes.refuse(node, f"{where} must be a number, not {text[:100]!r}")
    return int(text)
