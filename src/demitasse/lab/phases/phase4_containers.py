"""Phase 4: the two microservices, each in an image of its own."""

from __future__ import annotations

from functools import partial

from demitasse.lab.docker import SOURCE_LABEL, fingerprint
from demitasse.lab.task import NotYet, Phase, Task
from demitasse.lab.workspace import Workspace


def build(service: str, lab: Workspace) -> None:
    """Build the image from its folder."""
    lab.docker.build(lab.sources / service, service)


def check(service: str, lab: Workspace) -> None:
    """The image is there, and of the source as it is now."""
    image = lab.docker.image(service)
    if image is None:
        raise NotYet(f"there is no image {service}")
    made_from = (image["Config"].get("Labels") or {}).get(SOURCE_LABEL)
    if made_from != fingerprint(lab.sources / service):
        raise NotYet(f"the image {service} is not of the source as it is now")


PHASE = Phase(
    4,
    "Two microservices in containers",
    "Deux microservices en conteneurs",
    (
        Task("4.3", "Image of customer", "Image du microservice client",
             partial(build, "customer"), partial(check, "customer")),
        Task("4.5", "Image of employee", "Image du microservice employé",
             partial(build, "employee"), partial(check, "employee")),
    ),
)  # fmt: skip
