"""docs/existing-clusters.md and its example: the program previews, and the page shows what it makes."""

from support.examples import block, example
from support.recorded import of, one


def test_the_example_marks_its_machines_and_drives_them() -> None:
    records = example("existing")
    assert set(of(records, "NodePatch")) == {f"hall-machine-dgx-{i}" for i in (1, 2, 3)}
    operator = of(records, "GpuOperator")["gpu"]
    assert operator.providers["kubernetes"].startswith(one(records, "kubernetes").urn)
    assert one(records, "CapacityPlan").inputs["metadata"]["name"] == "hall"


def test_the_page_says_how_its_machines_join() -> None:
    (patch, *_) = of(example("existing"), "NodePatch").values()
    join = block("existing-clusters.md", "text").strip()
    labels = join.partition("--node-labels=")[2].partition(" ")[0].split(",")
    stated = patch.inputs["metadata"]["labels"].items()
    assert {tuple(label.split("=")) for label in labels} <= stated
    assert "--register-with-taints=nvidia.com/gpu=present:NoSchedule" in join
