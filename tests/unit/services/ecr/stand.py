"""ECR as its clients see it: the API through the wire with botocore, the registry over HTTP."""

import asyncio
import base64
import functools
import json
from datetime import datetime
from typing import Any

from tests.kit.asgi import (
    ACCESS_KEY,
    ACCOUNT,
    CALLER,
    SECRET_KEY,
    Api,
    Credentials,
    Response,
    exchange,
)
from tests.kit.control import attached, settle

from demitasse.api import Caller, Scope
from demitasse.clock import ManualClock, Waits
from demitasse.control import ControlLoop
from demitasse.dispatch import Dispatcher
from demitasse.engines.blobs.fake import MemoryBlobs
from demitasse.ids import CountingIds
from demitasse.services.base import Site
from demitasse.services.ecr import records
from demitasse.services.ecr.controller import LifecycleController
from demitasse.services.ecr.distribution import Registry
from demitasse.services.ecr.manifests import DOCKER_IMAGE, DOCKER_LIST, OCI_IMAGE, digest_of
from demitasse.services.ecr.operations import api
from demitasse.services.ecr.sweep import SweepController
from demitasse.store import Store
from demitasse.wire import Application, Credential, Models

SITE = Site("http://127.0.0.1:4566", "127.0.0.1:4566", "172.31.0.0/16")
SCOPE = Scope(ACCOUNT, "us-east-1")
OTHER_ACCOUNT, OTHER_KEY = "210987654321", "AKIAOTHERACCOUNTSKEY"
OTHER = Caller(OTHER_ACCOUNT, f"arn:aws:iam::{OTHER_ACCOUNT}:root", OTHER_ACCOUNT, OTHER_KEY)


@functools.cache
def models() -> Models:
    return Models.load({"ecr": api.operations})


class Stand:
    def __init__(self) -> None:
        self.store = Store.open(None)
        self.clock = ManualClock()
        self.ids = CountingIds()
        self.blobs = MemoryBlobs(self.clock)
        self.registry = Registry(
            store=self.store, blobs=self.blobs, clock=self.clock, ids=self.ids, site=SITE
        )
        self.app = Application(
            models=models(),
            operations={"ecr": api.operations},
            dispatch=Dispatcher((api,), self.store, self.clock, self.ids, SITE),
            credentials=Credentials(
                {
                    ACCESS_KEY: Credential(SECRET_KEY, CALLER),
                    OTHER_KEY: Credential(SECRET_KEY, OTHER),
                }
            ),
            clock=self.clock,
            ids=self.ids,
            mounts={"/v2/": self.registry},
        )
        self.aws = Api(self.app, now=self.clock.now)
        self.elsewhere = Api(self.app, region="eu-west-3", now=self.clock.now)
        self.other = Api(self.app, access_key=OTHER_KEY, now=self.clock.now)
        self.password = self.login(self.aws)

    def now(self) -> datetime:
        return self.clock.now()

    def call(self, operation: str, **given: Any) -> dict[str, Any]:
        answer = self.aws.call("ecr", operation, **given)
        answer.pop("ResponseMetadata")
        return answer

    def refusal(self, operation: str, **given: Any) -> tuple[str, str]:
        return self.aws.refusal("ecr", operation, **given)

    def login(self, who: Api) -> str:
        data = who.call("ecr", "GetAuthorizationToken")["authorizationData"][0]
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        assert user == "AWS"
        return password

    def http(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: bytes | list[bytes] = b"",
        password: str | None = None,
        **headers: str,
    ) -> Response:
        login = base64.b64encode(f"AWS:{password or self.password}".encode()).decode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return exchange(
            self.registry,
            method,
            "/v2/" + path,
            query=query,
            headers={"Authorization": f"Basic {login}", **named},
            body=body,
        )

    def repository(self, name: str = "app", **given: Any) -> dict[str, Any]:
        return self.call("CreateRepository", repositoryName=name, **given)["repository"]

    def blob(self, data: bytes, repository: str = "app", **given: Any) -> str:
        """Upload a blob in one go."""
        digest = digest_of(data)
        done = self.http(
            "POST", f"{repository}/blobs/uploads/", query=f"digest={digest}", body=data, **given
        )
        assert done.status == 201, done
        return digest

    def manifest(
        self, *layers: bytes, repository: str = "app", kind: str = DOCKER_IMAGE, **more: Any
    ) -> bytes:
        """Upload a config and layers; returns the manifest that names them, not yet pushed."""
        config = b'{"architecture":"amd64"}'
        described = [
            {"mediaType": "application/x", "size": len(data), "digest": self.blob(data, repository)}
            for data in (config, *layers)
        ]
        described[0]["mediaType"] = "application/vnd.docker.container.image.v1+json"
        document = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": described[0],
            "layers": described[1:],
            **more,
        }
        return json.dumps(document, indent=3).encode()

    def push(
        self, reference: str = "", *layers: bytes, repository: str = "app", **more: Any
    ) -> str:
        """Push an image by ``docker``'s way; an empty reference pushes by digest."""
        data = self.manifest(*layers, repository=repository, **more)
        return self.put(reference, data, repository, more.get("kind", DOCKER_IMAGE))

    def put(self, reference: str, data: bytes, repository: str, kind: str) -> str:
        digest = digest_of(data)
        path = f"{repository}/manifests/{reference or digest}"
        done = self.http("PUT", path, body=data, Content_Type=kind)
        assert done.status == 201, done
        assert done.headers["docker-content-digest"] == digest
        return digest

    def index(self, reference: str, *digests: str, repository: str = "app") -> str:
        """Push a manifest list."""
        document = {
            "schemaVersion": 2,
            "mediaType": DOCKER_LIST,
            "manifests": [
                {"mediaType": DOCKER_IMAGE, "size": 1, "digest": digest} for digest in digests
            ],
        }
        return self.put(reference, json.dumps(document).encode(), repository, DOCKER_LIST)

    def signature(self, subject: str, text: str = "signed", repository: str = "app") -> str:
        """Push something about an image."""
        about = {"mediaType": DOCKER_IMAGE, "size": 1, "digest": subject}
        data = self.manifest(
            text.encode(),
            repository=repository,
            kind=OCI_IMAGE,
            subject=about,
            artifactType="application/x-signature",
            annotations={"by": "me"},
        )
        return self.put("", data, repository, OCI_IMAGE)

    def tags(self, repository: str = "app") -> dict[str, str]:
        """Tag → digest, as ListImages has it."""
        listed = self.call("ListImages", repositoryName=repository)["imageIds"]
        return {each["imageTag"]: each["imageDigest"] for each in listed if "imageTag" in each}

    def digests(self, repository: str = "app") -> set[str]:
        listed = self.call("ListImages", repositoryName=repository)["imageIds"]
        return {each["imageDigest"] for each in listed}

    def settle(self, *, compression: float = 1) -> None:
        """Let the lifecycle controller work until it rests."""

        async def work() -> None:
            controller = LifecycleController(
                store=self.store, clock=self.clock, waits=Waits(compression), ids=self.ids
            )
            loop = ControlLoop(controller, self.store, self.clock)
            with attached(loop, self.store):
                await settle([loop])
            await loop.queue.close()

        asyncio.run(work())

    def sweep(self) -> None:
        """Sweep once."""
        controller = SweepController(store=self.store, blobs=self.blobs, clock=self.clock)

        async def work() -> None:
            with self.store.transaction() as tx:
                (ref,) = controller.everything(tx)
            assert await controller.reconcile(ref) == 3600

        asyncio.run(work())

    def kept(self, kind: Any) -> list[str]:
        with self.store.transaction() as tx:
            return [item.key for item in tx.everywhere(kind)]

    def count(self, kind: Any = records.IMAGES) -> int:
        return len(self.kept(kind))


def error(response: Response) -> tuple[int, str, str]:
    """Status, code and message of a registry's error."""
    (one,) = json.loads(response.body)["errors"]
    return response.status, one["code"], one["message"]
