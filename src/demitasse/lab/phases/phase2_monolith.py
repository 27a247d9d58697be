"""Phase 2: the monolithic application, in one container."""

from __future__ import annotations

import socket

from demitasse.lab import names
from demitasse.lab.phases import phase0_preparation
from demitasse.lab.task import NotYet, Phase, Task
from demitasse.lab.workspace import Workspace

_IMAGE = "monolith"
_PORTS = (80, 8000)  # the course's own, and another for machines where it is taken
_HOST = "127.0.0.1"

_SUPPLIERS = (
    {
        "name": "Brûlerie du Vieux-Port",
        "address": "12, rue Saint-Paul",
        "city": "Montréal",
        "state": "QC",
        "email": "bonjour@brulerie.example",
        "phone": "514-234-5678",
    },
    {
        "name": "Finca El Mirador",
        "address": "Vereda La Palma 4",
        "city": "Pitalito",
        "state": "Huila",
        "email": "ventas@elmirador.example",
        "phone": "+576018765432",
    },
    {
        "name": "Les Torréfacteurs de Belleville",
        "address": "50, rue de Belleville",
        "city": "Paris",
        "state": "Île-de-France",
        "email": "contact@belleville.example",
        "phone": "0612345678",
    },
)


def start_monolith(lab: Workspace) -> None:
    """Build the image and run it in front of the database."""
    lab.docker.build(lab.sources / "monolith", _IMAGE)
    if _is_current(lab):
        return
    own = _port(lab)
    port = own if own is not None else next((p for p in _PORTS if _is_free(p)), None)
    if port is None:
        raise NotYet(f"ports {' and '.join(map(str, _PORTS))} of {_HOST} are taken")
    lab.docker.run(
        names.MONOLITH,
        _IMAGE,
        publish=f"{_HOST}:{port}:80",
        environment={"APP_DB_HOST": phase0_preparation.endpoint(lab)},
    )


def check_monolith(lab: Workspace) -> None:
    """Its home page answers."""
    if not _is_current(lab):
        raise NotYet("the monolith's container is not there, or of an older image or database")
    status, _page = lab.get(url(lab) + "/")
    if status != 200:
        raise NotYet(f"{url(lab)}/ answers {status}")


def add_suppliers(lab: Workspace) -> None:
    """Add the suppliers that are missing through the page's form, as a person would."""
    _status, listed = lab.get(url(lab) + "/suppliers")
    for supplier in _SUPPLIERS:
        if supplier["email"] in listed:
            continue
        status, page = lab.get(url(lab) + "/supplier-add", form=supplier)
        if status != 200:
            raise NotYet(f"adding {supplier['name']} answers {status}: {page[:200]}")


def check_suppliers(lab: Workspace) -> None:
    """The list page lists a supplier, out of the database: any, people edit and remove them."""
    status, page = lab.get(url(lab) + "/suppliers")
    if status != 200 or "@" not in page:  # every supplier has an e-mail address
        raise NotYet(f"{url(lab)}/suppliers answers {status} and lists no supplier")


def check_process(lab: Workspace) -> None:
    """Its process and its port are seen."""
    if _port(lab) is None or "python" not in lab.docker.processes(names.MONOLITH):
        raise NotYet("the monolith's process is not seen")


def url(lab: Workspace) -> str:
    """Where the monolith is; ``NotYet`` when it does not run."""
    port = _port(lab)
    if port is None:
        raise NotYet(f"the container {names.MONOLITH} does not run")
    return f"http://{_HOST}" if port == 80 else f"http://{_HOST}:{port}"


def _port(lab: Workspace) -> int | None:
    container = lab.docker.container(names.MONOLITH)
    if container is None or not container["State"]["Running"]:
        return None
    published = container["NetworkSettings"]["Ports"].get("80/tcp")
    return int(published[0]["HostPort"]) if published else None


def _is_current(lab: Workspace) -> bool:
    image, container = lab.docker.image(_IMAGE), lab.docker.container(names.MONOLITH)
    return (
        image is not None
        and container is not None
        and container["State"]["Running"]
        and container["Image"] == image["Id"]
        and f"APP_DB_HOST={phase0_preparation.endpoint(lab)}" in container["Config"]["Env"]
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _nothing(_lab: Workspace) -> None:
    """There is nothing to make: the task is to look."""


PHASE = Phase(
    2,
    "The monolithic application",
    "L'application monolithique",
    (
        Task("2.1", "The monolith answers", "Le monolithe répond",
             start_monolith, check_monolith, patience=20),
        Task("2.2", "A supplier added there is listed", "Un fournisseur ajouté y est listé",
             add_suppliers, check_suppliers),
        Task("2.3", "Its process is seen", "Son processus est visible", _nothing, check_process),
    ),
)  # fmt: skip
