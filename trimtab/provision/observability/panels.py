"""Grafana's dashboard model from a few helpers: panels laid out in order, the same bytes every time.

Pure. A panel states its queries and unit; place, id and datasource are set here. Every dashboard has the
variables datasource, cluster, team and pool.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

SCHEMA_VERSION = 41
COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
DASHBOARD_LABEL = {"grafana_dashboard": "1"}
"""By it Grafana's sidecar finds a ConfigMap."""

Kind = Literal["timeseries", "stat", "table", "bargauge"]
Step = tuple[float | None, str]
"""From which value on (None: from the least) a figure has which colour."""


@dataclass(frozen=True)
class Query:
    """A query, and what its series are called in the legend."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        unit: as Grafana names it: short, percentunit, currencyUSD, bytes, watt.
        width: of Grafana's 24 columns.
        steps: colours of a figure; none: the text's own. Unset, Grafana would have red from 80 on.
    """

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Kind = "timeseries"
    width: int = 12
    height: int = 8
    description: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Dashboard:
    """One dashboard; `parts` are those without which it is empty, and then it is not installed."""

    slug: str
    title: str
    panels: tuple[Panel, ...]
    parts: tuple[str, ...] = ()

    def model(self) -> dict[str, Any]:
        """Grafana's JSON model."""
        return {
            "uid": f"trimtab-{self.slug}",
            "title": self.title,
            "tags": ["trimtab"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "timezone": "utc",
            "refresh": "1m",
            "time": {"from": "now-24h", "to": "now"},
            "templating": {"list": _variables()},
            "annotations": {"list": []},
            "links": [
                {
                    "type": "dashboards",
                    "tags": ["trimtab"],
                    "title": "Trimtab",
                    "asDropdown": True,
                    "includeVars": True,
                    "keepTime": True,
                }
            ],
            "panels": _laid_out(self.panels),
        }

    def config_map(self, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
        """The object that Grafana's sidecar loads."""
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"trimtab-dashboard-{self.slug}",
                "namespace": namespace,
                "labels": {**labels, **DASHBOARD_LABEL},
            },
            "data": {f"trimtab-{self.slug}.json": json.dumps(self.model(), indent=1) + "\n"},
        }


def _laid_out(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Panels from left to right, and below where the row is full."""
    found = []
    x = y = tallest = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        found.append(_panel(number, panel, place))
        x, tallest = x + panel.width, max(tallest, panel.height)
    return found


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    instant = panel.kind != "timeseries"
    targets = [
        {
            "refId": chr(ord("A") + index),
            "datasource": DATASOURCE,
            "expr": query.expr,
            "legendFormat": query.legend,
            "instant": instant,
            "range": not instant,
            **({"format": "table"} if panel.kind == "table" else {}),
        }
        for index, query in enumerate(panel.queries)
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": {
                    "mode": "absolute",
                    "steps": [
                        {"color": colour, "value": value}
                        for value, colour in panel.steps or ((None, "text"),)
                    ],
                },
            },
            "overrides": [],
        },
        "options": {},
        "targets": targets,
    }


def _variables() -> list[dict[str, Any]]:
    plan = "trimtab_plan_pool_interruptible_share"
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {"text": "Prometheus", "value": "prometheus"},
    }
    return [
        source,
        _choice("cluster", f"label_values({plan}, cluster)", unlabelled=True),
        _choice("team", f'label_values({plan}{{cluster=~"$cluster"}}, team)', unlabelled=True),
        # All pools are those of the chosen teams, and so are named one by one.
        _choice("pool", f'label_values({plan}{{cluster=~"$cluster",team=~"$team"}}, pool)'),
    ]


def _choice(name: str, query: str, *, unlabelled: bool = False) -> dict[str, Any]:
    """A variable. `unlabelled`: a series without the label, as of one cluster's own Prometheus, is among
    all that can be chosen."""
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": f"variable-{name}"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        **({"allValue": ".*"} if unlabelled else {}),
        "current": {"text": "All", "value": "$__all"},
    }
