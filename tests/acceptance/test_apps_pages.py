"""The application's pages as people meet them: on a phone and on a desk, without JavaScript,
by keyboard, and through the ears of an accessibility checker (axe-core).

The three applications run as processes on loopback, with suppliers in a SQLite file.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

pytest.importorskip("playwright", reason="the browser tests need the package playwright")
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = pytest.mark.browser

APPS = Path(__file__).parents[2] / "apps"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}

SUPPLIERS = [
    {
        "name": "Brûlerie Saint-Laurent",
        "address": "1204 rue Ontario Est",
        "city": "Montréal",
        "state": "Québec",
        "email": "commandes@brulerie.example",
        "phone": "514-234-5678",
    },
    {
        "name": "W" * 255,
        "address": "A street with a very long name " * 8,
        "city": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
        "state": "x" * 255,
        "email": f"{'m' * 120}@{'n' * 120}.example",
        "phone": "+1 (514) 234-5678 ext. 123456",
    },
]


@dataclass(frozen=True)
class Site:
    """Where the applications answer."""

    customer: str
    employee: str
    monolith: str
    customer_without_database: str
    employee_without_database: str

    def url(self, page: str) -> str:
        """`employee/admin` is the path /admin of the employee service."""
        app, _, path = page.partition("/")
        return f"{getattr(self, app)}/{path}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(app: str, database: Path, apps: Path = APPS) -> Iterator[str]:
    """Run an application; gives its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", f"python:{app}.server"],
        env=os.environ
        | {
            "APP_PORT": str(port),
            "APP_DB_FILE": str(database),
            "PYTHONPATH": str(apps / app / "app"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    try:
        assert any('"message": "starting"' in line for line in process.stdout), f"no {app}"
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    database, nowhere = folder / "suppliers.db", folder / "missing" / "suppliers.db"
    with contextlib.ExitStack() as stack:
        site = Site(
            stack.enter_context(running("customer", database)),
            stack.enter_context(running("employee", database)),
            stack.enter_context(running("monolith", database)),
            stack.enter_context(running("customer", nowhere)),
            stack.enter_context(running("employee", nowhere)),
        )
        for supplier in SUPPLIERS:
            form = urlencode(supplier).encode()
            with urlopen(f"{site.employee}/admin/supplier-add", form) as answer:
                assert answer.url.endswith("/admin/suppliers")
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM} (Debian's package chromium, or set CHROMIUM)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page at desk width, without JavaScript."""
    context = browser.new_context(java_script_enabled=False, viewport=DESK)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def checked(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page at phone and at desk width, in which a checker's script may run."""
    context = browser.new_context(viewport=request.param)
    yield context.new_page()
    context.close()


def axe_violations(page: Page) -> list[str]:
    """What axe-core finds on the page, of any impact."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec, "axe-core comes with the package axe-playwright-python"
    assert spec.origin
    page.evaluate((Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    results: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['impact']}: {violation['help']}: {node['html']}"
        for violation in results["violations"]
        for node in violation["nodes"]
    ]


def assert_fits(page: Page) -> None:
    """Nothing has to be scrolled sideways."""
    wide: list[str] = page.evaluate(
        """() => [...document.body.querySelectorAll('*')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5
                && !e.closest('thead, .visually-hidden'))
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("customer/", 200),
        ("customer/suppliers", 200),
        ("customer/supplier-add", 404),
        ("customer_without_database/suppliers", 200),
        ("employee/admin", 200),
        ("employee/admin/suppliers", 200),
        ("employee/admin/supplier-add", 200),
        ("employee/admin/supplier-update/1", 200),
        ("employee/admin/supplier-update/2", 200),
        ("employee/nowhere", 404),
        ("employee_without_database/admin/suppliers", 200),
        ("employee_without_database/admin/supplier-update/1", 503),
        ("monolith/", 200),
        ("monolith/suppliers", 200),
        ("monolith/supplier-add", 200),
    ],
)
def test_page_fits_and_is_accessible(site: Site, checked: Page, address: str, status: int) -> None:
    answer = checked.goto(site.url(address))
    assert answer
    assert answer.status == status
    assert_fits(checked)
    assert axe_violations(checked) == []
    if "supplier-update" in address and status == 200:
        checked.click("text=Remove this supplier")
        assert_fits(checked)
        assert axe_violations(checked) == []


@pytest.mark.parametrize("service", ["employee", "employee_without_database"])
def test_form_that_comes_back_fits_and_is_accessible(
    site: Site, checked: Page, service: str
) -> None:
    checked.goto(f"{getattr(site, service)}/admin/supplier-add")
    for name, value in SUPPLIERS[0].items():
        checked.fill(f"#{name}", value)
    if service == "employee":
        checked.fill("#phone", "123")
        checked.fill("#city", "")
    checked.click("text=Add supplier")
    assert checked.get_by_role("alert").count() == 1
    assert checked.input_value("#name") == SUPPLIERS[0]["name"]
    assert_fits(checked)
    assert axe_violations(checked) == []


def test_supplier_is_added_changed_and_removed_without_javascript(site: Site, page: Page) -> None:
    page.goto(f"{site.employee}/admin")
    page.click("text=Add a new supplier")
    page.click("text=Add supplier")
    assert page.get_by_text("Enter the supplier's name.").count() == 2  # above, and beside

    page.fill("#name", "Finca <Aurora>")
    page.fill("#address", "Carretera 14")
    page.fill("#city", "Antigua")
    page.fill("#state", "Sacatepéquez")
    page.fill("#phone", "123")
    page.click("text=Add supplier")
    assert page.get_attribute("#phone", "aria-invalid") == "true"
    assert "phone-error" in (page.get_attribute("#phone", "aria-describedby") or "")
    assert page.input_value("#name") == "Finca <Aurora>"

    page.fill("#phone", "+502 5514 2378")
    page.click("text=Add supplier")
    assert page.url == f"{site.employee}/admin/suppliers"
    assert page.get_by_role("status").inner_text() == "The supplier has been added."

    page.get_by_role("link", name="Edit Finca <Aurora>").click()
    page.fill("#city", "Guatemala")
    page.click("text=Save changes")
    page.goto(f"{site.customer}/suppliers")
    card = page.get_by_role("listitem").filter(has_text="Finca <Aurora>")
    assert "Guatemala, Sacatepéquez" in card.inner_text()

    page.goto(f"{site.employee}/admin/suppliers")
    page.get_by_role("link", name="Edit Finca <Aurora>").click()
    page.click("text=Remove this supplier")
    page.click("text=Yes, remove it")
    assert page.get_by_role("status").inner_text() == "The supplier has been removed."
    page.goto(f"{site.customer}/suppliers")
    assert page.get_by_text("Finca <Aurora>").count() == 0


@pytest.mark.parametrize(
    ("address", "home"), [("customer/suppliers", "/"), ("employee/admin/suppliers", "/admin/")]
)
def test_keyboard_reaches_the_content_first(
    site: Site, page: Page, address: str, home: str
) -> None:
    page.goto(site.url(address))
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    assert skip.bounding_box() is not None
    assert (skip.bounding_box() or {"y": -1})["y"] >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    page.keyboard.press("Shift+Tab")
    page.goto(site.url(address))
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{home}")


def test_services_can_be_told_apart(site: Site, page: Page) -> None:
    seen = {}
    for service, address in (("customer", "/suppliers"), ("employee", "/admin/suppliers")):
        page.goto(getattr(site, service) + address)
        footer = page.get_by_role("contentinfo").inner_text()
        assert f"Served by {service}" in " ".join(footer.split())
        bar = page.get_by_role("navigation")
        seen[service] = bar.evaluate("bar => getComputedStyle(bar).backgroundColor")
    assert seen["customer"] != seen["employee"]


def test_employee_bar_turns_light(site: Site, checked: Page, tmp_path: Path) -> None:
    """The change that a deployment makes visible: two words in nav.html."""
    shutil.copytree(APPS / "employee", tmp_path / "employee")
    nav = tmp_path / "employee/app/employee/templates/nav.html"
    dark = nav.read_text(encoding="utf-8")
    light = dark.replace('"navbar navbar-dark bg-dark"', '"navbar navbar-light bg-light"')
    assert light != dark
    nav.write_text(light, encoding="utf-8")
    with running("employee", tmp_path / "suppliers.db", tmp_path) as changed:
        colours = []
        for address in (site.employee, changed):
            checked.goto(f"{address}/admin/suppliers")
            bar = checked.get_by_role("navigation")
            colours.append(bar.evaluate("bar => getComputedStyle(bar).backgroundColor"))
        assert colours == ["rgb(28, 33, 30)", "rgb(255, 253, 249)"]
        assert axe_violations(checked) == []
