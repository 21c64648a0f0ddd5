"""Capacity ordered ahead for settings: each split where it is split, charged at the list price."""

import json
from dataclasses import replace

import numpy as np
import pytest

from support.report_cases import TEST_FROM, setting
from trimtab.backtest.ahead import AUTOSCALERS, ordered_ahead, pooled_rows, rows
from trimtab.backtest.provisioning import HEADROOMS, STABILISATION_HOURS


def test_the_plain_autoscaler_is_charged_on_the_replayed_hours() -> None:
    one = setting()
    first, *_ = rows(ordered_ahead([one], 1).series[0])
    ordered, wanted = one.demand[TEST_FROM - 1 : -1], one.demand[TEST_FROM:]
    assert first["headroom"] == 0
    assert first["autoscaler_usd"] == pytest.approx(3.06 * ordered.sum())
    unmet = np.maximum(wanted - ordered, 0).sum()
    assert first["autoscaler_shortage_unit_hours"] == pytest.approx(unmet)
    assert first["autoscaler_unmet"] == pytest.approx(unmet / wanted.sum())


def test_a_ratio_is_the_planners_over_the_others() -> None:
    for row in rows(ordered_ahead([setting()], 2).series[0]):
        if row["shortage_over_best"] is not None:
            assert row["shortage_over_best"] == pytest.approx(
                row["planner_shortage_unit_hours"] / row["best_shortage_unit_hours"]
            )
        if row["cost_over_autoscaler"] is not None:
            assert row["cost_over_autoscaler"] == pytest.approx(
                row["planner_usd"] / row["autoscaler_usd"]
            )


def test_pooled_rows_add_series_up_and_name_those_behind() -> None:
    compared = ordered_ahead([setting("a"), setting("b", 30.0)], 1)
    one, other = (rows(each) for each in compared.series)
    for pooled, a, b in zip(pooled_rows(compared), one, other, strict=True):
        assert pooled["autoscaler_usd"] == pytest.approx(a["autoscaler_usd"] + b["autoscaler_usd"])
        behind = [name for name, row in (("a", a), ("b", b)) if row["behind_beyond_noise"]]
        assert pooled["behind_beyond_noise"] == behind


def test_nothing_wanted_makes_no_ratio_and_valid_json() -> None:
    idle = replace(setting(), demand=np.zeros(28 * 24))
    compared = ordered_ahead([idle], 1)
    for row in (*rows(compared.series[0]), *pooled_rows(compared)):
        assert row["shortage_over_autoscaler"] is None
        assert row["autoscaler_unmet"] is None
        json.dumps(row, allow_nan=False)


def test_every_autoscaler_is_counted() -> None:
    assert len(STABILISATION_HOURS) * len(HEADROOMS) + 1 == AUTOSCALERS == 217
