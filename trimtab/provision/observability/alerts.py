"""The alerts: what is wrong, how bad it is, and where its mend is written down.

Pure. An alert's section of `docs/observability.md` bears its name; thresholds are arguments.
"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from trimtab.provision.arguments import Arguments

RUNBOOKS = "https://trimtab.dev/docs/observability"
"""The page whose sections bear the alerts' names; an argument may name another."""
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

    def rule(self, runbooks: str) -> dict[str, Any]:
        """As a rules file has it; `runbooks` is the address of the page."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasts,
            "labels": {"severity": self.severity},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{runbooks}#{self.name.lower()}",
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
    until = "max by (cluster, plan) (trimtab_plan_valid_until_timestamp_seconds) - time()"
    soon = limits.expires_in_hours * 3600
    line = "max by (cluster, plan, pool, group, commitment) (trimtab_plan_commitment_usd_per_hour)"
    approved = "(trimtab_commitment_approval_expires_timestamp_seconds > time())"
    return (
        Alert(
            "TrimtabPlanExpired",
            f"{until} <= 0",
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
            "TrimtabPlanNotDeployed",
            "max by (cluster, plan, digest) (trimtab_plan_info) unless on (digest)"
            " trimtab:deployed_plan_info",
            "1h",
            "warning",
            "Telemetry was deployed with another plan than {{ $labels.plan }} in the cluster",
            "Groups that are new in the plan with digest {{ $labels.digest }} are not measured.",
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
            " and on (cluster) max by (cluster) (trimtab_plan_info)",
            "30m",
            "warning",
            "{{ $value }} nodes of {{ $labels.pool }}/{{ $labels.group }}, which is not in the plan",
            "A group that the plan has dropped still runs, or telemetry knows an older plan.",
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
    full = (
        "(sum by (cluster, pool) (trimtab:running_nodes and on (cluster, pool, group)"
        " trimtab:plan_group_max_nodes) >= on (cluster, pool)"
        " sum by (cluster, pool) (trimtab:plan_group_max_nodes))"
    )
    return (
        Alert(
            "TrimtabBelowPlannedMin",
            "trimtab:running_nodes < on (cluster, pool, group)"
            " max by (cluster, pool, group) (trimtab:plan_group_min_nodes)",
            "15m",
            "critical",
            "{{ $labels.pool }}/{{ $labels.group }} runs {{ $value }} nodes, fewer than planned",
            "Nodes that the plan counts on have not come up, or are not Ready.",
        ),
        Alert(
            "TrimtabShortage",
            f'{full} and on (cluster, pool) (trimtab:unschedulable_pods{{pool!=""}} > 0)'
            f" or {full} and on (cluster)"
            ' (sum by (cluster) (trimtab:unschedulable_pods{pool=""}) > 0)',
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
    paid = 'trimtab:group_idle_share{option=~"reserved|capacity-block"}'
    actual = "sum by (cluster) (avg_over_time(trimtab:running_usd_per_hour[1d]))"
    planned = "sum by (cluster) (avg_over_time(trimtab:plan_usd_per_hour[1d]))"
    mounted = "cluster, namespace, persistentvolumeclaim"
    free = f"max by ({mounted}) (kubelet_volume_stats_available_bytes)"
    size = f"max by ({mounted}) (kubelet_volume_stats_capacity_bytes)"
    ahead = limits.volume_full_in_days * 86400
    trend = (
        f"min by ({mounted}) (predict_linear(kubelet_volume_stats_available_bytes[6h], {ahead:g}))"
    )
    return (
        Alert(
            "TrimtabReservedCapacityIdle",
            f"{paid} > {limits.idle_reserved_share:g}",
            f"{limits.idle_reserved_hours}h",
            "warning",
            "{{ $value | humanizePercentage }} of {{ $labels.pool }}/{{ $labels.group }} is paid and idle",
            "No pod asks for it, and it costs the same.",
        ),
        Alert(
            "TrimtabGpuAllocatedButIdle",
            "avg_over_time(trimtab:gpu_allocated_utilisation_percent"
            f"[{limits.idle_gpu_hours}h]) < {limits.idle_gpu_percent:g}",
            "1h",
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
            "Means of a day, by OpenCost's prices.",
            ("opencost",),
        ),
        Alert(
            "TrimtabVolumeNearlyFull",
            f"{free} / {size} < {limits.volume_free_share:g}",
            "15m",
            "critical",
            "{{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has"
            " {{ $value | humanizePercentage }} left",
            "Writes fail when it is full.",
        ),
        Alert(
            "TrimtabVolumeFillsUp",
            f"{trend} < 0 and on ({mounted}) {free} / {size} < 0.4",
            "1h",
            "warning",
            "{{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} will be full within"
            f" {limits.volume_full_in_days:g} days",
            "The trend of the last six hours.",
        ),
    )


def _of_telemetry(namespaces: tuple[str, ...]) -> tuple[Alert, ...]:
    own = "|".join(namespaces)
    return (
        Alert(
            "TrimtabPlanNotMeasured",
            "absent(trimtab_plan_valid_until_timestamp_seconds)",
            "15m",
            "warning",
            "No plan is measured",
            "kube-state-metrics sees no CapacityPlan: none is in the cluster, or it is down. Every"
            " other alert on the plan is silent.",
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
            'sum by (cluster) (kube_node_status_allocatable{resource="nvidia_com_gpu"}) > 0'
            " unless on (cluster) count by (cluster) (DCGM_FI_DEV_GPU_UTIL)",
            "30m",
            "warning",
            "{{ $value }} GPUs are in the cluster and none is measured",
            "No DCGM exporter answers: demand and idleness of GPUs are not known.",
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
