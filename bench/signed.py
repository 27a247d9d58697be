"""Calls as boto3 sends them, signed, caught before they leave: valid for fifteen minutes."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from botocore.config import Config

from bench.load import Prepared


class _Caught(BaseException):
    """Carries the request out of boto3, past its retries."""

    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request


@functools.lru_cache
def client(service: str, endpoint: str, key_id: str, secret: str) -> Any:
    """A boto3 client; one is enough."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 1}, read_timeout=120),
    )


def prepare(from_client: Any, method: str, **given: Any) -> Prepared:
    """The request of one call of a client made for this only."""

    def catch(request: Any, **_: Any) -> None:
        raise _Caught(request)

    from_client.meta.events.register_first("before-send", catch, unique_id="bench")
    try:
        getattr(from_client, method)(**given)
    except _Caught as caught:
        request = caught.request
    finally:
        from_client.meta.events.unregister("before-send", unique_id="bench")
    headers = {
        name: _text(value)
        for name, value in request.headers.items()
        if name.lower() != "content-length"
    }
    return Prepared(request.url, request.method, headers, _text(request.body or ""))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
