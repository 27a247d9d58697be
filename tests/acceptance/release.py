"""The course's pipeline of the customer service, from a commit to what visitors see."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance.blue_green import PORT, Shop

ROLE = "arn:aws:iam::000000000000:role/PipelineRole"
BUCKET = "pipelines-of-the-shop"
PIPELINE = "update-customer-microservice"
APPSPEC = """\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: <TASK_DEFINITION>
        LoadBalancerInfo:
          ContainerName: "customer"
          ContainerPort: 8080
"""


class Release:
    """The course's pipeline of the customer service, in the shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.until = shop, shop.until
        client = shop.platform.client
        self.pipelines, self.git, self.s3 = (
            client("codepipeline"),
            client("codecommit"),
            client("s3"),
        )
        self.s3.create_bucket(Bucket=BUCKET)
        self.git.create_repository(repositoryName="deployment")
        self.commit("1")

    def commit(self, version: str, mood: str = "well") -> str:
        """Another task definition (and AppSpec), committed by the API; the commit's id."""
        parent = {}
        if version != "1":
            branch = self.git.get_branch(repositoryName="deployment", branchName="dev")
            parent = {"parentCommitId": branch["branch"]["commitId"]}
        definition = {
            "family": "customer-microservice",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": ROLE,
            "containerDefinitions": [
                {
                    "name": "customer",
                    "image": "<IMAGE1_NAME>",
                    "portMappings": [{"containerPort": PORT, "protocol": "tcp"}],
                    "environment": [
                        {"name": "VERSION", "value": f"customer {version}"},
                        {"name": "MOOD", "value": mood},
                    ],
                }
            ],
        }
        made = self.git.create_commit(
            repositoryName="deployment",
            branchName="dev",
            commitMessage=f"Version {version}",
            putFiles=[
                {"filePath": "taskdef-customer.json", "fileContent": json.dumps(definition)},
                {"filePath": "appspec-customer.yaml", "fileContent": APPSPEC + f"# {version}\n"},
            ],
            **parent,
        )
        return str(made["commitId"])

    def structure(self) -> dict[str, Any]:
        """The body of the course's create-pipeline.json."""
        return {
            "name": PIPELINE,
            "roleArn": ROLE,
            "artifactStore": {"type": "S3", "location": BUCKET},
            "stages": [
                {
                    "name": "Source",
                    "actions": [
                        action(
                            "Source",
                            "CodeCommit",
                            outputArtifacts=[{"name": "SourceArtifact"}],
                            configuration={"RepositoryName": "deployment", "BranchName": "dev"},
                            namespace="SourceVariables",
                        ),
                        action(
                            "Source",
                            "ECR",
                            outputArtifacts=[{"name": "image-customer"}],
                            configuration={"RepositoryName": "blue-green", "ImageTag": "latest"},
                        ),
                    ],
                },
                {
                    "name": "Deploy",
                    "actions": [
                        action(
                            "Deploy",
                            "CodeDeployToECS",
                            inputArtifacts=[{"name": "SourceArtifact"}, {"name": "image-customer"}],
                            configuration={
                                "ApplicationName": self.shop.name,
                                "DeploymentGroupName": "customer",
                                "TaskDefinitionTemplateArtifact": "SourceArtifact",
                                "TaskDefinitionTemplatePath": "taskdef-customer.json",
                                "AppSpecTemplateArtifact": "SourceArtifact",
                                "AppSpecTemplatePath": "appspec-customer.yaml",
                                "Image1ArtifactName": "image-customer",
                                "Image1ContainerName": "IMAGE1_NAME",
                            },
                        )
                    ],
                },
            ],
        }

    def executions(self, name: str = PIPELINE) -> list[dict[str, Any]]:
        """The newest first."""
        pages = self.pipelines.get_paginator("list_pipeline_executions").paginate(
            pipelineName=name, PaginationConfig={"PageSize": 2}
        )
        return [each for page in pages for each in page["pipelineExecutionSummaries"]]

    def of_commit(self, commit: str) -> dict[str, Any] | None:
        """The execution that takes a commit."""
        for each in self.executions():
            if commit in [revision.get("revisionId") for revision in each["sourceRevisions"]]:
                return each
        return None

    def ended(self, commit: str, status: str = "Succeeded") -> dict[str, Any]:
        """Wait for the end of the execution that takes a commit."""

        def look() -> dict[str, Any] | None:
            found = self.of_commit(commit)
            return found if found and found["status"] != "InProgress" else None

        found = self.until(look, seconds=60)
        assert found["status"] == status, self.actions(found["pipelineExecutionId"])
        return dict(found)

    def deployment_of(self, commit: str) -> str:
        """The deployment that the execution of a commit has begun; "" before."""
        found = self.of_commit(commit)
        actions = self.actions(found["pipelineExecutionId"]) if found else []
        if not actions or actions[-1]["actionName"] != "Deploy-CodeDeployToECS":
            return ""
        return str(actions[-1]["output"]["executionResult"].get("externalExecutionId", ""))

    def create(self) -> None:
        """Make the pipeline, whose first execution takes the newest commit."""
        head = self.git.get_branch(repositoryName="deployment", branchName="dev")
        self.pipelines.create_pipeline(pipeline=self.structure())
        self.ended(head["branch"]["commitId"])

    def actions(self, execution: str) -> list[dict[str, Any]]:
        """The action executions of an execution, the oldest first."""
        found = self.pipelines.list_action_executions(
            pipelineName=PIPELINE, filter={"pipelineExecutionId": execution}
        )["actionExecutionDetails"]
        return list(reversed(found))


def action(category: str, provider: str, **more: Any) -> dict[str, Any]:
    type_ = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": f"{category}-{provider}", "actionTypeId": type_, **more}
