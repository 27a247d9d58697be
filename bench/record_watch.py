"""Records ``demitasse watch`` while a change goes to production, as a moving picture (SVG).

    python bench/record_watch.py docs/images/watch.svg     # then push; Ctrl-C ends it

It shows what the terminal shows, moment by moment: what has changed since the last moment is a new
frame, with the time since the recording began.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path

from rich.console import Console
from rich.segment import Segment

from demitasse import settings as settings_module
from demitasse.cli import watch
from demitasse.cli.up import workspace
from demitasse.clock import SystemClock
from demitasse.lab import sight

WIDTH = 80  # characters
CHARACTER, LINE, MARGIN, TITLE = 8.4, 18.0, 14.0, 30.0  # pixels
SHOWN = 2.0  # seconds that each moment is shown
LAST = 3  # times as long, the last one
LEAST = 0.7  # seconds: what was seen for less is left out
COLOURS = {
    "green": "#7ec07e", "yellow": "#e5c15a", "red": "#f07178", "blue": "#5b7a90", "cyan": "#6cb6d6",
}  # fmt: skip
PLAIN, FAINT, BACKGROUND = "#d8d8d8", "#8b8f94", "#1d2126"

Frame = list[list[Segment]]


def moments() -> Iterator[tuple[float, Frame]]:
    """What watch shows, each time that it is something new: seconds, lines."""
    settings = settings_module.load()
    lab, clock, console = workspace(settings), SystemClock(), Console(width=WIDTH)
    begun, before = time.monotonic(), None
    while True:
        seen = sight.look(lab)
        if seen != before:
            picture = watch.picture(seen, watch.note(settings), clock.now())
            yield time.monotonic() - begun, console.render_lines(picture, pad=False)
            before = seen
        time.sleep(0.2)


def drawn(frames: list[tuple[float, Frame]]) -> str:
    """All frames, one upon the other, each shown in its turn."""
    turns = len(frames) + LAST - 1
    height = TITLE + LINE * max(len(lines) for _, lines in frames) + MARGIN
    width = 2 * MARGIN + CHARACTER * WIDTH
    share = 100 / turns
    groups = []
    for number, (seconds, lines) in enumerate(frames):
        kind = "l" if number == len(frames) - 1 else "f"
        text = "".join(_line(row, line) for row, line in enumerate(lines))
        groups.append(
            f'<g class="{kind}" style="animation-delay:{number * SHOWN:g}s">'
            f'<text x="{MARGIN}" y="20" fill="{FAINT}">$ ./demitasse watch</text>'
            f'<text x="{width - MARGIN}" y="20" text-anchor="end" fill="{FAINT}">'
            f"{seconds:.0f} s</text>{text}</g>\n"
        )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">
<title>demitasse watch while a change goes to production</title>
<style>
text {{ font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre }}
.f {{ opacity: 0; animation: f {turns * SHOWN:g}s step-end infinite }}
.l {{ opacity: 0; animation: l {turns * SHOWN:g}s step-end infinite }}
@keyframes f {{ 0% {{ opacity: 1 }} {share:.3f}% {{ opacity: 0 }} }}
@keyframes l {{ 0% {{ opacity: 1 }} {share * LAST:.3f}% {{ opacity: 0 }} }}
@media (prefers-reduced-motion: reduce) {{ .f, .l {{ animation: none }} .l {{ opacity: 1 }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>
{"".join(groups)}</svg>
"""


def lasting(frames: list[tuple[float, Frame]]) -> list[tuple[float, Frame]]:
    """Those that could be seen, and the last."""
    after = [*(seconds for seconds, _ in frames[1:]), float("inf")]
    return [frame for frame, end in zip(frames, after, strict=True) if end - frame[0] >= LEAST]


def _line(row: int, line: list[Segment]) -> str:
    drawn, column = "", 0
    for segment in line:
        if segment.text.strip():
            style = segment.style
            colour = COLOURS.get(style.color.name if style and style.color else "", PLAIN)
            if style and style.dim:
                colour = FAINT
            bold = ' font-weight="bold"' if style and style.bold else ""
            x, y = MARGIN + CHARACTER * column, TITLE + LINE * (row + 1)
            length = CHARACTER * segment.cell_length
            drawn += (
                f'<text x="{x:.1f}" y="{y:.0f}" textLength="{length:.1f}" fill="{colour}"{bold}>'
                f"{escape(segment.text)}</text>"
            )
        column += segment.cell_length
    return drawn


if __name__ == "__main__":
    taken: list[tuple[float, Frame]] = []
    try:
        for moment in moments():
            taken.append(moment)  # noqa: PERF402 - what was taken stays when it is interrupted
    except KeyboardInterrupt:
        Path(sys.argv[1]).write_text(drawn(lasting(taken)), encoding="utf-8")
