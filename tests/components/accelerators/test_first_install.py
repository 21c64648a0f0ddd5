"""What the first `pulumi up` needs: kinds before their objects, no object made twice, pods let in."""

from pathlib import Path
from typing import Any

import pytest

from support.accelerator_cases import objects, plan_of_pools, pool_of, run, serve
from support.plans import plan
from support.recorded import Records, of
from trimtab.plan.model import CapacityPlan

KIND = {"chart": "Chart", "flux": "HelmRelease"}


def release(records: Records, delivery: str, chart: str) -> Any:
    (found,) = (
        r
        for r in of(records, KIND[delivery]).values()
        if chart in (r.name, r.name[: -len("-release")])
    )
    return found


@pytest.mark.parametrize("delivery", KIND)
def test_the_dra_driver_takes_its_kinds_from_the_operators_chart(
    tmp_path: Path, delivery: str
) -> None:
    """Both charts have ComputeDomain's CRD, and the provider refuses to make what is there."""
    records = serve(
        tmp_path,
        plan_of_pools("gb200"),
        {"image": "AL2023", "dra": "driver", "kubernetes_version": "1.34", "delivery": delivery},
    )
    driver = release(records, delivery, "acc-nvidia-dra")
    operator = release(records, delivery, "acc-gpu-operator")
    assert operator.urn in driver.dependencies
    if delivery == "chart":
        assert driver.inputs["skipCrds"] is True
        assert "skipCrds" not in operator.inputs
    else:
        assert driver.inputs["spec"]["install"]["crds"] == "Skip"
        assert operator.inputs["spec"]["install"]["crds"] == "CreateReplace"


@pytest.mark.parametrize("delivery", KIND)
@pytest.mark.parametrize(
    ("pool", "kind", "chart"),
    [
        ("mi300", "DeviceConfig", "acc-amd"),
        ("arria", "FpgaDevicePlugin", "acc-intel"),
        ("arria", "NodeFeatureRule", "acc-node-feature-discovery"),
    ],
)
def test_an_object_comes_after_its_kind(
    tmp_path: Path, delivery: str, pool: str, kind: str, chart: str
) -> None:
    records = serve(tmp_path, plan_of_pools(pool), {"image": "UBUNTU", "delivery": delivery})
    (made,) = of(records, kind).values()
    brings = release(records, delivery, chart)
    assert brings.urn in made.dependencies
    if delivery == "flux":
        assert brings.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}


def test_intels_plugins_come_after_their_operator_in_flux_too(tmp_path: Path) -> None:
    records = serve(tmp_path, plan_of_pools("max"), {"image": "UBUNTU", "delivery": "flux"})
    plugin = release(records, "flux", "acc-intel-gpu").inputs
    operator = release(records, "flux", "acc-intel").inputs
    assert plugin["spec"]["dependsOn"] == [{"name": operator["metadata"]["name"]}]
    assert plugin["metadata"]["namespace"] == operator["metadata"]["namespace"]


def in_cloud(provider: str) -> CapacityPlan:
    return plan(pools=[pool_of("h100")], site={"provider": provider, "region": "r", "zones": []})


@pytest.mark.parametrize(
    ("provider", "image", "namespaces"),
    [
        ("gcp", "COS_NO_PLUGIN", ["gpu-operator", "trimtab-readiness"]),
        ("gcp", "COS", ["trimtab-readiness"]),
        ("aws", "AL2023", []),
    ],
)
def test_gke_lets_critical_pods_into_their_namespaces(
    tmp_path: Path, provider: str, image: str, namespaces: list[str]
) -> None:
    arguments = {"image": image, "pools": {"h100": {"readiness_taint": True}}}
    records = serve(tmp_path, in_cloud(provider), arguments)
    quotas = of(records, "ResourceQuota").values()
    assert sorted(q.inputs["metadata"]["namespace"] for q in quotas) == namespaces
    (gate,) = of(records, "DaemonSet").values()
    assert {q.urn for q in quotas if "readiness" in q.name} <= set(gate.dependencies)


def test_intels_fpgas_are_found(tmp_path: Path) -> None:
    """Intel's charts bring the rules of GPUs and QuickAssist; FPGAs have no chart."""
    body = "t.IntelDevices('c', {'image': 'UBUNTU', 'devices': ['fpga']})\n"
    made = {each["kind"]: each for each in objects(run(tmp_path, body))}
    (rule,) = made["NodeFeatureRule"]["spec"]["rules"]
    assert rule["labels"] == made["FpgaDevicePlugin"]["spec"]["nodeSelector"]
    body = body.replace("}", ", 'node_labels': {'own': 'label'}}")
    assert "NodeFeatureRule" not in {each["kind"] for each in objects(run(tmp_path, body))}
