"""The GPU operator's values: one owner of the driver, whatever is asked for."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.plans import group, plan, pool
from trimtab.errors import InputError
from trimtab_components.accelerators.gpu_values import (
    IMAGES,
    GpuSettings,
    gpu_operator_values,
    merge,
    node_labels_for,
    nvidia_taint_keys,
)
from trimtab_components.charts import GPU_OPERATOR


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
        (GpuSettings("BOTTLEROCKET", "none", "time-slicing", 4), "use one of AL2023, UBUNTU"),
    ],
)
def test_settings_that_contradict_one_another_are_refused(settings: GpuSettings, says: str) -> None:
    with pytest.raises(InputError, match=says):
        gpu_operator_values(settings, where="here")


@pytest.mark.parametrize(("sharing", "key"), [("time-slicing", "timeSlicing"), ("mps", "mps")])
def test_sharing_is_the_device_plugins_config(sharing: Any, key: str) -> None:
    config = gpu_operator_values(GpuSettings("AL2023", sharing=sharing, replicas=4))[
        "devicePlugin"
    ]["config"]
    assert config["create"] is True
    assert yaml.safe_load(config["data"][config["default"]]) == {
        "version": "v1",
        "sharing": {key: {"resources": [{"name": "nvidia.com/gpu", "replicas": 4}]}},
    }


@pytest.mark.parametrize(("mig", "manager"), [("none", False), ("single", True), ("mixed", True)])
def test_mig_has_its_manager(mig: Any, manager: bool) -> None:
    values = gpu_operator_values(GpuSettings("AL2023", mig))
    assert values["mig"] == {"strategy": mig}
    assert values["migManager"] == {"enabled": manager}


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


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([group("a", {"option": "on-demand"})], ()),
        ([group("a", {"option": "on-demand"}, accelerator=None)], None),
        (
            [
                group("a", {"option": "on-demand"}, accelerator=None,
                      taints=[{"key": "cpu", "effect": "NoSchedule"}]),
                group("b", {"option": "on-demand"},
                      taints=[{"key": k, "effect": "NoSchedule"} for k in ("x", "y")]),
                group("c", {"option": "on-demand"},
                      taints=[{"key": "x", "effect": "NoExecute"}]),
            ],
            ("x", "y"),
        ),
    ],
)  # fmt: skip
def test_only_nvidia_groups_count(
    groups: list[dict[str, Any]], expected: tuple[str, ...] | None
) -> None:
    assert nvidia_taint_keys(plan(pools=[pool(groups=groups)])) == expected


def test_only_bottlerocket_is_left_alone_by_labels() -> None:
    assert node_labels_for("BOTTLEROCKET") == {
        f"nvidia.com/gpu.deploy.{part}": "false"
        for part in ("container-toolkit", "device-plugin", "driver", "mig-manager")
    }
    assert node_labels_for("AL2023") == node_labels_for("UBUNTU") == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
TREES = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(TREES, TREES)
def test_what_is_laid_over_wins_and_nothing_else_is_lost(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    merged = merge(base, over)
    assert merge(merged, over) == merged
    assert merge(base, {}) == base
    assert set(merged) == set(base) | set(over)
    for key, value in over.items():
        if not isinstance(value, dict) or not isinstance(base.get(key), dict):
            assert merged[key] == value


def test_the_table_of_images_is_what_ami_families_and_ubuntu_need() -> None:
    assert set(IMAGES) == {"AL2023", "BOTTLEROCKET", "UBUNTU"}
    assert all(facts.driver != facts.installable for facts in IMAGES.values())


def test_the_chart_is_pinned_with_a_date() -> None:
    assert GPU_OPERATOR.version == "v26.7.0"
    assert GPU_OPERATOR.as_of >= "2026-11-01"
