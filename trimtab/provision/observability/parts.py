"""The parts of a cluster's telemetry: a table, and which of them a plan's nodes need.

Pure. A part is one Helm release with values of its own; `values.py` and `stores.py` make them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.plan.model import CapacityPlan, Group
from trimtab.provision.arguments import Override
from trimtab.provision.charts import observability as charts
from trimtab.provision.charts.model import ChartSource
from trimtab.provision.nodes import READINESS_TAINT, TEAM_TAINT, accelerator_taint_key

GPU_OPERATOR_NAMESPACE = "gpu-operator"


@dataclass(frozen=True)
class Part:
    """One release.

    Attributes:
        privileged: whether its pods mount the host or see its processes.
        needs: parts without which it does nothing.
        says: what it is for.
    """

    source: ChartSource
    privileged: bool
    says: str
    needs: tuple[str, ...] = ()


PARTS: dict[str, Part] = {
    "prometheus": Part(
        charts.KUBE_PROMETHEUS_STACK, True, "metrics, rules, alerts, dashboards, nodes and objects"
    ),
    "dcgm": Part(
        charts.DCGM_EXPORTER, True, "use, memory and power of NVIDIA GPUs", ("prometheus",)
    ),
    "kepler": Part(
        charts.KEPLER, True, "power of machines whose meters can be read", ("prometheus",)
    ),
    "opencost": Part(charts.OPENCOST, False, "what nodes and pods cost", ("prometheus",)),
    "loki": Part(charts.LOKI, False, "logs", ("prometheus",)),
    "tempo": Part(charts.TEMPO, False, "traces", ("prometheus",)),
    "otel-gateway": Part(
        charts.OTEL_GATEWAY, False, "takes OTLP and hands it to the stores", ("prometheus",)
    ),
    "otel-agent": Part(
        charts.OTEL_AGENT, True, "reads the nodes' logs and takes OTLP on each", ("otel-gateway",)
    ),
}
"""In the order in which they are installed: the first brings the kinds that the others use."""


@dataclass(frozen=True)
class Bucket:
    """Object storage of a store; the name may be late."""

    name: Any
    region: str


@dataclass(frozen=True)
class RemoteWrite:
    """Where samples are sent besides; what it is let in by stands in a Secret."""

    url: Any
    secret: str | None = None
    sigv4_region: str | None = None


@dataclass(frozen=True)
class Telemetry:
    """What all parts' values are made from.

    Attributes:
        parts: names, in the table's order.
        gib: of each store's volumes.
        tolerate: keys of the taints that daemons bear with.
        node_prices: OpenCost's own prices, where no cloud publishes any.
        dcgm_by_operator: whether the GPU operator installs the exporter.
    """

    plan: CapacityPlan
    cluster: str
    parts: tuple[str, ...]
    state_metrics: Mapping[str, Any]
    retention_days: int = 15
    replicas: int = 1
    storage_class: str | None = None
    gib: Mapping[str, int] = field(default_factory=dict)
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    tolerate: tuple[str, ...] = ()
    priority_class: str | None = None
    grafana_secret: str = "grafana-admin"  # noqa: S105  # a Secret's name
    alertmanager_secret: str | None = None
    remote_write: tuple[RemoteWrite, ...] = ()
    node_prices: Mapping[str, float] | None = None
    dcgm_by_operator: bool = False
    overrides: Mapping[str, Override] = field(default_factory=dict)

    def namespace(self, part: str) -> str:
        """Where a part is."""
        override = self.overrides.get(part)
        return (override and override.namespace) or PARTS[part].source.namespace

    @property
    def installed(self) -> tuple[str, ...]:
        """The parts that have a release here."""
        return tuple(part for part in self.parts if part != "dcgm" or not self.dcgm_by_operator)

    @property
    def watched_namespaces(self) -> tuple[str, ...]:
        """Whose exporters must answer."""
        found = {self.namespace(part) for part in self.installed}
        if self.dcgm_by_operator:
            found.add(GPU_OPERATOR_NAMESPACE)
        return tuple(sorted(found))

    def address(self, part: str, service: str, port: int) -> str:
        """The address of a part's service within the cluster."""
        return f"http://{service}.{self.namespace(part)}.svc:{port}"


def needed_parts(plan: CapacityPlan) -> tuple[str, ...]:
    """The parts that a plan's nodes need.

    The DCGM exporter where a group has NVIDIA GPUs. Kepler where machines are the owner's or bare
    metal: a virtual machine has no power meter to read.
    """
    absent = without_nodes(plan, tuple(PARTS))
    return tuple(name for name in PARTS if name not in absent)


def without_nodes(plan: CapacityPlan, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the parts that measure nodes of a kind which the plan does not have."""
    groups = [group for pool in plan.spec.pools for group in pool.groups]
    measured = {"dcgm": has_nvidia, "kepler": is_metered}
    return tuple(
        part for part in parts if part in measured and not any(map(measured[part], groups))
    )


def has_nvidia(group: Group) -> bool:
    """Whether the group's nodes carry NVIDIA GPUs."""
    device = group.accelerator
    return device is not None and device.resource.startswith("nvidia.com/")


def is_metered(group: Group) -> bool:
    """Whether the power of the group's nodes can be read: the owner's machines, and bare metal."""
    metal = any(".metal" in offer.instance_type for offer in group.offers)
    return group.purchase.option == "owned" or metal


def check_parts(names: tuple[str, ...], where: str) -> tuple[str, ...]:
    """The parts in the table's order.

    Raises:
        InputError: one is not known, or lacks another that it needs.
    """
    for name in names:
        if name not in PARTS:
            raise InputError(
                f"parts: {name} is no part", where=where, mend=f"use one of {allowed(list(PARTS))}"
            )
        for other in PARTS[name].needs:
            if other not in names:
                raise InputError(
                    f"parts: {name} needs {other}", where=where, mend=f"add {other}, or drop {name}"
                )
    return tuple(name for name in PARTS if name in names)


def tolerated_keys(plan: CapacityPlan, stated: tuple[str, ...]) -> tuple[str, ...]:
    """Keys of every taint that the plan's nodes can bear, and of those that are stated."""
    keys = {READINESS_TAINT, TEAM_TAINT, *stated}
    for pool in plan.spec.pools:
        for group in pool.groups:
            keys |= {taint.key for taint in group.taints}
            if group.accelerator is not None:
                keys.add(accelerator_taint_key(group.accelerator.resource))
    return tuple(sorted(keys))
