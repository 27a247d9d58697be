"""boto3 itself on an application in process: it serialises, signs, makes pages, waits."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

import boto3
import botocore.awsrequest
import urllib3
from botocore.config import Config
from tests.kit.asgi import ACCESS_KEY, HOST, SECRET_KEY, Response

Send = Callable[[str, str, dict[str, str], bytes], Response]
"""One HTTP exchange: method, path with query, headers, body."""


class InProcess:
    """botocore's HTTP session, without a network."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def send(self, request: Any) -> Any:
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        response = self._send(
            request.method,
            request.url.partition(HOST)[2],
            headers,
            body.encode() if isinstance(body, str) else bytes(body),
        )
        raw = urllib3.HTTPResponse(
            io.BytesIO(response.body),
            response.headers,
            response.status,
            preload_content=False,
            request_method=request.method,
        )
        return botocore.awsrequest.AWSResponse(request.url, response.status, response.headers, raw)

    def close(self) -> None:
        """Nothing is open."""


def client(
    send: Send,
    service: str,
    access_key: str = ACCESS_KEY,
    token: str | None = None,
    region: str = "us-east-1",
    **options: Any,
) -> Any:
    """A client whose requests go to ``send``: one at a time for the same arguments."""
    made = _client(service, access_key, token, region, **options)
    made._endpoint.http_session = InProcess(send)
    return made


@functools.cache
def _client(service: str, access_key: str, token: str | None, region: str, **options: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://{HOST}",
        aws_access_key_id=access_key,
        aws_secret_access_key=SECRET_KEY,
        aws_session_token=token,
        region_name=region,
        config=Config(retries={"max_attempts": 1}, **options),
    )
