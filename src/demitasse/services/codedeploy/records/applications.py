"""Applications, deployment configurations and deployment groups."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing

Tags = dict[str, str]

PREDEFINED_AT = datetime.fromisoformat("2018-11-27T00:00:00+00:00")


class Application(msgspec.Struct, frozen=True, omit_defaults=True):
    """An application of the ECS compute platform; ``key`` is its name.

    ``id`` never changes and is what groups and deployments refer to.
    """

    id: str
    created_at: datetime
    tags: Tags = msgspec.field(default_factory=dict)


class Config(msgspec.Struct, frozen=True, omit_defaults=True):
    """How production traffic is shifted; ``key`` is the configuration's name.

    ``type`` is ``AllAtOnce``, ``TimeBasedCanary`` or ``TimeBasedLinear``; ``percentage`` is moved
    at once, and the rest (canary) or as much again (linear) every ``interval`` AWS minutes.
    """

    id: str
    type: str
    created_at: datetime
    percentage: int = 100
    interval: int = 0


class AutoRollback(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a deployment is rolled back by itself: ``events`` are AWS's ``DEPLOYMENT_…``."""

    enabled: bool = False
    events: tuple[str, ...] = ()

    def on(self, event: str) -> bool:
        """Whether this event rolls back."""
        return self.enabled and event in self.events


class BlueGreen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happens when the replacement is ready, and to the original afterwards (AWS minutes)."""

    on_ready: str = "CONTINUE_DEPLOYMENT"
    ready_wait: int = 0
    termination_wait: int = 0


class Pair(msgspec.Struct, frozen=True, omit_defaults=True):
    """The two target groups (names) and the listeners (ARNs) between which traffic moves."""

    target_groups: tuple[str, str]
    production: str
    test: str = ""


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """A deployment group; ``key`` is ``<application id>/<name>``."""

    id: str
    application_id: str
    name: str
    role_arn: str
    config: str
    cluster: str
    service: str
    pair: Pair
    created_at: datetime
    blue_green: BlueGreen = BlueGreen()
    auto_rollback: AutoRollback | None = None
    outdated: str = "UPDATE"
    tags: Tags = msgspec.field(default_factory=dict)


class GroupObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """The ids of the group's last deployments."""

    attempted: str = ""
    successful: str = ""


APPLICATIONS: Kind[Application, Nothing] = Kind(
    "codedeploy.application", Application, Nothing, {"id": lambda item: item.desired.id}
)
CONFIGS: Kind[Config, Nothing] = Kind("codedeploy.config", Config, Nothing)
GROUPS: Kind[Group, GroupObserved] = Kind(
    "codedeploy.group",
    Group,
    GroupObserved,
    {
        "id": lambda item: item.desired.id,
        "config": lambda item: item.desired.config,
        "service": lambda item: f"{item.desired.cluster}/{item.desired.service}",
    },
)


def group_key(application_id: str, name: str) -> str:
    """``<application id>/<name>``."""
    return f"{application_id}/{name}"


def application_arn(scope: Scope, name: str) -> str:
    """``arn:aws:codedeploy:…:application:<name>``."""
    return scope.arn("codedeploy", f"application:{name}")


def group_arn(scope: Scope, application: str, name: str) -> str:
    """``arn:aws:codedeploy:…:deploymentgroup:<application>/<name>``."""
    return scope.arn("codedeploy", f"deploymentgroup:{application}/{name}")


def find_config(tx: Transaction, scope: Scope, name: str) -> Item[Config, Nothing] | None:
    """A deployment configuration: an own one, or one that AWS has from the start."""
    known = PREDEFINED.get(name)
    if known is not None:
        return Item(scope, name, known, Nothing(), 0)
    return tx.get(CONFIGS, scope, name)


def _predefined(number: int, type_: str, percentage: int = 100, interval: int = 0) -> Config:
    return Config(
        f"00000000-0000-0000-0000-{number:012d}", type_, PREDEFINED_AT, percentage, interval
    )


DEFAULT_CONFIG = "CodeDeployDefault.ECSAllAtOnce"
PREDEFINED = {
    DEFAULT_CONFIG: _predefined(31, "AllAtOnce"),
    "CodeDeployDefault.ECSCanary10Percent15Minutes": _predefined(32, "TimeBasedCanary", 10, 15),
    "CodeDeployDefault.ECSCanary10Percent5Minutes": _predefined(33, "TimeBasedCanary", 10, 5),
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes": _predefined(34, "TimeBasedLinear", 10, 1),
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes": _predefined(35, "TimeBasedLinear", 10, 3),
}
