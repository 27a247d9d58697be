from __future__ import annotations

import inspect
from typing import Any

import pytest
from tests.kit import asgi
from tests.kit.stand import SITE, Stand

from demitasse.api import Call, Caller, Scope
from demitasse.clock import ManualClock
from demitasse.dispatch import Dispatcher
from demitasse.errors import ServiceError
from demitasse.ids import CountingIds
from demitasse.services.base import Api, Context, WaitingContext
from demitasse.services.ec2 import operations as ec2
from demitasse.store import Kind, Store
from demitasse.store.kinds import Nothing

NOTES: Kind[Nothing, Nothing] = Kind("test.note", Nothing, Nothing)
HERE, THERE = Scope("111111111111", "us-east-1"), Scope("111111111111", "eu-west-3")


class Copier:
    """Stands for an engine."""

    async def copied(self, name: str) -> str:
        return f"{name}-copy"


class Notes:
    """A service with one seed, and the dispatchers of two runs of the platform on one state."""

    def __init__(self) -> None:
        self.store = Store.open(None)
        self.api = Api("notes")
        self.fails = False

        @self.api.seed
        def seed(ctx: Context) -> None:
            ctx.tx.create(NOTES, ctx.scope, f"seeded-{ctx.ids.hex(4)}", Nothing())
            if self.fails:
                raise ServiceError("Broken", "not today")

        @self.api.operation("Write")
        def write(ctx: Context, given: dict[str, Any]) -> dict[str, Any]:
            ctx.tx.create(NOTES, ctx.scope, given["Name"], Nothing())
            if given.get("Fails"):
                raise ServiceError("Refused", "no")
            return {"At": ctx.now, "Who": ctx.caller.account}

        @self.api.waiting_operation("Copy")
        async def copy(ctx: WaitingContext, given: dict[str, Any]) -> dict[str, Any]:
            """Reads in one transaction and writes in another, as one does around an engine."""
            with ctx.transaction() as tx:
                name = tx.get(NOTES, ctx.scope, given["Name"])
            assert name is not None
            copied = await ctx.part(Copier).copied(name.key)
            with ctx.transaction() as tx:
                tx.create(NOTES, ctx.scope, copied, Nothing())
            return {"Name": copied}

        self.ids = CountingIds()
        self.dispatch = self.start()

    def start(self) -> Dispatcher:
        return Dispatcher((self.api,), self.store, ManualClock(), self.ids, SITE, parts=(Copier(),))

    def write(self, name: str, scope: Scope = HERE, **given: Any) -> dict[str, Any]:
        caller = Caller(scope.account, "arn", "id", "AKIA")
        call = Call("notes", "Write", scope, caller, "request")
        output = self.dispatch(call, {"Name": name, **given})
        assert isinstance(output, dict)  # nothing to await: nothing waits
        return output

    def copy(self, name: str) -> dict[str, Any]:
        call = Call("notes", "Copy", HERE, Caller(HERE.account, "arn", "id", "AKIA"), "request")
        waited = self.dispatch(call, {"Name": name})
        assert inspect.iscoroutine(waited)
        copied: dict[str, Any] = asgi.run(waited)
        return copied

    def names(self, scope: Scope = HERE) -> list[str]:
        with self.store.transaction() as tx:
            return [item.key for item in tx.page(NOTES, scope)]


@pytest.fixture
def notes() -> Notes:
    return Notes()


def test_every_scope_is_seeded_once_before_its_first_call(notes: Notes) -> None:
    notes.write("a")
    notes.write("b")
    notes.write("a", THERE)
    assert notes.names() == ["a", "b", "seeded-0001"]
    assert notes.names(THERE) == ["a", "seeded-0002"]


def test_a_restart_seeds_nothing_again(notes: Notes) -> None:
    notes.write("a")
    notes.dispatch = notes.start()
    notes.write("b")
    assert notes.names() == ["a", "b", "seeded-0001"]


def test_a_seed_that_fails_leaves_nothing_and_is_tried_again(notes: Notes) -> None:
    notes.fails = True
    with pytest.raises(ServiceError, match="not today"):
        notes.write("a")
    assert notes.names() == []
    notes.fails = False
    notes.write("a")
    assert notes.names() == ["a", "seeded-0002"]


def test_a_reset_lets_seeds_run_again(notes: Notes) -> None:
    notes.write("a")
    notes.store.clear()
    notes.dispatch.forget()
    notes.write("b")
    assert notes.names() == ["b", "seeded-0002"]


def test_a_refused_call_changes_nothing(notes: Notes) -> None:
    with pytest.raises(ServiceError, match="no"):
        notes.write("a", Fails=True)
    assert notes.names() == ["seeded-0001"]


def test_the_operation_is_told_who_calls_and_when(notes: Notes) -> None:
    assert notes.write("a") == {"At": ManualClock().now(), "Who": HERE.account}


def test_an_operation_that_waits_has_the_transactions_it_opens(notes: Notes) -> None:
    notes.write("a")
    assert notes.copy("a") == {"Name": "a-copy"}
    assert notes.names() == ["a", "a-copy", "seeded-0001"]


def test_an_operation_that_waits_is_in_a_seeded_place_as_well(notes: Notes) -> None:
    with pytest.raises(AssertionError):
        notes.copy("a")
    assert notes.names() == ["seeded-0001"]


def test_a_real_operation_that_is_not_here_is_refused_by_name() -> None:
    parsed = Stand(ec2.api).app
    answer = asgi.Api(parsed).parsed("ec2", "RunInstances", {"MinCount": 1, "MaxCount": 1})
    assert 400 <= answer["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert "RunInstances" in answer["Error"]["Message"]


def test_a_service_does_not_register_an_operation_twice() -> None:
    api = Api("notes")
    api.operation("Write")(lambda _ctx, _given: {})
    with pytest.raises(AssertionError, match="Write"):
        api.operation("Write")(lambda _ctx, _given: {})
