from __future__ import annotations

from demitasse.teardown import Removed


def test_what_was_removed_is_counted_in_words() -> None:
    assert str(Removed(0, 0, 0, 0)) == "nothing"
    assert str(Removed(7, 2, 1, 0)) == "7 containers, 2 addresses, 1 network"
    assert str(Removed(1, 1, 0, 3)) == "1 container, 1 address, 3 volumes"
