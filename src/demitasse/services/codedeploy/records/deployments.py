"""Deployments: what was asked for, and how far it has come."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.services.codedeploy.records.applications import AutoRollback, BlueGreen, Pair
from demitasse.store import Item, Kind

LIFECYCLE = (
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
)
FINAL = frozenset({"Succeeded", "Failed", "Stopped"})


class Revision(msgspec.Struct, frozen=True, omit_defaults=True):
    """An application revision: an AppSpec in ``content``, or an object of S3.

    ``type`` is AWS's: ``AppSpecContent``, ``String`` or ``S3``.
    """

    type: str
    content: str = ""
    sha256: str = ""
    bucket: str = ""
    key: str = ""
    bundle_type: str = ""
    version: str = ""
    etag: str = ""


class Shift(msgspec.Struct, frozen=True, omit_defaults=True):
    """How production traffic moves; see ``Config``."""

    type: str = "AllAtOnce"
    percentage: int = 100
    interval: int = 0


class Deployment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A deployment as asked for, with its group's settings of that moment; ``key`` is its id.

    ``creator`` is AWS's DeploymentCreator (``user``, ``codeDeployRollback``, ``CodeDeploy`` …).
    ``rolls_back`` is the id of the deployment that this one undoes. The moments are those at which
    a caller asked to stop (``stop_rollback``: and to roll back), to go on at once with the traffic
    or to terminate the original at once.
    """

    application_id: str
    application: str
    group_id: str
    group: str
    config: str
    shift: Shift
    revision: Revision
    cluster: str
    service: str
    pair: Pair
    created_at: datetime
    number: int
    role_arn: str = ""
    blue_green: BlueGreen = BlueGreen()
    auto_rollback: AutoRollback | None = None
    creator: str = "user"
    description: str = ""
    previous: Revision | None = None
    rolls_back: str = ""
    stop_at: datetime | None = None
    stop_rollback: bool = False
    continue_at: datetime | None = None
    skip_wait_at: datetime | None = None


class LifecycleEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of ``LIFECYCLE``; ``status`` is Pending, InProgress, Succeeded, Failed or Skipped."""

    name: str
    status: str = "Pending"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    message: str = ""


Events = tuple[LifecycleEvent, ...]


def events_to_come(*, tests: bool) -> Events:
    """A deployment's events at its beginning; without a test listener none is about tests.

    That is how the tutorial "Creating a service using a blue/green deployment" of the ECS guide
    shows a target.
    """
    return tuple(LifecycleEvent(name) for name in LIFECYCLE if tests or "Test" not in name)


class SetSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task set of the deployment: its id and its target group's ARN."""

    id: str
    group: str


class Problem(msgspec.Struct, frozen=True):
    """Why a deployment failed or was stopped: AWS's ErrorCode and a sentence."""

    code: str
    message: str


class DeploymentObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a deployment is. ``status`` is AWS's DeploymentStatus; ``phase`` is one of ``plan``'s.

    ``phase_at`` is when the phase began. ``appspec`` is the text of a revision in S3 once it was
    read. ``weight`` is the replacement's share of production in per cent as last decided,
    ``shifted_at`` since when the load balancer carries that out. ``tested`` are the routes of the
    test listener that were moved away from the original's group. ``rollback`` is the deployment
    that undoes this one.
    """

    status: str = "Created"
    phase: str = "start"
    phase_at: datetime | None = None
    appspec: str = ""
    error: Problem | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    updated_at: datetime | None = None
    events: Events = ()
    target_status: str = "Pending"
    blue: SetSeen | None = None
    green: SetSeen | None = None
    weight: int = 0
    shifted_at: datetime | None = None
    tested: tuple[str, ...] = ()
    rollback: str = ""
    rollback_message: str = ""


def _active(item: Item[Deployment, DeploymentObserved]) -> str | None:
    if item.observed.status in FINAL:
        return None
    return f"{item.desired.cluster}/{item.desired.service}"


class Listed(msgspec.Struct, frozen=True):
    """A deployment's place in the lists; ``key`` is by its time, newest first."""

    id: str
    application_id: str
    group_id: str


class ListedObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """The deployment's status."""

    status: str = "Created"


def _lists(item: Item[Listed, ListedObserved]) -> tuple[str, ...]:
    """The lists that hold a deployment: its group's, its application's, and that of all."""
    return item.desired.group_id, item.desired.application_id, ALL


ALL = "all"
LISTED: Kind[Listed, ListedObserved] = Kind(
    "codedeploy.listed",
    Listed,
    ListedObserved,
    {
        "list": _lists,
        "status": lambda item: tuple(f"{each}/{item.observed.status}" for each in _lists(item)),
    },
)


DEPLOYMENTS: Kind[Deployment, DeploymentObserved] = Kind(
    "codedeploy.deployment",
    Deployment,
    DeploymentObserved,
    {
        # What works on an ECS service now: one at a time.
        "active": _active,
        "listener": lambda item: (
            tuple({item.desired.pair.production, item.desired.pair.test} - {""})
            if _active(item)
            else None
        ),
        "active-group": lambda item: item.desired.group_id if _active(item) else None,
    },
)
