"""The example: readable by the readers, the same bytes for the same seed, with the shape it claims."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from trimtab.demand.reader import read_series
from trimtab.demand.series import DemandSeries
from trimtab.errors import InputError
from trimtab.example import LAUNCH_HOUR, example_series, example_workloads, write_example
from trimtab.files import sha256


@pytest.fixture(scope="module")
def year() -> DemandSeries:
    return read_series("-", stdin=io.BytesIO(example_series()))


def test_is_a_year_of_hours_without_repairs(year: DemandSeries) -> None:
    assert len(year) == 8760
    assert year.start == datetime(2025, 11, 1, tzinfo=UTC)
    assert year.end == datetime(2026, 11, 1, tzinfo=UTC)
    assert year.step == timedelta(hours=1)
    assert year.repairs == ()
    assert year.peak is not None
    assert np.all(year.peak >= year.demand)
    assert np.all(year.peak == np.round(year.peak))


def test_equal_seeds_give_equal_bytes_everywhere() -> None:
    # The README's plan is made from these bytes: a change here changes every figure in it.
    assert sha256(example_series()) == (
        "sha256:369f1963c1e474bd33fecf3c2eb3eeddfb3642f9978206ad024672389878f1d0"
    )
    assert example_series(8) == example_series(8)
    assert example_series(8) != example_series(7)


def test_is_plain_csv_with_four_decimals() -> None:
    rows = list(csv.reader(io.StringIO(example_series(hours=30).decode())))
    assert rows[0] == ["timestamp", "demand", "peak"]
    assert len(rows) == 31
    for timestamp, demand, peak in rows[1:]:
        assert timestamp.endswith(":00:00Z")
        assert len(demand.split(".")[1]) == 4
        assert peak.isdecimal()


@pytest.mark.parametrize("seed", [1, 7, 2026])
def test_has_the_shape_it_claims(seed: int) -> None:
    demand = read_series("-", stdin=io.BytesIO(example_series(seed))).demand
    assert 150 <= demand.mean() <= 200
    assert demand.min() > 50
    by_hour = demand.reshape(365, 24).mean(axis=0)
    assert by_hour.argmax() in range(14, 19)
    assert by_hour.max() > 1.2 * by_hour.min()
    weekdays = np.array([(5 + day) % 7 for day in range(365)])  # 2025-11-01 is a Saturday
    by_day = demand.reshape(365, 24).mean(axis=1)
    assert by_day[weekdays >= 5].mean() < 0.92 * by_day[weekdays < 5].mean()
    week = 168
    before = demand[LAUNCH_HOUR - 4 * week : LAUNCH_HOUR].mean()
    after = demand[LAUNCH_HOUR + week : LAUNCH_HOUR + 5 * week].mean()
    assert 1.08 * before < after < 1.35 * before
    quarter = LAUNCH_HOUR // 2
    assert demand[:quarter].mean() < demand[quarter : 2 * quarter].mean()
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(demand, 25), axis=1)
    assert (demand[12:-12] / smooth).max() > 1.3  # a spike


def documents() -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item for item in yaml.safe_load_all(example_workloads())}


def test_the_trainer_is_the_deployment_that_must_be_accepted() -> None:
    trainer = documents()["multimodal-ai-trainer"]
    assert (trainer["apiVersion"], trainer["kind"]) == ("apps/v1", "Deployment")
    pod = trainer["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"gpu-type": "nvidia-a100"}
    (container,) = pod["containers"]
    assert container["resources"] == {
        "limits": {"nvidia.com/gpu": 1, "cpu": "8", "memory": "32Gi"},
        "requests": {"cpu": "4", "memory": "16Gi"},
    }
    claims = {v["name"]: v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"]}
    assert len(claims) == 2
    assert [mount["name"] for mount in container["volumeMounts"]] == list(claims)
    notes = trainer["metadata"]["annotations"]
    assert notes["trimtab.dev/interruptible"] == "false"
    assert notes["trimtab.dev/allowed-regions"] == "us-east-1"


def test_the_evaluation_may_be_interrupted() -> None:
    job = documents()["nightly-eval"]
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    assert job["metadata"]["annotations"]["trimtab.dev/interruptible"] == "true"
    pod = job["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"gpu-type": "nvidia-a100"}
    assert [(t["key"], t["operator"], t.get("value"), t["effect"]) for t in pod["tolerations"]] == [
        ("nvidia.com/gpu", "Exists", None, "NoSchedule"),
        ("trimtab.dev/purchase-option", "Equal", "spot", "NoSchedule"),
    ]


def test_annotations_are_strings_as_kubernetes_demands() -> None:
    for document in documents().values():
        for key, value in document["metadata"]["annotations"].items():
            assert key.startswith("trimtab.dev/")
            assert isinstance(value, str)


def test_writes_three_files_that_say_they_are_synthetic(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "example"
    written = write_example(folder)
    assert sorted(folder.iterdir()) == sorted(written)
    assert written.demand.name == "synthetic-demand.csv"
    assert written.demand.read_bytes() == example_series()
    assert written.workloads.read_text() == example_workloads()
    assert written.workloads.read_text().startswith("# A synthetic example")
    readme = written.readme.read_text()
    assert readme.startswith("A synthetic example")
    assert "2025-11-01 to 2026-11-01" in readme
    assert "seed 7" in readme
    assert write_example(folder, seed=8) == written
    assert written.demand.read_bytes() == example_series(8)


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match=r"cannot be made .*; name another folder"):
        write_example(tmp_path / "file" / "example")
    with pytest.raises(InputError, match="cannot be made"):
        write_example(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"
