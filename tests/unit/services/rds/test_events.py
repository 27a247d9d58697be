from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.unit.services.rds.test_instances import GIVEN, Database

NAME = {"DBInstanceIdentifier": "supplierdb"}
SOURCE = {"SourceIdentifier": "supplierdb", "SourceType": "db-instance"}


def events(database: Database, **given: Any) -> list[str]:
    told = database.call("DescribeEvents", **given)["Events"]
    assert [each["Date"] for each in told] == sorted(each["Date"] for each in told)
    return [each["Message"].removeprefix("DB instance ") for each in told]


def running() -> Database:
    database = Database()
    database.call("CreateDBInstance", **GIVEN)
    database.work()
    return database


def test_a_life_is_told() -> None:
    database = running()
    for operation in ("StopDBInstance", "StartDBInstance", "RebootDBInstance"):
        database.call(operation, **NAME)
        database.work()
    database.call("ModifyDBInstance", **NAME, MasterUserPassword="another-one")
    database.work()
    database.call(
        "ModifyDBInstance",
        **NAME,
        DBInstanceClass="db.t3.small",
        AllocatedStorage=30,
        ApplyImmediately=True,
    )
    database.work()
    database.call("DeleteDBInstance", **NAME, SkipFinalSnapshot=True)
    database.work()
    assert events(database, **SOURCE) == [
        "created",
        "stopped",
        "started",
        "shutdown",
        "restarted",
        "Reset master credentials",
        "Finished applying modification to DB instance class",
        "Finished applying modification to allocated storage",
        "deleted",
    ]
    shown = database.call("DescribeEvents", **SOURCE)["Events"][0]
    assert shown["SourceArn"].endswith(":db:supplierdb")
    assert (shown["SourceType"], shown["EventCategories"]) == ("db-instance", ["creation"])


def test_what_is_asked_for_is_found() -> None:
    database = running()
    begun = database.stand.clock.now()
    database.stand.clock.advance(2 * 3600)
    database.call("StopDBInstance", **NAME)
    database.work()
    assert events(database) == ["stopped"], "of the last hour"
    assert events(database, Duration=300) == ["created", "stopped"]
    assert events(database, Duration=300, EventCategories=["creation"]) == ["created"]
    past = begun - timedelta(minutes=5)
    assert events(database, StartTime=past) == ["created", "stopped"]
    assert events(database, StartTime=past, Duration=60) == ["created"]
    assert events(database, StartTime=past, EndTime=begun + timedelta(hours=1)) == ["created"]
    assert events(database, SourceType="db-instance", SourceIdentifier="other") == []
    assert events(database, SourceType="db-snapshot") == []
    for wrong in (
        {"SourceIdentifier": "supplierdb"},
        {"StartTime": begun, "EndTime": past},
    ):
        assert database.code("DescribeEvents", **wrong) == "InvalidParameterCombination"


def test_pages_and_an_end() -> None:
    database = running()
    for _ in range(12):
        database.call("RebootDBInstance", **NAME)
        database.work()
    first = database.call("DescribeEvents", MaxRecords=20)
    rest = database.call("DescribeEvents", MaxRecords=20, Marker=first["Marker"])
    assert (len(first["Events"]), len(rest["Events"])) == (20, 5)
    assert "Marker" not in rest
    database.stand.clock.advance(timedelta(days=15).total_seconds())
    for _ in range(2):
        database.call("RebootDBInstance", **NAME)
        database.work()
    told = database.call("DescribeEvents", Duration=20_000)["Events"]
    assert len(told) == 4, "two weeks are remembered"
