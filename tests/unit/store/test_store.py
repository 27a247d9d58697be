from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from demitasse.api import Scope
from demitasse.errors import StoreError
from demitasse.store import AlreadyStored, Change, Kind, NotStored, Ref, Store, Transaction


class Wish(msgspec.Struct, frozen=True):
    text: str
    labels: tuple[str, ...] = ()


class Sight(msgspec.Struct, frozen=True):
    seen: int = 0


WISHES: Kind[Wish, Sight] = Kind(
    "test.wish",
    Wish,
    Sight,
    {
        "text": lambda item: item.desired.text,
        "label": lambda item: item.desired.labels,
        "seen": lambda item: str(item.observed.seen) if item.observed.seen else None,
    },
)
HERE, THERE = Scope("1", "here"), Scope("1", "there")


@pytest.fixture
def store() -> Store:
    return Store.open(None)


def keys(store: Store, **how: object) -> list[str]:
    with store.transaction() as tx:
        return [item.key for item in tx.page(WISHES, HERE, **how)]  # type: ignore[arg-type]


def fill(store: Store, *names: str) -> None:
    with store.transaction() as tx:
        for name in names:
            tx.create(WISHES, HERE, name, Wish(name[0], tuple(name)))


def test_what_was_created_is_read_back(store: Store) -> None:
    with store.transaction() as tx:
        tx.create(WISHES, HERE, "k", Wish("a"))
    with store.transaction() as tx:
        item = tx.get(WISHES, HERE, "k")
        assert item is not None
        assert (item.desired, item.observed, item.revision) == (Wish("a"), Sight(), 1)
        assert tx.get(WISHES, THERE, "k") is None


def test_a_key_is_taken_once_per_scope(store: Store) -> None:
    fill(store, "k")
    with pytest.raises(AlreadyStored), store.transaction() as tx:
        tx.create(WISHES, HERE, "k", Wish("b"))
    with store.transaction() as tx:
        tx.create(WISHES, THERE, "k", Wish("b"))


def test_a_failed_transaction_changes_nothing(store: Store) -> None:
    heard: list[Change] = []
    store.watch(heard.extend)
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        tx.create(WISHES, HERE, "k", Wish("a"))
        raise ZeroDivisionError
    assert keys(store) == []
    assert heard == []


def test_desired_and_observed_change_apart(store: Store) -> None:
    fill(store, "k")
    with store.transaction() as tx:
        tx.observe(WISHES, Ref(HERE, "k"), Sight(7))
        tx.desire(WISHES, Ref(HERE, "k"), Wish("z"))
    with store.transaction() as tx:
        item = tx.get(WISHES, HERE, "k")
    assert item is not None
    assert (item.desired.text, item.observed.seen, item.revision) == ("z", 7, 3)


def test_writing_the_same_again_is_no_change(store: Store) -> None:
    fill(store, "k")
    heard: list[Change] = []
    store.watch(heard.extend)
    with store.transaction() as tx:
        tx.observe(WISHES, Ref(HERE, "k"), Sight())
    assert heard == []


def test_what_is_not_there_cannot_be_changed(store: Store) -> None:
    with pytest.raises(NotStored), store.transaction() as tx:
        tx.observe(WISHES, Ref(HERE, "k"), Sight(1))


def test_pages_follow_each_other_without_gap_or_repetition(store: Store) -> None:
    fill(store, *(f"k{number:03}" for number in range(25)))
    seen: list[str] = []
    while page := keys(store, after=seen[-1] if seen else "", limit=10):
        seen += page
    assert seen == [f"k{number:03}" for number in range(25)]


def test_prefixes_and_pages_together(store: Store) -> None:
    fill(store, "a1", "b1", "b2", "b3", "c1")
    assert keys(store, prefix="b") == ["b1", "b2", "b3"]
    assert keys(store, prefix="b", after="b1", limit=1) == ["b2"]
    assert keys(store, prefix="b", after="a1") == ["b1", "b2", "b3"]


def test_indexes_follow_the_record(store: Store) -> None:
    fill(store, "ab", "bc")
    assert keys(store, where=("label", "b")) == ["ab", "bc"]
    with store.transaction() as tx:
        tx.desire(WISHES, Ref(HERE, "ab"), Wish("a", ("x",)))
        tx.observe(WISHES, Ref(HERE, "bc"), Sight(5))
    assert keys(store, where=("label", "b")) == ["bc"]
    assert keys(store, where=("label", "x")) == ["ab"]
    assert keys(store, where=("seen", "5")) == ["bc"]
    with store.transaction() as tx:
        assert tx.count(WISHES, HERE, ("label", "b")) == 1
        tx.delete(WISHES, Ref(HERE, "bc"))
    assert keys(store, where=("label", "b")) == []


def test_counters_never_repeat(store: Store) -> None:
    with store.transaction() as tx:
        assert [tx.next(HERE, "n"), tx.next(HERE, "n"), tx.next(THERE, "n")] == [1, 2, 1]


def test_watchers_hear_what_was_before_and_after(store: Store) -> None:
    heard: list[tuple[str | None, str | None]] = []

    def watcher(changes: Sequence[Change]) -> None:
        for change in changes:
            sides = change.before, change.after
            heard.append(tuple(side and side.desired.text for side in sides))  # type: ignore[arg-type]

    unwatch = store.watch(watcher)
    fill(store, "k")
    with store.transaction() as tx:
        tx.desire(WISHES, Ref(HERE, "k"), Wish("z"))
        tx.delete(WISHES, Ref(HERE, "k"))
    unwatch()
    fill(store, "m")
    assert heard == [(None, "k"), ("k", "z"), ("z", None)]


def test_a_watcher_may_write(store: Store) -> None:
    def copy(changes: Sequence[Change]) -> None:
        for change in changes:
            if change.ref.scope == HERE:
                with store.transaction() as tx:
                    tx.create(WISHES, THERE, change.ref.key, Wish("copy"))

    store.watch(copy)
    fill(store, "k")
    with store.transaction() as tx:
        assert tx.get(WISHES, THERE, "k") is not None


def test_transactions_do_not_nest(store: Store) -> None:
    with store.transaction(), pytest.raises(RuntimeError), store.transaction():
        pass
    fill(store, "still works")


def test_a_damaged_file_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StoreError, match=r"state\.sqlite"):
        Store.open(path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    store = Store.open(path)
    with store.transaction() as tx:
        tx.execute("PRAGMA user_version = 999")
    store.close()
    with pytest.raises(StoreError, match="newer"):
        Store.open(path)


def test_clear_forgets_everything_and_tells_nobody(store: Store) -> None:
    fill(store, "a", "b")
    assert keys(store) == ["a", "b"]
    told: list[Any] = []
    store.watch(told.extend)
    store.clear()
    assert told == []
    assert keys(store) == []
    assert keys(store, where=("label", "a")) == []


def test_an_attempt_that_fails_undoes_itself_alone(store: Store) -> None:
    told: list[Any] = []
    store.watch(told.extend)
    with store.transaction() as tx:
        tx.create(WISHES, HERE, "before", Wish("x"))
        with pytest.raises(ValueError, match="no"), tx.attempt():
            tx.create(WISHES, HERE, "within", Wish("x"))
            tx.desire(WISHES, Ref(HERE, "before"), Wish("y"))
            tx.next(HERE, "count")
            with tx.attempt():
                tx.create(WISHES, HERE, "deeper", Wish("x"))
            raise ValueError("no")
        with tx.attempt():
            tx.create(WISHES, HERE, "after", Wish("x"))
        assert tx.next(HERE, "count") == 1
    assert keys(store) == ["after", "before"]
    assert [(change.ref.key, change.item.desired.text) for change in told] == [
        ("before", "x"),
        ("after", "x"),
    ]


def seen_in(tx: Transaction) -> tuple[Wish | None, list[str], list[str]]:
    """A record as each way to read shows it."""
    item = tx.get(WISHES, HERE, "k")
    found = [
        [each.key for each in tx.page(WISHES, HERE, limit=5, where=where)]
        for where in (None, ("text", "t"))
    ]
    return (item and item.desired, found[0], found[1])


CHANGES: list[tuple[Callable[[Transaction], object], Any]] = [
    (lambda tx: tx.create(WISHES, HERE, "k", Wish("t")), (Wish("t"), ["k"], ["k"])),
    (lambda tx: tx.desire(WISHES, Ref(HERE, "k"), Wish("u")), (Wish("u"), ["k"], [])),
    (lambda tx: tx.delete(WISHES, Ref(HERE, "k")), (None, [], [])),
]


def test_a_change_shows_at_once_whatever_was_read_before(store: Store) -> None:
    for change, after in CHANGES:
        with store.transaction() as tx:
            seen_in(tx)
            change(tx)
            assert seen_in(tx) == after
        with store.transaction() as tx:
            assert seen_in(tx) == after


def test_a_change_undone_never_shows_though_it_was_read(store: Store) -> None:
    for change, _ in CHANGES:
        with store.transaction() as tx:
            before = seen_in(tx)
        with contextlib.suppress(ZeroDivisionError), store.transaction() as tx:
            change(tx)
            assert seen_in(tx) != before
            raise ZeroDivisionError
        with store.transaction() as tx:
            assert seen_in(tx) == before
            change(tx)


def test_what_was_read_is_decoded_anew(store: Store) -> None:
    fill(store, "k")
    with store.transaction() as tx:
        first, second = tx.get(WISHES, HERE, "k"), tx.get(WISHES, HERE, "k")
    assert first is not None
    assert second is not None
    assert first.desired is not second.desired


def test_many_different_reads_stay_true(store: Store) -> None:
    for number in range(300):
        with store.transaction() as tx:
            assert tx.get(WISHES, HERE, f"k{number}") is None
            tx.create(WISHES, HERE, f"k{number}", Wish("t"))
    for number in range(300):
        with store.transaction() as tx:
            assert tx.get(WISHES, HERE, f"k{number}") is not None
