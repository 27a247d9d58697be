"""What nobody can make in ECS here: container instances, daemons, gateways, namespaces."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.services.absent import Absent
from demitasse.services.base import Context
from demitasse.services.ecs.operations import names
from demitasse.services.ecs.operations.api import api


def _cluster(context: Context, given: Input) -> None:
    names.active_cluster(context, given.get("cluster"))


_none = Absent(
    api, page="nextToken", wrong_page="InvalidParameterException", sentence="{what} not found."
)

_none.lists("ListAttributes", "container instance", "attributes", parent=_cluster)
_none.lists("ListGateways", "gateway", "gateways")
_none.lists("ListGatewayClusterAssociations", "gateway", "gatewayClusterAssociations")
_none.lists("ListGatewayRoutes", "Gateway", "gatewayRoutes", gateway="GatewayNotFoundException")
_none.lists(
    "ListServicesByNamespace", "Namespace", "serviceArns", namespace="NamespaceNotFoundException"
)
_none.lists("DescribeDaemon", "Daemon", daemonArn="DaemonNotFoundException")
_none.lists("DescribeDaemonTaskDefinition", "Daemon", daemonTaskDefinition="ClientException")


@api.operation("DescribeDaemonDeployments")
def describe_daemon_deployments(_context: Context, given: Input) -> Output:
    """None of those asked for is there."""
    asked = names.unique(given["daemonDeploymentArns"], "daemonDeploymentArns", 20)
    return {"daemonDeployments": [], "failures": [names.missing(arn) for arn in asked]}
