"""S3 from outside: the ``aws s3`` commands, boto3 with threads, ``curl``, and ``kill -9``."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError
from tests.acceptance.conftest import Installation, installed, take_down

from demitasse import daemon

pytestmark = pytest.mark.docker

MEGABYTE = 2**20


@pytest.fixture
def bucket(platform: Installation) -> Iterator[str]:
    """A bucket of the test's own, emptied and deleted at its end."""
    name = f"test-{uuid.uuid4()}"
    client = platform.client("s3")
    client.create_bucket(Bucket=name)
    yield name
    with contextlib.suppress(client.exceptions.NoSuchBucket):
        pages = client.get_paginator("list_object_versions").paginate(Bucket=name)
        for each in pages.search("[Versions || `[]`, DeleteMarkers || `[]`][]"):
            client.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
        client.delete_bucket(Bucket=name)


def done(process: subprocess.CompletedProcess[str]) -> str:
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_the_commands_of_aws_s3(platform: Installation, tmp_path: Path) -> None:
    def s3(*argv: str) -> str:
        return done(platform.aws("s3", *argv))

    source, target = tmp_path / "source", tmp_path / "target"
    (source / "sub folder").mkdir(parents=True)
    (source / "a.txt").write_text("hello")
    (source / "sub folder" / "ü+b.txt").write_text("coffee")
    (source / "large.bin").write_bytes(os.urandom(20 * MEGABYTE))
    url = f"s3://commands-{uuid.uuid4()}"
    assert "make_bucket" in s3("mb", url)
    s3("cp", str(source / "a.txt"), f"{url}/one.txt")
    s3("sync", str(source), f"{url}/all", "--only-show-errors")
    assert s3("sync", str(source), f"{url}/all") == ""  # nothing to do
    listed = s3("ls", f"{url}/", "--recursive")
    assert [line.split(maxsplit=3)[3] for line in listed.splitlines()] == [
        *("all/a.txt", "all/large.bin", "all/sub folder/ü+b.txt", "one.txt")
    ]
    assert "PRE all/" in s3("ls", f"{url}/")
    s3("sync", f"{url}/all", str(target), "--only-show-errors")
    for name in ("a.txt", "large.bin", "sub folder/ü+b.txt"):
        assert (source / name).read_bytes() == (target / name).read_bytes()
    s3("cp", f"{url}/all/large.bin", f"{url}/copy.bin", "--only-show-errors")
    s3("mv", f"{url}/copy.bin", f"{url}/moved.bin", "--only-show-errors")
    presigned = s3("presign", f"{url}/one.txt").strip()
    assert done(platform.run("curl", "-sSf", presigned)) == "hello"
    s3("rm", f"{url}/all", "--recursive", "--only-show-errors")
    assert platform.aws("s3", "rb", url).returncode != 0
    assert "remove_bucket" in s3("rb", url, "--force")


def test_large_files_in_parts_by_several_threads(
    platform: Installation, bucket: str, tmp_path: Path
) -> None:
    client = platform.client("s3")
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(64 * MEGABYTE))
    config = TransferConfig(
        multipart_threshold=8 * MEGABYTE, multipart_chunksize=8 * MEGABYTE, max_concurrency=8
    )
    client.upload_file(str(source), bucket, "large", Config=config)
    head = client.head_object(Bucket=bucket, Key="large")
    assert head["ContentLength"] == 64 * MEGABYTE
    assert head["ETag"].endswith('-8"')
    client.download_file(bucket, "large", str(target), Config=config)
    assert source.read_bytes() == target.read_bytes()


def resident(process: int) -> int:
    """The most memory that a process ever held, in bytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def test_an_object_larger_than_memory_would_pass(
    platform: Installation, bucket: str, tmp_path: Path
) -> None:
    client, process = platform.client("s3"), daemon.running(platform.settings)
    assert process is not None
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(300 * MEGABYTE)
    before = resident(process)
    with path.open("rb") as file:
        client.put_object(Bucket=bucket, Key="large", Body=file)
    body = client.get_object(Bucket=bucket, Key="large")["Body"]
    digest = hashlib.sha256()
    for piece in body.iter_chunks(MEGABYTE):
        digest.update(piece)
    assert digest.digest() == hashlib.sha256(bytes(300 * MEGABYTE)).digest()
    assert resident(process) - before < 100 * MEGABYTE


def test_a_refusal_comes_before_the_body_is_sent(platform: Installation, bucket: str) -> None:
    """``Expect: 100-continue``: the platform asks for the body only when it wants it."""
    client = platform.client("s3")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        client.put_object(Bucket=f"{bucket}x", Key="key", Body=b"x" * MEGABYTE)
    client.put_object(Bucket=bucket, Key="key", Body=b"x" * MEGABYTE)
    assert client.head_object(Bucket=bucket, Key="key")["ContentLength"] == MEGABYTE


def test_whoever_is_no_client_of_aws(platform: Installation, bucket: str) -> None:
    port = platform.settings.port
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as nobody:
        nobody.request("GET", f"/{bucket}/key")
        answer = nobody.getresponse()
        assert (answer.status, b"<Code>AccessDenied</Code>" in answer.read()) == (403, True)
    url = platform.client("s3").generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "a b"}
    )
    sent = platform.run("curl", "-sS", "-w", "%{http_code}", "-T", "/etc/os-release", url)
    assert done(sent) == "200"
    got = platform.client("s3").get_object(Bucket=bucket, Key="a b")["Body"].read()
    assert got == Path("/etc/os-release").read_bytes()


def test_waiters_and_accounts(platform: Installation, bucket: str) -> None:
    client, other = platform.client("s3"), platform.client("s3", "210987654321")
    client.get_waiter("bucket_exists").wait(Bucket=bucket)
    client.get_waiter("object_not_exists").wait(Bucket=bucket, Key="key")
    client.put_object(Bucket=bucket, Key="key", Body=b"")
    client.get_waiter("object_exists").wait(Bucket=bucket, Key="key")
    with pytest.raises(ClientError, match="AccessDenied"):
        other.get_object(Bucket=bucket, Key="key")
    with pytest.raises(ClientError, match="BucketAlreadyExists"):
        other.create_bucket(Bucket=bucket)


def test_what_was_acknowledged_survives_kill_9(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = installed(tmp_path / "home")
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    process = daemon.start(installation.settings)
    kept: dict[str, bytes] = {}
    try:
        client = installation.client("s3")
        client.create_bucket(Bucket="durable")
        upload: Any = client.create_multipart_upload(Bucket="durable", Key="parts")
        named = {"Bucket": "durable", "Key": "parts", "UploadId": upload["UploadId"]}
        part = client.upload_part(**named, PartNumber=1, Body=b"part one")

        def write(writer: int) -> None:
            own = installation.client("s3")
            with contextlib.suppress(BotoCoreError, ClientError):
                for number in range(10_000):
                    data = os.urandom(2000)
                    own.put_object(Bucket="durable", Key=f"{writer}/{number}", Body=data)
                    kept[f"{writer}/{number}"] = data

        writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for writer in writers:
            writer.start()
        while len(kept) < 100:
            writers[0].join(0.01)
        os.kill(process, signal.SIGKILL)
        for writer in writers:
            writer.join()
        daemon.start(installation.settings)
        for key, data in kept.items():
            assert client.get_object(Bucket="durable", Key=key)["Body"].read() == data
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="durable")
        listed = {each["Key"] for each in pages.search("Contents[]")}
        assert set(kept) <= listed
        assert len(listed) <= len(kept) + 4  # done, but not acknowledged before the end
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        client.complete_multipart_upload(**named, MultipartUpload=parts)
        assert client.get_object(Bucket="durable", Key="parts")["Body"].read() == b"part one"
    finally:
        take_down(installation)
