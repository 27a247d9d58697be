"""Logging in, pushing and fetching manifests, listing, referrers."""

import base64
import json

import pytest
from tests.kit.asgi import exchange
from tests.unit.services.ecr.stand import ACCOUNT, Stand, error

from demitasse.services.ecr.manifests import (
    DOCKER_IMAGE,
    DOCKER_LIST,
    OCI_IMAGE,
    OCI_INDEX,
    digest_of,
)

NONE = "sha256:" + "0" * 64
UNKNOWN = f"The repository with name 'none' does not exist in the registry with id '{ACCOUNT}'"


@pytest.fixture
def ecr():
    stand = Stand()
    stand.repository()
    return stand


def put(ecr, document, reference="v1", kind="", repository="app"):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = {"Content_Type": kind} if kind else {}
    return ecr.http("PUT", f"{repository}/manifests/{reference}", body=data, **headers)


def test_who_has_not_logged_in_is_asked_to(ecr):
    for value in (None, "", "Basic", "Basic !", "Basic QVdT", "Bearer x", "Basic " + "QVdTOng="):
        headers = [] if value is None else [(b"authorization", value.encode())]
        for path in ("/v2/", "/v2", "/v2/app/tags/list"):
            answer = exchange(ecr.registry, "GET", path, headers=headers)
            assert error(answer)[:2] == (401, "UNAUTHORIZED")
            assert (
                answer.headers["www-authenticate"]
                == 'Basic realm="http://127.0.0.1:4566/",service="ecr.amazonaws.com"'
            )


def test_a_login_is_good_for_twelve_hours(ecr):
    assert ecr.http("GET", "").status == 200
    assert ecr.http("GET", "").headers["docker-distribution-api-version"] == "registry/2.0"
    ecr.clock.advance(12 * 3600)
    assert error(ecr.http("GET", "")) == (
        403,
        "DENIED",
        "Your authorization token has expired. Reauthenticate and try again.",
    )


def test_the_login_decides_account_and_region(ecr):
    ecr.push("latest", b"x")
    for client in (ecr.elsewhere, ecr.other):
        password = ecr.login(client)
        assert (
            error(ecr.http("GET", "app/manifests/latest", password=password))[1] == "NAME_UNKNOWN"
        )
        assert json.loads(ecr.http("GET", "_catalog", password=password).body) == {
            "repositories": []
        }


def test_a_manifest_comes_back_byte_for_byte(ecr):
    data = ecr.manifest(b"layer")
    done = put(ecr, data, kind=DOCKER_IMAGE)
    assert done.status == 201
    assert done.headers["location"] == f"/v2/app/manifests/{digest_of(data)}"
    for reference in ("v1", digest_of(data)):
        got = ecr.http("GET", f"app/manifests/{reference}")
        assert got.body == data
        assert got.headers["content-type"] == DOCKER_IMAGE
        assert got.headers["docker-content-digest"] == digest_of(data)
        head = ecr.http("HEAD", f"app/manifests/{reference}")
        assert (head.body, head.headers["content-length"]) == (b"", str(len(data)))


def test_a_manifest_is_given_only_to_who_can_read_it(ecr):
    ecr.push("v1", b"layer")
    for accept in ("*/*", f"{OCI_INDEX}, {DOCKER_IMAGE};q=0.5", "application/*"):
        assert ecr.http("GET", "app/manifests/v1", Accept=accept).status == 200
    refused = error(ecr.http("GET", "app/manifests/v1", Accept=OCI_IMAGE))
    assert refused[:2] == (404, "MANIFEST_UNKNOWN")
    assert DOCKER_IMAGE in refused[2]


def test_unknown_repositories_tags_and_digests(ecr):
    for method, path in (
        ("GET", "none/manifests/v1"),
        ("PUT", "none/manifests/v1"),
        ("DELETE", "none/manifests/v1"),
        ("GET", f"none/blobs/{NONE}"),
        ("DELETE", f"none/blobs/{NONE}"),
        ("POST", "none/blobs/uploads/"),
        ("GET", "none/blobs/uploads/x"),
        ("GET", "none/tags/list"),
        ("GET", f"none/referrers/{NONE}"),
    ):
        assert error(ecr.http(method, path)) == (404, "NAME_UNKNOWN", UNKNOWN)
    for reference in ("v1", NONE):
        for method in ("GET", "DELETE"):
            refused = error(ecr.http(method, f"app/manifests/{reference}"))
            assert refused == (404, "MANIFEST_UNKNOWN", "Requested image not found")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "APP/tags/list", 400, "NAME_INVALID"),
        ("GET", "a//b/tags/list", 400, "NAME_INVALID"),
        ("GET", "../../x/tags/list", 400, "NAME_INVALID"),
        ("GET", "a" * 300 + "/tags/list", 400, "NAME_INVALID"),
        ("GET", "app/manifests/.x", 400, "TAG_INVALID"),
        ("GET", "app/manifests/" + "x" * 129, 400, "TAG_INVALID"),
        ("GET", "app/manifests/sha256:1", 400, "DIGEST_INVALID"),
        ("GET", "app/blobs/sha256:" + "A" * 64, 400, "DIGEST_INVALID"),
        ("GET", "app/referrers/x", 400, "DIGEST_INVALID"),
        ("POST", "app/manifests/v1", 405, "UNSUPPORTED"),
        ("PUT", "app/tags/list", 405, "UNSUPPORTED"),
        ("GET", "app/blobs/uploads/", 405, "UNSUPPORTED"),
        ("GET", "app", 404, "UNSUPPORTED"),
        ("GET", "app/tags/list/", 404, "UNSUPPORTED"),
        ("GET", "_catalog/x", 404, "UNSUPPORTED"),
    ],
)
def test_requests_that_make_no_sense(ecr, method, path, status, code):
    assert error(ecr.http(method, path))[:2] == (status, code)


def descriptor(digest, kind=DOCKER_IMAGE, size=1):
    return {"mediaType": kind, "size": size, "digest": digest}


IMAGE = {"schemaVersion": 2, "mediaType": DOCKER_IMAGE, "config": descriptor(NONE), "layers": []}
INDEX = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (b"", ""),
        (b"{", DOCKER_IMAGE),
        (b'{"x":' * 100_000, DOCKER_IMAGE),
        (b"\xff", DOCKER_IMAGE),
        ([], ""),
        ({}, DOCKER_IMAGE),
        ({**IMAGE, "schemaVersion": 1}, ""),
        ({**IMAGE, "schemaVersion": "2"}, ""),
        ({**IMAGE, "mediaType": "text/plain"}, ""),
        ({"schemaVersion": 2}, "text/plain"),
        (IMAGE, OCI_IMAGE),
        (IMAGE, DOCKER_LIST),
        ({**IMAGE, "layers": None}, ""),
        ({**IMAGE, "config": None}, ""),
        ({**IMAGE, "manifests": []}, ""),
        ({**IMAGE, "config": descriptor("md5:1")}, ""),
        ({**IMAGE, "layers": [descriptor(NONE, size=-1)]}, ""),
        ({**IMAGE, "layers": [{}]}, ""),
        ({**INDEX, "layers": []}, ""),
        ({**INDEX, "subject": descriptor("x")}, ""),
        ({"schemaVersion": 2, "mediaType": OCI_INDEX}, ""),
    ],
)
def test_what_is_no_manifest_is_refused(ecr, document, kind):
    answer = put(ecr, document, kind=kind)
    assert error(answer)[:2] == (400, "MANIFEST_INVALID")
    assert ecr.digests() == set()


def test_a_manifest_whose_parts_are_missing_is_refused(ecr):
    assert error(put(ecr, IMAGE))[:2] == (400, "MANIFEST_BLOB_UNKNOWN")
    index = {**INDEX, "manifests": [descriptor(NONE)]}
    assert error(put(ecr, index))[:2] == (400, "MANIFEST_BLOB_UNKNOWN")
    ecr.repository("other")
    elsewhere = ecr.manifest(b"layer", repository="other")
    refused = error(put(ecr, elsewhere, kind=DOCKER_IMAGE))
    assert refused[:2] == (400, "MANIFEST_BLOB_UNKNOWN")
    assert ecr.digests() == set()


def test_layers_that_live_elsewhere_are_not_asked_for(ecr):
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    data = ecr.manifest(b"layer", layers=[{**descriptor(NONE, foreign), "urls": ["http://x"]}])
    assert put(ecr, data, kind=DOCKER_IMAGE).status == 201


def test_a_manifest_pushed_by_digest_must_have_it(ecr):
    data = ecr.manifest(b"layer")
    refused = put(ecr, data, NONE, DOCKER_IMAGE)
    assert error(refused)[:2] == (400, "DIGEST_INVALID")
    assert put(ecr, data, digest_of(data), DOCKER_IMAGE).status == 201
    assert ecr.tags() == {}


def test_a_manifest_of_more_than_four_megabytes_is_refused(ecr):
    refused = ecr.http("PUT", "app/manifests/v1", body=[b" " * 2**20] * 5)
    assert error(refused)[:2] == (413, "SIZE_INVALID")


def test_images_for_several_platforms(ecr):
    arm, amd = ecr.push("", b"arm"), ecr.push("", b"amd")
    index = ecr.index("multi", arm, amd)
    got = ecr.http("GET", "app/manifests/multi", Accept=f"{DOCKER_IMAGE}, {DOCKER_LIST}")
    assert got.headers["docker-content-digest"] == index
    assert [each["digest"] for each in json.loads(got.body)["manifests"]] == [arm, amd]
    assert ecr.http("DELETE", "app/manifests/multi").status == 202
    assert ecr.digests() == {arm, amd}


def test_deleting_by_tag_takes_the_image_with_its_last_tag(ecr):
    ecr.push("a", b"x")
    digest = ecr.push("b", b"x")
    assert ecr.http("DELETE", "app/manifests/a").status == 202
    assert ecr.tags() == {"b": digest}
    assert ecr.http("DELETE", "app/manifests/b").status == 202
    assert ecr.http("GET", f"app/manifests/{digest}").status == 404


def test_tags_are_listed_in_order_and_pages(ecr):
    names = ["1.0", "1.1", "A", "_x", "a", "latest"]
    for name in reversed(names):
        ecr.push(name, b"x")
    ecr.repository("app2")
    assert json.loads(ecr.http("GET", "app/tags/list").body) == {"name": "app", "tags": names}
    assert json.loads(ecr.http("GET", "app2/tags/list").body) == {"name": "app2", "tags": []}
    found, query = [], "n=4"
    while True:
        answer = ecr.http("GET", "app/tags/list", query=query)
        found += json.loads(answer.body)["tags"]
        if "link" not in answer.headers:
            break
        link = answer.headers["link"]
        assert link.startswith("</v2/app/tags/list?")
        assert link.endswith('>; rel="next"')
        query = link.partition("?")[2].partition(">")[0]
    assert found == names
    assert json.loads(ecr.http("GET", "app/tags/list", query="n=0").body)["tags"] == []
    for wrong in ("n=x", "n=-1", "n=", "n=" + "9" * 5000):
        refused = error(ecr.http("GET", "app/tags/list", query=wrong))
        assert refused[:2] == (400, "PAGINATION_NUMBER_INVALID")


def test_repositories_are_listed_in_pages(ecr):
    for name in ("z/y", "bb"):
        ecr.repository(name)
    first = ecr.http("GET", "_catalog", query="n=2")
    assert json.loads(first.body) == {"repositories": ["app", "bb"]}
    assert first.headers["link"] == '</v2/_catalog?n=2&last=bb>; rel="next"'
    second = ecr.http("GET", "_catalog", query="n=2&last=bb")
    assert json.loads(second.body) == {"repositories": ["z/y"]}
    assert "link" not in second.headers


def test_what_refers_to_an_image_is_listed(ecr):
    image = ecr.push("latest", b"x")
    assert json.loads(ecr.http("GET", f"app/referrers/{image}").body)["manifests"] == []
    signature = ecr.signature(image)
    answer = ecr.http("GET", f"app/referrers/{image}")
    assert answer.headers["content-type"] == OCI_INDEX
    (shown,) = json.loads(answer.body)["manifests"]
    assert (shown["digest"], shown["artifactType"]) == (signature, "application/x-signature")
    assert shown["annotations"] == {"by": "me"}
    for wanted, count in (("application/x-signature", 1), ("text/plain", 0)):
        answer = ecr.http("GET", f"app/referrers/{image}", query=f"artifactType={wanted}")
        assert len(json.loads(answer.body)["manifests"]) == count
        assert answer.headers["oci-filters-applied"] == "artifactType"


def test_pushing_about_an_image_says_so(ecr):
    about = descriptor(NONE)
    data = ecr.manifest(b"x", kind=OCI_IMAGE, subject=about)
    assert put(ecr, data, kind=OCI_IMAGE).headers["oci-subject"] == NONE


def test_garbage_never_makes_the_registry_fail(ecr):
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"):
        for path in ("", "%00", "app/manifests/\0", "é/tags/list", "app/blobs/uploads/../x"):
            for query in ("", "digest=%ff", "n=%00&last=%00", "mount=&from="):
                answer = ecr.http(method, path, query=query, body=b"\x00\xff")
                assert answer.status < 500


def test_a_password_with_a_colon_is_just_wrong(ecr):
    value = "Basic " + base64.b64encode(b"AWS:a:b").decode()
    answer = exchange(ecr.registry, "GET", "/v2/", headers={"authorization": value})
    assert answer.status == 401
