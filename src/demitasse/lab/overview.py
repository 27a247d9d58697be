"""What runs, in a few lines, as any client of the API can see it."""

from __future__ import annotations

from collections.abc import Iterator

from demitasse.lab.workspace import Workspace


def lines(lab: Workspace) -> Iterator[str]:
    """A line for each service, load balancer and database of the account."""
    ecs = lab.client("ecs")
    for cluster in ecs.get_paginator("list_clusters").paginate().search("clusterArns[]"):
        arns = list(
            ecs.get_paginator("list_services").paginate(cluster=cluster).search("serviceArns[]")
        )
        for start in range(0, len(arns), 10):
            answer = ecs.describe_services(cluster=cluster, services=arns[start : start + 10])
            for service in answer["services"]:
                running, wanted = service["runningCount"], service["desiredCount"]
                yield f"  service        {service['serviceName']}: {running} of {wanted} tasks run"
    elbv2 = lab.client("elbv2")
    pages = elbv2.get_paginator("describe_load_balancers").paginate()
    for balancer in pages.search("LoadBalancers[]"):
        name, state = balancer["LoadBalancerName"], balancer["State"]["Code"]
        yield f"  load balancer  {name}: {state}, http://{balancer['DNSName']}/"
    for database in (
        lab.client("rds").get_paginator("describe_db_instances").paginate().search("DBInstances[]")
    ):
        yield f"  database       {database['DBInstanceIdentifier']}: {database['DBInstanceStatus']}"
