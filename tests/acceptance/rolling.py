"""A pipeline that builds, and puts what it has built into a bucket and a service that rolls."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance.blue_green import Shop
from tests.acceptance.release import BUCKET, ROLE, action

BUILDSPEC = """\
version: 0.2
env:
  exported-variables: [GREETING]
phases:
  build:
    commands:
      - export GREETING="from $(cat page.html)"
      - mkdir site && sed s/hello/built/ page.html > site/index.html
      - printf '[{"name":"rolling","imageUri":"%s"}]' "$IMAGE" > imagedefinitions.json
artifacts:
  files: [imagedefinitions.json, site/*]
"""


def rolling(shop: Shop) -> None:
    """A service of the ECS controller, whose image is not there yet."""
    definition = shop.register("rolling", "1", image="127.0.0.1:1/none")
    shop.ecs.create_service(
        cluster=shop.name,
        serviceName="rolling",
        taskDefinition=definition,
        launchType="FARGATE",
        desiredCount=1,
        networkConfiguration={"awsvpcConfiguration": {"subnets": shop.subnets}},
    )


def building(shop: Shop) -> dict[str, Any]:
    """Source, Build, then two deployments side by side."""
    built = [{"name": "Built"}]
    image = json.dumps([{"name": "IMAGE", "value": shop.image}])
    return {
        "name": "code",
        "roleArn": ROLE,
        "artifactStore": {"type": "S3", "location": BUCKET},
        "stages": [
            {
                "name": "Source",
                "actions": [
                    action(
                        "Source",
                        "CodeCommit",
                        outputArtifacts=[{"name": "Code"}],
                        configuration={"RepositoryName": "code", "BranchName": "main"},
                    )
                ],
            },
            {
                "name": "Build",
                "actions": [
                    action(
                        "Build",
                        "CodeBuild",
                        inputArtifacts=[{"name": "Code"}],
                        outputArtifacts=built,
                        configuration={"ProjectName": "code", "EnvironmentVariables": image},
                    )
                ],
            },
            {
                "name": "Deploy",
                "actions": [
                    action(
                        "Deploy",
                        "S3",
                        inputArtifacts=built,
                        configuration={
                            "BucketName": "site-of-the-shop",
                            "Extract": "true",
                            "ObjectKey": "v1",
                            "CacheControl": "max-age=60",
                        },
                    ),
                    action(
                        "Deploy",
                        "ECS",
                        inputArtifacts=built,
                        configuration={"ClusterName": shop.name, "ServiceName": "rolling"},
                    ),
                ],
            },
        ],
    }
