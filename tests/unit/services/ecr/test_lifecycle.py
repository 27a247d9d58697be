"""Lifecycle policies: reading, planning, carrying out, previewing."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.ecr.stand import ACCOUNT, SCOPE, Stand

from demitasse.clock import Waits
from demitasse.errors import NotSupported
from demitasse.services.ecr.controller import LifecycleController
from demitasse.services.ecr.lifecycle import InvalidPolicy, Rule, read_policy
from demitasse.services.ecr.plan import next_change, plan
from demitasse.services.ecr.records import Image
from demitasse.store import Ref

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(priority=1, status="any", count=1, unit=None, **more):
    selection = {
        "tagStatus": status,
        "countType": "sinceImagePushed" if unit else "imageCountMoreThan",
        "countNumber": count,
        **({"countUnit": unit} if unit else {}),
        **more,
    }
    return {
        "rulePriority": priority,
        "description": "a rule of the tests, long enough for AWS's lower limit on a policy's text",
        "selection": selection,
        "action": {"type": "expire"},
    }


def policy(*rules):
    return json.dumps({"rules": list(rules)})


def image(name, age=0, *tags, **more):
    return Image("app", name, "t", b"", 1, NOW - age * DAY, tags=tags, **more)


def expired(rules, images):
    return {each.digest: each.priority for each in plan(rules, images, NOW, DAY)}


# reading


def test_a_policy_is_read_by_priority():
    text = policy(
        rule(9, "any", 100),
        rule(1, "untagged", 14, "days"),
        rule(2, "tagged", 3, tagPrefixList=["prod", "stable"]),
        rule(3, "tagged", 5, tagPatternList=["v*.*"]),
    )
    assert read_policy(text) == (
        Rule(1, "untagged", "sinceImagePushed", 14),
        Rule(2, "tagged", "imageCountMoreThan", 3, ("prod", "stable")),
        Rule(3, "tagged", "imageCountMoreThan", 5, (), ("v*.*",)),
        Rule(9, "any", "imageCountMoreThan", 100),
    )


def without(given, name):
    return {key: value for key, value in given.items() if key != name}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Could not map policyString into LifecyclePolicy"),
        ("[" * 20000, "Could not map policyString into LifecyclePolicy"),
        ("[]", "the policy must be an object"),
        ("{}", "rules is missing"),
        ('{"rules": {}}', "rules must be a list"),
        ('{"rules": []}', "rules must be a list"),
        ('{"rules": [1]}', "rule 1 must be an object"),
        ('{"rules": [], "x": 1}', "x is not known"),
        (policy(without(rule(), "action")), "rule 1: action is missing"),
        (policy({**rule(), "action": {"type": "keep"}}), "rule 1: action"),
        (policy({**rule(), "action": {"type": "expire", "x": 1}}), "x is not known"),
        (policy(rule(), rule(0)), "rule 2: rulePriority must be a whole number from 1"),
        (policy(rule(True)), "rulePriority"),
        (policy({**rule(), "description": 1}), "description"),
        (policy(rule(status="some")), "tagStatus"),
        (policy(rule(count=0)), "countNumber"),
        (policy(rule(count="1")), "countNumber"),
        (policy(rule(count=10**30)), "countNumber"),
        (policy(rule(countUnit="days")), "countUnit is only for"),
        (policy(rule(unit="weeks")), "countUnit must be days"),
        (policy(rule(countType="never")), "countType"),
        (policy(rule(status="tagged")), "Must specify tagPrefixList or tagPatternList"),
        (policy(rule(tagPrefixList=["a"])), "only for tagStatus tagged"),
        (policy(rule(status="tagged", tagPrefixList="a")), "list of strings"),
        (policy(rule(status="tagged", tagPrefixList=[""])), "list of strings"),
        (
            policy(rule(status="tagged", tagPrefixList=["a"], tagPatternList=["b"])),
            "exclude each other",
        ),
        (policy(rule(status="tagged", tagPatternList=["*a*b*c*d*"])), "wildcards"),
        (policy(rule(1), rule(1, "untagged")), "Rule priorities must be unique"),
        (policy(rule(1, "untagged"), rule(2, "untagged")), "Only one rule can select Untagged"),
        (policy(rule(1), rule(2, "untagged")), "tagStatus=ANY must have the lowest priority"),
        (
            policy(*(rule(n, "tagged", n, tagPrefixList=["a", "b"]) for n in (1, 2))),
            "must be unique",
        ),
    ],
)
def test_what_is_no_policy_is_refused_with_its_place(text, words):
    with pytest.raises(InvalidPolicy, match=words):
        read_policy(text)


@pytest.mark.parametrize(
    ("given_rule", "words"),
    [
        (rule(countType="sinceImagePulled"), "sinceImagePulled"),
        (rule(countType="sinceImageTransitioned"), "sinceImageTransitioned"),
        (rule(storageClass="archive"), "storageClass"),
        (
            {**rule(), "action": {"type": "transition", "targetStorageClass": "archive"}},
            "transition",
        ),
    ],
)
def test_archiving_is_refused_by_name(given_rule, words):
    with pytest.raises(NotSupported, match=words):
        read_policy(policy(given_rule))


# planning


def test_awss_example_of_two_rules_on_all_images():
    # "Filtering on all images" of the user guide: A, B, D go; C is rule 1's, E is the newest.
    rules = read_policy(policy(rule(1, "tagged", 1, tagPrefixList=["alpha"]), rule(2, "any", 1)))
    images = [
        image("A", 5, "alpha-1"),
        image("B", 4, "beta-1"),
        image("C", 3, "alpha-2", "beta-2"),
        image("D", 2, "git-hash"),
        image("E", 1),
    ]
    assert expired(rules, images) == {"A": 1, "B": 2, "D": 2}


def test_all_prefixes_must_be_among_an_images_tags():
    rules = read_policy(policy(rule(1, "tagged", 1, "days", tagPrefixList=["alpha", "beta"])))
    images = [image("A", 5, "alpha-1"), image("B", 5, "beta-1"), image("C", 5, "alpha-2", "beta-2")]
    assert expired(rules, images) == {"C": 1}


def test_patterns_match_whole_tags():
    rules = read_policy(policy(rule(1, "tagged", 1, "days", tagPatternList=["prod*web"])))
    images = [image("A", 5, "prod-web"), image("B", 5, "prodweb"), image("C", 5, "prod-web-2")]
    assert expired(rules, images) == {"A": 1, "B": 1}


def test_days_count_from_the_push_to_the_second():
    rules = read_policy(policy(rule(1, "untagged", 14, "days")))
    images = [image("A", 14), image("B", 13.99), image("C", 20, "kept")]
    assert expired(rules, images) == {"A": 1}
    assert next_change(rules, images, NOW, DAY) == NOW + 0.01 * DAY
    assert next_change(rules, [], NOW, DAY) is None
    counting = read_policy(policy(rule()))
    assert next_change(counting, images, NOW, DAY) is None


def test_an_index_keeps_what_it_needs_and_takes_it_along():
    rules = read_policy(policy(rule(1, "untagged", 1, "days"), rule(2, "any", 30, "days")))
    young = [image("L", 2, "v1", manifests=("A",)), image("A", 3), image("B", 3)]
    assert expired(rules, young) == {"B": 1}
    old = [image("L", 40, "v1", manifests=("A",)), image("A", 40)]
    assert expired(rules, old) == {"L": 2, "A": 1}
    nested = [image("M", 0, "v1", manifests=("L",)), image("L", 9, manifests=("A",)), image("A", 9)]
    assert expired(rules, nested) == {}


def test_what_is_about_another_image_is_not_judged():
    rules = read_policy(policy(rule(1, "untagged", 1, "days")))
    images = [image("A", 5, "v1"), image("S", 5, subject="A"), image("T", 5, subject="gone")]
    assert expired(rules, images) == {"T": 1}


TAGS = st.lists(st.sampled_from(["a1", "a2", "b1", "ab", "c"]), max_size=3, unique=True)


@st.composite
def repositories(draw):
    ages = draw(st.lists(st.integers(0, 20), max_size=12))
    images = []
    for number, age in enumerate(ages):
        earlier = [each.digest for each in images]
        needs = draw(st.lists(st.sampled_from(earlier), max_size=2)) if earlier else []
        tags = tuple(f"{tag}-{number}" for tag in draw(TAGS))
        images.append(image(f"d{number}", age, *tags, manifests=tuple(needs)))
    return images


@st.composite
def policies(draw):
    count = st.integers(1, 10)
    unit = st.sampled_from([None, "days"])
    prefixes = draw(st.lists(st.sampled_from(["a", "b", "ab", "c"]), max_size=3, unique=True))
    rules = [
        rule(number, "tagged", draw(count), draw(unit), tagPrefixList=[prefix])
        for number, prefix in enumerate(prefixes, 1)
    ]
    if draw(st.booleans()):
        rules.append(rule(10, "untagged", draw(count), draw(unit)))
    if draw(st.booleans()) or not rules:
        rules.append(rule(20, "any", draw(count), draw(unit)))
    return read_policy(policy(*rules))


@given(policies(), repositories())
def test_a_plan_keeps_its_promises(rules, images):
    by_priority = {each.priority: each for each in rules}
    going = expired(rules, images)
    staying = [each for each in images if each.digest not in going]
    for each in staying:
        assert not set(each.manifests) & going.keys()  # nothing that stays is broken
    for each in images:
        first = next((one for one in rules if one.selects(each.tags)), None)
        if each.digest in going:
            assert first == by_priority[going[each.digest]]  # by the first rule that it falls under
            if first.count_type == "sinceImagePushed":
                assert NOW - each.pushed_at >= first.count * DAY
    for one in rules:  # the youngest are never expired by a count
        if one.count_type == "imageCountMoreThan":
            chosen = sorted(
                (each for each in images if one.selects(each.tags)),
                key=lambda each: (each.pushed_at, each.digest),
            )
            for each in chosen[-one.count :]:
                assert going.get(each.digest) != one.priority


@given(policies(), repositories())
def test_carrying_out_a_plan_comes_to_rest(rules, images):
    for _ in range(len(images) + 1):
        going = expired(rules, images)
        if not going:
            return
        images = [each for each in images if each.digest not in going]
    raise AssertionError(images)


# carrying out


@pytest.fixture
def ecr():
    stand = Stand()
    stand.repository()
    return stand


def test_a_policy_is_carried_out(ecr):
    old = ecr.push("old", b"1")
    ecr.clock.advance(60)
    new = ecr.push("new", b"2")
    ecr.settle()
    assert ecr.digests() == {old, new}
    text = policy(rule(1, "any", 1))
    shown = {"registryId": ACCOUNT, "repositoryName": "app", "lifecyclePolicyText": text}
    put = ecr.call("PutLifecyclePolicy", repositoryName="app", lifecyclePolicyText=text)
    assert put == shown
    assert ecr.call("GetLifecyclePolicy", repositoryName="app") == shown
    ecr.settle()
    assert ecr.digests() == {new}
    evaluated = {**shown, "lastEvaluatedAt": ecr.now()}
    assert ecr.call("GetLifecyclePolicy", repositoryName="app") == evaluated
    assert ecr.call("DeleteLifecyclePolicy", repositoryName="app") == evaluated
    ecr.clock.advance(60)
    newest = ecr.push("newest", b"3")
    ecr.settle()
    assert ecr.digests() == {new, newest}


def test_noting_an_evaluation_does_not_start_another(ecr):
    text = policy(rule(1, "any", 1))
    ecr.call("PutLifecyclePolicy", repositoryName="app", lifecyclePolicyText=text)
    controller = LifecycleController(store=ecr.store, clock=ecr.clock, waits=Waits(1), ids=ecr.ids)
    interests = {kind.name: interest for kind, interest in controller.interests().items()}
    looked_at = []
    ecr.store.watch(
        lambda changes: looked_at.extend(
            ref
            for change in changes
            for ref in interests.get(change.kind.name, lambda _: ())(change)
        )
    )
    ref = Ref(SCOPE, "app")
    ecr.clock.advance(60)
    assert asyncio.run(controller.reconcile(ref)) is None
    assert ecr.call("GetLifecyclePolicy", repositoryName="app")["lastEvaluatedAt"] == ecr.now()
    assert looked_at == []
    ecr.push("v1", b"1")
    assert ref in looked_at
    looked_at.clear()
    ecr.http("GET", "app/manifests/v1")  # a pull is noted, and changes nothing
    assert looked_at == []


def test_days_pass_faster_when_time_is_compressed(ecr):
    text = policy(rule(1, "untagged", 1, "days"))
    ecr.call("PutLifecyclePolicy", repositoryName="app", lifecyclePolicyText=text)
    ecr.push("", b"1")
    ecr.clock.advance(3600)
    ecr.settle()
    assert len(ecr.digests()) == 1
    ecr.settle(compression=24)
    assert ecr.digests() == set()


def test_an_index_and_its_images_expire_together(ecr):
    one, two = ecr.push("", b"1"), ecr.push("", b"2")
    inner = ecr.index("", one, two)
    ecr.index("v1", inner)
    ecr.clock.advance(60)
    kept = ecr.push("v2", b"3")
    text = policy(rule(1, "any", 1))
    ecr.call("PutLifecyclePolicy", repositoryName="app", lifecyclePolicyText=text)
    ecr.settle()
    assert ecr.digests() == {kept}


def test_a_bad_policy_is_refused_in_awss_words(ecr):
    text = policy(rule(1), rule(2, "untagged"))
    for operation in ("PutLifecyclePolicy", "StartLifecyclePolicyPreview"):
        refused = ecr.refusal(operation, repositoryName="app", lifecyclePolicyText=text)
        assert refused == (
            "InvalidParameterException",
            (
                "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle"
                " policy validation failure: Rule for tagStatus=ANY must have the lowest priority per"
                " storage class'"
            ),
        )
    missing = ecr.refusal("GetLifecyclePolicy", repositoryName="app")
    assert missing == (
        "LifecyclePolicyNotFoundException",
        (
            "Lifecycle policy does not exist for the repository with name 'app' in the registry with"
            f" id '{ACCOUNT}'"
        ),
    )
    for operation in ("DeleteLifecyclePolicy", "StartLifecyclePolicyPreview"):
        assert ecr.refusal(operation, repositoryName="app") == missing


def test_a_preview_tells_and_does_nothing(ecr):
    refused = ecr.refusal("GetLifecyclePolicyPreview", repositoryName="app")
    assert refused[0] == "LifecyclePolicyPreviewNotFoundException"
    digests = []
    for number in range(4):
        digests.append(ecr.push(f"v{number}" if number % 2 else "", b"%d" % number))
        ecr.clock.advance(1)
    text = policy(rule(1, "any", 1))
    asked = {"repositoryName": "app", "lifecyclePolicyText": text}
    started = ecr.call("StartLifecyclePolicyPreview", **asked)
    assert started["status"] == "IN_PROGRESS"
    waiting = ecr.call("GetLifecyclePolicyPreview", repositoryName="app")
    assert waiting["status"] == "IN_PROGRESS"
    again = ecr.refusal("StartLifecyclePolicyPreview", **asked)
    assert again[0] == "LifecyclePolicyPreviewInProgressException"
    ecr.settle()
    found, token = [], {}
    while True:
        page = ecr.call("GetLifecyclePolicyPreview", repositoryName="app", maxResults=2, **token)
        assert (page["status"], page["summary"]["expiringImageTotalCount"]) == ("COMPLETE", 3)
        found += page["previewResults"]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert {each["imageDigest"] for each in found} == set(digests[:3])
    assert {each["appliedRulePriority"] for each in found} == {1}
    only = ecr.call(
        "GetLifecyclePolicyPreview", repositoryName="app", filter={"tagStatus": "TAGGED"}
    )
    assert [each["imageTags"] for each in only["previewResults"]] == [["v1"]]
    named = ecr.call(
        "GetLifecyclePolicyPreview", repositoryName="app", imageIds=[{"imageTag": "v1"}]
    )
    assert [each["imageDigest"] for each in named["previewResults"]] == [digests[1]]
    assert ecr.digests() == set(digests)
    ecr.call("StartLifecyclePolicyPreview", **asked)
