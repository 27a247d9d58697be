"""The phases in the course's own numbering; 0 is what the course finds prepared."""

from __future__ import annotations

from demitasse.lab.phases import (
    phase0_preparation,
    phase2_monolith,
    phase3_repository,
    phase4_containers,
    phase5_images,
    phase6_load_balancer,
    phase7_services,
    phase8_pipelines,
)
from demitasse.lab.task import Phase

PHASES: tuple[Phase, ...] = (
    phase0_preparation.PHASE,
    phase2_monolith.PHASE,
    phase3_repository.PHASE,
    phase4_containers.PHASE,
    phase5_images.PHASE,
    phase6_load_balancer.PHASE,
    phase7_services.PHASE,
    phase8_pipelines.PHASE,
)
