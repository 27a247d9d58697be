"""What the rules of security groups mean for one interface."""

from __future__ import annotations

from demitasse.engines.firewall.spec import Filter, Rule
from demitasse.services.ec2.plan import View, filter_of
from demitasse.services.ec2.records import NetworkInterface, Permission

TASK = "arn:aws:ecs:us-east-1:000000000000:task/c/1"
DATABASE = "arn:aws:rds:us-east-1:000000000000:db:d"
ROUTER, OWN = "172.31.0.1", "172.31.16.9"


def rule(protocol: str = "tcp", ports: tuple[int, int] = (80, 80), **peer: str) -> Permission:
    egress = peer.pop("egress", "") == "yes"
    return Permission("sgr-1", egress, protocol, *ports, **peer)


def admitted(*rules: Permission, owner: str = TASK, **members: tuple[str, ...]) -> Filter:
    interface = NetworkInterface("subnet-1", "vpc-1", OWN, "", owner=owner)
    return filter_of(View("eni-1", interface, rules, members, "172.31.0.0/16"))


def ingress(*rules: Permission, owner: str = TASK, **members: tuple[str, ...]) -> list[Rule]:
    return list(admitted(*rules, owner=owner, **members).ingress)


def test_without_rules_nothing_is_admitted() -> None:
    assert admitted() == Filter("eni-1", OWN)


def test_where_nobody_named_a_group_all_are_admitted() -> None:
    interface = NetworkInterface("subnet-1", "vpc-1", OWN, "", owner=TASK)
    out = rule("-1", (-1, -1), cidr="0.0.0.0/0", egress="yes")
    view = View("eni-1", interface, (rule(), out), {}, "172.31.0.0/16", unnamed=True)
    assert filter_of(view) == Filter("eni-1", OWN, (Rule(("0.0.0.0/0",)),), (Rule(("0.0.0.0/0",)),))


def test_rules_of_several_groups_for_the_same_ports_are_one() -> None:
    assert ingress(
        rule(cidr="10.0.0.0/8"), rule(cidr="11.0.0.0/8"), rule(ports=(443, 444), cidr="10.0.0.0/8")
    ) == [
        Rule(("10.0.0.0/8",), "tcp", 443, 444),
        Rule(("10.0.0.0/8", "11.0.0.0/8"), "tcp", 80, 80),
    ]


def test_protocols_are_those_that_an_ipv4_interface_speaks() -> None:
    anywhere = ("0.0.0.0/0",)
    assert ingress(
        rule("-1", (-1, -1), cidr="0.0.0.0/0"),
        rule("icmp", (8, 0), cidr="0.0.0.0/0"),
        rule("icmpv6", (-1, -1), cidr6="::/0"),
        rule("tcp", cidr6="::/0"),
        rule("udp", (53, 53), cidr="0.0.0.0/0"),
    ) == [
        Rule(anywhere),
        Rule(anywhere, "icmp", 8, 0),
        Rule(anywhere, "udp", 53, 53),
    ]


def test_a_group_is_its_members() -> None:
    members = {"sg-1": ("172.31.0.4", OWN), "sg-2": ()}
    rules = (rule(group_id="sg-1"), rule("udp", (1, 2), group_id="sg-2"))
    assert ingress(*rules, **members) == [Rule(("172.31.0.4/32", f"{OWN}/32"), "tcp", 80, 80)]


def test_egress_is_apart() -> None:
    found = admitted(rule(cidr="0.0.0.0/0", egress="yes"), rule(ports=(1, 1), cidr="10.0.0.0/8"))
    assert found.egress == (Rule(("0.0.0.0/0",), "tcp", 80, 80),)
    assert found.ingress == (Rule(("10.0.0.0/8",), "tcp", 1, 1),)


def test_the_machine_stands_in_the_vpc_as_its_router() -> None:
    """It is let in by the router's address, or by the one that it has to itself."""
    router = Rule(("172.31.0.0/20",), "tcp", 80, 80)
    assert ingress(rule(cidr="172.31.0.0/20")) == [router]
    loopback = Rule(("127.0.0.1/32", f"{ROUTER}/32"), "tcp", 80, 80)
    assert ingress(rule(cidr="127.0.0.1/32")) == [loopback]
    # What lives on the machine sees its programs come from the address they connect to.
    for cidr in (f"{ROUTER}/32", "127.0.0.1/32"):
        seen = Rule(tuple(sorted((cidr, f"{OWN}/32"))), "tcp", 80, 80)
        assert ingress(rule(cidr=cidr), owner=DATABASE) == [seen]


def test_a_group_that_admits_itself_does_not_admit_the_machines_programs() -> None:
    members = {"sg-1": ("172.31.0.4", OWN)}
    assert ingress(rule(group_id="sg-1"), owner=DATABASE, **members) == [
        Rule(("172.31.0.4/32",), "tcp", 80, 80)
    ]
