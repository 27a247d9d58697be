"""What CodePipeline has and Demitasse does not carry out is refused by name, with the structure."""

from __future__ import annotations

import pytest
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import (
    Change,
    approval,
    building,
    deploying,
    first,
    publishing,
    stage,
)

CASES: dict[str, tuple[Change, str]] = {
    "environment of secrets": (
        lambda p: p["stages"].append(
            stage("Build", building('[{"name":"A","value":"b","type":"SECRETS_MANAGER"}]'))
        ),
        "The type SECRETS_MANAGER of the environment variable A is not supported",
    ),
    "sns": (
        lambda p: p["stages"].append(
            stage("Ask", approval() | {"configuration": {"NotificationArn": "arn:aws:sns:::t"}})
        ),
        "NotificationArn arn:aws:sns:::t (action 'Ask') is not supported by Demitasse",
    ),
    "public": (
        lambda p: p["stages"].append(stage("Site", publishing(CannedACL="public-read"))),
        "CannedACL public-read (action 'Put') is not supported",
    ),
    "KMS": (
        lambda p: p["stages"].append(stage("Site", publishing(KMSEncryptionKeyARN="key"))),
        "KMSEncryptionKeyARN key (action 'Put') is not supported",
    ),
    "clone": (
        lambda p: first(p)["configuration"].update(OutputArtifactFormat="CODEBUILD_CLONE_REF"),
        "OutputArtifactFormat CODEBUILD_CLONE_REF (action 'Code') is not supported",
    ),
    "region": (
        lambda p: first(p).update(region="eu-west-3"),
        "The region eu-west-3 of the action 'Code' is not supported",
    ),
    "store of another region": (
        lambda p: (
            p.update(artifactStores=dict.fromkeys(("us-east-1", "eu-west-3"), p["artifactStore"]))
            or p.pop("artifactStore")
        ),
        "artifactStores of other regions (eu-west-3) is not supported",
    ),
    "key": (
        lambda p: p["artifactStore"].update(encryptionKey={"id": "k", "type": "KMS"}),
        "artifactStore.encryptionKey is not supported",
    ),
    "condition": (
        lambda p: p["stages"][1].update(beforeEntry={"conditions": [{"result": "FAIL"}]}),
        "stages[1].beforeEntry (stage conditions) is not supported",
    ),
    "commands": (
        lambda p: first(p, 1).update(commands=["ls"]),
        "stages[1].actions[0].commands is not supported",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_by_name(case: str) -> None:
    change, says = CASES[case]
    given = deploying()
    change(given)
    code_said, message = Stand().refused("CreatePipeline", pipeline=given)
    assert (code_said, says in message) == ("ValidationException", True), message
