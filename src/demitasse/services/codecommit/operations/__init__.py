"""The API of CodeCommit. What is not here (pull requests, approval rules, comments, merges) is
refused by name; lists of it are empty.
"""

from demitasse.services.codecommit.operations import (
    absent,
    branches,
    commits,
    committing,
    files,
    lines,
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
    "files",
    "lines",
    "repositories",
    "tags",
    "triggers",
]
