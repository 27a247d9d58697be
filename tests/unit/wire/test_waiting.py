"""Operations that wait answer, and fail, as the others do."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.unit.wire.stage import Stage

from demitasse.errors import EngineUnavailable, ServiceError


def outcome(stage: Stage) -> tuple[int, dict[str, Any]]:
    try:
        return 200, stage.api.call("ecs", "ListClusters")
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]


@pytest.mark.parametrize(
    "error",
    [None, ServiceError("ClientException", "no"), EngineUnavailable("no git"), KeyError("a bug")],
)
def test_waiting_makes_no_difference(error: Exception | None) -> None:
    def at_once(_call: Any, _given: Any) -> dict[str, Any]:
        if error:
            raise error
        return {"clusterArns": ["a"]}

    async def waiting(call: Any, given: Any) -> dict[str, Any]:
        return at_once(call, given)

    outcomes = []
    for answer in (at_once, waiting):
        stage = Stage()
        stage.answer = answer  # type: ignore[assignment]
        outcomes.append(outcome(stage))
    statuses = [status for status, _ in outcomes]
    assert (
        statuses[0]
        == statuses[1]
        == (200 if error is None else 500 if isinstance(error, KeyError) else 400)
    )
    if error:
        assert outcomes[0] == outcomes[1]
    else:
        assert outcomes[0][1]["clusterArns"] == outcomes[1][1]["clusterArns"] == ["a"]
