"""Nothing that waits is lost, and somebody is told when it waits too long."""

import json
from typing import Any

import pytest
from telephony.observability import emit_metrics
from telephony.providers.transport import CONNECT_SECONDS, MARGIN_SECONDS, READ_SECONDS
from telephony.wakeups import MAX_DELAY

from tests.infrastructure.deployed import Deployed, logical_id
from tests.world import door

LONGEST_OPERATION_CALLS = 5
"""To carriers, one after the other."""

SECONDS_PER_WAKEUP: float = door("retry_worker").SECONDS_PER_WAKEUP


@pytest.fixture
def worker(prod: Deployed) -> dict[str, Any]:
    properties: dict[str, Any] = prod.resources["RetryWorkerFunction"]["Properties"]
    return properties


@pytest.fixture
def source(prod: Deployed) -> dict[str, Any]:
    """The mapping from the queue to the worker."""
    [mapping] = prod.of_type("AWS::Lambda::EventSourceMapping").values()
    return mapping


def test_a_message_is_hidden_for_as_long_as_its_worker_may_take(prod: Deployed, worker: dict[str, Any]) -> None:
    queue = prod.of_type("AWS::SQS::Queue")["WakeupsQueue"]
    assert queue["VisibilityTimeout"] >= 6 * worker["Timeout"]


def test_a_batch_of_the_longest_operations_fits_the_workers_time(
    worker: dict[str, Any], source: dict[str, Any]
) -> None:
    assert source["BatchSize"] * SECONDS_PER_WAKEUP < worker["Timeout"]


def test_the_longest_operation_fits_the_time_of_one_wakeup() -> None:
    calls = LONGEST_OPERATION_CALLS * (CONNECT_SECONDS + READ_SECONDS)
    assert calls + MARGIN_SECONDS <= SECONDS_PER_WAKEUP


def test_one_bad_wakeup_does_not_bring_back_the_others(source: dict[str, Any]) -> None:
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_workers_are_bounded_at_the_queue(worker: dict[str, Any], source: dict[str, Any]) -> None:
    assert source["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "WorkerConcurrency"}}
    assert "ReservedConcurrentExecutions" not in worker


def test_what_cannot_be_worked_on_is_kept_for_two_weeks(prod: Deployed) -> None:
    queues = prod.of_type("AWS::SQS::Queue")
    assert logical_id(queues["WakeupsQueue"]["RedrivePolicy"]["deadLetterTargetArn"]) == "WakeupsDeadLetterQueue"
    assert queues["WakeupsQueue"]["RedrivePolicy"]["maxReceiveCount"] >= 3
    assert queues["WakeupsDeadLetterQueue"]["MessageRetentionPeriod"] == 14 * 86400
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())


def test_sweeps_come_each_minute_and_never_overlap(prod: Deployed) -> None:
    rules = {rule["ScheduleExpression"]: rule for rule in prod.of_type("AWS::Events::Rule").values()}
    assert set(rules) == {"rate(1 minute)", "rate(7 days)"}
    [weekly] = rules["rate(7 days)"]["Targets"]
    assert weekly["Input"] == '{"task": "reconcile"}'
    assert prod.resources["SweeperFunction"]["Properties"]["Timeout"] < 60
    [invocation] = prod.of_type("AWS::Lambda::EventInvokeConfig").values()
    assert invocation["MaximumRetryAttempts"] == 0
    assert invocation["MaximumEventAgeInSeconds"] == 60  # one that was late would come with the next


def test_every_alarm_says_what_it_means_and_tells_somebody(prod: Deployed) -> None:
    alarms = prod.of_type("AWS::CloudWatch::Alarm")
    assert len(alarms) == 8
    for name, alarm in alarms.items():
        assert alarm["AlarmDescription"].endswith("."), name
        assert alarm["AlarmActions"] == [{"Ref": "AlarmsTopic"}], name


def test_every_function_is_watched_for_errors(prod: Deployed) -> None:
    watched = []
    for alarm in ("DoorErrorsAlarm", "WorkerErrorsAlarm"):
        metrics = prod.of_type("AWS::CloudWatch::Alarm")[alarm]["Metrics"]
        assert len(metrics) <= 10, "CloudWatch takes ten metrics in one alarm"
        of_functions = [each["MetricStat"]["Metric"] for each in metrics if "MetricStat" in each]
        assert {each["MetricName"] for each in of_functions} == {"Errors"}
        watched += [logical_id(each["Dimensions"][0]["Value"]) for each in of_functions]
    assert sorted(watched) == sorted(prod.of_type("AWS::Lambda::Function"))


def test_a_delayed_wakeup_is_no_alarm(prod: Deployed) -> None:
    assert prod.of_type("AWS::CloudWatch::Alarm")["OldestWakeupAlarm"]["Threshold"] > MAX_DELAY


def test_a_silent_sweeper_is_an_alarm(prod: Deployed) -> None:
    alarm = prod.of_type("AWS::CloudWatch::Alarm")["OverdueOperationsAlarm"]
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (15 * 60, "breaching")


OURS = {
    "AwsFailuresAlarm": "AwsFailures",
    "OperationsNeedAttentionAlarm": "OperationsGivenUp",
    "OverdueOperationsAlarm": "OldestDueSeconds",
    "UnexpectedErrorsAlarm": "UnexpectedErrors",
}
"""Alarms on metrics that the functions write, each metric written by a test of its own."""


def test_every_alarm_watches_what_there_is(prod: Deployed) -> None:
    alarms = prod.of_type("AWS::CloudWatch::Alarm")
    assert {name: each["MetricName"] for name, each in alarms.items() if each.get("Namespace") == "Telephony"} == OURS
    queues = {"DeadLettersAlarm": "WakeupsDeadLetterQueue", "OldestWakeupAlarm": "WakeupsQueue"}
    for name, queue in queues.items():
        assert alarms[name]["Namespace"] == "AWS/SQS"
        assert alarms[name]["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    assert alarms["DeadLettersAlarm"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert alarms["OldestWakeupAlarm"]["MetricName"] == "ApproximateAgeOfOldestMessage"


@pytest.mark.parametrize("name", OURS)
def test_alarms_watch_metrics_as_they_are_written(
    prod: Deployed, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an alarm on a metric of ours, and a function of the stack telephony-eu
    alarm = prod.of_type("AWS::CloudWatch::Alarm")[name]
    prefix = prod.resources["SiteFunction"]["Properties"]["Environment"]["Variables"]["TABLE_PREFIX"]
    monkeypatch.setenv("TABLE_PREFIX", prefix["Fn::Sub"].replace("${AWS::StackName}", "telephony-eu"))
    # when that metric is written
    emit_metrics(**{alarm["MetricName"]: 1.0})
    written = json.loads(capsys.readouterr().out)
    # then it has the namespace and the dimensions that the alarm asks for: CloudWatch takes others for another metric
    [definition] = written["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == alarm["Namespace"]
    assert definition["Dimensions"] == [[each["Name"] for each in alarm["Dimensions"]]]
    assert (written["service"], written["stack"]) == ("telephony", "telephony-eu")
    assert [each["Value"] for each in alarm["Dimensions"]] == ["telephony", {"Ref": "AWS::StackName"}]
