"""Manual approvals: they wait for a person, seven days unless the action says otherwise."""

from __future__ import annotations

from demitasse.services.codepipeline.providers.base import (
    JOB,
    ActionFailed,
    Done,
    Outcome,
    Waiting,
    Work,
    timeout_of,
)
from demitasse.services.codepipeline.records import ActionItem


async def manual(work: Work, item: ActionItem) -> Outcome:
    """Approved, rejected, timed out, or still waiting."""
    answer = item.desired.approval
    if answer is None:
        minutes = item.desired.declared.timeout_in_minutes or timeout_of(item)
        return Waiting(work.remaining(item, minutes))
    if answer.status == "Rejected":
        says = f": {answer.summary}" if answer.summary else ""
        raise ActionFailed(JOB, f"The approval was rejected{says}", summary=answer.summary)
    return Done(summary=answer.summary, updated_by=answer.by)
