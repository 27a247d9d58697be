"""EventBridge from outside: the ``aws`` command, boto3, a real push, and kill -9."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.acceptance.conftest import Installation, installed, take_down

from demitasse import daemon

pytestmark = pytest.mark.docker

Until = Callable[..., Any]


def logged(platform: Installation, group: str) -> list[dict[str, Any]]:
    """The events that were written to a log group."""
    pages = platform.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [json.loads(each["message"]) for page in pages for each in page["events"]]


def rule_to_logs(platform: Installation, name: str, pattern: dict[str, Any]) -> str:
    """A rule whose events are logged; the log group's name."""
    events, group = platform.client("events"), f"/aws/events/{name}"
    platform.client("logs").create_log_group(logGroupName=group)
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    arn = f"arn:aws:logs:{platform.settings.region}:{platform.settings.account}:log-group:{group}"
    done = events.put_targets(Rule=name, Targets=[{"Id": "log", "Arn": arn}])
    assert done["FailedEntryCount"] == 0
    return group


def test_the_commands_of_the_aws_client(platform: Installation, until: Until) -> None:
    def aws(*argv: str) -> Any:
        done = platform.aws("events", *argv, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    group = rule_to_logs(platform, "by-hand", {"source": ["shop"]})
    pattern = '{"source": ["shop"], "detail": {"price": [{"numeric": [">", 10]}]}}'
    arn = aws("put-rule", "--name", "by-hand", "--event-pattern", pattern)["RuleArn"]
    assert aws("describe-rule", "--name", "by-hand")["Arn"] == arn
    entries = [
        {"Source": "shop", "DetailType": "Sale", "Detail": json.dumps({"price": price})}
        for price in (5, 15)
    ]
    put = aws("put-events", "--entries", json.dumps(entries))
    assert put["FailedEntryCount"] == 0
    (event,) = until(lambda: logged(platform, group))
    assert event["detail"] == {"price": 15}
    assert event["id"] == put["Entries"][1]["EventId"]
    tried = aws("test-event-pattern", "--event-pattern", pattern, "--event", json.dumps(event))
    assert tried["Result"] is True
    assert platform.aws("events", "delete-rule", "--name", "by-hand").returncode != 0
    aws("remove-targets", "--rule", "by-hand", "--ids", "log")
    aws("delete-rule", "--name", "by-hand")
    refused = platform.aws(
        "events", "put-rule", "--name", "x", "--event-pattern", '{"source": "x"}'
    )
    assert '"source" must be an object or an array' in refused.stderr


def test_what_is_not_carried_out_is_refused_by_name(platform: Installation) -> None:
    events = platform.client("events")
    for call, given in (
        (events.list_archives, {}),
        (events.list_connections, {}),
        (events.create_archive, {"ArchiveName": "a", "EventSourceArn": "arn:aws:events:x"}),
    ):
        with pytest.raises(ClientError) as refused:
            call(**given)
        assert 400 <= refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def test_a_real_push_is_an_event(platform: Installation, until: Until, tmp_path: Path) -> None:
    group = rule_to_logs(
        platform, "pushes", {"detail-type": ["ECR Image Action"], "detail": {"result": ["SUCCESS"]}}
    )
    repository = f"pushed-{uuid.uuid4().hex[:8]}"
    ecr = platform.client("ecr")
    uri = ecr.create_repository(repositoryName=repository)["repository"]["repositoryUri"]
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    config = tmp_path / "docker"
    config.mkdir()
    (config / "config.json").write_text(
        json.dumps({"auths": {uri.partition("/")[0]: {"auth": token}}})
    )
    assert base64.b64decode(token).startswith(b"AWS:")

    def docker(*argv: str, given: bytes = b"") -> None:
        done = subprocess.run(
            ("docker", "--config", str(config), *argv),
            input=given,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    (tmp_path / "file").write_text(repository)
    archive = subprocess.run(
        ("tar", "-c", "-C", str(tmp_path), "file"), capture_output=True, check=True
    ).stdout
    docker("import", "-", f"{uri}:latest", given=archive)
    try:
        docker("push", f"{uri}:latest")
    finally:
        docker("rmi", f"{uri}:latest")
    (event,) = until(lambda: logged(platform, group))
    assert event["source"] == "aws.ecr"
    assert event["account"] == platform.settings.account
    (image,) = ecr.list_images(repositoryName=repository)["imageIds"]
    assert event["detail"] == {
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": image["imageDigest"],
        "action-type": "PUSH",
        "image-tag": "latest",
    }


def test_kill_nine_loses_no_event_and_delivers_none_twice(tmp_path: Path, until: Until) -> None:
    """Events are put from four sides while the platform is killed, twice."""
    installation = installed(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in installation.environment.items():
            patch.setenv(name, value)
        try:
            process = daemon.start(installation.settings)
            group = rule_to_logs(installation, "all", {"source": ["load"]})
            acknowledged: set[str] = set()
            tried = Counter[int]()
            over = threading.Event()

            def put(side: int) -> None:
                client = installation.client("events")
                while not over.is_set():
                    tried[side] += 1
                    number = f"{side}-{tried[side]}"
                    entries = [
                        {
                            "Source": "load",
                            "DetailType": "x",
                            "Detail": json.dumps({"number": f"{number}-{each}"}),
                        }
                        for each in range(3)
                    ]
                    try:
                        answer = client.put_events(Entries=entries)
                    except (BotoCoreError, ClientError):
                        over.wait(0.05)
                        continue
                    acknowledged.update(each["EventId"] for each in answer["Entries"])

            sides = [threading.Thread(target=put, args=(side,)) for side in range(4)]
            for side in sides:
                side.start()
            try:
                for _ in range(2):
                    before = len(acknowledged)
                    until(lambda before=before: len(acknowledged) > before + 60)
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                    process = daemon.start(installation.settings)
            finally:
                over.set()
                for side in sides:
                    side.join()
            until(lambda: acknowledged <= {each["id"] for each in logged(installation, group)})
            events = logged(installation, group)
            assert set(Counter(each["id"] for each in events).values()) == {1}
            numbers = Counter(each["detail"]["number"] for each in events)
            assert set(numbers.values()) == {1}
        finally:
            take_down(installation)


def test_a_push_starts_a_pipeline_that_does_not_poll(platform: Installation, until: Until) -> None:
    name, account = f"pipe-{uuid.uuid4().hex[:8]}", platform.settings.account
    role = f"arn:aws:iam::{account}:role/PipelineRole"
    commits, pipelines = platform.client("codecommit"), platform.client("codepipeline")
    platform.client("s3").create_bucket(Bucket=name)
    repository = commits.create_repository(repositoryName=name)["repositoryMetadata"]["Arn"]

    def push(**parent: str) -> str:
        made = commits.put_file(
            repositoryName=name, branchName="dev", fileContent=os.urandom(9), filePath="f", **parent
        )
        return str(made["commitId"])

    first = push()
    source = {
        "name": "Code",
        "actionTypeId": {
            "category": "Source",
            "owner": "AWS",
            "provider": "CodeCommit",
            "version": "1",
        },
        "configuration": {
            "RepositoryName": name,
            "BranchName": "dev",
            "PollForSourceChanges": "false",
        },
        "outputArtifacts": [{"name": "code"}],
    }
    approval = {
        "name": "Ask",
        "actionTypeId": {
            "category": "Approval",
            "owner": "AWS",
            "provider": "Manual",
            "version": "1",
        },
    }
    pipelines.create_pipeline(
        pipeline={
            "name": name,
            "roleArn": role,
            "artifactStore": {"type": "S3", "location": name},
            "stages": [
                {"name": "Source", "actions": [source]},
                {"name": "Ask", "actions": [approval]},
            ],
        }
    )
    events = platform.client("events")
    pattern = {
        "source": ["aws.codecommit"],
        "detail-type": ["CodeCommit Repository State Change"],
        "resources": [repository],
        "detail": {"referenceType": ["branch"], "referenceName": ["dev"]},
    }
    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    target = f"arn:aws:codepipeline:{platform.settings.region}:{account}:{name}"
    events.put_targets(Rule=name, Targets=[{"Id": "p", "Arn": target, "RoleArn": role}])

    def executions() -> list[dict[str, Any]]:
        listed = pipelines.list_pipeline_executions(pipelineName=name)
        found: list[dict[str, Any]] = listed["pipelineExecutionSummaries"]
        return found

    assert len(executions()) == 1
    second = push(parentCommitId=first)
    until(lambda: len(executions()) == 2 and executions()[0].get("sourceRevisions"))
    newest = executions()[0]
    assert newest["trigger"] == {"triggerType": "CloudWatchEvent", "triggerDetail": rule}
    assert newest["sourceRevisions"][0]["revisionId"] == second
