"""Git's objects as bytes: reading and writing commits and trees, and their ids."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from demitasse.engines.git.protocol import FOLDER, Commit, Person

_PERSON = re.compile(
    rb"(?P<name>.*?) ?<(?P<email>[^>]*)>(?: (?P<seconds>-?\d+) (?P<zone>[+-]\d+))?"
)
_TYPES = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
_PACK = struct.Struct(">4sII")


@dataclass(frozen=True, slots=True)
class Named:
    """An entry of one tree object: the name alone, not the path."""

    mode: int
    id: str


Tree = dict[str, Named]


def object_id(kind: str, content: bytes) -> str:
    """The id of an object."""
    digest = hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def read_tree(content: bytes) -> Tree:
    """The entries of a tree by name."""
    tree: Tree = {}
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        name = content[space + 1 : end].decode(errors="surrogateescape")
        tree[name] = Named(int(content[at:space], 8), content[end + 1 : end + 21].hex())
        at = end + 21
    return tree


def write_tree(tree: Mapping[str, Named]) -> bytes:
    """A tree's bytes, in git's order: a folder sorts as if its name ended with a slash."""

    def place(name: str) -> bytes:
        return name.encode(errors="surrogateescape") + (b"/" if tree[name].mode == FOLDER else b"")

    return b"".join(
        b"%o %s\0%s"
        % (
            tree[name].mode,
            name.encode(errors="surrogateescape"),
            bytes.fromhex(tree[name].id),
        )
        for name in sorted(tree, key=place)
    )


def read_commit(commit_id: str, content: bytes) -> Commit:
    """A commit. Bytes that are no UTF-8 are shown as the replacement character."""
    head, _, message = content.partition(b"\n\n")
    fields: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\n"):
        name, _, value = line.partition(b" ")
        if name:  # a line that goes on from the one before (a signature) begins with a blank
            fields.setdefault(name, []).append(value)
    return Commit(
        commit_id,
        fields[b"tree"][0].decode(),
        tuple(parent.decode() for parent in fields.get(b"parent", ())),
        _person(fields.get(b"author", [b"<>"])[0]),
        _person(fields.get(b"committer", [b"<>"])[0]),
        message.decode(errors="replace"),
    )


def write_commit(
    tree: str, parents: Sequence[str], author: Person, committer: Person, message: str
) -> bytes:
    """A commit's bytes."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {_signed(author)}", f"committer {_signed(committer)}"]
    return ("\n".join(lines) + "\n\n" + message).encode()


def pack(objects: Iterable[tuple[str, bytes]]) -> bytes:
    """A pack of (kind, content), as git's programs take it in."""
    listed = list(objects)
    parts = [_PACK.pack(b"PACK", 2, len(listed))]
    for kind, content in listed:
        parts += [_head(_TYPES[kind], len(content)), zlib.compress(content, 1)]
    body = b"".join(parts)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _head(kind: int, size: int) -> bytes:
    """An object's head in a pack: type, and size in groups of 4, then 7 bits."""
    byte = kind << 4 | size & 15
    size >>= 4
    head = bytearray()
    while size:
        head.append(byte | 0x80)
        byte = size & 0x7F
        size >>= 7
    head.append(byte)
    return bytes(head)


def _person(line: bytes) -> Person:
    found = _PERSON.match(line)
    if found is None:
        return Person(line.decode(errors="replace"), "", 0)
    return Person(
        found["name"].decode(errors="replace"),
        found["email"].decode(errors="replace"),
        int(found["seconds"] or 0),
        (found["zone"] or b"+0000").decode(),
    )


def _signed(person: Person) -> str:
    return f"{_plain(person.name)} <{_plain(person.email)}> {person.seconds} {person.zone}"


def _plain(text: str) -> str:
    """Text as git lets it stand in a person's line."""
    return re.sub(r"[<>\n\r\0]", "", text).strip()
