import asyncio

import pytest
from tests.unit.services.ecr.stand import SCOPE, Stand

from demitasse.services.ecr import records
from demitasse.services.ecr.manifests import digest_of

SPACE = f"{SCOPE.account}/{SCOPE.region}"
HOUR = 3600


@pytest.fixture
def ecr():
    stand = Stand()
    stand.repository()
    return stand


def later(ecr, hours):
    ecr.clock.advance(hours * HOUR)
    ecr.password = ecr.login(ecr.aws)
    ecr.sweep()


def bytes_kept(ecr):
    return set(asyncio.run(ecr.blobs.blobs(SPACE)))


def test_what_images_need_stays(ecr):
    ecr.push("latest", b"layer")
    kept = bytes_kept(ecr)
    assert len(kept) == 2
    later(ecr, 1000)
    assert bytes_kept(ecr) == kept
    assert ecr.http("GET", f"app/blobs/{digest_of(b'layer')}").body == b"layer"


def test_layers_of_a_push_that_never_ended_go_after_a_day(ecr):
    digest = ecr.blob(b"loose")
    later(ecr, 23)
    assert ecr.http("HEAD", f"app/blobs/{digest}").status == 200  # which asks for it again
    later(ecr, 23)
    assert bytes_kept(ecr) == {digest}
    later(ecr, 2)
    assert ecr.http("HEAD", f"app/blobs/{digest}").status == 404
    assert (bytes_kept(ecr), ecr.kept(records.LAYERS)) == (set(), [])


def test_bytes_go_when_the_last_image_that_needs_them_has_gone(ecr):
    ecr.repository("other")
    ecr.push("latest", b"layer")
    ecr.push("latest", b"layer", repository="other")
    kept = bytes_kept(ecr)
    ecr.call("DeleteRepository", repositoryName="app", force=True)
    later(ecr, 48)
    assert bytes_kept(ecr) == kept
    ecr.call("BatchDeleteImage", repositoryName="other", imageIds=[{"imageTag": "latest"}])
    later(ecr, 48)
    assert bytes_kept(ecr) == set()


def test_bytes_of_a_deleted_repository_stay_for_a_day(ecr):
    ecr.push("latest", b"layer")
    ecr.call("DeleteRepository", repositoryName="app", force=True)
    later(ecr, 1)
    assert len(bytes_kept(ecr)) == 2
    later(ecr, 24)
    assert bytes_kept(ecr) == set()


def test_uploads_that_stopped_go_after_a_day(ecr):
    def begin():
        return ecr.http("POST", "app/blobs/uploads/").headers["location"].removeprefix("/v2/")

    stopped, active = begin(), begin()
    later(ecr, 20)
    ecr.http("PATCH", active, body=b"more")
    later(ecr, 5)
    assert ecr.http("GET", stopped).status == 404
    assert ecr.http("GET", active).status == 204
    assert ecr.kept(records.UPLOADS) == [active.rpartition("/")[2]]
    asyncio.run(ecr.blobs.abandon(SPACE, active.rpartition("/")[2]))
    asyncio.run(ecr.blobs.begin(SPACE, "nobodys"))
    later(ecr, 25)
    assert ecr.kept(records.UPLOADS) == []
    assert asyncio.run(ecr.blobs.uploads(SPACE)) == []


def test_logins_are_forgotten_a_day_after_they_expired(ecr):
    expired = ecr.password
    later(ecr, 13)
    assert ecr.http("GET", "", password=expired).status == 403
    later(ecr, 48)
    assert ecr.http("GET", "", password=expired).status == 401
    assert len(ecr.kept(records.AUTHORIZATION_TOKENS)) == 1
