"""What goes wrong in the lab, told as sentences for a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from demitasse.errors import DemitasseError


class NotYet(DemitasseError):
    """A check's answer when the task is not done; the message says what is missing."""


class LabError(DemitasseError):
    """A task could not be done; the message says which, and why."""


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn what the API's client and the machine raise into ``LabError``, saying what failed."""
    try:
        yield
    except (DemitasseError, ClientError, BotoCoreError, OSError) as error:
        raise LabError(f"{what}: {error}") from error
