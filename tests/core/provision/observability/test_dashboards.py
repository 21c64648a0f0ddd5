"""Dashboards as Grafana takes them, and the names of metrics that rules and dashboards rest on."""

import csv
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard as Model

from trimtab.provision.observability.alerts import Thresholds, alerts
from trimtab.provision.observability.dashboards import DASHBOARDS, dashboards
from trimtab.provision.observability.panels import COLUMNS, Dashboard
from trimtab.provision.observability.plan_metrics import PLAN_METRICS, PREFIX
from trimtab.provision.observability.recording import recordings

EACH = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.slug)
PARTS = ("dcgm", "kepler", "opencost", "prometheus")
TABLE = Path(__file__).parents[3] / "support" / "exporter_metrics.csv"
KEYWORDS = {
    "and",
    "or",
    "unless",
    "on",
    "by",
    "group_left",
    "group_right",
    "sum",
    "max",
    "min",
    "avg",
    "count",
    "group",
    "last_over_time",
    "time",
    "vector",
    "absent",
    "topk",
    "rate",
    "increase",
    "avg_over_time",
    "predict_linear",
    "label_replace",
    "clamp_min",
    "label_values",
    "ignoring",
    "bool",
}
UNITS = {
    "short", "percent", "percentunit", "currencyUSD", "bytes", "decmbytes", "watt", "watth", "s",
}  # fmt: skip


def names(expr: str) -> set[str]:
    """The metrics that an expression selects."""
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(?:by|on|group_left|group_right) \([^)]*\)", "", bare)
    bare = re.sub(r"\$\w+|\boffset \w+", "", bare)
    return {
        word
        for word in re.findall(r"[a-zA-Z_][\w:]*", bare)
        if word not in KEYWORDS and word != "e"
    }


@EACH
def test_grafanas_own_model_reads_it_whole(dashboard: Dashboard) -> None:
    model = dashboard.model()
    read = json.loads(json.dumps(Model.from_json(model), cls=JSONEncoder))
    for key in ("uid", "title", "tags", "schemaVersion", "refresh", "time", "timezone"):
        assert read[key] == model[key], key
    assert len(read["panels"]) == len(model["panels"])
    for ours, theirs in zip(model["panels"], read["panels"], strict=True):
        for key in ("id", "type", "title", "gridPos", "datasource"):
            assert theirs[key] == ours[key], key
        assert theirs["fieldConfig"]["defaults"]["unit"] == ours["fieldConfig"]["defaults"]["unit"]
        assert [t["expr"] for t in theirs["targets"]] == [t["expr"] for t in ours["targets"]]
    variables = [each["name"] for each in read["templating"]["list"]]
    assert variables == ["datasource", "cluster", "team", "pool"]


@EACH
def test_panels_have_ids_places_units_and_the_chosen_datasource(dashboard: Dashboard) -> None:
    panels: list[dict[str, Any]] = dashboard.model()["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
        assert len({t["refId"] for t in panel["targets"]}) == len(panel["targets"])
    for one, other in itertools.combinations([each["gridPos"] for each in panels], 2):
        apart = (
            one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        )  # fmt: skip
        assert apart, (one, other)


def test_dashboards_have_names_of_their_own_and_stay_the_same() -> None:
    assert len({each.slug for each in DASHBOARDS}) == len(DASHBOARDS)
    assert [each.config_map("n", {}) for each in DASHBOARDS] == [
        each.config_map("n", {}) for each in DASHBOARDS
    ]


def test_a_dashboard_without_its_part_is_left_out() -> None:
    slugs = {each.slug for each in dashboards(("prometheus",))}
    assert slugs == {"capacity", "energy", "spot", "storage", "queues"}


def test_every_metric_is_exposed_by_somebody() -> None:
    with TABLE.open(encoding="utf-8") as rows:
        exposed = {row["metric"] for row in csv.DictReader(rows)}
    recorded = recordings(400.0)
    own = {f"{PREFIX}_{each.name}" for each in PLAN_METRICS} | {each.name for each in recorded}
    expressions = [each.expr for each in recorded]
    expressions += [each.expr for each in alerts(Thresholds(), PARTS, ("monitoring",))]
    expressions += [q.expr for d in DASHBOARDS for panel in d.panels for q in panel.queries]
    used = set().union(*map(names, expressions))
    assert used <= exposed | own, used - exposed - own
    assert exposed <= used, "the table has what nobody uses"


def test_recording_rules_use_only_what_stands_above_them() -> None:
    seen: set[str] = set()
    for each in recordings(400.0):
        recorded = {name for name in names(each.expr) if name.startswith("trimtab:")}
        assert recorded <= seen, each.name
        seen.add(each.name)


def test_without_a_known_grid_no_emissions_are_recorded() -> None:
    assert "trimtab:kgco2e_per_hour" not in {each.name for each in recordings(None)}


@EACH
def test_no_figure_is_coloured_by_grafanas_own_threshold(dashboard: Dashboard) -> None:
    """Grafana's default is red from 80 on, be it nodes, watts or dollars."""
    for panel in dashboard.model()["panels"]:
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None
        assert [each["value"] for each in steps[1:]] == sorted(each["value"] for each in steps[1:])


def test_all_pools_are_those_of_the_chosen_teams() -> None:
    variables = {each["name"]: each for each in DASHBOARDS[0].model()["templating"]["list"]}
    assert variables["cluster"]["allValue"] == ".*"
    assert "allValue" not in variables["pool"]
    assert 'team=~"$team"' in variables["pool"]["definition"]
