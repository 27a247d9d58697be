"""A ``git push`` on its way to production, as visitors see it, and what pipelines cost at rest."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench import containers, processes
from bench.application import Application
from bench.peers.demitasse import Demitasse, demitasse
from bench.plan import Plan
from bench.results import Claim, Result, Table, at_most, median
from bench.visitors import CONNECTIONS, Visitors
from bench.waiting import until
from demitasse.lab import names

SERVICE = "employee"
_PAGE = "/admin/suppliers"
_TEMPLATE = Path("app/employee/templates/nav.html")
_PLAIN = "bench-plain"
_CALM = 2.0
"""Seconds in which nobody sees the old version any more: then all are on the new one."""
_SETTLE = 10.0
_WATCH = 30.0


@dataclass(frozen=True)
class Push:
    """One change, in seconds; all but the first from the beginning of ``git push`` on."""

    docker_build: float
    pushed: float
    built: float
    decided: float
    moved: float
    failures: Counter[str]
    requests: int

    @property
    def more(self) -> float:
        """Than ``docker build`` alone."""
        return self.moved - self.docker_build

    @property
    def shift(self) -> float:
        """From the decision to the last answer of the old version."""
        return self.moved - self.decided


def measure(plan: Plan) -> Result:
    result = Result("Pipelines")
    empty = _empty(plan)
    with demitasse(plan.folder / "pipelines", start=False) as ours:
        ours.up()
        application = Application(ours)
        application.settle()
        folder = _clone(ours, plan.folder / "code")
        pushes = []
        for number in range(plan.rounds):
            pushes.append(_push(ours, application, folder, number))
            application.settle()
        idle = _idle(ours)
        application.remove_pipelines()
        without = _idle(ours)
    result.claims = _claims(pushes, idle, without)
    result.tables = [_times(pushes), _rest(empty, idle, without)]
    return result


def _claims(pushes: list[Push], idle: float, without: float) -> list[Claim]:
    failures = sum(each.failures.total() for each in pushes)
    requests = sum(each.requests for each in pushes)
    return [
        at_most(
            "`git push` to all traffic on the new version, more than `docker build`",
            median(each.more for each in pushes),
            15,
            "s",
        ),
        at_most(
            "the shift, from its decision to the last answer of the old version",
            max(each.shift for each in pushes),
            1,
            "s",
        ),
        Claim("failed requests meanwhile", "0", f"{failures} of {requests:,}", not failures),
        at_most("share of a core that idle pipelines cost", 100 * (idle - without), 0.1, "%"),
    ]


def _times(pushes: list[Push]) -> Table:
    rows = [
        [
            str(number),
            f"{each.docker_build:.1f} s",
            f"{each.pushed:.1f} s",
            f"{each.built:.1f} s",
            f"{each.decided:.1f} s",
            f"{each.moved:.1f} s",
            f"{each.more:+.1f} s",
            f"{1000 * each.shift:.0f} ms",
            ", ".join(f"{count} {why}" for why, count in each.failures.items())
            or f"0 of {each.requests:,}",
        ]
        for number, each in enumerate(pushes, start=1)
    ]
    head = (
        "change",
        "`docker build`",
        "`git push`",
        "built",
        "shift decided",
        "all moved",
        "beyond the build",
        "shift",
        "failed",
    )
    notes = [
        (
            "A change of the employee page's template: pushed, tested and built by CodeBuild, pushed to"
            " the registry, deployed by CodeDeploy (all at once), with the default time compression and"
            " the lab's health checks. Times run from the start of `git push`; the shift is decided when"
            " AllowTraffic starts, and over with the last answer of the old version that one of"
            f" {CONNECTIONS} visitors got, who asked for the page all the time through the load"
            " balancer. `docker build` builds the same change with another mark in it, so that neither"
            " finds the other's layers in Docker's cache. The first push after `up` also installs what"
            " the tests need, which CodeBuild keeps for later ones."
        )
    ]
    return Table("From a push to production", head, rows, notes)


def _rest(empty: float, idle: float, without: float) -> Table:
    rows = [
        ["`up --empty`", f"{100 * empty:.2f} %"],
        ["the application running, its four pipelines idle", f"{100 * idle:.2f} %"],
        ["the application running, its pipelines deleted", f"{100 * without:.2f} %"],
    ]
    notes = [
        f"User and system time of the platform's process over {_WATCH:g} s in which nobody calls it."
    ]
    return Table("At rest", ("", "share of a core"), rows, notes)


def _empty(plan: Plan) -> float:
    with demitasse(plan.folder / "empty") as ours:
        return _idle(ours)


def _idle(ours: Demitasse) -> float:
    time.sleep(_SETTLE)
    return processes.idle_share(ours.process, _WATCH)


def _clone(ours: Demitasse, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    codecommit = ours.client("codecommit")
    found = codecommit.get_repository(repositoryName=names.CODE_REPOSITORY)
    _git(
        ours, folder.parent, "clone", "-q", found["repositoryMetadata"]["cloneUrlHttp"], folder.name
    )
    return folder


def _push(ours: Demitasse, application: Application, folder: Path, number: int) -> Push:
    """Bring a change to production, and build another like it alone before or after."""
    first = number % 2 == 0
    built = _docker_build(folder, f"plain {number}") if first else 0.0
    mark = _marked(folder / SERVICE, f"change {number}")
    _git(ours, folder, "commit", "-q", "-a", "-m", mark)
    with Visitors(application.address, _PAGE) as visitors:
        begun = time.time()
        _git(ours, folder, "push", "-q")
        pushed = time.time() - begun
        until(lambda: _all_see(visitors, mark), f"all visitors see {mark}")
    if not first:
        built = _docker_build(folder, f"plain {number}")
    decided = application.lifecycle(SERVICE)["AllowTraffic"]["startTime"].timestamp()
    old = max(each.answered for each in visitors.visits if each.page and mark not in each.page)
    return Push(
        docker_build=built,
        pushed=pushed,
        built=application.built(SERVICE) - begun,
        decided=decided - begun,
        moved=old - begun,
        failures=visitors.failures,
        requests=len(visitors.visits),
    )


def _all_see(visitors: Visitors, mark: str) -> bool:
    seen = visitors.since(time.time() - _CALM)
    return bool(seen) and all(mark in each.page for each in seen)


def _marked(service: Path, mark: str) -> str:
    """Change the template so that its page says which change it is; the words to look for."""
    template = service / _TEMPLATE
    kept = [line for line in template.read_text().splitlines() if not line.startswith("<!-- bench")]
    words = f"<!-- bench: {mark} -->"
    template.write_text("\n".join([*kept, words]) + "\n")
    return words


def _docker_build(folder: Path, mark: str) -> float:
    """The seconds of ``docker build`` for a change like that which is pushed."""
    copy = folder.with_name(_PLAIN)
    shutil.copytree(folder / SERVICE, copy)
    try:
        _marked(copy, f"{mark} {time.time_ns()}")
        begun = time.monotonic()
        containers.docker("build", "-q", "-t", _PLAIN, str(copy))
        return time.monotonic() - begun
    finally:
        shutil.rmtree(copy)
        subprocess.run(["docker", "rmi", _PLAIN], capture_output=True, check=False)


def _git(ours: Demitasse, folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@localhost")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words],
        env={**ours.environment, **ours.keys, "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"git {words[0]}: {done.stderr.strip()}")
