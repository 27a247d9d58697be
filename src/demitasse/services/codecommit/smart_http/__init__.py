"""Git over HTTP, below ``/v1/repos/``: what ``git clone``, ``fetch`` and ``push`` speak."""

from demitasse.services.codecommit.smart_http.app import GitServer

__all__ = ["GitServer"]
