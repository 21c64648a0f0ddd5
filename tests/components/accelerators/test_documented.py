"""docs/accelerators.md says what is so: its tables are the code's, its examples preview."""

import re
from pathlib import Path

import pytest

import trimtab_components
from support.accelerator_cases import plan_of_pools, run
from trimtab.preview.records import PreviewRequest
from trimtab.provision.accelerators.compatibility import COMPONENTS, IMAGE_NOTES, table
from trimtab.provision.accelerators.readiness import NAMESPACE, WAIT
from trimtab.provision.nodes import READINESS_TAINT
from trimtab_components.engines.recorder import record

REPO = Path(__file__).resolve().parents[3]
TEXT = (REPO / "docs" / "accelerators.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
PARTS = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)


def test_the_table_is_the_codes() -> None:
    assert table() in TEXT
    for image, note in IMAGE_NOTES.items():
        assert f"| {image} | {note} |" in TEXT


def test_every_part_is_there_with_an_example() -> None:
    assert set(PARTS) == {*COMPONENTS.values(), "NvidiaDraDriver", "NodeFeatureDiscovery"}
    for part in (*PARTS, "Accelerators"):
        assert hasattr(trimtab_components, part)
        assert any(f"{part}(" in example for example in EXAMPLES), part


@pytest.mark.parametrize("source", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_previews(tmp_path: Path, source: str) -> None:
    records = run(tmp_path, source, plan_of_pools("h100", "a100", "trainium"))
    made = [r.type.rpartition(":")[2] for r in records if r.type.startswith("trimtab:index:")]
    for name in re.findall(r"^(?:\w+ = )?(\w+)\(", source, re.MULTILINE):
        assert name in made


def test_the_program_previews_offline() -> None:
    records = record(PreviewRequest(REPO / "docs" / "examples" / "accelerators", "prod")).records
    made = {r.type.rpartition(":")[2] for r in records if r.type.startswith("trimtab:index:")}
    assert made == {"Accelerators", "GpuOperator", "NeuronDevices", "EfaDevices"}
    gates = [r.name for r in records if r.type.endswith(":DaemonSet")]
    assert len(gates) == 2
    (provider,) = (r for r in records if r.type == "pulumi:providers:kubernetes")
    for each in records:
        if each.type.startswith("kubernetes:"):
            assert each.provider.startswith(provider.urn) or each.providers, each.name


def test_what_it_says_of_gates_is_so() -> None:
    assert f"{READINESS_TAINT}:NoSchedule" in TEXT
    assert f"`{NAMESPACE}`" in TEXT
    assert f"after {WAIT.removesuffix('m')} minutes" in TEXT
