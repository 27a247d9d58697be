"""Bad input of every kind, from outside: always AWS's sort of answer, never a 500, nothing broken."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import OperationModel, ServiceModel, Shape
from tests.acceptance.conftest import Installation

from demitasse.cli.env import variables
from demitasse.platform import APIS

pytestmark = pytest.mark.docker

ACCOUNT = "313131313131"  # whatever this leaves behind is nobody else's
ROUNDS = 5  # inputs made up for each operation
JSON = {"json": "application/x-amz-json-{}", "query": "", "ec2": ""}
WRONG = (None, 1, -1, True, 1.5, "x", [], {}, [[]], [None], {"a": {"b": 1}}, 10**30)
WORDS = (
    "", " ", "x", "a" * 300, "é\u2028☕", "a\tb\n", "../../etc", "'; DROP TABLE x; --", "*", "%s",
    "arn:aws:", "arn:aws:ecs:us-east-1:313131313131:service/bad/bad", "0", "-1", "1e9", "null",
    "bad", "bad:1", "bad:latest", "10.0.0.0/16", "10.0.0.0/33", "0.0.0.0/0", "127.0.0.1", "/", "/*",
)  # fmt: skip
NUMBERS = (0, 1, 2, -1, 3, 80, 100, 65535, 65536, 2**31 - 1, 2**31, 2**63, -(2**63), 10**30)


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


@dataclass(frozen=True)
class Wire:
    """Signed requests with whatever body."""

    platform: Installation

    def send(self, service: str, body: bytes, headers: dict[str, str], path: str = "/") -> Answer:
        keys = variables(self.platform.settings, ACCOUNT)
        request = AWSRequest(
            "POST", self.platform.settings.endpoint + path, data=body, headers=headers
        )
        credentials = Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
        signing = model(service).signing_name
        SigV4Auth(credentials, signing, "us-east-1").add_auth(request)
        plain = urllib.request.Request(
            request.url, data=body, headers=dict(request.headers.items()), method="POST"
        )
        try:
            with urllib.request.urlopen(plain, timeout=20) as answer:
                return Answer(answer.status, answer.read().decode(errors="replace"))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode(errors="replace"))

    def call(self, operation: OperationModel, given: Any) -> Answer:
        """An operation with a value that may be anything."""
        of = operation.service_model
        protocol = of.metadata["protocol"]
        if protocol == "json":
            headers = {
                "Content-Type": f"application/x-amz-json-{of.metadata['jsonVersion']}",
                "X-Amz-Target": f"{of.metadata['targetPrefix']}.{operation.name}",
            }
            return self.send(of.service_name, json.dumps(given).encode(), headers)
        pairs = [("Action", operation.name), ("Version", of.api_version), *flat("", given)]
        body = urllib.parse.urlencode(pairs, errors="replace").encode()
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return self.send(of.service_name, body, form)


@cache
def model(service: str) -> ServiceModel:
    session = botocore.session.get_session()
    found: ServiceModel = session.get_service_model(service)
    return found


def operations() -> list[tuple[str, str]]:
    return [(api.service, name) for api in APIS for name in sorted(api.operations)]


def flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A value as parameters of the query protocols."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flat(f"{name}.{key}" if name else key, each)
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from flat(f"{name}.member.{number}", each)
    elif value is not None:
        yield name, str(value)


def made_up(shape: Shape, chance: random.Random, known: list[str], depth: int = 0) -> Any:
    """A value for a shape, right in most parts and wrong in some."""
    if chance.random() < 0.06:
        return chance.choice(WRONG)
    kind = shape.type_name
    if kind == "structure":
        if depth > 5:
            return {}
        return {
            member.serialization.get("name", name): made_up(member, chance, known, depth + 1)
            for name, member in shape.members.items()
            if chance.random() < (0.93 if name in shape.required_members else 0.35)
        }
    if kind == "list":
        count = chance.choice((0, 1, 1, 1, 2, 3))
        return [made_up(shape.member, chance, known, depth + 1) for _ in range(count)]
    if kind == "map":
        return {chance.choice(WORDS): made_up(shape.value, chance, known, depth + 1)}
    if kind == "string":
        if shape.enum and chance.random() < 0.8:
            return chance.choice(shape.enum)
        return chance.choice(known) if chance.random() < 0.6 else chance.choice(WORDS)
    if kind == "boolean":
        return chance.choice((True, False))
    if kind == "blob":
        return base64.b64encode(chance.randbytes(8)).decode()
    if kind == "timestamp":
        return chance.choice((0, 1.5, -1, 10**12, 10**30, "2026-13-40T00:00:00Z", "now"))
    return chance.choice(NUMBERS)


@pytest.fixture(scope="module")
def wire(platform: Installation) -> Wire:
    return Wire(platform)


@pytest.fixture(scope="module")
def known(platform: Installation) -> list[str]:
    """Names of things that are there, so that bad input comes as far as it can."""
    of = {name: platform.client(name, ACCOUNT) for name in ("ec2", "ecs", "ecr", "elbv2", "logs")}
    vpc = of["ec2"].describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [each["SubnetId"] for each in of["ec2"].describe_subnets()["Subnets"]]
    group = of["ec2"].describe_security_groups()["SecurityGroups"][0]["GroupId"]
    of["ecs"].create_cluster(clusterName="bad")
    of["ecr"].create_repository(repositoryName="bad")
    of["logs"].create_log_group(logGroupName="bad")
    target = of["elbv2"].create_target_group(
        Name="bad", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    definition = of["ecs"].register_task_definition(
        family="bad", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256",
        memory="512", containerDefinitions=[{"name": "bad", "image": "bad"}],
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
    return [vpc, *subnets, group, target, definition, "bad", "bad", "bad:1", ACCOUNT, "256", "512"]


@contextlib.contextmanager
def nothing_unexpected(platform: Installation) -> Iterator[None]:
    """Nothing that happens meanwhile is logged as a mistake of the platform's own."""
    log = platform.settings.log_file
    before = log.stat().st_size
    yield
    said = log.read_bytes()[before:].decode(errors="replace")
    assert "Traceback" not in said, said[-4000:]
    assert " ERROR " not in said, said[-4000:]


def assert_sane(answer: Answer, what: str) -> None:
    assert 200 <= answer.status < 500, (what, answer)
    assert "Traceback" not in answer.body, (what, answer)
    assert "Internal" not in answer.body, (what, answer)


def test_made_up_input_of_every_operation(
    platform: Installation, wire: Wire, known: list[str]
) -> None:
    chance = random.Random(20261123)
    statuses: Counter[int] = Counter()
    with nothing_unexpected(platform):
        for service, name in operations():
            operation = model(service).operation_model(name)
            shape = operation.input_shape
            inputs = [
                {},
                *([] if shape is None else [made_up(shape, chance, known) for _ in range(ROUNDS)]),
            ]
            for given in inputs:
                answer = wire.call(operation, given)
                assert_sane(answer, f"{service} {name} {given!r}"[:3000])
                statuses[answer.status] += 1
    print(f"\nmade-up inputs: {dict(statuses)}")  # noqa: T201 - a figure
    assert statuses[200] > 20
    assert statuses[400] > 200


BODIES = (
    b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}{}", b"\xff\xfe", b"\0", b"[" * 100_000,
    b'{"a":' * 50_000, b'{"a": 1, "a": 2}', b'{"clusters": "x"}', b'{"maxResults": 1e400}',
    b'{"nextToken": 5}', b"a=1&&&=%zz", b"Action=", b"Action=x&Action=y", b"%", b"x" * 70_000,
)  # fmt: skip


@pytest.mark.parametrize(
    ("service", "headers"),
    [
        ("ecs", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"}),
        ("ecs", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonEC2ContainerServiceV20141113."}),
        ("ecs", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Nobody.Nothing"}),
        ("ecs", {"Content-Type": "application/x-amz-json-1.1"}),
        ("logs", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}),
        ("elbv2", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("ec2", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("ec2", {"Content-Type": "text/plain"}),
        ("sts", {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}),
    ],
)  # fmt: skip
def test_malformed_bodies(
    platform: Installation, wire: Wire, service: str, headers: dict[str, str]
) -> None:
    with nothing_unexpected(platform):
        for body in BODIES:
            assert_sane(wire.send(service, body, dict(headers)), f"{headers} {body[:80]!r}")


def test_a_body_over_the_limit(platform: Installation, wire: Wire) -> None:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.CreateCluster",
    }
    body = json.dumps({"clusterName": "big", "x": "x" * platform.settings.body_limit}).encode()
    with nothing_unexpected(platform):
        try:
            answer = wire.send("ecs", body, headers)
        except (urllib.error.URLError, ConnectionError):
            pass  # it answered and hung up before everything was sent
        else:
            assert 400 <= answer.status < 500
    arns = platform.client("ecs", ACCOUNT).list_clusters()["clusterArns"]
    assert not any(arn.endswith("/big") for arn in arns)


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 100, b"GET /" + b"a" * 100_000,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /%ff%00?%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"DELETE /v2/x/blobs/sha256:zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_request(platform: Installation, said: bytes) -> None:
    with (
        nothing_unexpected(platform),
        socket.create_connection(("127.0.0.1", platform.settings.port), timeout=5) as connection,
    ):
        connection.sendall(said)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        heard = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                heard += part
    assert b"Traceback" not in heard
    assert not heard.startswith(b"HTTP/1.1 5")
    assert platform.client("sts").get_caller_identity()
