"""S3's XML, written and read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias
from xml.etree import ElementTree as ET
from xml.parsers import expat

from demitasse.services.s3 import errors

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_SPECIAL = re.compile(r"[&<>\x00-\x1f\x7f\ufffe\uffff]")
_NO_XML = re.compile(r"&#x[0-9a-f]+;")
_REPLACED = "\ufffd"
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": "\n", "\t": "\t", "\r": "&#13;"}

Element: TypeAlias = "tuple[str, str | int | bool | Iterable[Element] | None]"
"""A name and what is in it: text, elements, or ``None`` for "leave it out"."""


class Typed(list[Element]):
    """Elements inside one that says its type (``xsi:type``), as grantees do."""

    def __init__(self, type_: str, content: Iterable[Element]) -> None:
        super().__init__(content)
        self.type = type_


def document(name: str, content: str | Iterable[Element]) -> bytes:
    """A whole answer, in S3's namespace."""
    inside = _text(content) if isinstance(content, str) else "".join(_parts(content))
    return f'{_HEAD}<{name} xmlns="{NAMESPACE}">{inside}</{name}>'.encode()


def error_document(content: Iterable[Element]) -> bytes:
    """An error: those have no namespace, and must be read whatever key they name."""
    inside = "".join(_parts(content))
    return f"{_HEAD}<Error>{_NO_XML.sub(_REPLACED, inside)}</Error>".encode()


def _parts(content: Iterable[Element]) -> Iterable[str]:
    for name, value in content:
        if value is None:
            continue
        if isinstance(value, Typed):
            yield f'<{name} {_XSI} xsi:type="{value.type}">'
        else:
            yield f"<{name}>"
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, int):
            yield str(value)
        elif isinstance(value, str):
            yield _text(value)
        else:
            yield from _parts(value)
        yield f"</{name}>"


def _text(value: str) -> str:
    return _SPECIAL.sub(_escaped, value)


def _escaped(found: re.Match[str]) -> str:
    # Most control characters are no XML, escaped or not; S3 writes them so, and clients that
    # care ask for keys encoded as in URLs.
    return _NAMED.get(found[0]) or f"&#x{ord(found[0]):x};"


class Node:
    """An element that a client sent, without namespaces."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element

    @property
    def name(self) -> str:
        """Its name."""
        return self._element.tag.rpartition("}")[2]

    @property
    def text(self) -> str:
        """The text in it."""
        return self._element.text or ""

    def children(self) -> list[Node]:
        """The elements in it."""
        return [Node(child) for child in self._element]

    def all(self, name: str) -> list[Node]:
        """The elements in it of a name."""
        return [child for child in self.children() if child.name == name]

    def get(self, name: str) -> str | None:
        """The text of the first element of a name."""
        found = self.all(name)
        return found[0].text if found else None

    def need(self, name: str) -> str:
        """The text of an element that must be there. ``ServiceError``."""
        text = self.get(name)
        if text is None:
            raise errors.malformed_xml()
        return text


def parse(body: bytes, root: str) -> Node:
    """A document whose root must have this name. ``ServiceError`` (MalformedXML)."""
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > 32:
            raise errors.malformed_xml()
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def doctype(*_declared: object) -> None:
        raise errors.malformed_xml()  # entities could grow without bounds

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise errors.malformed_xml() from error
    node = Node(builder.close())
    if node.name != root:
        raise errors.malformed_xml()
    return node
