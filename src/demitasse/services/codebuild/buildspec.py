"""The buildspec, read and checked: what a build does, as its author wrote it.

Follows "Build specification reference for CodeBuild", version 0.2. Every complaint names its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from demitasse.errors import DemitasseError

PHASES = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
MOST_CHARACTERS = 200_000
_DEEPEST = 300
_INLINE = re.compile(r"\s*(\{|version\s*:)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash")
_YES_NO = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
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


class _Loader(yaml.SafeLoader):
    """Reads text as a tree of nodes that know their places."""


def is_inline(text: str) -> bool:
    """Whether a project's ``buildspec`` is the buildspec itself, not a path to one."""
    return bool(_INLINE.match(text)) or "\n" in text


def read(text: str) -> Buildspec:
    """The buildspec in ``text``, YAML or JSON. ``BadBuildspec``."""
    root = _compose(text)
    top = _members(root, "the buildspec", _TOP)
    if "version" not in top:
        _refuse(root, "version is missing; it must be 0.2")
    version = _text(top["version"], "version")
    if version == "0.1":
        _refuse(top["version"], "version 0.1 is not supported by Demitasse; use version 0.2")
    if version != "0.2":
        _refuse(top["version"], f"version must be 0.2, not {version}")
    for name in _NOT_CARRIED_OUT:
        if name in top:
            _unsupported(top[name], name)
    if "phases" not in top:
        _refuse(root, "phases is missing")
    phases = _members(top["phases"], "phases", tuple(each.lower() for each in PHASES))
    if not phases:
        _refuse(top["phases"], "phases must name at least one phase")
    env = _members(top["env"], "env", _ENV) if "env" in top else {}
    artifacts, secondary = _artifacts(top.get("artifacts"))
    return Buildspec(
        phases={name.upper(): _phase(node, name) for name, node in phases.items()},
        shell=_shell(env),
        variables=_variables(env.get("variables")),
        exported=_exported(env.get("exported-variables")),
        credential_helper=_yes(env.get("git-credential-helper"), "env/git-credential-helper"),
        runtimes=_runtimes(phases),
        artifacts=artifacts,
        secondary=secondary,
        cache=_cache(top.get("cache")),
    )


def _compose(text: str) -> yaml.Node:
    if len(text) > MOST_CHARACTERS:
        raise BadBuildspec(f"the buildspec must not have more than {MOST_CHARACTERS} characters")
    if _depth(text) > _DEEPEST:
        _say(None, "it is nested too deeply")  # PyYAML would take seconds to find out
    if text.lstrip().startswith("{"):
        # Tabs are white space in JSON and can stand nowhere else; YAML does not take them.
        text = text.replace("\t", " ")
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        _say(error.problem_mark or error.context_mark, error.problem or "it cannot be read")
    except yaml.YAMLError as error:
        _say(None, " ".join(str(error).split()))
    except RecursionError:
        _say(None, "it is nested too deeply")
    if node is None:
        _say(None, "it is empty")
    return node


def _depth(text: str) -> int:
    """How many brackets are open at most, wherever they stand."""
    depth = deepest = 0
    for each in text:
        if each in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif each in "]}":
            depth = max(0, depth - 1)
    return deepest


def _shell(env: dict[str, yaml.Node]) -> str:
    for name in ("parameter-store", "secrets-manager"):
        if name in env and not _empty(env[name]):
            _unsupported(env[name], f"env/{name}")
    if "shell" not in env:
        return "sh"
    shell = _text(env["shell"], "env/shell")
    if shell not in _SHELLS:
        _refuse(env["shell"], f"env/shell must be one of {', '.join(_SHELLS)}, not {shell}")
    return shell.rpartition("/")[2]


def _variables(node: yaml.Node | None) -> dict[str, str]:
    if node is None or _empty(node):
        return {}
    pairs = _any_members(node, "env/variables")
    for name, value in pairs.items():
        _name(value, name, "env/variables")
    return {name: _scalar(value, f"env/variables/{name}") for name, value in pairs.items()}


def _exported(node: yaml.Node | None) -> tuple[str, ...]:
    if node is None or _empty(node):
        return ()
    names = _texts(node, "env/exported-variables")
    for name in names:
        _name(node, name, "env/exported-variables")
    return names


def _name(node: yaml.Node, name: str, where: str) -> None:
    if not _VARIABLE.fullmatch(name):
        _refuse(node, f"{name!r} in {where} is not a name that a shell takes")


def _phase(node: yaml.Node, name: str) -> PhaseSpec:
    where = f"phases/{name}"
    members = _members(node, where, _PHASE)
    if "run-as" in members:
        _unsupported(members["run-as"], f"{where}/run-as")
    if "runtime-versions" in members and name != "install":
        _refuse(members["runtime-versions"], "runtime-versions belong to the phase install")
    if not {"commands", "finally", "runtime-versions"} & set(members):
        _refuse(node, f"{where}/commands is missing")
    failure = members.get("on-failure")
    on_failure = "" if failure is None else _text(failure, f"{where}/on-failure").upper()
    if failure is not None and on_failure.startswith("RETRY"):
        _unsupported(failure, f"{where}/on-failure {on_failure}")
    if failure is not None and on_failure not in {"ABORT", "CONTINUE"}:
        _refuse(failure, f"{where}/on-failure must be ABORT or CONTINUE, not {on_failure}")
    return PhaseSpec(
        _commands(members.get("commands"), f"{where}/commands"),
        _commands(members.get("finally"), f"{where}/finally"),
        on_failure,
    )


def _commands(node: yaml.Node | None, where: str) -> tuple[str, ...]:
    if node is None or _empty(node):
        return ()
    if not isinstance(node, yaml.SequenceNode):
        _refuse(node, f"{where} must be a list of commands")
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
    node = _members(phases["install"], "phases/install", _PHASE).get("runtime-versions")
    if node is None or _empty(node):
        return {}
    where = "phases/install/runtime-versions"
    return {
        name: _text(value, f"{where}/{name}") for name, value in _any_members(node, where).items()
    }


def _artifacts(node: yaml.Node | None) -> tuple[FileSet | None, dict[str, FileSet]]:
    if node is None or _empty(node):
        return None, {}
    members = _members(node, "artifacts", (*_FILES, "secondary-artifacts"))
    rest = members.pop("secondary-artifacts", None)
    secondary = {}
    if rest is not None and not _empty(rest):
        for name, each in _any_members(rest, "artifacts/secondary-artifacts").items():
            where = f"artifacts/secondary-artifacts/{name}"
            secondary[name] = _files(each, _members(each, where, _FILES), where)
    primary = _files(node, members, "artifacts") if members else None
    return primary, secondary


def _files(node: yaml.Node, members: dict[str, yaml.Node], where: str) -> FileSet:
    if "files" not in members or _empty(members["files"]):
        _refuse(node, f"{where}/files is missing")
    if _yes(members.get("enable-symlinks"), f"{where}/enable-symlinks"):
        _unsupported(members["enable-symlinks"], f"{where}/enable-symlinks")
    return FileSet(
        files=_texts(members["files"], f"{where}/files"),
        name=_optional(members.get("name"), f"{where}/name"),
        base=_optional(members.get("base-directory"), f"{where}/base-directory"),
        discard_paths=_yes(members.get("discard-paths"), f"{where}/discard-paths"),
        exclude=(
            _texts(members["exclude-paths"], f"{where}/exclude-paths")
            if "exclude-paths" in members
            else ()
        ),
        prefix=_optional(members.get("s3-prefix"), f"{where}/s3-prefix"),
    )


def _cache(node: yaml.Node | None) -> tuple[str, ...]:
    if node is None or _empty(node):
        return ()
    members = _members(node, "cache", ("paths", "key", "fallback-keys", "action"))
    for name in ("key", "fallback-keys", "action"):
        if name in members:
            _unsupported(members[name], f"cache/{name}")
    return _texts(members["paths"], "cache/paths") if "paths" in members else ()


# Reading nodes


def _members(node: yaml.Node, where: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
    found = _any_members(node, where)
    for name in found:
        if name not in known:
            key = next(key for key, _ in node.value if key.value == name)
            _refuse(key, f"{name!r} is not a member of {where} (there are {', '.join(known)})")
    return found


def _any_members(node: yaml.Node, where: str) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        _refuse(node, f"{where} must be a mapping")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            _refuse(key, f"a list or mapping is no name of a member of {where}")
        if key.value in found:
            _refuse(key, f"{key.value} stands twice in {where}")
        found[key.value] = value
    return found


def _empty(node: yaml.Node) -> bool:
    if isinstance(node, yaml.ScalarNode):
        return node.tag == "tag:yaml.org,2002:null" or not node.value
    return not node.value


def _scalar(node: yaml.Node, where: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        _refuse(node, f"{where} must be a text")
    return "" if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def _text(node: yaml.Node, where: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or _empty(node):
        _refuse(node, f"{where} must be a text")
    return str(node.value).strip()


def _optional(node: yaml.Node | None, where: str) -> str:
    return "" if node is None or _empty(node) else _text(node, where)


def _texts(node: yaml.Node, where: str) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode):
        _refuse(node, f"{where} must be a list")
    return tuple(_text(each, f"{where}[{number}]") for number, each in enumerate(node.value))


def _yes(node: yaml.Node | None, where: str) -> bool:
    if node is None or _empty(node):
        return False
    word = _text(node, where).lower()
    if word not in _YES_NO:
        _refuse(node, f"{where} must be yes or no, not {word}")
    return _YES_NO[word]


def _unsupported(node: yaml.Node, what: str) -> NoReturn:
    _refuse(node, f"{what} is not supported by Demitasse")


def _refuse(node: yaml.Node, problem: str) -> NoReturn:
    _say(node.start_mark, problem)


def _say(mark: Any, problem: str) -> NoReturn:
    place = f" at line {mark.line + 1}" if mark is not None else ""
    raise BadBuildspec(f"Invalid buildspec{place}: {problem}")
