"""docs/gke.md and its example: the program previews, and the page shows what it makes."""

from support.examples import block, example
from support.recorded import of
from support.sdk_inputs import problems
from trimtab.preview.records import ResourceRecord


def line(name: str, record: ResourceRecord) -> str:
    inputs = record.inputs
    bounds, zones = inputs.get("autoscaling", {}), len(inputs["nodeLocations"])
    if "placementPolicy" in inputs:
        topology = inputs["placementPolicy"]["tpuTopology"]
        hosts = inputs.get("nodeCount") or bounds["maxNodeCount"]
        when = "always" if "nodeCount" in inputs else "when work waits"
        says = f"{hosts} hosts of a slice {topology}, {when}"
    else:
        low, high = bounds["totalMinNodeCount"], bounds["totalMaxNodeCount"]
        each = f"{inputs['initialNodeCount']} a zone to begin with"
        says = f"total {low}..{high}, {each}, {zones} zone{'s' if zones > 1 else ''}"
    return f"{name:<30}{inputs['nodeConfig']['machineType']:<19}{says}"


def test_the_page_lists_the_examples_node_pools() -> None:
    records = example("gke")
    found = sorted(line(name, record) for name, record in of(records, "NodePool").items())
    assert sorted(block("gke.md", "text").splitlines()) == found
    assert {r.name: p for r in records if r.custom and r.type.startswith("gcp:")
            and (p := problems(r.type, r.inputs))} == {}  # fmt: skip
