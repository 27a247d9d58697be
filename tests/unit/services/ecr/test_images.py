import json

import pytest
from tests.kit.asgi import exchange
from tests.unit.services.ecr.stand import ACCOUNT, Stand, error

from demitasse.services.ecr import records
from demitasse.services.ecr.manifests import DOCKER_IMAGE, DOCKER_LIST

NONE = "sha256:" + "0" * 64


@pytest.fixture
def ecr():
    stand = Stand()
    stand.repository()
    return stand


def describe(ecr, **given):
    return ecr.call("DescribeImages", repositoryName="app", **given)["imageDetails"]


def pages(ecr, operation, member, **given):
    found = []
    while True:
        page = ecr.call(operation, repositoryName="app", **given)
        found.append(page[member])
        if "nextToken" not in page:
            return found
        given["nextToken"] = page["nextToken"]


def test_a_pushed_image_is_described(ecr):
    digest = ecr.push("latest", b"one", b"four")
    assert describe(ecr) == [
        {
            "registryId": ACCOUNT,
            "repositoryName": "app",
            "imageDigest": digest,
            "imageTags": ["latest"],
            "imageSizeInBytes": len(b'{"architecture":"amd64"}') + 7,
            "imagePushedAt": ecr.now(),
            "imageManifestMediaType": DOCKER_IMAGE,
            "artifactMediaType": "application/vnd.docker.container.image.v1+json",
            "imageStatus": "ACTIVE",
        }
    ]


def test_a_pull_is_noted_once_a_day(ecr):
    ecr.push("latest", b"one")
    assert ecr.http("HEAD", "app/manifests/latest").status == 200
    assert "lastRecordedPullTime" not in describe(ecr)[0]
    first = ecr.now()
    ecr.http("GET", "app/manifests/latest")
    ecr.clock.advance(3600)
    ecr.http("GET", "app/manifests/latest")
    assert describe(ecr)[0]["lastRecordedPullTime"] == first
    ecr.clock.advance(23 * 3600)
    ecr.password = ecr.login(ecr.aws)
    ecr.http("GET", "app/manifests/latest")
    assert describe(ecr)[0]["lastRecordedPullTime"] == ecr.now()


def test_the_same_tag_again_moves_it_and_leaves_the_old_image_untagged(ecr):
    old = ecr.push("latest", b"old")
    ecr.clock.advance(1)
    new = ecr.push("latest", b"new")
    assert ecr.tags() == {"latest": new}
    assert ecr.digests() == {old, new}
    assert "imageTags" not in describe(ecr, imageIds=[{"imageDigest": old}])[0]
    assert describe(ecr, imageIds=[{"imageTag": "latest"}])[0]["imageDigest"] == new


def test_images_are_named_by_digest_tag_or_both(ecr):
    one, two = ecr.push("one", b"1"), ecr.push("two", b"2")
    both = {"imageDigest": one, "imageTag": "one"}
    found = describe(ecr, imageIds=[{"imageTag": "two"}, both, {"imageDigest": one}])
    assert [each["imageDigest"] for each in found] == [two, one]
    missing = {"imageTag": "three"}
    assert ecr.refusal("DescribeImages", repositoryName="app", imageIds=[missing]) == (
        "ImageNotFoundException",
        (
            "The image with imageId {imageDigest:'null', imageTag:'three'} does not exist within the"
            f" repository with name 'app' in the registry with id '{ACCOUNT}'"
        ),
    )
    crossed = {"imageDigest": one, "imageTag": "two"}
    for wrong in (crossed, {"imageDigest": "x"}, {}):
        refused = ecr.refusal("DescribeImages", repositoryName="app", imageIds=[wrong])
        assert refused[0] == "ImageNotFoundException"
    assert (
        ecr.refusal("DescribeImages", repositoryName="app", imageIds=[both], maxResults=1)[0]
        == "InvalidParameterException"
    )


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_images_come_in_pages_and_by_whether_they_have_tags(ecr, size):
    tagged = {ecr.push(f"t{number}", b"%d" % number) for number in range(3)}
    several = ecr.push("a", b"several")
    for tag in "bcd":
        ecr.push(tag, b"several")
    untagged = {ecr.push("", b"u%d" % number) for number in range(2)}
    for status, expected in (
        ("ANY", tagged | untagged | {several}),
        ("TAGGED", tagged | {several}),
        ("UNTAGGED", untagged),
    ):
        given = {"maxResults": size, "filter": {"tagStatus": status}}
        found = pages(ecr, "DescribeImages", "imageDetails", **given)
        assert all(len(page) <= size for page in found)
        digests = [each["imageDigest"] for page in found for each in page]
        assert (len(digests), set(digests)) == (len(expected), expected)
        listed = [
            (each["imageDigest"], each.get("imageTag"))
            for page in pages(ecr, "ListImages", "imageIds", **given)
            for each in page
        ]
        assert len(listed) == len(set(listed)) == len(expected) + 3 * (several in expected)
        assert {digest for digest, _ in listed} == expected


def test_nothing_is_archived_and_strange_tokens_are_refused(ecr):
    ecr.push("latest", b"x")
    for status, count in (("ACTIVE", 1), ("ANY", 1), ("ARCHIVED", 0)):
        assert len(describe(ecr, filter={"imageStatus": status})) == count
    for operation in ("ListImages", "DescribeImages"):
        refused = ecr.refusal(operation, repositoryName="app", nextToken="x")
        assert refused[0] == "InvalidParameterException"


def test_manifests_are_fetched_as_they_were_pushed(ecr):
    data = ecr.manifest(b"layer")
    digest = ecr.put("v1", data, "app", DOCKER_IMAGE)
    ids = [
        {"imageTag": "v1"},
        {"imageDigest": digest},
        {"imageTag": "v2"},
        {"imageDigest": "nonsense"},
        {},
        {"imageDigest": NONE, "imageTag": "v1"},
    ]
    answer = ecr.call("BatchGetImage", repositoryName="app", imageIds=ids)
    assert [each["imageId"] for each in answer["images"]] == [
        {"imageTag": "v1", "imageDigest": digest},
        {"imageDigest": digest},
    ]
    for each in answer["images"]:
        assert each["imageManifest"].encode() == data
        assert each["imageManifestMediaType"] == DOCKER_IMAGE
    assert [(each["imageId"], each["failureCode"]) for each in answer["failures"]] == [
        ({"imageTag": "v2"}, "ImageNotFound"),
        ({"imageDigest": "nonsense"}, "InvalidImageDigest"),
        ({}, "MissingDigestAndTag"),
        ({"imageDigest": NONE, "imageTag": "v1"}, "ImageTagDoesNotMatchDigest"),
    ]
    only = ecr.call(
        "BatchGetImage", repositoryName="app", imageIds=ids[:1], acceptedMediaTypes=[DOCKER_LIST]
    )
    assert (only["images"], len(only["failures"])) == ([], 1)


def test_an_image_gets_a_further_tag_by_the_api(ecr):
    data = ecr.manifest(b"layer")
    digest = ecr.put("v1", data, "app", DOCKER_IMAGE)
    given = {"repositoryName": "app", "imageManifest": data.decode()}
    image = ecr.call("PutImage", imageTag="v2", **given)["image"]
    assert image["imageId"] == {"imageDigest": digest, "imageTag": "v2"}
    assert ecr.tags() == {"v1": digest, "v2": digest}
    assert ecr.refusal("PutImage", imageTag="v2", **given) == (
        "ImageAlreadyExistsException",
        (
            f"Image with digest '{digest}' and tag 'v2' already exists in the repository with name"
            f" 'app' in the registry with id '{ACCOUNT}'"
        ),
    )
    assert ecr.refusal("PutImage", **given)[0] == "ImageAlreadyExistsException"


def test_put_image_checks_what_it_is_given(ecr):
    missing = json.loads(ecr.manifest(b"layer"))
    missing["layers"].append({"mediaType": "x", "size": 1, "digest": NONE})
    for manifest, more, code in (
        ("{", {}, "InvalidParameterException"),
        (ecr.manifest(b"l").decode(), {"imageTag": "sp ace"}, "InvalidParameterException"),
        (
            ecr.manifest(b"l").decode(),
            {"imageManifestMediaType": DOCKER_LIST},
            "InvalidParameterException",
        ),
        (ecr.manifest(b"l").decode(), {"imageDigest": NONE}, "ImageDigestDoesNotMatchException"),
        (json.dumps(missing), {}, "LayersNotFoundException"),
        (
            json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": DOCKER_LIST,
                    "manifests": [{"mediaType": DOCKER_IMAGE, "size": 1, "digest": NONE}],
                }
            ),
            {},
            "ReferencedImagesNotFoundException",
        ),
    ):
        given = {"repositoryName": "app", "imageManifest": manifest, **more}
        assert ecr.refusal("PutImage", **given)[0] == code
    assert ecr.digests() == set()


def test_an_immutable_tag_stays_with_its_image(ecr):
    first = ecr.push("v1", b"first")
    ecr.call("PutImageTagMutability", repositoryName="app", imageTagMutability="IMMUTABLE")
    words = (
        "The image tag 'v1' already exists in the 'app' repository and cannot be overwritten"
        " because the tag is immutable."
    )
    data = ecr.manifest(b"second")
    given = {"repositoryName": "app", "imageManifest": data.decode(), "imageTag": "v1"}
    assert ecr.refusal("PutImage", **given) == ("ImageTagAlreadyExistsException", words)
    refused = ecr.http("PUT", "app/manifests/v1", body=data, Content_Type=DOCKER_IMAGE)
    assert error(refused) == (400, "TAG_INVALID", words)
    assert error(ecr.http("PUT", "app/manifests/v1", body=b"schema 1"))[1] == "TAG_INVALID"
    assert ecr.tags() == {"v1": first}
    ecr.call("PutImage", **{**given, "imageTag": "v2"})


@pytest.mark.parametrize(
    ("mutability", "allowed"),
    [("IMMUTABLE_WITH_EXCLUSION", {"dev-1"}), ("MUTABLE_WITH_EXCLUSION", {"v1"})],
)
def test_excluded_tags_are_the_other_way_round(ecr, mutability, allowed):
    for tag in ("v1", "dev-1"):
        ecr.push(tag, b"first")
    ecr.call(
        "PutImageTagMutability",
        repositoryName="app",
        imageTagMutability=mutability,
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
    )
    data = ecr.manifest(b"second")
    moved = {
        tag
        for tag in ("v1", "dev-1")
        if ecr.http("PUT", f"app/manifests/{tag}", body=data, Content_Type=DOCKER_IMAGE).status
        == 201
    }
    assert moved == allowed


def test_an_index_counts_as_its_largest_image_and_keeps_those_it_names(ecr):
    small, large = ecr.push("", b"s"), ecr.push("", b"large")
    index = ecr.index("multi", small, large)
    sizes = {each["imageDigest"]: each["imageSizeInBytes"] for each in describe(ecr)}
    assert sizes[index] == sizes[large] == sizes[small] + 4
    answer = ecr.call("BatchDeleteImage", repositoryName="app", imageIds=[{"imageDigest": small}])
    assert answer["imageIds"] == []
    (failure,) = answer["failures"]
    assert failure["failureCode"] == "ImageReferencedByManifestList"
    assert failure["failureReason"] == f"Requested image referenced by manifest list: [{index}]"
    refused = error(ecr.http("DELETE", f"app/manifests/{small}"))
    assert refused == (405, "UNSUPPORTED", failure["failureReason"])
    everything = [{"imageDigest": small}, {"imageDigest": index}, {"imageDigest": large}]
    answer = ecr.call("BatchDeleteImage", repositoryName="app", imageIds=everything)
    assert (len(answer["imageIds"]), answer["failures"]) == (3, [])
    assert ecr.digests() == set()


def test_images_are_deleted_by_digest_and_untagged_by_tag(ecr):
    both = ecr.push("a", b"1")
    ecr.push("b", b"1")
    ids = [{"imageTag": "a"}, {"imageTag": "none"}, {"imageDigest": "x"}, {}]
    answer = ecr.call("BatchDeleteImage", repositoryName="app", imageIds=ids)
    assert answer["imageIds"] == [{"imageDigest": both, "imageTag": "a"}]
    assert [each["failureCode"] for each in answer["failures"]] == [
        "ImageNotFound",
        "InvalidImageDigest",
        "MissingDigestAndTag",
    ]
    assert ecr.tags() == {"b": both}
    ecr.call("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "b"}])
    assert ecr.digests() == set()  # its last tag took the image along
    digest = ecr.push("c", b"2")
    ecr.push("d", b"2")
    answer = ecr.call("BatchDeleteImage", repositoryName="app", imageIds=[{"imageDigest": digest}])
    assert answer["imageIds"] == [
        {"imageDigest": digest, "imageTag": "c"},
        {"imageDigest": digest, "imageTag": "d"},
    ]
    assert ecr.kept(records.IMAGE_TAGS) == []


def test_what_was_pushed_about_an_image_goes_with_it(ecr):
    image = ecr.push("latest", b"x")
    signature = ecr.signature(image)
    assert ecr.digests() == {image, signature}
    found = describe(ecr, imageIds=[{"imageDigest": signature}])[0]
    assert found["subjectManifestDigest"] == image
    assert found["artifactMediaType"] == "application/x-signature"
    ecr.call("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "latest"}])
    assert ecr.digests() == set()


def test_layers_are_checked(ecr):
    here = ecr.blob(b"layer")
    answer = ecr.call(
        "BatchCheckLayerAvailability", repositoryName="app", layerDigests=[here, NONE, "nonsense"]
    )
    assert [(each["layerDigest"], each["layerAvailability"]) for each in answer["layers"]] == [
        (here, "AVAILABLE"),
        (NONE, "UNAVAILABLE"),
    ]
    assert answer["layers"][0]["layerSize"] == 5
    assert [each["failureCode"] for each in answer["failures"]] == ["InvalidLayerDigest"]


def test_a_layer_is_fetched_by_its_download_url_for_an_hour(ecr):
    digest = ecr.blob(b"layer")
    given = {"repositoryName": "app", "layerDigest": digest}
    answer = ecr.call("GetDownloadUrlForLayer", **given)
    assert answer["layerDigest"] == digest
    assert answer["downloadUrl"].startswith(f"http://127.0.0.1:4566/v2/app/blobs/{digest}?")
    query = answer["downloadUrl"].partition("?")[2]

    def fetch(path=f"/v2/app/blobs/{digest}", method="GET", query=query):
        return exchange(ecr.registry, method, path, query=query)

    assert fetch().body == b"layer"
    assert fetch(method="HEAD").status == 200
    other = ecr.blob(b"other")
    for refused in (
        fetch(f"/v2/app/blobs/{other}"),
        fetch("/v2/"),
        fetch(method="DELETE"),
        fetch(query="ticket=x"),
        fetch(query="ticket=%ff"),
    ):
        assert error(refused)[:2] == (403, "DENIED")
    ecr.clock.advance(3600)
    assert fetch().status == 403
    refused = ecr.refusal("GetDownloadUrlForLayer", **{**given, "layerDigest": NONE})
    assert refused == (
        "LayersNotFoundException",
        (
            f"The layer with digest '{NONE}' does not exist in the repository with name 'app' in"
            f" the registry with id '{ACCOUNT}'"
        ),
    )


def test_what_was_pushed_about_an_image_is_listed_in_pages(ecr):
    image = ecr.push("latest", b"x")
    signed = {ecr.signature(image, f"signature {number}") for number in range(3)}
    found, token = [], {}
    about = {"repositoryName": "app", "subjectId": {"imageDigest": image}}
    while True:
        page = ecr.call("ListImageReferrers", maxResults=2, **about, **token)
        found += page["referrers"]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert {each["digest"] for each in found} == signed
    assert (len(found), found[0]["annotations"]) == (3, {"by": "me"})
    for wanted, count in (
        ({"artifactTypes": ["application/x-signature"]}, 3),
        ({"artifactTypes": ["text/plain"]}, 0),
        ({"artifactStatus": "ARCHIVED"}, 0),
    ):
        assert len(ecr.call("ListImageReferrers", filter=wanted, **about)["referrers"]) == count
    wrong = {"repositoryName": "app", "subjectId": {"imageDigest": "x"}}
    assert ecr.refusal("ListImageReferrers", **wrong)[0] == "InvalidParameterException"


def test_layers_are_not_uploaded_by_the_api(ecr):
    assert "InitiateLayerUpload" in ecr.refusal("InitiateLayerUpload", repositoryName="app")[1]
