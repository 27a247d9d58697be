"""Addresses of the console's pages, as AWS gives them with what a pipeline works on."""

from __future__ import annotations

from urllib.parse import quote

from demitasse.api import Scope
from demitasse.services.codepipeline.records.declarations import Action


def _console(scope: Scope, path: str) -> str:
    return f"https://console.aws.amazon.com/{path.format(region=scope.region)}"


def entity(scope: Scope, action: Action) -> str:
    """The page of what an action reads or changes; "" for none."""
    given = {name: quote(value, safe="") for name, value in action.configuration.items()}
    if any("#%7B" in value or "%23%7B" in value for value in given.values()):
        return ""
    match action.provider:
        case "CodeCommit":
            return _console(
                scope,
                f"codecommit/home?region={{region}}#/repository/{given['RepositoryName']}"
                f"/browse/{given['BranchName']}/--/",
            )
        case "ECR":
            return _console(
                scope, f"ecr/home?region={{region}}#/repositories/{given['RepositoryName']}"
            )
        case "CodeBuild":
            return _console(
                scope, f"codebuild/home?region={{region}}#/projects/{given['ProjectName']}/view"
            )
        case "CodeDeployToECS":
            return _console(
                scope,
                f"codedeploy/home?region={{region}}#/applications/{given['ApplicationName']}"
                f"/deployment-groups/{given['DeploymentGroupName']}",
            )
        case "ECS":
            return _console(
                scope,
                f"ecs/home?region={{region}}#/clusters/{given['ClusterName']}"
                f"/services/{given['ServiceName']}",
            )
        case "Manual":
            return action.configuration.get("ExternalEntityLink", "")
        case _:
            return ""


def commit(scope: Scope, repository: str, commit_id: str) -> str:
    """The page of a commit."""
    name = quote(repository, safe="")
    return _console(
        scope, f"codecommit/home?region={{region}}#/repository/{name}/commit/{commit_id}"
    )


def image(scope: Scope, repository: str) -> str:
    """The page of a repository of images."""
    return _console(scope, f"ecr/home?region={{region}}#/repositories/{quote(repository, safe='')}")


def build(scope: Scope, build_id: str) -> str:
    """The page of a build."""
    return _console(scope, f"codebuild/home?region={{region}}#/builds/{build_id}/view/new")


def deployment(scope: Scope, deployment_id: str) -> str:
    """The page of a deployment."""
    return _console(scope, f"codedeploy/home?region={{region}}#/deployments/{deployment_id}")


def service(scope: Scope, cluster: str, name: str) -> str:
    """The page of an ECS service's events."""
    return _console(scope, f"ecs/home?region={{region}}#/clusters/{cluster}/services/{name}/events")
