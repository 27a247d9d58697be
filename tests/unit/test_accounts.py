from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.accounts import Accounts, Keys, identity
from demitasse.errors import StartupError
from demitasse.ids import RandomIds

ACCOUNTS = Accounts("secret", "000000000000")


@given(st.integers(0, 999_999_999_999))
def test_every_account_has_keys_that_name_it(number: int) -> None:
    account = f"{number:012d}"
    keys = ACCOUNTS.keys(account)
    assert len(keys.access_key_id) == 20
    assert len(keys.secret_access_key) == 40
    assert ACCOUNTS.account_of(keys.access_key_id) == account


@given(st.text(max_size=24))
def test_keys_of_others_are_not_ours(text: str) -> None:
    assert ACCOUNTS.account_of(text) is None
    assert ACCOUNTS.account_of("AKIA" + text) is None


def test_another_installations_keys_are_not_ours() -> None:
    assert (
        Accounts("other", "000000000000").account_of(ACCOUNTS.keys("000000000000").access_key_id)
        is None
    )


def test_fixed_keys_are_those_of_the_first_account() -> None:
    fixed = Keys("test", "test")
    accounts = Accounts("secret", "111122223333", fixed)
    assert accounts.keys("111122223333") == fixed
    assert accounts.account_of("test") == "111122223333"
    assert accounts.keys("999999999999") != fixed


def test_the_identity_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "installation.json"
    first = identity(path, RandomIds())
    assert identity(path, RandomIds()) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["installation.json"]


def test_a_damaged_identity_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "installation.json"
    path.write_text("{")
    with pytest.raises(StartupError, match="installation"):
        identity(path, RandomIds())
