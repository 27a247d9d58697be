"""The registry that ``docker`` speaks to: the OCI distribution API, version 2, with ECR's words.

``Registry`` is an ASGI application for everything below ``/v2/``.
"""

from demitasse.services.ecr.distribution.app import Registry

__all__ = ["Registry"]
