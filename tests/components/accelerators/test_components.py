"""The components as an engine would see them: trees, parents, order, providers, outputs and inputs."""

from pathlib import Path
from typing import Any

import pytest

from support.accelerator_cases import objects, plan_of_pools, pool_of, run, serve
from support.plans import plan
from support.recorded import Records, of
from support.sdk_inputs import problems
from trimtab.errors import InputError
from trimtab.provision.nodes import READINESS_TAINT

CLASSES = "[{'model': 'h100-80gb', 'mig_profile': '1g.10gb'}, {'model': 'l4'}]"
CASES: dict[str, tuple[str, list[str]]] = {
    "GpuOperator": ("{'image': 'AL2023'", ["Namespace"]),
    "NvidiaDraDriver": (
        "{'image': 'AL2023', 'kubernetes_version': '1.34', 'device_classes': " + CLASSES,
        ["Namespace", "DeviceClass", "DeviceClass"],
    ),
    "NeuronDevices": ("{'image': 'AL2023', 'scheduler': True", []),
    "EfaDevices": ("{'image': 'AL2023'", []),
    "AmdGpuOperator": ("{'image': 'UBUNTU'", ["Namespace", "DeviceConfig"]),
    "IntelDevices": (
        "{'image': 'UBUNTU', 'devices': ['gpu', 'qat', 'fpga', 'gaudi']",
        ["Namespace", "Namespace", "NodeFeatureRule", "FpgaDevicePlugin", "DaemonSet"],
    ),
    "NodeFeatureDiscovery": ("{'labels': {'a': 'b'}", ["Namespace"]),
}
"""The arguments of each component that has a chart, and the kinds that it makes besides the chart."""


DRA = "t.NvidiaDraDriver('c', {{'image': 'AL2023', {}}})"


def kinds(records: Records) -> list[str]:
    return sorted(each["kind"] for each in objects(records))


def component(records: Records) -> Any:
    return next(r for r in records if r.type.startswith("trimtab:index:"))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("delivery", ["chart", "flux"])
def test_a_component_has_its_objects_below_it(tmp_path: Path, name: str, delivery: str) -> None:
    arguments, expected = CASES[name]
    body = f"""
provider = kubernetes.Provider("mine", render_yaml_to_directory="out")
made = t.{name}("c", {arguments}, 'delivery': '{delivery}', 'tolerate': ['x/y']}},
                pulumi.ResourceOptions(providers=[provider]))
pulumi.export("namespace", made.namespace)
pulumi.export("version", made.version)
"""
    records = run(tmp_path, body)
    found = kinds(records)
    charts = 3 if name == "IntelDevices" else 1
    if delivery == "flux":
        expected = [*expected, *["HelmRelease", "HelmRepository"] * charts]
    assert found == sorted(expected)
    assert len([r for r in records if r.type == "kubernetes:helm.sh/v4:Chart"]) == (
        charts if delivery == "chart" else 0
    )
    top = component(records)
    (provider,) = (r for r in records if r.type == "pulumi:providers:kubernetes")
    for each in records:
        if each.type.startswith("kubernetes:"):
            assert each.parent == top.urn, each.name
            assert each.name == "c" or each.name.startswith("c-")
            assert each.provider.startswith(provider.urn) or each.providers, each.name
            assert problems(each.type, each.inputs) == [], each.name
            # An empty map of a custom resource is a change at every preview of the real provider.
            assert each.inputs.get("metadata", {}).get("labels", {"a": "b"}), each.name


def test_device_classes_come_after_their_driver(tmp_path: Path) -> None:
    records = run(
        tmp_path, f"t.NvidiaDraDriver('c', {CASES['NvidiaDraDriver'][0]}, 'delivery': 'flux'}})"
    )
    (release,) = of(records, "HelmRelease").values()
    classes = of(records, "DeviceClass")
    assert {each.inputs["metadata"]["name"] for each in classes.values()} == {
        "h100-80gb-1g.10gb.gpu.trimtab.dev",
        "l4.gpu.trimtab.dev",
    }
    for each in classes.values():
        assert release.urn in each.dependencies


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("t.GpuOperator('c', {'image': 'AL2023', 'sharing_config': []})", "did you mean sharing_configs?"),
        ("t.GpuOperator('c', {'image': 'AL2'})", "image"),
        ("t.GpuOperator('c', {'image': 'AL2023', 'dra': 'driver', 'kubernetes_version': '1.31'})",
         "needs Kubernetes 1.32"),
        ("t.NvidiaDraDriver('c', {'image': 'BOTTLEROCKET', 'kubernetes_version': '1.34'})",
         "can't stand beside DRA"),
        (DRA.format("'kubernetes_version': '1.33', 'device_classes': [{'model': 'l4'}]"), "needs Kubernetes 1.34"),
        ("t.NvidiaDraDriver('c', {'image': 'AL2023', 'kubernetes_version': '1.31'})",
         "the driver needs Kubernetes 1.32"),
        (DRA.format("'kubernetes_version': '1.34', 'gpus': False, 'device_classes': [{'model': 'l4'}]"),
         "but gpus is false"),
        (DRA.format("'kubernetes_version': '1.34', 'beside_device_plugin': True"), "a device plugin offers on the same nodes"),
        ("t.NeuronDevices('c', {'image': 'EKS_AUTO'})", "already brings the neuron driver"),
        ("t.NeuronDevices('c', {'image': 'AL2023', 'dra': True, 'kubernetes_version': '1.33'})",
         "needs Kubernetes 1.34"),
        ("t.EfaDevices('c', {'image': 'UBUNTU'})", "no way is known to run efa"),
        ("t.AmdGpuOperator('c', {'image': 'AL2023'})", "no way is known to run amd"),
        ("t.AmdGpuOperator('c', {'image': 'UBUNTU', 'driver': 'operator'})", "driver_image"),
        ("t.IntelDevices('c', {'image': 'UBUNTU', 'devices': []})", "devices"),
        ("t.IntelDevices('c', {'image': 'UBUNTU', 'devices': ['dlb']})", "devices"),
        ("t.IntelDevices('c', {'image': 'AL2023', 'devices': ['gaudi']})", "run gaudi devices"),
        ("t.IntelDevices('c', {'image': 'UBUNTU', 'devices': ['qat'], 'gpu_replicas': 2})",
         "devices names no gpu"),
        ("t.FpgaDevices('c', {'image': 'BOTTLEROCKET'})", "no way is known to run fpga"),
    ],
)  # fmt: skip
def test_a_mistake_names_the_component_and_its_mend(tmp_path: Path, body: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        run(tmp_path, body)
    assert says in str(caught.value)
    assert '"c"' in str(caught.value)


def test_fpgas_are_named_as_their_cards_are(tmp_path: Path) -> None:
    records = run(
        tmp_path,
        "t.FpgaDevices('c', {'image': 'AL2023', 'plugin_image': 'registry.example/p:2',"
        " 'u30_names': 'ExactName', 'env': {'MORE': '1'}, 'pools': ['f2'], 'tolerate': ['a/b']})",
    )
    (daemon,) = of(records, "DaemonSet").values()
    pod = daemon.inputs["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "registry.example/p:2"
    assert {each["name"]: each["value"] for each in container["env"]} == {
        "MORE": "1",
        "U30AllocUnit": "Card",
        "U30NameConvention": "ExactName",
    }
    assert "a/b" in {each["key"] for each in pod["tolerations"]}
    assert problems(daemon.type, daemon.inputs) == []


def test_a_plan_without_accelerators_makes_nothing(tmp_path: Path) -> None:
    records = serve(tmp_path, plan_of_pools("cpu"), {"image": "AL2023"})
    assert [r.type for r in records if r.type != "pulumi:pulumi:Stack"] == [
        "trimtab:index:Accelerators"
    ]


def test_a_plan_with_many_makes_one_of_each_under_one_roof(tmp_path: Path) -> None:
    pools = {"h100": {"readiness_taint": True, "efa": True}, "trainium": {"readiness_taint": True}}
    records = serve(
        tmp_path,
        plan_of_pools("h100", "trainium", "f2"),
        {"image": "AL2023", "pools": pools, "delivery": "flux"},
    )
    components = {r.name: r for r in records if r.type.startswith("trimtab:index:")}
    assert {name: r.type.rpartition(":")[2] for name, r in components.items()} == {
        "acc": "Accelerators",
        "acc-gpu-operator": "GpuOperator",
        "acc-neuron": "NeuronDevices",
        "acc-efa": "EfaDevices",
        "acc-fpga": "FpgaDevices",
    }
    top = components.pop("acc")
    assert {r.parent for r in components.values()} == {top.urn}
    for each in records:
        if each.type.startswith("kubernetes:"):
            assert problems(each.type, each.inputs) == [], each.name
            labels = each.inputs["metadata"].get("labels", {})
            assert labels.get("trimtab.dev/plan") == "example", each.name
    for name in ("acc-gpu-operator-release", "acc-neuron-release"):
        tolerated = str(of(records, "HelmRelease")[name].inputs["spec"]["values"])
        assert READINESS_TAINT in tolerated


def test_operators_come_after_the_discovery_that_they_share(tmp_path: Path) -> None:
    both = plan(pools=[pool_of("h100"), pool_of("mi300")])
    records = serve(tmp_path, both, {"image": "UBUNTU", "delivery": "flux"})
    found = of(records, "HelmRelease")
    discovery = found["acc-node-feature-discovery-release"]
    for name in ("acc-gpu-operator", "acc-amd"):
        namespace = of(records, "Namespace")[f"{name}-namespace"]
        assert discovery.urn in namespace.dependencies
        assert namespace.urn in found[f"{name}-release"].dependencies


def test_all_come_after_what_the_whole_was_told_to(tmp_path: Path) -> None:
    pools = {"h100": {"readiness_taint": True}}
    body = f"""
first = kubernetes.core.v1.ConfigMap("first")
t.Accelerators("acc", {{"plan": "plan.yaml", "image": "AL2023", "pools": {pools}}},
               pulumi.ResourceOptions(depends_on=[first]))
"""
    records = run(tmp_path, body, plan_of_pools("h100", "f2"))
    first = of(records, "ConfigMap")["first"]
    made = [r for r in records if r.type.startswith("kubernetes:") and r is not first]
    urns = {r.urn: r for r in made}

    def after(record: Any) -> set[str]:
        direct = set(record.dependencies)
        return direct.union(*(after(urns[urn]) for urn in direct if urn in urns))

    assert len(made) > 10
    for each in made:
        assert first.urn in after(each), each.name
