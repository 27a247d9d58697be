from __future__ import annotations

from pathlib import Path

import pytest

from demitasse.errors import StartupError
from demitasse.settings import load


def test_the_defaults(tmp_path: Path) -> None:
    settings = load({"DEMITASSE_HOME": str(tmp_path)})
    assert settings.endpoint == "http://127.0.0.1:4566"
    assert settings.registry == "127.0.0.1:4566"
    assert not settings.allow_reset


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('port = 4000\nregion = "eu-west-3"\n')
    settings = load({"DEMITASSE_HOME": str(tmp_path), "DEMITASSE_PORT": "4001"})
    assert (settings.port, settings.region) == (4001, "eu-west-3")


def test_docker_is_where_docker_host_says(tmp_path: Path) -> None:
    home = {"DEMITASSE_HOME": str(tmp_path)}
    assert load(home).docker == load({**home, "DOCKER_HOST": ""}).docker
    assert load(home).docker == "unix:///var/run/docker.sock"
    assert load({**home, "DOCKER_HOST": "unix:///run/x.sock"}).docker == "unix:///run/x.sock"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "http"),
        ("ACCOUNT", "123"),
        ("REGION", "Montréal"),
        ("TIME_COMPRESSION", "0.5"),
        ("VPC_CIDR", "8.8.0.0/16"),
        ("VPC_CIDR", "10.0.0.0/8"),
        ("ALLOW_RESET", "maybe"),
        ("LOG_LEVEL", "LOUD"),
        ("BODY_LIMIT", "1"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(StartupError, match=name):
        load({"DEMITASSE_HOME": str(tmp_path), f"DEMITASSE_{name}": value})


def test_half_a_pair_of_keys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="together"):
        load({"DEMITASSE_HOME": str(tmp_path), "DEMITASSE_ACCESS_KEY_ID": "x"})


def test_an_unknown_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("prot = 4000\n")
    with pytest.raises(StartupError, match="prot"):
        load({"DEMITASSE_HOME": str(tmp_path)})
