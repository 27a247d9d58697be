"""What ECR tells EventBridge of its images."""

import json

import pytest
from tests.kit.events import hear_everything, heard

from .stand import SCOPE, Stand


@pytest.fixture
def ecr():
    stand = Stand()
    stand.repository()
    hear_everything(stand.store, SCOPE)
    return stand


def told(ecr):
    return [
        (each.detail["action-type"], each.detail.get("image-tag"), each.detail["image-digest"])
        for each in heard(ecr.store, SCOPE, "aws.ecr")
    ]


def test_a_push_is_told_in_aws_words(ecr):
    digest = ecr.push("latest", b"x")
    (event,) = heard(ecr.store, SCOPE)
    assert (event.source, event.detail_type) == ("aws.ecr", "ECR Image Action")
    assert event.resources == ()
    assert event.detail == {
        "result": "SUCCESS",
        "repository-name": "app",
        "image-digest": digest,
        "action-type": "PUSH",
        "image-tag": "latest",
    }


def test_a_push_that_changes_nothing_is_not_told(ecr):
    first, second = ecr.push("latest", b"x"), ecr.push("latest", b"x")
    assert first == second
    assert told(ecr) == [("PUSH", "latest", first)]


def test_each_tag_and_each_image_is_told(ecr):
    first = ecr.push("latest", b"x")
    ecr.push("v1", b"x")
    second = ecr.push("latest", b"y")
    third = ecr.push("", b"z")
    assert told(ecr) == [
        ("PUSH", "latest", first),
        ("PUSH", "v1", first),
        ("PUSH", "latest", second),
        ("PUSH", None, third),
    ]


def test_deleting_is_told_tag_by_tag(ecr):
    digest = ecr.push("a", b"x")
    ecr.push("b", b"x")
    other = ecr.push("", b"y")
    ecr.call("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "a"}])
    ecr.http("DELETE", f"app/manifests/{digest}")
    ecr.call("BatchDeleteImage", repositoryName="app", imageIds=[{"imageDigest": other}])
    assert told(ecr)[3:] == [
        ("DELETE", "a", digest),
        ("DELETE", "b", digest),
        ("DELETE", None, other),
    ]


def test_what_a_policy_expires_is_told(ecr):
    digest = ecr.push("old", b"x")
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"},
    }
    text = json.dumps({"rules": [rule]})
    ecr.call("PutLifecyclePolicy", repositoryName="app", lifecyclePolicyText=text)
    ecr.clock.advance(1)
    ecr.push("new", b"y")
    ecr.settle()
    assert told(ecr)[-1] == ("DELETE", "old", digest)


def test_a_push_that_is_refused_is_not_told(ecr):
    ecr.call("PutImageTagMutability", repositoryName="app", imageTagMutability="IMMUTABLE")
    ecr.push("v1", b"x")
    data = ecr.manifest(b"y")
    refused = ecr.http(
        "PUT", "app/manifests/v1", body=data, Content_Type=json.loads(data)["mediaType"]
    )
    assert refused.status == 400
    assert len(told(ecr)) == 1
