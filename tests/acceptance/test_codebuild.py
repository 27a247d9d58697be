"""Builds from outside: real containers, real images, a platform that is killed meanwhile."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.acceptance.application import installation_in, wait_until
from tests.acceptance.conftest import Installation

from demitasse import daemon
from demitasse.accounts import identity
from demitasse.ids import RandomIds
from demitasse.machine import images
from demitasse.machine.recipes import CODEBUILD

pytestmark = pytest.mark.docker

IMAGE = "aws/codebuild/standard:7.0"
BUCKET = "builds-in-and-out"
PUSHED = """\
version: 0.2
env:
  variables: {REPOSITORY: built, SHARED: from the buildspec}
  exported-variables: [IMAGE_URI]
phases:
  install:
    runtime-versions: {python: 3.13}
    commands: [ 'echo "$SHARED, $OWN"' ]
  pre_build:
    commands:
      - IMAGE_URI=$(aws ecr describe-repositories --repository-names "$REPOSITORY" --query "repositories[0].repositoryUri" --output text):$CODEBUILD_BUILD_NUMBER
      - aws ecr get-login-password | docker login --username AWS --password-stdin "${IMAGE_URI%%/*}"
  build:
    commands:
      - docker build --tag "$IMAGE_URI" .
      - docker run --rm --volume "$PWD:/data" "$IMAGE_URI" cat /data/said.txt
      - docker push "$IMAGE_URI"
    finally: [ 'docker rmi "$IMAGE_URI"' ]
  post_build:
    commands: [ 'mkdir -p out/deep; echo made > out/deep/made.txt; echo more > out/more.txt' ]
artifacts:
  base-directory: out
  files: ['**/*']
  secondary-artifacts:
    flat: {files: ['out/**/*.txt'], discard-paths: yes}
"""
DOCKERFILE = """\
FROM demitasse/pause:2
COPY said.txt /said.txt
"""
COUNTING = """\
version: 0.2
phases:
  build:
    commands: [ 'for n in 1 2 3 4 5 6 7 8; do echo "line $n of 8"; sleep 0.5; done' ]
  post_build:
    commands: [ 'echo "after it"' ]
artifacts: {files: [buildspec.yml]}
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A platform of its own: it is killed."""
    images.ensure(CODEBUILD, lambda _: None)
    with installation_in(tmp_path_factory.mktemp("codebuild")) as made:
        start(made)
        made.client("s3").create_bucket(Bucket=BUCKET)
        made.client("s3").put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
        )
        yield made


def start(installation: Installation) -> None:
    done = installation.demitasse("up", "--empty")
    assert done.returncode == 0, done.stdout + done.stderr


def project(installation: Installation, name: str, files: dict[str, str], **more: Any) -> None:
    """A project whose source is a zip of ``files`` in S3."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    installation.client("s3").put_object(
        Bucket=BUCKET, Key=f"{name}/source.zip", Body=packed.getvalue()
    )
    account = installation.settings.account
    environment = {
        "type": "LINUX_CONTAINER",
        "image": IMAGE,
        "computeType": "BUILD_GENERAL1_SMALL",
        **more.pop("environment", {}),
    }
    given = {
        "source": {"type": "S3", "location": f"{BUCKET}/{name}/source.zip"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "serviceRole": f"arn:aws:iam::{account}:role/PipelineRole",
        **more,
    }
    installation.client("codebuild").create_project(name=name, environment=environment, **given)


def build(installation: Installation, name: str, **more: Any) -> str:
    made = installation.client("codebuild").start_build(projectName=name, **more)["build"]
    return str(made["id"])


def see(installation: Installation, build_id: str) -> dict[str, Any]:
    found = installation.client("codebuild").batch_get_builds(ids=[build_id])["builds"]
    described: dict[str, Any] = found[0]
    return described


def ended(installation: Installation, build_id: str, seconds: float = 120) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while not (seen := see(installation, build_id))["buildComplete"]:
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    return seen


def lines(installation: Installation, build_id: str) -> list[str]:
    """The log, as CloudWatch Logs has it."""
    name, _, stream = build_id.partition(":")
    events = installation.client("logs").get_log_events(
        logGroupName=f"/aws/codebuild/{name}", logStreamName=stream, startFromHead=True
    )["events"]
    return [each["message"] for each in events]


def phase(seen: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in seen["phases"] if each["phaseType"] == name)
    return found


def containers(installation: Installation) -> list[str]:
    """The build containers of this installation that there are."""
    return docker(installation, "ps", "-a", kind="build")


def caches(installation: Installation) -> list[str]:
    """The volumes with cached folders of this installation that there are."""
    return docker(installation, "volume", "ls", kind="build-cache")


def docker(installation: Installation, *listing: str, kind: str) -> list[str]:
    """What Docker lists of a kind of this installation."""
    who = identity(installation.settings.identity_file, RandomIds()).installation
    labels = (f"demitasse.installation={who}", f"demitasse.kind={kind}")
    filters = [word for label in labels for word in ("--filter", f"label={label}")]
    argv = ["docker", *listing, "--quiet", *filters]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()


def nothing_is_left(installation: Installation, until: Callable[..., Any]) -> None:
    """Once a build is over, its container and its folder go."""
    until(lambda: containers(installation) == [])
    until(lambda: not list((installation.settings.home / "builds").iterdir()))


def kill(installation: Installation) -> None:
    """``kill -9`` the platform, and start it again."""
    process = daemon.running(installation.settings)
    assert process is not None
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: daemon.running(installation.settings) is None, "the platform is dead")
    start(installation)


def test_an_image_is_built_and_pushed_and_artifacts_are_kept(
    installation: Installation, until: Callable[..., Any]
) -> None:
    installation.client("ecr").create_repository(repositoryName="built")
    project(
        installation,
        "pushes",
        {"buildspec.yml": PUSHED, "Dockerfile": DOCKERFILE, "said.txt": "said in the source\n"},
        artifacts={"type": "S3", "location": BUCKET, "packaging": "ZIP", "name": "out.zip"},
        secondaryArtifacts=[
            {
                "type": "S3",
                "location": BUCKET,
                "artifactIdentifier": "flat",
                "path": "pushes",
                "name": "flat",
                "packaging": "NONE",
            }
        ],
        environment={
            "privilegedMode": True,
            "environmentVariables": [{"name": "OWN", "value": "from the project"}],
        },
    )
    seen = ended(installation, build(installation, "pushes"))

    said = lines(installation, seen["id"])
    assert seen["buildStatus"] == "SUCCEEDED", said
    assert [each["phaseType"] for each in seen["phases"]] == [
        "SUBMITTED",
        "QUEUED",
        "PROVISIONING",
        "DOWNLOAD_SOURCE",
        "INSTALL",
        "PRE_BUILD",
        "BUILD",
        "POST_BUILD",
        "UPLOAD_ARTIFACTS",
        "FINALIZING",
        "COMPLETED",
    ]
    assert "from the buildspec, from the project" in said
    assert "said in the source" in said
    assert said[-2].endswith("Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED")
    pushed = installation.client("ecr").describe_images(repositoryName="built")["imageDetails"]
    assert [each["imageTags"] for each in pushed] == [["1"]]
    assert seen["exportedEnvironmentVariables"] == [
        {"name": "IMAGE_URI", "value": f"{installation.settings.registry}/built:1"}
    ]
    s3 = installation.client("s3")
    kept = s3.get_object(Bucket=BUCKET, Key="out.zip")["Body"].read()
    with zipfile.ZipFile(io.BytesIO(kept)) as archive:
        assert archive.namelist() == ["deep/made.txt", "more.txt"]
        assert archive.read("deep/made.txt") == b"made\n"
    assert s3.get_object(Bucket=BUCKET, Key="pushes/flat/made.txt")["Body"].read() == b"made\n"
    assert seen["artifacts"]["location"] == f"arn:aws:s3:::{BUCKET}/out.zip"
    nothing_is_left(installation, until)


def test_a_failing_command_ends_the_build_with_its_reason(installation: Installation) -> None:
    spec = (
        "version: 0.2\nphases:\n  pre_build:\n    commands: [ 'echo before', 'exit 3', 'echo no' ]\n"
        "  build:\n    commands: [ 'echo never' ]\n"
    )
    project(installation, "fails", {"buildspec.yml": spec})
    seen = ended(installation, build(installation, "fails"))

    assert seen["buildStatus"] == "FAILED"
    assert phase(seen, "PRE_BUILD")["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: exit 3. Reason: exit status 3",
        }
    ]
    assert "BUILD" not in [each["phaseType"] for each in seen["phases"]]
    said = lines(installation, seen["id"])
    assert "before" in said
    assert not {"no", "never"} & set(said)


def test_a_buildspec_that_is_wrong_is_told_with_its_line(installation: Installation) -> None:
    spec = "version: 0.2\nphases:\n  build:\n    comands: [ 'true' ]\n"
    project(installation, "misspelt", {"buildspec.yml": spec})
    seen = ended(installation, build(installation, "misspelt"))

    assert seen["buildStatus"] == "FAILED"
    (context,) = phase(seen, "DOWNLOAD_SOURCE")["contexts"]
    assert context["statusCode"] == "YAML_FILE_ERROR"
    assert "line 4: 'comands'" in context["message"]
    assert any("YAML_FILE_ERROR" in each for each in lines(installation, seen["id"]))


def test_a_build_is_stopped(installation: Installation, until: Callable[..., Any]) -> None:
    spec = "version: 0.2\nphases:\n  build:\n    commands: [ 'echo begun; sleep 600' ]\n"
    project(installation, "stops", {"buildspec.yml": spec})
    build_id = build(installation, "stops")
    until(lambda: phase_of(installation, build_id) == "BUILD")
    until(lambda: "begun" in lines(installation, build_id))

    stopped = installation.client("codebuild").stop_build(id=build_id)["build"]

    assert (stopped["buildStatus"], stopped["currentPhase"]) == ("STOPPED", "COMPLETED")
    assert phase(stopped, "BUILD")["phaseStatus"] == "STOPPED"
    nothing_is_left(installation, until)
    assert see(installation, build_id) == stopped


def test_cached_folders_stay_until_the_project_goes(
    installation: Installation, until: Callable[..., Any]
) -> None:
    spec = (
        "version: 0.2\nphases:\n  build:\n"
        "    commands: [ 'cat /root/.store/made || true; echo kept >/root/.store/made' ]\n"
        "cache: {paths: ['/root/.store/**/*']}\n"
    )
    project(
        installation,
        "caches",
        {"buildspec.yml": spec},
        cache={"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]},
    )
    first, second = (ended(installation, build(installation, "caches")) for _ in range(2))

    assert "kept" not in lines(installation, first["id"])
    assert "kept" in lines(installation, second["id"])
    assert len(caches(installation)) == 1
    installation.client("codebuild").delete_project(name="caches")
    until(lambda: caches(installation) == [])


@pytest.mark.slow
def test_killed_at_many_moments_the_platform_finishes_that_very_build_once(
    installation: Installation, until: Callable[..., Any]
) -> None:
    project(
        installation,
        "survives",
        {"buildspec.yml": COUNTING},
        artifacts={"type": "S3", "location": BUCKET, "packaging": "ZIP", "name": "survived.zip"},
    )
    build_id = build(installation, "survives")
    kill(installation)  # as soon as it is submitted
    until(lambda: containers(installation), seconds=120, every=0.01)
    kill(installation)  # anywhere between PROVISIONING and INSTALL
    until(lambda: "line 2 of 8" in lines(installation, build_id), seconds=120, every=0.01)
    kill(installation)  # in the middle of BUILD
    until(lambda: has_passed("BUILD", see(installation, build_id)), seconds=120, every=0.01)
    kill(installation)  # at its end
    seen = ended(installation, build_id)

    assert seen["buildStatus"] == "SUCCEEDED"
    said = [each for each in lines(installation, build_id) if not each.startswith("[Container]")]
    assert said == [*(f"line {number} of 8" for number in range(1, 9)), "after it"]
    versions = installation.client("s3").list_object_versions(Bucket=BUCKET, Prefix="survived.zip")
    assert len(versions["Versions"]) == 1
    nothing_is_left(installation, until)


def has_passed(name: str, seen: dict[str, Any]) -> bool:
    return any(each["phaseType"] == name and "phaseStatus" in each for each in seen["phases"])


def phase_of(installation: Installation, build_id: str) -> str:
    return str(see(installation, build_id)["currentPhase"])
