"""Artifacts are zips: reading and writing them, in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

MOST_BYTES = 5 * 1024 * 1024
"""No template or definition file is larger."""
_WHEN = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip can name: the same content makes the same bytes."""


class Unreadable(Exception):
    """The zip, or what is wanted of it, cannot be read; the message says why."""


def pack(files: dict[str, bytes]) -> bytes:
    """A zip of files by their paths."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path, _WHEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return packed.getvalue()


def text_of(data: bytes, path: str) -> str:
    """A text file of a zip. ``Unreadable``."""
    with _opened(data) as archive:
        try:
            info = archive.getinfo(path)
        except KeyError:
            raise Unreadable(f"It holds no file {path}") from None
        if info.file_size > MOST_BYTES:
            raise Unreadable(f"Its file {path} is larger than {MOST_BYTES} bytes")
        try:
            return archive.read(info).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unreadable(f"Its file {path} is not UTF-8 text") from None
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
            raise Unreadable(f"Its file {path} cannot be unpacked: {error}") from None


def files_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of a zip, one after the other. ``Unreadable``."""
    with _opened(data) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            try:
                yield info.filename, archive.read(info)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
                raise Unreadable(f"Its file {info.filename} cannot be unpacked: {error}") from None


def _opened(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Unreadable(f"It is not a zip: {error}") from None
