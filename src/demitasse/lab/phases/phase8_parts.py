"""What all pipelines of phase 8 have in common."""

from __future__ import annotations

from demitasse.lab import names
from demitasse.lab.workspace import Workspace


def make_bucket(lab: Workspace) -> None:
    """Create the bucket for artifacts unless it is there."""
    bucket = names.artifact_bucket(lab.account())
    if not lab.has_bucket(bucket):
        where = (
            {}
            if lab.session.region_name == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": lab.session.region_name}}
        )
        lab.client("s3").create_bucket(Bucket=bucket, **where)


def artifact_store(lab: Workspace) -> dict[str, str]:
    """Where a pipeline keeps its artifacts."""
    return {"type": "S3", "location": names.artifact_bucket(lab.account())}


def action_type(category: str, provider: str) -> dict[str, str]:
    """One of AWS's own kinds of action."""
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
