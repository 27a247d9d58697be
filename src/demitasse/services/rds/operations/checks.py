"""What a DB instance may be asked to be: AWS's bounds, in AWS's words.

Each answers what it was given, or raises ``ServiceError`` with AWS's code.
"""

from __future__ import annotations

import re

from demitasse.api import Input
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.rds import servers

_STORAGE_TYPES = {"gp2", "gp3", "standard"}
_RESERVED_NAMES = {"root", "mysql", "mariadb", "rdsadmin", "admin@localhost", "public"}


def identifier(text: str) -> str:
    """An instance identifier, in lower case."""
    if not re.fullmatch(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,62}(?<!-)", text):
        raise ServiceError(
            "InvalidParameterValue",
            "The parameter DBInstanceIdentifier is not a valid identifier. Identifiers must begin"
            " with a letter; must contain only ASCII letters, digits, and hyphens; and must not end"
            " with a hyphen or contain two consecutive hyphens.",
        )
    return text.lower()


def server(given: Input) -> servers.Server:
    """The server of the engine and version asked for."""
    found = servers.SERVERS.get(given["Engine"])
    if found is None:
        raise NotSupported(
            f"CreateDBInstance with Engine {given['Engine']} (here: {', '.join(servers.SERVERS)})"
        )
    version = given.get("EngineVersion", found.version)
    if version != found.version and not version.startswith(found.version + "."):
        raise ServiceError(
            "InvalidParameterCombination",
            f"Cannot find version {version} for {found.engine}; here it is {found.version}",
        )
    return found


def check_network_type(given: Input) -> None:
    """IPv4, and the licence that MariaDB has."""
    if given.get("NetworkType", "IPV4") != "IPV4":
        raise NotSupported(f"NetworkType {given['NetworkType']}")
    if given.get("LicenseModel", "general-public-license") != "general-public-license":
        raise ServiceError(
            "InvalidParameterCombination", "Invalid license model for engine mariadb"
        )


def modes(given: Input) -> None:
    """The modes that there are here: of insights, of extended support, of automation."""
    for member, only in (
        ("DatabaseInsightsMode", "standard"),
        ("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
        ("AutomationMode", "full"),
    ):
        if given.get(member, only) != only:
            raise NotSupported(f"{member} {given[member]}")


def instance_class(name: str) -> str:
    """A known DB instance class."""
    if name not in servers.classes():
        raise ServiceError("InvalidParameterValue", f"Invalid DB Instance class: {name}")
    return name


def storage(given: Input) -> int:
    """The allocated storage, in GiB."""
    size: int = given.get("AllocatedStorage", 0)
    if not 5 <= size <= 65536:
        raise ServiceError(
            "InvalidParameterValue",
            f"Invalid storage size for engine name {given.get('Engine', 'mariadb')} and storage"
            f" type {given.get('StorageType', 'gp2')}: {size}",
        )
    return size


def more_storage(given: Input, current: int) -> int:
    """The storage that an instance is to grow to: a tenth more at least, as AWS rounds up."""
    size = storage(given)
    if size < current:
        raise ServiceError(
            "InvalidParameterCombination",
            "Requested storage size cannot be less than the current storage size",
        )
    return size if size == current else max(size, -(-current * 11 // 10))


def storage_type(name: str) -> str:
    """A storage type that is carried."""
    if name not in _STORAGE_TYPES:
        raise NotSupported(f"StorageType {name}")
    return name


def username(given: Input) -> str:
    """The master user, which is not one of the server's own."""
    name = given.get("MasterUsername") or ""
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{0,15}", name) or name.lower() in _RESERVED_NAMES:
        raise ServiceError(
            "InvalidParameterValue",
            f"MasterUsername {name} cannot be used as it is a reserved word used by the engine"
            if name.lower() in _RESERVED_NAMES
            else "The parameter MasterUsername must be provided and must begin with a letter; up to"
            " 16 letters, digits and underscores.",
        )
    return str(name)


def password(text: str | None) -> str:
    """The master password: 8 to 41 printable characters, without some."""
    if text is None:
        raise ServiceError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword must be provided and must not be blank.",
        )
    if not 8 <= len(text) <= 41:
        raise ServiceError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword is not a valid password because it is shorter than 8"
            " characters or longer than 41.",
        )
    if not re.fullmatch(r"[\x21-\x7e]+", text) or re.search(r"[/\"@]", text):
        raise ServiceError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII"
            " characters besides '/', '@', '\"', ' ' may be used.",
        )
    return text


def database_name(name: str) -> str:
    """The first database's name, "" for none."""
    if name and not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{0,63}", name):
        raise ServiceError(
            "InvalidParameterValue",
            "DBName must begin with a letter and contain only alphanumeric characters.",
        )
    return name


def port(number: int) -> int:
    """A port that RDS allows."""
    if not 1150 <= number <= 65535:
        raise ServiceError(
            "InvalidParameterValue", f"Invalid endpoint port {number}, valid range is 1150-65535."
        )
    return number


def retention(days: int) -> int:
    """The days that backups are kept: none."""
    if days:
        raise NotSupported("BackupRetentionPeriod other than 0 (automated backups)")
    return days
