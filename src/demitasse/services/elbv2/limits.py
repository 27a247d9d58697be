"""AWS's default quotas, which hold here too."""

from __future__ import annotations

LOAD_BALANCERS = 50
TARGET_GROUPS = 3000
LISTENERS_PER_LOAD_BALANCER = 50
RULES_PER_LOAD_BALANCER = 100
TARGET_GROUPS_PER_LOAD_BALANCER = 100
TARGET_GROUPS_PER_ACTION = 5
TARGETS_PER_GROUP = 1000
TARGETS_PER_LOAD_BALANCER = 1000
CONDITION_VALUES_PER_RULE = 5
WILDCARDS_PER_RULE = 5
TAGS_PER_RESOURCE = 50

BY_NAME: dict[str, int] = {
    "application-load-balancers": LOAD_BALANCERS,
    "target-groups": TARGET_GROUPS,
    "listeners-per-application-load-balancer": LISTENERS_PER_LOAD_BALANCER,
    "rules-per-application-load-balancer": RULES_PER_LOAD_BALANCER,
    "target-groups-per-application-load-balancer": TARGET_GROUPS_PER_LOAD_BALANCER,
    "target-groups-per-action-on-application-load-balancer": TARGET_GROUPS_PER_ACTION,
    "targets-per-target-group": TARGETS_PER_GROUP,
    "targets-per-application-load-balancer": TARGETS_PER_LOAD_BALANCER,
    "condition-values-per-alb-rule": CONDITION_VALUES_PER_RULE,
    "condition-wildcards-per-alb-rule": WILDCARDS_PER_RULE,
}
"""As ``DescribeAccountLimits`` names them."""
