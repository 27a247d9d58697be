"""The run as a page of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench import table
from bench.plan import Plan
from bench.results import Result

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks.md"

_HEAD = """# Benchmarks

What was promised, and what one run on one machine gave. `python -m bench --record` (in the
project's environment, as root, with Docker and the base images that `up` makes) measures everything
again and rewrites this page; `python -m bench api` measures one subject.
"""

_METHOD = """## How it is measured

Everything stands on the same machine and shares its cores: the load generator, the backend, what is
measured, and whatever else runs there. So absolute rates say little and change from run to run.
What can be relied on:

- **ratios**: the contenders take turns, round after round, in changing order; a ratio is the median
  of the rounds' own ratios;
- **CPU per request**: user and system time of the server's processes, as the kernel counts it,
  divided by the requests they answered.

The load generator is `wrk` with one thread and kept connections. Its latencies are those of a
client that waits for each answer before it asks again.
"""


def document(facts: Sequence[tuple[str, str]], results: Sequence[Result], plan: Plan) -> str:
    """The whole page."""
    failing = sum(not claim.met for result in results for claim in result.claims)
    total = sum(len(result.claims) for result in results)
    rounds = f"{plan.rounds} rounds of {plan.seconds:g} s each"
    summary = f"{total - failing} of {total} figures are met; {rounds}."
    parts = [
        _HEAD.strip(),
        table.markdown(("the run", ""), [list(fact) for fact in facts]),
        "## Promised and measured",
        summary,
        table.verdicts(results),
        *(result.excuse for result in results if result.excuse and not result.met),
        *(table.section(result) for result in results if result.tables),
        _METHOD.strip(),
    ]
    return "\n\n".join(parts) + "\n"
