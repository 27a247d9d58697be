"""CodeCommit from outside: git itself, the AWS CLI and boto3."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.acceptance.repositories import Copy, Repositories

from demitasse import daemon

if TYPE_CHECKING:
    from tests.acceptance.conftest import Installation

pytestmark = pytest.mark.docker  # the platform needs it, though git does not

_CLI_HELPER = (
    f"!f() {{ '{sys.executable}' -m awscli codecommit credential-helper"
    ' "$@" --ignore-host-check; }; f'
)


@pytest.fixture
def repositories(platform: Installation, tmp_path: Path) -> Iterator[Repositories]:
    made = Repositories(platform, tmp_path)
    yield made
    made.remove()


def test_what_is_pushed_can_be_cloned_and_fetched(repositories: Repositories) -> None:
    copy = repositories.started()
    first = copy.commit(a=b"1\n")
    copy.git("push", "-q", "-u", "origin", "dev")
    assert repositories.branches(copy.url) == {"dev": first}
    other = repositories.clone(copy.url, "other")
    assert other.git("branch", "--show-current") == "dev"  # the first branch is the default
    second = copy.commit(a=b"2\n")
    copy.git("tag", "v1")
    copy.git("tag", "-a", "v2", "-m", "Two")
    copy.git("push", "-q", "origin", "dev", "v1", "v2")
    other.git("pull", "-q", "--tags")
    assert other.git("rev-parse", "HEAD", "v1", "v2^{commit}").split() == [second] * 3
    shallow = repositories.clone(copy.url, "shallow", "--depth", "1")
    assert shallow.git("rev-list", "--count", "HEAD") == "1"
    shallow.git("fetch", "-q", "--unshallow")
    assert shallow.git("rev-list", "--count", "HEAD") == "2"
    partial = repositories.clone(copy.url, "partial", "--filter=blob:none")
    assert (partial.folder / "a").read_bytes() == b"2\n"


def test_branches_are_forced_and_deleted_but_for_the_default(repositories: Repositories) -> None:
    copy = repositories.started()
    copy.commit(a=b"1\n")
    copy.git("push", "-q", "origin", "dev", "dev:side")
    copy.git("commit", "-q", "--amend", "-m", "Anew")
    assert "non-fast-forward" in copy.git("push", "origin", "dev", well=False)
    copy.git("push", "-q", "--force", "origin", "dev")
    assert repositories.branches(copy.url)["dev"] == copy.git("rev-parse", "HEAD")
    said = copy.git("push", "origin", "--delete", "dev", well=False)
    assert "dev is the default branch" in said
    copy.git("push", "-q", "origin", "--delete", "side")
    assert list(repositories.branches(copy.url)) == ["dev"]


def test_who_may_come_in(repositories: Repositories) -> None:
    copy = repositories.started()
    copy.commit(a=b"1\n")
    copy.git("push", "-q", "origin", "dev")
    bare = {"GIT_CONFIG_COUNT": "0"}
    # the AWS CLI's own helper, as the course sets it up
    options = ("-c", "credential.useHttpPath=true", "-c", f"credential.helper={_CLI_HELPER}")
    listed = copy.git(*options, "ls-remote", copy.url, **bare)
    assert "refs/heads/dev" in listed
    # a login that lasts
    shell = copy.shell()
    login = f"{shell['git_user']}:{shell['git_password']}@"
    assert "refs/heads/dev" in copy.git("ls-remote", copy.url.replace("//", f"//{login}"), **bare)
    # one that IAM makes, until it is turned off
    iam = copy.platform.client("iam")
    made = iam.create_service_specific_credential(
        UserName="root", ServiceName="codecommit.amazonaws.com"
    )["ServiceSpecificCredential"]
    login = f"{made['ServiceUserName']}:{made['ServicePassword']}@"
    own = ("ls-remote", copy.url.replace("//", f"//{login}"))
    assert "refs/heads/dev" in copy.git(*own, **bare)
    which = {"UserName": "root", "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    iam.update_service_specific_credential(**which, Status="Inactive")
    assert "wrong" in copy.git(*own, well=False, **bare)
    iam.delete_service_specific_credential(**which)
    # nobody, wrong ones, and what is not there: told at once, without a question
    ls = ("ls-remote", copy.url)
    assert "could not read Username" in copy.git(*ls, well=False, **bare)
    wrong = copy.git(*ls, well=False, AWS_SECRET_ACCESS_KEY="wrong")
    assert "remote: The request signature we calculated does not match" in wrong
    unknown = copy.git(*ls, well=False, AWS_ACCESS_KEY_ID="AKIANOBODYNOBODYNOBO")
    assert "remote: The security token included in the request is invalid." in unknown
    elsewhere = copy.git(*ls, well=False, AWS_REGION="eu-west-3")
    assert "region eu-west-3" in elsewhere
    missing = copy.git("ls-remote", copy.url + "-no", well=False)
    assert "not found" in missing


def test_temporary_credentials(repositories: Repositories) -> None:
    copy = repositories.started()
    account = repositories.platform.settings.account
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
        ],
    }
    iam = repositories.platform.client("iam")
    role = iam.create_role(RoleName="pushes", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    sts = repositories.platform.client("sts")
    keys = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="mary")["Credentials"]
    copy.commit(a=b"1\n")
    copy.git(
        "push",
        "-q",
        "origin",
        "dev",
        AWS_ACCESS_KEY_ID=keys["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=keys["SecretAccessKey"],
        AWS_SESSION_TOKEN=keys["SessionToken"],
    )
    iam.delete_role(RoleName="pushes")
    assert list(repositories.branches(copy.url)) == ["dev"]


def test_many_files_and_large_ones_take_little_memory(repositories: Repositories) -> None:
    copy = repositories.started()
    for number in range(1000):
        folder = copy.folder / f"folder{number % 20}"
        folder.mkdir(exist_ok=True)
        (folder / f"file{number}.txt").write_text(f"{number}\n" * 50)
    copy.commit(large=os.urandom(24 * 2**20))
    process = daemon.running(repositories.platform.settings)
    before = resident(process)
    copy.git("push", "-q", "origin", "dev")
    other = repositories.clone(copy.url, "other")
    assert resident(process) - before < 20 * 1024
    assert (other.folder / "large").stat().st_size == 24 * 2**20
    assert len(list(other.folder.rglob("*.txt"))) == 1000


def resident(process: int | None) -> int:
    """Kilobytes of memory that a process holds at most so far."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_of_two_pushes_at_once_one_wins_and_the_other_is_told(repositories: Repositories) -> None:
    copy = repositories.started()
    copy.commit(a=b"0\n")
    copy.git("push", "-q", "origin", "dev")
    rivals = [repositories.clone(copy.url, f"rival-{name}") for name in "ab"]
    tips = [rival.commit(a=rival.folder.name.encode()) for rival in rivals]
    pushing = [
        subprocess.Popen(
            ["git", "push", "-q", "origin", "dev"],
            cwd=rival.folder,
            env=rival.shell(),
            stderr=subprocess.PIPE,
        )
        for rival in rivals
    ]
    outcomes = [push.communicate(timeout=60)[1] for push in pushing]
    won = [push.returncode == 0 for push in pushing]
    assert sorted(won) == [False, True], outcomes
    assert repositories.branches(copy.url) == {"dev": tips[won.index(True)]}


def test_a_client_that_is_killed_leaves_no_process(
    repositories: Repositories, until: Callable[..., Any]
) -> None:
    copy = repositories.started()
    copy.commit(a=os.urandom(30 * 2**20))
    pushing = subprocess.Popen(
        ["git", "push", "-q", "origin", "dev"],
        cwd=copy.folder,
        env=copy.shell(),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    platform = daemon.running(repositories.platform.settings)
    until(lambda: serving(platform))
    os.killpg(pushing.pid, signal.SIGKILL)
    pushing.wait()
    until(lambda: not serving(platform))
    copy.git("push", "-q", "origin", "dev")
    assert list(repositories.branches(copy.url)) == ["dev"]


def serving(platform: int | None) -> list[str]:
    """Processes of git that the platform runs."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            command = (entry / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == str(platform) and command.startswith(b"git\0"):
            found.append(command.decode())
    return found


def test_the_api_and_git_see_the_same(repositories: Repositories) -> None:
    copy = repositories.started()
    first = copy.commit(a=b"1\n", b=b"2\n")
    copy.git("push", "-q", "origin", "dev")
    api, name = repositories.api, copy.url.rpartition("/")[2]
    assert api.get_file(repositoryName=name, filePath="a")["fileContent"] == b"1\n"
    shown = api.get_commit(repositoryName=name, commitId=first)["commit"]
    assert (shown["author"]["name"], shown["message"]) == ("Mary", "Change a, b\n")
    made = api.create_commit(
        repositoryName=name,
        branchName="dev",
        parentCommitId=first,
        authorName="Paulo",
        commitMessage="By the API\n",
        putFiles=[{"filePath": "src/c", "fileContent": b"3", "fileMode": "EXECUTABLE"}],
        deleteFiles=[{"filePath": "b"}],
    )
    with pytest.raises(ClientError, match="ParentCommitIdOutdatedException"):
        api.put_file(
            repositoryName=name,
            branchName="dev",
            parentCommitId=first,
            filePath="a",
            fileContent=b"9",
        )
    copy.git("pull", "-q", "origin", "dev")
    assert copy.git("log", "-1", "--format=%H %an %s") == f"{made['commitId']} Paulo By the API"
    assert (copy.folder / "src" / "c").stat().st_mode & 0o100
    assert not (copy.folder / "b").exists()
    assert copy.git("fsck", "--strict") == ""
    pages = api.get_paginator("get_differences").paginate(
        repositoryName=name,
        beforeCommitSpecifier=first,
        afterCommitSpecifier="dev",
        PaginationConfig={"PageSize": 1},
    )
    kinds = [each["changeType"] for page in pages for each in page["differences"]]
    assert kinds == ["D", "A"]
    api.create_branch(repositoryName=name, branchName="old", commitId=first)
    assert f"{first}\trefs/heads/old" in copy.git("ls-remote", "origin")
    api.update_default_branch(repositoryName=name, defaultBranchName="old")
    api.delete_branch(repositoryName=name, branchName="dev")
    assert "refs/heads/dev" not in copy.git("ls-remote", "origin")


def test_the_lab_by_hand(repositories: Repositories) -> None:
    """The course's commands as printed, with AWS's own host name."""
    name = repositories.create().rpartition("/")[2]
    region = repositories.platform.settings.region
    url = f"https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"
    copy = Copy(repositories.platform, repositories.folder / "microservices", url)
    shutil.copytree(Path(__file__).parents[2] / "apps" / "customer", copy.folder / "customer")
    copy.git("init")
    copy.git("branch", "-m", "dev")
    copy.git("add", ".")
    copy.git("commit", "-m", "two unmodified copies of the application code")
    copy.git("remote", "add", "origin", url)
    copy.git("push", "-u", "origin", "dev")
    aws = repositories.platform.aws
    described = aws(
        "codecommit", "get-folder", "--repository-name", name, "--folder-path", "customer"
    )
    assert '"absolutePath": "customer/Dockerfile"' in described.stdout
    again = repositories.clone(url, "again")
    assert (again.folder / "customer" / "Dockerfile").is_file()


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, until: Callable[..., Any]) -> None:
    from tests.acceptance.conftest import installed, take_down

    platform = installed(tmp_path / "home")
    before = dict(os.environ)
    os.environ.update(platform.environment)
    try:
        daemon.start(platform.settings)
        made = Repositories(platform, tmp_path)
        copy = made.started()
        tip = copy.commit(a=b"0\n")
        copy.git("push", "-q", "origin", "dev")
        for number in range(1, 4):
            unsure = copy.commit(a=b"%d\n" % number)
            pushing = subprocess.Popen(
                ["git", "push", "-q", "origin", "dev"],
                cwd=copy.folder,
                env=copy.shell(),
                stderr=subprocess.DEVNULL,
            )
            time.sleep(0.08 * number)  # earlier and later in the push
            process = daemon.running(platform.settings)
            assert process is not None
            os.kill(process, signal.SIGKILL)
            acknowledged = pushing.wait(timeout=60) == 0
            until(lambda: daemon.running(platform.settings) is None)
            daemon.start(platform.settings)
            tip = unsure if acknowledged else tip
            remote = copy.git("ls-remote", "origin", "refs/heads/dev").split()[0]
            assert remote in {tip, unsure}
            seen = until(lambda: made.branches(copy.url)["dev"] == remote)  # noqa: B023
            assert seen
            copy.git("push", "-q", "origin", "dev")  # nothing is in the way
            tip = unsure
            assert made.branches(copy.url) == {"dev": tip}
    finally:
        take_down(platform)
        os.environ.clear()
        os.environ.update(before)
