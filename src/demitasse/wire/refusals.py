"""The words with which each service refuses an input: one table for all of them.

Codes and texts differ per service on AWS. Where a service is not listed, its protocol's usual
words are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from demitasse.wire.problems import HIDDEN, Kind, Problem

_LONGEST_VALUE = 256


@dataclass(frozen=True, slots=True)
class Words:
    """How a service refuses.

    ``invalid``, ``missing``, ``mistyped`` and ``syntax`` are codes for inputs; ``unsupported`` is
    the code for what is real on AWS but not carried out here; ``text`` words the problems.
    """

    invalid: str
    missing: str
    mistyped: str
    syntax: str
    unsupported: str
    text: Callable[[Sequence[Problem]], str]

    def refuse(self, problems: Sequence[Problem]) -> tuple[str, str]:
        """Code and message for what is wrong; the gravest kind gives the code."""
        kinds = {problem.kind for problem in problems}
        if Kind.SYNTAX in kinds:
            return self.syntax, problems[0].rule
        if Kind.TYPE in kinds:
            return self.mistyped, _type_text(problems[0])
        code = self.missing if Kind.MISSING in kinds else self.invalid
        if self.missing != self.invalid and Kind.MISSING in kinds:
            problems = [problem for problem in problems if problem.kind is Kind.MISSING]
        return code, self.text(problems)


def words_of(service: str, protocol: str) -> Words:
    """The words of a service by botocore's name, which speaks ``protocol``."""
    known = _SERVICES.get(service)
    if known:
        return known
    return _query("ValidationError") if protocol in ("query", "ec2", "rest-xml") else _json()


def _type_text(problem: Problem) -> str:
    where = f" at '{_lowered(problem.path)}'" if problem.path else ""
    if problem.value is None or problem.value is HIDDEN:
        return f"Value{where} cannot be read: {problem.rule}"
    return f"Value '{_shown(problem.value)}'{where} cannot be read: {problem.rule}"


def _coral(problems: Sequence[Problem]) -> str:
    """The text of AWS's service framework, of most services."""
    count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
    return count + "; ".join(
        f"Value {_quoted(problem)}at '{_lowered(problem.path)}' failed to satisfy constraint: "
        f"{problem.rule or 'Member must not be null'}"
        for problem in problems
    )


def _ecr(problems: Sequence[Problem]) -> str:
    return "; ".join(
        f"Invalid parameter at '{problem.path}' failed to satisfy constraint: "
        f"'{problem.rule or 'Member must not be null'}'"
        for problem in problems
    )


def _ec2(problems: Sequence[Problem]) -> str:
    problem = problems[0]
    if problem.kind is Kind.MISSING:
        return f"The request must contain the parameter {problem.path}"
    if problem.value is HIDDEN:
        return f"The value of parameter {problem.path} is invalid. {problem.rule}"
    return (
        f"Value ({_shown(problem.value)}) for parameter {problem.path} is invalid. {problem.rule}"
    )


def _rds(problems: Sequence[Problem]) -> str:
    return _ec2(problems) + ("." if problems[0].kind is Kind.MISSING else "")


def _lowered(path: str) -> str:
    """``RoleName`` → ``roleName``: the framework names members in lower camel case."""
    return ".".join(part[:1].lower() + part[1:] for part in path.split("."))


def _quoted(problem: Problem) -> str:
    if problem.value is HIDDEN:
        return ""
    return "null " if problem.value is None else f"'{_shown(problem.value)}' "


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _json(invalid: str = "ValidationException", text: Any = _coral) -> Words:
    return Words(
        invalid,
        missing=invalid,
        mistyped="SerializationException",
        syntax="SerializationException",
        unsupported=invalid,
        text=text,
    )


def _query(unsupported: str) -> Words:
    return Words(
        invalid="ValidationError",
        missing="ValidationError",
        mistyped="MalformedInput",
        syntax="MalformedInput",
        unsupported=unsupported,
        text=_coral,
    )


_SERVICES: dict[str, Words] = {
    "codebuild": _json("InvalidInputException"),
    "ecs": _json("InvalidParameterException"),
    "ecr": _json("InvalidParameterException", _ecr),
    "logs": _json("InvalidParameterException"),
    "iam": _query("ValidationError"),
    "sts": _query("ValidationError"),
    "elbv2": _query("OperationNotPermitted"),
    "rds": Words(
        invalid="InvalidParameterValue",
        missing="MissingParameter",
        mistyped="InvalidParameterValue",
        syntax="MalformedInput",
        unsupported="InvalidParameterCombination",
        text=_rds,
    ),
    "ec2": Words(
        invalid="InvalidParameterValue",
        missing="MissingParameter",
        mistyped="InvalidParameterValue",
        syntax="MalformedQueryString",
        unsupported="UnsupportedOperation",
        text=_ec2,
    ),
}
