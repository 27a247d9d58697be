"""The API that the other files of this folder fill, and what several of them need."""

from __future__ import annotations

import re
from collections.abc import Mapping

from demitasse.errors import ServiceError
from demitasse.services.base import Api

api = Api("codecommit")

_MOST_TAGS = 50
_NAME = re.compile(r"[\w.-]+", re.ASCII)
_BRANCH = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]+")


def check_name(name: str) -> str:
    """A repository's name if it is well formed, else ``InvalidRepositoryNameException``."""
    if not _NAME.fullmatch(name) or name.endswith(".git") or name in (".", ".."):
        raise ServiceError(
            "InvalidRepositoryNameException",
            f"{name} is not a valid repository name. Repository names can contain only letters,"
            " numbers, periods, underscores and dashes, up to 100, and cannot end in .git.",
        )
    return name


def check_branch(name: str) -> str:
    """A branch's name if git takes it, else ``InvalidBranchNameException``."""
    parts = name.split("/")
    wrong = (
        not _BRANCH.fullmatch(name)
        or ".." in name
        or "@{" in name
        or name in ("@", "HEAD")
        or name.startswith(("refs/", "-"))
        or any(not part or part.startswith(".") or part.endswith((".lock", ".")) for part in parts)
    )
    if wrong:
        raise ServiceError("InvalidBranchNameException", f"{name} is not a valid branch name")
    return name


def check_tags(tags: Mapping[str, str], kept: Mapping[str, str]) -> dict[str, str]:
    """``kept`` with ``tags`` added, within AWS's limits."""
    if any(key.lower().startswith("aws:") for key in tags):
        raise ServiceError(
            "InvalidSystemTagUsageException",
            "Tag keys that begin with aws: are reserved for AWS and cannot be added or removed.",
        )
    result = {**kept, **tags}
    if len(result) > _MOST_TAGS:
        raise ServiceError(
            "TooManyTagsException", f"A repository can have up to {_MOST_TAGS} tags."
        )
    return result
