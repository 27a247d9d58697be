from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.unit.lab.stand import Lab

from demitasse.lab import names
from demitasse.lab.docker import Docker
from demitasse.lab.errors import LabError, readable
from demitasse.lab.workspace import Workspace


def test_what_is_not_there_yet_is_none(lab: Lab) -> None:
    assert lab.account() == "123456789012"
    assert lab.security_group("nobody") is None
    assert lab.database() is None
    assert lab.repository("customer") is None
    assert lab.task_definition("customer-microservice") is None
    assert lab.target_group("customer-tg-one") is None
    assert lab.load_balancer() is None
    assert lab.listeners() == {}
    assert lab.service("customer-microservice") is None
    lab.client("ecs").create_cluster(clusterName=names.CLUSTER)
    assert lab.service("customer-microservice") is None
    assert Workspace.pushed_digest(lab, "customer") is None
    lab.client("ecr").create_repository(repositoryName="customer")
    assert Workspace.pushed_digest(lab, "customer") is None


def test_other_errors_are_errors(lab: Lab) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        lab.repository("No Such Name")


def test_errors_of_the_api_are_told_as_sentences(lab: Lab) -> None:
    with (
        pytest.raises(LabError, match=r"looking: An error occurred \(InvalidVpcID.NotFound\)"),
        readable("looking"),
    ):
        lab.client("ec2").describe_vpcs(VpcIds=["vpc-0123456789abcdef0"])


def test_without_an_endpoint_the_clients_are_those_of_aws() -> None:
    session = boto3.Session("AKIA", "secret", region_name="eu-west-3")
    lab = Workspace(
        session=session,
        sources=None,  # type: ignore[arg-type]
        docker=Docker(),
        folder=None,  # type: ignore[arg-type]
    )
    client = lab.client("ecs")
    assert client.meta.endpoint_url == "https://ecs.eu-west-3.amazonaws.com"
    assert lab.client("ecs") is client


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/suppliers")
        else:
            self.send_response(200 if self.path == "/suppliers" else 404)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"coffee")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert body == b"name=caf%C3%A9"
        self.send_response(302)
        self.send_header("Location", "/suppliers")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_pages_are_met_as_a_visitor_meets_them(
    site: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Workspace.get(lab, f"{site}/suppliers") == (200, "coffee")
    assert Workspace.get(lab, f"{site}/moved") == (200, "coffee")
    assert Workspace.get(lab, f"{site}/") == (404, "coffee")
    assert Workspace.get(lab, f"{site}/supplier-add", {"name": "café"}) == (200, "coffee")
    status, said = Workspace.get(lab, "http://127.0.0.1:9/")
    assert status == 0
    assert "refused" in said
