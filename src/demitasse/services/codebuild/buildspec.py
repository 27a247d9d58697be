"""The buildspec, read and checked: what a build does, as its author wrote it.

Follows "Build specification reference for CodeBuild", version 0.2. Every complaint names its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from demitasse.errors import DemitasseError
from demitasse.services import nodes

MOST_CHARACTERS = 200_000
_DEEPEST = 300
PHASES = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
_INLINE = re.compile(r"\s*(\{|version\s*:)")
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What a shell takes as a variable's name."""

_SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash")
_TOP = ("version", "env", "phases", "artifacts", "cache", "run-as", "proxy", "batch", "reports")
_NOT_CARRIED_OUT = ("run-as", "proxy", "batch", "reports")
_ENV = (
    "shell",
    "variables",
    "parameter-store",
    "secrets-manager",
    "exported-variables",
    "git-credential-helper",
)
_PHASE = ("run-as", "on-failure", "runtime-versions", "commands", "finally")
_FILES = (
    "files",
    "name",
    "discard-paths",
    "base-directory",
    "exclude-paths",
    "enable-symlinks",
    "s3-prefix",
)


class BadBuildspec(DemitasseError):
    """The buildspec is not valid, or asks for what is not carried out; the message has the line."""


@dataclass(frozen=True, slots=True)
class PhaseSpec:
    """The commands of one phase. ``on_failure`` is "", ABORT or CONTINUE."""

    commands: tuple[str, ...] = ()
    at_last: tuple[str, ...] = ()  # ``finally``
    on_failure: str = ""


@dataclass(frozen=True, slots=True)
class FileSet:
    """Which files make an artifact. ``base`` may hold a pattern, ``name`` shell expressions."""

    files: tuple[str, ...]
    name: str = ""
    base: str = ""
    discard_paths: bool = False
    exclude: tuple[str, ...] = ()
    prefix: str = ""  # ``s3-prefix``


@dataclass(frozen=True, slots=True)
class Buildspec:
    """A buildspec. Phases are named by AWS's phase types (``PRE_BUILD``)."""

    phases: dict[str, PhaseSpec] = field(default_factory=dict)
    shell: str = "sh"
    variables: dict[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    credential_helper: bool = False
    runtimes: dict[str, str] = field(default_factory=dict)
    artifacts: FileSet | None = None
    secondary: dict[str, FileSet] = field(default_factory=dict)
    cache: tuple[str, ...] = ()


def is_inline(text: str) -> bool:
    """Whether a project's ``buildspec`` is the buildspec itself, not a path to one."""
    return bool(_INLINE.match(text)) or "\n" in text


def read(text: str) -> Buildspec:
    """The buildspec in ``text``, YAML or JSON. ``BadBuildspec``."""
    if len(text) > MOST_CHARACTERS:
        raise BadBuildspec(f"the buildspec must not have more than {MOST_CHARACTERS} characters")
    try:
        return _read(nodes.compose(text, deepest=_DEEPEST))
    except nodes.Misread as error:
        place = f" at line {error.line}" if error.line else ""
        raise BadBuildspec(f"Invalid buildspec{place}: {error}") from error


def _read(root: yaml.Node) -> Buildspec:
    top = nodes.members(root, "the buildspec", _TOP)
    if "version" not in top:
        nodes.refuse(root, "version is missing; it must be 0.2")
    version = nodes.text(top["version"], "version")
    if version == "0.1":
        nodes.refuse(top["version"], "version 0.1 is not supported by Demitasse; use version 0.2")
    if version != "0.2":
        nodes.refuse(top["version"], f"version must be 0.2, not {version}")
    for name in _NOT_CARRIED_OUT:
        if name in top:
            nodes.unsupported(top[name], name)
    if "phases" not in top:
        nodes.refuse(root, "phases is missing")
    phases = nodes.members(top["phases"], "phases", tuple(each.lower() for each in PHASES))
    if not phases:
        nodes.refuse(top["phases"], "phases must name at least one phase")
    env = nodes.members(top["env"], "env", _ENV) if "env" in top else {}
    artifacts, secondary = _artifacts(top.get("artifacts"))
    return Buildspec(
        phases={name.upper(): _phase(node, name) for name, node in phases.items()},
        shell=_shell(env),
        variables=_variables(env.get("variables")),
        exported=_exported(env.get("exported-variables")),
        credential_helper=nodes.yes(env.get("git-credential-helper"), "env/git-credential-helper"),
        runtimes=_runtimes(phases),
        artifacts=artifacts,
        secondary=secondary,
        cache=_cache(top.get("cache")),
    )


def _shell(env: dict[str, yaml.Node]) -> str:
    for name in ("parameter-store", "secrets-manager"):
        if name in env and not nodes.empty(env[name]):
            nodes.unsupported(env[name], f"env/{name}")
    if "shell" not in env:
        return "sh"
    shell = nodes.text(env["shell"], "env/shell")
    if shell not in _SHELLS:
        nodes.refuse(env["shell"], f"env/shell must be one of {', '.join(_SHELLS)}, not {shell}")
    return shell.rpartition("/")[2]


def _variables(node: yaml.Node | None) -> dict[str, str]:
    if node is None or nodes.empty(node):
        return {}
    pairs = nodes.any_members(node, "env/variables")
    for name, value in pairs.items():
        _name(value, name, "env/variables")
    return {name: nodes.scalar(value, f"env/variables/{name}") for name, value in pairs.items()}


def _exported(node: yaml.Node | None) -> tuple[str, ...]:
    if node is None or nodes.empty(node):
        return ()
    names = nodes.texts(node, "env/exported-variables")
    for name in names:
        _name(node, name, "env/exported-variables")
    return names


def _name(node: yaml.Node, name: str, where: str) -> None:
    if not VARIABLE_NAME.fullmatch(name):
        nodes.refuse(node, f"{name!r} in {where} is not a name that a shell takes")


def _phase(node: yaml.Node, name: str) -> PhaseSpec:
    where = f"phases/{name}"
    members = nodes.members(node, where, _PHASE)
    if "run-as" in members:
        nodes.unsupported(members["run-as"], f"{where}/run-as")
    if "runtime-versions" in members and name != "install":
        nodes.refuse(members["runtime-versions"], "runtime-versions belong to the phase install")
    if not {"commands", "finally", "runtime-versions"} & set(members):
        nodes.refuse(node, f"{where}/commands is missing")
    failure = members.get("on-failure")
    on_failure = "" if failure is None else nodes.text(failure, f"{where}/on-failure").upper()
    if failure is not None and on_failure.startswith("RETRY"):
        nodes.unsupported(failure, f"{where}/on-failure {on_failure}")
    if failure is not None and on_failure not in {"ABORT", "CONTINUE"}:
        nodes.refuse(failure, f"{where}/on-failure must be ABORT or CONTINUE, not {on_failure}")
    return PhaseSpec(
        _commands(members.get("commands"), f"{where}/commands"),
        _commands(members.get("finally"), f"{where}/finally"),
        on_failure,
    )


def _commands(node: yaml.Node | None, where: str) -> tuple[str, ...]:
    if node is None or nodes.empty(node):
        return ()
    if not isinstance(node, yaml.SequenceNode):
        nodes.refuse(node, f"{where} must be a list of commands")
    for number, each in enumerate(node.value):
        if not isinstance(each, yaml.ScalarNode):
            raise BadBuildspec(
                f"Expected Commands[{number}] to be of string type: found subkeys instead at line"
                f" {each.start_mark.line + 1}, value of the key tag on line"
                f" {node.start_mark.line + 1} might be empty"
            )
    return tuple(str(each.value) for each in node.value)


def _runtimes(phases: dict[str, yaml.Node]) -> dict[str, str]:
    if "install" not in phases:
        return {}
    node = nodes.members(phases["install"], "phases/install", _PHASE).get("runtime-versions")
    if node is None or nodes.empty(node):
        return {}
    where = "phases/install/runtime-versions"
    return {
        name: nodes.text(value, f"{where}/{name}")
        for name, value in nodes.any_members(node, where).items()
    }


def _artifacts(node: yaml.Node | None) -> tuple[FileSet | None, dict[str, FileSet]]:
    if node is None or nodes.empty(node):
        return None, {}
    members = nodes.members(node, "artifacts", (*_FILES, "secondary-artifacts"))
    rest = members.pop("secondary-artifacts", None)
    secondary = {}
    if rest is not None and not nodes.empty(rest):
        for name, each in nodes.any_members(rest, "artifacts/secondary-artifacts").items():
            where = f"artifacts/secondary-artifacts/{name}"
            secondary[name] = _files(each, nodes.members(each, where, _FILES), where)
    primary = _files(node, members, "artifacts") if members else None
    return primary, secondary


def _files(node: yaml.Node, members: dict[str, yaml.Node], where: str) -> FileSet:
    if "files" not in members or nodes.empty(members["files"]):
        nodes.refuse(node, f"{where}/files is missing")
    if nodes.yes(members.get("enable-symlinks"), f"{where}/enable-symlinks"):
        nodes.unsupported(members["enable-symlinks"], f"{where}/enable-symlinks")
    return FileSet(
        files=nodes.texts(members["files"], f"{where}/files"),
        name=nodes.optional(members.get("name"), f"{where}/name"),
        base=nodes.optional(members.get("base-directory"), f"{where}/base-directory"),
        discard_paths=nodes.yes(members.get("discard-paths"), f"{where}/discard-paths"),
        exclude=(
            nodes.texts(members["exclude-paths"], f"{where}/exclude-paths")
            if "exclude-paths" in members
            else ()
        ),
        prefix=nodes.optional(members.get("s3-prefix"), f"{where}/s3-prefix"),
    )


def _cache(node: yaml.Node | None) -> tuple[str, ...]:
    if node is None or nodes.empty(node):
        return ()
    members = nodes.members(node, "cache", ("paths", "key", "fallback-keys", "action"))
    for name in ("key", "fallback-keys", "action"):
        if name in members:
            nodes.unsupported(members[name], f"cache/{name}")
    return nodes.texts(members["paths"], "cache/paths") if "paths" in members else ()
