"""Helm values of the other vendors' charts, and the objects that go with them.

Pure; a function a chart. Each refuses overridden values that would give devices two owners. Values
are those of the versions in `charts`.
"""

from collections.abc import Mapping
from typing import Any, Literal

from trimtab.errors import InputError
from trimtab.provision.accelerators.daemons import tolerations
from trimtab.provision.accelerators.gpu_values import PCI_CLASSES
from trimtab.provision.helm_values import enabled, merge

AmdDriver = Literal["inbox", "operator"]

NEURON_TAINT = "aws.amazon.com/neuron"
EFA_TAINT = "aws.amazon.com/efa"
_CRITICAL_ONLY = "CriticalAddonsOnly"
AMD_SELECTOR = {"feature.node.kubernetes.io/amd-gpu": "true"}
INTEL_GPU_SELECTOR = {"intel.feature.node.kubernetes.io/gpu": "true"}
INTEL_QAT_SELECTOR = {"intel.feature.node.kubernetes.io/qat": "true"}
INTEL_FPGA_SELECTOR = {"intel.feature.node.kubernetes.io/fpga-arria10": "true"}


def neuron_values(
    tolerate: tuple[str, ...],
    namespace: str,
    scheduler: bool,
    health_monitor: bool,
    dra: bool,
    overrides: Mapping[str, Any],
    where: str | None,
) -> dict[str, Any]:
    """Values of neuron-helm-chart: device plugin or DRA driver, scheduler extension, health monitor.

    Raises:
        InputError: overridden values switch on both the device plugin and the DRA driver, or neither.
    """
    tolerated = tolerations(tolerate, (_CRITICAL_ONLY, NEURON_TAINT))
    home = {"namespaceOverride": namespace}
    values = merge(
        {
            "devicePlugin": {"enabled": not dra, **home, "tolerations": tolerated},
            "draDriver": {"enabled": dra, **home, "tolerations": tolerated},
            "scheduler": {
                "enabled": scheduler,
                **home,
                "customScheduler": {"enabled": True, **home},
            },
            # On by default in the chart, in a namespace that it does not make.
            "npd": {"enabled": health_monitor, **home, "tolerations": tolerated},
        },
        overrides,
    )
    plugin, driver = enabled(values, "devicePlugin"), enabled(values, "draDriver")
    one_owner("devicePlugin.enabled", plugin, "draDriver.enabled", driver, where)
    return values


def efa_values(
    tolerate: tuple[str, ...], node_labels: Mapping[str, str], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Values of aws-efa-k8s-device-plugin."""
    values: dict[str, Any] = {"tolerations": tolerations(tolerate, (EFA_TAINT,))}
    if node_labels:
        values["nodeSelector"] = dict(node_labels)
    return merge(values, overrides)


def discovery_values(tolerate: tuple[str, ...], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Values of node-feature-discovery.

    The worker labels devices as the GPU operator's own discovery would: its operands choose nodes by
    `feature.node.kubernetes.io/pci-10de.present`.
    """
    pci = {
        "deviceClassWhitelist": [*PCI_CLASSES, "0380", "0b40", "12"],
        "deviceLabelFields": ["vendor"],
    }
    return merge(
        {
            "master": {"config": {"extraLabelNs": ["nvidia.com", "amd.com", "gpu.intel.com"]}},
            "worker": {
                "config": {"sources": {"pci": pci}},
                "tolerations": tolerations(tolerate),
                "priorityClassName": "system-node-critical",
            },
        },
        overrides,
    )


def amd_values(
    tolerate: tuple[str, ...],
    driver: AmdDriver,
    discovery: bool,
    overrides: Mapping[str, Any],
    where: str | None,
) -> dict[str, Any]:
    """Values of AMD's gpu-operator-charts. The DeviceConfig is Trimtab's own, so the chart makes none.

    Raises:
        InputError: overridden values have the chart make a second DeviceConfig, or take away the
            kernel module management that installs the driver.
    """
    nfd: dict[str, Any] = {"enabled": discovery}
    if discovery:
        nfd["worker"] = {"tolerations": tolerations(tolerate, ("amd-dcm", "amd-gpu-unhealthy"))}
    values = merge(
        {
            "node-feature-discovery": nfd,
            # The operator does not start where it watches kinds that nobody has installed.
            "kmm": dict.fromkeys(("enabled", "watch"), driver == "operator"),
            # It brings Argo Workflows' CRDs, which a cluster may have from elsewhere.
            "remediation": {"enabled": False, "installCRDs": False},
            "crds": {"defaultCR": {"install": False, "upgrade": False}},
        },
        overrides,
    )
    default = enabled(values, "crds", "defaultCR")
    if not isinstance(default, Mapping) or default.get("install") is not False:
        raise InputError(
            "crds.defaultCR.install would make a DeviceConfig beside Trimtab's, for the same nodes",
            where=where,
            mend="leave it false, and state what differs in device_config",
        )
    for switch in ("enabled", "watch"):
        if driver == "operator" and enabled(values, "kmm", switch) is not True:
            raise InputError(
                f"kmm.{switch} is not true, but the operator installs the driver by it",
                where=where,
                mend=f"leave kmm.{switch} true, or give driver inbox",
            )
    return values


def amd_device_config(
    tolerate: tuple[str, ...],
    driver: AmdDriver,
    driver_image: str | None,
    dra: bool,
    node_labels: Mapping[str, str],
    stated: Mapping[str, Any],
    where: str | None,
) -> dict[str, Any]:
    """The spec of a DeviceConfig (amd.com/v1alpha1).

    Raises:
        InputError: the operator is to install the driver but has no repository for the image that it
            builds, or what is stated leaves the driver or the GPUs with two owners or none.
    """
    tolerated = tolerations(tolerate, ("amd.com/gpu",))
    driving: dict[str, Any] = {"enable": driver == "operator"}
    if driver == "operator":
        if not driver_image:
            raise InputError(
                "driver is operator, but driver_image is not given",
                where=where,
                mend="give the repository, without a tag, to which it may push the driver image that "
                "it builds",
            )
        driving |= {"image": driver_image, "tolerations": tolerated}
    elif driver_image:
        raise InputError(
            f"driver_image is {driver_image}, but driver is inbox",
            where=where,
            mend="give driver operator, or drop driver_image",
        )
    plugin = {
        "enableDevicePlugin": not dra,
        "devicePluginTolerations": tolerated,
        "enableNodeLabeller": True,
        "nodeLabellerTolerations": tolerated,
    }
    spec = merge(
        {
            "selector": dict(node_labels) or dict(AMD_SELECTOR),
            "driver": driving,
            "devicePlugin": plugin,
            "draDriver": {"enable": dra, **({"tolerations": tolerated} if dra else {})},
            "metricsExporter": {"enable": True, "tolerations": tolerated},
        },
        stated,
    )
    installs = enabled(spec, "driver", "enable")
    if installs is not (driver == "operator"):
        raise InputError(
            f"device_config has driver.enable {installs}, but driver is {driver}",
            where=where,
            mend="drop it from device_config, or give the other driver",
        )
    one_owner(
        "devicePlugin.enableDevicePlugin",
        enabled(spec, "devicePlugin", "enableDevicePlugin"),
        "draDriver.enable",
        enabled(spec, "draDriver", "enable"),
        where,
    )
    return spec


def intel_gpu_values(
    name: str, tolerate: tuple[str, ...], replicas: int, node_labels: Mapping[str, str]
) -> dict[str, Any]:
    """Values of intel-device-plugins-gpu: a GpuDevicePlugin, and the rule that labels its nodes."""
    return {
        "name": name,
        "sharedDevNum": replicas,
        "nodeSelector": {**INTEL_GPU_SELECTOR, **node_labels},
        "tolerations": tolerations(tolerate, ("gpu.intel.com/i915", "gpu.intel.com/xe")),
    }


def intel_qat_values(
    name: str, tolerate: tuple[str, ...], node_labels: Mapping[str, str]
) -> dict[str, Any]:
    """Values of intel-device-plugins-qat: a QatDevicePlugin, and the rule that labels its nodes."""
    return {
        "name": name,
        "nodeSelector": {**INTEL_QAT_SELECTOR, **node_labels},
        "tolerations": tolerations(tolerate),
    }


def intel_fpga_plugin(
    image: str,
    init_image: str,
    mode: str,
    tolerate: tuple[str, ...],
    node_labels: Mapping[str, str],
) -> dict[str, Any]:
    """The spec of a FpgaDevicePlugin (deviceplugin.intel.com/v1), for which there is no chart."""
    return {
        "image": image,
        "initImage": init_image,
        "mode": mode,
        "nodeSelector": dict(node_labels) or dict(INTEL_FPGA_SELECTOR),
        "tolerations": tolerations(tolerate),
    }


def intel_fpga_rule() -> dict[str, Any]:
    """The spec of a NodeFeatureRule that labels nodes with an Arria 10, for which there is no chart.

    Source: Intel Device Plugins for Kubernetes, node feature rules.
    """
    card = {"vendor": ["8086"], "device": ["09c4"], "class": ["1200"]}
    found = {key: {"op": "In", "value": value} for key, value in card.items()}
    drivers = ("dfl_pci", "intel_fpga_pci")
    return {
        "rules": [
            {
                "name": "intel.fpga-arria10",
                "labels": dict(INTEL_FPGA_SELECTOR),
                "matchFeatures": [{"feature": "pci.device", "matchExpressions": found}],
                "matchAny": [
                    {
                        "matchFeatures": [
                            {
                                "feature": "kernel.loadedmodule",
                                "matchExpressions": {driver: {"op": "Exists"}},
                            }
                        ]
                    }
                    for driver in drivers
                ],
            }
        ]
    }


def one_owner(one: str, has_one: Any, other: str, has_other: Any, where: str | None) -> None:
    """Refuse a device plugin and a DRA driver on the same nodes, and neither.

    Raises:
        InputError: both are on, both are off, or one is not said: null leaves it to the chart.
    """
    if (has_one, has_other) not in ((True, False), (False, True)):
        state = "it is not said which of them offers"
        if (has_one is True) is (has_other is True):
            state = "both offer" if has_one is True else "neither offers"
        raise InputError(
            f"{one} is {has_one} and {other} is {has_other}: {state} the same devices",
            where=where,
            mend="switch on exactly one of them, by dra",
        )
