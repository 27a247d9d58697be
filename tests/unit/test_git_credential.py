"""Git's logins: made here and by the AWS CLI alike, and verified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from tests.kit import asgi

from demitasse import git_credential
from demitasse.api import Caller
from demitasse.cli.git_credential import configuration, login, read
from demitasse.clock import ManualClock
from demitasse.settings import load
from demitasse.wire import Credential
from demitasse.wire.git_credential import GitCredentials

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOST, PATH = "127.0.0.1:4566", "/v1/repos/demo"
SESSION_KEY = "ASIADEMITASSETESTKEY"


def password_of_the_cli(region: str, host: str, path: str) -> str:
    """As ``aws codecommit credential-helper get`` makes it, with the CLI's own code."""
    from awscli.customizations import codecommit
    from botocore.auth import SigV4Auth

    keys = BotoCredentials(asgi.ACCESS_KEY, asgi.SECRET_KEY)
    signer = SigV4Auth(keys, "codecommit", region)
    request = AWSRequest(method="GIT", url=f"http://{host}{path}")
    request.context["timestamp"] = NOW.strftime("%Y%m%dT%H%M%S")
    canonical = f"GIT\n{path}\n\nhost:{host.split(':', maxsplit=1)[0]}\n\nhost\n"
    signed = signer.signature(signer.string_to_sign(request, canonical), request)
    assert codecommit.CodeCommitGetCommand.NAME == "get"
    return f"{request.context['timestamp']}Z{signed}"


def _lasting(account: str, login: str, password: str) -> Caller | None:
    """The root user's login, and a second one."""
    assert account == asgi.ACCOUNT
    logins = {f"root-at-{account}": "first", f"root+1-at-{account}": "second"}
    return asgi.CALLER if logins.get(login) == password else None


class Door:
    """What lets git in, at a time of the test's choosing."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        root = Credential(asgi.SECRET_KEY, asgi.CALLER)
        session = Credential("session-secret", asgi.CALLER, "token%/+=", NOW + timedelta(minutes=5))
        self.known = asgi.Credentials({asgi.ACCESS_KEY: root, SESSION_KEY: session})
        self.verify = GitCredentials(
            credentials=self.known, lasting=_lasting, clock=self.clock, region="us-east-1"
        )

    def __call__(self, user: str, password: str, **where: str) -> Any:
        return self.verify(user, password, **{"host": HOST, "path": PATH, **where})


@pytest.fixture
def door() -> Door:
    return Door()


def made(region: str = "us-east-1", secret: str = asgi.SECRET_KEY, **changed: Any) -> str:
    given = {"host": HOST, "path": PATH, "now": NOW, **changed}
    return git_credential.password(secret, region, **given)


def test_the_password_is_the_clis() -> None:
    assert made() == password_of_the_cli("us-east-1", HOST, PATH)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-3", "us-gov-west-1"])
def test_the_signature_tells_the_region(door: Door, region: str) -> None:
    assert door(asgi.ACCESS_KEY, made(region)) == (asgi.CALLER, region)


def test_the_port_is_not_signed(door: Door) -> None:
    assert door(asgi.ACCESS_KEY, made(), host="127.0.0.1") == (asgi.CALLER, "us-east-1")


@pytest.mark.parametrize(
    ("user", "password", "where", "why"),
    [
        (asgi.ACCESS_KEY, made(secret="wrong"), {}, "does not match"),
        (asgi.ACCESS_KEY, made("xx-nowhere-1"), {}, "does not match"),
        (asgi.ACCESS_KEY, made(), {"path": "/v1/repos/other"}, "does not match"),
        (asgi.ACCESS_KEY, made(), {"host": "localhost:4566"}, "does not match"),
        (asgi.ACCESS_KEY, "hunter2", {}, "no CodeCommit git credential"),
        (asgi.ACCESS_KEY, made(now=NOW - timedelta(minutes=16)), {}, "expired"),
        (asgi.ACCESS_KEY, made(now=NOW + timedelta(minutes=16)), {}, "expired"),
        ("AKIANOBODYNOBODYNOBO", made(), {}, "security token"),
        (SESSION_KEY, made(secret="session-secret"), {}, "security token"),
        (f"{asgi.ACCESS_KEY}%token", made(), {}, "security token"),
        ("root-at-123456789012", "wrong", {}, "wrong"),
    ],
)
def test_others_are_told_why_not(
    door: Door, user: str, password: str, where: dict[str, str], why: str
) -> None:
    answer = door(user, password, **where)
    assert isinstance(answer, str)
    assert why in answer


def test_a_date_that_does_not_exist(door: Door) -> None:
    text = "20260231T000000"
    signed = git_credential.signature(asgi.SECRET_KEY, "us-east-1", HOST, PATH, text)
    assert "does not exist" in door(asgi.ACCESS_KEY, f"{text}Z{signed}")


def test_temporary_credentials_come_with_their_token_and_end(door: Door) -> None:
    user = git_credential.user(SESSION_KEY, "token%/+=")
    assert door(user, made(secret="session-secret")) == (asgi.CALLER, "us-east-1")
    door.clock.advance(301)
    assert "expired" in door(user, made(secret="session-secret"))


def test_a_password_that_lasts(door: Door) -> None:
    door.clock.advance(10**7)
    assert door("root-at-123456789012", "first") == (asgi.CALLER, "us-east-1")
    assert door("root-at-123456789012+eu-west-3", "first") == (asgi.CALLER, "eu-west-3")
    assert door("root+1-at-123456789012", "second") == (asgi.CALLER, "us-east-1")


def test_git_is_told_a_login_for_the_shells_own_key(tmp_path: Any) -> None:
    settings = load({"DEMITASSE_HOME": str(tmp_path)})
    asked = read(["protocol=http\n", "host=127.0.0.1:4566\n", "path=v1/repos/demo\n", "\n", "x=y"])
    assert asked == {"protocol": "http", "host": HOST, "path": "v1/repos/demo"}
    shell = {
        "AWS_ACCESS_KEY_ID": "ASIAX",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "eu-west-3",
    }
    lines = read(login(asked, settings, shell).splitlines())
    assert lines["username"] == "ASIAX%token"
    time, _, signed = lines["password"].partition("Z")
    assert signed == git_credential.signature("secret", "eu-west-3", HOST, PATH, time)
    assert read(login(asked, settings, {}).splitlines())["username"].startswith("AKIA")
    assert login({"host": HOST}, settings, shell) == ""


def test_what_git_is_told_already_stays(tmp_path: Any) -> None:
    settings = load({"DEMITASSE_HOME": str(tmp_path)})
    before = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Mary",
    }
    once = configuration(settings, before)
    assert once["GIT_CONFIG_KEY_0"] == "user.name"
    assert once["GIT_CONFIG_COUNT"] == "6"
    assert configuration(settings, once) == once
