"""The AppSpec file of an ECS deployment, read and checked.

Follows "AppSpec 'resources' section for Amazon ECS deployments" of CodeDeploy's user guide. Names
of members are taken in any case, as CodeDeploy does (its own examples write ``resources`` and
``Resources``). JSON is read by the same parser, so that every complaint names its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from demitasse.errors import ServiceError
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


class _Loader(yaml.SafeLoader):
    """Reads text as a tree of nodes that know their places."""


def read(text: str) -> AppSpec:
    """The AppSpec in ``text``, YAML or JSON.

    ``ServiceError``: ``InvalidRevisionException``, with line and column.
    """
    root = _compose(text)
    top = _members(
        root, "the AppSpec file", {"version": "version", "resources": "resources", "hooks": "hooks"}
    )
    version = top.get("version")
    if version is None:
        _refuse(root, "version is missing; the only allowed version is 0.0")
    if _text(version, "version") not in {"0.0", "0"}:
        _refuse(version, f"version must be 0.0, not {_text(version, 'version')}")
    if "resources" not in top:
        _refuse(root, "resources is missing")
    spec = _resources(top["resources"])
    if "hooks" in top:
        _hooks(top["hooks"])
    return spec


def _compose(text: str) -> yaml.Node:
    if len(text) > MOST_CHARACTERS:
        raise ServiceError(
            "InvalidRevisionException",
            f"The AppSpec file must not have more than {MOST_CHARACTERS} characters.",
        )
    if text.count("{") + text.count("[") > _DEEPEST * 2 or "- " * _DEEPEST in text:
        _say(None, "it is nested too deeply")
    if text.lstrip().startswith("{"):
        # Tabs are white space in JSON and can stand nowhere else; YAML does not take them.
        text = text.replace("\t", " ")
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _say(mark, error.problem or "it cannot be read")
    except yaml.YAMLError as error:
        _say(None, " ".join(str(error).split()))
    except RecursionError:
        _say(None, "it is nested too deeply")
    if node is None:
        _say(None, "it is empty")
    return node


def _resources(node: yaml.Node) -> AppSpec:
    if not isinstance(node, yaml.SequenceNode):
        _refuse(node, "resources must be a list")
    if len(node.value) != 1:
        _refuse(node, "resources must hold exactly one target service")
    entry = node.value[0]
    if not isinstance(entry, yaml.MappingNode) or len(entry.value) != 1:
        _refuse(entry, "a resource must have one name, such as TargetService")
    name, body = entry.value[0]
    where = _text(name, "the resource's name")
    members = _members(body, where, {"type": "Type", "properties": "Properties"})
    if "Type" not in members:
        _refuse(body, f"{where}.Type is missing")
    type_ = _text(members["Type"], f"{where}.Type")
    if type_ != "AWS::ECS::Service":
        _refuse(members["Type"], f"{where}.Type must be AWS::ECS::Service, not {type_}")
    if "Properties" not in members:
        _refuse(body, f"{where}.Properties is missing")
    return _properties(members["Properties"], f"{where}.Properties")


def _properties(node: yaml.Node, where: str) -> AppSpec:
    members = _members(node, where, _RESOURCE)
    if "TaskDefinition" not in members:
        _refuse(node, f"{where}.TaskDefinition is missing")
    definition = _text(members["TaskDefinition"], f"{where}.TaskDefinition")
    if not _DEFINITION.fullmatch(definition):
        _refuse(
            members["TaskDefinition"],
            f"{where}.TaskDefinition must be the ARN of a task definition with its revision,"
            f" not {definition[:100]!r}",
        )
    if "LoadBalancerInfo" not in members:
        _refuse(node, f"{where}.LoadBalancerInfo is missing")
    path = f"{where}.LoadBalancerInfo"
    balancer = _members(
        members["LoadBalancerInfo"],
        path,
        {"containername": "ContainerName", "containerport": "ContainerPort"},
    )
    for name in ("ContainerName", "ContainerPort"):
        if name not in balancer:
            _refuse(members["LoadBalancerInfo"], f"{path}.{name} is missing")
    port = _number(balancer["ContainerPort"], f"{path}.ContainerPort")
    if not 1 <= port <= 65535:
        _refuse(balancer["ContainerPort"], f"{path}.ContainerPort must be from 1 to 65535")
    return AppSpec(
        task_definition=definition,
        container=_text(balancer["ContainerName"], f"{path}.ContainerName"),
        port=port,
        platform_version=_optional_text(members, "PlatformVersion", where),
        network=_network(members.get("NetworkConfiguration"), where),
        strategy=_strategy(members.get("CapacityProviderStrategy"), where),
    )


def _network(node: yaml.Node | None, where: str) -> Network | None:
    if node is None or _empty(node):
        return None
    path = f"{where}.NetworkConfiguration"
    outer = _members(node, path, {"awsvpcconfiguration": "AwsvpcConfiguration"})
    if "AwsvpcConfiguration" not in outer:
        _refuse(node, f"{path}.AwsvpcConfiguration is missing")
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
        _refuse(outer["AwsvpcConfiguration"], f"{path}.Subnets is missing")
    public = _optional_text(inner, "AssignPublicIp", path) or "DISABLED"
    if public not in {"ENABLED", "DISABLED"}:
        _refuse(inner["AssignPublicIp"], f"{path}.AssignPublicIp must be ENABLED or DISABLED")
    subnets = _texts(inner["Subnets"], f"{path}.Subnets")
    if not subnets:
        _refuse(inner["Subnets"], f"{path}.Subnets must not be empty")
    groups: tuple[str, ...] = ()
    if "SecurityGroups" in inner:
        groups = _texts(inner["SecurityGroups"], f"{path}.SecurityGroups")
    return Network(subnets, groups, public)


def _strategy(node: yaml.Node | None, where: str) -> tuple[CapacityProviderUse, ...] | None:
    if node is None or _empty(node):
        return None
    path = f"{where}.CapacityProviderStrategy"
    if not isinstance(node, yaml.SequenceNode):
        _refuse(node, f"{path} must be a list")
    uses = []
    for number, each in enumerate(node.value):
        at = f"{path}[{number}]"
        members = _members(
            each, at, {"capacityprovider": "CapacityProvider", "base": "Base", "weight": "Weight"}
        )
        if "CapacityProvider" not in members:
            _refuse(each, f"{at}.CapacityProvider is missing")
        counts = [
            _number(members[name], f"{at}.{name}") if name in members else 0
            for name in ("Weight", "Base")
        ]
        provider = _text(members["CapacityProvider"], f"{at}.CapacityProvider")
        if provider not in {"FARGATE", "FARGATE_SPOT"}:
            _refuse(members["CapacityProvider"], f"{at}.CapacityProvider {provider} does not exist")
        uses.append(CapacityProviderUse(provider, *counts))
    return tuple(uses)


def _hooks(node: yaml.Node) -> None:
    if _empty(node):
        return
    if not isinstance(node, yaml.SequenceNode):
        _refuse(node, "hooks must be a list")
    known = {name.lower(): name for name in _HOOKS}
    for each in node.value:
        for name, function in _members(each, "a hook", known).items():
            if not _empty(function):
                _refuse(
                    function,
                    f"hooks.{name} names a Lambda function, and Lambda hooks are not supported"
                    " by Demitasse",
                )


# Reading nodes


def _members(node: yaml.Node, where: str, known: dict[str, str]) -> dict[str, yaml.Node]:
    """The members of a mapping by the spelling in ``known``, which maps lower case to it."""
    if not isinstance(node, yaml.MappingNode):
        _refuse(node, f"{where} must be a mapping")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = known.get(key.value.lower()) if isinstance(key, yaml.ScalarNode) else None
        if name is None:
            given = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
            _refuse(key, f"{given!r} is not a member of {where}")
        if name in found:
            _refuse(key, f"{name} stands twice in {where}")
        found[name] = value
    return found


def _empty(node: yaml.Node) -> bool:
    if isinstance(node, yaml.ScalarNode):
        return node.tag == "tag:yaml.org,2002:null" or not node.value
    return not node.value


def _text(node: yaml.Node, where: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or _empty(node):
        _refuse(node, f"{where} must be a text")
    return str(node.value).strip()


def _optional_text(members: dict[str, yaml.Node], name: str, where: str) -> str:
    node = members.get(name)
    return "" if node is None or _empty(node) else _text(node, f"{where}.{name}")


def _texts(node: yaml.Node, where: str) -> tuple[str, ...]:
    if _empty(node):
        return ()
    if not isinstance(node, yaml.SequenceNode):
        _refuse(node, f"{where} must be a list")
    return tuple(_text(each, f"{where}[{number}]") for number, each in enumerate(node.value))


def _number(node: yaml.Node, where: str) -> int:
    text = _text(node, where)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        _refuse(node, f"{where} must be a number, not {text[:100]!r}")
    return int(text)


def _refuse(node: yaml.Node, problem: str) -> NoReturn:
    _say(node.start_mark, problem)


def _say(mark: Any, problem: str) -> NoReturn:
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
    raise ServiceError(
        "InvalidRevisionException", f"The AppSpec file is not valid{place}: {problem}."
    )
