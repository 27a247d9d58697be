"""The actions that are carried out: AWS's action types, with what each must and may be told.

Follows the "Action structure reference" of CodePipeline's user guide. Everything else is not
available here, and a pipeline that wants it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from demitasse.errors import NotSupported
from demitasse.services.codepipeline import environment

Configuration = dict[str, str]
Check = Callable[[Configuration, Sequence[str]], str]
"""Tells what is wrong with a configuration, given the names of the input artifacts; "": nothing.

``NotSupported`` names what is right and not carried out.
"""


@dataclass(frozen=True, slots=True)
class ActionType:
    """An action type of AWS: ``needs`` and ``takes`` name its configuration's members.

    ``inputs`` and ``outputs`` bound the numbers of artifacts. ``only`` maps a member to the values
    of it that are carried out (none: the member is refused whatever it says).
    """

    category: str
    provider: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    inputs: tuple[int, int] = (0, 0)
    outputs: tuple[int, int] = (0, 0)
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    check: Check | None = None
    minutes: int = 0
    """After how many minutes AWS gives the action up (0: its service does that)."""

    owner = "AWS"
    version = "1"


def _one_of(name: str, *allowed: str) -> Check:
    def check(given: Configuration, _inputs: Sequence[str]) -> str:
        value = given.get(name)
        if value is None or value.lower() in allowed or "#{" in value:
            return ""
        return f"{name} must be one of {', '.join(allowed)}, not '{value}'"

    return check


def _all(*checks: Check) -> Check:
    def check(given: Configuration, inputs: Sequence[str]) -> str:
        return next((said for each in checks if (said := each(given, inputs))), "")

    return check


def _build(given: Configuration, inputs: Sequence[str]) -> str:
    try:
        told = environment.read(given.get("EnvironmentVariables", "[]"))
    except environment.Unreadable as error:
        return str(error)
    for each in told:
        if each.type != environment.PLAIN:
            raise NotSupported(f"The type {each.type} of the environment variable {each.name}")
    primary = given.get("PrimarySource")
    if len(inputs) > 1 and primary is None:
        return "PrimarySource must be set when there is more than one input artifact"
    if primary is not None and primary not in inputs:
        return f"PrimarySource '{primary}' is not one of the action's input artifacts"
    return ""


def _blue_green(given: Configuration, inputs: Sequence[str]) -> str:
    wanted = {name: value for name, value in given.items() if name.endswith("Artifact")}
    images = [n for n in range(1, 5) if f"Image{n}ArtifactName" in given]
    wanted |= {name: given[name] for n in images if (name := f"Image{n}ArtifactName")}
    for name, value in wanted.items():
        if value not in inputs:
            return f"{name} '{value}' is not one of the action's input artifacts"
    for number in range(1, 5):
        pair = f"Image{number}ArtifactName", f"Image{number}ContainerName"
        if (pair[0] in given) != (pair[1] in given):
            return f"{pair[0]} and {pair[1]} must be given together"
    return ""


def _s3_deploy(given: Configuration, _inputs: Sequence[str]) -> str:
    if given["Extract"].lower() == "false" and not given.get("ObjectKey"):
        return "ObjectKey must be set when Extract is false"
    return ""


def _timeout(given: Configuration, _inputs: Sequence[str]) -> str:
    value = given.get("DeploymentTimeout")
    if value is None or (value.isdecimal() and 1 <= int(value) <= 60):
        return ""
    return "DeploymentTimeout must be a number of minutes from 1 to 60"


_BUILD_TAKES = ("PrimarySource", "EnvironmentVariables", "BatchEnabled", "CombineArtifacts")
_BUILD_ONLY = (("BatchEnabled", ("false",)), ("CombineArtifacts", ("false",)))

_DAY = 24 * 60

ACTION_TYPES = (
    ActionType(
        "Source",
        "CodeCommit",
        needs=("RepositoryName", "BranchName"),
        takes=("PollForSourceChanges", "OutputArtifactFormat"),
        outputs=(1, 1),
        only=(("OutputArtifactFormat", ("CODE_ZIP",)),),
        check=_one_of("PollForSourceChanges", "true", "false"),
    ),
    ActionType(
        "Source",
        "ECR",
        needs=("RepositoryName",),
        takes=("ImageTag",),
        outputs=(1, 1),
    ),
    ActionType(
        "Source",
        "S3",
        needs=("S3Bucket", "S3ObjectKey"),
        takes=("PollForSourceChanges", "AllowOverrideForS3ObjectKey"),
        outputs=(1, 1),
        check=_all(
            _one_of("PollForSourceChanges", "true", "false"),
            _one_of("AllowOverrideForS3ObjectKey", "true", "false"),
        ),
    ),
    *(
        ActionType(
            category,
            "CodeBuild",
            needs=("ProjectName",),
            takes=_BUILD_TAKES,
            inputs=(1, 5),
            outputs=(0, 5),
            only=_BUILD_ONLY,
            check=_build,
        )
        for category in ("Build", "Test")
    ),
    ActionType(
        "Approval",
        "Manual",
        takes=("CustomData", "ExternalEntityLink", "NotificationArn", "IsSummaryRequired"),
        only=(("NotificationArn", ()),),
        check=_one_of("IsSummaryRequired", "true", "false"),
        minutes=7 * _DAY,
    ),
    ActionType(
        "Deploy",
        "CodeDeployToECS",
        needs=(
            "ApplicationName",
            "DeploymentGroupName",
            "TaskDefinitionTemplateArtifact",
            "AppSpecTemplateArtifact",
        ),
        takes=(
            "TaskDefinitionTemplatePath",
            "AppSpecTemplatePath",
            *(f"Image{n}{what}" for n in range(1, 5) for what in ("ArtifactName", "ContainerName")),
        ),
        inputs=(1, 5),
        check=_blue_green,
        minutes=5 * _DAY,
    ),
    ActionType(
        "Deploy",
        "ECS",
        needs=("ClusterName", "ServiceName"),
        takes=("FileName", "DeploymentTimeout"),
        inputs=(1, 1),
        check=_timeout,
        minutes=60,
    ),
    ActionType(
        "Deploy",
        "S3",
        needs=("BucketName", "Extract"),
        takes=("ObjectKey", "KMSEncryptionKeyARN", "CannedACL", "CacheControl"),
        inputs=(1, 1),
        only=(("KMSEncryptionKeyARN", ()), ("CannedACL", ("private", "bucket-owner-full-control"))),
        check=_all(_one_of("Extract", "true", "false"), _s3_deploy),
    ),
)

_KNOWN = {(each.category, each.provider): each for each in ACTION_TYPES}


def find(category: str, owner: str, provider: str, version: str) -> ActionType | None:
    """The action type, or ``None`` when it is not available here."""
    found = _KNOWN.get((category, provider))
    return found if found and (owner, version) == (found.owner, found.version) else None
