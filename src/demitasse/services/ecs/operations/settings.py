"""Account settings: kept, and effective where they have an effect here."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import NotSupported
from demitasse.services.base import Context
from demitasse.services.ecs.operations import names
from demitasse.services.ecs.operations.api import api
from demitasse.services.ecs.records import SETTINGS, Setting

DEFAULTS = {
    "awsvpcTrunking": "disabled",
    "containerInsights": "disabled",
    "containerInstanceLongArnFormat": "enabled",
    "defaultLogDriverMode": "non-blocking",
    "fargateEventWindows": "disabled",
    "fargateFIPSMode": "disabled",
    "fargateTaskRetirementWaitPeriod": "7",
    "guardDutyActivate": "off",
    "serviceLongArnFormat": "enabled",
    "tagResourceAuthorization": "off",
    "taskLongArnFormat": "enabled",
}
_VALUES = {
    "defaultLogDriverMode": ("blocking", "non-blocking"),
    "fargateTaskRetirementWaitPeriod": ("0", "7", "14"),
    "guardDutyActivate": ("on", "off"),
    "tagResourceAuthorization": ("on", "off"),
    "containerInsights": ("enabled", "disabled", "enhanced"),
}
# Settings that change nothing here whatever their value: trunking concerns EC2 instances, tasks
# are never retired, and reading a log neither blocks its container nor drops lines.
_WITHOUT_EFFECT = ("awsvpcTrunking", "fargateTaskRetirementWaitPeriod", "defaultLogDriverMode")


@api.operation("PutAccountSetting")
def put_account_setting(ctx: Context, given: Input) -> Output:
    """Set it for the caller, or for another principal of the account."""
    return _put(ctx, given, given.get("principalArn") or ctx.caller.arn)


@api.operation("PutAccountSettingDefault")
def put_account_setting_default(ctx: Context, given: Input) -> Output:
    """Set it for everyone in the account who has no value of their own."""
    return _put(ctx, given, "")


@api.operation("DeleteAccountSetting")
def delete_account_setting(ctx: Context, given: Input) -> Output:
    """Back to the account's default; what is gone is given back."""
    principal = given.get("principalArn") or ctx.caller.arn
    item = ctx.tx.get(SETTINGS, ctx.scope, _key(principal, given["name"]))
    if item is None:
        return {"setting": {"name": given["name"], "principalArn": principal, "type": "user"}}
    ctx.tx.delete(SETTINGS, item.ref)
    return {"setting": _show(ctx, item.desired)}


@api.operation("ListAccountSettings")
def list_account_settings(ctx: Context, given: Input) -> Output:
    """The settings of a principal, or with ``effectiveSettings`` what holds for it."""
    principal = given.get("principalArn") or ctx.caller.arn
    if given.get("effectiveSettings"):
        found = [_effective(ctx, principal, name) for name in DEFAULTS]
    else:
        found = [item.desired for item in ctx.tx.page(SETTINGS, ctx.scope, prefix=f"{principal}|")]
    if "value" in given and "name" not in given:
        raise names.invalid("A value can be given only together with a name.")
    wanted = [
        setting
        for setting in found
        if given.get("name") in (None, setting.name) and given.get("value") in (None, setting.value)
    ]

    def rows(after: str, limit: int) -> list[tuple[str, Output]]:
        ordered = sorted(wanted, key=lambda setting: setting.name)
        return [(each.name, _show(ctx, each)) for each in ordered if each.name > after][:limit]

    return names.page(given, "settings", rows, default=10)


def _put(ctx: Context, given: Input, principal: str) -> Output:
    name, value = given["name"], given["value"]
    if name not in DEFAULTS:
        raise names.invalid(f"Unknown account setting: {name}")
    if value not in _VALUES.get(name, ("enabled", "disabled")):
        raise names.invalid(f"Invalid value for the account setting {name}: {value}")
    if name not in _WITHOUT_EFFECT and value != DEFAULTS[name]:
        raise NotSupported(f"The account setting {name} = {value}")
    key = _key(principal, name)
    setting = Setting(name, value, principal)
    item = ctx.tx.get(SETTINGS, ctx.scope, key)
    if item is None:
        ctx.tx.create(SETTINGS, ctx.scope, key, setting)
    else:
        ctx.tx.desire(SETTINGS, item.ref, setting)
    return {"setting": _show(ctx, setting)}


def _effective(ctx: Context, principal: str, name: str) -> Setting:
    for key in (_key(principal, name), _key("", name)):
        item = ctx.tx.get(SETTINGS, ctx.scope, key)
        if item is not None:
            return Setting(name, item.desired.value, principal)
    return Setting(name, DEFAULTS[name], principal)


def _key(principal: str, name: str) -> str:
    return f"{principal}|{name}"


def _show(ctx: Context, setting: Setting) -> Output:
    return {
        "name": setting.name,
        "value": setting.value,
        "principalArn": setting.principal or ctx.scope.global_arn("iam", "root"),
        "type": "aws_managed" if setting.name == "guardDutyActivate" else "user",
    }
