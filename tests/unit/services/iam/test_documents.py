from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.iam.stand import permissions, trust

from demitasse.errors import ServiceError
from demitasse.services.iam import managed
from demitasse.services.iam.documents import check_permissions, check_trust


def said(check: Any, document: str) -> str:
    with pytest.raises(ServiceError) as refused:
        check(document)
    assert refused.value.code == "MalformedPolicyDocument"
    return refused.value.message


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Action": ["s3:Get*", "ec2:DescribeInstances", "*"]},
        {"Action": None, "NotAction": "iam:*"},
        {"Resource": ["arn:aws:s3:::bucket/*", "*"]},
        {"Resource": None, "NotResource": "arn:aws:s3:::secret"},
        {"Sid": "One1"},
        {"Condition": {"StringLikeIfExists": {"aws:PrincipalTag/a": ["x", "y"]}}},
        {"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "x"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": True}}},
        {"Condition": {"NumericLessThan": {"s3:max-keys": 10}}},
    ],
)
def test_permissions_that_iam_takes(statement: dict[str, Any]) -> None:
    check_permissions(permissions(**statement))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("this is no json", "invalid Json"),
        ("[]", "Syntax errors"),
        ("{}", "Syntax errors"),
        ('{"Statement": []}', "Syntax errors"),
        ('{"Statement": 7}', "Syntax errors"),
        ('{"Statement": [7]}', "Syntax errors"),
        ('{"Version": "2020-01-01", "Statement": []}', "version"),
        ('{"Version": ["x"], "Statement": []}', "version"),
        ('{"Statements": []}', "Syntax errors"),
        (permissions(Effect="Maybe"), "Syntax errors"),
        (permissions(Effect=["Allow"]), "Syntax errors"),
        (permissions(Effect=None), "Syntax errors"),
        (permissions(Other=1), "Syntax errors"),
        (permissions(Action=None), "must contain actions"),
        (permissions(Action=[]), "must contain actions"),
        (permissions(Action=7), "Syntax errors"),
        (permissions(Action="everything"), "prefaced by a vendor"),
        (permissions(Action="s3:Get Object"), "legacy parsing"),
        (permissions(NotAction="s3:*"), "Syntax errors"),
        (permissions(Resource=None), "must contain resources"),
        (permissions(Resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
        (permissions(Principal="*"), "should not specify a principal"),
        (permissions(Sid="with space"), "alpha-numeric"),
        (permissions(Sid=7), "Syntax errors"),
        (permissions(Condition=[]), "Syntax errors"),
        (permissions(Condition={"Equals": {"aws:x": "y"}}), "Invalid Condition type : Equals."),
        (permissions(Condition={"Bool": {"x": "y"}}), "prefaced by a vendor"),
        (permissions(Condition={"Bool": {"aws:x": {}}}), "Syntax errors"),
    ],
)
def test_permissions_that_iam_refuses(document: str, words: str) -> None:
    assert words in said(check_permissions, document)


def test_statements_must_be_told_apart() -> None:
    one = json.loads(permissions(Sid="same"))["Statement"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [one, one]})
    assert "must be unique" in said(check_permissions, document)


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"AWS": ["123456789012", "arn:aws:iam::123456789012:root", "*"]}},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:role/path/app"}},
        {"Principal": {"Federated": "cognito-identity.amazonaws.com"}},
        {"Principal": {"Service": ["ec2.amazonaws.com", "logs.eu-west-3.amazonaws.com"]}},
        {"Action": ["sts:AssumeRole", "sts:TagSession"]},
        {"Condition": {"StringEquals": {"sts:ExternalId": "x"}}},
    ],
)
def test_trust_that_iam_takes(statement: dict[str, Any]) -> None:
    check_trust(trust(**statement))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Principal": None}, "Missing required field Principal"),
        ({"Resource": "*"}, "Has prohibited field Resource"),
        ({"Action": None}, "Missing required field Action"),
        ({"Action": "s3:GetObject"}, "AssumeRole policy may only specify STS AssumeRole actions."),
        ({"Principal": {"Service": "ecs"}}, 'Invalid principal in policy: "SERVICE":"ecs"'),
        ({"Principal": {"AWS": "bob"}}, 'Invalid principal in policy: "AWS":"bob"'),
        ({"Principal": {"Robot": "x"}}, 'Invalid principal in policy: "Robot"'),
        ({"Principal": []}, "Syntax errors"),
        ({"Principal": {"AWS": 7}}, "Syntax errors"),
    ],
)
def test_trust_that_iam_refuses(statement: dict[str, Any], words: str) -> None:
    assert words in said(check_trust, trust(**statement))


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just("Allow"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Version",
                    "Statement",
                    "Effect",
                    "Action",
                    "Resource",
                    "Principal",
                    "Condition",
                    "Sid",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_anything)
def test_no_document_breaks_anything(document: Any) -> None:
    for check in (check_permissions, check_trust):
        try:
            check(json.dumps({"Statement": document}))
            check(json.dumps(document))
        except ServiceError as error:
            assert error.code == "MalformedPolicyDocument"  # noqa: PT017 - or none


def test_the_documents_held_are_valid() -> None:
    held = [document for arn in managed.ARNS if (document := managed.document(arn))]
    assert len(held) == 2
    for document in held:
        check_permissions(document)
