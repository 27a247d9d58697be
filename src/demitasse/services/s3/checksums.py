"""Checksums of S3: the ETag's MD5, Content-MD5, and the x-amz-checksum-… family."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Iterable
from typing import Protocol

from demitasse.services.s3 import errors
from demitasse.services.s3.polynomials import CRC32, CRC32C, CRC64NVME, Crc
from demitasse.services.s3.records import Checksum


class Digest(Protocol):
    """What hashlib's objects do."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""

    def digest(self) -> bytes:
        """The digest of all so far."""


class _Crc:
    """A CRC in the manner of hashlib."""

    def __init__(self, width: int, update: Callable[[int, bytes], int]) -> None:
        self._size, self._update = width // 8, update
        self._crc = 0

    def update(self, data: bytes) -> None:
        self._crc = self._update(self._crc, data)

    def digest(self) -> bytes:
        return self._crc.to_bytes(self._size, "big")


ALGORITHMS: dict[str, Callable[[], Digest]] = {
    "CRC32": lambda: _Crc(32, lambda crc, data: zlib.crc32(data, crc)),
    "CRC32C": lambda: _Crc(32, CRC32C.update),
    "CRC64NVME": lambda: _Crc(64, CRC64NVME.update),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
}
"""By the names of AWS's ChecksumAlgorithm."""
HEADERS = "x-amz-checksum-(" + "|".join(name.lower() for name in ALGORITHMS) + ")"
"""The headers that they are given in: a regular expression."""

_CRCS: dict[str, Crc] = {"CRC32": CRC32, "CRC32C": CRC32C, "CRC64NVME": CRC64NVME}
FULL_OBJECT, COMPOSITE = "FULL_OBJECT", "COMPOSITE"


class Hashes:
    """Everything that is wanted of bytes as they pass by: MD5, SHA-256 and one more at most."""

    def __init__(self, algorithm: str = "") -> None:
        self.algorithm = algorithm
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        further = ALGORITHMS[algorithm]() if algorithm and algorithm != "SHA256" else None
        self._further: Digest = further or self._sha256
        self._all: tuple[Digest, ...] = (self._md5, self._sha256)
        if further is not None:
            self._all += (further,)

    def update(self, data: bytes) -> None:
        """Take in more bytes."""
        self.size += len(data)
        for each in self._all:
            each.update(data)

    @property
    def sha256(self) -> str:
        """In hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def md5(self) -> bytes:
        """As it is."""
        return self._md5.digest()

    @property
    def etag(self) -> str:
        """The ETag of these bytes as one object, or part."""
        return self._md5.hexdigest()

    @property
    def checksum(self) -> Checksum | None:
        """The further checksum, if one was wanted."""
        if not self.algorithm:
            return None
        return Checksum(self.algorithm, base64.b64encode(self._further.digest()).decode())


def stated(values: dict[str, str]) -> tuple[str, str]:
    """Algorithm and value of the ``x-amz-checksum-…`` header among ``values``; "" for none.

    Raises ``ServiceError`` when there are several, or it is not one.
    """
    found = {
        algorithm: values[name]
        for algorithm in ALGORITHMS
        if (name := f"x-amz-checksum-{algorithm.lower()}") in values
    }
    if len(found) > 1:
        raise errors.invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    for algorithm, value in found.items():
        if len(decoded(value)) != len(ALGORITHMS[algorithm]().digest()):
            raise errors.invalid_request(
                f"Value for x-amz-checksum-{algorithm.lower()} header is invalid."
            )
        return algorithm, value
    return "", ""


def decoded(value: str) -> bytes:
    """Bytes from base64; none when it is not base64."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""


def etag_of_parts(etags: Iterable[str]) -> str:
    """The ETag of an object that was uploaded in parts."""
    digests = [bytes.fromhex(etag) for etag in etags]
    whole = hashlib.md5(b"".join(digests), usedforsecurity=False)
    return f"{whole.hexdigest()}-{len(digests)}"


def checksum_of_parts(algorithm: str, type_: str, parts: Iterable[tuple[str, int]]) -> Checksum:
    """The checksum of an object, from the checksums and sizes of its parts in order."""
    values = [(decoded(value), size) for value, size in parts]
    if type_ == COMPOSITE:
        whole = ALGORITHMS[algorithm]()
        whole.update(b"".join(value for value, _ in values))
        value = f"{base64.b64encode(whole.digest()).decode()}-{len(values)}"
        return Checksum(algorithm, value, COMPOSITE)
    crc, total = _CRCS[algorithm], 0
    for value_, size in values:
        total = crc.combine(total, int.from_bytes(value_, "big"), size)
    encoded = base64.b64encode(total.to_bytes(crc.width // 8, "big")).decode()
    return Checksum(algorithm, encoded, FULL_OBJECT)


def checksum_type(algorithm: str, asked: str) -> str:
    """How an upload's parts make up its checksum. ``ServiceError`` when they cannot so."""
    if not algorithm:
        if asked:
            raise errors.invalid_request(
                "The x-amz-checksum-type header can only be used with the"
                " x-amz-checksum-algorithm header."
            )
        return ""
    chosen = asked or (FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE)
    possible = {
        FULL_OBJECT: algorithm in _CRCS,
        COMPOSITE: algorithm != "CRC64NVME",
    }
    if chosen not in possible:
        raise errors.invalid_request("Value for x-amz-checksum-type header is invalid.")
    if not possible[chosen]:
        raise errors.invalid_request(
            f"The {chosen} checksum type cannot be used with the {algorithm.lower()} checksum"
            " algorithm."
        )
    return chosen
