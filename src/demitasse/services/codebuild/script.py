"""A build's own shell script, and what it noted: text and values only.

The script runs in the build's container (``agent/``). It notes each phase's beginning and end in a
file, so that how far a build is can be read at any time, by any process.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources

from demitasse.services.codebuild.buildspec import PHASES, Buildspec, PhaseSpec

_SPARE_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class History:
    """The git history of a source, which its zip does not hold: fetched before the first command.

    ``folder`` is the source's, ``header`` the HTTP header that lets it be fetched; ``depth`` 0 is
    all of it.
    """

    folder: str
    url: str
    commit: str
    header: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class PhaseNoted:
    """A phase as the script noted it; ``failed`` is the number of its failed command, or 0."""

    type: str
    started_at: datetime
    ended_at: datetime | None = None
    failed: int = 0
    exit_status: int = 0


@dataclass(frozen=True, slots=True)
class Noted:
    """All that the script noted. ``ended`` once no command will run any more."""

    phases: tuple[PhaseNoted, ...] = ()
    exported: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    no_shell: bool = False


def agent() -> str:
    """The script that a build container runs."""
    return _resource("agent.sh")


def write(
    spec: Buildspec,
    *,
    control: str,
    source: str,
    environment: Mapping[str, str],
    cache: str = "",
    owner: str = "0",
    histories: Sequence[History] = (),
) -> dict[str, str]:
    """The script of a build: files of its control folder, the last of which makes it whole.

    ``control`` and ``source`` are folders as the container sees them; ``cache`` is where cached
    folders are kept ("": nowhere); ``owner`` is the ``uid:gid`` to whom all files go in the end.
    """
    files = {"shell.sh": _resource("shell.sh"), "shell": spec.shell, "owner": owner}
    lines = [
        f"_cb_control={shlex.quote(control)}",
        f"_cb_exported={shlex.quote(' '.join(spec.exported))}",
        '. "$_cb_control/shell.sh"',
        'if [ -z "${1-}" ]; then',
        "    _cb_at=0 _cb_phase= _cb_failed= _cb_over=",
        '    . "$_cb_control/environment.sh"',
        f"    cd {shlex.quote(source)} || exit 1",
        *(f"    {line}" for each in histories for line in _fetched(each)),
        *(f"    {line}" for line in _cached(spec.cache, cache)),
        "    _cb_save",
        "else",
        '    . "$_cb_control/out/saved"',
        '    _cb_done "$1"',
        "fi",
        "trap _cb_save EXIT",
    ]
    number = 0
    for phase in PHASES:
        own = spec.phases.get(phase, PhaseSpec())
        number += 1
        lines.append(f"_cb_begin {number} {phase}")
        for kind, texts in (("run", own.commands), ("last", own.at_last)):
            for text in texts:
                number += 1
                files[f"steps/{number}"] = text
                lines.append(
                    f'_cb_step {number} {kind} && {{ eval "$_cb_command"'
                    "\n{ _cb_done $?; } 2>/dev/null; }"
                )
        number += 1
        lines.append(f"_cb_end {number} {phase} {shlex.quote(_ends(phase, own))}")
    lines += [*_artifact_names(spec), "trap - EXIT", ': >"$_cb_control/out/ended"']
    files["environment.sh"] = exports(environment)
    files["rounds"] = str(number + _SPARE_ROUNDS)
    files["build.sh"] = "\n".join(lines) + "\n"
    return files


def lines(now: datetime, *texts: str) -> str:
    """Lines of the log as the agent writes them."""
    return "".join(f"[Container] {now:%Y/%m/%d %H:%M:%S} {text}\n" for text in texts)


def exports(environment: Mapping[str, str]) -> str:
    """Shell lines that export variables."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


def noted(files: Mapping[str, bytes]) -> Noted:
    """What the script noted, given the files of its ``out`` folder."""
    phases: list[PhaseNoted] = []
    no_shell = False
    for line in files.get("progress", b"").decode(errors="replace").splitlines():
        words = line.split()
        if words == ["no-shell"]:
            no_shell = True
        elif len(words) == 3 and words[1] == "begin":
            phases.append(PhaseNoted(words[2], _moment(words[0])))
        elif len(words) == 5 and words[1] == "end" and phases:
            last = phases[-1]
            phases[-1] = PhaseNoted(
                last.type, last.started_at, _moment(words[0]), int(words[3]), int(words[4])
            )
    return Noted(
        tuple(phases),
        _named(files, "exported."),
        {name.removeprefix("0"): text for name, text in _named(files, "name.").items()},
        "ended" in files,
        no_shell,
    )


def _named(files: Mapping[str, bytes], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): content.decode(errors="replace")
        for name, content in sorted(files.items())
        if name.startswith(prefix)
    }


def _ends(phase: str, spec: PhaseSpec) -> str:
    """What a failure ends: "over" when no phase may follow ("Build phase transitions")."""
    if spec.on_failure:
        return "over" if spec.on_failure == "ABORT" else ""
    return "over" if phase in {"INSTALL", "PRE_BUILD"} else ""


def _fetched(history: History) -> list[str]:
    """Lines that make a source's folder a clone, where the image has git."""
    wanted = (
        f"--depth {history.depth} origin"
        if history.depth
        else "--tags origin '+refs/heads/*:refs/remotes/origin/*'"
    )
    return [
        "command -v git >/dev/null && (",
        f"    cd {shlex.quote(history.folder)} || exit",
        "    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader",
        f"    export GIT_CONFIG_VALUE_0={shlex.quote(history.header)}",
        f"    git init -q && git remote add origin {shlex.quote(history.url)} &&",
        f"    git fetch -q {wanted} {history.commit} &&",
        f"    git update-ref --no-deref HEAD {history.commit} && git reset -q ||",
        "    _cb_say 'The history of the source could not be fetched'",
        ")",
    ]


def _cached(paths: tuple[str, ...], cache: str) -> list[str]:
    """Lines that put the cached folders in their places, as links.

    What is there already is taken into the cache, where what was cached before goes before it.
    """
    if not cache:
        return []
    lines = []
    for number, path in enumerate(paths):
        folder = path
        while folder.endswith(("/*", "/**", "/")):
            folder = folder.removesuffix("/**").removesuffix("/*").removesuffix("/")
        place = shlex.quote(
            f"{cache}/{number}-{''.join(c if c.isalnum() else '_' for c in folder)}"
        )
        target = shlex.quote(folder)
        if folder.startswith("~/"):
            target = f'"$HOME"/{shlex.quote(folder[2:])}'
        lines += [
            f"if [ -d {target} ] && [ ! -L {target} ]; then",
            f"    mkdir -p {place} && cp -a {place}/. {target}/ && rm -rf {place} &&",
            f"        mv {target} {place}",
            "fi",
            f"if [ ! -e {target} ]; then",
            f'    mkdir -p {place} "$(dirname {target})" && ln -s {place} {target}',
            "fi",
        ]
    return lines


def _artifact_names(spec: Buildspec) -> list[str]:
    """Lines that note the artifacts' names, in which the shell's own expressions may stand."""
    named = {"0": spec.artifacts, **spec.secondary}
    return [
        f'( eval "printf %s \\"{_escaped(files.name)}\\"" ) >"$_cb_control/out/name.{key}"'
        for key, files in named.items()
        if files is not None and files.name
    ]


def _escaped(name: str) -> str:
    """A name to stand in double quotes in a word that is in double quotes itself."""
    return (
        name.replace("\\", "\\\\").replace('"', '\\\\\\"').replace("$", "\\$").replace("`", "\\`")
    )


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)


def _resource(name: str) -> str:
    return (resources.files(__package__) / "agent" / name).read_text(encoding="utf-8")
