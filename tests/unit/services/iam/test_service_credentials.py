"""Logins with which git comes to CodeCommit."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.iam.stand import ACCOUNT, Stand

from demitasse import git_credential
from demitasse.accounts import Accounts
from demitasse.api import Caller
from demitasse.credentials import Credentials

ROOT = {"UserName": "root"}
SERVICE = "codecommit.amazonaws.com"
ACCOUNTS = Accounts("secret", "000000000000")


class Doorkeeper:
    """Who a lasting login is, as the platform sees it."""

    def __init__(self, stand: Stand) -> None:
        self.known = Credentials(ACCOUNTS, stand.store)

    def knows(self, login: str, password: str, account: str = ACCOUNT) -> bool:
        caller: Caller | None = self.known.lasting(account, login, password)
        assert caller is None or caller.arn == f"arn:aws:iam::{account}:root"
        return caller is not None


@pytest.fixture
def stand() -> Stand:
    return Stand()


def make(stand: Stand) -> dict[str, Any]:
    made: dict[str, Any] = stand.iam(
        "CreateServiceSpecificCredential", **ROOT, ServiceName=SERVICE
    )["ServiceSpecificCredential"]
    return made


def test_a_login_is_made_and_lets_git_in(stand: Stand) -> None:
    door, made = Doorkeeper(stand), make(stand)
    password, login = made.pop("ServicePassword"), f"root-at-{ACCOUNT}"
    identity = made["ServiceSpecificCredentialId"]
    assert identity.startswith("ACCA")
    assert made == {
        **ROOT,
        "ServiceSpecificCredentialId": identity,
        "ServiceName": SERVICE,
        "ServiceUserName": login,
        "CreateDate": stand.clock.now(),
        "Status": "Active",
    }
    assert door.knows(login, password)
    assert not door.knows(login, "wrong")
    assert not door.knows(login, password, "210987654321")
    listed = stand.iam("ListServiceSpecificCredentials", **ROOT, ServiceName=SERVICE)
    assert listed["ServiceSpecificCredentials"] == [made]
    first = git_credential.static_password(ACCOUNTS.keys(ACCOUNT).secret_access_key)
    assert door.knows(login, first)  # that of `demitasse env` goes on


def test_a_login_is_turned_off_renewed_and_deleted(stand: Stand) -> None:
    door, made = Doorkeeper(stand), make(stand)
    login, password = made["ServiceUserName"], made["ServicePassword"]
    which = {**ROOT, "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    stand.iam("UpdateServiceSpecificCredential", **which, Status="Inactive")
    assert not door.knows(login, password)
    stand.iam("UpdateServiceSpecificCredential", **which, Status="Active")
    assert door.knows(login, password)
    renewed = stand.iam("ResetServiceSpecificCredential", **which)["ServiceSpecificCredential"]
    assert not door.knows(login, password)
    assert door.knows(login, renewed["ServicePassword"])
    stand.iam("DeleteServiceSpecificCredential", **which)
    assert not door.knows(login, renewed["ServicePassword"])
    assert stand.refusal("ResetServiceSpecificCredential", **which)[0] == "NoSuchEntity"


def test_a_user_has_two_at_most(stand: Stand) -> None:
    names = [make(stand)["ServiceUserName"] for _ in range(2)]
    assert names == [f"root-at-{ACCOUNT}", f"root+1-at-{ACCOUNT}"]
    operation = "CreateServiceSpecificCredential"
    code, _ = stand.refusal(operation, **ROOT, ServiceName=SERVICE)
    assert code == "LimitExceeded"
    code, _ = stand.refusal(operation, **ROOT, ServiceName="cassandra.amazonaws.com")
    assert code == "NotSupportedService"
    code, _ = stand.refusal(operation, UserName="alice", ServiceName=SERVICE)
    assert code == "NoSuchEntity"
    assert (
        len(
            stand.iam("ListServiceSpecificCredentials", AllUsers=True)["ServiceSpecificCredentials"]
        )
        == 2
    )
    assert stand.refusal("ListServiceSpecificCredentials", UserName="alice")[0] == "NoSuchEntity"


def test_each_user_has_logins_of_their_own(stand: Stand) -> None:
    make(stand)
    stand.iam("CreateUser", UserName="mary")
    mary = stand.iam("CreateServiceSpecificCredential", UserName="mary", ServiceName=SERVICE)[
        "ServiceSpecificCredential"
    ]
    assert mary["ServiceUserName"] == f"mary-at-{ACCOUNT}"
    caller = Credentials(ACCOUNTS, stand.store).lasting(
        ACCOUNT, mary["ServiceUserName"], mary["ServicePassword"]
    )
    assert caller is not None
    assert caller.arn == f"arn:aws:iam::{ACCOUNT}:user/mary"
    every = stand.iam("ListServiceSpecificCredentials", AllUsers=True)
    assert len(every["ServiceSpecificCredentials"]) == 2
    which = {"UserName": "mary", "ServiceSpecificCredentialId": mary["ServiceSpecificCredentialId"]}
    wrong = {**which, **ROOT}
    assert stand.refusal("DeleteServiceSpecificCredential", **wrong)[0] == "NoSuchEntity"
    stand.iam("DeleteServiceSpecificCredential", **which)
