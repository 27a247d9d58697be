from __future__ import annotations

from typing import Any

import jmespath

from demitasse.lab import overview

SERVICES = [f"service-{number}" for number in range(12)]
PAGES: dict[str, dict[str, Any]] = {
    "list_clusters": {"clusterArns": ["cluster"]},
    "list_services": {"serviceArns": SERVICES},
    "describe_load_balancers": {
        "LoadBalancers": [
            {"LoadBalancerName": "lb", "State": {"Code": "active"}, "DNSName": "10.0.0.5"}
        ]
    },
    "describe_db_instances": {
        "DBInstances": [{"DBInstanceIdentifier": "db", "DBInstanceStatus": "available"}]
    },
    "list_repositories": {"repositories": [{"repositoryName": "code"}]},
    "list_pipelines": {"pipelines": [{"name": "new"}, {"name": "update"}]},
}


class Lab:
    """Canned answers; each service's client and paginator is this itself."""

    def __init__(self, pages: dict[str, dict[str, Any]]) -> None:
        self.pages, self.asked = pages, ""

    def client(self, _service: str) -> Lab:
        return self

    def get_paginator(self, operation: str) -> Lab:
        self.asked = operation
        return self

    def paginate(self, **given: str) -> Lab:
        assert given == ({"cluster": "cluster"} if self.asked == "list_services" else {})
        return self

    def search(self, expression: str) -> list[Any]:
        found = jmespath.search(expression, self.pages.get(self.asked, {}))
        return found if isinstance(found, list) else [found]  # as botocore does

    def describe_services(self, cluster: str, services: list[str]) -> dict[str, Any]:
        assert (cluster, len(services) <= 10) == ("cluster", True)
        counts = {"runningCount": 1, "desiredCount": 3}
        return {"services": [{"serviceName": name} | counts for name in services]}

    def get_repository(self, repositoryName: str) -> dict[str, Any]:  # noqa: N803
        return {"repositoryMetadata": {"cloneUrlHttp": f"http://127.0.0.1/{repositoryName}"}}

    def list_pipeline_executions(self, pipelineName: str, **_: int) -> dict[str, Any]:  # noqa: N803
        ran = [{"status": "Succeeded"}] if pipelineName == "update" else []
        return {"pipelineExecutionSummaries": ran}


def test_of_an_empty_account_there_is_nothing_to_tell() -> None:
    lab: Any = Lab({})
    assert list(overview.lines(lab)) == []


def test_all_that_runs_is_told() -> None:
    lab: Any = Lab(PAGES)
    assert list(overview.lines(lab)) == [
        *(f"  service        {name}: 1 of 3 tasks run" for name in SERVICES),
        "  load balancer  lb: active, http://10.0.0.5/",
        "  database       db: available",
        "  repository     code: git clone http://127.0.0.1/code",
        "  pipeline       new: not run yet",
        "  pipeline       update: Succeeded",
    ]
