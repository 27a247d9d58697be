"""What CodePipeline's operations share: errors, pages, and finding what a caller names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.codepipeline.records import PipelineItem, find_pipeline
from demitasse.services.codepipeline.records.declarations import Stage


def invalid(message: str) -> ServiceError:
    """CodePipeline's error for an input that makes no sense."""
    return ServiceError("ValidationException", message)


def pipeline(ctx: Context, name: str) -> PipelineItem:
    """The pipeline. ``PipelineNotFoundException``."""
    return find_pipeline(ctx.tx, ctx.scope, name)


def no_pipeline_of(ctx: Context, name: str) -> ServiceError:
    """What UpdatePipeline and the operations on tags answer when there is no such pipeline."""
    return ServiceError(
        "ResourceNotFoundException",
        f"The account with id '{ctx.scope.account}' does not include a pipeline with the name"
        f" '{name}'",
    )


def stage(item: PipelineItem, name: str) -> Stage:
    """A stage of a pipeline as it is now. ``StageNotFoundException``."""
    found = item.desired.declaration.stage(name)
    if found is None:
        raise ServiceError(
            "StageNotFoundException",
            f"The pipeline '{item.key}' does not have a stage with name '{name}'",
        )
    return found


def page(
    given: Input,
    result: str,
    rows: Callable[[str, int], Sequence[tuple[str, Any]]],
    *,
    most: int = 100,
) -> Output:
    """One page of a listing: ``rows(after, limit)`` gives keys and what is listed of each."""
    limit = given.get("maxResults") or most
    after = paging.start(given.get("nextToken"), code="InvalidNextTokenException")
    found, more = paging.cut(rows(after, limit + 1), limit)
    output: Output = {result: [value for _, value in found]}
    if more:
        output["nextToken"] = paging.token(found[-1][0])
    return output
