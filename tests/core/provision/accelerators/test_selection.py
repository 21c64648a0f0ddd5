"""Which components a plan's groups need: exactly those, with arguments that go together."""

from typing import Any

import pytest

from support.accelerator_cases import plan_of_pools, pool_of
from support.plans import plan
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.provision.accelerators.selection import Selection, Wanted, select
from trimtab.provision.nodes import READINESS_TAINT, TEAM_TAINT
from trimtab.provision.pool_settings import SettingsByGroup

MARKED = {"accelerator_taint": True, "team_taint": True, "readiness_taint": True}


def chosen(
    made_by: CapacityPlan, pools: dict[str, dict[str, Any]] | None = None, **wanted: Any
) -> Selection:
    asked = Wanted(**{"image": "AL2023", **wanted})
    return select(made_by, SettingsByGroup(made_by, pools, "here"), asked, "here")


@pytest.mark.parametrize(
    ("pools", "image", "components"),
    [
        (["cpu"], "AL2023", []),
        (["h100"], "AL2023", ["GpuOperator"]),
        (["h100", "a100", "cpu"], "AL2023", ["GpuOperator"]),
        (["h100"], "BOTTLEROCKET", ["GpuOperator"]),
        (["h100", "trainium"], "EKS_AUTO", []),
        (["h100", "tpu"], "COS", []),
        (["h100"], "COS_NO_PLUGIN", ["GpuOperator"]),
        (["trainium"], "AL2023", ["NeuronDevices"]),
        (["h100", "trainium", "f2"], "AL2023", ["GpuOperator", "NeuronDevices", "FpgaDevices"]),
        (["mi300"], "UBUNTU", ["AmdGpuOperator"]),
        (["h100", "mi300"], "UBUNTU", ["NodeFeatureDiscovery", "GpuOperator", "AmdGpuOperator"]),
        (["max", "arria"], "UBUNTU", ["NodeFeatureDiscovery", "IntelDevices"]),
        (["gaudi"], "UBUNTU", ["IntelDevices"]),
    ],
)
def test_exactly_what_the_groups_need_is_made(
    pools: list[str], image: str, components: list[str]
) -> None:
    selection = chosen(plan_of_pools(*pools), image=image)
    assert list(selection.components) == components
    assert selection.gates == ()
    for name, arguments in selection.components.items():
        if name != "NodeFeatureDiscovery":
            assert arguments["image"] == image


def test_a_plan_without_accelerators_asks_for_nothing() -> None:
    assert chosen(plan_of_pools("cpu")) == Selection({}, (), ())


def test_all_daemons_tolerate_all_the_nodes_taints() -> None:
    names = ("h100", "trainium")
    selection = chosen(plan_of_pools(*names), dict.fromkeys(names, MARKED))
    assert selection.tolerate == (
        "nvidia.com/gpu",
        TEAM_TAINT,
        READINESS_TAINT,
        "aws.amazon.com/neuron",
    )
    for arguments in selection.components.values():
        assert arguments["tolerate"] == list(selection.tolerate)


@pytest.mark.parametrize(
    ("provider", "image", "group", "taints"),
    [
        ("azure", "AKS_UBUNTU", {}, ()),
        (
            "azure",
            "AKS_UBUNTU",
            {"purchase": {"option": "spot", "pools": 1}},
            ("kubernetes.azure.com/scalesetpriority",),
        ),
        (
            "gcp",
            "COS_NO_PLUGIN",
            {"architecture": "arm64"},
            ("cloud.google.com/gke-queued", "nvidia.com/gpu", "kubernetes.io/arch"),
        ),
        ("aws", "AL2023", {"purchase": {"option": "spot", "pools": 1}}, ()),
    ],
)
def test_daemons_tolerate_what_a_cloud_taints_by_itself(
    provider: str, image: str, group: dict[str, Any], taints: tuple[str, ...]
) -> None:
    one = pool_of("h100")
    one["groups"][0].update(group)
    selection = chosen(
        plan(pools=[one], site={"provider": provider, "region": "r", "zones": []}), image=image
    )
    assert selection.tolerate == taints
    assert selection.components["GpuOperator"]["tolerate"] == list(taints)


def test_further_taints_are_tolerated_besides_the_plans() -> None:
    stated = {"GpuOperator": {"tolerate": ["own/taint"]}}
    made = chosen(plan_of_pools("h100"), {"h100": MARKED}, components=stated).components
    tolerated = ["nvidia.com/gpu", TEAM_TAINT, READINESS_TAINT, "own/taint"]
    assert made["GpuOperator"]["tolerate"] == tolerated


def test_nodes_wait_for_what_their_plan_counts() -> None:
    settings = {name: {"readiness_taint": True} for name in ("h100", "a100", "trainium")}
    gates = chosen(plan_of_pools("h100", "a100", "trainium", "f2"), settings).gates
    assert {gate.resource: dict(gate.groups) for gate in gates} == {
        "aws.amazon.com/neuron": {"trainium": ("od",)},
        "nvidia.com/gpu": {"h100": ("od",), "a100": ("od",)},
    }


def test_one_discovery_serves_several_operators() -> None:
    alone = chosen(plan_of_pools("h100"), image="UBUNTU").components
    assert alone["GpuOperator"]["node_feature_discovery"] is True
    both = chosen(plan_of_pools("h100", "mi300"), image="UBUNTU").components
    assert [both[n]["node_feature_discovery"] for n in ("GpuOperator", "AmdGpuOperator")] == [
        False,
        False,
    ]


def test_pools_share_and_cut_as_they_say() -> None:
    arguments = chosen(
        plan_of_pools("h100", "a100", "slices"),
        {
            "h100": {"sharing": "mps", "sharing_replicas": 2},
            "a100": {"sharing": "time-slicing", "sharing_replicas": 4},
            "slices": {
                "mig_profile": "all-1g.5gb",
                "sharing": "time-slicing",
                "sharing_replicas": 2,
            },
        },
    ).components["GpuOperator"]
    assert arguments["sharing_configs"] == ["mps-2", "time-slicing-2", "time-slicing-4"]
    assert arguments["mig_strategy"] == "mixed"
    assert arguments["shared_resources"] == ["nvidia.com/gpu", "nvidia.com/mig-1g.5gb"]


def test_slices_counted_as_gpus_are_offered_as_gpus() -> None:
    selection = chosen(plan_of_pools("h100"), {"h100": {"mig_profile": "all-3g.40gb"}})
    assert selection.components["GpuOperator"]["mig_strategy"] == "single"


def test_efa_is_served_wherever_it_is_used() -> None:
    with_efa = {"cpu": {"efa": True}}
    assert list(chosen(plan_of_pools("cpu"), with_efa).components) == ["EfaDevices"]
    assert list(chosen(plan_of_pools("cpu"), with_efa, image="EKS_AUTO").components) == []
    assert list(chosen(plan_of_pools("h100"), {"h100": {"efa": True}}).components) == [
        "GpuOperator",
        "EfaDevices",
    ]


def test_labels_keep_the_operator_off_nodes_that_have_their_own() -> None:
    mixed = chosen(plan_of_pools("h100", "a100"), {"h100": {"ami_family": "BOTTLEROCKET"}})
    # The operator's device plugin is for the others.
    assert mixed.components["GpuOperator"]["image"] == "AL2023"


def test_a_clouds_own_plugin_shares_and_cuts_as_its_node_pools_say() -> None:
    shared = {"h100": {"sharing": "time-slicing", "sharing_replicas": 4}}
    cut = {"h100": {"mig_profile": "all-1g.10gb"}}
    for pools in (shared, cut):
        assert chosen(plan_of_pools("h100"), pools, image="COS").components == {}


def test_dra_takes_a_class_a_model_and_slice() -> None:
    selection = chosen(
        plan_of_pools("h100", "gb200", "h100-b"),
        {"h100-b": {"mig_profile": "all-1g.10gb"}},
        dra="driver",
        kubernetes_version="1.34",
    )
    assert selection.components["GpuOperator"]["dra"] == "driver"
    driver = selection.components["NvidiaDraDriver"]
    assert driver["compute_domains"] is True
    assert driver["device_classes"] == [
        {"model": "gb200"},
        {"model": "h100-80gb"},
        {"model": "h100-80gb", "mig_profile": "1g.10gb"},
    ]


def test_further_arguments_lie_over_the_plans() -> None:
    further = {"NeuronDevices": {"scheduler": True, "delivery": "flux"}}
    arguments = chosen(plan_of_pools("trainium"), components=further).components["NeuronDevices"]
    assert (arguments["scheduler"], arguments["delivery"]) == (True, "flux")


def unknown_resource() -> CapacityPlan:
    odd = {"model": "x", "resource": "example.com/npu", "perNode": 1.0}
    pool = pool_of("h100")
    pool["groups"][0]["accelerator"] = odd
    return plan(pools=[pool])


@pytest.mark.parametrize(
    ("made_by", "pools", "wanted", "says"),
    [
        (plan_of_pools("mi300"), {}, {}, "group mi300/od: no way is known to run amd devices on"),
        (plan_of_pools("h100"), {}, {"image": "AKS_UBUNTU", "dra": "driver"}, "DRA is not known"),
        (plan_of_pools("h100"), {"h100": {"mig_profile": "all-1g.5gb"}}, {}, "h100-80gb is not cut so"),
        (plan_of_pools("slices"), {"slices": {"mig_profile": "all-2g.10gb"}}, {},
         "the plan counts nvidia.com/mig-1g.5gb"),
        (plan_of_pools("h100", "slices"), {"h100": {"mig_profile": "all-1g.10gb"}}, {},
         "MIG slices are offered in one way"),
        (plan_of_pools("h100"), {"h100": {"mig_profile": "mine"}}, {}, "is not cut so"),
        (plan_of_pools("h100"), {"h100": {"mig_profile": "all-1g.10gb"}},
         {"components": {"GpuOperator": {"mig_configs": {"mine": []}}}}, "which mig_configs lacks"),
        (plan_of_pools("h100"), {"h100": {"ami_family": "BOTTLEROCKET", "mig_profile": "all-1g.10gb"}},
         {}, "brings its own device plugin"),
        (plan_of_pools("h100"), {"h100": {"sharing": "mps", "sharing_replicas": 2}},
         {"image": "EKS_AUTO"}, "brings its own device plugin"),
        (plan_of_pools("h100", "a100"), {"h100": {"ami_family": "AL2023"}}, {"image": "UBUNTU"},
         "can't install the driver on some nodes"),
        (plan_of_pools("h100"), {"h100": {"readiness_taint": True}},
         {"dra": "driver", "kubernetes_version": "1.34"}, "it has ResourceSlices"),
        (plan_of_pools("h100"), {}, {"dra": "driver"}, "kubernetes_version is not given"),
        (plan_of_pools("h100"), {"h100": {"sharing": "mps", "sharing_replicas": 2}},
         {"dra": "operator"}, "DRA takes its place"),
        (plan_of_pools("h100"), {}, {"components": {"NeuronDevices": {}}}, "needs no NeuronDevices"),
        (plan_of_pools("cpu"), {}, {"components": {"GpuOperator": {}}}, "it needs none"),
        (plan_of_pools("h100", "mi300"), {},
         {"image": "UBUNTU",
          "components": {"GpuOperator": {"override": {"values": {"nfd": {"enabled": True}}}}}},
         "both run node feature discovery"),
        (plan_of_pools("h100"), {},
         {"dra": "driver", "kubernetes_version": "1.34",
          "components": {"GpuOperator": {"dra": "none"}}}, "one by a device plugin"),
        (unknown_resource(), {}, {}, "no device plugin is known that offers example.com/npu"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_in_one_line(
    made_by: CapacityPlan, pools: dict[str, Any], wanted: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError) as caught:
        chosen(made_by, pools, **wanted)
    assert says in str(caught.value)
    assert caught.value.mend
