"""Phase 3: the code of the two microservices in a repository."""

from __future__ import annotations

import shutil
from pathlib import Path

from demitasse.lab import names
from demitasse.lab.docker import LEFT_OUT
from demitasse.lab.errors import NotYet
from demitasse.lab.task import Phase, Task
from demitasse.lab.workspace import Workspace


def copy_code(lab: Workspace) -> None:
    """Copy each microservice's code into the working folder; what is there already stays."""
    for service in names.SERVICES:
        target = working_folder(lab) / service
        if not target.exists():
            _copy(lab.sources / service, target)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder; interrupted, it leaves no half of one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.parent.parent / f".{target.name}"
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(source, aside, ignore=shutil.ignore_patterns(*LEFT_OUT, "*.db"))
    aside.rename(target)


def check_code(lab: Workspace) -> None:
    """Both folders are there."""
    for service in names.SERVICES:
        if not (working_folder(lab) / service / "Dockerfile").exists():
            raise NotYet(f"{working_folder(lab) / service} does not hold the code of {service}")


def push_code(lab: Workspace) -> None:
    """Create the repository and push the code to its branch."""
    url = create_repository(lab, names.CODE_REPOSITORY, "Code of the two microservices")
    lab.git.publish(working_folder(lab), url, names.BRANCH, "the code of both microservices")


def check_pushed(lab: Workspace) -> None:
    """The branch is there."""
    if lab.branch_head(names.CODE_REPOSITORY, names.BRANCH) is None:
        raise NotYet(f"the repository {names.CODE_REPOSITORY} has no branch {names.BRANCH}")


def create_repository(lab: Workspace, name: str, description: str) -> str:
    """Make a repository unless it is there; its clone URL."""
    found = lab.git_repository(name)
    if found is None:
        found = lab.client("codecommit").create_repository(
            repositoryName=name, repositoryDescription=description
        )["repositoryMetadata"]
    return str(found["cloneUrlHttp"])


def working_folder(lab: Workspace) -> Path:
    """Where the microservices' repository is worked on."""
    return lab.folder / names.CODE_REPOSITORY


PHASE = Phase(
    3,
    "The code in a repository",
    "Le code dans un référentiel",
    (
        Task("3.3", "Two copies of the code", "Deux copies du code", copy_code, check_code),
        Task("3.4", "CodeCommit repository microservices", "Référentiel CodeCommit microservices",
             push_code, check_pushed),
    ),
)  # fmt: skip
