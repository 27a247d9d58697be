"""What is kept of IAM. It has no regions: its records stand in the region ``aws-global``.

Permissions are kept and returned, and not evaluated: whoever signs as an account may do everything
in it. What is evaluated is who may assume a role (``trusts``, ``trusts_service``).
"""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from demitasse.api import Caller, Scope
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing

REGION = "aws-global"
NOWHERE = Scope("", "")
CODECOMMIT = "codecommit.amazonaws.com"
"""The service that users have logins of their own for."""

Tags = dict[str, str]


class Role(msgspec.Struct, frozen=True, omit_defaults=True):
    """A role; the record's key is its name. Policies are kept as the text that was given."""

    name: str
    role_id: str
    trust_policy: str
    created_at: datetime
    path: str = "/"
    description: str = ""
    max_session_seconds: int = 3600
    inline_policies: dict[str, str] = msgspec.field(default_factory=dict)
    attached_policies: tuple[str, ...] = ()  # ARNs, in the order attached
    permissions_boundary: str = ""
    tags: Tags = msgspec.field(default_factory=dict)

    def arn(self, account: str) -> str:
        """The role's ARN."""
        return f"arn:aws:iam::{account}:role{self.path}{self.name}"


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """A user beside the account's root; the record's key is its name."""

    name: str
    user_id: str
    created_at: datetime
    path: str = "/"
    inline_policies: dict[str, str] = msgspec.field(default_factory=dict)
    attached_policies: tuple[str, ...] = ()  # ARNs, in the order attached
    tags: Tags = msgspec.field(default_factory=dict)

    def arn(self, account: str) -> str:
        """The user's ARN."""
        return f"arn:aws:iam::{account}:user{self.path}{self.name}"

    def caller(self, account: str, access_key_id: str) -> Caller:
        """The identity that calls with the user's keys."""
        return Caller(account, self.arn(account), self.user_id, access_key_id)


class AccessKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key of a user; the record's key is the access key id."""

    account: str
    user: str
    secret_access_key: str
    created_at: datetime
    active: bool = True


class PolicyVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of a managed policy."""

    version_id: str
    document: str
    created_at: datetime


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """A customer's managed policy; the record's key is its ARN."""

    name: str
    policy_id: str
    created_at: datetime
    updated_at: datetime
    versions: tuple[PolicyVersion, ...]
    default_version: str = "v1"
    last_number: int = 1  # of the newest version; numbers are not used again
    path: str = "/"
    description: str = ""
    tags: Tags = msgspec.field(default_factory=dict)

    def version(self, version_id: str) -> PolicyVersion | None:
        """One of the versions."""
        return next((each for each in self.versions if each.version_id == version_id), None)


class InstanceProfile(msgspec.Struct, frozen=True, omit_defaults=True):
    """An instance profile; the record's key is its name."""

    name: str
    profile_id: str
    created_at: datetime
    path: str = "/"
    role: str = ""
    tags: Tags = msgspec.field(default_factory=dict)

    def arn(self, account: str) -> str:
        """The profile's ARN."""
        return f"arn:aws:iam::{account}:instance-profile{self.path}{self.name}"


class ServiceCredential(msgspec.Struct, frozen=True, omit_defaults=True):
    """A login of a user for one service, as git has it of CodeCommit; ``key`` is its id.

    ``service`` is AWS's name (``codecommit.amazonaws.com``). Of the password, which is random and
    long, its SHA-256 is kept, in hexadecimal.
    """

    user: str
    service: str
    login: str
    password_sha256: str
    created_at: datetime
    active: bool = True


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    """That an account has its first roles; the record's key is ``account``."""

    created_at: datetime


RoleItem = Item[Role, Nothing]
UserItem = Item[User, Nothing]
PolicyItem = Item[Policy, Nothing]
ProfileItem = Item[InstanceProfile, Nothing]

# "name" finds names whatever the case of their letters: IAM takes each only once.
ROLES: Kind[Role, Nothing] = Kind(
    "iam.role",
    Role,
    Nothing,
    {
        "name": lambda item: item.desired.name.lower(),
        "policy": lambda item: item.desired.attached_policies,
        "boundary": lambda item: item.desired.permissions_boundary or None,
    },
)
USERS: Kind[User, Nothing] = Kind(
    "iam.user",
    User,
    Nothing,
    {
        "name": lambda item: item.desired.name.lower(),
        "policy": lambda item: item.desired.attached_policies,
    },
)
ACCESS_KEYS: Kind[AccessKey, Nothing] = Kind(
    "iam.access-key",
    AccessKey,
    Nothing,
    {"user": lambda item: of_user(item.desired.account, item.desired.user)},
)
"""They stand in no account: one is looked up before it is known whose it is."""
POLICIES: Kind[Policy, Nothing] = Kind(
    "iam.policy", Policy, Nothing, {"name": lambda item: item.desired.name.lower()}
)
INSTANCE_PROFILES: Kind[InstanceProfile, Nothing] = Kind(
    "iam.instance-profile",
    InstanceProfile,
    Nothing,
    {
        "name": lambda item: item.desired.name.lower(),
        "role": lambda item: item.desired.role or None,
    },
)
SERVICE_CREDENTIALS: Kind[ServiceCredential, Nothing] = Kind(
    "iam.service-credential",
    ServiceCredential,
    Nothing,
    {
        "login": lambda item: _login(item.desired.service, item.desired.login),
        "user": lambda item: item.desired.user,
    },
)
ACCOUNTS: Kind[Account, Nothing] = Kind("iam.account", Account, Nothing)


def everywhere(scope: Scope) -> Scope:
    """Where an account's IAM records stand, whatever region was called."""
    return Scope(scope.account, REGION)


def of_user(account: str, user: str) -> str:
    """Under which a user's access keys are found."""
    return f"{account}/{user}"


def find_user(tx: Transaction, account: str, name: str) -> User | None:
    """The user of that name; not the root user."""
    found = tx.get(USERS, Scope(account, REGION), name)
    return found.desired if found else None


def find_access_key(tx: Transaction, access_key_id: str) -> tuple[AccessKey, User] | None:
    """An access key that lets its user in, and the user."""
    found = tx.get(ACCESS_KEYS, NOWHERE, access_key_id)
    if found is None or not found.desired.active:
        return None
    user = find_user(tx, found.desired.account, found.desired.user)
    return (found.desired, user) if user else None


def find_service_credential(
    tx: Transaction, account: str, service: str, login: str
) -> ServiceCredential | None:
    """The login of that name for a service, active or not."""
    found = tx.one(SERVICE_CREDENTIALS, Scope(account, REGION), "login", _login(service, login))
    return found.desired if found else None


def _login(service: str, login: str) -> str:
    return f"{service} {login}"


def find_role(tx: Transaction, scope: Scope, arn: str) -> Role | None:
    """The role of the scope's account that an ARN names."""
    found = tx.get(ROLES, everywhere(scope), arn.rpartition("/")[2])
    return found.desired if found and found.desired.arn(scope.account) == arn else None


def trusts_service(role: Role, service: str) -> bool:
    """Whether a role's trust policy lets a service (``events.amazonaws.com``) assume it.

    Conditions are not evaluated: what they name (the account, a resource) is not known here.
    """
    allowed = False
    for statement in _statements(role.trust_policy):
        principal = statement.get("Principal", {})
        named = principal == "*" or service in _listed(principal.get("Service", []))
        if not named or not _names_assume_role(statement):
            continue
        if statement.get("Effect") == "Deny" and "Condition" not in statement:
            return False
        allowed = allowed or statement.get("Effect") == "Allow"
    return allowed


def trusts(role: Role, caller: Caller) -> bool:
    """Whether a role's trust policy lets ``caller`` assume it.

    Evaluates Effect, (Not)Principal (AWS) and (Not)Action; a statement with a Condition counts as not
    matching when it allows, as matching when it denies: never more is let in than on AWS.
    """
    allowed = False
    for statement in _statements(role.trust_policy):
        if not _names_assume_role(statement) or not _names(statement, caller):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = allowed or "Condition" not in statement
    return allowed


def _statements(policy: str) -> list[dict[str, Any]]:
    statements: Any = msgspec.json.decode(policy)["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _names_assume_role(statement: dict[str, Any]) -> bool:
    wanted = "NotAction" not in statement
    listed = _listed(statement.get("Action" if wanted else "NotAction", []))
    return wanted is any(fnmatchcase("sts:assumerole", action.lower()) for action in listed)


def _names(statement: dict[str, Any], caller: Caller) -> bool:
    wanted = "NotPrincipal" not in statement
    principal = statement.get("Principal" if wanted else "NotPrincipal", {})
    listed = ["*"]
    if principal != "*":
        listed = _listed(principal.get("AWS", [])) if isinstance(principal, dict) else []
    return wanted is any(_is(one, caller) for one in listed)


def _is(principal: str, caller: Caller) -> bool:
    """Whether a principal is the caller, or all of the caller's account, or everybody.

    Who assumed a role is that role, which stands in the caller's ARN without its path.
    """
    account = f"arn:aws:iam::{caller.account}:"
    if principal in {"*", caller.account, f"{account}root", caller.arn}:
        return True
    session = caller.arn.partition(":assumed-role/")[2]
    role = session.partition("/")[0]
    name = principal.rpartition("/")[2]
    return bool(role) and principal.startswith(f"{account}role/") and name == role


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
