"""Storage in a plan: sized from forecasts, never shrinking, on the cheapest backend that can serve."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.plans import START, plan
from support.storage_needs import column, grown, stored, tier
from trimtab.errors import InfeasibleError, InputError
from trimtab.inventory.model import Inventory, OwnedStorage, RunningStorage
from trimtab.plan.document import parse_plan, to_data, to_yaml
from trimtab.plan.storage import StorageTier
from trimtab.planning.storage_needs import storage_window_hours

RUNNING = RunningStorage("hot", "ebs-gp3", 2000.0, 16_000.0, 600.0)


def only(made: Any) -> StorageTier:
    (found,) = made.spec.storage
    assert isinstance(found, StorageTier)
    return found


def running(**changes: Any) -> Inventory:
    return Inventory(running_storage=(replace(RUNNING, **changes),))


def refusals(made: StorageTier) -> dict[str, str | None]:
    return {each.backend: each.refused for each in made.candidates}


class TestSizes:
    def test_a_steady_tier_is_what_it_stores_over_the_fill_limit(self) -> None:
        found = only(stored(tier(gib=1000.0)))
        # 1000 / 4 volumes / 0.85 = 294.1 GiB, whole: 295 each.
        assert [(w.gib, w.iops, w.mibps) for w in found.windows] == [(1180.0, 12_000.0, 500.0)]
        assert (found.backend, found.usd_per_gib_month) == ("ebs-gp3", 0.08)
        assert found.expected.usd_per_hour is not None
        assert found.expected.usd_per_hour.mean == pytest.approx(1180 * 0.08 / 730, rel=1e-5)

    def test_speed_above_what_comes_with_volumes_is_bought_and_paid(self) -> None:
        found = only(stored(tier(iops=20_000.0, mibps=700.0)))
        assert [(w.iops, w.mibps) for w in found.windows] == [(20_000.0, 700.0)]
        usd = (1180 * 0.08 + 8_000 * 0.005 + 200 * 0.04) / 730
        assert found.expected.usd_per_hour is not None
        assert found.expected.usd_per_hour.mean == pytest.approx(usd, rel=1e-5)

    def test_a_dearer_shortage_is_provisioned_for_at_a_higher_quantile(self) -> None:
        spread = grown(spread=0.4)
        cheap = only(stored(tier(full_cost_ratio=1.0), forecaster=spread))
        dear = only(stored(tier(full_cost_ratio=99.0), forecaster=spread))
        assert cheap.reason
        assert dear.reason
        assert (cheap.reason.gib_quantile, dear.reason.gib_quantile) == (0.5, 0.99)
        assert dear.windows[0].gib > cheap.windows[0].gib

    def test_growth_is_followed_by_the_day_in_steps_worth_making(self) -> None:
        found = only(stored(tier(), forecaster=grown(per_hour=0.0005)))
        sizes = [window.gib for window in found.windows]
        assert 1 < len(sizes) <= 7
        assert all(b >= a * 1.02 for a, b in pairwise(sizes))
        assert all((w.end - w.start) % timedelta(days=1) == timedelta(0) for w in found.windows)

    def test_equal_neighbours_are_one_window_that_spans_the_plan(self) -> None:
        (window,) = only(stored(tier())).windows
        assert (window.start, window.end) == (START, START + timedelta(days=7))

    @pytest.mark.parametrize(("hours", "length"), [(168, 24), (744, 24), (1, 24), (1200, 48)])
    def test_windows_are_days_or_longer_and_few(self, hours: int, length: int) -> None:
        assert storage_window_hours(hours) == length
        assert -(-hours // length) <= 48


class TestWhatRuns:
    def test_volumes_that_are_too_large_stay_and_the_plan_says_so(self) -> None:
        found = only(stored(tier(gib=400.0), inventory=running()))
        assert {w.gib for w in found.windows} == {2000.0}
        assert found.reason
        assert found.reason.guardrail == (
            "volumes can't shrink: what is provisioned is more than is needed"
        )
        assert found.reason.running_gib == 2000.0

    def test_speed_falls_where_its_need_is_known(self) -> None:
        (window,) = only(stored(tier(), inventory=running())).windows
        assert (window.iops, window.mibps) == (12_000.0, 500.0)

    def test_speed_that_nobody_measured_is_kept(self) -> None:
        (window,) = only(stored(tier(iops=None, mibps=None), inventory=running())).windows
        assert (window.iops, window.mibps) == (16_000.0, 600.0)

    def test_stale_telemetry_keeps_sizes_speed_and_backend(self) -> None:
        old = column(100.0, end=START - timedelta(days=20))
        need = replace(tier(), gib=old, iops=None, mibps=None)
        found = only(stored(need, inventory=running(backend="ebs-io2")))
        (window,) = found.windows
        assert (found.backend, window.gib, window.iops) == ("ebs-io2", 2000.0, 16_000.0)
        assert found.reason
        assert "nothing shrinks: telemetry ends" in found.reason.guardrail
        assert "the telemetry can't be trusted" in (refusals(found)["ebs-gp3"] or "")

    def test_stale_telemetry_of_what_nobody_says_runs_is_refused(self) -> None:
        old = replace(tier(), gib=column(100.0, end=START - timedelta(days=20)))
        with pytest.raises(
            InputError, match=r"tier.csv: the series ends .* too old to size tier hot"
        ):
            stored(old)

    def test_stored_data_that_vanishes_is_taken_for_lost_telemetry(self) -> None:
        gone = np.concatenate([np.full(48, 900.0), np.zeros(24)])
        found = only(stored(tier(gib=gone), inventory=running()))
        assert found.windows[0].gib == 2000.0
        assert found.reason
        assert found.reason.guardrail.startswith("nothing shrinks: ")

    def test_a_backend_never_changes_under_claims_and_a_move_that_pays_is_proposed(self) -> None:
        found = only(stored(tier(), inventory=running(backend="ebs-io2")))
        assert found.backend == "ebs-io2"
        assert found.reason
        usd = {each.backend: each.usd_per_hour or 0.0 for each in found.candidates}
        saving, cost = usd["ebs-io2"] - usd["ebs-gp3"], usd["ebs-io2"] * 168
        assert found.reason.backend == (
            f"it runs there; ebs-gp3 would save {saving:.4g} USD an hour: {cost:.4g} USD for both while "
            f"data is copied would be won back in {cost / saving / 24:.0f} days; to take it, move the "
            "claims to a tier of another name"
        )

    def test_what_runs_and_can_no_longer_serve_is_an_error_not_a_move(self) -> None:
        with pytest.raises(InfeasibleError) as error:
            stored(
                tier(gib=60_000.0, intent="warm"),
                inventory=running(backend="ebs-st1", gib=50_000.0),
            )
        said = str(error.value)
        assert (
            "storage tier hot runs on ebs-st1, which can't serve it: a volume has at most" in said
        )
        assert "give the tier another name and move its claims there" in said

    def test_more_than_there_is_room_for_is_a_slip_of_units(self) -> None:
        mib = np.concatenate([np.full(48, 1000.0), np.full(24, 1_024_000.0)])
        with pytest.raises(InputError) as error:
            stored(tier(gib=mib), inventory=running())
        assert str(error.value) == (
            "tier.csv: 1,024,000 GiB are stored of tier hot, and 2,000 are provisioned on ebs-gp3; check "
            "the units and the tier's name; or correct runningStorage in --inventory"
        )

    def test_operations_that_vanish_keep_what_runs(self) -> None:
        gone = np.concatenate([np.full(48, 2000.0), np.zeros(24)])
        found = only(stored(tier(iops=gone), inventory=running()))
        assert found.windows[0].iops == 16_000.0
        assert found.reason
        assert "what is done has fallen to nothing for 24 h" in found.reason.guardrail

    def test_nights_without_operations_are_no_fault(self) -> None:
        nights = np.tile(np.concatenate([np.full(12, 2000.0), np.zeros(12)]), 3)
        found = only(stored(tier(iops=nights), inventory=running()))
        assert found.windows[0].iops == 12_000.0

    @pytest.mark.parametrize(("usd", "pays"), [(0.029, False), (0.02, True)])
    def test_a_move_is_proposed_only_where_it_is_won_back(self, usd: float, pays: bool) -> None:
        stores = (
            OwnedStorage("a", "ceph-block", "attic", 50_000.0, 0.03, None, 50_000, 2_000),
            OwnedStorage("b", "iscsi", "attic", 50_000.0, usd, None, 50_000, 2_000),
        )
        inventory = replace(running(backend="ceph-block", gib=1180.0), owned_storage=stores)
        found = only(stored(tier(site="attic"), inventory=inventory))
        assert found.backend == "ceph-block"
        assert found.reason
        assert ("not be won back within 90 days" in found.reason.backend) != pays
        assert ("move the claims to a tier of another name" in found.reason.backend) == pays

    def test_the_plan_before_stands_for_an_observation(self) -> None:
        before = stored(tier(gib=3000.0))
        found = only(stored(tier(gib=1000.0), previous=before))
        assert found.windows[0].gib == only(before).windows[-1].gib

    def test_nothing_slower_is_chosen_for_what_nobody_measured(self) -> None:
        need = tier(intent="warm", iops=None, mibps=None)
        found = only(stored(need, inventory=running(iops=0.0, mibps=0.0)))
        assert found.backend == "ebs-gp3"
        assert (refusals(found)["ebs-st1"] or "").startswith("it may be slower than what runs")


class TestBackends:
    def test_disks_that_turn_are_refused_where_iops_are_not_known(self) -> None:
        found = only(stored(tier(intent="warm", iops=None)))
        assert found.backend == "ebs-gp3"
        assert "is not known: no disks that turn" in (refusals(found)["ebs-st1"] or "")

    def test_and_chosen_where_they_do(self) -> None:
        assert only(stored(tier(intent="warm", iops=100.0, mibps=4.0))).backend == "ebs-st1"

    def test_many_nodes_are_not_served_by_a_block_device(self) -> None:
        need = tier(access="many", intent="hot", iops=None, mibps=None, gib=2000.0, volumes=1)
        found = only(stored(need))
        assert found.backend == "fsx-lustre"
        assert "one node at a time" in (refusals(found)["ebs-gp3"] or "")

    def test_snapshots_and_latency_rule_backends_out(self) -> None:
        found = only(stored(tier(snapshots=True, latency="sub-ms")))
        assert found.backend == "ebs-io2"
        said = refusals(found)
        assert said["ebs-gp3"] == "it is slower than sub-ms"
        assert said["fsx-lustre"] == "no VolumeSnapshots are taken of it"

    def test_nothing_that_serves_is_an_error_with_every_reason(self) -> None:
        with pytest.raises(InfeasibleError) as error:
            stored(tier(iops=5_000_000.0))
        said = str(error.value)
        assert said.startswith("storage.yaml, line 5: no backend can serve storage tier hot: ")
        assert "ebs-gp3: a volume has at most 80,000 IOPS, and 1,250,000 are needed" in said
        assert "share it among more volumes" in said

    def test_a_tier_at_a_site_of_ones_own_is_priced_by_its_owner(self) -> None:
        owned = OwnedStorage("ceph-1", "ceph-block", "attic", 50_000.0, 0.03, 0.002, 50_000, 2_000)
        need = tier(site="attic", volumes=1)
        found = only(stored(need, inventory=Inventory(owned_storage=(owned,))))
        assert (found.backend, found.usd_per_gib_month, found.site) == ("ceph-block", 0.03, "attic")
        assert found.expected.kgco2e_per_hour == pytest.approx(1177 / 1024 * 0.002, rel=1e-4)

    def test_owned_storage_is_given_out_once(self) -> None:
        owned = OwnedStorage("ceph-1", "ceph-block", "attic", 2_000.0, 0.03, None, 50_000, 2_000)
        first = tier(site="attic", volumes=1, name="first")
        second = tier(site="attic", volumes=1, name="second", backends=("ceph-block",))
        with pytest.raises(InfeasibleError, match="ceph-1 has 823 GiB left, and 1,177 are needed"):
            stored(first, second, inventory=Inventory(owned_storage=(owned,)))

    def test_what_its_owner_does_not_price_is_not_priced_and_not_free(self) -> None:
        owned = OwnedStorage("ceph-1", "ceph-block", "attic", 50_000.0, None, None, 50_000, 2_000)
        found = only(
            stored(tier(site="attic", volumes=1), inventory=Inventory(owned_storage=(owned,)))
        )
        assert (found.usd_per_gib_month, found.expected.usd_per_hour) == (None, None)


class TestDocument:
    def test_it_is_a_plan_that_reads_back(self) -> None:
        made = stored(tier(), forecaster=grown(per_hour=0.0005))
        assert parse_plan(to_data(made), "p") == made

    def test_every_input_has_its_digest(self) -> None:
        rows = [row for row in stored(tier()).spec.evidence.inputs if row.kind == "storage"]
        assert [row.name for row in rows] == ["storage.yaml", "tier.csv"]

    def test_what_is_not_known_is_an_assumption(self) -> None:
        said = stored(tier(iops=None)).spec.evidence.assumptions
        assert any(each.startswith("storage hot: IOPS not known: ") for each in said)

    def test_a_plan_without_storage_has_the_bytes_that_it_had(self) -> None:
        assert "storage" not in to_data(plan())["spec"]


needs = st.builds(
    tier,
    gib=st.floats(10, 40_000),
    iops=st.none() | st.floats(0, 60_000),
    mibps=st.none() | st.floats(0, 2_000),
    intent=st.sampled_from(["hot", "warm", "cold", "scratch"]),
    volumes=st.integers(1, 12),
    fill_limit=st.floats(0.5, 1.0),
    full_cost_ratio=st.floats(1, 99),
)
forecasters = st.builds(grown, st.floats(-0.001, 0.004), st.floats(0, 0.6))
sites = st.sampled_from(
    [("aws", "us-east-1"), ("azure", "eastus"), ("gcp", "us-central1"), ("aws", "eu-west-1")]
)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    need=needs, forecaster=forecasters, site=sites, days=st.integers(1, 31), observed=st.booleans()
)
def test_of_any_tier(need: Any, forecaster: Any, site: Any, days: int, observed: bool) -> None:
    place = {"provider": site[0], "region": site[1]}
    inventory = (
        running() if observed and site[0] == "aws" and need.intent in ("hot", "warm") else None
    )
    try:
        made = stored(need, days=days, forecaster=forecaster, site=place, inventory=inventory)
    except InfeasibleError:
        return
    except InputError:
        assert inventory
        assert need.gib.demand[-1] > 4 * RUNNING.gib, "only a slip of units is refused"
        return
    found = only(made)
    sizes = [window.gib for window in found.windows]
    assert sizes == sorted(sizes), "GiB never fall"
    assert len(sizes) <= 48
    assert found.windows[0].start == made.spec.start
    assert found.windows[-1].end == made.spec.valid_until
    if inventory:
        assert found.backend == RUNNING.backend, "nothing moves under its claims"
        assert sizes[0] >= RUNNING.gib, "nothing that runs shrinks"
    able = {e.backend: e.usd_per_hour for e in found.candidates if e.refused is None}
    assert found.backend in able
    priced = [usd for usd in able.values() if usd is not None]
    usd = found.expected.usd_per_hour
    assert usd is None or usd.mean > 0, "what is not priced is absent, and nothing is free"
    if inventory is None and priced:
        assert usd is not None
        assert usd.mean == min(priced), "nothing that can serve is cheaper"
    again = stored(need, days=days, forecaster=forecaster, site=place, inventory=inventory)
    assert to_yaml(again) == to_yaml(made), "equal input, equal bytes"
