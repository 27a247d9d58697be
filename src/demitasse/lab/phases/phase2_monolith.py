"""Phase 2: the monolithic application, in one container."""

from __future__ import annotations

import socket

from demitasse.lab import names
from demitasse.lab.phases import phase0_preparation
from demitasse.lab.task import NotYet, Phase, Task
from demitasse.lab.workspace import Workspace

_PORTS = (80, *range(8000, 8010))  # the course's own, and others for machines where it is taken
_INSTALLATION_LABEL = "demitasse.installation"
_MOST = 5  # installations on one machine
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
    lab.docker.build(lab.sources / names.MONOLITH_IMAGE, names.MONOLITH_IMAGE)
    if _is_current(lab):
        return
    own = _port(lab)
    port = own if own is not None else next((p for p in _PORTS if _is_free(p)), None)
    if port is None:
        raise NotYet(f"ports 80 and {_PORTS[1]} to {_PORTS[-1]} of {_HOST} are taken")
    lab.docker.run(
        container(lab),
        names.MONOLITH_IMAGE,
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
    if _port(lab) is None or "python" not in lab.docker.process(container(lab)):
        raise NotYet("the monolith's process is not seen")


def url(lab: Workspace) -> str:
    """Where the monolith is; ``NotYet`` when it does not run."""
    port = _port(lab)
    if port is None:
        raise NotYet(f"the container {container(lab)} does not run")
    return f"http://{_HOST}" if port == 80 else f"http://{_HOST}:{port}"


def container(lab: Workspace) -> str:
    """The container's name: the course's own, or the next that no other installation has."""
    mine = (lab.docker.labels or {}).get(_INSTALLATION_LABEL)
    free = []
    for number in range(1, _MOST + 1):
        name = names.MONOLITH.replace("1", str(number))
        found = lab.docker.container(name)
        if found is None:
            free.append(name)
        elif (found["Config"].get("Labels") or {}).get(_INSTALLATION_LABEL) == mine:
            return name
    return free[0] if free else names.MONOLITH


def _port(lab: Workspace) -> int | None:
    found = lab.docker.container(container(lab))
    if found is None or not found["State"]["Running"]:
        return None
    published = found["NetworkSettings"]["Ports"].get("80/tcp")
    return int(published[0]["HostPort"]) if published else None


def _is_current(lab: Workspace) -> bool:
    image, found = lab.docker.image(names.MONOLITH_IMAGE), lab.docker.container(container(lab))
    return (
        image is not None
        and found is not None
        and found["State"]["Running"]
        and found["Image"] == image["Id"]
        and f"APP_DB_HOST={phase0_preparation.endpoint(lab)}" in found["Config"]["Env"]
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
