"""The lab on services in memory, a docker that only takes notes, and pages that a test writes."""

from __future__ import annotations

import functools
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse, HeadersDict
from tests.kit import asgi
from tests.kit.installation import Installation

from demitasse.api import Scope
from demitasse.clock import SystemClock
from demitasse.lab import names
from demitasse.lab.docker import Docker, Done
from demitasse.lab.workspace import Workspace
from demitasse.services.ec2 import operations as ec2
from demitasse.services.ecr import operations as ecr
from demitasse.services.ecs import operations as ecs
from demitasse.services.elbv2 import operations as elbv2
from demitasse.services.elbv2.records import LOAD_BALANCERS, LoadBalancerObserved
from demitasse.services.rds import operations as rds
from demitasse.services.rds.records import DB_INSTANCES, DbInstanceObserved
from demitasse.services.sts import operations as sts

SCOPE = Scope(asgi.ACCOUNT, "us-east-1")
APIS = (sts.api, ec2.api, ecr.api, elbv2.api, rds.api, ecs.api)


class Answer(io.BytesIO):
    """A body as urllib3 gives it to botocore."""

    def stream(self) -> list[bytes]:
        return [self.read()]


class Wire:
    """Where boto3's clients send: the application under test, instead of a socket."""

    def __init__(self) -> None:
        self.app: asgi.App | None = None

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        assert self.app is not None
        path, _, query = request.url.partition(asgi.HOST)[2].partition("?")
        headers = {name: asgi._text(value) for name, value in request.headers.items()}
        body = request.body or b""
        answer = asgi.exchange(
            self.app,
            request.method,
            path or "/",
            query=query,
            headers={"Host": asgi.HOST, **headers},
            body=body.encode() if isinstance(body, str) else body,
        )
        return AWSResponse(
            request.url, answer.status, HeadersDict(answer.headers), Answer(answer.body)
        )


@functools.cache
def shared() -> tuple[Wire, dict[str, Any]]:
    """Clients are slow to make: all tests share them, each with an application of its own."""
    return Wire(), {}


class Machine:
    """A docker that keeps notes and shows what it was told to build, run and push."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.given: list[str | None] = []
        self.images: dict[str, dict[str, Any]] = {}
        self.containers: dict[str, dict[str, Any]] = {}
        self.failing: dict[str, str] = {}  # command → what docker says

    def __call__(self, words: Sequence[str], given: str | None) -> Done:
        command = tuple(words)
        assert command[0] == "docker"
        self.told.append(command[1:])
        self.given.append(given)
        if command[1] in self.failing:
            return Done(1, errors=self.failing[command[1]])
        act = getattr(self, f"_{command[1]}", lambda *_: Done(0))
        done = act(*command[2:])
        assert isinstance(done, Done)
        return done

    def commands(self) -> list[str]:
        return [each[0] for each in self.told]

    def _build(self, *words: str) -> Done:
        labels = dict(
            words[place + 1].split("=", 1) for place, word in enumerate(words) if word == "--label"
        )
        tag = words[words.index("--tag") + 1]
        identity = hashlib.sha256(json.dumps([tag, labels]).encode()).hexdigest()
        self.images[tag] = {"Id": identity, "Config": {"Labels": labels}, "RepoDigests": []}
        return Done(0, identity)

    def _tag(self, image: str, name: str) -> Done:
        self.images[name] = self.images[image.removesuffix(":latest")]
        return Done(0)

    def _push(self, _quiet: str, image: str) -> Done:
        repository = image.rsplit(":", 1)[0]
        digest = f"sha256:{self.images[image]['Id']}"
        self.images[image]["RepoDigests"].append(f"{repository}@{digest}")
        return Done(0)

    def _rm(self, _force: str, name: str) -> Done:
        self.containers.pop(name, None)
        return Done(0)

    def _run(self, *words: str) -> Done:
        if "--name" not in words:
            return Done(0)
        name, publish = words[words.index("--name") + 1], words[words.index("--publish") + 1]
        environment = [words[at + 1] for at, word in enumerate(words) if word == "-e"]
        port = publish.split(":")[1]
        self.containers[name] = {
            "Image": self.images[words[-1]]["Id"],
            "State": {"Running": True},
            "Config": {"Env": environment},
            "NetworkSettings": {"Ports": {"80/tcp": [{"HostPort": port}]}},
        }
        return Done(0)

    def _top(self, _container: str) -> Done:
        return Done(0, "UID PID CMD\nroot 1 python -m monolith")

    def _image(self, *words: str) -> Done:
        return self._inspect(self.images, words[-1]) if words[0] == "inspect" else Done(0)

    def _container(self, *words: str) -> Done:
        return self._inspect(self.containers, words[-1])

    def _inspect(self, known: Mapping[str, Any], name: str) -> Done:
        if name not in known:
            return Done(1, errors=f"Error: No such object: {name}")
        return Done(0, json.dumps([known[name]]))


@dataclass(frozen=True)
class Lab(Workspace):
    """A workspace whose pages and registry are a test's."""

    pages: dict[str, tuple[int, str]] = field(default_factory=dict)
    forms: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)

    def get(self, url: str, form: Mapping[str, str] | None = None) -> tuple[int, str]:
        if form is not None:
            self.forms.append((url, form))
            status, listed = self.pages.get("/suppliers", (200, ""))
            self.pages["/suppliers"] = status, f"{listed} {form['email']}"
            return status, listed
        path = "/" + url.split("//", 1)[1].partition("/")[2]
        return self.pages.get(path, (404, "Not found"))

    def pushed_digest(self, name: str) -> str | None:
        return self.digests.get(name)


class World:
    """A lab at its beginning."""

    def __init__(self, sources: Path) -> None:
        self.installation = Installation(*APIS, clock=SystemClock())
        self.store = self.installation.store
        self.machine = Machine()
        wire, clients = shared()
        wire.app = self.installation.app
        keys = self.installation.accounts.keys(asgi.ACCOUNT)
        session = boto3.Session(keys.access_key_id, keys.secret_access_key, region_name="us-east-1")
        session.events.register("before-send", wire)
        for service in ("customer", "employee", "monolith"):
            (sources / service).mkdir()
            (sources / service / "Dockerfile").write_text(f"FROM scratch # {service}\n")
        self.lab = Lab(
            folder=sources / "environment",
            session=session,
            sources=sources,
            docker=Docker(labels={"owner": "tests"}, execute=self.machine),
            endpoint=f"http://{asgi.HOST}",
            _clients=clients,
        )

    def database_available(self) -> None:
        with self.store.transaction() as tx:
            for item in tx.page(DB_INSTANCES, SCOPE):
                tx.observe(
                    DB_INSTANCES,
                    item.ref,
                    DbInstanceObserved(status="available", was_available=True),
                )

    def load_balancer_active(self) -> None:
        with self.store.transaction() as tx:
            for item in tx.page(LOAD_BALANCERS, SCOPE):
                tx.observe(LOAD_BALANCERS, item.ref, LoadBalancerObserved(state="active"))

    def pushed(self) -> None:
        """The registry has what docker pushed."""
        for image, held in self.machine.images.items():
            if held["RepoDigests"]:
                name = image.rsplit("/", 1)[-1].split(":")[0]
                self.lab.digests[name] = held["RepoDigests"][-1].split("@")[1]

    def open_group(self, name: str = names.SECURITY_GROUP) -> str | None:
        return self.lab.security_group(name)
