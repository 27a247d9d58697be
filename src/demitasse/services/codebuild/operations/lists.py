"""Listing projects, builds and images."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.codebuild import specs
from demitasse.services.codebuild.operations.api import api
from demitasse.services.codebuild.records import (
    INVALID,
    LISTED,
    PROJECTS,
    find_project,
)

_PAGE = 100
_IMAGES = {
    "AMAZON_LINUX_2": (
        "aws/codebuild/amazonlinux-x86_64-standard:5.0",
        "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
    ),
    "UBUNTU": (
        "aws/codebuild/standard:6.0",
        "aws/codebuild/standard:7.0",
    ),
}
_DESCRIPTION = f"{specs.IMAGE} stands in for it: Python 3.13, docker, git and the AWS CLI"


@api.operation("ListProjects")
def list_projects(ctx: Context, given: Input) -> Output:
    """The names of projects, 100 at a time. By name and ascending a page costs what it holds."""
    after = _after(given)
    by, descending = given.get("sortBy", "NAME"), given.get("sortOrder") == "DESCENDING"
    if by == "NAME" and not descending:
        rows = ctx.tx.page(PROJECTS, ctx.scope, after=after, limit=_PAGE + 1)
        page, more = paging.cut(rows, _PAGE)
        return _page("projects", [each.key for each in page], page[-1].key if more else "")
    # An account has 5,000 projects at most, and nobody sorts them often.
    items = ctx.tx.page(PROJECTS, ctx.scope)
    if by == "CREATED_TIME":
        items.sort(key=lambda item: item.desired.created_at)
    elif by == "LAST_MODIFIED_TIME":
        items.sort(key=lambda item: item.desired.modified_at)
    names = [each.key for each in items]
    if descending:
        names.reverse()
    start = names.index(after) + 1 if after in names else 0
    chosen = names[start : start + _PAGE]
    return _page("projects", chosen, chosen[-1] if start + _PAGE < len(names) else "")


@api.operation("ListBuilds")
def list_builds(ctx: Context, given: Input) -> Output:
    """The ids of all builds, 100 at a time, the newest first unless asked otherwise."""
    return _builds(ctx, given, None)


@api.operation("ListBuildsForProject")
def list_builds_for_project(ctx: Context, given: Input) -> Output:
    """The ids of a project's builds."""
    project = find_project(ctx.tx, ctx.scope, given["projectName"])
    return _builds(ctx, given, ("project", project.key))


@api.operation("ListCuratedEnvironmentImages")
def list_curated_environment_images(ctx: Context, given: Input) -> Output:
    """AWS's images for which builds run here, by a stand-in of which their descriptions tell."""
    del ctx, given
    return {"platforms": [_platform(name, images) for name, images in _IMAGES.items()]}


def _platform(name: str, images: tuple[str, ...]) -> Output:
    described = [
        {"name": each, "description": _DESCRIPTION, "versions": [f"{each}-demitasse-1"]}
        for each in images
    ]
    return {"platform": name, "languages": [{"language": "BASE", "images": described}]}


def _builds(ctx: Context, given: Input, where: tuple[str, str] | None) -> Output:
    prefix = "a" if given.get("sortOrder") == "ASCENDING" else "d"
    rows = ctx.tx.page(
        LISTED, ctx.scope, after=_after(given), prefix=prefix, limit=_PAGE + 1, where=where
    )
    page, more = paging.cut(rows, _PAGE)
    return _page("ids", [each.desired.id for each in page], page[-1].key if more else "")


def _after(given: Input) -> str:
    return paging.start(given.get("nextToken"), code=INVALID, message="Invalid token")


def _page(member: str, values: list[str], last: str) -> Output:
    return {member: values, "nextToken": paging.token(last) if last else None}
