"""The base images keep what official images promise, whether they are those or stand-ins."""

from __future__ import annotations

import io
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator

import pytest

from demitasse.machine import images
from demitasse.machine.recipes import HAPROXY, MARIADB, PAUSE, PYTHON

pytestmark = pytest.mark.docker

_LABELS = ("--label", "demitasse.installation=images-test", "--label", "demitasse.kind=test")

Until = Callable[..., object]


@pytest.fixture(scope="module", autouse=True)
def _here() -> None:
    images.ensure_all(lambda _: None)


def _docker(*argv: str, check: bool = True, stdin: str = "") -> str:
    done = subprocess.run(
        ["docker", *argv], input=stdin, capture_output=True, text=True, check=False
    )
    if check and done.returncode != 0:
        pytest.fail(f"docker {' '.join(argv)}: {done.stderr}")
    return (done.stdout + done.stderr).strip()


@pytest.fixture
def started() -> Iterator[Callable[..., str]]:
    """Starts a container in the background; its id. Removed at the end, with its volumes."""
    made: list[str] = []

    def start(*argv: str) -> str:
        made.append(_docker("run", "-d", *_LABELS, *argv).splitlines()[-1])
        return made[-1]

    yield start
    for container in made:
        _docker("rm", "--force", "--volumes", container)


@pytest.fixture
def volume() -> Iterator[str]:
    name = _docker("volume", "create", *_LABELS)
    yield name
    _docker("volume", "rm", name)


def _status(container: str) -> str:
    return _docker("inspect", "-f", "{{.State.ExitCode}}", container)


def test_pause_ends_at_once_and_reaps_what_is_orphaned_into_it(
    started: Callable[..., str], until: Until
) -> None:
    container = started(PAUSE.name)
    _docker("exec", container, "sh", "-c", "sleep 0.1 &")
    until(
        lambda: (
            "Z" not in _docker("exec", container, "ps", "-o", "stat")
            and "sleep 0.1" not in _docker("exec", container, "ps")
        ),
        seconds=5,
    )

    begun = time.monotonic()
    _docker("stop", "--time", "10", container)
    assert time.monotonic() - begun < 2
    assert _status(container) == "0"


def test_pause_is_a_tool_for_addresses() -> None:
    privileges = ("--rm", "--network", "none", "--cap-add", "NET_ADMIN", *_LABELS)
    script = "ip addr add 10.9.8.7/32 dev lo && ip addr show lo && ip addr del 10.9.8.7/32 dev lo"
    assert "10.9.8.7/32" in _docker("run", *privileges, PAUSE.name, "sh", "-c", script)
    assert "127.0.0.1" in _docker("run", *privileges, PAUSE.name, "ip", "addr", "show", "lo")


def test_python_and_pip_are_where_dockerfiles_look() -> None:
    script = "/usr/local/bin/python -V; which pip; python -m venv --without-pip /tmp/v && echo made"
    out = _docker("run", "--rm", PYTHON.name, "sh", "-c", script).splitlines()
    assert out[0].startswith("Python 3.13.")
    assert out[1:] == ["/usr/local/bin/pip", "made"]


@pytest.mark.slow
def test_packages_install_in_a_build() -> None:
    recipe = f"FROM {PYTHON.name}\nRUN pip install --upgrade pip && pip install flask\n"
    built = _docker("build", "-q", "--no-cache", *_LABELS, "-", stdin=recipe).split()
    image = next(word for word in built if word.startswith("sha256:"))
    try:
        assert "ok" in _docker("run", "--rm", image, "python", "-c", "import flask; print('ok')")
    finally:
        _docker("rmi", "-f", image)


def test_haproxy_serves_its_configuration_and_stops_gracefully(
    started: Callable[..., str], until: Until
) -> None:
    configuration = (
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n"
        "frontend f\n bind :8099\n http-request return status 200 content-type text/plain string hi\n"
    )
    container = started(
        "-e", f"CONFIGURATION={configuration}", "--entrypoint", "sh", HAPROXY.name, "-c",
        'printf %s "$CONFIGURATION" > /tmp/h.cfg && exec docker-entrypoint.sh -f /tmp/h.cfg',
    )  # fmt: skip
    until(lambda: "Loading success" in _docker("logs", container), seconds=10)
    assert "haproxy -W -db -f /tmp/h.cfg" in _docker("top", container)

    begun = time.monotonic()
    _docker("stop", container)
    assert time.monotonic() - begun < 5
    assert _status(container) == "0"
    assert _docker("inspect", "-f", "{{.Config.StopSignal}} {{.Config.User}}", HAPROXY.name) == (
        "SIGUSR1 haproxy"
    )


_SETTINGS = (
    "-e", "MARIADB_ROOT_PASSWORD=it's\\a \"secret\"", "-e", "MYSQL_DATABASE=COFFEE",
    "-e", "MARIADB_USER=nodeapp", "-e", "MARIADB_PASSWORD=coffee",
)  # fmt: skip
_CLIENT = ("mariadb", "--host=127.0.0.1", "--user=nodeapp", "--password=coffee", "-BN", "COFFEE")


def _healthy(container: str) -> bool:
    argv = ["docker", "exec", container, "healthcheck.sh", "--connect", "--innodb_initialized"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def _sql(container: str, statement: str) -> str:
    return _docker("exec", container, *_CLIENT, "-e", statement)


def test_mariadb_makes_what_is_asked_for_and_keeps_it(
    volume: str, started: Callable[..., str], until: Until
) -> None:
    container = started("-v", f"{volume}:/var/lib/mysql", *_SETTINGS, MARIADB.name)
    until(lambda: _healthy(container), seconds=40)

    _sql(container, "create table t (a varchar(9)); insert into t values ('é☕')")
    assert _sql(container, "select @@character_set_server, a from t") == "utf8mb4\té☕"
    root = ("mariadb", "--user=root", '--password=it\'s\\a "secret"', "-BN", "-e", "select 'in'")
    assert _docker("exec", container, *root) == "in"

    _docker("stop", container)
    assert _status(container) == "0"
    _docker("start", container)
    until(lambda: _healthy(container), seconds=40)
    assert _sql(container, "select a from t") == "é☕"


@pytest.mark.parametrize("seconds", [0.4, 0.8, 1.2, 1.6, 2.0])
def test_mariadb_killed_in_its_first_start_begins_again(
    volume: str, started: Callable[..., str], until: Until, seconds: float
) -> None:
    container = started("-v", f"{volume}:/var/lib/mysql", *_SETTINGS, MARIADB.name)
    time.sleep(seconds)  # a kill waits for nothing: it comes earlier or later in the start
    _docker("kill", container)
    _docker("start", container)

    until(lambda: _healthy(container), seconds=40)
    assert _sql(container, "select 1") == "1"


def test_mariadb_without_a_password_says_what_is_missing() -> None:
    said = _docker("run", "--rm", *_LABELS, MARIADB.name, check=False)
    assert "MARIADB_ROOT_PASSWORD" in said


def test_mariadb_takes_further_arguments_and_files(until: Until) -> None:
    container = _docker("create", *_LABELS, *_SETTINGS, MARIADB.name, "--max-connections=77")
    try:
        _put(container, "/docker-entrypoint-initdb.d", "one.sql", b"create table made (n int);")
        _docker("start", container)
        until(lambda: _healthy(container), seconds=40)
        assert _sql(container, "select @@max_connections") == "77"
        assert _sql(container, "show tables") == "made"
    finally:
        _docker("rm", "--force", "--volumes", container)


def _put(container: str, folder: str, name: str, content: bytes) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        entry.mode = 0o644
        tar.addfile(entry, io.BytesIO(content))
    subprocess.run(
        ["docker", "cp", "-", f"{container}:{folder}"], input=packed.getvalue(), check=True
    )


def test_a_stand_in_says_that_it_is_one() -> None:
    labels = _docker("inspect", "-f", "{{json .Config.Labels}}", PAUSE.name)
    assert '"demitasse.kind":"base-image"' in labels
    assert f'"demitasse.stand-in":"{PAUSE.name}"' in labels
