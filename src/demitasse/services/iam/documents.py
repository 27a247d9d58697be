"""Policy documents: whether they are what IAM takes. Pure.

AWS: "Grammar of the IAM JSON policy language". Actions and resources are checked for their form,
not against the list of all that AWS has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec

from demitasse.errors import ServiceError

_VERSIONS = ("2012-10-17", "2008-10-17")
_TOP = {"Version", "Id", "Statement"}
_STATEMENT = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
}
_OPERATORS = {
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *("StringLike", "StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan"),
    *("NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals"),
    *("DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan"),
    *("DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals"),
    *("ArnLike", "ArnNotEquals", "ArnNotLike", "Null"),
}
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", re.DOTALL)
_SID = re.compile(r"[A-Za-z0-9]*")
_STS = re.compile(r"sts:(\*|[A-Za-z*?]+)", re.IGNORECASE)
_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.amazonaws\.com(\.cn)?")
_AWS_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|arn:aws:iam::[0-9]{12}:(root|user/.+|role/.+)"
    r"|arn:aws:sts::[0-9]{12}:(assumed-role|federated-user)/.+|A(ROA|IDA)[A-Z0-9]{16,}"
)
_PRINCIPALS = {"AWS", "Service", "Federated", "CanonicalUser"}
_SYNTAX = "Syntax errors in policy."


def encoded(document: str) -> str:
    """A document as IAM returns it (RFC 3986)."""
    return quote(document, safe="")


def size(document: str) -> int:
    """How much of its quota a document takes: white space does not count."""
    return len(re.sub(r"\s", "", document))


def check_permissions(document: str) -> None:
    """``MalformedPolicyDocument`` unless it says what somebody may do."""
    for statement in _statements(document):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise _malformed("Policy document should not specify a principal.")
        if not _texts(statement, "Action", "NotAction"):
            raise _malformed("Policy statement must contain actions.")
        resources = _texts(statement, "Resource", "NotResource")
        if not resources:
            raise _malformed("Policy statement must contain resources.")
        for action in _texts(statement, "Action", "NotAction"):
            if ":" not in action and action != "*":
                raise _malformed(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                )
            if not _ACTION.fullmatch(action):
                raise _malformed(
                    f"The policy failed legacy parsing: {action} is not a valid action."
                )
        for resource in resources:
            if not _RESOURCE.fullmatch(resource):
                raise _malformed(f'Resource {resource} must be in ARN format or "*".')


def check_trust(document: str) -> None:
    """``MalformedPolicyDocument`` unless it says who may assume a role."""
    for statement in _statements(document):
        for field in ("Resource", "NotResource"):
            if field in statement:
                raise _malformed(f"Has prohibited field {field}")
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise _malformed("Missing required field Principal")
        actions = _texts(statement, "Action", "NotAction")
        if not actions:
            raise _malformed("Missing required field Action")
        if not all(_STS.fullmatch(action) for action in actions):
            raise _malformed("AssumeRole policy may only specify STS AssumeRole actions.")
        _check_principal(statement.get("Principal", statement.get("NotPrincipal")))


def _check_principal(principal: Any) -> None:
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise _malformed(_SYNTAX)
    for kind, value in principal.items():
        if kind not in _PRINCIPALS:
            raise _malformed(f'Invalid principal in policy: "{kind}"')
        for one in _listed(value):
            form = {"AWS": _AWS_PRINCIPAL, "Service": _SERVICE}.get(kind)
            if form is not None and not form.fullmatch(one):
                raise _malformed(f'Invalid principal in policy: "{kind.upper()}":"{one}"')


def _statements(document: str) -> list[dict[str, Any]]:
    """The statements, each well formed."""
    try:
        policy = msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed("This policy contains invalid Json") from error
    if not isinstance(policy, dict) or not policy.keys() <= _TOP or "Statement" not in policy:
        raise _malformed(_SYNTAX)
    if policy.get("Version", _VERSIONS[1]) not in _VERSIONS:
        raise _malformed("The policy must contain a valid version string")
    if not isinstance(policy.get("Id", ""), str):
        raise _malformed(_SYNTAX)
    listed = policy["Statement"]
    statements = listed if isinstance(listed, list) else [listed]
    if not statements:
        raise _malformed(_SYNTAX)
    for statement in statements:
        _check_statement(statement)
    names = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(names)) < len(names):
        raise _malformed("Statement IDs (SID) in a single policy must be unique.")
    return statements


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or not statement.keys() <= _STATEMENT:
        raise _malformed(_SYNTAX)
    if statement.get("Effect") not in ("Allow", "Deny"):  # it may be a list
        raise _malformed(_SYNTAX)
    sid = statement.get("Sid", "")
    if not isinstance(sid, str):
        raise _malformed(_SYNTAX)
    if not _SID.fullmatch(sid):
        raise _malformed("Statement IDs (SID) must be alpha-numeric.")
    for field in ("Action", "Resource", "Principal"):
        if field in statement and f"Not{field}" in statement:
            raise _malformed(_SYNTAX)
    for field in ("Action", "NotAction", "Resource", "NotResource"):
        if field in statement:
            _listed(statement[field])
    _check_condition(statement.get("Condition", {}))


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, dict):
        raise _malformed(_SYNTAX)
    for operator, keys in condition.items():
        name = re.sub(r"^For(All|Any)Values?:", "", operator).removesuffix("IfExists")
        if name not in _OPERATORS:
            raise _malformed(f"Invalid Condition type : {operator}.")
        if not isinstance(keys, dict):
            raise _malformed(_SYNTAX)
        for key, values in keys.items():
            if ":" not in key:
                raise _malformed(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                )
            listed = values if isinstance(values, list) else [values]
            if not all(isinstance(each, str | int | float | bool) for each in listed):
                raise _malformed(_SYNTAX)


def _texts(statement: dict[str, Any], *fields: str) -> list[str]:
    return [text for field in fields if field in statement for text in _listed(statement[field])]


def _listed(value: Any) -> list[str]:
    """One text or several; anything else is a mistake."""
    listed: Iterable[Any] = value if isinstance(value, list) else [value]
    found = [each for each in listed if isinstance(each, str)]
    if len(found) != len(list(listed)):
        raise _malformed(_SYNTAX)
    return found


def _malformed(message: str) -> ServiceError:
    return ServiceError("MalformedPolicyDocument", message)
