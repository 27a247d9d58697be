"""Users, their keys and their policies."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit import asgi
from tests.unit.services.iam.stand import ACCOUNT, Stand, permissions

from demitasse.accounts import Accounts
from demitasse.api import Caller
from demitasse.credentials import Credentials
from demitasse.wire import Credential

MARY = {"UserName": "mary"}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.fixture
def stand() -> Stand:
    made = Stand()
    made.iam("CreateUser", **MARY, Path="/team/", Tags=[{"Key": "a", "Value": "1"}])
    return made


def known(stand: Stand, access_key_id: str) -> Any:
    """Whom that key lets in, as the platform sees it."""
    return Credentials(Accounts("secret", "000000000000"), stand.store).find(access_key_id)


def test_a_user_is_made_found_and_deleted(stand: Stand) -> None:
    user = stand.iam("GetUser", **MARY)["User"]
    identity = user.pop("UserId")
    assert identity.startswith("AIDA")
    assert user == {
        **MARY,
        "Path": "/team/",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/team/mary",
        "CreateDate": stand.clock.now(),
        "Tags": [{"Key": "a", "Value": "1"}],
    }
    for name in ("paulo", "saanvi"):
        stand.iam("CreateUser", UserName=name)
    listed = stand.every("ListUsers", "Users")
    assert [each["UserName"] for each in listed] == ["mary", "paulo", "saanvi"]
    team = stand.iam("ListUsers", PathPrefix="/team/")["Users"]
    assert [each["UserName"] for each in team] == ["mary"]
    for name in ("MARY", "root"):
        assert stand.refusal("CreateUser", UserName=name)[0] == "EntityAlreadyExists"
    stand.iam("DeleteUser", UserName="paulo")
    assert stand.refusal("GetUser", UserName="paulo")[0] == "NoSuchEntity"
    assert stand.iam("GetAccountSummary")["SummaryMap"]["Users"] == 2


def test_a_users_key_lets_them_in_until_it_is_turned_off(stand: Stand) -> None:
    key = stand.iam("CreateAccessKey", **MARY)["AccessKey"]
    identity = key["AccessKeyId"]
    assert (len(identity), identity[:4]) == (20, "AKIA")
    found = known(stand, identity)
    assert found.secret == key["SecretAccessKey"]
    assert found.caller.arn == f"arn:aws:iam::{ACCOUNT}:user/team/mary"
    assert found.caller.account == ACCOUNT
    (listed,) = stand.iam("ListAccessKeys", **MARY)["AccessKeyMetadata"]
    del key["SecretAccessKey"]
    assert listed == key
    which = {**MARY, "AccessKeyId": identity}
    stand.iam("UpdateAccessKey", **which, Status="Inactive")
    assert known(stand, identity) is None
    stand.iam("UpdateAccessKey", **which, Status="Active")
    assert known(stand, identity) is not None
    stand.iam("CreateAccessKey", **MARY)
    assert stand.refusal("CreateAccessKey", **MARY)[0] == "LimitExceeded"
    stand.iam("DeleteAccessKey", **which)
    assert known(stand, identity) is None
    assert stand.refusal("DeleteAccessKey", **which)[0] == "NoSuchEntity"
    assert stand.refusal("CreateAccessKey", UserName="nobody")[0] == "NoSuchEntity"


def test_what_is_a_users_goes_with_another_name(stand: Stand) -> None:
    identity = stand.iam("CreateAccessKey", **MARY)["AccessKey"]["AccessKeyId"]
    stand.iam("CreateServiceSpecificCredential", **MARY, ServiceName="codecommit.amazonaws.com")
    stand.iam("UpdateUser", **MARY, NewUserName="maria", NewPath="/")
    assert known(stand, identity).caller.arn == f"arn:aws:iam::{ACCOUNT}:user/maria"
    maria = {"UserName": "maria"}
    (login,) = stand.iam("ListServiceSpecificCredentials", **maria)["ServiceSpecificCredentials"]
    assert login["ServiceUserName"] == f"mary-at-{ACCOUNT}"
    assert stand.refusal("GetUser", **MARY)[0] == "NoSuchEntity"


def test_a_user_with_something_left_is_not_deleted(stand: Stand) -> None:
    def conflict() -> str:
        code, message = stand.refusal("DeleteUser", **MARY)
        assert code == "DeleteConflict"
        return message

    key = stand.iam("CreateAccessKey", **MARY)["AccessKey"]["AccessKeyId"]
    assert "access keys" in conflict()
    stand.iam("DeleteAccessKey", **MARY, AccessKeyId=key)
    login = stand.iam(
        "CreateServiceSpecificCredential", **MARY, ServiceName="codecommit.amazonaws.com"
    )["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    assert "credentials" in conflict()
    stand.iam("DeleteServiceSpecificCredential", **MARY, ServiceSpecificCredentialId=login)
    arn = stand.policy()
    stand.iam("AttachUserPolicy", **MARY, PolicyArn=arn)
    assert "detach" in conflict()
    assert stand.refusal("DeletePolicy", PolicyArn=arn)[0] == "DeleteConflict"
    assert stand.iam("GetPolicy", PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    stand.role()
    stand.iam("AttachRolePolicy", RoleName="app", PolicyArn=arn)
    found = stand.iam("ListEntitiesForPolicy", PolicyArn=arn)
    assert [each["UserName"] for each in found["PolicyUsers"]] == ["mary"]
    assert [each["RoleName"] for each in found["PolicyRoles"]] == ["app"]
    users = stand.iam("ListEntitiesForPolicy", PolicyArn=arn, EntityFilter="User")
    assert users["PolicyRoles"] == []
    attached = stand.iam("ListAttachedUserPolicies", **MARY)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [arn]
    stand.iam("DetachUserPolicy", **MARY, PolicyArn=arn)
    stand.iam("PutUserPolicy", **MARY, PolicyName="own", PolicyDocument=permissions())
    assert "delete policies" in conflict()
    assert stand.iam("ListUserPolicies", **MARY)["PolicyNames"] == ["own"]
    assert stand.iam("GetUserPolicy", **MARY, PolicyName="own")["PolicyName"] == "own"
    stand.iam("DeleteUserPolicy", **MARY, PolicyName="own")
    assert stand.refusal("GetUserPolicy", **MARY, PolicyName="own")[0] == "NoSuchEntity"
    stand.iam("DeleteUser", **MARY)


def test_tags(stand: Stand) -> None:
    stand.iam("TagUser", **MARY, Tags=[{"Key": "b", "Value": "2"}])
    stand.iam("UntagUser", **MARY, TagKeys=["a"])
    assert stand.iam("ListUserTags", **MARY)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_who_calls_is_meant_when_nobody_is_named(stand: Stand) -> None:
    stand.iam("CreateUser", UserName="student")  # who signs in these tests
    assert stand.iam("GetUser")["User"]["UserName"] == "student"
    made = stand.iam("CreateAccessKey")["AccessKey"]
    assert made["UserName"] == "student"
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/root"
    key = "ASIAROLEROLEROLEROLE"
    caller = Caller(ACCOUNT, session, "AROAX:root", key)
    stand.credentials.known[key] = Credential(asgi.SECRET_KEY, caller)
    as_role = asgi.Api(stand.app, access_key=key, now=stand.clock.now)
    assert as_role.refusal("iam", "GetUser")[0] == "ValidationError"
    boundary = {"UserName": "x", "PermissionsBoundary": READ_ONLY}
    assert "PermissionsBoundary" in stand.refusal("CreateUser", **boundary)[1]
