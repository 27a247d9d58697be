"""Docker's refusals, told apart by status and words. Pure.

Docker Engine's API has one shape of error: a status and a sentence. The sentences are those of
Docker 20.10 to 28; what is not known stays an ``EngineError`` with Docker's own words.
"""

from __future__ import annotations

import re

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
from demitasse.engines.containers.references import ImageReference
from demitasse.errors import EngineError, NotFoundInEngine


class Refusal(EngineError):
    """Docker said no: an HTTP status and a sentence. Stays inside of this package."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @property
    def not_found(self) -> bool:
        return self.status == 404

    @property
    def conflict(self) -> bool:
        return self.status == 409


_MISSING_CONTAINER = re.compile(r"^No such (container|exec instance)", re.IGNORECASE)
_GOING = "marked for removal"
_TAKEN = (
    "address already in use",
    "port is already allocated",
    "ports are not available",
)
_OVERLAPS = ("pool overlaps", "networks have overlapping", "conflicts with network")


def of_container(refusal: Refusal) -> EngineError:
    """A refusal to anything that names one container."""
    if refusal.not_found or _GOING in refusal.message:
        return NotFoundInEngine(refusal.message)
    return refusal


def of_create(refusal: Refusal, image: str) -> EngineError:
    """A refusal of ``POST /containers/create`` other than a taken name."""
    if refusal.not_found and "no such image" in refusal.message.lower():
        return ImageMissing(f"No such image: {image}")
    return refusal


def of_start(refusal: Refusal, container: str) -> EngineError:
    """A refusal of ``POST /containers/{id}/start``; ``container`` as it was named there."""
    words = refusal.message.lower()
    missing = _MISSING_CONTAINER.match(refusal.message) and container in refusal.message
    if missing or _GOING in refusal.message:
        return NotFoundInEngine(refusal.message)
    if any(each in words for each in _TAKEN):
        return AddressInUse(refusal.message)
    return CannotStart(refusal.message)


def of_removal(refusal: Refusal) -> EngineError:
    """A refusal of any ``DELETE`` other than of something that is not there."""
    if refusal.status in (403, 409):
        return InUse(refusal.message)
    return refusal


def of_network(refusal: Refusal, name: str, cidr: str) -> EngineError:
    """A refusal of ``POST /networks/create`` other than a taken name."""
    words = refusal.message.lower()
    if any(each in words for each in _OVERLAPS) and "same bridge name" not in words:
        return NetworkOverlap(
            f"The range {cidr} of the network {name} overlaps with that of another network of "
            f"this machine ({refusal.message})."
        )
    if "same bridge name" in words:
        return NameConflict(refusal.message)
    return refusal


# ── Pulling ───────────────────────────────────────────────────────────────────────────────────
# Fargate pulls by containerd, and what its users read and search for are containerd's sentences.
# Docker's are turned into those; of causes that Docker does not tell, its own words are kept.

_RESOLVE = "pull image manifest has been retried 1 time(s): failed to resolve ref "
_PULL = "ref pull has been retried 1 time(s): "
_DENIED = "pull access denied, repository does not exist or may require authorization: "
_ABSENT = ("manifest unknown", "name unknown", "not found: ", "no such manifest")
_REFUSED = ("denied", "unauthorized", "no basic auth credentials")
_REQUEST = re.compile(r"\b(?P<method>Get|Head) \"(?P<url>[^\"]*)\": (?P<cause>.*)", re.DOTALL)
_UNREACHABLE = (
    "dial tcp",
    "no such host",
    "connection refused",
    "i/o timeout",
    "context deadline exceeded",
    "client.timeout exceeded",
    "request canceled",
    "connection reset",
    "unexpected eof",
    "tls handshake timeout",
    "x509:",
    "server gave http response to https client",
    "no route to host",
    "network is unreachable",
)


def of_pull(message: str, reference: ImageReference) -> CannotPull:
    """A refusal of ``POST /images/create``, by status or in the middle of its stream.

    The message is what ECS puts behind ``CannotPullContainerError: `` on Fargate (platform
    version 1.4.0), where "has been retried 1 time(s)" counts the first attempt as well.
    """
    words = message.lower()
    if "no space left on device" in words:
        return PullNoSpace(f"{_PULL}{message}")
    if "no matching manifest" in words:
        platform = re.search(r"no matching manifest for (\S+)", message)
        name = platform.group(1) if platform else "linux"
        return PullNotFound(
            f"image Manifest does not contain descriptor matching platform '{name}'"
        )
    if any(each in words for each in _REFUSED):
        return PullUnauthorised(f"{_RESOLVE}{reference}: {_DENIED}{_denial(words)}")
    if any(each in words for each in _ABSENT):
        return PullNotFound(f"{_RESOLVE}{reference}: {reference}: not found")
    if any(each in words for each in _UNREACHABLE):
        return RegistryUnreachable(f"{_RESOLVE}{reference}: {_no_answer(message, reference)}")
    return CannotPull(message)


def _denial(words: str) -> str:
    if "no basic auth credentials" in words:
        return "authorization failed: no basic auth credentials"
    return "server message: insufficient_scope: authorization failed"


def _no_answer(message: str, reference: ImageReference) -> str:
    """As containerd says it: it asks for the manifest where Docker first asks whether a registry is there."""
    asked = _REQUEST.search(message)
    if asked is None:
        return message
    url = asked.group("url")
    if url.endswith("/v2/"):
        url = f"{url}{reference.repository}/manifests/{reference.selector}"
    return f'failed to do request: Head "{url}": {asked.group("cause")}'
