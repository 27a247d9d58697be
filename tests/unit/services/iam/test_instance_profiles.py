from __future__ import annotations

import pytest
from tests.unit.services.iam.stand import ACCOUNT, Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_profiles_and_their_roles(stand: Stand) -> None:
    stand.role("app")
    made = stand.iam("CreateInstanceProfile", InstanceProfileName="box", Path="/c/")[
        "InstanceProfile"
    ]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/c/box"
    assert made["Roles"] == []
    assert made["InstanceProfileId"].startswith("AIPA")
    stand.iam("AddRoleToInstanceProfile", InstanceProfileName="box", RoleName="app")
    assert stand.refusal(
        "AddRoleToInstanceProfile", InstanceProfileName="box", RoleName="PipelineRole"
    ) == ("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    got = stand.iam("GetInstanceProfile", InstanceProfileName="box")["InstanceProfile"]
    assert [role["RoleName"] for role in got["Roles"]] == ["app"]
    [listed] = stand.iam("ListInstanceProfilesForRole", RoleName="app")["InstanceProfiles"]
    assert listed["InstanceProfileName"] == "box"
    assert stand.refusal("DeleteInstanceProfile", InstanceProfileName="box")[0] == "DeleteConflict"
    code, _ = stand.refusal(
        "RemoveRoleFromInstanceProfile", InstanceProfileName="box", RoleName="DeployRole"
    )
    assert code == "NoSuchEntity"
    stand.iam("RemoveRoleFromInstanceProfile", InstanceProfileName="box", RoleName="app")
    stand.iam("DeleteInstanceProfile", InstanceProfileName="box")
    assert stand.refusal("GetInstanceProfile", InstanceProfileName="box") == (
        "NoSuchEntity",
        "Instance Profile box cannot be found.",
    )


def test_profiles_are_listed_in_pages(stand: Stand) -> None:
    for number in range(5):
        stand.iam(
            "CreateInstanceProfile",
            InstanceProfileName=f"p{number}",
            Path="/even/" if number % 2 == 0 else "/",
        )
    assert stand.refusal("CreateInstanceProfile", InstanceProfileName="P1") == (
        "EntityAlreadyExists",
        "Instance Profile P1 already exists.",
    )
    every = stand.every("ListInstanceProfiles", "InstanceProfiles")
    assert [each["InstanceProfileName"] for each in every] == ["p0", "p1", "p2", "p3", "p4"]
    even = stand.every("ListInstanceProfiles", "InstanceProfiles", PathPrefix="/even/")
    assert [each["InstanceProfileName"] for each in even] == ["p0", "p2", "p4"]


def test_tags(stand: Stand) -> None:
    tags = [{"Key": "a", "Value": "1"}]
    name = {"InstanceProfileName": "box"}
    stand.iam("CreateInstanceProfile", **name, Tags=tags)
    stand.iam("TagInstanceProfile", **name, Tags=[{"Key": "b", "Value": "2"}])
    stand.iam("UntagInstanceProfile", **name, TagKeys=["a"])
    assert stand.iam("ListInstanceProfileTags", **name)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_the_account(stand: Stand) -> None:
    assert stand.iam("ListAccountAliases")["AccountAliases"] == []
    assert stand.iam("GetAccountSummary")["SummaryMap"]["Roles"] == 5
    code, message = stand.refusal("GetUser", UserName="alice")
    assert (code, message) == ("NoSuchEntity", "The user with name alice cannot be found.")
    code, _ = stand.refusal("GetUser")  # the tests' caller is a user who was never made
    assert code == "NoSuchEntity"
