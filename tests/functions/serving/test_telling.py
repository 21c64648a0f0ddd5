"""What logs and metrics tell of answers."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pytest
import structlog
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import given, settings
from hypothesis import strategies as st

from support import plans
from support.capacity_cases import DIGEST, FIRST, KEY, PLAN, SECOND, plan, running
from support.capacity_function import capacity_function
from support.capacity_requests import request, respond
from support.function_client import call
from trimtab_functions.dispatch import Functions
from trimtab_functions.memo import Memo
from trimtab_functions.serving.logs import KNOWN_XRS, DecisionLog
from trimtab_functions.serving.metrics import FLEET_SECONDS, FLEET_XRS, Metrics
from trimtab_functions.serving.runner import DEFECT, FunctionRunner
from trimtab_functions.serving.summary import (
    Nodes,
    Share,
    Summariser,
    Summary,
    XrKey,
)
from trimtab_functions.serving.traces import tracer

PLANNED = Share("Planned", "on-demand")


def summarise(req: fnv1.RunFunctionRequest, now: Any = FIRST) -> Summary:
    return Summariser().summarise(req, respond(req, now))


def of_xr(name: str, summary: Summary) -> Summary:
    return Summary(
        XrKey("Cluster", "team", name), "tag", summary.reasons, summary.messages, summary.capacity
    )


# --- Summaries -----------------------------------------------------------------------------------


def test_a_summary_says_what_was_answered() -> None:
    summary = summarise(request(PLAN, observed={KEY: running(3)}))
    assert summary.xr == XrKey("NodeGroupSet", "team", "ml")
    assert summary.tag == "a-tag"
    assert summary.reasons == {"PlanUsable": "PlanFound", "CapacityPlanned": "AsPlanned"}
    assert summary.messages == {}
    assert summary.capacity.stands == {"Planned": 1}
    assert summary.capacity.nodes == {PLANNED: Nodes(2, 3, 4)}
    assert summary.capacity.plan == DIGEST


def test_a_summary_of_what_is_held_names_no_option_and_says_why() -> None:
    summary = summarise(request(None, observed={KEY: running(3)}))
    assert summary.reasons["PlanUsable"] == "PlanNotFound"
    assert summary.capacity.stands == {"Held": 1}
    assert summary.capacity.nodes == {Share("Held", "unknown"): Nodes(2, 3, 4)}
    assert summary.capacity.plan is None
    assert "there is no CapacityPlan" in summary.messages["PlanUsable"]


def test_nodes_are_summed_by_option() -> None:
    groups = [plans.group(name, {"option": "on-demand"}) for name in ("a", "b")]
    spot = plans.group("c", {"option": "spot", "pools": 2})
    summary = summarise(request(plan(*groups, spot)))
    assert summary.capacity.nodes == {
        PLANNED: Nodes(4, 6, 8),
        Share("Planned", "spot"): Nodes(2, 3, 4),
    }


# --- The log -------------------------------------------------------------------------------------


@pytest.fixture
def told() -> Any:
    with structlog.testing.capture_logs() as lines:
        yield lines


def tell(log: DecisionLog, *summaries: Summary) -> None:
    for each in summaries:
        log.tell(each, 0.002)


@pytest.fixture
def log() -> DecisionLog:
    class Enabled:
        """As a logger of level debug answers."""

        def __getattr__(self, name: str) -> Any:
            return getattr(structlog.get_logger(), name)

        def is_enabled_for(self, level: int) -> bool:
            return True

    return DecisionLog(Enabled())


def test_a_steady_xr_is_told_once_and_then_for_debugging_only(told: Any, log: DecisionLog) -> None:
    req = request(PLAN, observed={KEY: running(3)})
    # The autoscaler's move within the bounds is no new decision.
    moved = request(PLAN, observed={KEY: running(4)})
    tell(log, *(summarise(each) for each in (req, req, moved, req)))
    assert [each["log_level"] for each in told] == ["info", "debug", "debug", "debug"]


def test_a_line_has_what_a_person_looks_for(told: Any, log: DecisionLog) -> None:
    tell(log, summarise(request(None, observed={KEY: running(3)})))
    (line,) = told
    why = line.pop("why")
    assert line == {
        "event": "the decision changed",
        "log_level": "info",
        "tag": "a-tag",
        "xr-kind": "NodeGroupSet",
        "xr-namespace": "team",
        "xr-name": "ml",
        "reasons": {"PlanUsable": "PlanNotFound", "CapacityPlanned": "KeptRunning"},
        "resources": {"held": 1},
        "nodes": {"held/unknown": {"min": 2, "desired": 3, "max": 4}},
        "milliseconds": 2.0,
    }
    assert why["CapacityPlanned"] == f"kept as they are: {KEY}"


def test_a_changed_size_or_reason_is_told(told: Any, log: DecisionLog) -> None:
    req = request(PLAN, observed={KEY: running(3)})
    tell(
        log,
        summarise(req),
        summarise(req, SECOND),
        summarise(request(None, observed={KEY: running(3)})),
        summarise(req, SECOND),
    )
    assert [each["log_level"] for each in told] == ["info"] * 4


def test_what_is_remembered_for_the_log_is_bounded(told: Any, log: DecisionLog) -> None:
    summary = summarise(request(PLAN))
    tell(log, *(of_xr(f"xr-{i}", summary) for i in range(KNOWN_XRS + 1)))
    told.clear()
    tell(log, of_xr(f"xr-{KNOWN_XRS}", summary), of_xr("xr-0", summary))
    assert [each["log_level"] for each in told] == ["debug", "info"]


def test_the_process_logs_json_lines_of_changes(tmp_path: Path) -> None:
    with (
        capacity_function(tmp_path) as served,
        grpc.insecure_channel(served.target) as channel,
    ):
        for plan_sent in (False, None, False, None, False, PLAN):
            call(channel, request(plan_sent))
        log = served.process.log
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    # A call that comes before Crossplane has fetched the plan decides nothing.
    assert [line["reasons"]["PlanUsable"] for line in lines] == ["PlanNotFound", "PlanExpired"]
    assert {line["level"] for line in lines} == {"info"}
    assert all({"msg", "ts", "tag"} <= set(line) for line in lines)


def test_a_level_is_asked_for(tmp_path: Path) -> None:
    with (
        capacity_function(tmp_path, environment={"LOG_LEVEL": "debug"}) as served,
        grpc.insecure_channel(served.target) as channel,
    ):
        for _ in range(3):
            call(channel, request(None))
        log = served.process.log
    levels = [json.loads(line)["level"] for line in log.read_text("utf-8").splitlines()]
    assert levels == ["info", "debug", "debug"]


# --- Metrics -------------------------------------------------------------------------------------


class Stopwatch:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def series(metrics: Metrics, prefix: str = "trimtab_") -> dict[str, float]:
    found = {}
    for line in metrics.page().decode().splitlines():
        if line.startswith(prefix):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def test_an_answer_without_what_it_asks_for_counts_as_no_decision(
    told: Any, log: DecisionLog
) -> None:
    metrics = Metrics({})
    steady = request(PLAN, observed={KEY: running(3)})
    for req in (request(False, observed={KEY: running(3)}), steady) * 2:
        summary = summarise(req)
        metrics.count(summary, 0.004)
        log.tell(summary, 0.004)
    found = series(metrics)
    assert found["trimtab_unfinished_answers_total"] == 2
    assert found["trimtab_run_function_seconds_count"] == 4
    assert found['trimtab_decisions_total{stand="Planned"}'] == 2
    assert 'trimtab_decisions_total{stand="Held"}' not in found
    assert "PlanNotFetched" not in str(found)
    assert [each["event"] for each in told] == [
        "not all is fetched yet",
        "the decision changed",
        "not all is fetched yet",
        "the decision stays",
    ]


def test_what_is_reported_in_another_place_is_told_alike() -> None:
    observed = {KEY: running(3)}
    here = summarise(request(PLAN, observed=observed))
    step: dict[str, Any] = {"statusFieldPath": "status.nodes.plan"}
    there = summarise(request(PLAN, observed=observed, step_input=step))
    undeclared = summarise(request(PLAN, observed=observed, step_input={"statusFieldPath": None}))
    assert here.capacity == there.capacity == undeclared.capacity
    assert here.capacity.stands == {"Planned": 1}


def test_decisions_reasons_and_nodes_are_counted() -> None:
    metrics = Metrics({})
    metrics.count(summarise(request(PLAN, observed={KEY: running(3)})), 0.004)
    metrics.count(of_xr("other", summarise(request(None, observed={KEY: running(2)}))), 0.02)
    found = series(metrics)
    assert found['trimtab_decisions_total{stand="Planned"}'] == 1
    assert found['trimtab_decisions_total{stand="Held"}'] == 1
    assert found['trimtab_outcomes_total{condition="PlanUsable",reason="PlanFound"}'] == 1
    assert found['trimtab_outcomes_total{condition="PlanUsable",reason="PlanNotFound"}'] == 1
    assert found["trimtab_run_function_seconds_count"] == 2
    assert found['trimtab_run_function_seconds_bucket{le="0.005"}'] == 1
    assert found['trimtab_nodes{bound="max",option="on-demand",stand="Planned"}'] == 4
    assert found['trimtab_nodes{bound="desired",option="unknown",stand="Held"}'] == 2
    assert found["trimtab_xrs"] == 2
    assert found["trimtab_internal_errors_total"] == 0


def test_an_xr_counts_once_however_often_it_is_answered() -> None:
    metrics = Metrics({})
    for now in (FIRST, FIRST, SECOND):
        metrics.count(summarise(request(PLAN), now), 0.001)
    assert series(metrics)['trimtab_nodes{bound="max",option="on-demand",stand="Planned"}'] == 6


def test_an_xr_that_is_called_no_more_is_forgotten() -> None:
    now = Stopwatch()
    metrics = Metrics({}, now)
    metrics.count(of_xr("deleted", summarise(request(PLAN))), 0.001)
    now.seconds += FLEET_SECONDS - 1
    metrics.count(of_xr("alive", summarise(request(PLAN))), 0.001)
    assert series(metrics)["trimtab_xrs"] == 2
    now.seconds += 2
    assert series(metrics)["trimtab_xrs"] == 1


def test_what_is_remembered_for_metrics_is_bounded_and_no_label_names_an_xr() -> None:
    metrics, summary = Metrics({}), summarise(request(PLAN))
    before: set[str] = set()
    for i in range(FLEET_XRS + 10):
        metrics.count(of_xr(f"xr-{i}", summary), 0.001)
        before = before or set(series(metrics))
    found = series(metrics)
    assert set(found) == before
    assert found["trimtab_xrs"] == FLEET_XRS


def test_the_use_of_memos_is_told() -> None:
    memo: Memo[int] = Memo(4, 4)
    for key in (1, 2, 1):
        memo.get(key, 1, lambda: 0)
    found = series(Metrics({"plans": memo}), "trimtab_memo")
    assert found == {
        'trimtab_memo_uses_total{memo="plans",result="hit"}': 1,
        'trimtab_memo_uses_total{memo="plans",result="miss"}': 2,
        'trimtab_memo_entries{memo="plans"}': 2,
    }


def test_the_process_serves_its_metrics(tmp_path: Path) -> None:
    with (
        capacity_function(tmp_path) as served,
        grpc.insecure_channel(served.target) as channel,
    ):
        call(channel, request(None))
        with urlopen(f"{served.pages}/metrics") as page:
            text = page.read().decode()
    assert 'trimtab_outcomes_total{condition="PlanUsable",reason="PlanNotFound"} 1.0' in text
    assert "trimtab_build_info{" in text
    assert "process_resident_memory_bytes" in text


# --- A defect ------------------------------------------------------------------------------------


class Context:
    """Of a call without metadata."""

    def invocation_metadata(self) -> None:
        return None


def run(runner: FunctionRunner, req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
    # Nothing is awaited: the coroutine ends at its first step.
    call_ = runner.RunFunction(req, Context())
    with pytest.raises(StopIteration) as ended:
        call_.send(None)
    rsp: fnv1.RunFunctionResponse = ended.value.value
    return rsp


def test_a_defect_leaves_the_xr_as_it_is_and_is_counted_and_logged(told: Any) -> None:
    class Defective:
        def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
            rsp.desired.resources.clear()
            raise ZeroDivisionError

    metrics = Metrics({})
    runner = FunctionRunner(Defective(), Summariser(), metrics, tracer(), structlog.get_logger())
    req = request(desired={"network": {"kind": "VPC"}})
    rsp = run(runner, req)
    assert rsp.desired == req.desired
    (result,) = rsp.results
    assert (result.severity, result.message) == (fnv1.SEVERITY_FATAL, DEFECT)
    assert series(metrics)["trimtab_internal_errors_total"] == 1
    assert told[0]["event"] == "a defect"
    assert told[0]["tag"] == "a-tag"


def test_what_can_t_be_told_of_an_answer_does_not_take_the_answer_away(told: Any) -> None:
    class Dumb(Summariser):
        def summarise(self, req: Any, rsp: Any) -> Summary:
            raise ZeroDivisionError

    functions = Functions(lambda: FIRST)
    runner = FunctionRunner(functions, Dumb(), Metrics({}), tracer(), structlog.get_logger())
    assert run(runner, request(PLAN)).conditions[0].reason == "PlanFound"
    assert told[0]["event"] == "an answer could not be told"


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.tuples(*[st.integers(0, 9)] * 3), max_size=5),
    stale=st.booleans(),
)
def test_telling_changes_no_answer(counts: list[tuple[int, int, int]], stale: bool) -> None:
    windows = plans.windows(*(tuple(sorted(each)) for each in counts or [(1, 2, 3)]))  # type: ignore[arg-type]
    document = plan(plans.group("main", {"option": "on-demand"}, windows=windows))
    now = FIRST + timedelta(days=3 * stale)
    functions = Functions(lambda: now)
    with structlog.testing.capture_logs():
        runner = FunctionRunner(
            functions, Summariser(), Metrics({}), tracer(), structlog.get_logger()
        )
        req = request(document, observed={KEY: running(3)})
        assert run(runner, req) == respond(req, now)
