"""What runs, in a few lines, as any client of the API can see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demitasse.lab.workspace import Workspace

_DESCRIBED_AT_ONCE = 10  # services; AWS describes no more in a call


def lines(lab: Workspace) -> Iterator[str]:
    """A line for each service, load balancer, database, repository and pipeline of the account."""
    for service in _services(lab.client("ecs")):
        running, wanted = service["runningCount"], service["desiredCount"]
        yield f"  service        {service['serviceName']}: {running} of {wanted} tasks run"
    for balancer in _all(lab.client("elbv2"), "describe_load_balancers", "LoadBalancers[]"):
        name, state = balancer["LoadBalancerName"], balancer["State"]["Code"]
        yield f"  load balancer  {name}: {state}, http://{balancer['DNSName']}/"
    for database in _all(lab.client("rds"), "describe_db_instances", "DBInstances[]"):
        yield f"  database       {database['DBInstanceIdentifier']}: {database['DBInstanceStatus']}"
    codecommit = lab.client("codecommit")
    for name in _all(codecommit, "list_repositories", "repositories[].repositoryName"):
        found = codecommit.get_repository(repositoryName=name)["repositoryMetadata"]
        yield f"  repository     {name}: git clone {found['cloneUrlHttp']}"
    codepipeline = lab.client("codepipeline")
    for name in _all(codepipeline, "list_pipelines", "pipelines[].name"):
        newest = codepipeline.list_pipeline_executions(pipelineName=name, maxResults=1)
        statuses = [each["status"] for each in newest["pipelineExecutionSummaries"]]
        yield f"  pipeline       {name}: {statuses[0] if statuses else 'not run yet'}"


def _services(ecs: Any) -> Iterator[dict[str, Any]]:
    for cluster in _all(ecs, "list_clusters", "clusterArns[]"):
        arns = list(_all(ecs, "list_services", "serviceArns[]", cluster=cluster))
        for start in range(0, len(arns), _DESCRIBED_AT_ONCE):
            some = arns[start : start + _DESCRIBED_AT_ONCE]
            yield from ecs.describe_services(cluster=cluster, services=some)["services"]


def _all(client: Any, operation: str, expression: str, **given: str) -> Iterator[Any]:
    """What all pages of a list hold."""
    pages = client.get_paginator(operation).paginate(**given)
    return (each for each in pages.search(expression) if each)
