"""What the application is told: by the environment first, then by `config/config.yaml`."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from sqlalchemy import URL

from customer import __version__

CONFIG_FILE = Path(__file__).parents[1] / "config" / "config.yaml"


class ConfigError(Exception):
    """A setting that cannot be used; the message names it."""


@dataclass(frozen=True)
class Settings:
    """The settings, checked. `database` is a MariaDB/MySQL server or a SQLite file."""

    database: URL
    port: int
    version: str
    host: str
    log_level: str = "INFO"
    service: str = "customer"


def load(environ: Mapping[str, str] = os.environ, file: Path = CONFIG_FILE) -> Settings:
    """Read the settings.

    A variable that is set but empty counts as not given: that is what a shell leaves
    behind when it has forgotten the address of the database.

    Raises:
        ConfigError: the file is not a list of `NAME: value` lines, or a value is no use.
    """
    values = _defaults(file) | {name: value for name, value in environ.items() if value.strip()}
    return Settings(
        database=_database(values),
        port=_port(values, "APP_PORT", 8080),
        version=_version(values),
        host=socket.gethostname(),
        log_level=_log_level(values),
    )


def _defaults(file: Path) -> dict[str, str]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{file} must hold lines such as APP_PORT: 8080")
    return {
        str(name): str(value)
        for name, value in content.items()
        if value is not None and str(value).strip()
    }


def _database(values: Mapping[str, str]) -> URL:
    host = values.get("APP_DB_HOST", "").strip()
    if not host:
        return URL.create("sqlite", database=values.get("APP_DB_FILE", "suppliers.db"))
    return URL.create(
        "mysql+pymysql",
        username=values.get("APP_DB_USER", "nodeapp"),
        password=values.get("APP_DB_PASSWORD", "coffee"),
        host=host,
        port=_port(values, "APP_DB_PORT", 3306),
        database=values.get("APP_DB_NAME", "COFFEE"),
        query={"charset": "utf8mb4"},
    )


def _port(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name, str(default)).strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        raise ConfigError(f"{name} must be a number from 1 to 65535, not {text!r}")
    return int(text)


def _version(values: Mapping[str, str]) -> str:
    version = values.get("APP_VERSION", __version__).strip()
    if not re.fullmatch(r"[!-~]{1,64}", version):  # it stands in a header of each answer
        raise ConfigError(f"APP_VERSION must be 1 to 64 letters, digits and signs, not {version!r}")
    return version


def _log_level(values: Mapping[str, str]) -> str:
    level = values.get("APP_LOG_LEVEL", "INFO").strip().upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ConfigError(f"APP_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {level!r}")
    return level
