from __future__ import annotations

import json
import re
from urllib.parse import quote, unquote

import pytest
from tests.unit.services.iam.stand import ACCOUNT, Stand, permissions, trust

LAB = ["AWSServiceRoleForECS", "AWSServiceRoleForElasticLoadBalancing", "AWSServiceRoleForRDS"]
LAB += ["DeployRole", "PipelineRole"]


@pytest.fixture
def stand() -> Stand:
    return Stand()


def names(roles: list) -> list[str]:
    return [role["RoleName"] for role in roles]


def test_a_role_has_awss_shape(stand: Stand) -> None:
    made = stand.role("app", Path="/course/", Description="café", Tags=[{"Key": "a", "Value": "b"}])
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/course/app"
    assert re.fullmatch("AROA[A-Z2-7]{16}", made["RoleId"])
    assert made["CreateDate"] == stand.clock.now()
    assert made["MaxSessionDuration"] == 3600
    assert made["AssumeRolePolicyDocument"] == quote(trust(), safe="")
    got = stand.iam("GetRole", RoleName="app")["Role"]
    assert got == made | {"RoleLastUsed": {}}
    listed = next(role for role in stand.iam("ListRoles")["Roles"] if role["RoleName"] == "app")
    assert "Tags" not in listed


def test_the_labs_roles_are_there_from_the_start(stand: Stand) -> None:
    assert names(stand.iam("ListRoles")["Roles"]) == LAB
    pipeline = stand.iam("GetRole", RoleName="PipelineRole")["Role"]
    [statement] = json.loads(unquote(pipeline["AssumeRolePolicyDocument"]))["Statement"]
    assert {"ecs-tasks.amazonaws.com", "codepipeline.amazonaws.com"} <= {
        *statement["Principal"]["Service"]
    }
    deploy = stand.iam("GetRole", RoleName="DeployRole")["Role"]
    assert "codedeploy.amazonaws.com" in unquote(deploy["AssumeRolePolicyDocument"])
    assert stand.iam("ListAttachedRolePolicies", RoleName="DeployRole")["AttachedPolicies"] == [
        {
            "PolicyName": "AWSCodeDeployRoleForECS",
            "PolicyArn": "arn:aws:iam::aws:policy/AWSCodeDeployRoleForECS",
        }
    ]


def test_a_role_that_was_deleted_does_not_come_back(stand: Stand) -> None:
    for policy in stand.iam("ListAttachedRolePolicies", RoleName="PipelineRole")[
        "AttachedPolicies"
    ]:
        stand.iam("DetachRolePolicy", RoleName="PipelineRole", PolicyArn=policy["PolicyArn"])
    stand.iam("DeleteRole", RoleName="PipelineRole")
    stand.elsewhere("GetCallerIdentity")  # seeds another region
    again = Stand(stand.store)  # the platform started again
    assert names(again.iam("ListRoles")["Roles"]) == [
        name for name in LAB if name != "PipelineRole"
    ]


def test_names_are_taken_once_whatever_their_case(stand: Stand) -> None:
    stand.role("app")
    code, message = stand.refusal("CreateRole", RoleName="APP", AssumeRolePolicyDocument=trust())
    assert (code, message) == ("EntityAlreadyExists", "Role with name APP already exists.")
    for operation in ("GetRole", "DeleteRole", "ListRolePolicies", "ListRoleTags"):
        assert stand.refusal(operation, RoleName="none") == (
            "NoSuchEntity",
            "The role with name none cannot be found.",
        )


def test_roles_are_listed_in_pages_and_by_path(stand: Stand) -> None:
    for number in range(5):
        stand.role(f"r{number}", Path="/course/")
    wanted = [f"r{number}" for number in range(5)]
    assert names(stand.every("ListRoles", "Roles")) == LAB + wanted
    assert names(stand.every("ListRoles", "Roles", PathPrefix="/course/")) == wanted
    assert stand.refusal("ListRoles", Marker="nonsense")[0] == "ValidationError"


def test_roles_change(stand: Stand) -> None:
    stand.role("app", Description="before")
    stand.iam("UpdateRole", RoleName="app", MaxSessionDuration=7200)
    described = stand.iam("UpdateRoleDescription", RoleName="app", Description="after")["Role"]
    assert (described["Description"], described["MaxSessionDuration"]) == ("after", 7200)
    stand.iam("UpdateAssumeRolePolicy", RoleName="app", PolicyDocument=trust(Sid="new"))
    role = stand.iam("GetRole", RoleName="app")["Role"]
    assert unquote(role["AssumeRolePolicyDocument"]) == trust(Sid="new")


def test_service_linked_roles_are_awss(stand: Stand) -> None:
    name = {"RoleName": "AWSServiceRoleForECS"}
    for operation, given in (
        ("DeleteRole", {}),
        ("UpdateRole", {"Description": "mine"}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": trust()}),
        ("AttachRolePolicy", {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        ("PutRolePolicy", {"PolicyName": "p", "PolicyDocument": permissions()}),
        ("TagRole", {"Tags": [{"Key": "a", "Value": "b"}]}),
    ):
        assert stand.refusal(operation, **name, **given)[0] == "UnmodifiableEntity"
    code, message = stand.refusal("CreateServiceLinkedRole", AWSServiceName="ecs.amazonaws.com")
    assert code == "InvalidInput"
    assert "has been taken in this account" in message
    made = stand.iam(
        "CreateServiceLinkedRole", AWSServiceName="ecs.application-autoscaling.amazonaws.com"
    )["Role"]
    assert made["RoleName"] == "AWSServiceRoleForApplicationAutoScaling_ECSService"
    assert made["Path"] == "/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    assert stand.refusal("CreateServiceLinkedRole", AWSServiceName="x.amazonaws.com")[0] == (
        "InvalidInput"
    )


def test_a_role_in_use_is_not_deleted(stand: Stand) -> None:
    stand.role("app")
    arn = stand.policy()
    stand.iam("CreateInstanceProfile", InstanceProfileName="box")
    stand.iam("AddRoleToInstanceProfile", InstanceProfileName="box", RoleName="app")
    stand.iam("AttachRolePolicy", RoleName="app", PolicyArn=arn)
    stand.iam("PutRolePolicy", RoleName="app", PolicyName="own", PolicyDocument=permissions())
    conflict = "Cannot delete entity, must "
    assert stand.refusal("DeleteRole", RoleName="app") == (
        "DeleteConflict",
        conflict + "remove roles from instance profile first.",
    )
    stand.iam("RemoveRoleFromInstanceProfile", InstanceProfileName="box", RoleName="app")
    assert stand.refusal("DeleteRole", RoleName="app")[1] == conflict + "detach all policies first."
    stand.iam("DetachRolePolicy", RoleName="app", PolicyArn=arn)
    assert stand.refusal("DeleteRole", RoleName="app")[1] == conflict + "delete policies first."
    stand.iam("DeleteRolePolicy", RoleName="app", PolicyName="own")
    stand.iam("DeleteRole", RoleName="app")
    assert "app" not in names(stand.iam("ListRoles")["Roles"])


def test_policies_of_a_role(stand: Stand) -> None:
    stand.role("app")
    for name in ("c", "a", "b"):
        stand.iam("PutRolePolicy", RoleName="app", PolicyName=name, PolicyDocument=permissions())
    stand.iam("PutRolePolicy", RoleName="app", PolicyName="a", PolicyDocument=permissions(Sid="x"))
    assert stand.every("ListRolePolicies", "PolicyNames", RoleName="app") == ["a", "b", "c"]
    got = stand.iam("GetRolePolicy", RoleName="app", PolicyName="a")
    assert unquote(got["PolicyDocument"]) == permissions(Sid="x")
    assert (got["RoleName"], got["PolicyName"]) == ("app", "a")
    missing = ("NoSuchEntity", "The role policy with name none cannot be found.")
    assert stand.refusal("GetRolePolicy", RoleName="app", PolicyName="none") == missing
    assert stand.refusal("DeleteRolePolicy", RoleName="app", PolicyName="none") == missing
    large = permissions(Resource=[f"arn:aws:s3:::{number:0100d}" for number in range(100)])
    code, message = stand.refusal(
        "PutRolePolicy", RoleName="app", PolicyName="big", PolicyDocument=large
    )
    assert code == "LimitExceeded"
    assert "10240 bytes exceeded for role app" in message


def test_boundaries(stand: Stand) -> None:
    arn = stand.policy()
    stand.role("app", PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess")
    stand.iam("PutRolePermissionsBoundary", RoleName="app", PermissionsBoundary=arn)
    shown = stand.iam("GetRole", RoleName="app")["Role"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == arn
    assert stand.iam("GetPolicy", PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    assert stand.refusal("DeletePolicy", PolicyArn=arn)[0] == "DeleteConflict"
    stand.iam("DeleteRolePermissionsBoundary", RoleName="app")
    assert stand.refusal("DeleteRolePermissionsBoundary", RoleName="app")[0] == "NoSuchEntity"
    stand.iam("DeletePolicy", PolicyArn=arn)


def test_tags(stand: Stand) -> None:
    stand.role("app", Tags=[{"Key": "course", "Value": "devops"}])
    stand.iam("TagRole", RoleName="app", Tags=[{"Key": "Course", "Value": "x"}])
    stand.iam("TagRole", RoleName="app", Tags=[{"Key": "phase", "Value": ""}])
    wanted = [{"Key": "Course", "Value": "x"}, {"Key": "phase", "Value": ""}]
    assert stand.every("ListRoleTags", "Tags", RoleName="app") == wanted
    assert stand.iam("GetRole", RoleName="app")["Role"]["Tags"] == wanted
    stand.iam("UntagRole", RoleName="app", TagKeys=["course"])
    assert stand.iam("ListRoleTags", RoleName="app")["Tags"] == wanted[1:]
    twice = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    code, message = stand.refusal("TagRole", RoleName="app", Tags=twice)
    assert code == "InvalidInput"
    assert "case insensitive" in message
    many = [{"Key": str(number), "Value": ""} for number in range(50)]
    assert stand.refusal("TagRole", RoleName="app", Tags=many)[0] == "LimitExceeded"
    reserved = [{"Key": "aws:x", "Value": ""}]
    assert stand.refusal("TagRole", RoleName="app", Tags=reserved)[0] == "InvalidInput"


def test_a_role_is_assumed_by_whom_it_trusts(stand: Stand) -> None:
    account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    role = stand.role("app", AssumeRolePolicyDocument=trust(Principal=account))
    assumed = stand.sts("AssumeRole", RoleArn=role["Arn"], RoleSessionName="me")
    assert assumed["AssumedRoleUser"]["AssumedRoleId"] == f"{role['RoleId']}:me"
    stand.iam("UpdateAssumeRolePolicy", RoleName="app", PolicyDocument=trust())
    with pytest.raises(Exception, match="not authorized to perform: sts:AssumeRole"):
        stand.sts("AssumeRole", RoleArn=role["Arn"], RoleSessionName="me")


def test_a_trust_policy_has_a_quota(stand: Stand) -> None:
    services = [f"s{number:090d}.amazonaws.com" for number in range(25)]
    code, message = stand.refusal(
        "CreateRole",
        RoleName="app",
        AssumeRolePolicyDocument=trust(Principal={"Service": services}),
    )
    assert (code, message) == ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
