"""The API of CodeBuild: botocore's model ``codebuild`` and the CodeBuild API Reference."""

from demitasse.services.base import Api

api = Api("codebuild")
