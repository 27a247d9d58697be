"""One endpoint: which service is meant, and what lies beside the services."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from tests.kit.asgi import HOST, Response, exchange, run
from tests.unit.wire.stage import Stage

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signed(
    stage: Stage,
    service: str,
    body: str = "",
    headers: dict[str, str] | None = None,
    *,
    method: str = "POST",
    query: str = "",
) -> Response:
    url = f"http://{HOST}/" + (f"?{query}" if query else "")
    request = AWSRequest(method, url, headers=headers or FORM, data=body.encode())
    return stage.api.send(stage.api.sign(request, service))


@pytest.mark.parametrize(
    "target",
    [
        "AmazonEC2ContainerServiceV20141113.ListClusters",
        "com.amazonaws.ecs.AmazonEC2ContainerServiceV20141113.ListClusters",
    ],
)
def test_targets_are_known_by_their_last_component(target: str) -> None:
    stage = Stage()
    assert signed(stage, "ecs", "{}", {"X-Amz-Target": target}).status == 200
    assert stage.calls[0][0].service == "ecs"


@pytest.mark.parametrize(
    ("scope", "body", "service"),
    [
        ("sts", "Action=GetCallerIdentity&Version=2011-06-15", "sts"),
        ("sts", "Action=GetCallerIdentity", "sts"),
        ("ec2", "Action=DescribeVpcs&Version=2016-11-15", "ec2"),
        ("ec2", "Action=DescribeVpcs&Version=2014-10-01", "ec2"),
        ("elasticloadbalancing", "Action=DescribeLoadBalancers&Version=2015-12-01", "elbv2"),
        ("rds", "Action=DescribeDBInstances&Version=2014-10-31", "rds"),
    ],
)
def test_forms_are_known_by_scope_and_version(scope: str, body: str, service: str) -> None:
    stage = Stage()
    assert signed(stage, scope, body).status == 200
    assert stage.calls[0][0].service == service


def test_a_query_may_come_by_get() -> None:
    stage = Stage()
    query = "Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1"
    assert signed(stage, "ec2", method="GET", headers={"X-Other": "x"}, query=query).status == 200
    assert stage.given == {"VpcIds": ["vpc-1"]}


def answered(response: Response) -> tuple[int, str, str]:
    text = response.body.decode()
    if text.startswith("{"):
        body = json.loads(text)
        return response.status, body["__type"], body["message"]
    parts = (text.partition(f"<{tag}>")[2].partition("</")[0] for tag in ("Code", "Message"))
    return response.status, *parts  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("scope", "body", "message"),
    [
        ("ec2", "Action=DeleteVpc&Version=2016-11-15", "The operation ec2 DeleteVpc is not"),
        ("ec2", "Action=MakeCoffee&Version=2016-11-15", "ec2 has no operation 'MakeCoffee'"),
        ("sns", "Action=Publish&Version=2010-03-31", "sns Publish 2010-03-31 is not supported"),
        (
            "elasticloadbalancing",
            "Action=DescribeLoadBalancers&Version=2012-06-01",
            "elasticloadbalancing DescribeLoadBalancers 2012-06-01 is not supported",
        ),
        ("sts", "", "sts is not supported"),
    ],
)
def test_queries_that_are_not_carried_out(scope: str, body: str, message: str) -> None:
    stage = Stage()
    status, code, text = answered(signed(stage, scope, body))
    assert (status, code) == (400, "InvalidAction")
    assert text.startswith(message)


@pytest.mark.parametrize(
    ("scope", "target", "message"),
    [
        ("ecs", "AmazonEC2ContainerServiceV20141113.DeleteCluster", "The operation ecs Delete"),
        ("ecs", "AmazonEC2ContainerServiceV20141113.MakeCoffee", "ecs has no operation 'Make"),
        ("dynamodb", "DynamoDB_20120810.ListTables", "DynamoDB_20120810.ListTables is not supp"),
        ("ecs", "", " is not supported"),
    ],
)
def test_targets_that_are_not_carried_out(scope: str, target: str, message: str) -> None:
    stage = Stage()
    status, code, text = answered(signed(stage, scope, "{}", {"X-Amz-Target": target}))
    assert (status, code) == (400, "UnknownOperationException")
    assert text.startswith(message)


def test_what_is_not_carried_out_is_told_only_to_those_who_sign() -> None:
    stage = Stage()
    response = exchange(stage.app, "POST", headers=FORM, body=b"Action=Publish")
    assert answered(response)[:2] == (403, "MissingAuthenticationToken")


async def own_page(scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.mark.parametrize(
    ("path", "mounted"),
    [("/v2/", True), ("/v2", True), ("/v2/a/b", True), ("/v2x", False), ("/", False)],
)
def test_mounts_get_their_requests_as_they_are(path: str, mounted: bool) -> None:
    stage = Stage(mounts={"/v2/": own_page})
    response = exchange(stage.app, "GET", path)
    assert (response.status == 299) == mounted
    assert not mounted or response.body.decode() == path


def test_web_sockets_are_closed() -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    run(Stage().app({"type": "websocket", "path": "/"}, None, send))  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_what_runs_beside_the_server_starts_and_stops_with_it() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        events.append("started")
        yield
        events.append("stopped")

    assert lifespan(Stage(running=running)) == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert events == ["started", "stopped"]


def test_a_failed_start_is_told_to_the_server() -> None:
    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        raise RuntimeError("no room")
        yield

    assert lifespan(Stage(running=running)) == ["lifespan.startup.failed"]


def lifespan(stage: Stage) -> list[str]:
    messages = ["lifespan.startup", "lifespan.shutdown"]
    sent: list[str] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": messages.pop(0)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    asyncio.run(stage.app({"type": "lifespan"}, receive, send))
    return sent
