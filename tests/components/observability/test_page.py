"""docs/observability.md: its tables and its alerts are the component's."""

import re

from support.examples import DOCS, example
from support.recorded import of, one
from trimtab.provision.observability.alerts import Thresholds, alerts
from trimtab.provision.observability.parts import PARTS
from trimtab.provision.observability.storage import DEFAULT_GIB
from trimtab_components.observability.observability import AlertThresholds

PAGE = (DOCS / "observability.md").read_text("utf-8")


def test_every_alert_has_its_section() -> None:
    headings = re.findall(r"^### (Trimtab\w+)$", PAGE, re.MULTILINE)
    assert headings == [each.name for each in alerts(Thresholds(), tuple(PARTS), ("monitoring",))]


def test_every_threshold_is_explained_and_an_argument() -> None:
    assert AlertThresholds.__annotations__.keys() == Thresholds.model_fields.keys()
    for name in Thresholds.model_fields:
        assert f"`{name}`" in PAGE, name


def test_the_parts_are_in_the_table() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|.*\| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    assert rows == [(name, part.source.namespace) for name, part in PARTS.items()]


def test_the_sizes_are_the_defaults() -> None:
    for gib in DEFAULT_GIB.values():
        assert re.search(rf"\b{gib}\b", PAGE)


def test_the_example_watches_owned_machines() -> None:
    records = example("observability")
    charts = set(of(records, "Chart"))
    assert charts == {f"watch-{part}" for part in PARTS if part != "dcgm"}
    rules = one(records, "PrometheusRule")
    assert rules.inputs["metadata"]["namespace"] == "monitoring"
    assert rules.provider.startswith(one(records, "kubernetes").urn)
