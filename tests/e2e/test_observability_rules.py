"""Rules, alerts and dashboards' queries before promtool, Prometheus' own checker."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.alert_cases import CASES, Case
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
RECORDINGS = recordings(400.0, "deployed")


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


@pytest.mark.parametrize("case", CASES, ids=str)
def test_alert(case: Case, rules: Path, tmp_path: Path) -> None:
    by = ", ".join(case.fires or {})
    firing = f'ALERTS{{alertname="{case.alert}",alertstate="firing"}}'
    unit_test(
        rules,
        tmp_path,
        case.series,
        case.minute,
        f"count by ({by}) ({firing})",
        [] if case.fires is None else [(case.fires, 1)],
    )


def test_the_window_that_holds_now_is_recorded(rules: Path, tmp_path: Path) -> None:
    series = next(case for case in CASES if case.says == "none at all").series
    for minute, least, most in ((0, 3, 5), (270, 3, 5), (300, 1, 2), (480, 1, 2)):
        for name, value in (("min", least), ("max", most)):
            unit_test(
                rules,
                tmp_path,
                series,
                minute,
                f"sum by (pool, group, option) (trimtab:plan_group_{name}_nodes)",
                [({"pool": "a", "group": "g", "option": "on-demand"}, value)],
            )


def unit_test(
    rules: Path,
    folder: Path,
    series: dict[str, str],
    minute: int,
    expr: str,
    samples: list[tuple[dict[str, str], float]],
) -> None:
    """One expression at one minute, as promtool evaluates it over the rules."""
    labels = [
        "{" + ", ".join(f'{key}="{text}"' for key, text in each.items()) + "}"
        for each, _ in samples
    ]
    test: dict[str, Any] = {
        "rule_files": [str(rules)],
        "evaluation_interval": "30m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": k, "values": v} for k, v in series.items()],
                "promql_expr_test": [
                    {
                        "expr": expr,
                        "eval_time": f"{minute}m",
                        "exp_samples": [
                            {"labels": text, "value": value}
                            for text, (_, value) in zip(labels, samples, strict=True)
                        ],
                    }
                ],
            }
        ],
    }
    path = folder / "test.json"
    path.write_text(json.dumps(test), "utf-8")
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
