"""Repository policies: kept and given back. Who may pull and push is decided by the login."""

from __future__ import annotations

import json

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ecr.images import RepositoryItem
from demitasse.services.ecr.operations.base import api, invalid, named, place
from demitasse.services.ecr.records import REPOSITORIES


@api.operation("SetRepositoryPolicy")
def set_repository_policy(context: Context, given: Input) -> Output:
    """Keep a policy document."""
    where = named(context, given)
    text = given["policyText"]
    _check_document(text)
    _keep(context, where, text)
    return {**place(where), "policyText": text}


@api.operation("GetRepositoryPolicy")
def get_repository_policy(context: Context, given: Input) -> Output:
    """The policy document as it was set."""
    where = named(context, given)
    return {**place(where), "policyText": _policy(where)}


@api.operation("DeleteRepositoryPolicy")
def delete_repository_policy(context: Context, given: Input) -> Output:
    """Forget the policy document."""
    where = named(context, given)
    text = _policy(where)
    _keep(context, where, "")
    return {**place(where), "policyText": text}


def _keep(context: Context, where: RepositoryItem, text: str) -> None:
    desired = msgspec.structs.replace(where.desired, policy=text)
    context.tx.desire(REPOSITORIES, where.ref, desired)


def _policy(where: RepositoryItem) -> str:
    if not where.desired.policy:
        raise ServiceError(
            "RepositoryPolicyNotFoundException",
            f"Repository policy does not exist for the repository with name '{where.key}' in the"
            f" registry with id '{where.scope.account}'",
        )
    return where.desired.policy


def _check_document(text: str) -> None:
    """Whether this can be a policy: statements, each with an effect, a principal, actions."""
    try:
        statements = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _invalid_document() from error
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(map(_is_statement, statements)):
        raise _invalid_document()


def _is_statement(given: object) -> bool:
    return (
        isinstance(given, dict)
        and given.get("Effect") in ("Allow", "Deny")
        and bool({"Principal", "NotPrincipal"} & given.keys())
        and bool({"Action", "NotAction"} & given.keys())
    )


def _invalid_document() -> ServiceError:
    return invalid("PolicyText", "Invalid repository policy provided")
