"""The operations of EventBridge, one file per resource."""

from demitasse.services.events.operations import buses, patterns, putting, rules, tags, targets
from demitasse.services.events.operations.api import api

__all__ = ["api", "buses", "patterns", "putting", "rules", "tags", "targets"]
