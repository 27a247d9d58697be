"""Carries builds out: one container each, from its source to its artifacts."""

from demitasse.services.codebuild.controller.build import BuildController

__all__ = ["BuildController"]
