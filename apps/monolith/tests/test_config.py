from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from monolith.config import CONFIG_FILE, ConfigError, load


def test_defaults_stand_in_the_config_file() -> None:
    settings = load({})
    assert settings.port == 80
    assert settings.database.drivername == "sqlite"
    assert settings.service == "monolith"


def test_environment_names_the_database_server() -> None:
    url = load({"APP_DB_HOST": "db.example", "APP_DB_PASSWORD": "p@ss:/word"}).database
    assert (url.host, url.port, url.username, url.database) == (
        "db.example",
        3306,
        "nodeapp",
        "COFFEE",
    )
    assert url.password == "p@ss:/word"


def test_empty_variable_counts_as_not_given() -> None:
    assert load({"APP_DB_HOST": "", "APP_PORT": " "}) == load({})


def test_config_file_is_overridden_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text('APP_DB_HOST: "from-file"\nAPP_PORT: 8081\n')
    assert load({}, file).database.host == "from-file"
    assert load({}, file).port == 8081
    settings = load({"APP_DB_HOST": "from-env", "APP_PORT": "9000"}, file)
    assert (settings.database.host, settings.port) == ("from-env", 9000)


def test_shell_can_cut_the_database_host_out_of_the_config_file(tmp_path: Path) -> None:
    host = "mydb.c9akciq32.us-east-1.rds.amazonaws.com"
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG_FILE.read_text().replace('HOST: ""', f'HOST: "{host}"'))
    command = f"cat {tmp_path}/config.* | grep 'APP_DB_HOST' | cut -d '\"' -f2"
    assert subprocess.check_output(command, shell=True, text=True) == f"{host}\n"
    assert load({}, file).database.host == host


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8080.5", "9" * 5000, "٨٠"])
def test_port_that_is_none_is_refused_by_name(port: str) -> None:
    with pytest.raises(ConfigError, match="APP_PORT must be a number"):
        load({"APP_PORT": port})


@pytest.mark.parametrize("content", ["just text", "- a\n- b", "{", "\t:"])
def test_config_file_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=r"config\.yaml"):
        load({}, file)


def test_missing_config_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load({}, tmp_path / "config.yaml")


@pytest.mark.parametrize("version", ["1.0\nX-Evil: 1", "version one", "é", "1" * 65])
def test_version_that_fits_no_header_is_refused(version: str) -> None:
    assert load({"APP_VERSION": " 2.1-g3f9c1d2\n"}).version == "2.1-g3f9c1d2"
    with pytest.raises(ConfigError, match="APP_VERSION must be"):
        load({"APP_VERSION": version})


def test_log_level_is_checked() -> None:
    assert load({"APP_LOG_LEVEL": "debug"}).log_level == "DEBUG"
    with pytest.raises(ConfigError, match="APP_LOG_LEVEL must be"):
        load({"APP_LOG_LEVEL": "loud"})
