"""What nft is told, to the letter."""

from __future__ import annotations

import pytest

from demitasse.engines.firewall.render import replacing, table_name
from demitasse.engines.firewall.spec import Filter, Rule

ANYWHERE = ("0.0.0.0/0",)
FILTER = Filter(
    "eni-1",
    "172.31.0.9",
    ingress=(
        Rule(("172.31.0.4/32", "172.31.0.5/32", "10.0.0.0/8", "10.1.0.0/16"), "tcp", 80, 90),
        Rule(ANYWHERE, "udp", 53, 53),
        Rule((), "tcp", 22, 22),
    ),
    egress=(Rule(ANYWHERE),),
)

IN_A_CONTAINER = """\
add table ip demitasse-i1-eni-1
delete table ip demitasse-i1-eni-1
table ip demitasse-i1-eni-1 {
	chain ingress {
		type filter hook input priority filter; policy accept;
		ip daddr != 172.31.0.9 accept
		ip saddr 172.31.0.9 accept
		ct state established,related accept
		ip saddr { 10.0.0.0/8, 172.31.0.4/31 } tcp dport 80-90 accept
		udp dport 53-53 accept
		drop
	}
	chain egress {
		type filter hook output priority filter; policy accept;
		ip saddr != 172.31.0.9 accept
		ip daddr 172.31.0.9 accept
		ct state established,related accept
		meta l4proto { tcp, udp } th dport 53 accept
		accept
		drop
	}
}
"""


def test_an_interface_in_a_container() -> None:
    table = table_name("i1", "eni-1")
    assert replacing(table, FILTER, on_machine=False) == IN_A_CONTAINER


def test_on_the_machine_rules_decide_on_what_comes_from_the_address_itself() -> None:
    """And names are asked for by the machine, not by what lives on the address."""
    told = replacing(table_name("i1", "eni-1"), FILTER, on_machine=True)
    left_out = ("ip saddr 172.31.0.9 accept", "meta l4proto { tcp, udp } th dport 53 accept")
    lines = [line for line in IN_A_CONTAINER.splitlines() if line.strip() not in left_out]
    assert told.splitlines() == lines


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (Rule(ANYWHERE), "accept"),
        (Rule(ANYWHERE, "tcp"), "ip protocol tcp accept"),
        (
            Rule(("10.0.0.1/32",), "tcp", 0, 65535),
            "ip saddr { 10.0.0.1/32 } tcp dport 0-65535 accept",
        ),
        (Rule(ANYWHERE, "icmp"), "ip protocol icmp accept"),
        (Rule(ANYWHERE, "icmp", 8), "icmp type 8 accept"),
        (Rule(ANYWHERE, "icmp", 8, 0), "icmp type 8 icmp code 0 accept"),
        (Rule(("0.0.0.0/1", "128.0.0.0/1")), "accept"),
    ],
)
def test_a_rule(rule: Rule, line: str) -> None:
    told = replacing("t", Filter("eni-1", "172.31.0.9", ingress=(rule,)), on_machine=True)
    assert f"\t\tct state established,related accept\n\t\t{line}\n\t\tdrop\n" in told


@pytest.mark.parametrize(
    "make",
    [
        lambda: Rule(("10.0.0.1/8",)),
        lambda: Rule(("anywhere",)),
        lambda: Rule(ANYWHERE, "igmp"),
        lambda: Filter("eni-1", "172.31.0.9; drop"),
    ],
)
def test_what_cannot_be_told_is_no_value(make: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        make()  # type: ignore[operator]
