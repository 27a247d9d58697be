"""YAML as a tree whose nodes know their places, so that every complaint can name one.

What users write for AWS's services is read so: buildspecs and AppSpec files. JSON is read by the
same parser. Merge keys (``<<: *common``) are carried out as YAML 1.1 has them: a mapping's own
members come before merged ones, and of several merged mappings the earlier before the later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import yaml

from demitasse.errors import DemitasseError

_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_YES_NO = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}

_Pair = tuple[yaml.Node, yaml.Node]


class Misread(DemitasseError):
    """A text is not what it has to be. ``line`` and ``column`` count from 1; 0: in no one place."""

    def __init__(self, problem: str, mark: Any = None) -> None:
        super().__init__(problem)
        self.line: int = mark.line + 1 if mark is not None else 0
        self.column: int = mark.column + 1 if mark is not None else 0


class _Loader(yaml.SafeLoader):
    """Reads text as a tree of nodes that know their places."""


def compose(content: str, *, deepest: int) -> yaml.Node:
    """The tree of a text, YAML or JSON, of at most ``deepest`` nested lists. ``Misread``."""
    if _depth(content) > deepest or "- " * deepest in content:
        raise Misread("it is nested too deeply")  # PyYAML would take seconds to find out
    if content.lstrip().startswith("{"):
        # Tabs are white space in JSON and can stand nowhere else; YAML does not take them.
        content = content.replace("\t", " ")
    try:
        node = yaml.compose(content, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Misread(error.problem or "it cannot be read", mark) from error
    except yaml.YAMLError as error:
        raise Misread(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise Misread("it is nested too deeply") from error
    if node is None:
        raise Misread("it is empty")
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


# Mappings


def members(node: yaml.Node, where: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
    """The members of a mapping, each of which must be ``known``."""

    def one_of_them(key: yaml.Node) -> str:
        name = _name(key, where)
        if name not in known:
            refuse(key, f"{name!r} is not a member of {where} (there are {', '.join(known)})")
        return name

    return members_as(node, where, one_of_them)


def any_members(node: yaml.Node, where: str) -> dict[str, yaml.Node]:
    """The members of a mapping, whatever their names."""
    return members_as(node, where, lambda key: _name(key, where))


def members_as(
    node: yaml.Node, where: str, name: Callable[[yaml.Node], str]
) -> dict[str, yaml.Node]:
    """The members of a mapping by what ``name`` makes of their keys."""
    found: dict[str, yaml.Node] = {}
    for pairs in _layers(node, where):
        layer: dict[str, yaml.Node] = {}
        for key, value in pairs:
            called = name(key)
            if called in layer:
                refuse(key, f"{called} stands twice in {where}")
            layer[called] = value
        found |= {called: value for called, value in layer.items() if called not in found}
    return found


def _layers(node: yaml.Node, where: str) -> Iterator[list[_Pair]]:
    """A mapping's own members, then those merged into it, what counts most first.

    A mapping that is met again adds nothing to what it gave the first time: so merging ends, also
    in a mapping that is merged into itself, and takes no longer than the text is long.
    """
    if not isinstance(node, yaml.MappingNode):
        refuse(node, f"{where} must be a mapping")
    to_come, met = [node], set[int]()
    while to_come:
        mapping = to_come.pop()
        if id(mapping) in met:
            continue
        met.add(id(mapping))
        merges = [pair for pair in mapping.value if pair[0].tag == _MERGE]
        if len(merges) > 1:
            refuse(merges[1][0], f"<< stands twice in {where}")
        yield [pair for pair in mapping.value if pair[0].tag != _MERGE]
        for _, merged in merges:
            to_come += reversed(_mappings(merged, where))


def _mappings(node: yaml.Node, where: str) -> list[yaml.MappingNode]:
    """What a merge key names: a mapping, or a list of them."""
    mappings = []
    for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if not isinstance(each, yaml.MappingNode):
            refuse(each, f"<< in {where} must name a mapping, or a list of mappings")
        mappings.append(each)
    return mappings


def _name(key: yaml.Node, where: str) -> str:
    if not isinstance(key, yaml.ScalarNode):
        refuse(key, f"a list or mapping is no name of a member of {where}")
    return str(key.value)


# Values


def empty(node: yaml.Node) -> bool:
    """Whether nothing is said: null, an empty text, list or mapping."""
    if isinstance(node, yaml.ScalarNode):
        return node.tag == _NULL or not node.value
    return not node.value


def scalar(node: yaml.Node, where: str) -> str:
    """A text, which may be empty."""
    if not isinstance(node, yaml.ScalarNode):
        refuse(node, f"{where} must be a text")
    return "" if node.tag == _NULL else str(node.value)


def text(node: yaml.Node, where: str) -> str:
    """A text that says something."""
    if not isinstance(node, yaml.ScalarNode) or empty(node):
        refuse(node, f"{where} must be a text")
    return str(node.value).strip()


def optional(node: yaml.Node | None, where: str) -> str:
    """A text; "" when there is none."""
    return "" if node is None or empty(node) else text(node, where)


def items(node: yaml.Node, where: str) -> list[yaml.Node]:
    """The nodes of a list."""
    if not isinstance(node, yaml.SequenceNode):
        refuse(node, f"{where} must be a list")
    return list(node.value)


def texts(node: yaml.Node, where: str) -> tuple[str, ...]:
    """A list of texts."""
    listed = items(node, where)
    return tuple(text(each, f"{where}[{number}]") for number, each in enumerate(listed))


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
    """``Misread`` with the place of ``node``."""
    raise Misread(problem, node.start_mark)
