"""The API of CodeCommit. What is not here (templates of
approval rules, reactions) is refused by name.
"""

from demitasse.services.codecommit.operations import (
    approvals,
    branches,
    comments,
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
    "api",
    "approvals",
    "branches",
    "comments",
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
