"""Uploading and fetching blobs, as ``docker`` and others do it."""

import asyncio

import pytest
from tests.kit.asgi import exchange
from tests.unit.services.ecr.stand import SCOPE, Stand, error

from demitasse.services.ecr import records
from demitasse.services.ecr.distribution.locks import Locks
from demitasse.services.ecr.manifests import digest_of

NONE = "sha256:" + "0" * 64
SPACE = f"{SCOPE.account}/{SCOPE.region}"


@pytest.fixture
def ecr():
    stand = Stand()
    stand.repository()
    stand.repository("other")
    return stand


def begin(ecr, repository="app"):
    answer = ecr.http("POST", f"{repository}/blobs/uploads/")
    assert answer.status == 202
    assert answer.headers["range"] == "0-0"
    location = answer.headers["location"].removeprefix("/v2/")
    assert location == f"{repository}/blobs/uploads/{answer.headers['docker-upload-uuid']}"
    return location


def test_a_blob_arrives_in_chunks(ecr):
    data = bytes(range(200)) * 50
    place = begin(ecr)
    assert ecr.http("GET", place).headers["range"] == "0-0"
    done = ecr.http("PATCH", place, body=data[:4000], Content_Range="0-3999", Content_Length="4000")
    assert (done.status, done.headers["range"]) == (202, "0-3999")
    done = ecr.http("PATCH", place, body=[data[4000:5000], data[5000:6000]])
    assert (done.status, done.headers["range"]) == (202, "0-5999")
    status = ecr.http("GET", place)
    assert (status.status, status.headers["range"]) == (204, "0-5999")
    assert status.headers["location"] == "/v2/" + place
    done = ecr.http("PUT", place, query=f"digest={digest_of(data)}", body=data[6000:])
    assert done.status == 201
    assert done.headers["location"] == f"/v2/app/blobs/{digest_of(data)}"
    assert done.headers["docker-content-digest"] == digest_of(data)
    assert ecr.http("GET", f"app/blobs/{digest_of(data)}").body == data
    assert error(ecr.http("GET", place))[:2] == (404, "BLOB_UPLOAD_UNKNOWN")
    assert ecr.kept(records.UPLOADS) == []


@pytest.mark.parametrize(
    "header",
    ["0-3", "5-8", "3-3", "4-3", "x", "bytes=4-", "-4", "4-7-9", "4-7/x", "٤-7", "4-" + "9" * 5000],
)
def test_chunks_out_of_order_are_refused_and_change_nothing(ecr, header):
    place = begin(ecr)
    ecr.http("PATCH", place, body=b"0123")
    if not header.isascii():
        header = "4-٧".encode().decode("latin-1")
    for method, query in (("PATCH", ""), ("PUT", f"digest={digest_of(b'0123')}")):
        refused = ecr.http(method, place, query=query, body=b"4567", Content_Range=header)
        assert error(refused)[:2] == (416, "RANGE_INVALID")
        assert refused.headers["range"] == "0-3"
        assert refused.headers["location"] == "/v2/" + place
    assert ecr.http("GET", place).headers["range"] == "0-3"


@pytest.mark.parametrize("header", ["4-7", "bytes 4-7/8", "bytes 4-7/*"])
def test_chunks_in_order_are_taken(ecr, header):
    place = begin(ecr)
    ecr.http("PATCH", place, body=b"0123")
    assert ecr.http("PATCH", place, body=b"4567", Content_Range=header).status == 202


def test_a_chunk_of_another_length_than_it_says_is_refused(ecr):
    place = begin(ecr)
    refused = ecr.http("PATCH", place, body=b"012", Content_Range="0-3", Content_Length="3")
    assert error(refused)[:2] == (400, "SIZE_INVALID")
    assert ecr.http("GET", place).headers["range"] == "0-0"


def test_a_wrong_digest_ends_the_upload_and_keeps_nothing(ecr):
    place = begin(ecr)
    ecr.http("PATCH", place, body=b"data")
    for query, code in (("", "DIGEST_INVALID"), ("digest=md5:1", "DIGEST_INVALID")):
        assert error(ecr.http("PUT", place, query=query))[:2] == (400, code)
    assert ecr.http("GET", place).status == 204
    refused = ecr.http("PUT", place, query=f"digest={NONE}")
    assert error(refused)[:2] == (400, "DIGEST_INVALID")
    assert error(ecr.http("GET", place))[:2] == (404, "BLOB_UPLOAD_UNKNOWN")
    assert ecr.http("HEAD", f"app/blobs/{NONE}").status == 404
    refused = ecr.http("POST", "app/blobs/uploads/", query=f"digest={NONE}", body=b"data")
    assert error(refused)[:2] == (400, "DIGEST_INVALID")
    assert (ecr.kept(records.UPLOADS), ecr.kept(records.LAYERS)) == ([], [])
    assert asyncio.run(ecr.blobs.uploads(SPACE)) == []


def test_an_upload_is_cancelled(ecr):
    place = begin(ecr)
    assert ecr.http("DELETE", place).status == 204
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        refused = ecr.http(method, place, query=f"digest={NONE}")
        assert error(refused)[:2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_belongs_to_its_repository_account_and_region(ecr):
    place = begin(ecr)
    assert error(ecr.http("PATCH", place.replace("app", "other")))[1] == "BLOB_UPLOAD_UNKNOWN"
    for client in (ecr.elsewhere, ecr.other):
        client.call("ecr", "CreateRepository", repositoryName="app")
        refused = ecr.http("PATCH", place, password=ecr.login(client))
        assert error(refused)[1] == "BLOB_UPLOAD_UNKNOWN"


def test_a_client_that_goes_away_can_go_on_where_it_was(ecr):
    place = begin(ecr)
    gone = exchange(
        ecr.registry,
        "PATCH",
        "/v2/" + place,
        headers=[(b"authorization", basic(ecr).encode())],
        body=[],  # nothing more comes
    )
    assert gone.status == 0
    assert ecr.http("GET", place).status == 204
    assert ecr.http("PATCH", place, body=b"data").status == 202
    assert ecr.http("PUT", place, query=f"digest={digest_of(b'data')}").status == 201


def basic(ecr):
    import base64

    return "Basic " + base64.b64encode(f"AWS:{ecr.password}".encode()).decode()


def test_what_arrived_before_a_client_went_away_stays(ecr):
    place = begin(ecr)
    messages = [{"type": "http.request", "body": b"some", "more_body": True}]

    async def receive():
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message):
        raise AssertionError(message)

    scope = {
        "type": "http",
        "method": "PATCH",
        "path": "/v2/" + place,
        "query_string": b"",
        "headers": [(b"authorization", basic(ecr).encode())],
    }
    asyncio.run(ecr.registry(scope, receive, send))
    assert ecr.http("GET", place).headers["range"] == "0-3"


def test_a_full_disk_is_told_and_leaves_nothing_half_made(ecr):
    place = begin(ecr)
    ecr.http("PATCH", place, body=b"0123")
    ecr.blobs.room = 2
    refused = ecr.http("PATCH", place, body=b"4567")
    assert error(refused) == (507, "UNAVAILABLE", "no space left on device")
    assert ecr.blobs.room == 6  # what had been received made room
    assert ecr.http("GET", place).status == 404
    assert ecr.kept(records.UPLOADS) == []
    assert ecr.blob(b"fits") in ecr.http("HEAD", f"app/blobs/{digest_of(b'fits')}").headers.values()
    query = f"digest={digest_of(b'too long')}"
    assert ecr.http("POST", "app/blobs/uploads/", query=query, body=b"too long").status == 507
    assert ecr.kept(records.UPLOADS) == []
    ecr.blobs.room = 0
    assert ecr.http("POST", "app/blobs/uploads/").status == 507


def test_bytes_lost_with_the_platform_are_an_unknown_upload(ecr):
    place = begin(ecr)
    upload = place.rpartition("/")[2]
    asyncio.run(ecr.blobs.abandon(SPACE, upload))
    assert error(ecr.http("GET", place))[:2] == (404, "BLOB_UPLOAD_UNKNOWN")
    assert ecr.kept(records.UPLOADS) == []


def test_a_repository_deleted_during_an_upload_is_unknown(ecr):
    place = begin(ecr)
    ecr.call("DeleteRepository", repositoryName="app")
    refused = ecr.http("PUT", place, query=f"digest={digest_of(b'')}")
    assert error(refused)[:2] == (404, "NAME_UNKNOWN")
    ecr.repository()
    refused = ecr.http("PUT", place, query=f"digest={digest_of(b'')}")
    assert error(refused)[:2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_blob_is_mounted_from_another_repository(ecr):
    digest = ecr.blob(b"shared")
    assert error(ecr.http("GET", f"other/blobs/{digest}"))[:2] == (404, "BLOB_UNKNOWN")
    done = ecr.http("POST", "other/blobs/uploads/", query=f"mount={digest}&from=app")
    assert (done.status, done.headers["location"]) == (201, f"/v2/other/blobs/{digest}")
    assert ecr.http("GET", f"other/blobs/{digest}").body == b"shared"


def test_what_cannot_be_mounted_is_to_be_uploaded(ecr):
    digest = ecr.blob(b"shared")
    for query in (f"mount={digest}&from=none", f"mount={digest}", f"mount={NONE}&from=app"):
        assert ecr.http("POST", "other/blobs/uploads/", query=query).status == 202
    ecr.elsewhere.call("ecr", "CreateRepository", repositoryName="other")
    there = ecr.login(ecr.elsewhere)
    query = f"mount={digest}&from=app"
    assert ecr.http("POST", "other/blobs/uploads/", query=query, password=there).status == 202
    refused = ecr.http("POST", "other/blobs/uploads/", query="mount=x&from=app")
    assert error(refused)[:2] == (400, "DIGEST_INVALID")


def test_parts_of_a_blob(ecr):
    path = f"app/blobs/{ecr.blob(b'0123456789')}"
    for header, status, body, shown in (
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=7-99", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("bytes=4-2", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1", 200, b"0123456789", None),
        ("bytes=0-" + "9" * 5000, 200, b"0123456789", None),
    ):
        answer = ecr.http("GET", path, Range=header)
        assert (answer.status, answer.body) == (status, body), header
        assert answer.headers.get("content-range") == shown
        assert answer.headers["content-length"] == str(len(body))
    for header in ("bytes=10-", "bytes=99-100", "bytes=-0"):
        answer = ecr.http("GET", path, Range=header)
        assert error(answer)[:2] == (416, "RANGE_INVALID")
        assert answer.headers["content-range"] == "bytes */10"


def test_head_tells_without_a_body(ecr):
    digest = ecr.blob(b"0123456789")
    answer = ecr.http("HEAD", f"app/blobs/{digest}")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "10")
    assert answer.headers["docker-content-digest"] == digest
    missing = ecr.http("HEAD", f"app/blobs/{NONE}")
    assert (missing.status, missing.body) == (404, b"")


def test_a_blob_that_the_disk_lost_is_unknown_and_can_be_pushed_again(ecr):
    digest = ecr.blob(b"data")
    ecr.blobs._blobs.clear()
    assert error(ecr.http("GET", f"app/blobs/{digest}"))[:2] == (404, "BLOB_UNKNOWN")
    ecr.blob(b"data")
    assert ecr.http("GET", f"app/blobs/{digest}").body == b"data"


def test_a_blob_is_deleted_unless_an_image_needs_it(ecr):
    digest = ecr.blob(b"loose")
    assert ecr.http("DELETE", f"app/blobs/{digest}").status == 202
    assert error(ecr.http("DELETE", f"app/blobs/{digest}"))[:2] == (404, "BLOB_UNKNOWN")
    image = ecr.push("latest", b"needed")
    refused = error(ecr.http("DELETE", f"app/blobs/{digest_of(b'needed')}"))
    assert refused == (405, "UNSUPPORTED", f"Requested layer referenced by image: [{image}]")
    assert ecr.http("GET", f"app/blobs/{digest_of(b'needed')}").status == 200


def test_one_at_a_time_may_change_an_upload():
    async def scenario():
        locks, order = Locks(), []

        async def work(name):
            async with locks.hold("upload"):
                order.append(f"{name} begins")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                order.append(f"{name} ends")

        await asyncio.gather(work("a"), work("b"), work("c"))
        assert order == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]
        assert locks._held == {}

    asyncio.run(scenario())
