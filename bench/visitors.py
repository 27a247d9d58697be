"""A light load of visitors, each of whose requests is remembered: what was seen, and when."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Self

CONNECTIONS = 4
PAUSE = 0.02
_PATIENCE = 10.0


@dataclass(frozen=True)
class Visit:
    """A request and the page that it got; ``answered`` when it ended, in seconds of the epoch."""

    answered: float
    page: str
    failure: str = ""


class Visitors:
    """``with Visitors(address, path) as visitors``: visitors on connections that are kept."""

    def __init__(self, address: str, path: str) -> None:
        self._address, self._path = address, path
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(CONNECTIONS)]
        self.visits: list[Visit] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def since(self, moment: float) -> list[Visit]:
        """The visits that were answered after a moment."""
        return [visit for visit in list(self.visits) if visit.answered > moment]

    @property
    def failures(self) -> Counter[str]:
        """Why requests failed, and how many did."""
        return Counter(visit.failure for visit in self.visits if visit.failure)

    def _visit(self) -> None:
        connection = connect(self._address)
        while not self._end.wait(PAUSE):
            self.visits.append(visit(connection, self._path))
        connection.close()


def connect(address: str) -> http.client.HTTPConnection:
    """A connection, which opens with the first visit and again after one that failed."""
    return http.client.HTTPConnection(address, timeout=_PATIENCE)


def visit(connection: http.client.HTTPConnection, path: str) -> Visit:
    """Ask for a page. Anything but a whole answer of 200 is a failure."""
    page = failure = ""
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        page = answer.read().decode()
        if answer.status != http.HTTPStatus.OK:
            failure = f"status {answer.status}"
    except (OSError, http.client.HTTPException) as error:
        failure = type(error).__name__
        connection.close()
    return Visit(time.time(), page, failure)
