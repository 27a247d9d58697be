"""Random sequences of requests, held against a model that fits on a page."""

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.unit.services.ecr.stand import Stand, error

from demitasse.services.ecr import records
from demitasse.services.ecr.manifests import DOCKER_IMAGE, digest_of

REPOSITORIES = ("app", "other")
LAYERS = (b"one", b"two", b"three")
CONFIG = b"{}"
repositories = st.sampled_from(REPOSITORIES)
layers = st.sampled_from(LAYERS)
tags = st.sampled_from(("v1", "v2", "latest"))


def manifest(data: bytes) -> bytes:
    def described(blob: bytes) -> dict[str, object]:
        return {"mediaType": "x", "size": len(blob), "digest": digest_of(blob)}

    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": DOCKER_IMAGE,
            "config": described(CONFIG),
            "layers": [described(data)],
        }
    ).encode()


class Registry(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ecr = Stand()
        self.blobs: dict[str, set[bytes]] = {}
        self.images: dict[str, set[bytes]] = {}
        self.tags: dict[str, dict[str, bytes]] = {}
        self.uploads: dict[str, bytes] = {}
        for name in REPOSITORIES:
            self.make(name)

    def make(self, name: str) -> None:
        self.ecr.repository(name)
        self.blobs[name], self.images[name], self.tags[name] = set(), set(), {}

    @rule(name=repositories)
    def delete_and_make_again(self, name: str) -> None:
        self.ecr.call("DeleteRepository", repositoryName=name, force=True)
        self.uploads = {
            place: data for place, data in self.uploads.items() if not place.startswith(name)
        }
        self.make(name)

    @rule(name=repositories, data=st.sampled_from((*LAYERS, CONFIG)))
    def upload(self, name: str, data: bytes) -> None:
        self.ecr.blob(data, name)
        self.blobs[name].add(data)

    @rule(name=repositories, data=layers)
    def mount(self, name: str, data: bytes) -> None:
        (source,) = set(REPOSITORIES) - {name}
        query = f"mount={digest_of(data)}&from={source}"
        done = self.ecr.http("POST", f"{name}/blobs/uploads/", query=query)
        assert done.status == (201 if data in self.blobs[source] else 202)
        if done.status == 201:
            self.blobs[name].add(data)
        else:
            self.uploads[done.headers["location"].removeprefix("/v2/")] = b""

    @rule(name=repositories)
    def begin(self, name: str) -> None:
        done = self.ecr.http("POST", f"{name}/blobs/uploads/")
        self.uploads[done.headers["location"].removeprefix("/v2/")] = b""

    @precondition(lambda self: self.uploads)
    @rule(data=st.data(), more=st.binary(max_size=5), offset=st.integers(-1, 6))
    def patch(self, data: st.DataObject, more: bytes, offset: int) -> None:
        place = data.draw(st.sampled_from(sorted(self.uploads)))
        held = self.uploads[place]
        headers = {}
        if offset >= 0 and more:
            headers["Content_Range"] = f"{offset}-{offset + len(more) - 1}"
        done = self.ecr.http("PATCH", place, body=more, **headers)
        if headers and offset != len(held):
            assert done.status == 416
        else:
            assert done.status == 202
            self.uploads[place] = held + more
        assert done.headers["range"] == f"0-{max(len(self.uploads[place]) - 1, 0)}"

    @precondition(lambda self: self.uploads)
    @rule(data=st.data(), last=st.sampled_from((b"", *LAYERS)), right=st.booleans())
    def finish(self, data: st.DataObject, last: bytes, right: bool) -> None:
        place = data.draw(st.sampled_from(sorted(self.uploads)))
        whole = self.uploads.pop(place) + last
        digest = digest_of(whole if right else whole + b"!")
        done = self.ecr.http("PUT", place, query=f"digest={digest}", body=last)
        assert done.status == (201 if right else 400)
        if right:
            self.blobs[place.partition("/")[0]].add(whole)

    @precondition(lambda self: self.uploads)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(sorted(self.uploads)))
        assert self.ecr.http("DELETE", place).status == 204
        del self.uploads[place]

    @rule(name=repositories, data=layers, tag=st.one_of(st.none(), tags))
    def push(self, name: str, data: bytes, tag: str | None) -> None:
        text = manifest(data)
        path = f"{name}/manifests/{tag or digest_of(text)}"
        done = self.ecr.http("PUT", path, body=text)
        if text in self.images[name] or {CONFIG, data} <= self.blobs[name]:
            assert done.status == 201
            self.images[name].add(text)
            if tag:
                self.tags[name][tag] = text
        else:
            assert error(done)[1] == "MANIFEST_BLOB_UNKNOWN"

    @rule(name=repositories, data=layers)
    def delete_image(self, name: str, data: bytes) -> None:
        text = manifest(data)
        done = self.ecr.http("DELETE", f"{name}/manifests/{digest_of(text)}")
        assert done.status == (202 if text in self.images[name] else 404)
        self.forget(name, text)

    @rule(name=repositories, tag=tags)
    def untag(self, name: str, tag: str) -> None:
        done = self.ecr.http("DELETE", f"{name}/manifests/{tag}")
        text = self.tags[name].pop(tag, None)
        assert done.status == (404 if text is None else 202)
        if text is not None and text not in self.tags[name].values():
            self.forget(name, text)

    @rule(name=repositories, data=layers)
    def delete_blob(self, name: str, data: bytes) -> None:
        done = self.ecr.http("DELETE", f"{name}/blobs/{digest_of(data)}")
        if data not in self.blobs[name]:
            assert done.status == 404
        elif manifest(data) in self.images[name]:
            assert done.status == 405
        else:
            assert done.status == 202
            self.blobs[name].discard(data)

    @rule()
    def sweep_soon(self) -> None:
        self.ecr.sweep()

    @rule()
    def sweep_long_after(self) -> None:
        self.ecr.clock.advance(48 * 3600)
        self.ecr.password = self.ecr.login(self.ecr.aws)
        self.ecr.sweep()
        self.uploads.clear()
        for name in REPOSITORIES:
            needed = {data for data in LAYERS if manifest(data) in self.images[name]}
            self.blobs[name] &= needed | ({CONFIG} if needed else set())

    def forget(self, name: str, text: bytes) -> None:
        self.images[name].discard(text)
        kept = {tag: each for tag, each in self.tags[name].items() if each != text}
        self.tags[name] = kept

    @invariant()
    def both_say_the_same(self) -> None:
        for name in REPOSITORIES:
            expected = {tag: digest_of(text) for tag, text in self.tags[name].items()}
            assert self.ecr.tags(name) == expected
            assert self.ecr.digests(name) == {digest_of(text) for text in self.images[name]}
            listed = json.loads(self.ecr.http("GET", f"{name}/tags/list").body)["tags"]
            assert listed == sorted(expected)
            for text in self.images[name]:
                got = self.ecr.http("GET", f"{name}/manifests/{digest_of(text)}")
                assert got.body == text
            for data in self.blobs[name]:
                assert self.ecr.http("GET", f"{name}/blobs/{digest_of(data)}").body == data
        assert len(self.ecr.kept(records.UPLOADS)) == len(self.uploads)
        assert self.ecr.count(records.IMAGE_TAGS) == sum(map(len, self.tags.values()))
        assert self.ecr.count(records.LAYERS) == sum(map(len, self.blobs.values()))


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
