"""What a build made, on its way into S3."""

from __future__ import annotations

import asyncio

from tests.kit.stand import SCOPE
from tests.unit.services.codebuild.world import (
    SPEC,
    World,
)

from demitasse.services.codebuild import buildspec, specs
from demitasse.services.codebuild.controller.uploads import Uploads
from demitasse.services.codebuild.records import (
    find_build,
)


def test_a_bucket_that_is_gone_fails_the_upload_alone(world: World) -> None:
    world.project(
        source={"type": "NO_SOURCE", "buildspec": SPEC + "artifacts: {files: [x]}\n"},
        artifacts={"type": "S3", "location": "gone", "packaging": "ZIP"},
    )
    build_id = world.start()
    world.work()
    world.workspaces.parts[specs.workspace_name(build_id)]["source"]["x"] = b"made"
    world.runs_through(build_id)
    world.work()
    world.leaves(build_id)
    world.work()
    (context,) = world.phase(build_id, "UPLOAD_ARTIFACTS")["contexts"]
    assert world.see(build_id)["buildStatus"] == "FAILED"
    assert context["statusCode"] == "CLIENT_ERROR"
    assert "There is no bucket gone" in context["message"]


def test_artifacts_that_were_not_made_fail_the_build(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    spec = SPEC + "artifacts: {files: [x], secondary-artifacts: {other: {files: [y]}}}\n"
    docs = {"type": "S3", "location": "b", "artifactIdentifier": "docs"}
    world.project(
        source={"type": "NO_SOURCE", "buildspec": spec},
        artifacts={"type": "S3", "location": "b"},
        secondaryArtifacts=[docs],
    )
    first = world.start()
    second = world.start(artifactsOverride={"type": "NO_ARTIFACTS"})
    world.work()
    for build_id in (first, second):
        world.runs_through(build_id)
    world.work()
    messages = [
        world.phase(each, "UPLOAD_ARTIFACTS")["contexts"][0]["message"] for each in (first, second)
    ]
    assert messages == [
        "no matching artifact paths found",
        "no definition for secondary artifact docs found in the buildspec",
    ]


def test_an_upload_that_is_begun_again_makes_no_second_version(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    spec = SPEC + "artifacts: {files: [x]}\n"
    world.project(
        source={"type": "NO_SOURCE", "buildspec": spec},
        artifacts={"type": "S3", "location": "b", "packaging": "ZIP", "name": "out"},
    )
    build_id = world.start()
    world.work()
    world.workspaces.parts[specs.workspace_name(build_id)]["source"]["x"] = b"made"
    with world.stand.store.transaction() as tx:
        item = find_build(tx, SCOPE, build_id)
    uploads = Uploads(world.objects, world.workspaces)
    first, second = (asyncio.run(uploads.upload(item, buildspec.read(spec), {})) for _ in range(2))
    assert first == second
    assert len(world.objects.kept[SCOPE, "b"]["out"]) == 1
