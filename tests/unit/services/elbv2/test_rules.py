from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.elbv2.stand import Stand, fixed, forward

PATH = {"Field": "path-pattern", "Values": ["/admin/*"]}


class Rules(Stand):
    """A load balancer with one listener and a group, to try rules on."""

    def __init__(self) -> None:
        super().__init__()
        self.arn = self.balancer()["LoadBalancerArn"]
        self.front = self.listener(self.arn)
        self.admin = self.group("employee-tg-one")

    def given(self, *conditions: dict[str, Any], priority: int = 10) -> dict[str, Any]:
        return {
            "ListenerArn": self.front,
            "Priority": priority,
            "Conditions": list(conditions),
            "Actions": [fixed(403)],
        }

    def make(self, *conditions: dict[str, Any], priority: int = 10) -> dict[str, Any]:
        output = self.elb("CreateRule", **self.given(*conditions, priority=priority))
        rule: dict[str, Any] = output["Rules"][0]
        return rule

    def order(self) -> list[str]:
        rules = self.elb("DescribeRules", ListenerArn=self.front)["Rules"]
        return [rule["Priority"] for rule in rules]


@pytest.fixture
def stand() -> Rules:
    return Rules()


CONDITIONS = [
    {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/admin/*", "/a?c"]}},
    {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}},
    {
        "Field": "http-header",
        "HttpHeaderConfig": {"HttpHeaderName": "User-Agent", "Values": ["*Firefox*"]},
    },
    {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "M-SEARCH"]}},
    {
        "Field": "query-string",
        "QueryStringConfig": {"Values": [{"Key": "version", "Value": "v1"}, {"Value": "*x*"}]},
    },
    {"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.1/32", "2001:db8::/32"]}},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda each: each["Field"])
def test_each_condition_comes_back_as_it_was_given(stand: Rules, condition: dict[str, Any]) -> None:
    rule = stand.make(condition)
    [found] = rule["Conditions"]
    if condition["Field"] in ("path-pattern", "host-header"):
        [config] = [value for key, value in condition.items() if key.endswith("Config")]
        condition = {**condition, "Values": config["Values"]}
    assert found == condition
    assert rule["Priority"] == "10"
    assert rule["IsDefault"] is False


def test_values_alone_do_for_paths_and_hosts(stand: Rules) -> None:
    [found] = stand.make(PATH)["Conditions"]
    assert found == {**PATH, "PathPatternConfig": {"Values": ["/admin/*"]}}


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ([], "at least one condition"),
        ([{"Field": "colour", "Values": ["red"]}], "'colour' must be one of"),
        ([{"Field": "path-pattern"}], "must be specified"),
        ([{"Field": "path-pattern", "Values": []}], "must be specified"),
        ([{"Field": "path-pattern", "Values": [""]}], "cannot be empty"),
        ([{"Field": "path-pattern", "Values": ["/" * 129]}], "longer than '128'"),
        ([{"Field": "path-pattern", "Values": ["/a b"]}], "not allowed"),
        ([{"Field": "path-pattern", "Values": ['/a{"']}], "not allowed"),
        (
            [{"Field": "path-pattern", "Values": [f"/{n}" for n in range(6)]}],
            "'5' condition values",
        ),
        ([{"Field": "path-pattern", "Values": ["/******"]}], "'5' condition wildcards"),
        ([PATH, PATH], "only have one 'path-pattern'"),
        ([{**PATH, "HostHeaderConfig": {"Values": ["a.b"]}}], "'HostHeaderConfig' cannot be"),
        ([{"Field": "host-header", "Values": ["a_b.com"]}], "not allowed"),
        ([{"Field": "host-header", "Values": ["localhost"]}], "at least one '.'"),
        ([{"Field": "source-ip", "Values": ["127.0.0.1/32"]}], "'SourceIpConfig' must be"),
        ([{"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.1"]}}], "CIDR"),
        ([{"Field": "source-ip", "SourceIpConfig": {"Values": ["x/32"]}}], "CIDR"),
        ([{"Field": "source-ip", "SourceIpConfig": {"Values": []}}], "value must be specified"),
        (
            [{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["get"]}}],
            "not allowed",
        ),
        (
            [
                {
                    "Field": "http-header",
                    "HttpHeaderConfig": {"HttpHeaderName": "host", "Values": ["a"]},
                }
            ],
            "'host-header' condition",
        ),
        (
            [
                {
                    "Field": "http-header",
                    "HttpHeaderConfig": {"HttpHeaderName": "a b", "Values": ["a"]},
                }
            ],
            "not valid",
        ),
        (
            [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a"}]}}],
            "cannot be empty",
        ),
        (
            [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/a"]}}],
            "RegexValues",
        ),
    ],
)
def test_conditions_that_cannot_be(
    stand: Rules, conditions: list[dict[str, Any]], words: str
) -> None:
    _, message = stand.refusal("CreateRule", **stand.given(*conditions))
    assert words in message


def test_several_conditions_share_the_quota_of_values(stand: Rules) -> None:
    host = {"Field": "host-header", "Values": ["a.b", "c.d", "e.f"]}
    paths = {"Field": "path-pattern", "Values": ["/a", "/b"]}
    stand.make(host, paths)
    paths["Values"] = ["/a", "/b", "/c"]
    assert "'5'" in stand.refusal("CreateRule", **stand.given(host, paths, priority=2))[1]


def test_priorities_are_bounded_and_unique(stand: Rules) -> None:
    stand.make(PATH, priority=1)
    stand.make(PATH, priority=50000)
    for priority in (0, 50001):
        code, _ = stand.refusal("CreateRule", **stand.given(PATH, priority=priority))
        assert code == "ValidationError"
    assert stand.refusal("CreateRule", **stand.given(PATH, priority=1)) == (
        "PriorityInUse",
        "Priority '1' is currently in use",
    )


def test_rules_are_listed_by_priority_with_the_default_last_in_pages(stand: Rules) -> None:
    for priority in (300, 7, 50000, 21):
        stand.make(PATH, priority=priority)
    assert stand.order() == ["7", "21", "300", "50000", "default"]
    found, marker = [], None
    while marker is not None or not found:
        more = {"Marker": marker} if marker else {}
        output = stand.elb("DescribeRules", ListenerArn=stand.front, PageSize=2, **more)
        found += [rule["Priority"] for rule in output["Rules"]]
        marker = output.get("NextMarker")
    assert found == stand.order()


def test_describe_needs_either_rules_or_a_listener(stand: Rules) -> None:
    assert stand.refusal("DescribeRules")[0] == "ValidationError"
    rule = stand.make(PATH)
    arn = rule["RuleArn"]
    assert stand.elb("DescribeRules", RuleArns=[arn])["Rules"] == [rule]
    assert stand.refusal("DescribeRules", RuleArns=[arn], ListenerArn=stand.front)[0] == (
        "ValidationError"
    )
    assert stand.refusal("DescribeRules", RuleArns=[arn[:-1] + "f"])[0] == "RuleNotFound"


def test_conditions_and_actions_can_be_changed(stand: Rules) -> None:
    arn = stand.make(PATH)["RuleArn"]
    [after] = stand.elb("ModifyRule", RuleArn=arn, Actions=[forward(stand.admin)])["Rules"]
    assert after["Actions"][0]["TargetGroupArn"] == stand.admin
    assert after["Conditions"][0]["Values"] == ["/admin/*"]
    [after] = stand.elb("ModifyRule", RuleArn=arn, Conditions=[CONDITIONS[5], PATH])["Rules"]
    assert [each["Field"] for each in after["Conditions"]] == ["source-ip", "path-pattern"]
    assert after["Actions"][0]["TargetGroupArn"] == stand.admin
    assert stand.refusal("ModifyRule", RuleArn=arn[:-1] + "f")[0] == "RuleNotFound"


def test_transforms_are_refused_by_name(stand: Rules) -> None:
    rewrite = {
        "Type": "url-rewrite",
        "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/a", "Replace": "/b"}]},
    }
    assert "Transforms" in stand.refusal("CreateRule", **stand.given(PATH), Transforms=[rewrite])[1]
    arn = stand.make(PATH)["RuleArn"]
    assert "Transforms" in stand.refusal("ModifyRule", RuleArn=arn, Transforms=[rewrite])[1]


def test_a_default_rule_is_not_changed_nor_deleted_as_a_rule(stand: Rules) -> None:
    arn = stand.elb("DescribeRules", ListenerArn=stand.front)["Rules"][0]["RuleArn"]
    for operation, given in (
        ("ModifyRule", {"RuleArn": arn, "Actions": [fixed(404)]}),
        ("DeleteRule", {"RuleArn": arn}),
        ("SetRulePriorities", {"RulePriorities": [{"RuleArn": arn, "Priority": 1}]}),
    ):
        assert stand.refusal(operation, **given)[0] == "OperationNotPermitted"


def test_priorities_can_be_exchanged_all_at_once(stand: Rules) -> None:
    one, two = stand.make(PATH, priority=1)["RuleArn"], stand.make(PATH, priority=2)["RuleArn"]
    stand.make(PATH, priority=3)

    def pairs(**places: int) -> list[dict[str, Any]]:
        arns = {"one": one, "two": two}
        return [{"RuleArn": arns[name], "Priority": place} for name, place in places.items()]

    output = stand.elb("SetRulePriorities", RulePriorities=pairs(one=2, two=1))
    assert [rule["Priority"] for rule in output["Rules"]] == ["2", "1"]
    assert stand.order() == ["1", "2", "3", "default"]
    for taken in (pairs(one=3), pairs(one=7, two=7)):
        assert stand.refusal("SetRulePriorities", RulePriorities=taken)[0] == "PriorityInUse"
    assert stand.order() == ["1", "2", "3", "default"]
    twice = [*pairs(one=8), *pairs(one=9)]
    assert stand.refusal("SetRulePriorities", RulePriorities=twice)[0] == "ValidationError"
    other = stand.listener(stand.arn, port=81)
    given = {**stand.given(PATH), "ListenerArn": other}
    elsewhere = stand.elb("CreateRule", **given)["Rules"][0]["RuleArn"]
    both = [*pairs(one=8), {"RuleArn": elsewhere, "Priority": 9}]
    assert stand.refusal("SetRulePriorities", RulePriorities=both)[0] == "ValidationError"


def test_deleted_means_gone(stand: Rules) -> None:
    arn = stand.make(PATH)["RuleArn"]
    stand.elb("DeleteRule", RuleArn=arn)
    assert stand.order() == ["default"]
    assert stand.refusal("DeleteRule", RuleArn=arn)[0] == "RuleNotFound"


def test_there_are_no_more_than_the_quotas(stand: Rules) -> None:
    for priority in range(1, 101):
        stand.make(PATH, priority=priority)
    assert stand.refusal("CreateRule", **stand.given(PATH, priority=101))[0] == "TooManyRules"


# tags


def test_tags_of_everything_that_has_tags(stand: Rules) -> None:
    rule = stand.make(PATH)["RuleArn"]
    default = stand.elb("DescribeRules", ListenerArn=stand.front)["Rules"][-1]["RuleArn"]
    arns = [stand.arn, stand.front, stand.admin, rule, default]

    def tags() -> list[list[dict[str, str]]]:
        described = stand.elb("DescribeTags", ResourceArns=arns)["TagDescriptions"]
        assert [each["ResourceArn"] for each in described] == arns
        return [each["Tags"] for each in described]

    assert tags() == [[], [], [], [], []]
    pairs = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    stand.elb("AddTags", ResourceArns=arns, Tags=pairs)
    assert tags() == [pairs] * 5
    stand.elb("AddTags", ResourceArns=arns, Tags=[{"Key": "a", "Value": "2"}])
    stand.elb("RemoveTags", ResourceArns=arns, TagKeys=["b", "c"])
    assert tags() == [[{"Key": "a", "Value": "2"}]] * 5


def test_tags_that_cannot_be(stand: Rules) -> None:
    def refused(*tags: dict[str, str]) -> str:
        return str(stand.refusal("AddTags", ResourceArns=[stand.arn], Tags=list(tags))[0])

    assert refused({"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}) == "DuplicateTagKeys"
    assert refused(*({"Key": str(n), "Value": ""} for n in range(51))) == "TooManyTags"
    assert refused({"Key": "aws:x", "Value": ""}) == "ValidationError"
    for arn, code in (
        (stand.arn[:-1] + "f", "LoadBalancerNotFound"),
        (stand.admin[:-1] + "f", "TargetGroupNotFound"),
        (stand.front[:-1] + "f", "ListenerNotFound"),
        ("nonsense", "ValidationError"),
    ):
        assert stand.refusal("DescribeTags", ResourceArns=[arn])[0] == code
    many = [stand.arn] * 21
    assert stand.refusal("DescribeTags", ResourceArns=many)[0] == "ValidationError"
