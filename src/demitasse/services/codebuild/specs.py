"""A build's container, its variables and its image: values only."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from demitasse import git_credential
from demitasse.api import Scope
from demitasse.engines.containers.spec import (
    KIND_LABEL,
    Bind,
    ContainerSpec,
    HostNetwork,
    Mount,
    Volume,
    VolumeSpec,
)
from demitasse.engines.workspaces import Workspace
from demitasse.errors import DemitasseError
from demitasse.services.codebuild.buildspec import Buildspec
from demitasse.services.codebuild.records import (
    COMPUTE_TYPES,
    BuildItem,
    Source,
    build_arn,
    project_arn,
)
from demitasse.services.codebuild.script import History
from demitasse.services.codecommit.records import PATH
from demitasse.services.sts.records import Session
from demitasse.store import Ref

BUILD_LABEL = "demitasse.build"
CACHE_LABEL = "demitasse.build-cache"
CACHE = "/codebuild/local-cache"
IMAGE = "demitasse/codebuild:1"
"""Stands in for the images that AWS curates."""

RUNTIMES = {"python": ("3.13",), "docker": ("20", "26")}
"""What of AWS's runtimes is in it."""

_CREDENTIAL_HELPER = (
    "!f() { test $1 = get && aws codecommit credential-helper --ignore-host-check get; }; f"
)
_GIB = 1024**3


class UnknownRuntime(DemitasseError):
    """A runtime, or a version of it, that the image does not have."""


@dataclass(frozen=True, slots=True)
class GitLogin:
    """With what a build signs in to CodeCommit at a moment."""

    access_key_id: str
    session: Session
    region: str
    now: datetime


def curated(image: str) -> bool:
    """Whether an image is one of AWS's own."""
    return image.startswith("aws/codebuild/")


def workspace_name(build_id: str) -> str:
    """The name of a build's workspace: the unique part of its id."""
    return build_id.rpartition(":")[2]


def source_folder(item: BuildItem) -> str:
    """Where AWS says that a build's source is: what is said of it names no folder of the machine."""
    number = int(workspace_name(item.key).replace("-", ""), 16) % 10**9
    return f"/codebuild/output/src{number:09d}/src"


def container_name(build_id: str) -> str:
    """The name of a build's container in the engine."""
    return f"demitasse-build-{workspace_name(build_id)}"


def parts(item: BuildItem) -> tuple[str, ...]:
    """The parts of a build's workspace: one for each source."""
    secondary = item.desired.settings.secondary_sources
    return ("source", *(f"source-{each.identifier}" for each in secondary))


def cache_volume(item: BuildItem, installation: str) -> VolumeSpec:
    """The volume that keeps a project's cached folders."""
    scope, own = item.scope, item.desired
    words = (scope.account, scope.region, own.project, str(own.cache_epoch))
    return VolumeSpec(
        name=f"demitasse-{installation}-cache-{'-'.join(words)}",
        labels={KIND_LABEL: "build-cache", CACHE_LABEL: "/".join(words)},
    )


def cache_owner(labels: Mapping[str, str]) -> tuple[Ref, int] | None:
    """Of a volume with cached folders: the project, and which of its caches; else ``None``."""
    if CACHE_LABEL not in labels:
        return None
    account, region, project, epoch = labels[CACHE_LABEL].split("/")
    return Ref(Scope(account, region), project), int(epoch)


def container(
    item: BuildItem,
    workspace: Workspace,
    *,
    image: str,
    docker_socket: str,
    processors: float | None,
    cache: VolumeSpec | None,
) -> ContainerSpec:
    """The container of a build, on the machine's own network (docs/design/0015-builds.md)."""
    environment = item.desired.settings.environment
    cpu, memory = COMPUTE_TYPES[environment.compute_type]
    # Its folders one by one, and what the platform tells it read-only: so a build can neither
    # change nor replace what the platform goes by.
    writable = ("control/out", *parts(item))
    mounts: list[Mount] = [
        Bind(workspace.part("control"), workspace.part("control"), read_only=True),
        *(Bind(workspace.part(each), workspace.part(each)) for each in writable),
    ]
    if environment.privileged:
        mounts.append(Bind(docker_socket, "/var/run/docker.sock"))
    if cache is not None:
        mounts.append(Volume(cache.name, CACHE))
    control = workspace.part("control")
    return ContainerSpec(
        name=container_name(item.key),
        image=image,
        labels={KIND_LABEL: "build", BUILD_LABEL: build_arn(item.scope, item.key)},
        entrypoint=("/bin/sh",),
        command=(f"{control}/agent.sh", control),
        network=HostNetwork(),
        mounts=tuple(mounts),
        cpu=cpu if processors is None else min(cpu, processors),
        memory_bytes=memory * _GIB,
        user="0:0",
        workdir=workspace.part("source"),
    )


def variables(
    item: BuildItem,
    spec: Buildspec,
    workspace: Workspace,
    *,
    endpoint: str,
    access_key_id: str,
    session: Session,
) -> dict[str, str]:
    """The environment of a build's commands ("Environment variables in build environments").

    The project's variables go before those of the buildspec; CodeBuild's own cannot be set.
    """
    settings, region = item.desired.settings, item.scope.region
    began = item.observed.started_at or item.desired.created_at
    found = dict(spec.variables)
    found |= {each.name: each.value for each in settings.environment.variables}
    if spec.credential_helper:
        found |= {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "credential.helper",
            "GIT_CONFIG_VALUE_0": _CREDENTIAL_HELPER,
            "GIT_CONFIG_KEY_1": "credential.UseHttpPath",
            "GIT_CONFIG_VALUE_1": "true",
        }
    address = settings.source.told
    if settings.source.type == "S3":
        address = "s3://" + address.removeprefix("arn:aws:s3:::")
    found |= {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.token,
        "CI": "true",
        "CODEBUILD_BUILD_ARN": build_arn(item.scope, item.key),
        "CODEBUILD_BUILD_ID": item.key,
        "CODEBUILD_BUILD_IMAGE": settings.environment.image,
        "CODEBUILD_BUILD_NUMBER": str(item.desired.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_CI": "true",
        "CODEBUILD_INITIATOR": item.desired.initiator,
        "CODEBUILD_KMS_KEY_ID": key_id(item),
        "CODEBUILD_PROJECT_ARN": project_arn(item.scope, item.desired.project),
        "CODEBUILD_SRC_DIR": workspace.part("source"),
        "CODEBUILD_START_TIME": str(int(began.timestamp() * 1000)),
    }
    sometimes = {
        "CODEBUILD_LOG_PATH": item.observed.log_stream,
        "CODEBUILD_RESOLVED_SOURCE_VERSION": item.observed.resolved_version,
        "CODEBUILD_SOURCE_REPO_URL": address,
        "CODEBUILD_SOURCE_VERSION": settings.told_version,
    }
    found |= {name: value for name, value in sometimes.items() if value}
    for source in settings.secondary_sources:
        # An artifact's name may have a dash, which a shell's variable cannot.
        name = re.sub(r"\W", "_", source.identifier)
        found[f"CODEBUILD_SRC_DIR_{name}"] = workspace.part(f"source-{source.identifier}")
        found[f"CODEBUILD_SOURCE_VERSION_{name}"] = source.version
    return found


def history(
    source: Source, folder: str, commit: str, *, endpoint: str, credentials: GitLogin
) -> History:
    """How a source of CODECOMMIT becomes a clone in its container, not only a copy."""
    path = PATH + source.location.rpartition(PATH)[2]
    host = endpoint.partition("://")[2]
    user = git_credential.user(credentials.access_key_id, credentials.session.token)
    password = git_credential.password(
        credentials.session.secret_access_key, credentials.region, host, path, credentials.now
    )
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    return History(
        folder, endpoint + path, commit, f"Authorization: Basic {login}", source.clone_depth or 0
    )


def key_id(item: BuildItem) -> str:
    """The encryption key: the build's, else AWS's own for S3."""
    return item.desired.settings.encryption_key or item.scope.arn("kms", "alias/aws/s3")


def check_runtimes(runtimes: dict[str, str], image: str) -> None:
    """Whether the image has what is asked for. ``UnknownRuntime``, in CodeBuild's words."""
    if not runtimes:
        return
    if not curated(image):
        raise UnknownRuntime(
            f"runtime-versions cannot be used with the image {image}: they choose among the"
            " runtimes of the images that AWS curates"
        )
    for name, version in runtimes.items():
        versions = RUNTIMES.get(name)
        if versions is None:
            raise UnknownRuntime(
                f"Unknown runtime named '{name}'. This build image has the following runtimes:"
                f" {', '.join(sorted(RUNTIMES))}"
            )
        plain = version.removesuffix(".x")
        if plain == "latest" or any(f"{each}.".startswith(f"{plain}.") for each in versions):
            continue
        raise UnknownRuntime(
            f"Unknown runtime version named '{version}' of {name}. This build image has the"
            f" following versions: {', '.join(versions)}"
        )
