"""Carries builds out: one container each, from its source to its artifacts."""

from demitasse.services.codebuild.controller.build import BuildController
from demitasse.services.codebuild.controller.cache import CacheController

__all__ = ["BuildController", "CacheController"]
