"""S3 in memory, called by boto3 itself: it serialises, signs, checks and parses."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

import botocore.exceptions
from tests.kit import boto
from tests.kit.asgi import (
    ACCESS_KEY,
    ACCOUNT,
    CALLER,
    HOST,
    SECRET_KEY,
    Credentials,
    Response,
    exchange,
)

from demitasse.api import Caller
from demitasse.clock import ManualClock
from demitasse.engines.blobs.fake import MemoryBlobs
from demitasse.ids import CountingIds
from demitasse.services.s3.http import ObjectStorage
from demitasse.store import Store
from demitasse.wire import Application, Credential, Models
from demitasse.wire.s3_signature import S3Signatures

OTHER_ACCOUNT, OTHER_KEY = "210987654321", "AKIAOTHERACCOUNTSKEY"
OTHER = Caller(OTHER_ACCOUNT, f"arn:aws:iam::{OTHER_ACCOUNT}:root", OTHER_ACCOUNT, OTHER_KEY)
TEMPORARY_KEY, TOKEN = "ASIADEMITASSETESTKEY", "a+token/of=sts"


class Stand:
    """``s3`` is the first account's boto3 client, ``other`` another account's."""

    def __init__(self) -> None:
        self.store = Store.open(None)
        now = datetime.now(UTC).replace(microsecond=0)
        self.clock = ManualClock(now)
        self.signed_at = ManualClock(now)  # boto3 signs by the machine's clock, which goes on
        self.ids = CountingIds()
        self.blobs = MemoryBlobs(self.clock)
        credentials = Credentials(
            {
                ACCESS_KEY: Credential(SECRET_KEY, CALLER),
                OTHER_KEY: Credential(SECRET_KEY, OTHER),
                TEMPORARY_KEY: Credential(SECRET_KEY, CALLER, TOKEN),
            }
        )
        storage = ObjectStorage(
            store=self.store,
            blobs=self.blobs,
            clock=self.clock,
            ids=self.ids,
            signatures=S3Signatures(credentials, self.signed_at, "us-east-1"),
        )
        self.app = Application(
            models=_no_models(),
            operations={},
            dispatch=lambda _call, _given: {},
            credentials=credentials,
            clock=self.clock,
            ids=self.ids,
            storage=storage,
        )
        self.s3 = self.client()
        self.other = self.client(OTHER_KEY)

    def client(
        self,
        access_key: str = ACCESS_KEY,
        token: str | None = None,
        region: str = "us-east-1",
        **options: Any,
    ) -> Any:
        return boto.client(self.send, "s3", access_key, token, region, **options)

    def send(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: Any = b""
    ) -> Response:
        """One HTTP exchange as it is; what a client leaves out is added."""
        path, _, query = url.partition("?")
        all_headers = {"Host": HOST, **(headers or {})}
        if body and "content-length" not in {name.lower() for name in all_headers}:
            size = sum(map(len, body)) if isinstance(body, list) else len(body)
            all_headers["Content-Length"] = str(size)
        response = exchange(
            self.app, method, path or "/", query=query, headers=all_headers, body=body
        )
        assert response.status != 500, response.body
        return response

    def bucket(self, name: str = "bucket", *, versions: bool = False) -> str:
        self.s3.create_bucket(Bucket=name)
        if versions:
            self.s3.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )
        return name

    def put(self, key: str = "key", body: bytes = b"hello", **given: Any) -> Any:
        return self.s3.put_object(Bucket="bucket", Key=key, Body=body, **given)

    def get(self, key: str = "key", **given: Any) -> bytes:
        body: bytes = self.s3.get_object(Bucket="bucket", Key=key, **given)["Body"].read()
        return body

    def keys(self) -> list[str]:
        return [
            each["Key"] for each in self.s3.list_objects_v2(Bucket="bucket").get("Contents", [])
        ]


@functools.cache
def _no_models() -> Models:
    return Models.load({})


def refusal(call: Any, **given: Any) -> tuple[str, int]:
    """Code and status of the error that a call must give."""
    try:
        output = call(**given)
    except botocore.exceptions.ClientError as error:
        status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return error.response["Error"]["Code"], status
    raise AssertionError(f"it was not refused: {output}")


__all__ = ["ACCOUNT", "OTHER_ACCOUNT", "TEMPORARY_KEY", "TOKEN", "Stand", "refusal"]
