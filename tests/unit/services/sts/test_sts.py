from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.kit import asgi
from tests.kit.installation import Installation

from demitasse.api import Scope
from demitasse.clock import ManualClock
from demitasse.services.ec2 import operations as ec2
from demitasse.services.iam import records as iam
from demitasse.services.sts import operations as sts
from demitasse.services.sts.records import EVERYWHERE, SESSIONS

HERE, THERE = "111111111111", "222222222222"


class World:
    """Two accounts, and roles in them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.installation = Installation(sts.api, ec2.api, clock=self.clock)
        self.root = self.installation.root(HERE)
        self.stranger = self.installation.root(THERE)

    def role(
        self,
        name: str = "PipelineRole",
        *,
        account: str = HERE,
        principal: Any = None,
        path: str = "/",
        longest: int = 3600,
        **statement: Any,
    ) -> str:
        """Make a role that ``principal`` may assume (by default its own account); its ARN."""
        allowed = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"}
            if principal is None
            else principal,
            "Action": "sts:AssumeRole",
            **statement,
        }
        return self.trusting(name, [allowed], account=account, path=path, longest=longest)

    def trusting(
        self,
        name: str,
        statements: list[dict[str, Any]],
        *,
        account: str = HERE,
        path: str = "/",
        longest: int = 3600,
    ) -> str:
        role = iam.Role(
            name=name,
            role_id="AROADEMITASSETESTROL",
            trust_policy=json.dumps({"Version": "2012-10-17", "Statement": statements}),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            path=path,
            max_session_seconds=longest,
        )
        with self.installation.store.transaction() as tx:
            tx.create(iam.ROLES, iam.everywhere(Scope(account, "")), name, role)
        return role.arn(account)

    def assume(self, arn: str, client: asgi.Api | None = None, **given: Any) -> dict[str, Any]:
        wanted = {"RoleArn": arn, "RoleSessionName": "me", **given}
        return (client or self.root).call("sts", "AssumeRole", **wanted)

    def refused(self, arn: str, client: asgi.Api | None = None, **given: Any) -> tuple[str, str]:
        wanted = {"RoleArn": arn, "RoleSessionName": "me", **given}
        return (client or self.root).refusal("sts", "AssumeRole", **wanted)

    def who(self, credentials: dict[str, Any]) -> dict[str, Any]:
        answer = self.installation.session(credentials).call("sts", "GetCallerIdentity")
        return {name: answer[name] for name in ("UserId", "Account", "Arn")}


@pytest.fixture
def world() -> World:
    return World()


def test_callers_are_told_who_they_are(world: World) -> None:
    answer = world.root.call("sts", "GetCallerIdentity")
    assert (answer["UserId"], answer["Account"]) == (HERE, HERE)
    assert answer["Arn"] == f"arn:aws:iam::{HERE}:root"
    assert world.stranger.call("sts", "GetCallerIdentity")["Account"] == THERE


def test_an_assumed_role_gives_credentials_that_work(world: World) -> None:
    answer = world.assume(world.role(), SourceIdentity="student")
    user = answer["AssumedRoleUser"]
    assert user["Arn"] == f"arn:aws:sts::{HERE}:assumed-role/PipelineRole/me"
    assert user["AssumedRoleId"] == "AROADEMITASSETESTROL:me"
    assert answer["SourceIdentity"] == "student"
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    assert credentials["Expiration"] == asgi.later(world.clock.now(), 3600)
    assert world.who(credentials) == {
        "UserId": "AROADEMITASSETESTROL:me",
        "Account": HERE,
        "Arn": user["Arn"],
    }


def test_a_role_with_a_path_is_named_without_it_in_the_session(world: World) -> None:
    arn = world.role("Deploy", path="/service/team/")
    assert arn == f"arn:aws:iam::{HERE}:role/service/team/Deploy"
    user = world.assume(arn)["AssumedRoleUser"]
    assert user["Arn"] == f"arn:aws:sts::{HERE}:assumed-role/Deploy/me"
    assert world.refused(f"arn:aws:iam::{HERE}:role/Deploy")[0] == "AccessDenied"


def test_a_role_of_another_account_leads_into_that_account(world: World) -> None:
    arn = world.role(account=THERE, principal={"AWS": HERE})
    world.stranger.call("ec2", "DescribeVpcs")
    theirs = world.stranger.call("ec2", "DescribeVpcs")["Vpcs"][0]["VpcId"]
    session = world.installation.session(world.assume(arn)["Credentials"])
    assert session.call("ec2", "DescribeVpcs")["Vpcs"][0]["VpcId"] == theirs
    assert world.root.call("ec2", "DescribeVpcs")["Vpcs"][0]["VpcId"] != theirs


def allow(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


@pytest.mark.parametrize(
    "statements",
    [
        [allow({"AWS": "*"})],
        [allow("*")],
        [allow({"AWS": HERE})],
        [allow({"AWS": [THERE, f"arn:aws:iam::{HERE}:root"]})],
        [allow({"AWS": HERE}, Action=["sts:TagSession", "sts:AssumeRole"])],
        [allow({"AWS": HERE}, Action="sts:*")],
        [{**allow({"AWS": THERE}), "Effect": "Deny"}, allow({"AWS": "*"})],
        [allow({"AWS": HERE}, Condition={"Bool": {"x": "y"}}), allow({"AWS": HERE})],
    ],
)
def test_whom_a_trust_policy_lets_in(world: World, statements: list[dict[str, Any]]) -> None:
    assert world.assume(world.trusting("Role", statements))["Credentials"]


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [allow({"AWS": THERE})],
        [allow({"AWS": f"arn:aws:iam::{HERE}:user/somebody"})],
        [allow({"Service": "ecs-tasks.amazonaws.com"})],
        [allow({"AWS": HERE}, Action="sts:AssumeRoleWithSAML")],
        [allow({"AWS": "*"}), {**allow({"AWS": HERE}), "Effect": "Deny"}],
        [{**allow({"AWS": HERE}), "Effect": "Deny"}, allow({"AWS": "*"})],
        [allow({"AWS": HERE}, Condition={"StringEquals": {"sts:ExternalId": "x"}})],
        [
            allow({"AWS": HERE}),
            {**allow({"AWS": HERE}, Condition={"Bool": {"x": "y"}}), "Effect": "Deny"},
        ],
    ],
)
def test_whom_a_trust_policy_keeps_out(world: World, statements: list[dict[str, Any]]) -> None:
    arn = world.trusting("Role", statements)
    assert world.refused(arn) == (
        "AccessDenied",
        (
            f"User: arn:aws:iam::{HERE}:root is not authorized to perform: sts:AssumeRole on"
            f" resource: {arn}"
        ),
    )
    wanted = {"RoleArn": arn, "RoleSessionName": "me"}
    parsed = world.root.parsed("sts", "AssumeRole", wanted)
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_role_that_is_not_there_is_refused_like_one_that_does_not_trust(world: World) -> None:
    assert world.refused(f"arn:aws:iam::{HERE}:role/Nobody")[0] == "AccessDenied"
    assert world.refused("arn:aws:iam::1:role/Nobody") == (
        "ValidationError",
        "arn:aws:iam::1:role/Nobody is invalid",
    )
    assert world.refused(f"arn:aws:iam::{HERE}:user/somebody")[0] == "ValidationError"


@pytest.mark.parametrize(
    "option",
    [
        {"Policy": "{}"},
        {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]},
        {"Tags": [{"Key": "a", "Value": "b"}]},
        {"SerialNumber": "GAHT12345678", "TokenCode": "123456"},
    ],
)
def test_options_that_would_restrict_are_refused_by_name(
    world: World, option: dict[str, Any]
) -> None:
    _code, message = world.refused(world.role(), **option)
    assert next(iter(option)) in message


def test_a_session_lasts_as_long_as_the_role_lets_it(world: World) -> None:
    arn = world.role(longest=7200)
    credentials = world.assume(arn, DurationSeconds=7200)["Credentials"]
    assert credentials["Expiration"] == asgi.later(world.clock.now(), 7200)
    assert world.refused(arn, DurationSeconds=7201) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    assert world.refused(arn, DurationSeconds=899)[0] == "ValidationError"
    assert world.refused(arn, RoleSessionName="no spaces")[0] == "ValidationError"


def test_a_chained_session_lasts_an_hour_at_most(world: World) -> None:
    first = world.role("First", principal="*")
    second = world.role("Second", principal="*", longest=43_200)
    session = world.installation.session(world.assume(first)["Credentials"])
    assert world.assume(second, session, DurationSeconds=3600)["Credentials"]
    assert world.refused(second, session, DurationSeconds=3601) == (
        "ValidationError",
        (
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role"
            " chaining."
        ),
    )


def test_credentials_expire_and_are_forgotten_later(world: World) -> None:
    credentials = world.assume(world.role())["Credentials"]
    session = world.installation.session(credentials)
    world.clock.advance(3599)
    session.call("sts", "GetCallerIdentity")
    world.clock.advance(2)
    assert session.refusal("sts", "GetCallerIdentity")[0] == "ExpiredToken"
    world.clock.advance(2 * 86_400)
    world.root.call("sts", "GetSessionToken")
    assert session.refusal("sts", "GetCallerIdentity")[0] == "InvalidClientTokenId"


def test_many_old_sessions_are_forgotten_a_few_at_a_time(world: World) -> None:
    for _ in range(50):
        world.root.call("sts", "GetSessionToken")
    world.clock.advance(3 * 86_400)

    def kept() -> int:
        with world.installation.store.transaction() as tx:
            return tx.count(SESSIONS, EVERYWHERE)

    world.root.call("sts", "GetSessionToken")
    assert kept() == 51 - 20
    for _ in range(2):
        world.root.call("sts", "GetSessionToken")
    assert kept() == 3


def test_a_token_belongs_to_its_credentials(world: World) -> None:
    arn = world.role()
    one, other = (world.assume(arn)["Credentials"] for _ in range(2))
    for mixed in ({**one, "SessionToken": other["SessionToken"]}, {**one, "SessionToken": None}):
        session = world.installation.session(mixed)
        code = session.refusal("sts", "GetCallerIdentity")[0]
        assert code in {"InvalidClientTokenId", "InvalidToken", "UnrecognizedClientException"}
    tampered = {**one, "SecretAccessKey": other["SecretAccessKey"]}
    code = world.installation.session(tampered).refusal("sts", "GetCallerIdentity")[0]
    assert code == "SignatureDoesNotMatch"


def test_session_tokens_stand_for_the_caller_itself(world: World) -> None:
    credentials = world.root.call("sts", "GetSessionToken", DurationSeconds=900)["Credentials"]
    assert credentials["Expiration"] == asgi.later(world.clock.now(), 900)
    assert world.who(credentials)["Arn"] == f"arn:aws:iam::{HERE}:root"
    longest = world.root.call("sts", "GetSessionToken", DurationSeconds=129_600)["Credentials"]
    assert longest["Expiration"] == asgi.later(world.clock.now(), 3600), "AWS's rule for owners"
    assert world.root.refusal("sts", "GetSessionToken", DurationSeconds=899)[0] == (
        "ValidationError"
    )
    session = world.installation.session(credentials)
    assert session.refusal("sts", "GetSessionToken") == (
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    )
    assert "TokenCode" in world.root.refusal("sts", "GetSessionToken", TokenCode="123456")[1]
