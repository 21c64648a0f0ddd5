"""docs/aks.md and its example: the program previews, and the page shows what it makes."""

from support.examples import block, example
from support.recorded import of
from support.sdk_inputs import problems
from trimtab.preview.records import ResourceRecord
from trimtab.provision.aks.pools import SPOT_TAINT


def line(name: str, record: ResourceRecord) -> str:
    inputs = record.inputs
    sizes = "/".join(str(inputs[key]) for key in ("minCount", "nodeCount", "maxCount"))
    return f"{name:<31}{inputs['name']:<14}{inputs['vmSize']:<27}{sizes} {inputs['priority']}"


def test_the_page_lists_the_examples_node_pools() -> None:
    records = example("aks")
    pools = of(records, "KubernetesClusterNodePool")
    found = sorted(line(name, record) for name, record in pools.items())
    assert sorted(block("aks.md", "text").splitlines()) == found
    assert {r.name: p for r in records if r.custom and r.type.startswith("azure:")
            and (p := problems(r.type, r.inputs))} == {}  # fmt: skip


def test_the_pages_toleration_is_of_the_taint() -> None:
    text = block("aks.md", "yaml")
    for part in (SPOT_TAINT.key, SPOT_TAINT.value, SPOT_TAINT.effect):
        assert part in text
