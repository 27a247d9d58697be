"""What was acknowledged survives ``kill -9`` at any moment; what was not is whole or absent."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.unit.store.test_store import WISHES, Sight, Wish

from demitasse.api import Scope
from demitasse.store import Kind, Ref, Store

WRITER = """
import sys
from pathlib import Path
from demitasse.api import Scope
from demitasse.store import Store
from tests.unit.store.test_store import WISHES, Wish
store = Store.open(Path(sys.argv[1]))
number = 0
while True:
    with store.transaction() as tx:
        tx.create(WISHES, Scope("1", "here"), f"{number:06}a", Wish("pair"))
        tx.create(WISHES, Scope("1", "here"), f"{number:06}b", Wish("pair"))
    print(number, flush=True)
    number += 1
"""


def test_acknowledged_writes_survive_a_kill_and_pairs_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(200):
        last = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    acknowledged = int(rest[-1]) if rest else last
    store = Store.open(path)
    with store.transaction() as tx:
        found = {item.key for item in tx.page(WISHES, Scope("1", "here"))}
    store.close()
    for number in range(acknowledged + 1):
        assert {f"{number:06}a", f"{number:06}b"} <= found
    assert len(found) % 2 == 0


class StoreAgainstModel(RuleBasedStateMachine):
    """Random transactions, some of which fail; and the file opened again as after a crash."""

    scopes = st.sampled_from([Scope("1", "a"), Scope("2", "a")])
    names = st.sampled_from(["", "k", "k1", "k2", "ké", "z"])

    def __init__(self) -> None:
        super().__init__()
        self.kind: Kind[Wish, Sight] = WISHES
        self.store = Store.open(None)
        self.model: dict[Ref, tuple[Wish, Sight]] = {}

    @rule(scope=scopes, key=names, text=st.text(max_size=3), fail=st.booleans())
    def write(self, scope: Scope, key: str, text: str, fail: bool) -> None:
        ref, wish = Ref(scope, key), Wish(text, (text, "all"))
        try:
            with self.store.transaction() as tx:
                if tx.get(self.kind, scope, key) is None:
                    tx.create(self.kind, scope, key, wish)
                else:
                    tx.desire(self.kind, ref, wish)
                if fail:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            return
        self.model[ref] = (wish, self.model.get(ref, (wish, Sight()))[1])

    @rule(scope=scopes, key=names, number=st.integers(0, 3))
    def observe(self, scope: Scope, key: str, number: int) -> None:
        ref = Ref(scope, key)
        if ref in self.model:
            with self.store.transaction() as tx:
                tx.observe(self.kind, ref, Sight(number))
            self.model[ref] = (self.model[ref][0], Sight(number))

    @rule(scope=scopes, key=names)
    def delete(self, scope: Scope, key: str) -> None:
        with self.store.transaction() as tx:
            tx.delete(self.kind, Ref(scope, key))
        self.model.pop(Ref(scope, key), None)

    @invariant()
    def agrees(self) -> None:
        with self.store.transaction() as tx:
            found = {item.ref: (item.desired, item.observed) for item in tx.everywhere(self.kind)}
            assert found == self.model
            for scope in (Scope("1", "a"), Scope("2", "a")):
                wanted = sorted(ref.key for ref in self.model if ref.scope == scope)
                by_label = tx.page(self.kind, scope, where=("label", "all"))
                assert [item.key for item in by_label] == wanted
                assert tx.count(self.kind, scope) == len(wanted)


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
