"""What to do with a build next: from its record, what its script noted, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum, auto

from demitasse.services.codebuild.records import FINAL, BuildItem, Ending, Phase
from demitasse.services.codebuild.script import Noted, PhaseNoted

COMMANDS = frozenset({"INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"})
DEAD = (
    "Build container found dead before completing the build. Build container died because it was"
    " out of memory, or the Docker image is not supported."
)
_LONGEST_COMMAND = 1000


class Step(Enum):
    """What a build needs now."""

    NOTHING = auto()
    WAIT_FOR_TURN = auto()
    PROVISION = auto()
    DOWNLOAD = auto()
    WATCH = auto()
    UPLOAD = auto()
    FINALIZE = auto()
    CLEAR = auto()


def step(item: BuildItem) -> Step:
    """The step that the phase a build is in stands for."""
    seen = item.observed
    if seen.status in FINAL:
        return Step.NOTHING if seen.cleared else Step.CLEAR
    if seen.current_phase in COMMANDS:
        return Step.WATCH
    return {
        "QUEUED": Step.WAIT_FOR_TURN,
        "PROVISIONING": Step.PROVISION,
        "DOWNLOAD_SOURCE": Step.DOWNLOAD,
        "UPLOAD_ARTIFACTS": Step.UPLOAD,
        "FINALIZING": Step.FINALIZE,
    }[seen.current_phase]


def too_long(item: BuildItem, now: datetime) -> Ending | None:
    """The end of a build that took too long, waiting or working."""
    if item.observed.current_phase == "FINALIZING" or now < deadline(item):
        return None
    where = "in the queue" if item.observed.current_phase == "QUEUED" else ""
    message = f"Build has timed out {where}".strip() + ". "
    return Ending("TIMED_OUT", "BUILD_TIMED_OUT", message)


def deadline(item: BuildItem) -> datetime:
    """When a build is given up: its queued timeout, and once it has its turn its timeout."""
    settings = item.desired.settings
    queued = next((each for each in item.observed.phases if each.type == "QUEUED"), None)
    if queued is None:
        return item.desired.created_at + timedelta(minutes=settings.queued_timeout)
    if queued.ended_at is None:
        return queued.started_at + timedelta(minutes=settings.queued_timeout)
    return queued.ended_at + timedelta(minutes=settings.timeout)


def caught_up(item: BuildItem, noted: Noted, commands: Mapping[int, str]) -> tuple[Phase, ...]:
    """The phases of a build's record, with those of commands as its script has noted them.

    ``commands`` holds at least the texts of those that failed, by number.
    """
    if not noted.phases:
        return item.observed.phases
    others = tuple(each for each in item.observed.phases if each.type not in COMMANDS)
    return (*others, *(_phase(each, commands) for each in noted.phases))


def verdict(item: BuildItem) -> str:
    """What a build that ran to its end has come to."""
    failed = any(each.status == "FAILED" for each in item.observed.phases)
    return "FAILED" if failed else "SUCCEEDED"


def uploads(noted: Noted) -> bool:
    """Whether artifacts are uploaded: when BUILD was come to, and POST_BUILD was not left out."""
    return any(each.type == "POST_BUILD" for each in noted.phases)


def dead(exit_code: int | None) -> Ending:
    """The end of a build whose container ended before it did."""
    code = "" if exit_code is None else f" ErrorCode: {exit_code}"
    return Ending("FAULT", "INTERNAL_SERVICE_ERROR", DEAD + code)


def _phase(noted: PhaseNoted, commands: Mapping[int, str]) -> Phase:
    if noted.ended_at is None:
        return Phase(noted.type, noted.started_at)
    if not noted.failed:
        return Phase(noted.type, noted.started_at, "SUCCEEDED", noted.ended_at)
    command = commands.get(noted.failed, "")
    return Phase(
        noted.type,
        noted.started_at,
        "FAILED",
        noted.ended_at,
        "COMMAND_EXECUTION_ERROR",
        f"Error while executing command: {command[:_LONGEST_COMMAND]}. Reason: exit status"
        f" {noted.exit_status}",
    )
