"""Every paginator and waiter that botocore has for these services asks for what is carried out.

botocore's own files say which there are, so a newer one with more of them shows here, by name.
That they yield their pages is tried in ``test_pages.py``.
"""

from __future__ import annotations

import contextlib
import re

import botocore.exceptions
import botocore.session
import pytest
from tests.unit.services.s3.stand import Stand

from demitasse.platform import APIS
from demitasse.services.s3.http.routes import OPERATIONS as S3_OPERATIONS

CARRIED_OUT = {api.service: frozenset(api.operations) for api in APIS}
CARRIED_OUT["s3"] = frozenset(S3_OPERATIONS)

OF_EC2 = re.compile(
    r"Describe(Vpcs|Subnets|InternetGateways|RouteTables|NetworkAcls|SecurityGroups"
    r"|SecurityGroupRules|NetworkInterfaces|Tags|AvailabilityZones|AccountAttributes)"
)
"""Of EC2 there is the network alone."""

REFUSED = {
    # AWS has some of these from the start, so that none is there would not be the truth.
    "rds": {
        *("DescribeCertificates", "DescribeEvents", "DescribeDBLogFiles"),
        *("DescribeDBParameterGroups", "DescribeDBParameters", "DownloadDBLogFilePortion"),
        *("DescribeEngineDefaultParameters", "DescribeEngineDefaultClusterParameters"),
        *("DescribeOptionGroups", "DescribeOptionGroupOptions"),
    },
    # Policies are kept and not evaluated.
    "iam": {
        *("SimulateCustomPolicy", "SimulatePrincipalPolicy"),
        "GetAccountAuthorizationDetails",
    },
    # Log groups are there, what is asked of them is not known.
    "logs": {"ListAggregateLogGroupSummaries"},
}


def asked_for(service: str) -> set[str]:
    """The operations that a service's paginators and waiters call."""
    session = botocore.session.Session()
    asked: set[str] = set()
    with contextlib.suppress(botocore.exceptions.UnknownServiceError):  # it has none
        asked |= set(session.get_paginator_model(service)._paginator_config)
    with contextlib.suppress(botocore.exceptions.UnknownServiceError):
        waiters = session.get_waiter_model(service)
        asked |= {waiters.get_waiter(name).operation for name in waiters.waiter_names}
    return {name for name in asked if service != "ec2" or OF_EC2.fullmatch(name)}


@pytest.mark.parametrize("service", sorted(CARRIED_OUT))
def test_what_they_ask_for_is_carried_out(service: str) -> None:
    assert asked_for(service) - CARRIED_OUT[service] <= REFUSED.get(service, set())


def test_those_that_there_are_is_known() -> None:
    """Else the test above would say nothing."""
    assert {"ListBranches", "GetDifferences"} <= asked_for("codecommit")
    assert asked_for("codedeploy") >= {"GetDeployment", "ListDeployments"}
    assert len(asked_for("ec2")) > 8
    assert asked_for("sts") == set()


def test_waiters_of_s3() -> None:
    stand = Stand()
    s3 = stand.s3
    s3.get_waiter("bucket_not_exists").wait(Bucket="bucket")
    stand.bucket()
    s3.get_waiter("bucket_exists").wait(Bucket="bucket")
    s3.get_waiter("object_not_exists").wait(Bucket="bucket", Key="key")
    stand.put()
    s3.get_waiter("object_exists").wait(Bucket="bucket", Key="key")
