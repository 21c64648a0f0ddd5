"""Recording rules: the plan's window that holds now, what runs beside it, and what that costs.

Pure. Evaluated in order, so that a rule may use those above it. Every series of one group of a plan has
the labels pool, group and option; `cluster` is there where telemetry of several clusters is kept in
one store.
"""

from dataclasses import dataclass
from typing import Any

_WINDOW = "cluster, plan, pool, group, window"
_GROUP = "cluster, pool, group, option"
_POOL = "cluster, pool"
_SIZED = "cluster, pool, group"


@dataclass(frozen=True)
class Recording:
    """A recorded series."""

    name: str
    expr: str

    def rule(self) -> dict[str, Any]:
        """As a rules file has it."""
        return {"record": self.name, "expr": self.expr}


def recordings(grid_gco2e_per_kwh: float | None) -> tuple[Recording, ...]:
    """The rules.

    Args:
        grid_gco2e_per_kwh: of the plan's region; None: not known, and no emissions are recorded.
    """
    return (
        *_plan(),
        *_nodes(),
        *_use(),
        *_paid(),
        *_money(),
        *_volumes(),
        *_energy(grid_gco2e_per_kwh),
    )


def _plan() -> tuple[Recording, ...]:
    holds = (
        "(trimtab_plan_window_start_timestamp_seconds <= time())"
        f" and on ({_WINDOW}) (trimtab_plan_window_end_timestamp_seconds > time())"
    )
    option = (
        "max by (cluster, plan, pool, group, option) (trimtab_plan_group_units_per_node) * 0 + 1"
    )
    now = [
        Recording(
            f"trimtab:plan_group_{size}_nodes",
            f"max by (cluster, plan, pool, group) (trimtab_plan_window_{size}_nodes"
            f" and on ({_WINDOW}) trimtab:plan_window_holds)"
            f" * on (cluster, plan, pool, group) group_right () ({option})",
        )
        for size in ("min", "desired", "max")
    ]
    tier = "cluster, plan, tier, window"
    stored = (
        f"max by (cluster, plan, tier) (trimtab_plan_storage_window_gib and on ({tier})"
        f" ((trimtab_plan_storage_window_start_timestamp_seconds <= time()) and on ({tier})"
        " (trimtab_plan_storage_window_end_timestamp_seconds > time())))"
    )
    return (
        Recording("trimtab:plan_window_holds", f"max by ({_WINDOW}) ({holds}) * 0 + 1"),
        *now,
        Recording("trimtab:plan_storage_gib", stored),
    )


def _nodes() -> tuple[Recording, ...]:
    labelled = 'kube_node_labels{label_trimtab_dev_pool!="",label_trimtab_dev_group!=""}'
    for label, source in (
        ("pool", "pool"),
        ("group", "group"),
        ("option", "purchase_option"),
    ):
        labelled = (
            f'label_replace({labelled}, "{label}", "$1", "label_trimtab_dev_{source}", "(.+)")'
        )
    ready = 'kube_node_status_condition{condition="Ready",status="true"} == 1'
    planned = f"max by ({_GROUP}) (trimtab_plan_group_units_per_node) * 0"
    # A group without nodes has 0 only where nodes are seen at all; else it is not known.
    seen = (
        "(count by (cluster) (kube_node_labels) and on (cluster)"
        " count by (cluster) (kube_node_status_condition))"
    )
    managed = f"max by ({_SIZED}) (trimtab_node_pool_info)"
    static = f"sum by ({_SIZED}) (max by ({_SIZED}, node_pool) (trimtab_node_pool_replicas))"
    return (
        Recording("trimtab:node_info", f"max by (cluster, node, pool, group, option) ({labelled})"),
        Recording(
            "trimtab:running_nodes",
            f"count by ({_GROUP}) (trimtab:node_info and on (cluster, node) ({ready}))"
            f" or on ({_SIZED}) ({planned} and on (cluster) {seen})",
        ),
        # What somebody keeps running without being asked: a node group its min, Karpenter what its
        # static NodePools state and nothing else.
        Recording(
            "trimtab:group_kept_nodes",
            f"{static} or {managed} * 0 or max by ({_SIZED}) (trimtab:plan_group_min_nodes)",
        ),
        # A pod that no node has room for, by the pool that it selects; "" where it selects none.
        Recording(
            "trimtab:unschedulable_pods",
            "count by (cluster, pool) (label_replace("
            "(max by (cluster, namespace, pod) (kube_pod_status_unschedulable) == 1)"
            " * on (cluster, namespace, pod) group_left (nodeselector_trimtab_dev_pool)"
            " (max by (cluster, namespace, pod, nodeselector_trimtab_dev_pool)"
            " (kube_pod_nodeselectors) or on (cluster, namespace, pod)"
            " max by (cluster, namespace, pod) (kube_pod_status_unschedulable)),"
            ' "pool", "$1", "nodeselector_trimtab_dev_pool", "(.+)"))',
        ),
    )


def _use() -> tuple[Recording, ...]:
    by_node = "cluster, node, resource"
    device = 'resource=~"nvidia_com_(gpu|mig.*)|amd_com_gpu|aws_amazon_com_neuron"'
    cpu = 'resource="cpu"'
    asked = f"sum by ({by_node}) (kube_pod_container_resource_requests{{%s}} and on (cluster, namespace, pod)"
    asked += ' (kube_pod_status_phase{phase=~"Pending|Running"} == 1))'
    has = f"sum by ({by_node}) (kube_node_status_allocatable{{%s}} > 0)"
    share = f"({asked} / {has} or {has} * 0)"
    # Where a node has devices, they are what it was bought for.
    devices = f"max by (cluster, node) ({share.replace('%s', device)})"
    cpus = f"max by (cluster, node) ({share.replace('%s', cpu)})"
    allocated = (
        "sum by (cluster, namespace, pod)"
        ' (kube_pod_container_resource_requests{resource=~"nvidia_com_.+"}) > 0'
    )
    gpu = "DCGM_FI_DEV_GPU_UTIL"
    # The exporter's own pod and namespace stand in `pod` where a monitor keeps no honest labels.
    for label in ("pod", "namespace", "container"):
        gpu = f'label_replace({gpu}, "{label}", "$1", "exported_{label}", "(.+)")'
    return (
        Recording("trimtab:node_requested_share", f"{devices} or on (cluster, node) {cpus}"),
        Recording(
            "trimtab:group_idle_share",
            f"1 - avg by ({_GROUP}) (trimtab:node_requested_share * on (cluster, node)"
            " group_left (pool, group, option) trimtab:node_info)",
        ),
        Recording(
            "trimtab:gpu_allocated_utilisation_percent",
            f"max by (cluster, namespace, pod, gpu, UUID, modelName) ({gpu})"
            f" and on (cluster, namespace, pod) ({allocated})",
        ),
        Recording(
            "trimtab:pool_spot_share",
            f'sum by ({_POOL}) (trimtab:running_nodes{{option="spot"}} * on ({_GROUP})'
            f" max by ({_GROUP}) (trimtab_plan_group_units_per_node))"
            f" / (sum by ({_POOL}) (trimtab:running_nodes * on ({_GROUP})"
            f" max by ({_GROUP}) (trimtab_plan_group_units_per_node)) > 0)",
        ),
    )


def _paid() -> tuple[Recording, ...]:
    """Nodes that are paid for whether they run or not, and how much of them nobody asks for."""
    kinds = 'option=~"reserved|capacity-block"'
    line = f"{_SIZED}, commitment"
    proposed = (
        f"sum by ({_SIZED}) (max by ({line}) (trimtab_plan_commitment_nodes)"
        " unless on (cluster, commitment)"
        " (trimtab_commitment_approval_expires_timestamp_seconds > time()))"
    )
    planned = f"max by ({_GROUP}) (trimtab:plan_group_max_nodes{{{kinds}}})"
    ran = f"max by ({_GROUP}) (trimtab:running_nodes{{{kinds}}})"
    paid = f"({planned} - on ({_SIZED}) group_left () {proposed} or {planned})"
    busy = (
        f"sum by ({_GROUP}) (trimtab:node_requested_share * on (cluster, node)"
        f" group_left (pool, group, option) trimtab:node_info{{{kinds}}})"
    )
    return (
        Recording("trimtab:group_paid_nodes", f"({paid} > {ran} or {ran}) > 0"),
        Recording(
            "trimtab:group_paid_idle_share",
            f"clamp_min(1 - ({busy} or trimtab:group_paid_nodes * 0) / trimtab:group_paid_nodes, 0)",
        ),
    )


def _money() -> tuple[Recording, ...]:
    # A group without nodes costs 0 where prices are seen at all, so that means of a day are right.
    none = "trimtab:running_nodes * 0 and on (cluster) count by (cluster) (node_total_hourly_cost)"
    return (
        Recording(
            "trimtab:running_usd_per_hour",
            f"sum by ({_GROUP}) (max by (cluster, node) (node_total_hourly_cost)"
            " * on (cluster, node) group_left (pool, group, option) trimtab:node_info)"
            f" or ({none})",
        ),
        Recording(
            "trimtab:plan_usd_per_hour",
            f"max by ({_GROUP}) (trimtab_plan_group_expected_usd_per_hour)",
        ),
    )


def _volumes() -> tuple[Recording, ...]:
    """By claim, whichever node it is mounted on: a trend must not end where a pod has moved."""
    mounted = "cluster, namespace, persistentvolumeclaim"
    return tuple(
        Recording(
            f"trimtab:volume_{name}_bytes",
            f"max by ({mounted}) (kubelet_volume_stats_{name}_bytes)",
        )
        for name in ("available", "capacity")
    )


def _energy(grid_gco2e_per_kwh: float | None) -> tuple[Recording, ...]:
    # The exporter repeats a GPU's power for each MIG slice and each pod that shares it.
    gpus = "sum by (cluster) (max by (cluster, UUID) (DCGM_FI_DEV_POWER_USAGE))"
    cpu = 'sum by (cluster, node_name) (kepler_node_cpu_watts{zone=~"package.*|dram.*"})'
    watts = (
        Recording(
            "trimtab:node_cpu_watts", f'label_replace({cpu}, "node", "$1", "node_name", "(.+)")'
        ),
        Recording(
            "trimtab:watts",
            f"sum by (cluster) (trimtab:node_cpu_watts) + on (cluster) {gpus}"
            f" or sum by (cluster) (trimtab:node_cpu_watts) or {gpus}",
        ),
    )
    if grid_gco2e_per_kwh is None:
        return watts
    return (
        *watts,
        Recording(
            "trimtab:kgco2e_per_hour", f"trimtab:watts / 1000 * {grid_gco2e_per_kwh:g} / 1000"
        ),
    )
