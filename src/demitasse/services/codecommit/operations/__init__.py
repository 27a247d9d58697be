"""The API of CodeCommit. What is not here (pull requests, approval rules, comments, merges) is
refused by name.
"""

from demitasse.services.codecommit.operations import (
    branches,
    commits,
    committing,
    files,
    repositories,
    tags,
    triggers,
)
from demitasse.services.codecommit.operations.api import api

__all__ = [
    "api",
    "branches",
    "commits",
    "committing",
    "files",
    "repositories",
    "tags",
    "triggers",
]
