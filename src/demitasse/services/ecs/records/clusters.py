"""Clusters and account settings."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.services.ecs.records.shapes import CapacityProviderUse, Tags
from demitasse.store import Kind
from demitasse.store.kinds import Nothing


class Cluster(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cluster; ``key`` is its name. A deleted one stays to be seen as ``INACTIVE``."""

    created_at: datetime
    active: bool = True
    container_insights: str = "disabled"
    capacity_providers: tuple[str, ...] = ()
    default_strategy: tuple[CapacityProviderUse, ...] = ()
    tags: Tags = msgspec.field(default_factory=dict)


class Setting(msgspec.Struct, frozen=True):
    """An account setting; ``key`` is ``<principal's ARN>|<name>``, or ``|<name>`` for all."""

    name: str
    value: str
    principal: str


CLUSTERS: Kind[Cluster, Nothing] = Kind(
    "ecs.cluster",
    Cluster,
    Nothing,
    {"status": lambda item: "ACTIVE" if item.desired.active else "INACTIVE"},
)
SETTINGS: Kind[Setting, Nothing] = Kind("ecs.setting", Setting, Nothing)


def cluster_arn(scope: Scope, name: str) -> str:
    """``arn:aws:ecs:…:cluster/<name>``."""
    return scope.arn("ecs", f"cluster/{name}")
