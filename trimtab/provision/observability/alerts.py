"""The alerts: what is wrong, how bad it is, and where its mend is written down.

Pure. An alert's section of `docs/observability.md` bears its name; thresholds are arguments.
"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from trimtab.provision.arguments import Arguments

PAGE = "docs/observability.md"
"""The page whose sections bear the alerts' names. An alert has an address only where one is given:
where the page can be read is the user's to say."""
Severity = Literal["critical", "warning", "info"]


class Thresholds(Arguments):
    """From when on something is worth an alert."""

    expires_in_hours: float = Field(default=24, gt=0)
    idle_reserved_share: float = Field(default=0.3, gt=0, le=1)
    idle_reserved_hours: int = Field(default=6, ge=1)
    idle_gpu_percent: float = Field(default=5, gt=0, le=100)
    idle_gpu_hours: int = Field(default=2, ge=1)
    spot_share_over_plan: float = Field(default=0.1, ge=0, lt=1)
    cost_over_plan: float = Field(default=1.2, gt=1)
    volume_free_share: float = Field(default=0.1, gt=0, lt=1)
    volume_full_in_days: float = Field(default=4, gt=0)


@dataclass(frozen=True)
class Alert:
    """One alert.

    Attributes:
        lasts: for how long it must be so, as Prometheus writes it.
        parts: the parts that give its metrics; it is left out where one is absent.
    """

    name: str
    expr: str
    lasts: str
    severity: Severity
    summary: str
    description: str
    parts: tuple[str, ...] = ()

    def rule(self, runbooks: str | None) -> dict[str, Any]:
        """As a rules file has it; `runbooks` is the address of the page, where it has one."""
        address = {"runbook_url": f"{runbooks}#{self.name.lower()}"} if runbooks else {}
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasts,
            "labels": {"severity": self.severity},
            "annotations": {
                "summary": self.summary,
                "description": f"{self.description} See {self.name} in {PAGE}.",
                **address,
            },
        }


def alerts(
    limits: Thresholds, parts: tuple[str, ...], namespaces: tuple[str, ...]
) -> tuple[Alert, ...]:
    """The alerts of the parts that are there.

    Args:
        parts: names of the parts.
        namespaces: of what is installed, whose exporters must answer.
    """
    every = (
        *_of_the_plan(limits),
        *_of_sizes(limits),
        *_of_waste(limits),
        *_of_telemetry(namespaces),
    )
    return tuple(each for each in every if set(each.parts) <= set(parts))


def _of_the_plan(limits: Thresholds) -> tuple[Alert, ...]:
    measured = "group by (cluster) (trimtab_plan_valid_until_timestamp_seconds)"
    pools = "group by (cluster, plan, pool) (trimtab_plan_pool_interruptible_share)"
    groups = "group by (cluster, plan, pool, group) (trimtab_plan_group_units_per_node)"
    tiers = "group by (cluster, plan, tier) (trimtab_plan_storage_expected_used_gib)"
    until = "max by (cluster, plan) (trimtab_plan_valid_until_timestamp_seconds) - time()"
    soon = limits.expires_in_hours * 3600
    line = "max by (cluster, plan, pool, group, commitment) (trimtab_plan_commitment_usd_per_hour)"
    approved = "(trimtab_commitment_approval_expires_timestamp_seconds > time())"
    return (
        Alert(
            "TrimtabPlanExpired",
            f"{until} <= 0 unless on (cluster, plan) ({pools} and on (cluster, plan) ({until} <= 0)"
            f" and on (cluster, pool) ({pools} and on (cluster, plan) ({until} > 0)))",
            "5m",
            "critical",
            "Plan {{ $labels.plan }} has expired",
            "What runs stays as it is and may grow within its max; nothing shrinks any more.",
        ),
        Alert(
            "TrimtabPlanExpiring",
            f"({until} > 0) < {soon:g}",
            "15m",
            "warning",
            "Plan {{ $labels.plan }} expires in {{ $value | humanizeDuration }}",
            "No newer plan is in the cluster.",
        ),
        Alert(
            "TrimtabPlanPartlyMeasured",
            f"{pools} unless on (cluster, plan, pool) {groups}"
            f" or {groups} unless on (cluster, plan, pool, group) trimtab_plan_window_max_nodes"
            f" or {tiers} unless on (cluster, plan, tier) trimtab_plan_storage_window_gib",
            "15m",
            "warning",
            "Plan {{ $labels.plan }} is larger than what telemetry was deployed for",
            "{{ $labels.pool }}{{ with $labels.group }}/{{ . }}{{ end }}{{ $labels.tier }} is in the"
            " plan, and its sizes are not measured: alerts on it are silent.",
        ),
        Alert(
            "TrimtabNodePoolOfAnotherPlan",
            "max by (cluster, node_pool, plan, digest) (trimtab_node_pool_info)"
            " unless on (cluster, digest) max by (cluster, digest) (trimtab_plan_info)"
            " and on (cluster) max by (cluster) (trimtab_plan_info)",
            "1h",
            "warning",
            "NodePool {{ $labels.node_pool }} is of plan {{ $labels.plan }}, digest {{ $labels.digest }}",
            "The plan in the cluster has another digest: its sizes are not the ones that Karpenter has.",
        ),
        Alert(
            "TrimtabUnplannedNodes",
            "trimtab:running_nodes unless on (cluster, pool, group)"
            " max by (cluster, pool, group) (trimtab_plan_group_units_per_node)"
            f" and on (cluster) {measured}",
            "30m",
            "warning",
            "{{ $value }} nodes of {{ $labels.pool }}/{{ $labels.group }}, which is not in the plan",
            "A group that the plan has dropped still runs, or the nodes were labelled by hand.",
        ),
        Alert(
            "TrimtabCommitmentAwaitsApproval",
            f"{line} unless on (cluster, commitment) {approved}",
            "24h",
            "info",
            "A commitment for {{ $labels.pool }}/{{ $labels.group }} awaits a decision",
            "Plan {{ $labels.plan }} proposes {{ $labels.commitment }} at {{ $value }} USD an hour and"
            " node, and no unexpired approval of it is in the cluster.",
        ),
    )


def _of_sizes(limits: Thresholds) -> tuple[Alert, ...]:
    ran = "sum by (cluster, pool, group) (trimtab:running_nodes)"
    least = "max by (cluster, pool, group) (trimtab:plan_group_min_nodes)"
    below = f"({ran} < on (cluster, pool, group) {least})"
    selecting = '(sum by (cluster, pool) (trimtab:unschedulable_pods{pool!=""}) > 0)'
    selecting_none = '(sum by (cluster) (trimtab:unschedulable_pods{pool=""}) > 0)'
    full = (
        "(sum by (cluster, pool) (trimtab:running_nodes and on (cluster, pool, group)"
        " trimtab:plan_group_max_nodes) >= on (cluster, pool)"
        " sum by (cluster, pool) (trimtab:plan_group_max_nodes))"
    )
    return (
        Alert(
            "TrimtabBelowPlannedMin",
            f"{ran} < on (cluster, pool, group) trimtab:group_kept_nodes"
            f" or {below} and on (cluster, pool) {selecting}"
            f" or {below} and on (cluster) {selecting_none}",
            "15m",
            "critical",
            "{{ $labels.pool }}/{{ $labels.group }} runs {{ $value }} nodes, fewer than planned",
            "Nodes that the plan counts on have not come up, or are not Ready.",
        ),
        Alert(
            "TrimtabShortage",
            # A pool that is planned at 0 says nothing of a pod that does not ask for it.
            f"{full} and on (cluster, pool) {selecting}"
            f" or ({full} > 0) and on (cluster) {selecting_none}",
            "15m",
            "warning",
            "Pool {{ $labels.pool }} is at its max of {{ $value }} nodes, and pods are waiting",
            "Demand is above what was planned; the pods select this pool, or none.",
        ),
        Alert(
            "TrimtabSpotShareAbovePlan",
            "trimtab:pool_spot_share > on (cluster, pool)"
            " max by (cluster, pool) (trimtab_plan_pool_interruptible_share)"
            f" + {limits.spot_share_over_plan:g}",
            "30m",
            "warning",
            "{{ $value | humanizePercentage }} of pool {{ $labels.pool }} is spot, more than planned",
            "Work that must not be interrupted may stand on nodes that can be taken away.",
        ),
    )


def _of_waste(limits: Thresholds) -> tuple[Alert, ...]:
    # Sums first, means after: a mean over a series knows nothing of the hours without it.
    priced = "trimtab:running_usd_per_hour and on (cluster, pool, group) trimtab:plan_usd_per_hour"
    actual = f"avg_over_time((sum by (cluster) ({priced}))[1d:5m])"
    planned = "avg_over_time((sum by (cluster) (trimtab:plan_usd_per_hour))[1d:5m])"
    used = "trimtab:gpu_allocated_utilisation_percent"
    over = f"{limits.idle_gpu_hours}h"
    free = "trimtab:volume_available_bytes / trimtab:volume_capacity_bytes"
    ahead = limits.volume_full_in_days * 86400
    trend = f"predict_linear(trimtab:volume_available_bytes[6h], {ahead:g})"
    return (
        Alert(
            "TrimtabReservedCapacityIdle",
            f"trimtab:group_paid_idle_share > {limits.idle_reserved_share:g}",
            f"{limits.idle_reserved_hours}h",
            "warning",
            "{{ $value | humanizePercentage }} of {{ $labels.pool }}/{{ $labels.group }} is paid and idle",
            "No pod asks for it, or its nodes do not run, and it costs the same.",
        ),
        Alert(
            "TrimtabGpuAllocatedButIdle",
            # Of a pod that is there now and was there at the start: not of one that has just begun.
            f"avg_over_time({used}[{over}]) < {limits.idle_gpu_percent:g}"
            f" and {used} and {used} offset {over}",
            "10m",
            "warning",
            "Pod {{ $labels.namespace }}/{{ $labels.pod }} holds GPU {{ $labels.gpu }} and does not use it",
            "Its mean utilisation is {{ $value }} %.",
            ("dcgm",),
        ),
        Alert(
            "TrimtabCostAbovePlan",
            f"{actual} / {planned} > {limits.cost_over_plan:g}",
            "1h",
            "warning",
            "The plan's nodes cost {{ $value | humanizePercentage }} of what was expected",
            "Means of a day, by OpenCost's prices, of the groups that the plan prices.",
            ("opencost",),
        ),
        Alert(
            "TrimtabVolumeNearlyFull",
            f"{free} < {limits.volume_free_share:g}",
            "15m",
            "critical",
            "{{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has"
            " {{ $value | humanizePercentage }} left",
            "Writes fail when it is full.",
        ),
        Alert(
            "TrimtabVolumeFillsUp",
            f"{trend} < 0 and {free} < 0.4",
            "1h",
            "warning",
            "{{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} will be full within"
            f" {limits.volume_full_in_days:g} days",
            "The trend of the last six hours.",
        ),
    )


def _of_telemetry(namespaces: tuple[str, ...]) -> tuple[Alert, ...]:
    own = "|".join(namespaces)
    plan = "trimtab_plan_valid_until_timestamp_seconds"
    with_gpus = (
        "count by (cluster) (max by (cluster, node)"
        ' (kube_node_status_allocatable{resource=~"nvidia_com_(gpu|mig.*)"}) > 0)'
    )
    # Power is measured of every GPU, sliced or not; use is not measured of sliced ones.
    exporters = "count by (cluster) (group by (cluster, Hostname) (DCGM_FI_DEV_POWER_USAGE))"
    return (
        Alert(
            "TrimtabPlanNotMeasured",
            f"absent({plan}) or group by (cluster) (last_over_time({plan}[1d]))"
            f" unless on (cluster) group by (cluster) ({plan})",
            "15m",
            "warning",
            "No plan is measured",
            "kube-state-metrics sees no CapacityPlan: none is in the cluster, or it is down. Every"
            " other alert on the plan is silent.",
        ),
        Alert(
            "TrimtabNodesNotMeasured",
            f"group by (cluster) ({plan}) unless on (cluster) group by (cluster) (trimtab:running_nodes)",
            "15m",
            "critical",
            "A plan is measured, and no nodes",
            "kube-state-metrics gives no node labels or conditions. Nothing is compared with the"
            " plan: alerts on nodes are silent.",
        ),
        Alert(
            "TrimtabCostNotMeasured",
            "absent(node_total_hourly_cost)",
            "30m",
            "warning",
            "OpenCost gives no node costs",
            "The cost of what runs is not known.",
            ("opencost",),
        ),
        Alert(
            "TrimtabGpusNotMeasured",
            f"{with_gpus} > on (cluster) ({exporters} or {with_gpus} * 0)",
            "30m",
            "warning",
            "{{ $value }} nodes have GPUs, and fewer DCGM exporters answer",
            "Use and idleness of the others' GPUs are not known.",
            ("dcgm",),
        ),
        Alert(
            "TrimtabExporterDown",
            f'up{{namespace=~"{own}"}} == 0',
            "15m",
            "warning",
            "{{ $labels.job }} at {{ $labels.instance }} does not answer",
            "What it measures is not known for that node or service.",
        ),
    )
