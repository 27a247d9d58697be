from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from demitasse.engines.containers.observation import ImageInfo
from demitasse.engines.containers.spec import (
    Attachment,
    Bind,
    ContainerSpec,
    HealthCheck,
    HostNetwork,
    LogOptions,
    Mount,
    OwnAddress,
    PublishedPort,
    RegistryAuth,
    SharedWith,
    Tmpfs,
    Ulimit,
    Volume,
)

BASE = ContainerSpec(name="a", image="cup")

OTHERS: dict[str, Any] = {
    "name": "b",
    "image": "bowl",
    "labels": {"a": "b"},
    "command": ("x",),
    "entrypoint": (),
    "environment": {"A": "1"},
    "network": HostNetwork(),
    "ports": (PublishedPort(80, 8080),),
    "mounts": (Tmpfs("/a"),),
    "volumes_from": ("b",),
    "cpu": 0.5,
    "cpu_shares": 2,
    "memory_bytes": 1,
    "memory_reservation_bytes": 1,
    "pids_limit": 1,
    "shm_bytes": 1,
    "ulimits": (Ulimit("nofile", 1, 2),),
    "user": "1",
    "workdir": "/",
    "hostname": "h",
    "health_check": HealthCheck(("CMD", "true")),
    "restart": "unless-stopped",
    "cap_add": ("A",),
    "cap_drop": ("ALL",),
    "no_new_privileges": False,
    "privileged": True,
    "read_only_root": True,
    "init": True,
    "tty": True,
    "stop_signal": "SIGINT",
    "stop_timeout": 1,
    "extra_hosts": {"a": "1.2.3.4"},
    "dns": ("1.1.1.1",),
    "dns_search": ("a",),
    "sysctls": {"a": "1"},
    "log": LogOptions(max_files=2),
}


def test_equal_specifications_have_equal_digests() -> None:
    first = replace(BASE, environment={"A": "1", "B": "2"}, command=("a", "b"))
    second = replace(BASE, environment={"B": "2", "A": "1"}, command=("a", "b"))
    assert first.digest() == second.digest()
    assert len(first.digest()) == 32


def test_every_field_counts() -> None:
    assert set(OTHERS) == {each.name for each in fields(ContainerSpec)}
    digests = {replace(BASE, **{name: value}).digest() for name, value in OTHERS.items()}
    assert len(digests | {BASE.digest()}) == len(OTHERS) + 1


def test_what_differs_only_in_kind_differs() -> None:
    networks: list[Attachment] = [
        HostNetwork(),
        OwnAddress("n"),
        SharedWith("n"),
        OwnAddress("n", "1"),
    ]
    mounts: list[Mount] = [Bind("a", "/b"), Volume("a", "/b"), Bind("a", "/b", read_only=True)]
    specs = [replace(BASE, network=each) for each in networks]
    specs += [replace(BASE, mounts=(each,)) for each in mounts]
    specs += [replace(BASE, command=()), replace(BASE, command=("",)), BASE]
    assert len({each.digest() for each in specs}) == len(specs)


def test_a_later_field_at_its_default_does_not_change_the_digest() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Later(ContainerSpec):
        colour: str = "white"

    later = Later(name="a", image="cup")
    later_digest = replace(later).digest()
    Later.__name__ = "ContainerSpec"
    assert later.digest() == BASE.digest()
    assert later_digest != BASE.digest()


def test_the_digest_is_kept_across_versions() -> None:
    # Containers that run carry it: if this changes, an update replaces every one of them.
    spec = replace(
        BASE,
        environment={"A": "1"},
        network=OwnAddress("n", "10.0.0.5"),
        mounts=(Volume("v", "/data"),),
        cpu=0.5,
    )
    assert spec.digest() == "28417f077f53ced387f2be3d4e40ceb2"


@given(st.dictionaries(st.sampled_from(sorted(OTHERS)), st.just(True)))
def test_a_digest_tells_exactly_what_is_different(chosen: dict[str, bool]) -> None:
    one = replace(BASE, **{name: OTHERS[name] for name in chosen})
    other = replace(BASE, **{name: OTHERS[name] for name in reversed(list(chosen))})
    assert one.digest() == other.digest()
    assert (one.digest() == BASE.digest()) == (not chosen)


def test_a_password_is_not_shown() -> None:
    assert "sesame" not in repr(RegistryAuth("host", "AWS", "sesame"))


def test_a_digest_belongs_to_its_repository() -> None:
    info = ImageInfo(id="sha256:1", repo_digests=("127.0.0.1:4566/cup@sha256:2", "cup@sha256:3"))
    assert info.digest_in("cup") == "sha256:3"
    assert info.digest_in("127.0.0.1:4566/cup") == "sha256:2"
    assert info.digest_in("bowl") is None
