"""How each kind of action is carried out, by AWS's name of its provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from demitasse.services.codepipeline.providers import (
    approval,
    blue_green,
    build,
    files,
    rolling,
    sources,
)
from demitasse.services.codepipeline.providers.base import Outcome, Work
from demitasse.services.codepipeline.records import ActionItem

Provider = Callable[[Work, ActionItem], Awaitable[Outcome]]

_PROVIDERS: dict[tuple[str, str], Provider] = {
    ("Source", "CodeCommit"): sources.codecommit,
    ("Source", "ECR"): sources.ecr,
    ("Source", "S3"): sources.s3,
    ("Build", "CodeBuild"): build.build,
    ("Test", "CodeBuild"): build.build,
    ("Approval", "Manual"): approval.manual,
    ("Deploy", "CodeDeployToECS"): blue_green.deploy,
    ("Deploy", "ECS"): rolling.deploy,
    ("Deploy", "S3"): files.deploy,
}


def provider_of(item: ActionItem) -> Provider:
    """Who carries out an action. Whatever a structure may name is there."""
    asked = item.desired.declared.action_type_id
    return _PROVIDERS[asked.category, asked.provider]
