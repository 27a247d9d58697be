"""Settings of all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "demitasse",
    deadline=None,  # the machine is shared: how long an example takes says nothing
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("demitasse")
