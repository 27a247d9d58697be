"""Which files make an artifact, and where it goes."""

from __future__ import annotations

import pytest

from demitasse.services.codebuild import artifacts
from demitasse.services.codebuild.artifacts import NoArtifacts, Place
from demitasse.services.codebuild.buildspec import FileSet
from demitasse.services.codebuild.records import Artifacts

FILES = ["a.txt", "dir/b.txt", "dir/deep/c.txt", "dir/deep/d.md", ".hidden", "dir2/e.txt"]
FOLDERS = ["dir", "dir/deep", "dir2"]


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (FileSet(("**/*",)), {path: path for path in FILES}),
        (FileSet(("*",)), {"a.txt": "a.txt", ".hidden": ".hidden"}),
        (FileSet(("dir/*",)), {"dir/b.txt": "dir/b.txt"}),
        (FileSet(("dir/**/*.txt",)), {each: each for each in ("dir/b.txt", "dir/deep/c.txt")}),
        (FileSet(("./a.txt",)), {"a.txt": "a.txt"}),
        (FileSet(("**/*",), base="dir/deep"), {"dir/deep/c.txt": "c.txt", "dir/deep/d.md": "d.md"}),
        (FileSet(("*",), base="dir*"), {"dir/b.txt": "b.txt", "dir2/e.txt": "e.txt"}),
        (FileSet(("**/c.*",), discard_paths=True), {"dir/deep/c.txt": "c.txt"}),
        (FileSet(("dir/**/*",), exclude=("**/*.md", "dir/b.*")), {"dir/deep/c.txt": "dir/deep/c.txt"}),
    ],
)  # fmt: skip
def test_files_are_chosen(files: FileSet, chosen: dict[str, str]) -> None:
    assert dict(artifacts.select(files, FILES, FOLDERS)) == chosen


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (FileSet(("*.jar",)), "no matching artifact paths found"),
        (FileSet(("*",), base="target"), "no matching base directory path found for target"),
        (FileSet(("*",), base="/etc"), "no matching base directory path found for /etc"),
        (FileSet(("../*",)), "no matching artifact paths found"),
    ],
)
def test_nothing_is_told_in_codebuilds_words(files: FileSet, problem: str) -> None:
    with pytest.raises(NoArtifacts, match=problem):
        artifacts.select(files, FILES, FOLDERS)


@pytest.mark.parametrize(
    ("asked", "name", "place"),
    [
        (Artifacts("S3", "b"), "", Place("b", "app", folder=True)),
        (Artifacts("S3", "b", packaging="ZIP", name="x.zip"), "ignored", Place("b", "x.zip")),
        (Artifacts("S3", "b", packaging="ZIP", override_name=True), "own", Place("b", "own")),
        (
            Artifacts("S3", "b", path="/p/", namespace="BUILD_ID", name="n", packaging="ZIP"),
            "",
            Place("b", "p/uuid/n"),
        ),
        (Artifacts("CODEPIPELINE", "b/pipe/Out/xyz"), "", Place("b", "pipe/Out/xyz")),
    ],
)
def test_where_an_artifact_goes(asked: Artifacts, name: str, place: Place) -> None:
    assert artifacts.place(asked, "app", "app:uuid", name=name) == place


def test_a_prefix_stands_before_a_builds_own_place() -> None:
    asked = Artifacts("S3", "b", namespace="BUILD_ID", name="n.zip", packaging="ZIP")
    assert artifacts.place(asked, "app", "app:uuid", prefix="/pre").key == "pre/uuid/n.zip"
    plain = Artifacts("S3", "b", name="n.zip", packaging="ZIP")
    assert artifacts.place(plain, "app", "app:uuid", prefix="/pre").key == "n.zip"


def test_a_folder_may_be_the_whole_bucket() -> None:
    root = artifacts.place(Artifacts("S3", "b", name="/"), "app", "app:uuid")
    assert (root.arn, root.within("x/y").key) == ("arn:aws:s3:::b", "x/y")
    folder = artifacts.place(Artifacts("S3", "b", name="n"), "app", "app:uuid")
    assert (folder.arn, folder.within("x/y").key) == ("arn:aws:s3:::b/n", "n/x/y")
