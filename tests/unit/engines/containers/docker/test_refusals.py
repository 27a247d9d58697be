from __future__ import annotations

import pytest

from demitasse.engines.containers.docker import refusals
from demitasse.engines.containers.docker.refusals import Refusal
from demitasse.engines.containers.errors import (
    AddressInUse,
    CannotPull,
    CannotStart,
    ImageMissing,
    InUse,
    NameConflict,
    NetworkOverlap,
    PullNoSpace,
    PullNotFound,
    PullUnauthorised,
    RegistryUnreachable,
)
from demitasse.engines.containers.references import parse
from demitasse.errors import EngineError, NotFoundInEngine

RESOLVE = "pull image manifest has been retried 1 time(s): failed to resolve ref "
DENIED = "pull access denied, repository does not exist or may require authorization: "
CUP = "127.0.0.1:4566/cup"


@pytest.mark.parametrize(
    ("image", "docker", "kind", "told"),
    [
        (
            f"{CUP}:2",
            f"manifest for {CUP}:2 not found: manifest unknown: manifest unknown",
            PullNotFound,
            f"{RESOLVE}{CUP}:2: {CUP}:2: not found",
        ),
        (
            CUP,
            f"repository {CUP} not found: name unknown: repository name not known to registry",
            PullNotFound,
            f"{RESOLVE}{CUP}:latest: {CUP}:latest: not found",
        ),
        (
            "customer",
            (
                "pull access denied for customer, repository does not exist or may require "
                "'docker login': denied: requested access to the resource is denied"
            ),
            PullUnauthorised,
            (
                f"{RESOLVE}docker.io/library/customer:latest: {DENIED}"
                "server message: insufficient_scope: authorization failed"
            ),
        ),
        (
            CUP,
            f'Head "http://{CUP}/manifests/latest": no basic auth credentials',
            PullUnauthorised,
            f"{RESOLVE}{CUP}:latest: {DENIED}authorization failed: no basic auth credentials",
        ),
        (
            CUP,
            "unauthorized: authentication required",
            PullUnauthorised,
            (
                f"{RESOLVE}{CUP}:latest: {DENIED}"
                "server message: insufficient_scope: authorization failed"
            ),
        ),
        (
            "customer",
            (
                'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on '
                "10.0.0.2:53: no such host"
            ),
            RegistryUnreachable,
            (
                f"{RESOLVE}docker.io/library/customer:latest: failed to do request: "
                'Head "https://registry-1.docker.io/v2/library/customer/manifests/latest": '
                "dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host"
            ),
        ),
        (
            "customer",
            (
                'error pulling image: Head "https://registry-1.docker.io/v2/library/customer/'
                'manifests/latest": net/http: TLS handshake timeout'
            ),
            RegistryUnreachable,
            (
                f"{RESOLVE}docker.io/library/customer:latest: failed to do request: "
                'Head "https://registry-1.docker.io/v2/library/customer/manifests/latest": '
                "net/http: TLS handshake timeout"
            ),
        ),
        (
            "customer",
            "context deadline exceeded",
            RegistryUnreachable,
            f"{RESOLVE}docker.io/library/customer:latest: context deadline exceeded",
        ),
        (
            "customer",
            (
                "failed to register layer: Error processing tar file(exit status 1): write /usr/x: "
                "no space left on device"
            ),
            PullNoSpace,
            (
                "ref pull has been retried 1 time(s): failed to register layer: Error processing tar "
                "file(exit status 1): write /usr/x: no space left on device"
            ),
        ),
        (
            "customer",
            "no matching manifest for linux/arm64/v8 in the manifest list entries",
            PullNotFound,
            "image Manifest does not contain descriptor matching platform 'linux/arm64/v8'",
        ),
        (
            "customer",
            "toomanyrequests: You have reached your pull rate limit.",
            CannotPull,
            "toomanyrequests: You have reached your pull rate limit.",
        ),
    ],
)
def test_pulls_fail_in_the_words_of_fargate(
    image: str, docker: str, kind: type[CannotPull], told: str
) -> None:
    error = refusals.of_pull(docker, parse(image))
    assert type(error) is kind
    assert str(error) == told


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (404, "No such container: c0", NotFoundInEngine),
        (409, "container is marked for removal and cannot be started", NotFoundInEngine),
        (404, "No such container: other", CannotStart),
        (404, "network net not found", CannotStart),
        (403, "Address already in use", AddressInUse),
        (
            500,
            (
                "driver failed programming external connectivity on endpoint cup: "
                "Bind for 0.0.0.0:80 failed: port is already allocated"
            ),
            AddressInUse,
        ),
        (
            500,
            (
                "driver failed programming external connectivity on endpoint cup: Error starting "
                "userland proxy: listen tcp4 127.0.0.1:80: bind: address already in use"
            ),
            AddressInUse,
        ),
        (
            400,
            (
                "failed to create shim task: OCI runtime create failed: runc create failed: unable "
                'to start container process: exec: "/x": stat /x: no such file or directory: unknown'
            ),
            CannotStart,
        ),
        (409, "cannot join network of a non running container: c1", CannotStart),
    ],
)
def test_starts_fail_for_reasons(status: int, words: str, kind: type[EngineError]) -> None:
    error = refusals.of_start(Refusal(status, words), "c0")
    assert type(error) is kind
    assert str(error) == words


def test_what_names_a_container() -> None:
    assert isinstance(refusals.of_container(Refusal(404, "No such container")), NotFoundInEngine)
    gone = Refusal(409, "can not get logs from container which is dead or marked for removal")
    assert isinstance(refusals.of_container(gone), NotFoundInEngine)
    other = Refusal(500, "something")
    assert refusals.of_container(other) is other


def test_creation_needs_an_image() -> None:
    error = refusals.of_create(Refusal(404, "No such image: cup:latest"), "cup")
    assert isinstance(error, ImageMissing)
    assert str(error) == "No such image: cup"
    other = Refusal(400, "Minimum memory limit allowed is 6MB")
    assert refusals.of_create(other, "cup") is other


def test_removals_wait_for_users() -> None:
    for status in (403, 409):
        assert isinstance(refusals.of_removal(Refusal(status, "in use")), InUse)
    other = Refusal(500, "driver failed")
    assert refusals.of_removal(other) is other


@pytest.mark.parametrize(
    "words",
    [
        "Pool overlaps with other one on this address space",
        "invalid pool request: Pool overlaps with other one on this address space",
        (
            "cannot create network 1 (br-1): conflicts with network 2 (br-2): networks have "
            "overlapping IPv4"
        ),
    ],
)
def test_an_overlap_names_the_range(words: str) -> None:
    error = refusals.of_network(Refusal(403, words), "net", "10.0.0.0/24")
    assert isinstance(error, NetworkOverlap)
    assert "10.0.0.0/24" in str(error)


def test_other_refusals_of_networks() -> None:
    words = "conflicts with network 2 (cup0): networks have same bridge name"
    assert isinstance(refusals.of_network(Refusal(403, words), "net", "10/8"), NameConflict)
    other = Refusal(400, "invalid subnet")
    assert refusals.of_network(other, "net", "x") is other
