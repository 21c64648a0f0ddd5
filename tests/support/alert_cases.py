"""For every alert, series on which it fires and series on which it stays silent, for promtool."""

from dataclasses import dataclass

MINUTES = 1860
"""How long the series go on, one sample a minute from 0, which is also the clock."""
GROUP = 'pool="a",group="g",option="on-demand"'
PAID = 'pool="a",group="g",option="reserved"'
SPOT = 'pool="a",group="s",option="spot"'


def steady(value: float) -> str:
    """The same sample throughout, as promtool writes series."""
    return f"{value:g}x{MINUTES}"


def window(pool: str, group: str, start: int, end: int, low: int, high: int) -> dict[str, str]:
    """A window of a plan, in seconds."""
    of = f'plan="p",pool="{pool}",group="{group}",window="{start}"'
    return {
        f"trimtab_plan_window_start_timestamp_seconds{{{of}}}": steady(start),
        f"trimtab_plan_window_end_timestamp_seconds{{{of}}}": steady(end),
        f"trimtab_plan_window_min_nodes{{{of}}}": steady(low),
        f"trimtab_plan_window_desired_nodes{{{of}}}": steady(low),
        f"trimtab_plan_window_max_nodes{{{of}}}": steady(high),
    }


def planned(of: str = GROUP, units: float = 8) -> dict[str, str]:
    """A group of the plan."""
    return {f'trimtab_plan_group_units_per_node{{plan="p",{of}}}': steady(units)}


def node(name: str, pool: str = "a", group: str = "g", option: str = "on-demand") -> dict[str, str]:
    """A node that is Ready."""
    labels = (
        f'label_trimtab_dev_pool="{pool}",label_trimtab_dev_group="{group}",'
        f'label_trimtab_dev_purchase_option="{option}"'
    )
    ready = f'node="{name}",condition="Ready",status="true"'
    return {
        f'kube_node_labels{{node="{name}",{labels}}}': steady(1),
        f"kube_node_status_condition{{{ready}}}": steady(1),
    }


def pod(name: str, **waits: str) -> dict[str, str]:
    """A pod that no node has room for, with the pool that it selects."""
    selects = "".join(f',nodeselector_trimtab_dev_{k}="{v}"' for k, v in waits.items())
    of = f'namespace="n",pod="{name}"'
    return {
        f"kube_pod_status_unschedulable{{{of}}}": steady(1),
        f"kube_pod_nodeselectors{{{of}{selects}}}": steady(1),
    }


def asked(on: str, resource: str, amount: float, has: float, of: str = "w") -> dict[str, str]:
    """What a running pod asks for on a node that has so much."""
    pod_of = f'namespace="n",pod="{of}"'
    return {
        f'kube_pod_container_resource_requests{{{pod_of},node="{on}",resource="{resource}"}}': steady(amount),
        f'kube_pod_status_phase{{{pod_of},phase="Running"}}': steady(1),
        f'kube_node_status_allocatable{{node="{on}",resource="{resource}"}}': steady(has),
    }  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One alert at one minute.

    Attributes:
        fires: the labels of the alert that must fire, besides its own; None: none may.
    """

    alert: str
    says: str
    series: dict[str, str]
    fires: dict[str, str] | None
    minute: int = 480

    def __str__(self) -> str:
        return f"{self.alert}: {self.says}"


def _until(seconds: float) -> dict[str, str]:
    return {'trimtab_plan_valid_until_timestamp_seconds{plan="p"}': steady(seconds)}


def _info(digest: str) -> dict[str, str]:
    return {f'trimtab_plan_info{{plan="p",digest="{digest}"}}': steady(1)}


def _node_pool(digest: str) -> dict[str, str]:
    return {f'trimtab_node_pool_info{{node_pool="k",plan="p",digest="{digest}"}}': steady(1)}


_LINE = {
    'trimtab_plan_commitment_usd_per_hour{plan="p",pool="a",group="g",commitment="c1"}': steady(
        19.2
    )
}
_OURS = {"pool": "a", "group": "g"}
_TWO = {**planned(), **window("a", "g", 0, 18_000, 3, 5), **window("a", "g", 18_000, 300_000, 1, 2)}
_ALLOCATED = asked("n1", "nvidia_com_gpu", 1, 8)


def _approval(commitment: str, until: float) -> dict[str, str]:
    return {
        f'trimtab_commitment_approval_expires_timestamp_seconds{{commitment="{commitment}"}}': steady(until)
    }  # fmt: skip


def _gpu(percent: float, **labels: str) -> dict[str, str]:
    named = "".join(f',{name}="{value}"' for name, value in labels.items())
    return {f'DCGM_FI_DEV_GPU_UTIL{{gpu="0",UUID="u",modelName="A100"{named}}}': steady(percent)}


def _volume(free: str, size: float = 100) -> dict[str, str]:
    of = 'namespace="n",persistentvolumeclaim="v"'
    return {
        f"kubelet_volume_stats_available_bytes{{{of}}}": free,
        f"kubelet_volume_stats_capacity_bytes{{{of}}}": steady(size),
    }


def _cost(actual: float, expected: float) -> dict[str, str]:
    return {
        **node("n1"),
        'node_total_hourly_cost{node="n1",instance="n1"}': steady(actual),
        f'trimtab_plan_group_expected_usd_per_hour{{plan="p",{GROUP}}}': steady(expected),
    }


_MOUNT = {"namespace": "n", "persistentvolumeclaim": "v"}
_SPOT_PLAN = {
    **planned(),
    **planned(SPOT),
    'trimtab_plan_pool_interruptible_share{plan="p",pool="a"}': steady(0.5),
}
_SPOT = {**_SPOT_PLAN, **node("n1"), **node("s1", group="s", option="spot")}
_FULL = {**planned(), **window("a", "g", 0, 300_000, 1, 1), **node("n1")}
_PAID = {**planned(PAID), **node("n1", option="reserved")}

CASES: tuple[Case, ...] = (
    Case("TrimtabPlanExpired", "past its end", _until(20_000), {"plan": "p"}),
    Case("TrimtabPlanExpired", "an hour before its end", _until(28_800 + 3600), None),
    Case("TrimtabPlanExpiring", "an hour before its end", _until(28_800 + 3600), {"plan": "p"}),
    Case("TrimtabPlanExpiring", "two days before its end", _until(28_800 + 172_800), None),
    Case("TrimtabPlanExpiring", "past its end, which is another alert", _until(20_000), None),
    Case("TrimtabPlanNotDeployed", "another digest", _info("new"), {"digest": "new"}),
    Case("TrimtabPlanNotDeployed", "the same digest", _info("deployed"), None),
    Case("TrimtabNodePoolOfAnotherPlan", "another digest", {**_info("b"), **_node_pool("a")},
         {"node_pool": "k", "digest": "a"}),
    Case("TrimtabNodePoolOfAnotherPlan", "the plan's own", {**_info("a"), **_node_pool("a")}, None),
    Case("TrimtabNodePoolOfAnotherPlan", "no plan is measured", _node_pool("a"), None),
    Case("TrimtabUnplannedNodes", "a group that is not in the plan",
         {**_info("a"), **planned(), **node("n1", group="gone")}, {"pool": "a", "group": "gone"}),
    Case("TrimtabUnplannedNodes", "a group of the plan", {**_info("a"), **planned(), **node("n1")},
         None),
    Case("TrimtabUnplannedNodes", "no plan is measured", node("n1"), None),
    Case("TrimtabCommitmentAwaitsApproval", "no approval", _LINE, {**_OURS, "commitment": "c1"}, 1800),
    Case("TrimtabCommitmentAwaitsApproval", "an approval that has run out",
         {**_LINE, **_approval("c1", 1000)}, {**_OURS, "commitment": "c1"}, 1800),
    Case("TrimtabCommitmentAwaitsApproval", "of another line", {**_LINE, **_approval("c2", 1e9)},
         {**_OURS, "commitment": "c1"}, 1800),
    Case("TrimtabCommitmentAwaitsApproval", "an approval that holds",
         {**_LINE, **_approval("c1", 1e9)}, None, 1800),
    Case("TrimtabBelowPlannedMin", "two of three nodes in the first window",
         {**_TWO, **node("n1"), **node("n2")}, _OURS, 240),
    Case("TrimtabBelowPlannedMin", "none at all", _TWO, _OURS, 240),
    Case("TrimtabBelowPlannedMin", "the same two in a window that needs one",
         {**_TWO, **node("n1"), **node("n2")}, None, 480),
    Case("TrimtabBelowPlannedMin", "all three", {**_TWO, **node("n1"), **node("n2"), **node("n3")},
         None, 240),
    Case("TrimtabBelowPlannedMin", "only just", {**_TWO, **node("n1")}, None, 0),
    Case("TrimtabBelowPlannedMin", "a node that is not Ready counts for nothing", {
        **_TWO, **node("n1"), **node("n2"), **node("n3"),
        'kube_node_status_condition{node="n3",condition="Ready",status="true"}': steady(0),
    }, _OURS, 240),
    Case("TrimtabShortage", "a pod that selects the pool", {**_FULL, **pod("w", pool="a")},
         {"pool": "a"}),
    Case("TrimtabShortage", "a pod that selects none", {**_FULL, **pod("w")}, {"pool": "a"}),
    Case("TrimtabShortage", "a pod that selects another pool", {**_FULL, **pod("w", pool="b")}, None),
    Case("TrimtabShortage", "a pool that may grow",
         {**_FULL, **window("a", "g", 0, 300_000, 1, 2), **pod("w", pool="a")}, None),
    Case("TrimtabShortage", "no pod waits", _FULL, None),
    Case("TrimtabSpotShareAbovePlan", "two of three nodes",
         {**_SPOT, **node("s2", group="s", option="spot")}, {"pool": "a"}),
    Case("TrimtabSpotShareAbovePlan", "one of two nodes", _SPOT, None),
    Case("TrimtabReservedCapacityIdle", "half of the GPUs",
         {**_PAID, **asked("n1", "nvidia_com_gpu", 4, 8)}, _OURS),
    Case("TrimtabReservedCapacityIdle", "nothing asks for anything",
         {**_PAID, 'kube_node_status_allocatable{node="n1",resource="cpu"}': steady(96)}, _OURS),
    Case("TrimtabReservedCapacityIdle", "all GPUs taken, few CPUs", {
        **_PAID, **asked("n1", "nvidia_com_gpu", 8, 8), **asked("n1", "cpu", 4, 96),
    }, None),
    Case("TrimtabReservedCapacityIdle", "idle, but paid by the hour",
         {**planned(), **node("n1"), **asked("n1", "cpu", 1, 96)}, None),
    Case("TrimtabGpuAllocatedButIdle", "2 %", {**_ALLOCATED, **_gpu(2, namespace="n", pod="w")},
         {"namespace": "n", "pod": "w"}),
    Case("TrimtabGpuAllocatedButIdle", "2 %, by a monitor without honest labels",
         {**_ALLOCATED, **_gpu(2, namespace="dcgm", pod="exporter", exported_namespace="n",
                               exported_pod="w")}, {"namespace": "n", "pod": "w"}),
    Case("TrimtabGpuAllocatedButIdle", "40 %", {**_ALLOCATED, **_gpu(40, namespace="n", pod="w")}, None),
    Case("TrimtabGpuAllocatedButIdle", "idle, and allocated to nobody",
         {**_ALLOCATED, **_gpu(0, namespace="dcgm", pod="exporter")}, None),
    Case("TrimtabCostAbovePlan", "half as much again", _cost(15, 10), {}),
    Case("TrimtabCostAbovePlan", "a tenth more", _cost(11, 10), None),
    Case("TrimtabCostAbovePlan", "no plan is measured", {**node("n1"),
         'node_total_hourly_cost{node="n1"}': steady(15)}, None),
    Case("TrimtabVolumeNearlyFull", "5 % left", _volume(steady(5)), _MOUNT),
    Case("TrimtabVolumeNearlyFull", "half left", _volume(steady(50)), None),
    Case("TrimtabVolumeFillsUp", "a hundredth a minute, a third left",
         _volume(f"40-0.01x{MINUTES}"), _MOUNT),
    Case("TrimtabVolumeFillsUp", "as fast, and most of it free", _volume(f"99-0.01x{MINUTES}"), None),
    Case("TrimtabVolumeFillsUp", "30 % left and steady", _volume(steady(30)), None),
    Case("TrimtabPlanNotMeasured", "no plan", {}, {}),
    Case("TrimtabPlanNotMeasured", "a plan", _until(1e9), None),
    Case("TrimtabCostNotMeasured", "no costs", {}, {}),
    Case("TrimtabCostNotMeasured", "costs", {'node_total_hourly_cost{node="n1"}': steady(1)}, None),
    Case("TrimtabGpusNotMeasured", "eight GPUs and no exporter", _ALLOCATED, {}),
    Case("TrimtabGpusNotMeasured", "an exporter", {**_ALLOCATED, **_gpu(0)}, None),
    Case("TrimtabGpusNotMeasured", "no GPUs", {}, None),
    Case("TrimtabExporterDown", "down", {'up{namespace="opencost",job="opencost"}': steady(0)},
         {"job": "opencost"}),
    Case("TrimtabExporterDown", "someone else's", {'up{namespace="other",job="x"}': steady(0)}, None),
    Case("TrimtabExporterDown", "up", {'up{namespace="opencost",job="opencost"}': steady(1)}, None),
)  # fmt: skip
