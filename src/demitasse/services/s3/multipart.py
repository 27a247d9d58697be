"""Uploads in parts: begun, filled, and made one object or forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.s3 import errors
from demitasse.services.s3.checksums import (
    COMPOSITE,
    FULL_OBJECT,
    checksum_of_parts,
    etag_of_parts,
)
from demitasse.services.s3.records import (
    GLOBAL,
    PARTS,
    UPLOADS,
    VERSIONS,
    Bucket,
    Checksum,
    Part,
    Piece,
    Upload,
    Version,
    object_key,
    part_key,
)
from demitasse.store import Item, Ref, Transaction
from demitasse.store.kinds import Nothing

SMALLEST_PART = 5 * 2**20


@dataclass(frozen=True, slots=True)
class Named:
    """A part as the caller names it to complete an upload; ``checksum`` base64, or ""."""

    number: int
    etag: str
    checksum: str = ""


def begin(tx: Transaction, upload: Upload, ids: Ids) -> Upload:
    """Begin an upload; returns it with its id. Ids of one key sort in the order of beginning."""
    number = tx.next(GLOBAL, "s3.upload")
    upload = msgspec.structs.replace(upload, upload_id=f"{number:012x}{ids.secret(52)}")
    tx.create(UPLOADS, GLOBAL, object_key(upload.bucket, upload.key) + upload.upload_id, upload)
    return upload


def find(tx: Transaction, bucket: Bucket, key: str, upload_id: str) -> Item[Upload, Nothing]:
    """An open upload. ``ServiceError`` (NoSuchUpload)."""
    found = tx.get(UPLOADS, GLOBAL, object_key(bucket.name, key) + upload_id)
    if found is None or not upload_id:
        raise errors.no_such_upload(upload_id)
    return found


def keep_part(tx: Transaction, part: Part) -> None:
    """Keep a part; one with the same number is replaced."""
    key = part_key(part.upload_id, part.number)
    if tx.get(PARTS, GLOBAL, key) is None:
        tx.create(PARTS, GLOBAL, key, part)
    else:
        tx.desire(PARTS, Ref(GLOBAL, key), part)


def parts(tx: Transaction, upload_id: str, *, after: int = 0, limit: int = -1) -> list[Part]:
    """The parts of an upload by number, beyond ``after``."""
    page = tx.page(
        PARTS,
        GLOBAL,
        prefix=f"{upload_id}/",
        after=part_key(upload_id, after) if after else "",
        limit=limit,
    )
    return [item.desired for item in page]


def forget(tx: Transaction, upload: Item[Upload, Nothing]) -> None:
    """Forget an upload and its parts; their bytes are swept up later."""
    for part in parts(tx, upload.desired.upload_id):
        tx.delete(PARTS, Ref(GLOBAL, part_key(part.upload_id, part.number)))
    tx.delete(UPLOADS, upload.ref)


def completed(
    tx: Transaction, bucket: Bucket, key: str, upload_id: str, named: Sequence[Named]
) -> Version | None:
    """The object that an upload was made when it was completed with these very parts.

    ``None`` when it was not, or the object is no more.
    """
    found = tx.one(VERSIONS, GLOBAL, "upload", upload_id)
    if found is None or (found.desired.bucket, found.desired.key) != (bucket.name, key):
        return None
    try:
        etag = etag_of_parts(each.etag for each in named)
    except ValueError:  # not even hexadecimal
        return None
    return found.desired if found.desired.etag == etag else None


def whole(tx: Transaction, upload: Upload, named: Sequence[Named]) -> Version:
    """The object that the named parts make. ``ServiceError`` when they make none."""
    chosen = _chosen(tx, upload, named)
    for part in chosen[:-1]:
        if part.size < SMALLEST_PART:
            raise ServiceError(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
                status=400,
                ProposedSize=str(part.size),
                MinSizeAllowed=str(SMALLEST_PART),
                PartNumber=str(part.number),
                ETag=part.etag,
            )
    return Version(
        upload.bucket,
        upload.account,
        upload.key,
        "",
        upload.initiated_at,
        size=sum(part.size for part in chosen),
        etag=etag_of_parts(part.etag for part in chosen),
        pieces=tuple(
            Piece(part.digest, part.size, part.checksum.value if part.checksum else "")
            for part in chosen
        ),
        parts=len(chosen),
        headers=upload.headers,
        metadata=upload.metadata,
        tags=upload.tags,
        checksum=_checksum(upload, chosen),
        upload_id=upload.upload_id,
    )


def _chosen(tx: Transaction, upload: Upload, named: Sequence[Named]) -> list[Part]:
    kept = {part.number: part for part in parts(tx, upload.upload_id)}
    chosen: list[Part] = []
    for each in named:
        if chosen and each.number <= chosen[-1].number:
            raise ServiceError(
                "InvalidPartOrder",
                "The list of parts was not in ascending order. Parts must be ordered by part"
                " number.",
                status=400,
                UploadId=upload.upload_id,
            )
        part = kept.get(each.number)
        promised = part.checksum.value if part and part.checksum else each.checksum
        if part is None or part.etag != each.etag or each.checksum not in ("", promised):
            raise ServiceError(
                "InvalidPart",
                "One or more of the specified parts could not be found. The part may not have been"
                " uploaded, or the specified entity tag may not match the part's entity tag.",
                status=400,
                UploadId=upload.upload_id,
                PartNumber=str(each.number),
                ETag=each.etag,
            )
        chosen.append(part)
    return chosen


def _checksum(upload: Upload, chosen: Sequence[Part]) -> Checksum | None:
    """The object's checksum: asked for at the beginning, or made because all parts have one."""
    given = [part.checksum for part in chosen if part.checksum is not None]
    algorithms = {each.algorithm for each in given}
    if len(given) < len(chosen) or len(algorithms) != 1:
        return None
    algorithm = algorithms.pop()
    type_ = upload.checksum_type or (FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE)
    sizes = [part.size for part in chosen]
    return checksum_of_parts(
        algorithm, type_, zip([each.value for each in given], sizes, strict=True)
    )
