"""What a load balancer shall do, and what its observation means: pure.

``compile_spec`` turns AWS's records into the traffic engine's values; ``findings`` turns what the
engine sees into what is kept of targets.
"""

from demitasse.services.elbv2.plan.compiling import compile_spec
from demitasse.services.elbv2.plan.findings import (
    BUSY_SECONDS,
    CALM_SECONDS,
    Findings,
    findings,
    shows,
)
from demitasse.services.elbv2.plan.view import GroupView, View

__all__ = [
    "BUSY_SECONDS",
    "CALM_SECONDS",
    "Findings",
    "GroupView",
    "View",
    "compile_spec",
    "findings",
    "shows",
]
