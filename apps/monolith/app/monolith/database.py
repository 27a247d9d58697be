"""The suppliers in the database, and what happens when it cannot be reached."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DataError, SQLAlchemyError
from sqlalchemy.schema import CreateTable

log = logging.getLogger(__name__)

# Seconds. A page waits for one ping of a dead connection and one new connection at
# most: together less than the 5 s that a load balancer's health check waits.
CONNECT_TIMEOUT = 2
ANSWER_TIMEOUT = 2
RETRY_AFTER = 1.0

suppliers = Table(
    "suppliers",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(255), nullable=False),
    Column("address", String(255), nullable=False),
    Column("city", String(255), nullable=False),
    Column("state", String(255), nullable=False),
    Column("email", String(255), nullable=False),
    Column("phone", String(100), nullable=False),
    mysql_charset="utf8mb4",
)


class DatabaseDown(Exception):
    """The database cannot be reached or does not answer."""


class TextRefused(Exception):
    """The database cannot store what was typed, an emoji in a Latin-1 table for example."""


@dataclass(frozen=True)
class Supplier:
    """One row of the table."""

    id: int
    name: str
    address: str
    city: str
    state: str
    email: str
    phone: str


class Suppliers:
    """The table of suppliers; made when it is missing, as soon as the database is there.

    While the database is down, one request at a time finds out whether it is back; the
    others are told at once, so that they do not queue up behind each other's timeouts.
    """

    def __init__(self, url: URL, clock: Callable[[], float] = time.monotonic) -> None:
        self.kind = "SQLite" if url.drivername == "sqlite" else "MariaDB"
        timeouts: dict[str, Any] = {"timeout": ANSWER_TIMEOUT}
        if self.kind == "MariaDB":
            timeouts = {
                "connect_timeout": CONNECT_TIMEOUT,
                "read_timeout": ANSWER_TIMEOUT,
                "write_timeout": ANSWER_TIMEOUT,
            }
        self.engine = create_engine(
            url,
            connect_args=timeouts,
            pool_size=4,
            max_overflow=4,
            pool_timeout=CONNECT_TIMEOUT,
            pool_pre_ping=True,
            pool_recycle=300,
        )
        self._clock = clock
        self._lock = threading.Lock()
        self._ask_again_at = 0.0
        self._table_exists = False

    def all(self) -> list[Supplier]:
        """Every supplier, by name. Raises DatabaseDown."""
        query = select(suppliers).order_by(func.lower(suppliers.c.name), suppliers.c.id)
        with self._transaction() as connection:
            return [Supplier(**row) for row in connection.execute(query).mappings()]

    def get(self, supplier_id: int) -> Supplier | None:
        """The supplier, or None when there is none of this id. Raises DatabaseDown."""
        query = select(suppliers).where(suppliers.c.id == supplier_id)
        with self._transaction() as connection:
            row = connection.execute(query).mappings().one_or_none()
            return None if row is None else Supplier(**row)

    def add(self, values: Mapping[str, str]) -> None:
        """Add a supplier. Raises DatabaseDown, TextRefused."""
        with self._transaction() as connection:
            connection.execute(insert(suppliers).values(**values))

    def update(self, supplier_id: int, values: Mapping[str, str]) -> bool:
        """Change a supplier; False when there is none of this id.

        Raises DatabaseDown, TextRefused.
        """
        change = update(suppliers).where(suppliers.c.id == supplier_id).values(**values)
        with self._transaction() as connection:
            return connection.execute(change).rowcount == 1

    def remove(self, supplier_id: int) -> bool:
        """Remove a supplier; False when there is none of this id. Raises DatabaseDown."""
        removal = delete(suppliers).where(suppliers.c.id == supplier_id)
        with self._transaction() as connection:
            return connection.execute(removal).rowcount == 1

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._claim_turn()
        try:
            with self.engine.begin() as connection:
                if not self._table_exists:
                    connection.execute(CreateTable(suppliers, if_not_exists=True))
                yield connection
        except DataError as error:
            self._ask_again_at = 0.0
            raise TextRefused(str(error.orig)) from error
        except SQLAlchemyError as error:
            # A table dropped under us is made again at the next attempt.
            self._table_exists = False
            self._ask_again_at = self._clock() + RETRY_AFTER
            log.warning("database unavailable: %s", getattr(error, "orig", None) or error)
            raise DatabaseDown from error
        self._table_exists = True
        self._ask_again_at = 0.0

    def _claim_turn(self) -> None:
        """Let the caller ask the database, unless it is known to be down."""
        with self._lock:
            if not self._ask_again_at:
                return
            now = self._clock()
            if now < self._ask_again_at:
                raise DatabaseDown
            self._ask_again_at = now + CONNECT_TIMEOUT + 2 * ANSWER_TIMEOUT
