from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from tests.unit.services.iam.stand import ACCOUNT, Stand, permissions

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_a_policy_has_awss_shape(stand: Stand) -> None:
    made = stand.iam(
        "CreatePolicy",
        PolicyName="reads",
        Path="/course/",
        PolicyDocument=permissions(),
        Description="reads only",
        Tags=[{"Key": "a", "Value": "b"}],
    )["Policy"]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/course/reads"
    assert made["Arn"] == arn
    assert re.fullmatch("ANPA[A-Z2-7]{16}", made["PolicyId"])
    assert (made["DefaultVersionId"], made["AttachmentCount"]) == ("v1", 0)
    assert made["IsAttachable"] is True
    assert stand.iam("GetPolicy", PolicyArn=arn)["Policy"] == made
    [listed] = stand.iam("ListPolicies", Scope="Local")["Policies"]
    assert listed["Arn"] == arn
    assert "Description" not in listed
    code, message = stand.refusal("CreatePolicy", PolicyName="Reads", PolicyDocument=permissions())
    assert (code, message) == (
        "EntityAlreadyExists",
        "A policy called Reads already exists. Duplicate names are not allowed.",
    )
    missing = arn.replace("reads", "none")
    assert stand.refusal("GetPolicy", PolicyArn=missing) == (
        "NoSuchEntity",
        f"Policy {missing} was not found.",
    )


def test_versions(stand: Stand) -> None:
    arn = stand.policy()
    for number in range(2, 6):
        stand.iam(
            "CreatePolicyVersion",
            PolicyArn=arn,
            PolicyDocument=permissions(Sid=f"n{number}"),
            SetAsDefault=number == 3,
        )
    versions = stand.every("ListPolicyVersions", "Versions", PolicyArn=arn)
    assert [version["VersionId"] for version in versions] == ["v5", "v4", "v3", "v2", "v1"]
    assert [version["IsDefaultVersion"] for version in versions] == [
        False,
        False,
        True,
        False,
        False,
    ]
    got = stand.iam("GetPolicyVersion", PolicyArn=arn, VersionId="v4")["PolicyVersion"]
    assert unquote(got["Document"]) == permissions(Sid="n4")
    code, message = stand.refusal(
        "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=permissions()
    )
    assert code == "LimitExceeded"
    assert message.startswith("A managed policy can have up to 5 versions.")
    assert stand.refusal("DeletePolicyVersion", PolicyArn=arn, VersionId="v3") == (
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    stand.iam("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v1")
    assert stand.iam("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"
    assert "more than one version" in stand.refusal("DeletePolicy", PolicyArn=arn)[1]
    for number in (2, 3, 4, 5):
        stand.iam("DeletePolicyVersion", PolicyArn=arn, VersionId=f"v{number}")
    made = stand.iam("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=permissions())
    assert made["PolicyVersion"]["VersionId"] == "v6"  # numbers are not used again
    assert stand.refusal("GetPolicyVersion", PolicyArn=arn, VersionId="v2")[0] == "NoSuchEntity"


def test_attaching(stand: Stand) -> None:
    stand.role("app")
    stand.role("other", Path="/course/")
    arn = stand.policy()
    for policy in (arn, EXECUTION, ADMIN, arn):
        stand.iam("AttachRolePolicy", RoleName="app", PolicyArn=policy)
    stand.iam("AttachRolePolicy", RoleName="other", PolicyArn=arn)
    attached = stand.every("ListAttachedRolePolicies", "AttachedPolicies", RoleName="app")
    assert [policy["PolicyName"] for policy in attached] == [
        "reads",
        "AdministratorAccess",
        "AmazonECSTaskExecutionRolePolicy",
    ]
    under = stand.iam("ListAttachedRolePolicies", RoleName="app", PathPrefix="/service-role/")[
        "AttachedPolicies"
    ]
    assert [policy["PolicyArn"] for policy in under] == [EXECUTION]
    assert stand.iam("GetPolicy", PolicyArn=arn)["Policy"]["AttachmentCount"] == 2
    roles = stand.every("ListEntitiesForPolicy", "PolicyRoles", PolicyArn=arn)
    assert [role["RoleName"] for role in roles] == ["app", "other"]
    of_path = stand.iam("ListEntitiesForPolicy", PolicyArn=arn, PathPrefix="/course/")
    assert [role["RoleName"] for role in of_path["PolicyRoles"]] == ["other"]
    assert (
        stand.iam("ListEntitiesForPolicy", PolicyArn=arn, EntityFilter="User")["PolicyRoles"] == []
    )
    assert stand.refusal("DeletePolicy", PolicyArn=arn) == (
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    )
    for role in ("app", "other"):
        stand.iam("DetachRolePolicy", RoleName=role, PolicyArn=arn)
    assert stand.refusal("DetachRolePolicy", RoleName="app", PolicyArn=arn) == (
        "NoSuchEntity",
        f"Policy {arn} was not found.",
    )
    stand.iam("DeletePolicy", PolicyArn=arn)
    code, message = stand.refusal("AttachRolePolicy", RoleName="app", PolicyArn=arn)
    assert (code, message) == (
        "NoSuchEntity",
        f"Policy {arn} does not exist or is not attachable.",
    )


def test_a_role_takes_ten_policies(stand: Stand) -> None:
    stand.role("app")
    for number in range(11):
        arn = stand.policy(f"p{number:02d}")
        if number < 10:
            stand.iam("AttachRolePolicy", RoleName="app", PolicyArn=arn)
    assert stand.refusal("AttachRolePolicy", RoleName="app", PolicyArn=arn) == (
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerRole: 10",
    )


def test_awss_policies_are_read_as_far_as_they_are_held(stand: Stand) -> None:
    policy = stand.iam("GetPolicy", PolicyArn=EXECUTION)["Policy"]
    assert policy["PolicyName"] == "AmazonECSTaskExecutionRolePolicy"
    assert policy["Path"] == "/service-role/"
    version = stand.iam("GetPolicyVersion", PolicyArn=EXECUTION, VersionId="v1")["PolicyVersion"]
    assert "ecr:BatchGetImage" in unquote(version["Document"])
    other = "arn:aws:iam::aws:policy/AmazonECS_FullAccess"
    assert stand.iam("ListPolicyVersions", PolicyArn=other)["Versions"][0]["VersionId"] == "v1"
    _, message = stand.refusal("GetPolicyVersion", PolicyArn=other, VersionId="v1")
    assert "AmazonECS_FullAccess is not supported" in message
    unknown = "arn:aws:iam::aws:policy/NoSuchThing"
    assert stand.refusal("GetPolicy", PolicyArn=unknown)[0] == "NoSuchEntity"
    stand.role("app")
    assert stand.refusal("AttachRolePolicy", RoleName="app", PolicyArn=unknown)[0] == "NoSuchEntity"
    assert stand.refusal("DeletePolicy", PolicyArn=ADMIN)[0] == "AccessDenied"


def test_listing_policies(stand: Stand) -> None:
    mine = [stand.policy(f"p{number}") for number in range(3)]
    every = [policy["Arn"] for policy in stand.every("ListPolicies", "Policies")]
    assert every[:3] == mine
    assert every == sorted(every)
    assert len(set(every)) == len(every) > 60
    awss = [policy["Arn"] for policy in stand.every("ListPolicies", "Policies", Scope="AWS")]
    assert awss == every[3:]
    under = stand.iam("ListPolicies", Scope="AWS", PathPrefix="/service-role/")["Policies"]
    assert {policy["Path"] for policy in under} == {"/service-role/"}
    attached = stand.iam("ListPolicies", OnlyAttached=True)["Policies"]
    assert "AWSCodeDeployRoleForECS" in {policy["PolicyName"] for policy in attached}
    assert not {policy["Arn"] for policy in attached} & set(mine)


def test_large_policies(stand: Stand) -> None:
    large = permissions(Resource=[f"arn:aws:s3:::{number:0100d}" for number in range(60)])
    assert stand.refusal("CreatePolicy", PolicyName="big", PolicyDocument=large) == (
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
    )


def test_tags(stand: Stand) -> None:
    arn = stand.policy()
    stand.iam("TagPolicy", PolicyArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    assert stand.iam("ListPolicyTags", PolicyArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    stand.iam("UntagPolicy", PolicyArn=arn, TagKeys=["a"])
    assert stand.iam("GetPolicy", PolicyArn=arn)["Policy"]["Tags"] == []
