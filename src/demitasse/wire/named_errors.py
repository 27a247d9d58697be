"""Errors that name what is wrong: ``InvalidSortByException``, ``RepositoryNameRequiredException``.

Most services refuse a bad input with one code, whatever is wrong with it. CodeCommit has a code for
each member, listed with the operations of its model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demitasse.wire.problems import Kind, Problem
from demitasse.wire.shapes import ServiceModel

SERVICES = frozenset({"codecommit"})

_SENTENCES = {
    "InvalidRepositoryNameException": (
        "Repository names are restricted to alphanumeric characters, plus '.', '_', and '-', and"
        " to 100 characters."
    ),
}
_FORMS = {
    Kind.MISSING: "{}RequiredException",
    Kind.CONSTRAINT: "Invalid{}Exception",
    Kind.ENUM: "Invalid{}Exception",
}


def named(
    model: ServiceModel, operation: str, problems: Sequence[Problem]
) -> tuple[str, str | None] | None:
    """The code of the first problem that the operation has a code for, and a sentence if known."""
    known = {each.shape for each in model.operations[operation].errors}
    for problem in problems:
        form = _FORMS.get(problem.kind)
        if form is None:
            continue
        for name in _names(model, operation, problem.path):
            code = form.format(name[:1].upper() + name[1:])
            if code in known:
                return code, _SENTENCES.get(code)
    return None


def _names(model: ServiceModel, operation: str, path: str) -> Iterator[str]:
    """What a member at a path is called in errors: by its shape, or by its own name; the member
    itself first, then those that it is in.
    """
    given = model.operations[operation].input
    if given is None:
        return
    shape = model.shapes[given.shape]
    found: list[tuple[str, str]] = []
    for part in path.split("."):
        ref = shape.members.get(part) or shape.member or shape.value
        if ref is None:
            break
        found.append((ref.shape, part))
        shape = model.shapes[ref.shape]
    for names in reversed(found):
        yield from names
