"""The container engine that is Docker, asked through its API."""

from demitasse.engines.containers.docker.engine import DockerEngine

__all__ = ["DockerEngine"]
