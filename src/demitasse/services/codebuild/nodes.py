"""YAML as a tree whose nodes know their lines, so that every complaint can name one."""

from __future__ import annotations

from typing import Any, NoReturn

import yaml

from demitasse.errors import DemitasseError

MOST_CHARACTERS = 200_000
_DEEPEST = 300
_YES_NO = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


class BadBuildspec(DemitasseError):
    """The buildspec is not valid, or asks for what is not carried out; the message has the line."""


class _Loader(yaml.SafeLoader):
    """Reads text as a tree of nodes that know their places."""


def compose(content: str) -> yaml.Node:
    """The tree of a text, YAML or JSON. ``BadBuildspec``."""
    if len(content) > MOST_CHARACTERS:
        raise BadBuildspec(f"the buildspec must not have more than {MOST_CHARACTERS} characters")
    if _depth(content) > _DEEPEST:
        _say(None, "it is nested too deeply")  # PyYAML would take seconds to find out
    if content.lstrip().startswith("{"):
        # Tabs are white space in JSON and can stand nowhere else; YAML does not take them.
        content = content.replace("\t", " ")
    try:
        node = yaml.compose(content, Loader=_Loader)
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


def members(node: yaml.Node, where: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
    """The members of a mapping, each of which must be ``known``."""
    found = any_members(node, where)
    for name in found:
        if name not in known:
            key = next(key for key, _ in node.value if key.value == name)
            refuse(key, f"{name!r} is not a member of {where} (there are {', '.join(known)})")
    return found


def any_members(node: yaml.Node, where: str) -> dict[str, yaml.Node]:
    """The members of a mapping, whatever their names."""
    if not isinstance(node, yaml.MappingNode):
        refuse(node, f"{where} must be a mapping")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            refuse(key, f"a list or mapping is no name of a member of {where}")
        if key.value in found:
            refuse(key, f"{key.value} stands twice in {where}")
        found[key.value] = value
    return found


def empty(node: yaml.Node) -> bool:
    """Whether nothing is said: null, an empty text, list or mapping."""
    if isinstance(node, yaml.ScalarNode):
        return node.tag == "tag:yaml.org,2002:null" or not node.value
    return not node.value


def scalar(node: yaml.Node, where: str) -> str:
    """A text, which may be empty."""
    if not isinstance(node, yaml.ScalarNode):
        refuse(node, f"{where} must be a text")
    return "" if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def text(node: yaml.Node, where: str) -> str:
    """A text that says something."""
    if not isinstance(node, yaml.ScalarNode) or empty(node):
        refuse(node, f"{where} must be a text")
    return str(node.value).strip()


def optional(node: yaml.Node | None, where: str) -> str:
    """A text; "" when there is none."""
    return "" if node is None or empty(node) else text(node, where)


def texts(node: yaml.Node, where: str) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(node, yaml.SequenceNode):
        refuse(node, f"{where} must be a list")
    return tuple(text(each, f"{where}[{number}]") for number, each in enumerate(node.value))


def yes(node: yaml.Node | None, where: str) -> bool:
    """A yes or no in YAML's words; no when nothing is said."""
    if node is None or empty(node):
        return False
    word = text(node, where).lower()
    if word not in _YES_NO:
        refuse(node, f"{where} must be yes or no, not {word}")
    return _YES_NO[word]


def unsupported(node: yaml.Node, what: str) -> NoReturn:
    """Refuse what is not carried out, by name."""
    refuse(node, f"{what} is not supported by Demitasse")


def refuse(node: yaml.Node, problem: str) -> NoReturn:
    """``BadBuildspec`` with the line of ``node``."""
    _say(node.start_mark, problem)


def _say(mark: Any, problem: str) -> NoReturn:
    place = f" at line {mark.line + 1}" if mark is not None else ""
    raise BadBuildspec(f"Invalid buildspec{place}: {problem}")
