"""Where the sources of pipelines stand now, read from the records of their services."""

from __future__ import annotations

from demitasse.api import Scope
from demitasse.services.codecommit.records import find_repository
from demitasse.services.codepipeline.records.declarations import Action, Declaration
from demitasse.services.codepipeline.records.pipelines import follows, source_of
from demitasse.services.ecr.records import IMAGE_TAGS, tagged
from demitasse.services.s3.records import find_bucket, newest
from demitasse.store import Transaction

LATEST = "latest"


def current(tx: Transaction, scope: Scope, provider: str, given: dict[str, str]) -> str:
    """The revision at which a source of such a configuration stands: commit id, digest or object
    version; "": none.
    """
    if provider == "CodeCommit":
        repository = find_repository(tx, scope, given["RepositoryName"])
        branches = repository.observed.branches if repository else {}
        return branches.get(given["BranchName"], "")
    if provider == "ECR":
        tag = tx.get(
            IMAGE_TAGS, scope, tagged(given["RepositoryName"], given.get("ImageTag", LATEST))
        )
        return tag.desired.digest if tag else ""
    bucket = find_bucket(tx, given["S3Bucket"])
    if bucket is None or bucket.scope != scope:
        return ""
    version = newest(tx, given["S3Bucket"], given["S3ObjectKey"])
    if version is None or version.desired.delete_marker:
        return ""
    return f"{version.desired.version_id}"


def followed(declaration: Declaration) -> dict[str, Action]:
    """The source actions whose changes start the pipeline, by what they read."""
    found: dict[str, Action] = {}
    for _, action in declaration.actions():
        source = source_of(action)
        if source is not None and follows(action):
            found.setdefault(source, action)
    return found


def standing(tx: Transaction, scope: Scope, declaration: Declaration) -> dict[str, str]:
    """Each followed source with the revision at which it stands now."""
    return {
        source: current(tx, scope, action.provider, action.configuration)
        for source, action in followed(declaration).items()
    }
