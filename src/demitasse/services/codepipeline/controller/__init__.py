"""Keeps pipelines true: one controller decides what begins, one carries actions out."""

from demitasse.services.codepipeline.controller.actions import ActionController
from demitasse.services.codepipeline.controller.pipelines import PipelineController

__all__ = ["ActionController", "PipelineController"]
