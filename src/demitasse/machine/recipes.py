"""The base images as data: which there are, and the commands that make their stand-ins.

A stand-in keeps the official image's contract (paths, ports, environment variables, entrypoint)
under the official image's own name, is made of Debian's packages, and says so in its labels:

``demitasse.stand-in``            the name that it stands in for
``demitasse.stand-in.made-from``  the distribution and the packages with their versions
``demitasse.kind``                ``base-image``

An image that is built ``FROM`` a stand-in inherits these labels: who looks for stand-ins also
compares the image's name.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from demitasse.machine.debian import SUITE
from demitasse.machine.host import Host

KIND_LABEL = "demitasse.kind=base-image"
STAND_IN_LABEL = "demitasse.stand-in"
MADE_FROM_LABEL = "demitasse.stand-in.made-from"

OWN_PREFIX = "demitasse/"
"""How the names of images begin that no registry has."""

FOUNDATION = f"{OWN_PREFIX}debian:{SUITE}"
"""The image that the stand-ins share their first layer with."""


@dataclass(frozen=True, slots=True)
class BaseImage:
    """An image that others are made from, or that a part of the platform runs.

    ``recipe`` names the folder of its stand-in, ``package`` the Debian package whose version is
    the image's own, and ``version_variable`` the environment variable in which the official image
    states it. ``official`` is false for an image that no registry has. ``base`` is the image that
    its recipe begins with, if that is not the foundation. ``version_file`` says the version in an
    image that is too small to hold Debian's database of packages.
    """

    name: str
    recipe: str
    package: str
    version_variable: str = ""
    official: bool = True
    base: str = ""
    version_file: str = ""


PYTHON = BaseImage("python:3.13-slim", "python", "python3", "PYTHON_VERSION")
HAPROXY = BaseImage("haproxy:3.0", "haproxy", "haproxy", "HAPROXY_VERSION")
MARIADB = BaseImage("mariadb:11.8", "mariadb", "mariadb-server-core", "MARIADB_VERSION")
PAUSE = BaseImage(
    "demitasse/pause:2",
    "pause",
    "nftables",
    official=False,
    base=PYTHON.name,
    version_file="/version",
)
CODEBUILD = BaseImage(
    "demitasse/codebuild:1", "codebuild", "docker-cli", official=False, base=PYTHON.name
)

PLATFORM = (PAUSE, HAPROXY, PYTHON, MARIADB, CODEBUILD)
"""What the platform and the coffee suppliers need."""

KNOWN = PLATFORM
"""Every image that can be ensured."""

LIST_MADE = (
    "docker",
    "image",
    "ls",
    "--filter",
    f"label={KIND_LABEL}",
    "--format",
    "{{.Repository}}:{{.Tag}}",
)
"""Answers the names of stand-ins, and of images built from them."""


PRUNE_STAGES = (
    "docker", "image", "prune", "--force", "--filter", "label=demitasse.stand-in.stage"
)  # fmt: skip
"""Removes what the building of a stand-in in stages leaves without a name."""


def remove_argv(name: str) -> tuple[str, ...]:
    """Removes an image; fails when a container uses it."""
    return ("docker", "image", "rm", name)


def present_argv(name: str) -> tuple[str, ...]:
    """Answers the image's id; fails when it is not here."""
    return ("docker", "image", "inspect", "--format", "{{.Id}}", name)


def pull_argv(name: str) -> tuple[str, ...]:
    """Gets the image from its registry."""
    return ("docker", "pull", name)


def foundation_argv(host: Host, files: str) -> tuple[str, ...]:
    """Writes a minimal Debian as a tar to standard output.

    ``files`` is a folder whose content is put into it (``Host.files``). Documents, manual pages
    and translations are left out, as in the official slim images; licences stay.
    """
    options = [f"--aptopt={line}" for line in host.apt_options]
    excluded = ("man", "doc", "locale", "info", "lintian")
    options += [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in excluded]
    options += ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    return (
        "mmdebstrap",
        "--variant=minbase",
        "--include=ca-certificates",
        *options,
        f"--customize-hook=sync-in {files} /",
        '--customize-hook=chroot "$1" update-ca-certificates',
        SUITE,
        "-",
        *host.mirrors,
    )


def import_argv() -> tuple[str, ...]:
    """Makes an unnamed image from a tar on standard input; answers its id."""
    return (
        "docker",
        "import",
        "--change",
        'CMD ["bash"]',
        *_changes(labels(FOUNDATION, f"Debian {SUITE}")),
        "-",
    )


def build_argv(host: Host) -> tuple[str, ...]:
    """Builds an unnamed image from a context on standard input; answers its id.

    The build uses the machine's own network, so that it reaches whatever the machine reaches.
    """
    arguments = {"BASE": FOUNDATION, **dict(host.proxies)}
    return (
        "docker",
        "build",
        "--quiet",
        "--network",
        "host",
        *(part for item in arguments.items() for part in ("--build-arg", "=".join(item))),
        "-",
    )


def version_argv(image: BaseImage, built: str) -> tuple[str, ...]:
    """Answers the version of the package that a built image is about."""
    program, *arguments = (
        ("cat", image.version_file)
        if image.version_file
        else ("dpkg-query", "--show", "--showformat=${Version}", image.package)
    )
    return (
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        "--entrypoint",
        program,
        built,
        *arguments,
    )


def name_argv(image: BaseImage) -> tuple[str, ...]:
    """Names an image and labels it, by a Dockerfile on standard input (``naming``)."""
    return ("docker", "build", "--quiet", "--tag", image.name, "-")


def naming(image: BaseImage, built: str, version: str) -> bytes:
    """The Dockerfile that adds to a built image what it is and of what it is made.

    ``version`` is the Debian version of the image's package.
    """
    marks = labels(image.name, f"Debian {SUITE}: {image.package} {version}")
    lines = [f"FROM {built}", *(f'LABEL {name}="{value}"' for name, value in marks.items())]
    if image.version_variable:
        lines.append(f'ENV {image.version_variable}="{upstream(version)}"')
    return ("\n".join(lines) + "\n").encode()


def labels(name: str, made_from: str) -> dict[str, str]:
    """The labels of a stand-in."""
    kind, value = KIND_LABEL.split("=")
    return {kind: value, STAND_IN_LABEL: name, MADE_FROM_LABEL: made_from}


def upstream(version: str) -> str:
    """The version of the software in a Debian version: without epoch and revision."""
    without_epoch = version.rpartition(":")[2]
    return without_epoch.rpartition("-")[0] or without_epoch


def context(image: BaseImage) -> bytes:
    """The build context of an image's recipe as a tar, the same bytes each time."""
    folder = resources.files(__package__) / "stand_ins" / image.recipe
    files = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755 if name.endswith(".sh") else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _changes(marks: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        part for name, value in marks.items() for part in ("--change", f'LABEL {name}="{value}"')
    )
