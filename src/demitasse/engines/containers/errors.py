"""The ways in which the container engine refuses or fails.

EngineError
├── CannotPull              an image could not be had; the message is what ECS puts behind
│   │                       ``CannotPullContainerError: ``
│   ├── PullNotFound          the repository or the tag does not exist
│   ├── PullUnauthorised      the registry wants (other) credentials
│   ├── RegistryUnreachable   no name, no route, no answer, no TLS
│   └── PullNoSpace           the disk is full
├── CannotStart             the runtime could not start the process; the message is what ECS
│                           puts behind ``CannotStartContainerError: ``
├── NameConflict            another container, network or volume has this name
├── NetworkOverlap          the network's range is already in use
├── AddressInUse            another container has this address, or the port is taken
├── EngineUnavailable       Docker cannot be reached, or did not answer in time
└── NotFoundInEngine        no such container, network, volume
    └── ImageMissing          no such image on this machine
"""

from __future__ import annotations

from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine


class CannotPull(EngineError):
    """An image could not be pulled."""


class PullNotFound(CannotPull):
    """The repository or the tag does not exist."""


class PullUnauthorised(CannotPull):
    """The registry refused the credentials, or there were none."""


class RegistryUnreachable(CannotPull):
    """The registry did not answer."""


class PullNoSpace(CannotPull):
    """The disk is full."""


class CannotStart(EngineError):
    """The container exists, but its process could not be started."""


class NameConflict(EngineError):
    """The name is taken by something that is not what was asked for."""


class InUse(EngineError):
    """What was to be removed is still needed by something else, or runs."""


class NetworkOverlap(EngineError):
    """The network's range overlaps with another network of this machine."""


class AddressInUse(EngineError):
    """An address or a port is already taken."""


class ImageMissing(NotFoundInEngine):
    """The image is not on this machine: pull it first."""


__all__ = [
    "AddressInUse",
    "CannotPull",
    "CannotStart",
    "EngineError",
    "EngineUnavailable",
    "ImageMissing",
    "InUse",
    "NameConflict",
    "NetworkOverlap",
    "NotFoundInEngine",
    "PullNoSpace",
    "PullNotFound",
    "PullUnauthorised",
    "RegistryUnreachable",
]
