"""The operations of CodeBuild."""

from demitasse.services.codebuild.operations import absent, builds, lists, projects
from demitasse.services.codebuild.operations.api import api

__all__ = ["absent", "api", "builds", "lists", "projects"]
