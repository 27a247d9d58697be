"""The API of CodeCommit. What is not here (pull requests, approval rules, comments) is refused
by name; lists of it are empty.
"""

from demitasse.services.codecommit.operations import (
    absent,
    branches,
    commits,
    committing,
    conflicts,
    files,
    lines,
    merges,
    repositories,
    tags,
    triggers,
)
from demitasse.services.codecommit.operations.api import api

__all__ = [
    "absent",
    "api",
    "branches",
    "commits",
    "committing",
    "conflicts",
    "files",
    "lines",
    "merges",
    "repositories",
    "tags",
    "triggers",
]
