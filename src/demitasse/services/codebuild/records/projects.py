"""Projects: how a build is to be made. In AWS's words, member by member."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.iam.records import Role, find_role, trusts_service
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing

INVALID = "InvalidInputException"
SERVICE = "codebuild.amazonaws.com"
COMPUTE_TYPES = {
    "BUILD_GENERAL1_SMALL": (2.0, 4),
    "BUILD_GENERAL1_MEDIUM": (4.0, 8),
    "BUILD_GENERAL1_LARGE": (8.0, 16),
    "BUILD_GENERAL1_XLARGE": (36.0, 72),
    "BUILD_GENERAL1_2XLARGE": (72.0, 144),
}
"""The sizes of containers: processors, and GiB of memory."""


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a build's source is.

    ``type`` is CODEPIPELINE, CODECOMMIT, S3 or NO_SOURCE. ``location`` is a clone URL for
    CODECOMMIT, ``bucket/key`` for S3 (a folder's ends in ``/``), and in a build of CodePipeline's
    the input artifact's ``bucket/key``. ``buildspec`` is empty, a path in the source, or the
    buildspec itself. ``version`` belongs to secondary sources.
    """

    type: str
    location: str = ""
    buildspec: str = ""
    identifier: str = ""
    version: str = ""
    clone_depth: int | None = None

    @property
    def told(self) -> str:
        """The location as AWS tells it: of CodePipeline's none, since it is another each time."""
        return "" if self.type == "CODEPIPELINE" else self.location


class Artifacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where what a build makes goes.

    ``type`` is CODEPIPELINE, S3 or NO_ARTIFACTS. ``location`` is a bucket; in a build of
    CodePipeline's the output artifact's ``bucket/key``.
    """

    type: str = "NO_ARTIFACTS"
    location: str = ""
    path: str = ""
    namespace: str = ""
    name: str = ""
    packaging: str = ""
    override_name: bool | None = None
    encryption_disabled: bool | None = None
    identifier: str = ""


class Variable(msgspec.Struct, frozen=True):
    """An environment variable, PLAINTEXT."""

    name: str
    value: str


class Environment(msgspec.Struct, frozen=True, omit_defaults=True):
    """The container in which commands run: LINUX_CONTAINER."""

    image: str
    compute_type: str
    type: str = "LINUX_CONTAINER"
    variables: tuple[Variable, ...] = ()
    privileged: bool = False
    pull_credentials: str = "CODEBUILD"


class Logs(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the log goes in CloudWatch Logs; "" for AWS's own choice."""

    enabled: bool = True
    group: str = ""
    stream: str = ""


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a project says and a build may override. Timeouts are minutes.

    ``cache`` holds the LOCAL cache's modes; ``None`` is NO_CACHE.
    """

    source: Source
    artifacts: Artifacts
    environment: Environment
    service_role: str
    secondary_sources: tuple[Source, ...] = ()
    secondary_artifacts: tuple[Artifacts, ...] = ()
    source_version: str = ""
    cache: tuple[str, ...] | None = None
    timeout: int = 60
    queued_timeout: int = 480
    encryption_key: str = ""
    logs: Logs | None = None

    @property
    def told_version(self) -> str:
        """The source's version as a build tells it: of CodePipeline's the input artifact's ARN."""
        if self.source.type == "CODEPIPELINE" and self.source.location:
            return f"arn:aws:s3:::{self.source.location}"
        return self.source_version


class Project(msgspec.Struct, frozen=True, omit_defaults=True):
    """A project; ``key`` is its name. ``cache_epoch`` grows when the cache is invalidated."""

    settings: Settings
    created_at: datetime
    modified_at: datetime
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    concurrent_limit: int | None = None
    cache_epoch: int = 0


PROJECTS: Kind[Project, Nothing] = Kind("codebuild.project", Project, Nothing)


def bucket_and_key(location: str) -> tuple[str, str]:
    """Of an object's location in S3: ``bucket/key``, or its ARN."""
    bucket, _, key = location.removeprefix("arn:aws:s3:::").partition("/")
    return bucket, key


def project_arn(scope: Scope, name: str) -> str:
    """A project's ARN."""
    return scope.arn("codebuild", f"project/{name}")


def find_project(tx: Transaction, scope: Scope, name: str) -> Item[Project, Nothing]:
    """The project, by name or ARN. ``ServiceError``: ``ResourceNotFoundException``."""
    prefix = project_arn(scope, "")
    item = tx.get(PROJECTS, scope, name.removeprefix(prefix))
    if item is None:
        arn = name if name.startswith("arn:") else prefix + name
        raise ServiceError("ResourceNotFoundException", f"Project cannot be found: {arn}")
    return item


def service_role(tx: Transaction, scope: Scope, arn: str) -> Role:
    """The role of a build, if CodeBuild may assume it. ``ServiceError``: ``InvalidInputException``.

    What the role permits is not evaluated.
    """
    role = find_role(tx, scope, arn)
    if role is None or not trusts_service(role, SERVICE):
        raise ServiceError(
            INVALID, f"CodeBuild is not authorized to perform: sts:AssumeRole on {arn}"
        )
    return role
