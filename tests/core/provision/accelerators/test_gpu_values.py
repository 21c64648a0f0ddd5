"""The GPU operator's values: one owner of the driver, whatever is asked for."""

from typing import Any

import pytest
import yaml

from trimtab.errors import InputError
from trimtab.provision.accelerators.compatibility import GKE_DRIVER_ROOT
from trimtab.provision.accelerators.gpu_values import (
    SHARING_CONFIG,
    WHOLE_GPUS,
    GpuSettings,
    gpu_operator_values,
    node_labels_for,
)
from trimtab.provision.charts.accelerators import GPU_OPERATOR
from trimtab.provision.pool_settings import Settings


@pytest.mark.parametrize(
    ("image", "driver", "toolkit"),
    [("AL2023", False, False), ("BOTTLEROCKET", False, False), ("UBUNTU", True, True)],
)
def test_the_operator_installs_what_the_image_lacks(
    image: Any, driver: bool, toolkit: bool
) -> None:
    values = gpu_operator_values(GpuSettings(image))
    assert values["driver"]["enabled"] is driver
    assert values["toolkit"]["enabled"] is toolkit


@pytest.mark.parametrize(
    ("image", "values", "says"),
    [
        ("AL2023", {"driver": {"enabled": True}}, "the AL2023 image brings its driver"),
        ("AL2023", {"toolkit": {"enabled": True}}, "the AL2023 image brings its toolkit"),
        ("BOTTLEROCKET", {"driver": {"enabled": True}}, "NVIDIA has no driver container"),
        ("UBUNTU", {"driver": {"enabled": False}}, "the UBUNTU image brings no driver"),
        ("UBUNTU", {"toolkit": {"enabled": False}}, "the UBUNTU image brings no toolkit"),
        ("UBUNTU", {"driver": None}, "the UBUNTU image brings no driver"),
    ],
)
def test_overrides_cannot_give_the_driver_two_owners_or_none(
    image: Any, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        gpu_operator_values(GpuSettings(image), values)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (GpuSettings("AL2023", sharing="mps"), "shares nothing"),
        (GpuSettings("AL2023", replicas=4), "but sharing is none"),
        (GpuSettings("AL2023", "mixed", "mps", 4), "MPS can't share MIG slices"),
        (GpuSettings("BOTTLEROCKET", "single"), "brings its own device plugin"),
        (GpuSettings("BOTTLEROCKET", "none", "time-slicing", 4), "or use one of AKS_UBUNTU"),
        (GpuSettings("EKS_AUTO"), "already brings the nvidia driver and device plugin"),
        (GpuSettings("COS"), "the cloud already brings .* give image COS_NO_PLUGIN"),
        (GpuSettings("AL2023", configs=("time-slicing-1",)), "no configuration's name"),
        (GpuSettings("AL2023", configs=("mps-65",)), "no configuration's name"),
        (GpuSettings("AL2023", configs=("mps",)), "no configuration's name"),
        (GpuSettings("BOTTLEROCKET", configs=("mps-2",)), "brings its own device plugin"),
        (GpuSettings("AL2023", mig_configs={"halves": []}), "mig_strategy is none"),
        (GpuSettings("BOTTLEROCKET", dra="operator"), "can't stand beside DRA on one node"),
        (GpuSettings("AKS_UBUNTU", dra="driver"), "DRA is not known to work"),
        (GpuSettings("AL2023", configs=("mps-2",), dra="driver"), "DRA takes its place"),
        (GpuSettings("AL2023", "mixed", dra="operator"), "runs no MIG manager"),
        (GpuSettings("AKS_UBUNTU", "single", mig_configs={"a": []}), "the cloud cuts the GPUs"),
    ],
)
def test_settings_that_contradict_one_another_are_refused(settings: GpuSettings, says: str) -> None:
    with pytest.raises(InputError, match=says):
        gpu_operator_values(settings, where="here")


def configs(settings: GpuSettings) -> tuple[str, dict[str, Any]]:
    """The default configuration's name, and all of them."""
    config = gpu_operator_values(settings)["devicePlugin"]["config"]
    assert (config["create"], config["name"]) == (True, SHARING_CONFIG)
    return config["default"], {key: yaml.safe_load(text) for key, text in config["data"].items()}


@pytest.mark.parametrize(("sharing", "key"), [("time-slicing", "timeSlicing"), ("mps", "mps")])
def test_sharing_is_the_device_plugins_config(sharing: Any, key: str) -> None:
    default, data = configs(GpuSettings("AL2023", sharing=sharing, replicas=4))
    assert default == f"{sharing}-4"
    assert data[default]["version"] == "v1"
    assert data[default]["sharing"] == {
        key: {"resources": [{"name": "nvidia.com/gpu", "replicas": 4}]}
    }


def test_a_node_chooses_its_sharing_by_the_label_that_its_pool_bears() -> None:
    pools = [
        Settings(sharing="time-slicing", sharing_replicas=4),
        Settings(sharing="mps", sharing_replicas=2),
    ]
    names = tuple(each.sharing_config or "" for each in pools)
    assert names == ("time-slicing-4", "mps-2")
    default, data = configs(GpuSettings("AL2023", configs=names))
    # A node without the label has whole GPUs.
    assert default == WHOLE_GPUS
    assert "sharing" not in data[WHOLE_GPUS]
    assert set(data) == {WHOLE_GPUS, *names}
    assert data["time-slicing-4"]["sharing"]["timeSlicing"]["resources"][0]["replicas"] == 4
    assert data["mps-2"]["sharing"]["mps"]["resources"][0]["replicas"] == 2


def test_slices_are_shared_in_time_and_never_by_mps() -> None:
    slices = ("nvidia.com/gpu", "nvidia.com/mig-1g.10gb")
    settings = GpuSettings(
        "AL2023", "mixed", configs=("mps-2", "time-slicing-3"), shared_resources=slices
    )
    _, data = configs(settings)
    names = {
        mode: [each["name"] for each in next(iter(config["sharing"].values()))["resources"]]
        for mode, config in data.items()
        if "sharing" in config
    }
    assert names == {"mps-2": ["nvidia.com/gpu"], "time-slicing-3": list(slices)}
    assert {config["flags"]["migStrategy"] for config in data.values()} == {"mixed"}


def test_own_layouts_replace_the_generated_ones_and_can_be_undone() -> None:
    halves = [{"devices": "all", "mig-enabled": True, "mig-devices": {"3g.20gb": 2}}]
    manager = gpu_operator_values(GpuSettings("AL2023", "mixed", mig_configs={"halves": halves}))[
        "migManager"
    ]
    layouts = yaml.safe_load(manager["config"]["data"]["config.yaml"])["mig-configs"]
    assert set(layouts) == {"all-disabled", "halves"}
    assert layouts["halves"] == halves
    assert manager["config"]["default"] in layouts


def test_the_operators_own_dra_has_one_custom_resource_and_no_device_plugin() -> None:
    values = gpu_operator_values(GpuSettings("AL2023", dra="operator"))
    assert (values["clusterPolicy"], values["gpuCluster"]) == (
        {"deployCR": False},
        {"deployCR": True},
    )
    assert not {"devicePlugin", "mig", "migManager"} & set(values)
    # The chart asks for the driver's own custom resource, where the operator installs it.
    assert gpu_operator_values(GpuSettings("UBUNTU", dra="operator"))["driver"] == {
        "enabled": True,
        "nvidiaDriverCRD": {"enabled": True},
    }


@pytest.mark.parametrize(
    ("settings", "values", "says"),
    [
        (GpuSettings("BOTTLEROCKET"), {"devicePlugin": {"enabled": True}}, "brings its device plugin"),
        (GpuSettings("AL2023"), {"devicePlugin": {"enabled": False}}, "nothing else offers the GPUs"),
        (GpuSettings("AL2023", dra="driver"), {"devicePlugin": {"enabled": True}}, "same GPUs"),
        (GpuSettings("AL2023"), {"gpuCluster": {"deployCR": True}}, "give dra operator"),
        (GpuSettings("AL2023"), {"clusterPolicy": {"deployCR": False}}, "give dra operator"),
        (GpuSettings("AL2023", dra="operator"), {"clusterPolicy": {"deployCR": True}}, "second alone"),
        (GpuSettings("AL2023", dra="operator"), {"gpuCluster": {"deployCR": False}}, "second alone"),
        (GpuSettings("COS_NO_PLUGIN"), {"driver": {"enabled": True}}, "your own set-up brings its driver"),
        # What is null is left out of the values, and the chart's default is to install.
        (GpuSettings("AL2023"), {"driver": {"enabled": None}}, "driver.enabled is left to the chart"),
        (GpuSettings("AL2023"), {"driver": None}, "driver.enabled is left to the chart"),
        (GpuSettings("AL2023"), {"toolkit": {"enabled": None}}, "toolkit.enabled is left to the chart"),
        (GpuSettings("BOTTLEROCKET"), {"devicePlugin": None}, "brings its device plugin"),
        (GpuSettings("AL2023", dra="driver"), {"devicePlugin": {"enabled": None}}, "same GPUs"),
        (
            GpuSettings("AL2023", configs=("mps-2",)),
            {"devicePlugin": {"config": {"data": None}}},
            "has no mps-2, which nodes choose",
        ),
        (
            GpuSettings("AL2023", configs=("mps-2",)),
            {"devicePlugin": {"config": {"default": "else"}}},
            "has no else, which nodes choose",
        ),
    ],
)  # fmt: skip
def test_overrides_cannot_give_the_devices_two_owners_or_none(
    settings: GpuSettings, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        gpu_operator_values(settings, values)


def test_clouds_have_their_own_places() -> None:
    gke = gpu_operator_values(GpuSettings("COS_NO_PLUGIN"))
    assert gke["hostPaths"] == {"driverInstallDir": GKE_DRIVER_ROOT}
    assert gke["toolkit"] == {"enabled": True, "installDir": GKE_DRIVER_ROOT}
    aks = gpu_operator_values(GpuSettings("AZURELINUX"))
    assert aks["operator"] == {"runtimeClass": "nvidia-container-runtime"}


def test_discovery_can_be_somebody_elses() -> None:
    values = gpu_operator_values(GpuSettings("AL2023", discovery=False))
    assert values["nfd"] == {"enabled": False}
    assert "node-feature-discovery" not in values


@pytest.mark.parametrize(("mig", "manager"), [("none", False), ("single", True), ("mixed", True)])
def test_mig_has_its_manager(mig: Any, manager: bool) -> None:
    values = gpu_operator_values(GpuSettings("AL2023", mig))
    assert values["mig"] == {"strategy": mig}
    assert values["migManager"] == {"enabled": manager}


@pytest.mark.parametrize("image", ["AKS_UBUNTU", "AZURELINUX"])
def test_what_aks_has_cut_stays_cut(image: Any) -> None:
    """The operator's MIG manager would disable MIG on nodes without a layout's label."""
    values = gpu_operator_values(GpuSettings(image, "single"))
    assert (values["mig"], values["migManager"]) == ({"strategy": "single"}, {"enabled": False})
    assert gpu_operator_values(GpuSettings("AKS_UBUNTU_NO_DRIVER", "single"))["migManager"] == {
        "enabled": True
    }


def test_a_service_monitor_is_made_only_when_asked_for() -> None:
    """The chart makes one by default, and fails where the Prometheus operator's CRD is missing."""

    def monitor(asked: bool) -> object:
        values = gpu_operator_values(GpuSettings("AL2023", service_monitor=asked))
        return values["dcgmExporter"]["serviceMonitor"]["enabled"]

    assert (monitor(False), monitor(True)) == (False, True)


def test_the_operator_reaches_tainted_nodes() -> None:
    values = gpu_operator_values(GpuSettings("AL2023", tolerate=("a/b", "nvidia.com/gpu")))
    keys = [each["key"] for each in values["daemonsets"]["tolerations"]]
    assert keys == ["nvidia.com/gpu", "a/b"]
    worker = values["node-feature-discovery"]["worker"]["tolerations"]
    assert [each["key"] for each in worker][1:] == keys


def test_only_bottlerocket_is_left_alone_by_labels() -> None:
    assert node_labels_for("BOTTLEROCKET") == {
        f"nvidia.com/gpu.deploy.{part}": "false"
        for part in ("container-toolkit", "device-plugin", "driver", "mig-manager")
    }
    assert node_labels_for("AL2023") == node_labels_for("UBUNTU") == {}


def test_the_chart_is_pinned_with_a_date() -> None:
    assert GPU_OPERATOR.version == "v26.7.0"
    assert GPU_OPERATOR.as_of >= "2026-11-01"
