"""From an event to what it starts."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.stand import SCOPE

from demitasse.clock import ManualClock
from demitasse.services.codepipeline.records import PIPELINES
from demitasse.services.events import delivery, inputs
from demitasse.services.events.records import EVENTS, Target, Transformer
from demitasse.services.iam.records import ROLES, everywhere
from demitasse.store import Ref

from .stand import GROUP, PIPELINE_ARN, PROJECT_ARN, Stand

NOW = ManualClock().now()


def undelivered(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of deliveries that were given up."""
    return [each for each in caplog.messages if "is not delivered" in each]


def logging(**target: Any) -> Stand:
    """A stand on which events of the shop are logged."""
    stand = Stand()
    stand.group()
    stand.rule()
    stand.to_logs(**target)
    return stand


def test_an_event_is_logged_as_aws_writes_it() -> None:
    stand = logging()
    answer = stand.put({"price": 3.5}, Resources=["arn:x"])
    assert answer["FailedEntryCount"] == 0
    stand.deliver()
    assert [json.loads(each) for each in stand.logged()] == [
        {
            "version": "0",
            "id": answer["Entries"][0]["EventId"],
            "detail-type": "Sale",
            "source": "shop",
            "account": SCOPE.account,
            "time": "2026-01-01T00:00:00Z",
            "region": SCOPE.region,
            "resources": ["arn:x"],
            "detail": {"price": 3.5},
        }
    ]
    assert stand.waiting() == 0


def test_what_no_rule_is_for_is_not_kept() -> None:
    stand = logging()
    stand.put(Source="other")
    stand.put(EventBusName="default", DetailType="x")
    stand.happen()
    assert stand.waiting() == 1
    stand.events("DisableRule", Name="rule")
    stand.put()
    stand.deliver()
    assert stand.logged() == []


def test_a_rule_hears_its_own_bus_and_region_only() -> None:
    stand = logging()
    stand.events("CreateEventBus", Name="orders")
    assert stand.put(EventBusName="orders")["FailedEntryCount"] == 0
    assert stand.waiting() == 0
    stand.rule("other", EventBusName="orders")
    stand.put(EventBusName="orders")
    assert stand.waiting() == 1


def test_rules_without_a_source_hear_services_as_well() -> None:
    stand = logging()
    stand.rule("any", {"detail": {"digest": [{"prefix": "sha256:"}]}})
    stand.to_logs("any")
    stand.happen(digest="sha256:1")
    stand.happen(digest="md5:1")
    stand.deliver()
    assert len(stand.logged()) == 1


def test_a_pipeline_is_started_once_per_event() -> None:
    stand = Stand()
    stand.pipeline()
    arn = stand.rule("push", {"source": ["aws.ecr"]})
    stand.target("push", PIPELINE_ARN)
    stand.happen()
    stand.deliver()
    stand.deliver()
    (execution,) = stand.executions()
    assert (execution.trigger.type, execution.trigger.detail) == ("CloudWatchEvent", arn)


def test_a_pipeline_takes_revisions_and_variables_from_the_event() -> None:
    stand = Stand()
    stand.pipeline("who")
    stand.rule()
    template = (
        '{"sourceRevisions": [{"actionName": "Source", "revisionType": "IMAGE_DIGEST",'
        ' "revisionValue": "<digest>"}], "variables": [{"name": "who", "value": <who>}]}'
    )
    paths = {"digest": "$.detail.digest", "who": "$.detail['who']"}
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    stand.target("rule", PIPELINE_ARN, InputTransformer=transformer)
    stand.put({"digest": "sha256:1", "who": 'me "again"'})
    stand.deliver()
    (execution,) = stand.executions()
    assert execution.pins["Source"].value == "sha256:1"
    assert execution.variables == {"who": 'me "again"'}


def test_a_build_is_started_with_overrides() -> None:
    stand = Stand()
    stand.project()
    stand.rule()
    given = {
        "sourceVersion": "dev",
        "environmentVariablesOverride": [{"name": "A", "value": "b"}],
        "timeoutInMinutesOverride": 5,
        "privilegedModeOverride": True,
    }
    stand.target("rule", PROJECT_ARN, Input=json.dumps(given))
    stand.put()
    stand.deliver()
    (build,) = stand.builds()
    assert build.initiator == "rule/rule"
    assert build.settings.timeout == 5
    assert build.settings.environment.privileged
    assert [each.value for each in build.settings.environment.variables] == ["b"]


def test_one_impossible_delivery_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    stand = logging()
    stand.target("rule", PIPELINE_ARN)  # there is no such pipeline
    stand.project()
    stand.target("rule", PROJECT_ARN)
    stand.put()
    stand.deliver()
    assert len(stand.logged()) == 1
    assert len(stand.builds()) == 1
    assert len(undelivered(caplog)) == 1
    assert stand.waiting() == 0


def test_what_an_impossible_delivery_wrote_is_undone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from demitasse.errors import ServiceError

    stand = logging()

    def write_and_fail(tx: Any, scope: Any, *_: Any, **__: Any) -> None:
        tx.delete(EVENTS, Ref(scope, "nothing"))
        tx.next(scope, "count")
        raise ServiceError("Gone", "it is gone")

    monkeypatch.setattr(delivery, "write", write_and_fail)
    stand.put()
    stand.deliver()
    with stand.store.transaction() as tx:
        assert tx.next(SCOPE, "count") == 1
    assert len(undelivered(caplog)) == 1


@pytest.mark.parametrize("killed_after", range(3))
def test_a_crash_loses_nothing_and_repeats_nothing(
    killed_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between any two of three deliveries, all three happen once in the end."""
    stand = logging()
    stand.pipeline()
    stand.project()
    stand.target("rule", PIPELINE_ARN)
    stand.target("rule", PROJECT_ARN)
    stand.put()
    real, done = delivery.deliver, 0

    def dying(*args: Any, **given: Any) -> None:
        nonlocal done
        if done == killed_after:
            raise KeyboardInterrupt
        done += 1
        real(*args, **given)

    with stand.store.transaction() as tx:
        (ref,) = tx.refs(EVENTS)
    monkeypatch.setattr("demitasse.services.events.controller.deliver", dying)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(stand.delivery.reconcile(ref))
    assert not stand.executions()
    assert not stand.builds()
    assert not stand.logged()
    monkeypatch.setattr("demitasse.services.events.controller.deliver", real)
    stand.deliver()
    assert (len(stand.executions()), len(stand.builds()), len(stand.logged())) == (1, 1, 1)
    assert stand.waiting() == 0


def test_an_event_that_cannot_be_delivered_for_a_day_is_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stand = logging()
    stand.put()
    stand.clock.advance(25 * 3600)
    stand.deliver()
    assert stand.logged() == []
    assert (len(undelivered(caplog)), stand.waiting()) == (1, 0)


def test_a_rule_that_is_gone_delivers_no_more() -> None:
    stand = logging()
    stand.put()
    stand.events("RemoveTargets", Rule="rule", Ids=["all"])
    stand.events("DeleteRule", Name="rule")
    stand.deliver()
    assert (stand.logged(), stand.waiting()) == ([], 0)


def test_a_pipeline_deleted_meanwhile_is_only_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stand = Stand()
    stand.pipeline()
    stand.rule()
    stand.target("rule", PIPELINE_ARN)
    stand.put()
    with stand.store.transaction() as tx:
        tx.delete(PIPELINES, Ref(SCOPE, "update-employee"))
    stand.deliver()
    assert (stand.executions(), len(undelivered(caplog))) == ([], 1)


def test_a_target_whose_role_is_gone_is_not_started(caplog: pytest.LogCaptureFixture) -> None:
    stand = Stand()
    stand.pipeline()
    stand.rule()
    stand.target("rule", PIPELINE_ARN)
    with stand.store.transaction() as tx:
        tx.delete(ROLES, Ref(everywhere(SCOPE), "PipelineRole"))
    stand.put()
    stand.deliver()
    assert (stand.executions(), len(undelivered(caplog))) == ([], 1)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Input": '"constant"'}, "constant"),
        ({"Input": '{"any": 1}'}, '{"any": 1}'),
        ({"InputPath": "$.detail.rows[1]"}, '{"a":2}'),
        ({"InputPath": "$.detail.nothing"}, "null"),
        ({"InputTransformer": {"InputTemplate": '"<aws.events.rule-name>!"'}}, "rule!"),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"t": "$.time", "a": "$.detail.rows[0].a", "no": "$.detail.x"},
                    "InputTemplate": '{"timestamp": <t>, "message": "a is <a>, \\"<no>\\""}',
                }
            },
            'a is 1, ""',
        ),
    ],
)
def test_what_is_logged_can_be_shaped(target: Any, message: str) -> None:
    stand = logging(**target)
    stand.put({"rows": [{"a": 1}, {"a": 2}]})
    stand.deliver()
    assert stand.logged() == [message]


def test_events_of_a_target_stand_in_one_stream_at_their_times() -> None:
    stand = logging()
    before = stand.clock.now() - timedelta(hours=1)
    stand.put(Time=before)
    stand.put(Time=stand.clock.now() - timedelta(days=30))  # too old for a log event
    stand.deliver()
    streams = stand.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert len(streams) == 1
    times = [
        each["timestamp"]
        for each in stand.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]
    ]
    now = stand.clock.now().timestamp() * 1000
    assert times == [before.timestamp() * 1000, now]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Source": "aws.ecr"}, "NotAuthorizedForSourceException"),
        ({"Source": ""}, "InvalidArgument"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": "[1]"}, "MalformedDetail"),
        ({"Detail": '{"a":' * 500 + "1" + "}" * 500}, "MalformedDetail"),
        ({"EventBusName": "none"}, "InvalidArgument"),
    ],
)
def test_one_bad_entry_leaves_the_others(entry: Any, code: str) -> None:
    stand = logging()
    good = {"Source": "shop", "DetailType": "Sale", "Detail": "{}"}
    answer = stand.events("PutEvents", Entries=[good, {**good, **entry}, good])
    assert answer["FailedEntryCount"] == 1
    assert [each.get("ErrorCode") for each in answer["Entries"]] == [None, code, None]
    assert stand.waiting() == 2


def test_too_much_at_once_is_refused() -> None:
    stand = logging()
    entry = {"Source": "shop", "DetailType": "x", "Detail": json.dumps({"a": "x" * 400_000})}
    assert stand.refused("PutEvents", Entries=[entry] * 3)[0] == "ValidationException"
    assert stand.refused("PutEvents", Entries=[entry] * 11)[0] == "ValidationException"
    assert stand.refused("PutEvents", Entries=[entry], EndpointId="a.b")[0] == (
        "ValidationException"
    )
    assert stand.waiting() == 0
    stand.events("PutEvents", Entries=[entry] * 2)
    assert stand.waiting() == 2


# schedules


def test_a_schedule_fires_when_it_is_due_and_not_while_disabled() -> None:
    stand = Stand()
    stand.group()
    arn = stand.events("PutRule", Name="tick", ScheduleExpression="rate(1 minute)")["RuleArn"]
    stand.to_logs("tick")
    stand.settle(stand.schedules, seconds=150)
    stand.deliver()
    told = [json.loads(each) for each in stand.logged()]
    assert [each["time"] for each in told] == ["2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"]
    assert {each["detail-type"] for each in told} == {"Scheduled Event"}
    assert {each["source"] for each in told} == {"aws.events"}
    assert told[0]["resources"] == [arn]
    stand.events("DisableRule", Name="tick")
    stand.settle(stand.schedules, seconds=150)
    assert stand.waiting() == 0
    stand.events("EnableRule", Name="tick")
    stand.settle(stand.schedules, seconds=59)
    assert stand.waiting() == 0
    stand.settle(stand.schedules, seconds=2)
    assert stand.waiting() == 1


def test_what_was_due_while_nothing_ran_is_not_made_up_for() -> None:
    stand = Stand()
    stand.events("PutRule", Name="noon", ScheduleExpression="cron(0 12 * * ? *)")
    stand.settle(stand.schedules)
    stand.clock.advance(12.5 * 3600)
    stand.settle(stand.schedules)
    assert stand.waiting() == 0
    stand.clock.advance(23.5 * 3600)
    stand.settle(stand.schedules)
    assert stand.waiting() == 1


def test_another_expression_counts_anew() -> None:
    stand = Stand()
    stand.events("PutRule", Name="tick", ScheduleExpression="rate(1 minute)")
    stand.settle(stand.schedules)
    stand.events("PutRule", Name="tick", ScheduleExpression="rate(1 hour)")
    stand.settle(stand.schedules, seconds=120)
    assert stand.waiting() == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(json_values)
def test_a_filled_template_is_json_whatever_is_filled_in(value: Any) -> None:
    template = '{"as value": <v>, "in a text": "it is <v>, \\"quoted\\"", "<v>": []}'
    target = Target("t", "arn", transformer=Transformer(template, {"v": "$.detail.v"}))
    inputs.check(target)
    made = json.loads(
        inputs.handed_on(target, {"detail": {"v": value}}, ingested=NOW, rule_arn="arn/x")
    )
    assert made["as value"] == value
    assert isinstance(made["in a text"], str)
