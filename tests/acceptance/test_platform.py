"""The platform as a process, from outside."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.acceptance.conftest import Installation, installed, take_down

from demitasse import daemon
from demitasse.errors import StartupError

pytestmark = pytest.mark.docker


def test_the_cli_and_boto3_know_who_they_are(platform: Installation) -> None:
    said = platform.aws("sts", "get-caller-identity")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["Account"] == platform.settings.account
    other = platform.client("sts", account="222222222222").get_caller_identity()
    assert other["Account"] == "222222222222"


def test_accounts_and_regions_are_apart(platform: Installation) -> None:
    def vpcs(**where: str) -> set[str]:
        found = platform.client("ec2", **where).describe_vpcs()["Vpcs"]
        return {vpc["VpcId"] for vpc in found}

    here, elsewhere, other = vpcs(), vpcs(region_name="eu-west-3"), vpcs(account="222222222222")
    assert len(here | elsewhere | other) == 3


def test_temporary_credentials_work_and_their_token_is_needed(platform: Installation) -> None:
    import boto3

    given = platform.client("sts").get_session_token()["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "region_name": "us-east-1",
        "endpoint_url": platform.settings.endpoint,
    }
    with_token = boto3.client("sts", **keys, aws_session_token=given["SessionToken"])
    assert with_token.get_caller_identity()["Account"] == platform.settings.account
    with pytest.raises(ClientError):
        boto3.client("sts", **keys).get_caller_identity()


def test_what_is_not_carried_out_is_refused_by_name(platform: Installation) -> None:
    with pytest.raises(ClientError, match="RunInstances") as refused:
        platform.client("ec2").run_instances(MinCount=1, MaxCount=1, ImageId="ami-1")
    assert 400 <= refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def test_the_reset_call_is_off_unless_enabled(platform: Installation) -> None:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        platform.settings.endpoint + "/_demitasse/reset", method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 404
    refused.value.close()


def test_an_occupied_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        installation = installed(tmp_path, DEMITASSE_PORT=str(occupant.getsockname()[1]))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in installation.environment.items():
                patch.setenv(name, value)
            with pytest.raises(StartupError, match="is taken by another program"):
                daemon.start(installation.settings)


def test_a_second_platform_on_the_same_state_is_refused(platform: Installation) -> None:
    said = platform.demitasse("serve")
    assert said.returncode == 1
    assert "a platform runs already" in said.stderr
    assert "Traceback" not in said.stderr


def test_without_a_platform_status_says_so(tmp_path: Path) -> None:
    installation = installed(tmp_path)
    said = installation.demitasse("status")
    assert said.returncode == 3
    assert "does not run" in said.stdout


def test_state_survives_kill_nine(tmp_path: Path) -> None:
    import os
    import signal

    installation = installed(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in installation.environment.items():
            patch.setenv(name, value)
        try:
            process = daemon.start(installation.settings)
            made = installation.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
            os.kill(process, signal.SIGKILL)
            daemon.start(installation.settings)
            found = installation.client("ec2").describe_vpcs(VpcIds=[made])["Vpcs"]
            assert found[0]["CidrBlock"] == "10.9.0.0/16"
        finally:
            take_down(installation)
