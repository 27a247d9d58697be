"""What ``demitasse up`` gives a person."""

from __future__ import annotations

import json
import re
import time

import pytest
from tests.acceptance.application import CUSTOMER, Application, suppliers, up, wait_until

from demitasse.lab import names

pytestmark = pytest.mark.docker

SUPPLIER = {
    "name": "Café de l'Essai & Fils",
    "address": "1, rue du Test",
    "city": "Lyon",
    "state": "Rhône",
    "email": "essai@cafe.example",
    "phone": "0478123456",
}


@pytest.fixture(autouse=True)
def steady(application: Application) -> None:
    application.settle()


def test_customers_see_suppliers_out_of_mariadb(application: Application) -> None:
    page = application.page("/suppliers")
    assert page.status == 200
    assert suppliers(page)
    assert "kept in MariaDB" in page.text
    assert page.headers["x-served-by"].startswith("customer/")


def test_what_employees_write_customers_read(application: Application) -> None:
    def shown() -> list[str]:
        return [name for name in suppliers(application.page("/suppliers")) if "Essai" in name]

    def write(path: str, **form: str) -> None:
        answer = application.page(f"/admin/{path}", form=form)
        assert (answer.status, answer.headers["location"]) == (302, "/admin/suppliers")

    write("supplier-add", **SUPPLIER)
    assert shown() == ["Café de l&#39;Essai &amp; Fils"]
    listed = application.page("/admin/suppliers")
    assert listed.headers["x-served-by"].startswith("employee/")
    (number,) = re.findall(r'supplier-update/(\d+)">Edit<[^>]*> Café de l&#39;Essai', listed.text)
    write("supplier-update", **{**SUPPLIER, "id": number, "name": "Essai rebaptisé"})
    assert shown() == ["Essai rebaptisé"]
    write(f"supplier-remove/{number}")
    assert shown() == []


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/supplier-add", None),
        ("/supplier-add", SUPPLIER),
        ("/supplier-update/1", None),
        ("/supplier-update", {**SUPPLIER, "id": "1"}),
        ("/supplier-remove/1", {}),
    ],
)
def test_customers_cannot_write(
    application: Application, path: str, form: dict[str, str] | None
) -> None:
    page = application.page(path, form=form)
    assert page.status == 404
    assert "have that page in stock" in page.text


def test_a_second_up_takes_seconds_and_changes_nothing(application: Application) -> None:
    before = application.containers()
    begun = time.monotonic()
    said = up(application.on).stdout
    took = time.monotonic() - begun
    assert took < 15  # on a busy machine; on a calm one 3
    assert application.containers() == before
    undone = [
        line
        for line in said.splitlines()
        if re.match(r"  \d\.\d ", line) and "already done" not in line
    ]
    assert undone == []


def test_status_and_env(application: Application) -> None:
    said = application.on.demitasse("status").stdout
    assert f"{CUSTOMER}: 1 of 1 tasks run" in said
    assert f"http://{application.host}/" in said
    assert "supplierdb: available" in said
    script = """
        eval "$("$0" -m demitasse env)"
        echo "$account_id $AWS_ENDPOINT_URL"
    """
    import sys

    found = application.on.run("bash", "-euc", script, sys.executable)
    assert found.stdout.split() == [
        application.on.settings.account,
        application.on.settings.endpoint,
    ]


def test_what_tasks_say_is_in_cloudwatch_logs_once(application: Application) -> None:
    logs = application.on.client("logs")
    marks = [f"/mark-{number}" for number in range(40)]
    for mark in marks:
        assert application.page(mark).status == 404
    (task,) = application.tasks(CUSTOMER)

    def marked() -> list[str]:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=names.LOG_GROUP,
            logStreamNames=[f"{names.LOG_GROUP}/customer/{task}"],
            filterPattern='"mark-"',
        )
        return [json.loads(event["message"])["path"] for page in pages for event in page["events"]]

    wait_until(lambda: marked()[-1:] == marks[-1:], "all is there", 10)
    assert marked() == marks
    events = logs.get_log_events(
        logGroupName=names.LOG_GROUP, logStreamName=f"{names.LOG_GROUP}/customer/{task}", limit=1
    )["events"]
    assert isinstance(json.loads(events[0]["message"]), dict)
