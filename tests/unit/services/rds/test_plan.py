"""Properties: from any state, the steps lead to what is asked, and end there."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from demitasse.clock import ManualClock
from demitasse.services.rds.plan import Seen, Step, next_step, status
from demitasse.services.rds.records import DbInstance, DbInstanceObserved
from demitasse.services.rds.servers import login_digest

INSTANCE = DbInstance(
    resource_id="db-1",
    engine="mariadb",
    engine_version="11.8",
    instance_class="db.t3.micro",
    allocated_storage=20,
    storage_type="gp2",
    master_username="admin",
    master_password="password",
    root_password="root",
    address="172.31.0.9",
    port=3306,
    subnet_group="default",
    availability_zone="us-east-1a",
    security_groups=(),
    created_at=ManualClock().now(),
)

desired = st.builds(
    lambda wanted, reboots: msgspec.structs.replace(INSTANCE, wanted=wanted, reboots=reboots),
    st.sampled_from(["available", "stopped", "deleted"]),
    st.integers(0, 2),
)
observed = st.builds(
    DbInstanceObserved,
    status=st.sampled_from(["creating", "failed", "available", "stopped", "starting"]),
    reboots=st.integers(0, 2),
    login=st.sampled_from(["", "old", login_digest(INSTANCE)]),
    was_available=st.booleans(),
)
seen = st.none() | st.builds(Seen, running=st.booleans(), current=st.booleans())


def carried_out(
    step: Step, asked: DbInstance, known: DbInstanceObserved, container: Seen | None
) -> tuple[DbInstanceObserved, Seen | None]:
    """What a step changes, when it succeeds."""
    replace = msgspec.structs.replace
    match step:
        case Step.CREATE | Step.START:
            return known, Seen(running=True, current=True)
        case Step.REPLACE:
            return known, None
        case Step.REBOOT:
            return replace(known, reboots=asked.reboots), Seen(running=True, current=True)
        case Step.SET_UP:
            return replace(known, login=login_digest(asked)), container
        case Step.LOG_IN:
            return replace(known, status="available", was_available=True), container
        case Step.STOP:
            stopped = None if container is None else Seen(False, container.current)
            return replace(known, status="stopped"), stopped
    return known, container


@given(desired, observed, seen)
def test_every_state_leads_to_what_is_asked(
    asked: DbInstance, known: DbInstanceObserved, container: Seen | None
) -> None:
    for _ in range(8):
        step = next_step(asked, known, container)
        if step in {Step.DESTROY, Step.NOTHING}:
            break
        if step is Step.LOG_IN and known.status == "available":
            break
        known, container = carried_out(step, asked, known, container)
    else:
        raise AssertionError("the steps do not end")
    if asked.wanted == "deleted":
        assert step is Step.DESTROY
    elif asked.wanted == "stopped":
        assert known.status == "stopped"
        assert container is None or not container.running
    else:
        assert known.status == "available"
        assert container == Seen(running=True, current=True)


@given(desired, observed, seen)
def test_a_stopped_or_deleted_instance_is_never_started(
    asked: DbInstance, known: DbInstanceObserved, container: Seen | None
) -> None:
    if asked.wanted != "available":
        step = next_step(asked, known, container)
        assert step not in {Step.CREATE, Step.START, Step.REBOOT, Step.SET_UP}


@given(desired, observed, seen)
def test_available_is_said_only_of_a_server_that_runs_and_took_a_login(
    asked: DbInstance, known: DbInstanceObserved, container: Seen | None
) -> None:
    said = status(asked, known, next_step(asked, known, container))
    if not known.was_available or container is None or not container.running:
        assert said != "available"
