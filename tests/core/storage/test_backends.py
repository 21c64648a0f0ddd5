"""The table of storage backends: every cell means something, and every figure says where it was read."""

from typing import get_args

import pytest

from trimtab.errors import InputError
from trimtab.plan.storage import INTENTS
from trimtab.storage.backends import LATENCIES, Access, Backend, backend, backends, suiting, table

every = pytest.mark.parametrize("each", backends().values(), ids=lambda each: each.id)


@every
def test_a_row_says_what_its_columns_allow(each: Backend) -> None:
    assert each.access in get_args(Access)
    assert each.intents
    assert set(each.intents) <= set(INTENTS)
    assert each.latency in (None, *LATENCIES)
    assert each.media in (None, "ssd", "hdd")
    assert each.billed in ("provisioned", "used")
    assert each.source


@every
def test_limits_do_not_contradict_each_other(each: Backend) -> None:
    for low, high in (
        (each.min_gib, each.max_gib),
        (each.baseline_iops, each.max_iops),
        (each.baseline_mibps, each.max_mibps),
    ):
        assert low is None or high is None or low <= high


@every
def test_a_stated_limit_of_a_cloud_was_read_somewhere(each: Backend) -> None:
    if each.provider in ("aws", "azure", "gcp"):
        assert "read 2026-" in each.source


def test_steps_rise_and_end_where_their_backend_does() -> None:
    stepped = [each for each in backends().values() if each.steps]
    assert [each.id for each in stepped] == [
        "azure-disk-premium",
        "azure-disk-standard-ssd",
        "azure-disk-standard",
    ]
    for each in stepped:
        for low, high in zip(each.steps, each.steps[1:], strict=False):
            assert low.gib < high.gib
            assert low.iops <= high.iops
            assert low.mibps <= high.mibps
        assert each.steps[-1].gib == each.max_gib


@pytest.mark.parametrize("name", ["rates", "steps"])
def test_other_tables_speak_of_known_backends(name: str) -> None:
    assert {row["backend"] for row in table(name)} <= set(backends())


def test_suiting_puts_first_whose_first_intent_it_is() -> None:
    assert [each.id for each in suiting("cold", "aws")] == ["ebs-st1", "ebs-sc1", "s3-mountpoint"]


def test_an_unknown_backend_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"here: backend gp3 is not known; use one of .*ebs-gp3"):
        backend("gp3", "here")
