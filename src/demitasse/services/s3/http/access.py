"""Who may reach a bucket: its owner alone. So are new buckets on AWS, and here no bucket changes.

There are no access control lists and no policies. Settings that keep others out are kept as they
are given, and have nothing to do.
"""

from __future__ import annotations

import msgspec

from demitasse.errors import ServiceError
from demitasse.services.s3 import errors
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.buckets import owner
from demitasse.services.s3.http.receiving import document
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.http.writing import no_acls
from demitasse.services.s3.records import BUCKETS, GLOBAL, PUBLIC_ACCESS
from demitasse.store import Ref

_ENFORCED = "BucketOwnerEnforced"


async def acl(visit: Visit) -> Answer:
    """Everything belongs to the account, and to it alone."""
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        if visit.key:
            visit.version(tx)
    who = owner(visit.account)
    grantee = xml.Typed("CanonicalUser", who)
    grant: list[xml.Element] = [("Grantee", grantee), ("Permission", "FULL_CONTROL")]
    return Answer.xml(
        "AccessControlPolicy", [("Owner", who), ("AccessControlList", [("Grant", grant)])]
    )


async def put_acl(visit: Visit) -> Answer:
    """``AccessControlListNotSupported``: buckets are as BucketOwnerEnforced has them."""
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        if visit.key:
            visit.version(tx)
    raise no_acls()


async def ownership(visit: Visit) -> Answer:
    """What is in a bucket is its owner's."""
    with visit.store.transaction() as tx:
        visit.bucket(tx)
    return Answer.xml("OwnershipControls", [("Rule", [("ObjectOwnership", _ENFORCED)])])


async def put_ownership(visit: Visit) -> Answer:
    """Say once more that what is in a bucket is its owner's."""
    given = await document(visit, "OwnershipControls")
    for rule in given.all("Rule"):
        if rule.need("ObjectOwnership").strip() != _ENFORCED:
            raise errors.not_implemented(f"Object ownership other than {_ENFORCED}")
    with visit.store.transaction() as tx:
        visit.bucket(tx)
    return Answer()


async def public_access(visit: Visit) -> Answer:
    """What of public access is blocked: all of it, unless told otherwise."""
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
    if bucket.public_access is None:
        raise ServiceError(
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
            status=404,
            BucketName=bucket.name,
        )
    blocked = [(name, name in bucket.public_access) for name in PUBLIC_ACCESS]
    return Answer.xml("PublicAccessBlockConfiguration", blocked)


async def put_public_access(visit: Visit) -> Answer:
    """Keep what shall be blocked. Nothing is public, whatever is blocked."""
    given = await document(visit, "PublicAccessBlockConfiguration")
    _keep(visit, tuple(name for name in PUBLIC_ACCESS if _is_true(given.get(name))))
    return Answer()


async def delete_public_access(visit: Visit) -> Answer:
    """Forget what shall be blocked."""
    _keep(visit, None)
    return Answer(204)


def _keep(visit: Visit, blocked: tuple[str, ...] | None) -> None:
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
        kept = msgspec.structs.replace(bucket, public_access=blocked)
        tx.desire(BUCKETS, Ref(GLOBAL, bucket.name), kept)


def _is_true(text: str | None) -> bool:
    plain = (text or "false").strip().lower()
    if plain not in ("true", "false"):
        raise errors.malformed_xml()
    return plain == "true"
