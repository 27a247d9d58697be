"""Merging by lines, on git's own differences, beside git's own merging."""

from __future__ import annotations

import asyncio
import random
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from demitasse.clock import ManualClock
from demitasse.engines.git.programs import GitPrograms
from demitasse.engines.git.protocol import FILE, NewCommit, Person
from demitasse.ids import CountingIds
from demitasse.services.codecommit.line_merge import chunks, edits_of, joined, lines_with_ends

REPO = "11111111-2222-3333-4444-555555555555"
MARY = Person("Mary Major", "mary@example.com", 1_767_225_600)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = 25


def changed(chance: random.Random, lines: list[str]) -> list[str]:
    """Some lines replaced, put in, taken out."""
    result = list(lines)
    for _ in range(chance.randint(0, 3)):
        at = chance.randrange(len(result) + 1)
        result[at : at + chance.randint(0, 1)] = chance.choice([["x"], ["y", "z"], []])
    return result


def git_merges(folder: Path, sides: dict[str, bytes]) -> bytes | None:
    """What ``git merge-file`` makes of it; ``None`` for conflicts."""
    for name, content in sides.items():
        (folder / name).write_bytes(content)
    argv = ["git", "merge-file", "-p", "destination", "base", "source"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, check=False, timeout=30)
    return done.stdout if done.returncode == 0 else None


async def ours(git: GitPrograms, sides: dict[str, bytes]) -> bytes | None:
    """What CodeCommit makes of it here; ``None`` for conflicts."""
    files = {name: (FILE, content) for name, content in sides.items()}
    made = await git.write(REPO, NewCommit(None, MARY, "", files), NOW)
    ids = {}
    for name in sides:
        entry = await git.entry(REPO, made.id, name)
        assert entry is not None
        ids[name] = entry.id
    edits = []
    for side in ("source", "destination"):
        hunks = await git.hunks(REPO, ids["base"], ids[side], context=0, blanks=True)
        edits.append(edits_of(hunks))
    lines = {name: lines_with_ends(content) for name, content in sides.items()}
    found = chunks(lines["base"], lines["source"], lines["destination"], edits[0], edits[1])
    if any(each.conflicts for each in found):
        return None
    return joined(lines["base"], [(each, each.merged) for each in found])


def test_lines_are_merged_as_git_merges_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        git = GitPrograms(tmp_path / "git", ManualClock(), CountingIds())
        clean = 0
        for seed in range(TIMES):
            chance = random.Random(seed)
            base = [chance.choice("abcdefgh") for _ in range(chance.randint(0, 12))]
            texts = {
                "base": base,
                "source": changed(chance, base),
                "destination": changed(chance, base),
            }
            ends = {name: chance.choice(["\n", "\n", ""]) for name in texts}
            sides = {
                name: ("\n".join(lines) + ends[name] * bool(lines)).encode()
                for name, lines in texts.items()
            }
            expected = git_merges(tmp_path, sides)
            assert await ours(git, sides) == expected, sides
            clean += expected is not None
        assert 0 < clean < TIMES  # both come about

    asyncio.run(scenario())
