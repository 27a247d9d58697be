"""What nobody can make in CloudWatch Logs here: filters, queries, deliveries and the like."""

from __future__ import annotations

from demitasse.api import Input
from demitasse.services.absent import Absent
from demitasse.services.base import Context
from demitasse.services.logs.operations import names
from demitasse.services.logs.operations.api import api


def _group(context: Context, given: Input) -> None:
    if given.get("logGroupName"):
        names.group(context, given["logGroupName"])


_none = Absent(
    api,
    page="nextToken",
    wrong_page="InvalidParameterException",
    sentence="The specified {what} {name} does not exist.",
)
_MISSING = "ResourceNotFoundException"

_none.lists("DescribeConfigurationTemplates", "delivery", "configurationTemplates")
_none.lists("DescribeDeliveries", "delivery", "deliveries")
_none.lists("DescribeDeliveryDestinations", "delivery destination", "deliveryDestinations")
_none.lists("DescribeDeliverySources", "delivery source", "deliverySources")
_none.lists("DescribeDestinations", "destination", "destinations")
_none.lists("DescribeExportTasks", "export task", "exportTasks", taskId=_MISSING)
_none.lists("DescribeMetricFilters", "metric filter", "metricFilters", parent=_group)
_none.lists("DescribeQueries", "query", "queries", parent=_group)
_none.lists("DescribeResourcePolicies", "resource policy", "resourcePolicies")
_none.lists(
    "DescribeSubscriptionFilters", "subscription filter", "subscriptionFilters", parent=_group
)
_none.lists("GetScheduledQueryHistory", "scheduled query", "triggerHistory", identifier=_MISSING)
_none.lists("ListAnomalies", "anomaly detector", "anomalies", anomalyDetectorArn=_MISSING)
_none.lists("ListLogAnomalyDetectors", "anomaly detector", "anomalyDetectors")
_none.lists("ListLogGroupsForQuery", "query", "logGroupIdentifiers", queryId=_MISSING)
_none.lists("ListScheduledQueries", "scheduled query", "scheduledQueries")
_none.lists("ListSourcesForS3TableIntegration", "integration", "sources", integrationArn=_MISSING)
