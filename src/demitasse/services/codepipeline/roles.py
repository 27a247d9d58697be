"""The roles that a pipeline works with: its own, which CodePipeline assumes, and those of actions."""

from __future__ import annotations

from demitasse.api import Scope
from demitasse.services.codepipeline.records.declarations import Action, Declaration
from demitasse.services.iam.records import find_role, trusts_service
from demitasse.store import Transaction

_SERVICE = "codepipeline.amazonaws.com"


def trouble(tx: Transaction, scope: Scope, declaration: Declaration, action: Action) -> str:
    """Why an action cannot have its role, in AWS's words; "": it can.

    An action's own role must be there; whether the pipeline's may assume it is not evaluated.
    """
    own = find_role(tx, scope, declaration.role_arn)
    if own is None or not trusts_service(own, _SERVICE):
        return _not_assumed("CodePipeline", declaration.role_arn)
    if action.role_arn and find_role(tx, scope, action.role_arn) is None:
        return _not_assumed(declaration.role_arn, action.role_arn)
    return ""


def _not_assumed(by: str, arn: str) -> str:
    return f"{by} is not authorized to perform AssumeRole on role {arn}"
