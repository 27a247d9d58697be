"""The operations of CloudWatch Logs, one file per resource."""

from demitasse.services.logs.operations import absent, groups, putting, reading, streams, tags
from demitasse.services.logs.operations.api import api

__all__ = ["absent", "api", "groups", "putting", "reading", "streams", "tags"]
