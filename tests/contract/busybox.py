"""An image of two megabytes for tests with containers: BusyBox, and nothing to pull."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = f"demitasse-test/busybox:{os.getpid()}"
BUSYBOX = ("apt-get", "download", "busybox-static")
"""Run in an empty folder; leaves one .deb there."""


@contextmanager
def image() -> Iterator[str]:
    """The image's name; it is gone afterwards."""
    labels = "LABEL demitasse.installation=test demitasse.kind=test-image"
    path = "ENV PATH=/bin"
    subprocess.run(
        ["docker", "import", "--change", labels, "--change", path, "-", NAME],
        input=_files(_program()),
        check=True,
        capture_output=True,
    )
    try:
        yield NAME
    finally:
        subprocess.run(["docker", "image", "rm", "--force", NAME], check=True, capture_output=True)


def _program() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(BUSYBOX, cwd=folder, check=False, capture_output=True).returncode:
            subprocess.run(["apt-get", "update"], check=True, capture_output=True)
            subprocess.run(BUSYBOX, cwd=folder, check=True, capture_output=True)
        (package,) = Path(folder).glob("*.deb")
        files = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", str(package)], check=True, capture_output=True
        ).stdout
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        for name in ("./bin/busybox", "./usr/bin/busybox"):
            if name in archive.getnames():
                program = archive.extractfile(name)
                assert program is not None
                return program.read()
    raise AssertionError("the package busybox-static holds no busybox")


def _files(program: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        busybox = Path(folder) / "busybox"
        busybox.write_bytes(program)
        busybox.chmod(0o755)
        listed = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    files = io.BytesIO()
    with tarfile.open(fileobj=files, mode="w") as archive:
        entry = tarfile.TarInfo("bin/busybox")
        entry.mode, entry.size = 0o755, len(program)
        archive.addfile(entry, io.BytesIO(program))
        for applet in set(listed.stdout.split()) - {"busybox"}:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        for name in ("tmp", "usr", "etc"):
            folder_entry = tarfile.TarInfo(name)
            folder_entry.type, folder_entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(folder_entry)
    return files.getvalue()
