"""A pipeline at work: stages, actions, artifacts, variables."""

from __future__ import annotations

import json

from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import (
    BUCKET,
    FILES,
    ROLE,
    SCOPE,
    action,
    approval,
    asking,
    blue_green,
    code,
    image,
    stage,
)

from demitasse.services.codebuild.records import Phase
from demitasse.services.iam.records import ROLES, everywhere
from demitasse.store import Ref


def released() -> Stand:
    at = Stand()
    at.create(stage("Source", code(), image()), stage("Deploy", blue_green()))
    return at


def test_image_detail_has_the_members_of_aws() -> None:
    at = released()
    (execution,) = at.executions()
    files = at.artifact("image-web", execution["pipelineExecutionId"])
    digest = f"sha256:{'1' * 64}"
    assert json.loads(files["imageDetail.json"]) == {
        "ImageSizeInBytes": "44728918",
        "ImageDigest": digest,
        "Version": "1.0",
        "ImagePushedAt": "Thu Jan 01 00:00:00 UTC 2026",
        "RegistryId": SCOPE.account,
        "RepositoryName": "web",
        "ImageURI": f"127.0.0.1:4566/web@{digest}",
        "ImageTags": ["latest"],
    }


def test_the_source_artifact_holds_the_commit() -> None:
    at = released()
    (execution,) = at.executions()
    assert at.artifact("SourceArtifact", execution["pipelineExecutionId"]) == FILES
    (revision, digest) = execution["sourceRevisions"]
    assert revision["actionName"] == "Code"
    assert revision["revisionSummary"] == "first"
    assert digest["revisionId"] == f"sha256:{'1' * 64}"
    stored = at.history()[0]["output"]["outputArtifacts"][0]["s3location"]
    assert stored["bucket"] == BUCKET
    assert stored["key"].startswith("release/SourceArti/")
    assert stored["key"].endswith(".zip")


def test_a_branch_that_is_not_there_fails_in_the_words_of_aws() -> None:
    at = Stand()
    wanted = code()
    wanted["configuration"]["BranchName"] = "main"
    at.create(stage("Source", wanted), stage("Ask", approval()))
    assert at.latest("Source", "Code")["errorDetails"] == {
        "code": "ConfigurationError",
        "message": "The action failed because no branch named main was found in the selected AWS"
        " CodeCommit repository deployment. Make sure you are using the correct branch name, and"
        " then try again.",
    }


def test_a_bucket_that_is_gone_fails_the_action_that_needs_it() -> None:
    at = Stand()
    at.create(stage("Source", code(), image()), stage("Ask", approval()), stage("D", blue_green()))
    at.objects.kept.clear()
    at.answer("Ask")
    said = at.latest("D", "Blue")["errorDetails"]
    assert said["code"] == "ConfigurationError"
    assert f"Name of artifact bucket: {BUCKET}" in said["message"]


def test_actions_of_one_order_begin_together_and_the_next_when_all_have_succeeded() -> None:
    at = Stand()
    first = (approval("A"), approval("B"))
    at.create(stage("Source", code()), stage("Ask", *first, approval("C", order=2)))

    def begun() -> dict[str, str]:
        return {
            each["actionName"]: each.get("latestExecution", {}).get("status", "")
            for each in at.stages()["Ask"]["actionStates"]
        }

    assert begun() == {"A": "InProgress", "B": "InProgress", "C": ""}
    at.answer("Ask", action_name="A")
    assert begun() == {"A": "Succeeded", "B": "InProgress", "C": ""}
    at.answer("Ask", action_name="B")
    assert begun() == {"A": "Succeeded", "B": "Succeeded", "C": "InProgress"}
    at.answer("Ask", action_name="C")
    assert at.statuses() == ["Succeeded"]


def test_variables_are_put_in_their_places() -> None:
    at = Stand()
    at.project()
    variables = json.dumps(
        [
            {"name": "COMMIT", "value": "#{SourceVariables.CommitId}"},
            {"name": "ID", "value": "#{codepipeline.PipelineExecutionId}"},
            {"name": "WHERE", "value": "#{variables.where}"},
        ]
    )
    build = action(
        "Build",
        "Build",
        "CodeBuild",
        inputs=("SourceArtifact",),
        ProjectName="tests",
        EnvironmentVariables=variables,
    )
    execution = at.create(
        stage("Source", code()),
        stage("Build", build),
        pipelineType="V2",
        variables=[{"name": "where", "defaultValue": "here"}],
    )
    (item,) = at.builds()
    given = {each.name: each.value for each in item.desired.settings.environment.variables}
    commit = at.execution(execution)["artifactRevisions"][0]["revisionId"]
    assert given == {"COMMIT": commit, "ID": execution, "WHERE": "here"}
    assert at.execution(execution)["variables"] == [{"name": "where", "resolvedValue": "here"}]
    at.end_build("SUCCEEDED")
    at.start(variables=[{"name": "where", "value": "there"}])
    given = {e.name: e.value for e in at.builds()[-1].desired.settings.environment.variables}
    assert given["WHERE"] == "there"


def test_a_commit_message_of_several_lines_is_a_variable() -> None:
    at = Stand()
    at.project()
    at.push('second\n\nwith "reasons"', {"a": b"b"})
    build = action(
        "Build",
        "Build",
        "CodeBuild",
        inputs=("SourceArtifact",),
        ProjectName="tests",
        EnvironmentVariables='[{"name":"WHY","value":"#{SourceVariables.CommitMessage}"}]',
    )
    at.create(stage("Source", code()), stage("Build", build))
    (why,) = at.builds()[-1].desired.settings.environment.variables
    assert why.value == 'second\n\nwith "reasons"'


def test_a_build_takes_and_makes_artifacts_and_puts_out_variables() -> None:
    at = Stand()
    at.project()
    build = action(
        "Build",
        "Build",
        "CodeBuild",
        inputs=("SourceArtifact",),
        outputs=("Built",),
        namespace="B",
        ProjectName="tests",
    )
    ask = approval()
    ask["configuration"] = {"CustomData": "#{B.TAG}"}
    at.create(stage("Source", code()), stage("Build", build), stage("Ask", ask))
    (item,) = at.builds()
    assert item.desired.initiator == "codepipeline/release"
    source, built = item.desired.settings.source, item.desired.settings.artifacts
    where = at.history()[0]["output"]["outputArtifacts"][0]["s3location"]
    assert source.location == f"{where['bucket']}/{where['key']}"
    assert item.observed.resolved_version == at.executions()[0]["sourceRevisions"][0]["revisionId"]
    assert built.location.startswith(f"{BUCKET}/release/Built/")
    assert at.latest("Build", "Build")["externalExecutionId"] == item.key
    at.end_build("SUCCEEDED", exported={"TAG": "v7"})
    assert at.history()[1]["output"]["outputVariables"] == {"TAG": "v7"}
    assert at.history()[2]["input"]["resolvedConfiguration"] == {"CustomData": "v7"}


def test_a_failed_build_ends_the_execution() -> None:
    at = Stand()
    at.project()
    test = action("T", "Test", "CodeBuild", inputs=("SourceArtifact",), ProjectName="tests")
    at.create(stage("Source", code()), stage("Test", test), stage("Ask", approval()))
    passed = Phase("INSTALL", at.clock.now(), status="SUCCEEDED")
    code_said, why = "COMMAND_EXECUTION_ERROR", "Error while executing command: false."
    failed = Phase("BUILD", at.clock.now(), status="FAILED", code=code_said, message=why)
    at.end_build("FAILED", phases=(passed, failed))
    assert at.statuses() == ["Failed"]
    says = (
        "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message:"
        " Error while executing command: false."
    )
    assert at.latest("Test", "T")["errorDetails"] == {"code": "JobFailed", "message": says}
    assert at.latest("Test", "T")["summary"] == says
    assert "latestExecution" not in at.stages()["Ask"]


def test_a_stopped_build_ends_the_execution() -> None:
    at = Stand()
    at.project()
    test = action("T", "Test", "CodeBuild", inputs=("SourceArtifact",), ProjectName="tests")
    at.create(stage("Source", code()), stage("Test", test))
    at.end_build("STOPPED")
    assert at.latest("Test", "T")["summary"] == "Build terminated with state: STOPPED"


def test_a_project_that_is_not_there_fails_the_action() -> None:
    at = Stand()
    test = action("T", "Test", "CodeBuild", inputs=("SourceArtifact",), ProjectName="tests")
    at.create(stage("Source", code()), stage("Test", test))
    assert "Project cannot be found" in at.latest("Test", "T")["errorDetails"]["message"]


def test_files_are_put_into_a_bucket() -> None:
    at = Stand()
    at.objects.add_bucket(SCOPE, "site")
    put = action(
        "Put",
        "Deploy",
        "S3",
        inputs=("SourceArtifact",),
        BucketName="site",
        Extract="true",
        ObjectKey="v1",
        CannedACL="private",
        CacheControl="public, max-age=0",
    )
    at.create(stage("Source", code()), stage("Deploy", put))
    assert at.statuses() == ["Succeeded"]
    told = at.objects.headers["site", "v1/taskdef.json"]
    assert told == ("application/json", "public, max-age=0")
    kept = at.objects.kept[SCOPE, "site"]
    assert {key: versions[-1] for key, versions in kept.items()} == {
        f"v1/{path}": content for path, content in FILES.items()
    }


def test_an_approval_that_nobody_answers_fails_after_seven_days() -> None:
    at = Stand()
    at.call("codepipeline", "CreatePipeline", pipeline=asking("Ask"))
    at.work(7 * 24 * 3600 - 1)
    assert at.statuses() == ["InProgress"]
    at.work(1)
    assert at.statuses() == ["Failed"]
    assert "timed out after 10080 minutes" in at.latest("Ask", "Ask")["errorDetails"]["message"]


def test_a_rejected_approval_fails() -> None:
    at = Stand()
    at.create(*asking("Ask")["stages"])
    at.answer("Ask", "Rejected")
    assert at.statuses() == ["Failed"]
    seen = at.latest("Ask", "Ask")
    assert seen["status"] == "Failed"
    assert seen["summary"] == "so be it"
    assert seen["lastUpdatedBy"] == f"arn:aws:iam::{SCOPE.account}:user/student"


def test_an_approval_is_given_once_and_with_its_token() -> None:
    at = Stand()
    at.create(*asking("Ask", "Then")["stages"])
    token = at.latest("Ask", "Ask")["token"]
    given = {
        "pipelineName": "release",
        "stageName": "Ask",
        "actionName": "Ask",
        "result": {"summary": "", "status": "Approved"},
    }
    wrong = "00000000-0000-0000-0000-000000000000"
    assert at.refused("PutApprovalResult", **given, token=wrong)[0] == (
        "InvalidApprovalTokenException"
    )
    assert at.do("PutApprovalResult", **given, token=token)["approvedAt"] is not None
    assert at.refused("PutApprovalResult", **given, token=token)[0] == (
        "ApprovalAlreadyCompletedException"
    )
    assert "token" not in at.latest("Ask", "Ask")


def test_an_action_whose_role_is_gone_fails() -> None:
    at = Stand()
    at.create(*asking("Ask")["stages"])
    with at.store.transaction() as tx:
        tx.delete(ROLES, Ref(everywhere(SCOPE), "PipelineRole"))
    at.answer("Ask")
    at.start()
    assert at.statuses() == ["Succeeded", "Failed"]
    assert at.latest("Source", "Code")["errorDetails"] == {
        "code": "PermissionError",
        "message": f"CodePipeline is not authorized to perform AssumeRole on role {ROLE}",
    }


def test_an_approval_may_want_a_summary() -> None:
    at = Stand()
    ask = approval() | {"configuration": {"IsSummaryRequired": "true"}}
    at.create(stage("Source", code()), stage("Ask", ask))
    given = {
        "pipelineName": "release",
        "stageName": "Ask",
        "actionName": "Ask",
        "token": at.latest("Ask", "Ask")["token"],
    }
    silent = {"summary": " ", "status": "Approved"}
    code_said, message = at.refused("PutApprovalResult", **given, result=silent)
    assert code_said == "InvalidApprovalTokenException"
    assert message.startswith("Action 'Ask' in stage 'Ask' requires a summary.")
    at.answer("Ask")
    assert at.statuses() == ["Succeeded"]


def test_an_approval_that_nobody_awaits_any_more_cannot_be_given() -> None:
    at = Stand()
    execution = at.create(*asking("Ask")["stages"])
    token = at.latest("Ask", "Ask")["token"]
    at.do(
        "StopPipelineExecution", pipelineName="release", pipelineExecutionId=execution, abandon=True
    )
    given = {"pipelineName": "release", "stageName": "Ask", "actionName": "Ask", "token": token}
    result = {"summary": "", "status": "Approved"}
    code_said, message = at.refused("PutApprovalResult", **given, result=result)
    assert code_said == "InvalidApprovalTokenException"
    assert message == "The approval request of the action 'Ask' has expired: it is Abandoned"
