"""S3's HTTP: ``ObjectStorage`` is an ASGI application for everything that is S3's."""

from demitasse.services.s3.http.app import ObjectStorage

__all__ = ["ObjectStorage"]
