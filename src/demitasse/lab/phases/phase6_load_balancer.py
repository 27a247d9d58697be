"""Phase 6: target groups, load balancer, listeners and rules."""

from __future__ import annotations

from typing import Any

from demitasse.lab import names
from demitasse.lab.task import NotYet, Phase, Task
from demitasse.lab.workspace import Workspace

_GROUPS = [(service, which) for service in names.SERVICES for which in ("one", "two")]
_LISTENERS = {names.PRODUCTION_PORT: "two", names.TEST_PORT: "one"}
_RULE_PRIORITY = 10


def make_target_groups(lab: Workspace) -> None:
    """Create the four target groups."""
    for service, which in _GROUPS:
        if lab.target_group(names.target_group(service, which)) is None:
            lab.client("elbv2").create_target_group(
                Name=names.target_group(service, which),
                Protocol="HTTP",
                Port=names.CONTAINER_PORT,
                VpcId=lab.vpc(),
                TargetType="ip",
                HealthCheckPath=names.HEALTH_PATH[service],
            )


def check_target_groups(lab: Workspace) -> None:
    """All four are there, with the right health check."""
    for service, which in _GROUPS:
        name = names.target_group(service, which)
        group = lab.target_group(name)
        if group is None or group["HealthCheckPath"] != names.HEALTH_PATH[service]:
            raise NotYet(
                f"there is no target group {name} that checks {names.HEALTH_PATH[service]}"
            )


def make_load_balancer(lab: Workspace) -> None:
    """Create the security group, the load balancer, two listeners and their rules."""
    group = _security_group(lab)
    elbv2 = lab.client("elbv2")
    balancer = lab.load_balancer()
    if balancer is None:
        balancer = elbv2.create_load_balancer(
            Name=names.LOAD_BALANCER, Subnets=lab.subnets(), SecurityGroups=[group]
        )["LoadBalancers"][0]
    listeners = lab.listeners()
    for port, which in _LISTENERS.items():
        if port not in listeners:
            listeners[port] = elbv2.create_listener(
                LoadBalancerArn=balancer["LoadBalancerArn"],
                Protocol="HTTP",
                Port=port,
                DefaultActions=_forward(lab, "customer", which),
            )["Listeners"][0]["ListenerArn"]
        if _employee_rule(lab, listeners[port]) is None:
            elbv2.create_rule(
                ListenerArn=listeners[port],
                Priority=_RULE_PRIORITY,
                Conditions=[{"Field": "path-pattern", "Values": [names.EMPLOYEE_PATHS]}],
                Actions=_forward(lab, "employee", which),
            )


def check_load_balancer(lab: Workspace) -> None:
    """It is active, let in, listens on both ports and sends ``/admin/*`` to employee."""
    group = lab.security_group(names.SECURITY_GROUP)
    closed = sorted(_LISTENERS) if group is None else sorted(set(_LISTENERS) - _let_in(lab, group))
    if closed:
        raise NotYet(f"{names.SECURITY_GROUP} does not let port {closed[0]} in")
    balancer = lab.load_balancer()
    if balancer is None or balancer["State"]["Code"] != "active":
        state = "missing" if balancer is None else balancer["State"]["Code"]
        raise NotYet(f"the load balancer {names.LOAD_BALANCER} is {state}")
    listeners = lab.listeners()
    for port in _LISTENERS:
        if port not in listeners:
            raise NotYet(f"there is no listener on port {port}")
        if _employee_rule(lab, listeners[port]) is None:
            raise NotYet(f"the listener on port {port} has no rule for {names.EMPLOYEE_PATHS}")


def url(lab: Workspace, port: int = names.PRODUCTION_PORT) -> str:
    """The load balancer's address as a visitor writes it; ``NotYet`` when there is none."""
    balancer = lab.load_balancer()
    if balancer is None:
        raise NotYet(f"there is no load balancer {names.LOAD_BALANCER}")
    suffix = "" if port == 80 else f":{port}"
    return f"http://{balancer['DNSName']}{suffix}"


def production_group(lab: Workspace, service: str) -> str:
    """The ARN of the target group to which production requests for a service go."""
    listener = lab.listeners().get(names.PRODUCTION_PORT)
    if listener is None:
        raise NotYet(f"there is no listener on port {names.PRODUCTION_PORT}")
    if service == "employee":
        rule = _employee_rule(lab, listener)
    else:
        rules = lab.client("elbv2").describe_rules(ListenerArn=listener)["Rules"]
        rule = next(each for each in rules if each["IsDefault"])
    if rule is None:
        raise NotYet(f"the production listener has no rule for {names.EMPLOYEE_PATHS}")
    groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    return str(max(groups, key=lambda group: group.get("Weight", 1))["TargetGroupArn"])


def _security_group(lab: Workspace) -> str:
    ec2 = lab.client("ec2")
    group = lab.security_group(names.SECURITY_GROUP)
    if group is None:
        group = str(
            ec2.create_security_group(
                GroupName=names.SECURITY_GROUP, Description="Microservices SG", VpcId=lab.vpc()
            )["GroupId"]
        )
    for port in sorted(set(_LISTENERS) - _let_in(lab, group)):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0"
        )
    return group


def _let_in(lab: Workspace, group: str) -> set[int]:
    """The ports that a security group lets in from everywhere."""
    described = lab.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    return {
        rule["FromPort"]
        for rule in described["IpPermissions"]
        if "FromPort" in rule and {"CidrIp": "0.0.0.0/0"} in rule["IpRanges"]
    }


def _forward(lab: Workspace, service: str, which: str) -> list[dict[str, Any]]:
    arn = lab.target_group_arn(names.target_group(service, which))
    return [{"Type": "forward", "TargetGroupArn": arn}]


def _employee_rule(lab: Workspace, listener: str) -> dict[str, Any] | None:
    for rule in lab.client("elbv2").describe_rules(ListenerArn=listener)["Rules"]:
        for condition in rule["Conditions"]:
            if names.EMPLOYEE_PATHS in condition.get("PathPatternConfig", {}).get("Values", []):
                found: dict[str, Any] = rule
                return found
    return None


PHASE = Phase(
    6,
    "Target groups and load balancer",
    "Groupes cibles et équilibreur de charge",
    (
        Task("6.1", "Four target groups", "Quatre groupes cibles",
             make_target_groups, check_target_groups),
        Task("6.2", "Load balancer, listeners and rules", "Équilibreur, écouteurs et règles",
             make_load_balancer, check_load_balancer, patience=30),
    ),
)  # fmt: skip
