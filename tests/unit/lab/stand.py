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
from botocore.exceptions import ClientError
from tests.kit import asgi
from tests.kit.installation import Installation

from demitasse.api import Scope
from demitasse.clock import SystemClock
from demitasse.lab import names
from demitasse.lab.docker import Docker, Done
from demitasse.lab.git import Git
from demitasse.lab.workspace import Workspace
from demitasse.services.codebuild import operations as codebuild
from demitasse.services.codedeploy import operations as codedeploy
from demitasse.services.codepipeline import operations as codepipeline
from demitasse.services.ec2 import operations as ec2
from demitasse.services.ecr import operations as ecr
from demitasse.services.ecs import operations as ecs
from demitasse.services.elbv2 import operations as elbv2
from demitasse.services.elbv2.records import LOAD_BALANCERS, LoadBalancerObserved
from demitasse.services.events import operations as events
from demitasse.services.iam import operations as iam
from demitasse.services.rds import operations as rds
from demitasse.services.rds.records import DB_INSTANCES, DbInstanceObserved
from demitasse.services.rds.servers import login_digest
from demitasse.services.sts import operations as sts

SCOPE = Scope(asgi.ACCOUNT, "us-east-1")
APIS = (
    sts.api, ec2.api, ecr.api, elbv2.api, rds.api, ecs.api, iam.api, events.api, codedeploy.api,
    codebuild.api, codepipeline.api,
)  # fmt: skip


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

    def _exec(self, _container: str, *_command: str) -> Done:
        return Done(0, "python\0-m\0monolith\0")

    def _image(self, *words: str) -> Done:
        return self._inspect(self.images, words[-1]) if words[0] == "inspect" else Done(0)

    def _container(self, *words: str) -> Done:
        return self._inspect(self.containers, words[-1])

    def _inspect(self, known: Mapping[str, Any], name: str) -> Done:
        if name not in known:
            return Done(1, errors=f"Error: No such object: {name}")
        return Done(0, json.dumps([known[name]]))


class Hub:
    """CodeCommit and S3, as far as the lab asks: repositories with one branch, and buckets.

    Called, it is the git command as well, which pushes a folder's files.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.heads: dict[str, str] = {}
        self.commits: list[dict[str, Any]] = []
        self.buckets: list[dict[str, Any]] = []
        self.told: list[tuple[str, ...]] = []
        self.failing: dict[str, str] = {}  # command → what git says
        self._remotes: dict[str, str] = {}

    def __call__(self, words: Sequence[str], _variables: Mapping[str, str]) -> Done:
        git, _, folder, *rest = words
        assert git == "git"
        while rest[0] == "-c":
            del rest[:2]
        self.told.append((Path(folder).name, *rest))
        if rest[0] in self.failing:
            return Done(1, errors=self.failing[rest[0]])
        if rest[0] == "init":
            (Path(folder) / ".git").mkdir()
        elif rest[0] == "rev-parse":
            return Done(0 if Path(folder).name in self.heads else 1)
        elif rest[0] == "remote" and len(rest) > 1:
            self._remotes[folder] = rest[-1].rpartition("/")[2]
        elif rest[0] == "push":
            files = {
                str(path.relative_to(folder)): path.read_bytes()
                for path in Path(folder).rglob("*")
                if path.is_file()
            }
            self.put(self._remotes[folder], **files)
        return Done(0)

    def put(self, repository: str, **files: bytes) -> None:
        """A commit."""
        self.repositories[repository] |= files
        self.heads[repository] = f"{len(self.told) + len(self.commits):040x}"

    def create_repository(self, **given: Any) -> dict[str, Any]:
        self.repositories[given["repositoryName"]] = {}
        return self.get_repository(given["repositoryName"])

    def get_repository(self, repositoryName: str) -> dict[str, Any]:  # noqa: N803
        if repositoryName not in self.repositories:
            raise _refused("RepositoryDoesNotExistException")
        return {"repositoryMetadata": {"cloneUrlHttp": f"http://host/v1/repos/{repositoryName}"}}

    def get_branch(self, repositoryName: str, branchName: str) -> dict[str, Any]:  # noqa: N803
        assert branchName == names.BRANCH
        self.get_repository(repositoryName)
        if repositoryName not in self.heads:
            raise _refused("BranchDoesNotExistException")
        return {"branch": {"commitId": self.heads[repositoryName]}}

    def get_file(self, **given: Any) -> dict[str, Any]:
        files = self.repositories[given["repositoryName"]]
        if given["filePath"] not in files:
            raise _refused("FileDoesNotExistException")
        return {"fileContent": files[given["filePath"]]}

    def create_commit(self, **given: Any) -> None:
        assert given["parentCommitId"] == self.heads[given["repositoryName"]]
        self.commits.append(given)
        files = {each["filePath"]: each["fileContent"] for each in given["putFiles"]}
        self.put(given["repositoryName"], **files)

    def head_bucket(self, Bucket: str) -> None:  # noqa: N803
        if not any(made["Bucket"] == Bucket for made in self.buckets):
            raise _refused("404")

    def create_bucket(self, **given: Any) -> None:
        self.buckets.append(given)


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Any")


@dataclass(frozen=True)
class Lab(Workspace):
    """A workspace whose pages and registry are a test's."""

    pages: dict[str, tuple[int, str]] = field(default_factory=dict)
    forms: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    hub: Hub = field(default_factory=Hub)

    def client(self, service: str) -> Any:
        return self.hub if service in {"codecommit", "s3"} else super().client(service)

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
        self.hub = Hub()
        self.lab = Lab(
            git=Git(execute=self.hub),
            hub=self.hub,
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
                    DbInstanceObserved(
                        status="available", login=login_digest(item.desired), was_available=True
                    ),
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
