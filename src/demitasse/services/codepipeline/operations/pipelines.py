"""Pipelines: create, get, update, delete, list."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codepipeline import roles, sources
from demitasse.services.codepipeline.operations import faults, names, structure, tags
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import (
    ACTIONS,
    EXECUTIONS,
    PIPELINES,
    VERSIONS,
    Pipeline,
    PipelineObserved,
    PipelineVersion,
    declaration_of,
    pipeline_arn,
    start_execution,
)
from demitasse.services.codepipeline.records.declarations import Declaration, show
from demitasse.services.codepipeline.records.notices import tell_execution
from demitasse.services.codepipeline.records.pipelines import version_key
from demitasse.store import Kind

MOST_PIPELINES = 1000


@api.operation("CreatePipeline")
def create_pipeline(ctx: Context, given: Input) -> Output:
    """Keep a pipeline, and run it once: AWS does so as well."""
    declaration = _read(ctx, given, version=1)
    name = declaration.name
    if ctx.tx.get(PIPELINES, ctx.scope, name) is not None:
        raise ServiceError(
            "PipelineNameInUseException",
            f"A pipeline with the name '{name}' already exists in account '{ctx.scope.account}'",
        )
    if ctx.tx.count(PIPELINES, ctx.scope) >= MOST_PIPELINES:
        raise ServiceError(
            "LimitExceededException",
            f"The account has reached the limit of {MOST_PIPELINES} pipelines",
        )
    own = Pipeline(
        pipeline_id=ctx.ids.uuid(),
        declaration=declaration,
        created_at=ctx.now,
        updated_at=ctx.now,
        tags=tags.checked(pipeline_arn(ctx.scope, name), given.get("tags")),
    )
    seen = PipelineObserved(seen=sources.standing(ctx.tx, ctx.scope, declaration))
    ctx.tx.create(PIPELINES, ctx.scope, name, own, seen)
    _keep_version(ctx, own)
    start_execution(
        ctx.tx,
        ctx.scope,
        ctx.ids,
        ctx.now,
        name,
        trigger_type="CreatePipeline",
        trigger_detail=ctx.caller.arn,
    )
    return {"pipeline": show(declaration), "tags": tags.show(own.tags)}


@api.operation("UpdatePipeline")
def update_pipeline(ctx: Context, given: Input) -> Output:
    """Keep another version of the structure; it cancels what is under way, as on AWS."""
    name = given["pipeline"]["name"]
    item = ctx.tx.get(PIPELINES, ctx.scope, name)
    if item is None:
        raise names.no_pipeline_of(ctx, name)
    declaration = _read(ctx, given, version=item.desired.declaration.version + 1)
    stages = {stage.name for stage in declaration.stages}
    own = msgspec.structs.replace(
        item.desired,
        declaration=declaration,
        updated_at=ctx.now,
        disabled={name: why for name, why in item.desired.disabled.items() if name in stages},
        enabled={name: who for name, who in item.desired.enabled.items() if name in stages},
    )
    ctx.tx.desire(PIPELINES, item.ref, own)
    # What is followed from now on starts the pipeline when it changes from now on.
    now = sources.standing(ctx.tx, ctx.scope, declaration)
    seen = {source: item.observed.seen.get(source, at) for source, at in now.items()}
    ctx.tx.observe(PIPELINES, item.ref, msgspec.structs.replace(item.observed, seen=seen))
    _keep_version(ctx, own)
    return {"pipeline": show(declaration)}


def _read(ctx: Context, given: Input, *, version: int) -> Declaration:
    """The structure in an input, checked, as a version of the pipeline."""
    declaration = structure.read(given["pipeline"], ctx.scope)
    for _, action in declaration.actions():
        if why := roles.trouble(ctx.tx, ctx.scope, declaration, action):
            raise faults.structure(why)
    return msgspec.structs.replace(declaration, version=version)


def _keep_version(ctx: Context, own: Pipeline) -> None:
    ctx.tx.create(
        VERSIONS,
        ctx.scope,
        version_key(own.pipeline_id, own.declaration.version),
        PipelineVersion(own.declaration, ctx.now),
    )


@api.operation("GetPipeline")
def get_pipeline(ctx: Context, given: Input) -> Output:
    """The structure, as it is now or was in a version."""
    item = names.pipeline(ctx, given["name"])
    own = item.desired
    declaration: Declaration | None = own.declaration
    if given.get("version") is not None:
        declaration = declaration_of(ctx.tx, item, given["version"])
    if declaration is None:
        raise ServiceError(
            "PipelineVersionNotFoundException",
            f"The pipeline '{item.key}' does not have a version {given['version']}",
        )
    return {
        "pipeline": show(declaration),
        "metadata": {
            "pipelineArn": pipeline_arn(ctx.scope, item.key),
            "created": own.created_at,
            "updated": own.updated_at,
        },
    }


@api.operation("ListPipelines")
def list_pipelines(ctx: Context, given: Input) -> Output:
    """All pipelines, by name."""

    def rows(after: str, limit: int) -> list[tuple[str, Output]]:
        found = ctx.tx.page(PIPELINES, ctx.scope, after=after, limit=limit)
        return [(item.key, _summary(item.desired)) for item in found]

    return names.page(given, "pipelines", rows, most=1000)


def _summary(own: Pipeline) -> Output:
    return {
        "name": own.declaration.name,
        "version": own.declaration.version,
        "pipelineType": own.declaration.pipeline_type,
        "executionMode": own.declaration.execution_mode,
        "created": own.created_at,
        "updated": own.updated_at,
    }


@api.operation("DeletePipeline")
def delete_pipeline(ctx: Context, given: Input) -> Output:
    """Forget a pipeline with its history; one that is not there is no error, as on AWS.

    Executions under way end here: no further action begins. Builds and deployments that have
    begun go on in their services, as they do on AWS.
    """
    item = ctx.tx.get(PIPELINES, ctx.scope, given["name"])
    if item is None:
        return {}
    mine = f"{item.desired.pipeline_id}/"
    active = ctx.tx.page(EXECUTIONS, ctx.scope, where=("active", item.desired.pipeline_id))
    for execution in active:
        tell_execution(ctx.tx, execution, ctx.ids, ctx.now, "STOPPED")
    kinds: tuple[Kind[Any, Any], ...] = (ACTIONS, EXECUTIONS, VERSIONS)
    for kind in kinds:
        for kept in ctx.tx.page(kind, ctx.scope, prefix=mine):
            ctx.tx.delete(kind, kept.ref)
    ctx.tx.delete(PIPELINES, item.ref)
    return {}
