"""Every paginator that boto3 has for the services of a pipeline yields its pages.

Each service has three of everything (five lines that differ, for hunks) and gives two to a page.
What nobody can make is an empty page, or the error that AWS has for a parent that is not there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import botocore.auth
import botocore.exceptions
import botocore.session
import pytest
from botocore import xform_name
from tests.kit import asgi, boto
from tests.kit.stand import SCOPE, Stand
from tests.unit.services.codebuild.world import World as CodeBuild
from tests.unit.services.codecommit.stand import CodeCommit
from tests.unit.services.codedeploy.stand import APPSPEC
from tests.unit.services.codedeploy.stand import Stand as CodeDeploy
from tests.unit.services.codepipeline.stand import Stand as CodePipeline
from tests.unit.services.codepipeline.structures import asking
from tests.unit.services.s3.stand import Stand as ObjectStore

from demitasse.services.codedeploy.records import PREDEFINED
from demitasse.services.codepipeline.action_types import ACTION_TYPES
from demitasse.services.events import operations as events
from demitasse.services.iam import operations as iam
from demitasse.services.logs import operations as logs

SIZE = 2


@dataclass(frozen=True)
class Pages:
    """What a paginator is asked with, and must give: this many, ``SIZE`` to a page if it can be
    more than a page; or an error.
    """

    given: dict[str, Any] = field(default_factory=dict)
    results: int = 3
    error: str = ""
    whole: bool = False  # AWS gives all of it at once

    @property
    def pages(self) -> int:
        return 1 if self.whole else max(1, -(-self.results // SIZE))


NONE = Pages(results=0)


def client_of(stand: Stand, service: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client that signs at the stand's time."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", stand.clock.now)

    def send(method: str, url: str, headers: dict[str, str], body: bytes) -> asgi.Response:
        path, _, query = url.partition("?")
        return asgi.exchange(
            stand.app,
            method,
            path,
            query=query,
            headers={"Host": asgi.HOST, **headers},
            body=body,
        )

    return boto.client(send, service)


def check(client: Any, expected: dict[str, Pages]) -> None:
    """Go through all paginators that botocore has for the client's service."""
    service = client.meta.service_model.service_name
    paginators = botocore.session.Session().get_paginator_model(service)._paginator_config
    assert set(expected) == set(paginators)
    for operation, pages in expected.items():
        config = {"PageSize": SIZE} if "limit_key" in paginators[operation] else {}
        paginator = client.get_paginator(xform_name(operation))
        found = paginator.paginate(**pages.given, PaginationConfig=config)
        if pages.error:
            with pytest.raises(botocore.exceptions.ClientError) as refused:
                list(found)
            assert refused.value.response["Error"]["Code"] == pages.error, operation
            continue
        keys = paginators[operation]["result_key"]
        sizes = [
            sum(len(page.get(key, ())) for key in ([keys] if isinstance(keys, str) else keys))
            for page in found
        ]
        assert (len(sizes), sum(sizes)) == (pages.pages, pages.results), (operation, sizes)


def test_codecommit(monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ("repositories", "branches"):
        monkeypatch.setattr(f"demitasse.services.codecommit.operations.{file}._PAGE", SIZE)
    codecommit = CodeCommit()
    for name in ("demo", "other", "third"):
        codecommit.repository(name)
    lines = [b"%d\n" % number for number in range(50)]
    before = codecommit.push({"a": b"".join(lines), "b": b"1", "c": b"1"}, "one")
    lines[::10] = [b"changed\n"] * 5
    after = codecommit.push({"a": b"".join(lines), "b": b"2", "c": b"2"}, "two")
    codecommit.push({"a": b"1"}, "three")
    demo = {"repositoryName": "demo"}
    for source, destination in (("one", "two"), ("two", "three"), ("three", "one")):
        target = {"sourceReference": source, "destinationReference": destination}
        codecommit.ask("CreatePullRequest", title="A change", targets=[{**demo, **target}])
    for content in (b"again", b"and again"):
        codecommit.push({"a": content}, "one")
    both = {"beforeCommitId": before, "afterCommitId": after}
    for path in ("a", "b", "c"):
        about = {**demo, **both, "location": {"filePath": path}, "content": "Why?"}
        codecommit.ask("PostCommentForComparedCommit", **about)
        codecommit.ask("PostCommentForPullRequest", pullRequestId="1", **about)
    blobs = [
        codecommit.ask("GetFile", **demo, filePath="a", commitSpecifier=each)["blobId"]
        for each in (before, after)
    ]
    check(
        client_of(codecommit, "codecommit", monkeypatch),
        {
            "ListRepositories": Pages(),
            "ListBranches": Pages(demo),
            "GetDifferences": Pages(
                {**demo, "beforeCommitSpecifier": before, "afterCommitSpecifier": after}
            ),
            "GetBlobDifferences": Pages(
                {**demo, "beforeBlobId": blobs[0], "afterBlobId": blobs[1]}, 5
            ),
            "ListPullRequests": Pages(demo),
            "GetCommentsForComparedCommit": Pages({**demo, **both}),
            "DescribePullRequestEvents": Pages({"pullRequestId": "1"}),
            "GetCommentsForPullRequest": Pages({"pullRequestId": "1"}),
        },
    )


def test_s3() -> None:
    stand = ObjectStore()
    for name in ("bucket", "other", "third"):
        stand.bucket(name, versions=name == "other")
    for key in ("a", "b", "c"):
        stand.put(key)
        stand.s3.create_multipart_upload(Bucket="other", Key=key)
        stand.s3.put_object(Bucket="other", Key="key", Body=key)
    where = {"Bucket": "bucket", "Key": "a"}
    where["UploadId"] = stand.s3.create_multipart_upload(**where)["UploadId"]
    for number in (1, 2, 3):
        stand.s3.upload_part(**where, PartNumber=number, Body=b"x")
    bucket = {"Bucket": "bucket"}
    check(
        stand.s3,
        {
            "ListBuckets": Pages(),
            "ListObjects": Pages(bucket),
            "ListObjectsV2": Pages(bucket),
            "ListObjectVersions": Pages({"Bucket": "other"}),
            "ListMultipartUploads": Pages({"Bucket": "other"}),
            "ListParts": Pages(where),
            "ListDirectoryBuckets": NONE,
            "ListObjectAnnotations": Pages({**bucket, "Key": "a"}, 0),
        },
    )


def test_events(monkeypatch: pytest.MonkeyPatch) -> None:
    stand = Stand(events.api, logs.api, iam.api)
    arns = [SCOPE.arn("logs", f"log-group:/aws/events/{name}") for name in ("a", "b", "c")]
    for name in ("one", "two", "three"):
        stand.call("events", "PutRule", Name=name, EventPattern=json.dumps({"source": ["shop"]}))
        targets = [{"Id": arn[-1], "Arn": arn} for arn in arns]
        stand.call("events", "PutTargets", Rule=name, Targets=targets)
    check(
        client_of(stand, "events", monkeypatch),
        {
            "ListRules": Pages(),
            "ListTargetsByRule": Pages({"Rule": "one"}),
            "ListRuleNamesByTarget": Pages({"TargetArn": arns[0]}),
        },
    )


def test_codebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demitasse.services.codebuild.operations.lists._PAGE", SIZE)
    world = CodeBuild()
    for name in ("app", "other", "third"):
        world.project(name)
        world.start()
    project = {"projectName": "app"}
    group = {"reportGroupArn": SCOPE.arn("codebuild", "report-group/units")}
    report = {"reportArn": SCOPE.arn("codebuild", "report/units:1")}
    missing = "ResourceNotFoundException"
    check(
        client_of(world.stand, "codebuild", monkeypatch),
        {
            "ListProjects": Pages(),
            "ListBuilds": Pages(),
            "ListBuildsForProject": Pages(project),
            "ListBuildBatches": NONE,
            "ListBuildBatchesForProject": Pages(project, 0),
            "ListSandboxes": NONE,
            "ListSandboxesForProject": Pages(project, 0),
            "ListCommandExecutionsForSandbox": Pages({"sandboxId": "none"}, error=missing),
            "ListReportGroups": NONE,
            "ListReports": NONE,
            "ListReportsForReportGroup": Pages(group, error=missing),
            "DescribeTestCases": Pages(report, error=missing),
            "DescribeCodeCoverages": Pages(report, error="InvalidInputException"),
            "ListSharedProjects": NONE,
            "ListSharedReportGroups": NONE,
        },
    )


def test_codepipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    stand = CodePipeline()
    tags = [{"key": key, "value": "1"} for key in ("a", "b", "c")]
    for name in ("release", "other", "third"):
        stand.do("CreatePipeline", pipeline=asking("Approve", name=name), tags=tags)
    for _ in range(2):
        stand.start()
    action = stand.history()[0]["actionExecutionId"]
    pipeline = {"pipelineName": "release"}
    check(
        client_of(stand, "codepipeline", monkeypatch),
        {
            "ListPipelines": Pages(),
            "ListPipelineExecutions": Pages(pipeline),
            "ListActionExecutions": Pages(pipeline, 4),  # three sources, and one waits
            "ListTagsForResource": Pages({"resourceArn": SCOPE.arn("codepipeline", "release")}),
            "ListActionTypes": Pages(results=len(ACTION_TYPES), whole=True),
            "ListWebhooks": NONE,
            "ListRuleExecutions": Pages(pipeline, 0),
            "ListDeployActionExecutionTargets": Pages({"actionExecutionId": action}, 0),
        },
    )


def test_codedeploy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demitasse.services.codedeploy.operations.names.PAGE", SIZE)
    stand = CodeDeploy()
    for name in ("other", "third"):
        stand.deploy("CreateApplication", applicationName=name, computePlatform="ECS")
        stand.service(name)
        served = [{"serviceName": name, "clusterName": "c"}]
        stand.group(deploymentGroupName=name, ecsServices=served)
    deployments = [stand.begin(deploymentGroupName=name) for name in ("group", "other", "third")]
    application, deployment = {"applicationName": "app"}, {"deploymentId": deployments[0]}
    for number in (3, 4):
        revision = stand.revision(APPSPEC.format(account=SCOPE.account, revision=number))
        stand.deploy("RegisterApplicationRevision", **application, revision=revision)
    check(
        client_of(stand, "codedeploy", monkeypatch),
        {
            "ListApplications": Pages(),
            "ListApplicationRevisions": Pages(application),
            "ListDeploymentConfigs": Pages(results=len(PREDEFINED)),
            "ListDeploymentGroups": Pages(application),
            "ListDeployments": Pages(),
            "ListDeploymentTargets": Pages(deployment, 1),
            "ListDeploymentInstances": Pages(deployment, error="InvalidComputePlatformException"),
            "ListGitHubAccountTokenNames": NONE,
            "ListOnPremisesInstances": NONE,
        },
    )
