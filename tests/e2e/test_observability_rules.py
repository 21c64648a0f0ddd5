"""Rules, alerts and dashboards' queries before promtool, Prometheus' own checker."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.alert_cases import CASES, GROUP, asked, node, others, planned, steady, window
from support.engines import engine_path
from support.examples import DOCS
from trimtab.provision.observability.alerts import Thresholds, alerts
from trimtab.provision.observability.dashboards import DASHBOARDS
from trimtab.provision.observability.recording import recordings
from trimtab.provision.observability.rules import rule_groups

pytestmark = pytest.mark.engine

ALERTS = alerts(
    Thresholds(), ("dcgm", "kepler", "opencost", "prometheus"), ("monitoring", "opencost")
)
RECORDINGS = recordings(400.0)


def promtool(*arguments: str) -> str:
    """What promtool says; fails with it."""
    done = subprocess.run(
        [str(engine_path("promtool")), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All rules as a file; JSON is YAML."""
    path = tmp_path_factory.mktemp("rules") / "rules.json"
    path.write_text(json.dumps(rule_groups(RECORDINGS, ALERTS)), "utf-8")
    return path


def test_promtool_accepts_the_rules(rules: Path) -> None:
    said = promtool("check", "rules", "--lint=all", "--lint-fatal", str(rules))
    assert f"{len(RECORDINGS) + len(ALERTS)} rules found" in said


def test_every_alert_has_cases_of_both_kinds() -> None:
    both = {
        name: {case.fires is not None for case in CASES if case.alert == name}
        for name in (alert.name for alert in ALERTS)
    }
    assert all(kinds == {True, False} for kinds in both.values()), both
    assert {case.alert for case in CASES} == set(both)


@pytest.mark.parametrize("alert", [each.name for each in ALERTS])
def test_alert(alert: str, rules: Path, tmp_path: Path) -> None:
    firing = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    tests = [
        unit_test(
            case.says,
            case.series,
            case.minute,
            f"count by ({', '.join(case.fires or {})}) ({firing})",
            [] if case.fires is None else [(case.fires, 1)],
        )
        for case in CASES
        if case.alert == alert
    ]
    evaluate(tests, rules, tmp_path)


def test_the_window_that_holds_now_is_recorded(rules: Path, tmp_path: Path) -> None:
    series = next(case for case in CASES if case.says == "none at all").series
    tests = [
        unit_test(
            f"{name} at minute {minute}",
            series,
            minute,
            f"sum by (pool, group, option) (trimtab:plan_group_{name}_nodes)",
            [({"pool": "a", "group": "g", "option": "on-demand"}, value)],
        )
        for minute, least, most in ((0, 3, 5), (270, 3, 5), (300, 1, 2), (480, 1, 2))
        for name, value in (("min", least), ("max", most))
    ]
    evaluate(tests, rules, tmp_path)


def unit_test(
    name: str,
    series: dict[str, str],
    minute: int,
    expr: str,
    samples: list[tuple[dict[str, str], float]],
) -> dict[str, Any]:
    """One expression at one minute, as promtool evaluates it over the rules."""
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": k, "values": v} for k, v in series.items()],
        "promql_expr_test": [
            {
                "expr": expr,
                "eval_time": f"{minute}m",
                "exp_samples": [
                    {
                        "labels": "{" + ", ".join(f'{k}="{v}"' for k, v in of.items()) + "}",
                        "value": value,
                    }
                    for of, value in samples
                ],
            }
        ],
    }


def evaluate(tests: list[dict[str, Any]], rules: Path, folder: Path) -> None:
    """All of them in one run of promtool."""
    path = folder / "test.json"
    document = {"rule_files": [str(rules)], "evaluation_interval": "30m", "tests": tests}
    path.write_text(json.dumps(document), "utf-8")
    promtool("test", "rules", str(path))


def test_promtool_parses_every_query_of_the_dashboards(tmp_path: Path) -> None:
    queries = [q.expr for each in DASHBOARDS for panel in each.panels for q in panel.queries]
    chosen = [re.sub(r"\$(cluster|pool|team)\b", "a|b", expr) for expr in queries]
    assert not [expr for expr in chosen if "$" in expr]
    page = (DOCS / "observability.md").read_text("utf-8")
    chosen += re.findall(r"^```promql\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    rules = [{"record": f"query:{place}", "expr": expr} for place, expr in enumerate(chosen)]
    path = tmp_path / "queries.json"
    path.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}), "utf-8")
    assert f"{len(chosen)} rules found" in promtool("check", "rules", str(path))


GPU = 'UUID="u",modelName="A100",Hostname="n1"'
SLICED = {
    f'DCGM_FI_DEV_POWER_USAGE{{{GPU},GPU_I_ID="1"}}': steady(300),
    f'DCGM_FI_DEV_POWER_USAGE{{{GPU},GPU_I_ID="2"}}': steady(300),
}
"""One GPU of 300 W in two slices."""
SHARED = {
    f'DCGM_FI_DEV_GPU_UTIL{{{GPU},namespace="n",pod="a"}}': steady(80),
    f'DCGM_FI_DEV_GPU_UTIL{{{GPU},namespace="n",pod="b"}}': steady(80),
    'DCGM_FI_DEV_GPU_UTIL{UUID="v",modelName="A100",Hostname="n1"}': steady(20),
}
"""One GPU that two pods share, at 80 %, and one at 20 %."""
ENDED = {
    **asked("n1", "nvidia_com_gpu", 2, 8, "runs"),
    'kube_pod_container_resource_requests{namespace="n",pod="ended",node="n1",resource="nvidia_com_gpu"}': steady(4),
    'kube_pod_status_phase{namespace="n",pod="ended",phase="Succeeded"}': steady(1),
}  # fmt: skip
COSTS = {
    **node("n1"), **others(), **planned(),
    'node_total_hourly_cost{node="n1"}': steady(6),
    'node_total_hourly_cost{node="other"}': steady(9),
    'node_cpu_hourly_cost{node="n1"}': steady(0.05),
    'container_cpu_allocation{namespace="n",pod="a",container="x",node="n1"}': steady(2),
    'container_cpu_allocation{namespace="n",pod="a",container="y",node="n1"}': steady(4),
    **asked("n1", "cpu", 24, 96, "a"),
    f'trimtab_plan_group_expected_usd_per_hour{{plan="p",{GROUP}}}': steady(5),
    f'trimtab_plan_group_expected_usd_per_hour{{plan="q",{GROUP}}}': steady(4),
    **window("a", "g", 0, 100_000, 3, 5), **window("a", "g", 100_000, 300_000, 7, 9),
}  # fmt: skip
"""Two containers of 2 and 4 CPUs at 0.05 USD on a node of 6 USD, a quarter of whose CPUs is asked for;
two plans of the group, and two windows of which one holds."""


@pytest.mark.parametrize(
    ("title", "series", "samples"),
    [
        ("Measured power", SLICED, [({}, 300)]),
        ("Power by model", SLICED, [({"modelName": "A100"}, 300)]),
        ("GPUs measured", SLICED, [({}, 1)]),
        ("Mean use", SHARED, [({}, 50)]),
        ("Allocated, below 5 %", SHARED, [({}, 0)]),
        ("Allocated, below 5 %", {}, []),
        ("GPUs asked for", ENDED, [({}, 2)]),
        ("Pods without room", {}, []),
        ("Pods without room", {**node("n1"), **others()}, [({}, 0)]),
        ("Expected, USD an hour", COSTS, [({}, 5)]),
        ("Actual, USD an hour", COSTS, [({}, 6)]),
        ("Actual over expected", COSTS, [({}, 1.2)]),
        ("Idle of what runs, USD an hour", COSTS, [({}, 4.5)]),
        ("CPU cost by namespace, USD an hour", COSTS, [({"namespace": "n"}, 0.3)]),
        ("Nodes planned at least", COSTS, [({}, 3)]),
        ("Nodes running", COSTS, [({}, 1)]),
        ("Room above what runs, to the planned max", COSTS, [({"pool": "a", "group": "g"}, 4)]),
    ],
)
def test_a_panel_gives_what_its_title_says(
    title: str,
    series: dict[str, str],
    samples: list[tuple[dict[str, str], float]],
    rules: Path,
    tmp_path: Path,
) -> None:
    (panel,) = [each for board in DASHBOARDS for each in board.panels if each.title == title]
    (query,) = panel.queries
    expr = re.sub(r"\$(cluster|pool)\b", ".*", query.expr)
    # To the sixth digit: promtool compares exactly.
    test = unit_test(title, series, 240, f"round({expr}, 1e-6)", samples)
    evaluate([test], rules, tmp_path)


def test_the_pages_demand_is_the_mean_of_the_hour(rules: Path, tmp_path: Path) -> None:
    """Eight GPUs for a quarter of it are two; a pod that has ended asks for none."""
    page = (DOCS / "observability.md").read_text("utf-8")
    expr = re.findall(r"^```promql\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)[0]
    of = 'namespace="n",pod="a"'
    series = {
        f'kube_pod_container_resource_requests{{{of},node="n1",resource="nvidia_com_gpu"}}': steady(8),
        f'kube_pod_status_phase{{{of},phase="Running"}}': "0x199 1x14 0x100",
        f'kube_pod_status_phase{{{of},phase="Succeeded"}}': "0x214 1x100",
        **others(),
    }  # fmt: skip
    evaluate([unit_test("mean", series, 240, expr, [({}, 2)])], rules, tmp_path)
