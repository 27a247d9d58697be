"""Durable state with watch: the only thing that operations and controllers share.

The state is one SQLite file. Reading and writing happen on the event loop's thread, in
transactions that never wait for anything else, so that each is atomic for every coroutine and
"look, then watch" loses nothing.
"""

from demitasse.store.kinds import Item, Kind, Ref
from demitasse.store.queue import WorkQueue
from demitasse.store.store import Change, Store
from demitasse.store.transaction import AlreadyStored, NotStored, Transaction

__all__ = [
    "AlreadyStored",
    "Change",
    "Item",
    "Kind",
    "NotStored",
    "Ref",
    "Store",
    "Transaction",
    "WorkQueue",
]
