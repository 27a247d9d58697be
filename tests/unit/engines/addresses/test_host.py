from __future__ import annotations

from demitasse.engines.addresses.host import label, parse, spec

SHOWN = (
    "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n"
    "1: lo    inet 172.31.0.5/32 scope global lo:dmabcdef01\\       valid_lft forever\n"
    "1: lo    inet 172.31.0.6/32 scope global lo:dm00000000\\       valid_lft forever\n"
)


def test_only_own_addresses_are_seen() -> None:
    assert parse(SHOWN, label("abcdef01")) == {"172.31.0.5"}


def test_the_label_fits_the_kernels_fifteen_characters() -> None:
    assert label("abcdef01") == "lo:dmabcdef01"
    assert len(label("abcdef0123456789")) == 15


def test_the_container_may_change_addresses_and_nothing_else() -> None:
    asked = spec("name", "true")
    assert asked.cap_drop == ("ALL",)
    assert asked.cap_add == ("NET_ADMIN",)
    assert asked.read_only_root
