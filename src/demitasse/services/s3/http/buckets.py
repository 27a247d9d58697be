"""Buckets themselves: made, found, listed, deleted."""

from __future__ import annotations

import hashlib
import ipaddress
import re

from demitasse.errors import ServiceError
from demitasse.services.s3 import errors, multipart
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer, moment
from demitasse.services.s3.http.numbers import number
from demitasse.services.s3.http.receiving import Incoming
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.http.writing import refuse_acl
from demitasse.services.s3.records import (
    BUCKETS,
    GLOBAL,
    UPLOADS,
    VERSIONS,
    Bucket,
    find_bucket,
)
from demitasse.store import Ref

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_RESERVED = re.compile(r"xn--.*|sthree-.*|amzn-s3-demo-.*|.*-s3alias|.*--ol-s3|.*--x-s3|.*\.mrap")
_CLASSIC = "us-east-1"
_MOST_BUCKETS = 10_000
_MOST_DIRECTORY_BUCKETS = 1000
_BODY_LIMIT = 64 * 1024


async def create(visit: Visit) -> Answer:
    """A new bucket, where ``LocationConstraint`` says; its name is one for all accounts."""
    name, headers = visit.request.bucket, visit.request.headers
    refuse_acl(headers)
    if headers.get("x-amz-bucket-object-lock-enabled", "false").lower() != "false":
        raise errors.not_implemented("Object Lock")
    if headers.get("x-amz-object-ownership", "BucketOwnerEnforced") != "BucketOwnerEnforced":
        raise errors.not_implemented("Object ownership other than BucketOwnerEnforced")
    body = await Incoming(visit).whole(_BODY_LIMIT)
    _check_name(name)
    region, tags = _configuration(body, visit.signed.region)
    with visit.store.transaction() as tx:
        other = find_bucket(tx, name)
        if other is None:
            bucket = Bucket(name, visit.account, region, visit.clock.now(), tags=tags)
            tx.create(BUCKETS, GLOBAL, name, bucket)
        elif other.account != visit.account:
            raise ServiceError(
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by"
                " all users of the system. Please select a different name and try again.",
                status=409,
                BucketName=name,
            )
        elif other.region != _CLASSIC or region != _CLASSIC:  # there it is no error, as ever
            raise ServiceError(
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own"
                " it.",
                status=409,
                BucketName=name,
            )
    return Answer(200, {"Location": f"/{name}"})


async def head(visit: Visit) -> Answer:
    """Whether there is such a bucket, and where."""
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
    return Answer(
        200,
        {
            "Content-Type": "application/xml",
            "x-amz-bucket-region": bucket.region,
            "x-amz-access-point-alias": "false",
            "x-amz-bucket-arn": f"arn:aws:s3:::{bucket.name}",
        },
    )


async def delete(visit: Visit) -> Answer:
    """Delete a bucket that holds no version and no delete marker; open uploads end with it."""
    name = visit.request.bucket
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        if tx.page(VERSIONS, GLOBAL, prefix=f"{name}/", limit=1):
            raise ServiceError(
                "BucketNotEmpty",
                "The bucket you tried to delete is not empty",
                status=409,
                BucketName=name,
            )
        for upload in tx.page(UPLOADS, GLOBAL, prefix=f"{name}/"):
            multipart.forget(tx, upload)
        tx.delete(BUCKETS, Ref(GLOBAL, name))
    return Answer(204)


async def list_buckets(visit: Visit) -> Answer:
    """The buckets of the caller's account, of all regions."""
    query = visit.request.query
    limit = query.get("max-buckets", str(_MOST_BUCKETS))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:6]) <= _MOST_BUCKETS):
        raise errors.invalid_argument(
            f"Argument max-buckets must be an integer between 1 and {_MOST_BUCKETS}",
            "max-buckets",
            limit,
        )
    most, prefix = int(limit), query.get("prefix", "")
    wanted = query.get("bucket-region")
    after = query.get("continuation-token", "")
    found: list[Bucket] = []
    with visit.store.transaction() as tx:
        while len(found) <= most:
            page = tx.page(
                BUCKETS,
                GLOBAL,
                where=("account", visit.account),
                prefix=prefix,
                after=after,
                limit=most + 1,
            )
            found += [each.desired for each in page if wanted in (None, each.desired.region)]
            if len(page) <= most:
                break
            after = page[-1].key
    shown, more = found[:most], len(found) > most
    content: list[xml.Element] = [
        ("Owner", owner(visit.account)),
        (
            "Buckets",
            [
                (
                    "Bucket",
                    [
                        ("Name", each.name),
                        ("CreationDate", moment(each.created_at)),
                        ("BucketRegion", each.region),
                        ("BucketArn", f"arn:aws:s3:::{each.name}"),
                    ],
                )
                for each in shown
            ],
        ),
        ("ContinuationToken", shown[-1].name if more else None),
        ("Prefix", prefix or None),
    ]
    return Answer.xml("ListAllMyBucketsResult", content)


async def list_directory_buckets(visit: Visit) -> Answer:
    """None: names of directory buckets are refused."""
    limit = visit.request.query.get("max-directory-buckets", "0")
    if number(limit, "max-directory-buckets") > _MOST_DIRECTORY_BUCKETS:
        raise errors.invalid_argument(
            f"Argument max-directory-buckets must be up to {_MOST_DIRECTORY_BUCKETS}",
            "max-directory-buckets",
            limit,
        )
    return Answer.xml("ListAllMyDirectoryBucketsResult", [("Buckets", "")])


def owner(account: str) -> list[xml.Element]:
    """The owner of what an account has, by the canonical id that S3 gives accounts."""
    return [("ID", hashlib.sha256(f"canonical user {account}".encode()).hexdigest())]


def _check_name(name: str) -> None:
    good = _NAME.fullmatch(name) and not _RESERVED.fullmatch(name)
    if good and not re.search(r"\.\.", name) and not _is_address(name):
        return
    raise ServiceError(
        "InvalidBucketName", "The specified bucket is not valid.", status=400, BucketName=name
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def _configuration(body: bytes, signed_region: str) -> tuple[str, dict[str, str]]:
    """Where the bucket shall be, and its tags."""
    constraint, tags = "", {}
    if body.strip():
        given = xml.parse(body, "CreateBucketConfiguration")
        for child in given.children():
            if child.name == "LocationConstraint":
                constraint = child.text.strip()
            elif child.name == "Tags":
                tags = {tag.need("Key"): tag.need("Value") for tag in child.all("Tag")}
            else:
                raise errors.not_implemented(f"CreateBucketConfiguration {child.name}")
    if constraint == "EU":
        constraint = "eu-west-1"
    if constraint == _CLASSIC or not re.fullmatch(r"[a-z0-9-]{0,32}", constraint):
        raise ServiceError(
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
            status=400,
            LocationConstraint=constraint,
        )
    if signed_region not in (_CLASSIC, constraint):
        raise ServiceError(
            "IllegalLocationConstraintException",
            f"The {constraint or 'unspecified'} location constraint is incompatible for the region"
            " specific endpoint this request was sent to.",
            status=400,
        )
    return constraint or _CLASSIC, tags
