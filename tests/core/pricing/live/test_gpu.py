"""GPU clouds: gpuhunt's own reader on a catalogue in a folder, and what is made of its items."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from trimtab.errors import EngineError
from trimtab.pricing.live import gpu
from trimtab.pricing.live.model import MachineRow, Wanted

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HEADER = (
    "instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size,"
    "gpu_vendor,flags,cpu_arch,provider_data"
)
ROWS = (
    "gpu_8x_h100_sxm5,us-east-1,23.92,208,1800,8,H100,80,False,22000,nvidia,,x86,{}",
    "gpu_1x_a100,us-east-1,1.29,30,200,1,A100,40,False,512,nvidia,,x86,{}",
    "gpu_1x_a100,us-east-1,1.19,30,200,1,A100,40,False,256,nvidia,,x86,{}",
    "gpu_1x_a100,us-east-1,0.59,30,200,1,A100,40,True,256,nvidia,,x86,{}",
    "gpu 1x gh200,us-west-3,1.49,64,432,1,GH200,96,False,4000,nvidia,,arm,{}",
    "odd,../../x,1.0,1,1,1,A100,40,False,1,nvidia,,x86,{}",
)


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("gpuhunt")
    (tmp_path / "lambdalabs.csv").write_text("\n".join((HEADER, *ROWS)) + "\n")
    monkeypatch.setenv(gpu.FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def machines(wanted: Wanted) -> dict[tuple[str, str], dict[str, object]]:
    jobs = gpu.gpu_jobs(wanted)
    (job,) = [each for each in jobs if each.provider == "lambdalabs"]
    rows = [row for row in job.fetch() if isinstance(row, MachineRow)]
    return {(row.instance_type, row.region): dict(row.cells) for row in rows}


def test_offers_are_machines_of_a_provider_of_their_own(catalogue: Path) -> None:
    found = machines(Wanted(NOW))
    assert found["gpu_8x_h100_sxm5", "us-east-1"] == {
        "vcpu": 208.0,
        "memory_gib": 1800.0,
        "accelerator": "h100-80gb",
        "accelerator_count": 8.0,
        "architecture": "x86_64",
        "on_demand": 23.92,
    }
    assert found["gpu-1x-gh200", "us-west-3"]["architecture"] == "arm64"
    # Of several of one name, the cheapest of each option.
    cells = found["gpu_1x_a100", "us-east-1"]
    assert (cells["on_demand"], cells["spot"]) == (1.19, 0.59)
    assert len(found) == 3


def test_only_the_regions_asked_for_are_kept(catalogue: Path) -> None:
    assert set(machines(Wanted(NOW, ("gpu",), ("us-west-3",)))) == {("gpu-1x-gh200", "us-west-3")}


def test_the_three_clouds_have_sources_of_their_own(catalogue: Path) -> None:
    names = [job.provider for job in gpu.gpu_jobs(Wanted(NOW))]
    assert "lambdalabs" in names
    assert "runpod" in names
    assert not {"aws", "azure", "gcp"} & set(names)
    assert [job.key for job in gpu.gpu_jobs(Wanted(NOW, (), (), ("runpod",)))] == [
        "runpod/all/machines"
    ]


def test_a_provider_without_a_catalogue_is_one_error(catalogue: Path) -> None:
    (job,) = gpu.gpu_jobs(Wanted(NOW, (), (), ("runpod",)))
    with pytest.raises(EngineError, match="gpuhunt has no catalogue of runpod"):
        list(job.fetch())


def test_without_gpuhunt_the_mend_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gpuhunt._internal.catalog", None)
    with pytest.raises(EngineError, match=r"gpuhunt is missing; pip install 'trimtab\[live\]'"):
        list(gpu.gpu_jobs(Wanted(NOW)))
