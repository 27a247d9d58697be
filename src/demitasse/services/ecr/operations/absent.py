"""What nobody can make in ECR here: scans, pull-through caches, templates, replication."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.absent import Absent
from demitasse.services.base import Context
from demitasse.services.ecr.operations.base import api, named, place, within
from demitasse.services.ecr.operations.images import NOT_SCANNED, by_id, not_found

_none = Absent(
    api,
    page="nextToken",
    wrong_page="InvalidParameterException",
    sentence="The {what} '{name}' does not exist in this registry",
)

_none.lists(
    "DescribePullThroughCacheRules",
    "pull through cache rule",
    "pullThroughCacheRules",
    ecrRepositoryPrefixes="PullThroughCacheRuleNotFoundException",
)
_none.lists(
    "DescribeRepositoryCreationTemplates",
    "repository creation template",
    "repositoryCreationTemplates",
)
_none.lists("ListReplicationBackfills", "replication backfill", "backfills")
_none.lists(
    "DescribeReplicationBackfillResults",
    "replication backfill",
    "results",
    replicationBackfillId="ReplicationBackfillNotFoundException",
)


@api.operation("DescribeImageScanFindings")
def describe_image_scan_findings(context: Context, given: Input) -> Output:
    """Nothing is scanned: ``ScanNotFoundException``, or that the scan at the push has failed."""
    where = named(context, given)
    image = by_id(context, where, given["imageId"])
    if image is None:
        raise not_found(where, given["imageId"])
    if where.desired.scan_on_push:
        return {**place(where), "imageId": given["imageId"], "imageScanStatus": NOT_SCANNED}
    raise ServiceError(
        "ScanNotFoundException",
        f"Image scan does not exist for the image with '{image.desired.digest}' in {within(where)}",
    )
