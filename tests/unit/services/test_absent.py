"""What cannot be made is listed as AWS lists it for an account that has none."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from tests.kit.stand import SCOPE, Stand

from demitasse.platform import APIS

TRUST_STORE = SCOPE.arn("elasticloadbalancing", "truststore/none/1")


@functools.cache
def stand() -> Stand:
    made = Stand(*APIS)
    made.call("ecs", "CreateCluster")
    made.call("logs", "CreateLogGroup", logGroupName="there")
    made.call("ecr", "CreateRepository", repositoryName="there")
    return made


@pytest.mark.parametrize(
    ("service", "operation", "given", "empty"),
    [
        ("ecr", "DescribePullThroughCacheRules", {}, "pullThroughCacheRules"),
        ("ecs", "ListAttributes", {"targetType": "container-instance"}, "attributes"),
        ("ecs", "ListGateways", {}, "gateways"),
        ("elbv2", "DescribeTrustStores", {}, "TrustStores"),
        ("iam", "ListGroups", {}, "Groups"),
        ("iam", "ListMFADevices", {"UserName": "root"}, "MFADevices"),
        ("logs", "DescribeSubscriptionFilters", {"logGroupName": "there"}, "subscriptionFilters"),
        ("logs", "DescribeResourcePolicies", {}, "resourcePolicies"),
        ("rds", "DescribeDBClusters", {}, "DBClusters"),
        ("rds", "DescribeDBSnapshots", {"SnapshotType": "manual"}, "DBSnapshots"),
        ("rds", "DescribePendingMaintenanceActions", {}, "PendingMaintenanceActions"),
    ],
)
def test_the_page_is_empty(service: str, operation: str, given: dict[str, Any], empty: str) -> None:
    answered = stand().call(service, operation, **given)
    assert answered[empty] == []
    assert set(answered) <= {empty, "IsTruncated", "ResponseMetadata"}


@pytest.mark.parametrize(
    ("service", "operation", "given", "code"),
    [
        (
            "ecr",
            "DescribePullThroughCacheRules",
            {"ecrRepositoryPrefixes": ["none"]},
            "PullThroughCacheRuleNotFoundException",
        ),
        (
            "ecr",
            "DescribeImageScanFindings",
            {"repositoryName": "there", "imageId": {"imageTag": "x"}},
            "ImageNotFoundException",
        ),
        (
            "ecs",
            "ListAttributes",
            {"cluster": "x", "targetType": "container-instance"},
            "ClusterNotFoundException",
        ),
        ("ecs", "ListServicesByNamespace", {"namespace": "x"}, "NamespaceNotFoundException"),
        (
            "elbv2",
            "DescribeTrustStoreRevocations",
            {"TrustStoreArn": TRUST_STORE},
            "TrustStoreNotFound",
        ),
        ("iam", "ListGroupPolicies", {"GroupName": "x"}, "NoSuchEntity"),
        ("iam", "ListMFADevices", {"UserName": "x"}, "NoSuchEntity"),
        ("iam", "ListGroups", {"Marker": "x"}, "ValidationError"),
        (
            "logs",
            "DescribeSubscriptionFilters",
            {"logGroupName": "x"},
            "ResourceNotFoundException",
        ),
        ("rds", "DescribeDBClusters", {"DBClusterIdentifier": "x"}, "DBClusterNotFoundFault"),
        (
            "rds",
            "DescribePendingMaintenanceActions",
            {"ResourceIdentifier": SCOPE.arn("rds", "db:x")},
            "ResourceNotFoundFault",
        ),
        ("rds", "DescribeTenantDatabases", {"DBInstanceIdentifier": "x"}, "DBInstanceNotFound"),
    ],
)
def test_who_names_one_is_told_that_it_is_not_there(
    service: str, operation: str, given: dict[str, Any], code: str
) -> None:
    assert stand().code(service, operation, **given) == code
