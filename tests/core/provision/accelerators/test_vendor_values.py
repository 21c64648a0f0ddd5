"""The other vendors' values: one owner of the devices, and daemons that tolerate their nodes."""

from datetime import timedelta
from typing import Any

import pytest

from support.plans import START, plan
from trimtab.errors import InputError
from trimtab.plan.attribution import object_labels
from trimtab.provision.accelerators.daemons import Daemon
from trimtab.provision.accelerators.vendor_values import (
    AMD_SELECTOR,
    amd_device_config,
    amd_values,
    discovery_values,
    efa_values,
    intel_fpga_plugin,
    intel_gpu_values,
    intel_qat_values,
    neuron_values,
)

TAINTS = ("trimtab.dev/team", "trimtab.dev/accelerator-not-ready")


def neuron(overrides: dict[str, Any] | None = None, dra: bool = False) -> dict[str, Any]:
    return neuron_values(TAINTS, "kube-system", True, False, dra, overrides or {}, "here")


def device_config(driver: Any = "inbox", dra: bool = False, **more: Any) -> dict[str, Any]:
    image, nodes, stated = (more.get(k) for k in ("image", "nodes", "stated"))
    return amd_device_config(TAINTS, driver, image, dra, nodes or {}, stated or {}, "here")


def tolerated(values: Any) -> list[list[str]]:
    """The keys of every list of tolerations in the values."""
    found = []
    if isinstance(values, dict):
        for key, each in values.items():
            if key.lower().endswith("tolerations"):
                found.append([toleration["key"] for toleration in each])
            else:
                found += tolerated(each)
    elif isinstance(values, list):
        for each in values:
            found += tolerated(each)
    return found


@pytest.mark.parametrize(
    ("values", "daemons"),
    [
        (neuron(), 3),
        (efa_values(TAINTS, {}, {}), 1),
        (discovery_values(TAINTS, {}), 1),
        (amd_values(TAINTS, "inbox", True, {}, None), 1),
        (device_config("operator", image="registry.example/driver"), 4),
        (device_config(dra=True), 4),
        (intel_gpu_values("g", TAINTS, 2, {}), 1),
        (intel_qat_values("q", TAINTS, {}), 1),
        (intel_fpga_plugin("i", "j", "region", TAINTS, {}), 1),
        (Daemon("d", "image", TAINTS).spec(), 1),
    ],
)
def test_every_daemon_tolerates_the_nodes_taints(values: Any, daemons: int) -> None:
    found = tolerated(values)
    assert len(found) == daemons
    for keys in found:
        assert set(TAINTS) <= set(keys)


def test_neuron_is_offered_by_one_of_two() -> None:
    assert neuron()["devicePlugin"]["enabled"] is True
    assert neuron()["draDriver"]["enabled"] is False
    assert neuron(dra=True)["devicePlugin"]["enabled"] is False
    # The chart has it on, in a namespace that it does not make.
    assert neuron()["npd"]["enabled"] is False
    for overrides in (
        {"draDriver": {"enabled": True}},
        {"devicePlugin": {"enabled": False}},
        {"devicePlugin": None},
    ):
        with pytest.raises(InputError, match="switch on exactly one of them, by dra"):
            neuron(overrides)
    with pytest.raises(InputError, match="it is not said which of them offers"):
        neuron({"devicePlugin": {"enabled": None}}, dra=True)


def test_efa_goes_to_the_nodes_that_are_named() -> None:
    assert efa_values((), {"efa": "present"}, {})["nodeSelector"] == {"efa": "present"}
    assert "nodeSelector" not in efa_values((), {}, {})


def test_amds_config_serves_the_nodes_with_its_gpus() -> None:
    assert device_config()["selector"] == AMD_SELECTOR
    assert device_config(nodes={"a": "b"})["selector"] == {"a": "b"}
    assert device_config()["driver"] == {"enable": False}
    assert device_config("operator", image="registry.example/d")["driver"]["enable"] is True
    assert device_config(stated={"metricsExporter": {"enable": False}})["metricsExporter"] == {
        "enable": False,
        "tolerations": device_config()["metricsExporter"]["tolerations"],
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"driver": "operator"}, "driver_image is not given"),
        ({"image": "x"}, "but driver is inbox"),
        ({"stated": {"driver": {"enable": True}}}, "but driver is inbox"),
        ({"stated": {"draDriver": {"enable": True}}}, "both offer the same devices"),
        ({"dra": True, "stated": {"draDriver": {"enable": False}}}, "neither offers"),
    ],
)
def test_amds_devices_have_one_owner(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        device_config(**given)


@pytest.mark.parametrize(
    ("driver", "values", "says"),
    [
        ("inbox", {"crds": {"defaultCR": {"install": True}}}, "beside Trimtab's"),
        ("inbox", {"crds": None}, "beside Trimtab's"),
        ("operator", {"kmm": {"enabled": False}}, "the operator installs the driver by it"),
        ("operator", {"kmm": {"watch": False}}, "the operator installs the driver by it"),
    ],
)
def test_amds_chart_keeps_out_of_the_config(driver: Any, values: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        amd_values((), driver, True, values, "here")


@pytest.mark.parametrize(("driver", "used"), [("inbox", False), ("operator", True)])
def test_amds_operator_watches_only_kinds_that_are_there(driver: Any, used: bool) -> None:
    values = amd_values((), driver, True, {}, None)
    assert values["kmm"] == {"enabled": used, "watch": used}


def test_a_daemon_may_be_confined_or_see_the_devices() -> None:
    (confined,) = Daemon("d", "i").spec()["template"]["spec"]["containers"]
    assert confined["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    (seeing,) = Daemon("d", "i", privileged=True).spec()["template"]["spec"]["containers"]
    assert seeing["securityContext"] == {"privileged": True}


def test_another_plan_leaves_a_daemons_pods_running() -> None:
    labels = object_labels(plan())
    later = object_labels(plan(validUntil=(START + timedelta(hours=24)).isoformat()))
    assert labels != later
    spec = Daemon("d", "i", labels=labels).spec()
    assert spec == Daemon("d", "i", labels=later).spec()
    assert spec["template"]["metadata"]["labels"]["trimtab.dev/plan"] == "example"


def test_a_daemon_goes_where_it_is_sent() -> None:
    pod = Daemon("d", "i", node_labels={"a": "b"}, pools=("p", "q")).spec()["template"]["spec"]
    assert pod["nodeSelector"] == {"a": "b"}
    required = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        {"key": "trimtab.dev/pool", "operator": "In", "values": ["p", "q"]}
    ]
