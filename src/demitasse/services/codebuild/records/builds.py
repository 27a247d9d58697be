"""Builds: what was asked for, and how far each has come."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.codebuild.records.projects import Settings
from demitasse.store import Item, Kind, Ref, Transaction
from demitasse.store.kinds import Nothing

FINAL = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMED_OUT", "FAULT"})

EVERYWHERE = Scope("", "")
"""Builds of all accounts share one machine, so they wait in one queue."""


class Build(msgspec.Struct, frozen=True, omit_defaults=True):
    """A build as asked for; ``key`` is its id, ``<project>:<uuid>``.

    ``settings`` are the project's at that moment with what the caller overrode. ``retry_of`` is
    the build that this one repeats.
    """

    project: str
    number: int
    settings: Settings
    initiator: str
    created_at: datetime
    cache_epoch: int = 0
    token: str = ""
    token_digest: str = ""
    retry_of: str = ""


class Phase(msgspec.Struct, frozen=True, omit_defaults=True):
    """One phase: AWS's type and status (IN_PROGRESS while it lasts), and its context."""

    type: str
    started_at: datetime
    status: str = "IN_PROGRESS"
    ended_at: datetime | None = None
    code: str = ""
    message: str = ""

    @property
    def has_context(self) -> bool:
        """Whether AWS gives a context: phases of its queue, and a stopped one, have none."""
        if self.code:
            return True
        return (
            self.ended_at is not None
            and self.type not in {"SUBMITTED", "QUEUED"}
            and self.status != "STOPPED"
        )


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """An artifact as it was uploaded: ``location`` is its S3 ARN, digests are hexadecimal."""

    location: str
    identifier: str = ""
    sha256: str = ""
    md5: str = ""
    version: str = ""


class BuildObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a build is. ``status`` is AWS's buildStatus, ``current_phase`` its currentPhase.

    ``session`` is the access key id of the temporary credentials that the build was given.
    ``outputs`` has the primary artifact (identifier "") first. ``resolved_version`` is what the
    source was resolved to: a commit, or an object's version. ``verdict`` is the status that the
    build will end with, known once FINALIZING. ``cleared`` once nothing is left of it outside.
    """

    status: str = "IN_PROGRESS"
    current_phase: str = "SUBMITTED"
    phases: tuple[Phase, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    resolved_version: str = ""
    exported: dict[str, str] = msgspec.field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    session: str = ""
    log_group: str = ""
    log_stream: str = ""
    verdict: str = ""
    cleared: bool = False


BuildItem = Item[Build, BuildObserved]

BUILDS: Kind[Build, BuildObserved] = Kind(
    "codebuild.build",
    Build,
    BuildObserved,
    {
        "token": lambda item: item.desired.token or None,
        "active": lambda item: None if item.observed.status in FINAL else item.desired.project,
    },
)


class Listed(msgspec.Struct, frozen=True):
    """A build's place in the lists: once in the order of starting (``a``), once backwards (``d``)."""

    id: str
    project: str


LISTED: Kind[Listed, Nothing] = Kind(
    "codebuild.listed",
    Listed,
    Nothing,
    {"project": lambda item: item.desired.project, "id": lambda item: item.desired.id},
)


class Waiting(msgspec.Struct, frozen=True):
    """A build that is not over, in the queue of the whole machine; keys are in order of starting."""

    account: str
    region: str
    build: str

    @property
    def ref(self) -> Ref:
        """The build."""
        return Ref(Scope(self.account, self.region), self.build)


QUEUE: Kind[Waiting, Nothing] = Kind(
    "codebuild.queue", Waiting, Nothing, {"build": lambda item: item.desired.build}
)


def build_arn(scope: Scope, build_id: str) -> str:
    """A build's ARN."""
    return scope.arn("codebuild", f"build/{build_id}")


def find_build(tx: Transaction, scope: Scope, build_id: str) -> BuildItem:
    """The build, by id or ARN. ``ServiceError``: ``ResourceNotFoundException``."""
    item = tx.get(BUILDS, scope, build_key(scope, build_id))
    if item is None:
        raise ServiceError("ResourceNotFoundException", f"Build {build_id} does not exist")
    return item


def build_key(scope: Scope, build_id: str) -> str:
    """A build's id, of an id or an ARN."""
    return build_id.removeprefix(build_arn(scope, ""))


def listing_keys(number: int) -> tuple[str, str]:
    """Keys under which a build is listed forwards and backwards; ``number`` counts all builds."""
    return f"a{number:012d}", f"d{10**12 - number:012d}"
