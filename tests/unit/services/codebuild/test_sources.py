"""Where builds take their sources and buildspecs from."""

from __future__ import annotations

import re

import pytest
from tests.kit.stand import SCOPE
from tests.unit.services.codebuild.world import (
    SPEC,
    World,
    zipped,
)

from demitasse.services.codebuild import specs
from demitasse.services.codebuild.records import (
    Artifacts,
    BuildOverrides,
    Source,
    start_build,
)
from demitasse.services.codecommit.records import REPOSITORIES, Repository


def test_a_source_of_s3_and_artifacts_into_it(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    spec = SPEC + "artifacts: {files: ['out/*'], name: 'named'}\n"
    packed = zipped({"buildspec.yml": spec, "out/a.txt": "a"})
    world.objects.kept[SCOPE, "b"]["in.zip"] = [packed]
    world.project(
        source={"type": "S3", "location": "b/in.zip"},
        artifacts={"type": "S3", "location": "b", "packaging": "ZIP", "overrideArtifactName": True},
    )
    build_id = world.start(sourceVersion="1")
    assert world.see(build_id)["artifacts"] == {
        "location": "arn:aws:s3:::b/app", "overrideArtifactName": True, "encryptionDisabled": False,
    }  # fmt: skip
    world.work()
    environment = world.control(build_id)["environment.sh"].splitlines()
    assert "export CODEBUILD_SOURCE_REPO_URL=s3://b/in.zip" in environment
    assert "export CODEBUILD_SOURCE_VERSION=1" in environment
    assert not any("CODEBUILD_RESOLVED_SOURCE_VERSION" in each for each in environment)
    world.runs_through(build_id, name__0="named")
    world.work()
    world.leaves(build_id)
    world.work()
    seen = world.see(build_id)
    assert seen["buildStatus"] == "SUCCEEDED", seen["phases"]
    assert "resolvedSourceVersion" not in seen
    assert seen["artifacts"]["location"] == "arn:aws:s3:::b/named"
    assert len(seen["artifacts"]["sha256sum"]) == 64
    assert len(world.objects.kept[SCOPE, "b"]["named"]) == 1


@pytest.mark.parametrize(
    ("files", "code", "problem"),
    [
        (None, "CLIENT_ERROR", "There is no object in.zip in the bucket b. for primary source"),
        (
            {"other": ""},
            "YAML_FILE_ERROR",
            r"stat /codebuild/output/src\d{9}/src/buildspec.yml: no such file or directory",
        ),
        ({"buildspec.yml": "version: 0.2"}, "YAML_FILE_ERROR", "phases is missing"),
        (
            {"buildspec.yml": SPEC.replace("build:", "install: {runtime-versions: {java: 17}}\n  build:")},
            "YAML_FILE_ERROR",
            "Unknown runtime named 'java'",
        ),
        (
            {"buildspec.yml": SPEC.replace("build:", "install: {runtime-versions: {python: 3.9}}\n  build:")},
            "YAML_FILE_ERROR",
            "Unknown runtime version named '3.9' of python. This build image has the following",
        ),
        ({"../escaped": "x"}, "CLIENT_ERROR", "outside of its folder"),
    ],
)  # fmt: skip
def test_a_source_that_is_not_right(
    world: World, files: dict[str, str] | None, code: str, problem: str
) -> None:
    world.objects.add_bucket(SCOPE, "b")
    if files is not None:
        world.objects.kept[SCOPE, "b"]["in.zip"] = [zipped(files)]
    world.project(source={"type": "S3", "location": "b/in.zip"})
    build_id = world.start()
    world.work()
    world.leaves(build_id)
    world.work()
    (context,) = world.phase(build_id, "DOWNLOAD_SOURCE")["contexts"]
    assert (context["statusCode"], world.see(build_id)["buildStatus"]) == (code, "FAILED")
    assert re.search(problem, context["message"])


def test_a_source_that_is_a_folder_with_its_buildspec_elsewhere(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    kept = world.objects.kept[SCOPE, "b"]
    kept |= {"specs/x.yml": [SPEC.encode()], "src/a.txt": [b"a"], "src/deep/b.txt": [b"b"]}
    kept["src/"] = [b""]  # as the console makes one for a folder
    source = {"type": "S3", "location": "b/src/", "buildspec": "arn:aws:s3:::b/specs/x.yml"}
    world.project(source=source)
    build_id, versioned = world.start(), world.start(sourceVersion="1")
    world.work()
    assert world.workspaces.parts[specs.workspace_name(build_id)]["source"] == {
        "a.txt": b"a", "deep/b.txt": b"b",
    }  # fmt: skip
    assert world.control(build_id)["steps/6"] == "make"
    (context,) = world.phase(versioned, "DOWNLOAD_SOURCE")["contexts"]
    assert context["message"] == "the folder b/src/ has no version 1 for primary source"
    for each in (build_id, versioned):
        world.call("StopBuild", id=each)
    world.work()
    kept.clear()
    build_id = world.start()
    world.work()
    (context,) = world.phase(build_id, "DOWNLOAD_SOURCE")["contexts"]
    assert context["message"] == "nothing is below src/ for primary source"


def test_a_source_of_codecommit(world: World) -> None:
    location = "http://127.0.0.1:4566/v1/repos/app"
    world.project(source={"type": "CODECOMMIT", "location": location}, sourceVersion="dev")
    commit = world.git.push("r-1", "dev", {"buildspec.yml": SPEC.encode()})
    missing = world.start()
    world.work()
    assert "not found" in world.phase(missing, "DOWNLOAD_SOURCE")["contexts"][0]["message"]
    world.leaves(missing)
    with world.stand.store.transaction() as tx:
        now = world.stand.clock.now()
        tx.create(REPOSITORIES, SCOPE, "app", Repository("r-1", now, now))
    build_id = world.start()
    world.work()
    assert world.see(build_id)["resolvedSourceVersion"] == commit
    fetched = world.control(build_id)["build.sh"]
    assert f"git remote add origin {location} &&" in fetched
    assert f"'+refs/heads/*:refs/remotes/origin/*' {commit} &&" in fetched
    world.call("StopBuild", id=build_id)
    pinned = world.start(sourceVersion=f"refs/heads/dev^{{{commit}}}")
    world.work()
    assert world.see(pinned)["resolvedSourceVersion"] == commit
    world.call("StopBuild", id=pinned)
    other = world.start(sourceVersion="nowhere")
    world.work()
    context = world.phase(other, "DOWNLOAD_SOURCE")["contexts"][0]
    assert context["message"] == "reference not found for primary source and source version nowhere"


def test_a_build_of_codepipeline(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    world.objects.kept[SCOPE, "b"] |= {
        "p/Source/1": [zipped({"buildspec.yml": SPEC + "artifacts: {files: ['**/*']}\n"})],
        "p/More/1": [zipped({"x": "y"})],
    }
    world.project(source={"type": "CODEPIPELINE"}, artifacts={"type": "CODEPIPELINE"})
    assert world.refusal("StartBuild", projectName="app")[0] == "InvalidInputException"
    overrides = BuildOverrides(
        source_type="CODEPIPELINE",
        source_location="b/p/Source/1",
        secondary_sources=(Source("CODEPIPELINE", "b/p/More/1", identifier="my-more"),),
        artifacts=Artifacts("CODEPIPELINE", "b/p/Out/1", name="Out"),
        secondary_artifacts=(),
        resolved_version="abc123",
    )
    with world.stand.store.transaction() as tx:
        build_id = start_build(
            tx, SCOPE, world.stand.ids, world.stand.clock.now(), "app",
            initiator="codepipeline/p", overrides=overrides,
        )  # fmt: skip
    world.work()
    environment = world.control(build_id)["environment.sh"]
    assert "CODEBUILD_RESOLVED_SOURCE_VERSION=abc123" in environment
    assert "CODEBUILD_SOURCE_VERSION=arn:aws:s3:::b/p/Source/1" in environment
    assert "CODEBUILD_SOURCE_REPO_URL" not in environment
    seen = world.see(build_id)
    assert (seen["sourceVersion"], seen["resolvedSourceVersion"]) == (
        "arn:aws:s3:::b/p/Source/1", "abc123",
    )  # fmt: skip
    assert "location" not in seen["source"]
    assert seen["artifacts"]["location"] == "arn:aws:s3:::b/p/Out/1"
    assert "export CODEBUILD_SRC_DIR_my_more=" in environment
    world.runs_through(build_id)
    world.work()
    assert "p/Out/1" in world.objects.kept[SCOPE, "b"]
    assert world.refusal("RetryBuild", id=build_id)[0] == "InvalidInputException"
