"""``python -m bench``: measure everything and print the tables; ``--record`` keeps them."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from bench import machine, report
from bench.plan import Plan
from bench.results import Claim, Result
from bench.subjects import api, control_plane, flat, load_balancer, pipelines, up

SUBJECTS: dict[str, Callable[[Plan], Result]] = {
    "load-balancer": load_balancer.measure,
    "api": api.measure,
    "flat": flat.measure,
    "control-plane": control_plane.measure,
    "up": up.measure,
    "pipelines": pipelines.measure,
}


def main() -> int:
    """Measure; 0 when every figure is met."""
    given = _arguments()
    machine.ensure_wrk()
    machine.ensure_docker()
    facts = machine.describe()
    with tempfile.TemporaryDirectory(prefix="demitasse-bench-") as temporary:
        folder = Path(given.folder or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        plan = Plan(folder, given.rounds, given.seconds)
        results = [_measured(name, plan) for name in given.subjects or SUBJECTS]
    text = report.document(facts, results, plan)
    print(text)
    if given.record:
        report.RECORD.write_text(text, encoding="utf-8")
        print(f"recorded in {report.RECORD}")
    return 0 if all(result.met for result in results) else 1


def _measured(name: str, plan: Plan) -> Result:
    begun = time.monotonic()
    print(f"{name} …", flush=True)
    try:
        result = SUBJECTS[name](plan)
    except Exception as error:  # noqa: BLE001 - one subject's failure leaves the others' figures
        traceback.print_exc()
        words = str(error).splitlines()
        claim = Claim(name, "measured", words[0] if words else type(error).__name__, met=False)
        result = Result(name, claims=[claim])
    print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
    return result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", choices=[*SUBJECTS, []], help="all unless named")
    parser.add_argument("--record", action="store_true", help="rewrite docs/benchmarks.md")
    parser.add_argument("--rounds", type=int, default=5, help="times everything is measured")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--folder", help="keep the peers' environments here between runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
