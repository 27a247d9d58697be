"""The operations of CodeBuild."""

from demitasse.services.codebuild.operations import builds, lists, projects
from demitasse.services.codebuild.operations.api import api

__all__ = ["api", "builds", "lists", "projects"]
