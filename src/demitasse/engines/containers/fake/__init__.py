"""A container engine in memory, for tests of what stands on one.

It keeps the contract of ``protocol.ContainerEngine`` (the contract tests run on it as on Docker),
never sleeps but on the clock it is handed, and does nothing by itself: containers run until their
image's ``exit_after`` or until the test says ``exit``.
"""

from demitasse.engines.containers.fake.boxes import Called, FakeImage
from demitasse.engines.containers.fake.engine import FakeEngine

__all__ = ["Called", "FakeEngine", "FakeImage"]
