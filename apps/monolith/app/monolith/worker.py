"""The worker process: gunicorn's threaded one, more careful about how connections end."""

from __future__ import annotations

import select
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker


class DrainingWorker(ThreadWorker):
    """On SIGTERM, nobody who has already come in leaves unserved.

    gunicorn finishes the requests that it has begun, but leaves connections that the
    kernel has accepted for it in the queue, where they are reset when the process ends.
    Here they are taken in and answered, and the port is closed at once, so that a load
    balancer sees at its next connection that it has to go elsewhere.

    And closing a connection, where gunicorn waits up to 2 s for the client to close its
    side, is done in threads of its own: in the main thread, all others would wait too.
    """

    def init_process(self) -> None:
        self.closing = ThreadPoolExecutor(max_workers=16, thread_name_prefix="closing")
        super().init_process()

    def set_accept_enabled(self, enabled: bool | None) -> None:
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        # Between the last look at the queue and the closing, no other thread's turn.
        sys.setswitchinterval(1e-5)
        for listener in self.sockets:
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()
        self.sockets = []

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        if not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)  # the connection is kept for the next request
            return
        closing = self.closing.submit(conn.close, graceful=True)
        closing.add_done_callback(lambda _: self.method_queue.defer(self._count_out))

    def _count_out(self) -> None:
        self.nr_conns -= 1
