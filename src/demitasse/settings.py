"""Settings: the only reader of the environment and of the configuration file.

Each setting is an environment variable ``DEMITASSE_<NAME>``; the same names in lower case stand in
``<home>/settings.toml``. The environment wins. ``DOCKER_HOST`` is Docker's own, and means the same
here as to the ``docker`` command.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demitasse.errors import StartupError

_PREFIX = "DEMITASSE_"


@dataclass(frozen=True, slots=True)
class Settings:
    """How an installation runs. All times elsewhere are AWS's, divided by ``time_compression``."""

    home: Path
    port: int = 4566
    account: str = "000000000000"
    region: str = "us-east-1"
    time_compression: float = 10.0
    access_key_id: str = ""  # fixed credentials of the first account; "" makes some
    secret_access_key: str = ""
    vpc_cidr: str = ""  # "" takes AWS's block where this machine has it free
    body_limit: int = 16 * 2**20  # bytes of one API call
    allow_reset: bool = False
    log_level: str = "INFO"
    docker: str = "unix:///var/run/docker.sock"  # the Engine's URL

    @property
    def endpoint(self) -> str:
        """The API's URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def registry(self) -> str:
        """The registry's host and port, as image names begin."""
        return f"127.0.0.1:{self.port}"

    @property
    def state_file(self) -> Path:
        return self.home / "state.sqlite"

    @property
    def log_file(self) -> Path:
        return self.home / "platform.log"

    @property
    def identity_file(self) -> Path:
        return self.home / "installation.json"

    @property
    def lock_file(self) -> Path:
        return self.home / "platform.lock"


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; ``StartupError`` names the one that is wrong and what it may be."""
    environment = os.environ if environment is None else environment
    home = Path(environment.get(f"{_PREFIX}HOME") or _default_home(environment)).expanduser()
    values = _from_file(home / "settings.toml")
    for name in _READERS:
        text = environment.get(_PREFIX + name.upper())
        if text is not None:
            values[name] = text
    known: dict[str, Any] = {}
    for name, value in values.items():
        if name not in _READERS:
            raise StartupError(f"there is no setting {name!r} (in {home / 'settings.toml'})")
        try:
            known[name] = _READERS[name](str(value))
        except ValueError as error:
            raise StartupError(f"the setting {_PREFIX}{name.upper()} is wrong: {error}") from error
    if environment.get("DOCKER_HOST"):
        known["docker"] = environment["DOCKER_HOST"]
    settings = Settings(home=home, **known)
    if bool(settings.access_key_id) != bool(settings.secret_access_key):
        raise StartupError(
            "DEMITASSE_ACCESS_KEY_ID and DEMITASSE_SECRET_ACCESS_KEY go together: give both or none"
        )
    return settings


def _default_home(environment: Mapping[str, str]) -> str:
    base = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return f"{base}/demitasse"


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise StartupError(f"{path} cannot be read: {error}") from error


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(f"{text} is not a port (1 to 65535)")
    return port


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise ValueError(f"{text!r} is not an account id (twelve digits)")
    return text


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", text):
        raise ValueError(f"{text!r} is not the name of a region (such as us-east-1)")
    return text


def _compression(text: str) -> float:
    number = float(text)
    if not 1 <= number <= 1000:
        raise ValueError(f"{text} is not between 1 (AWS's own times) and 1000")
    return number


def _cidr(text: str) -> str:
    if not text:
        return ""
    block = ipaddress.IPv4Network(text)
    if block.prefixlen != 16 or not block.is_private:
        raise ValueError(f"{text} is not a private /16 block (such as 172.31.0.0/16)")
    return str(block)


def _size(text: str) -> int:
    number = int(text)
    if number < 2**16:
        raise ValueError(f"{text} is less than 65536 bytes")
    return number


def _switch(text: str) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "0": False,
        "false": False,
        "no": False,
        "": False,
    }
    try:
        return words[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither 1 nor 0") from None


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError(f"{text!r} is none of DEBUG, INFO, WARNING, ERROR")
    return text.upper()


_READERS: dict[str, Any] = {
    "port": _port,
    "account": _account,
    "region": _region,
    "time_compression": _compression,
    "access_key_id": str,
    "secret_access_key": str,
    "vpc_cidr": _cidr,
    "body_limit": _size,
    "allow_reset": _switch,
    "log_level": _level,
}
