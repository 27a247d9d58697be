"""The API of CodeCommit. What is not here (comments, approval rules) is refused by name; lists
of it are empty.
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
    pull_request_merges,
    pull_requests,
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
    "pull_request_merges",
    "pull_requests",
    "repositories",
    "tags",
    "triggers",
]
