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


def others() -> dict[str, str]:
    """A node of nobody's plan, such as the one that the exporters run on."""
    return {
        'kube_node_labels{node="other"}': steady(1),
        'kube_node_status_condition{node="other",condition="Ready",status="true"}': steady(1),
    }


def karpenter(group: str = "g", replicas: int | None = None) -> dict[str, str]:
    """A NodePool of Karpenter's for a group; static where it states replicas."""
    of = f'node_pool="{group}",pool="a",group="{group}"'
    static = {} if replicas is None else {f"trimtab_node_pool_replicas{{{of}}}": steady(replicas)}
    return {f'trimtab_node_pool_info{{{of},plan="p",digest="d"}}': steady(1), **static}


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


def _until(seconds: float, of: str = "p") -> dict[str, str]:
    return {f'trimtab_plan_valid_until_timestamp_seconds{{plan="{of}"}}': steady(seconds)}


def _pool(name: str, of: str = "p") -> dict[str, str]:
    return {f'trimtab_plan_pool_interruptible_share{{plan="{of}",pool="{name}"}}': steady(0.5)}


def _proposed(nodes: int) -> dict[str, str]:
    line = 'plan="p",pool="a",group="g",commitment="c1"'
    return {f"trimtab_plan_commitment_nodes{{{line}}}": steady(nodes)}


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


def during(value: float, start: int, end: int) -> str:
    """A sample a minute from one minute to another, and none before and after."""
    return f"_x{start} {value:g}x{end - start} _x{MINUTES - end}"


def _gpu(percent: float, start: int = 0, end: int = MINUTES, **labels: str) -> dict[str, str]:
    named = "".join(f',{name}="{value}"' for name, value in labels.items())
    series = f'DCGM_FI_DEV_GPU_UTIL{{gpu="0",UUID="u",modelName="A100"{named}}}'
    return {series: during(percent, start, end) if start else steady(percent)}


def _power(on: str, **labels: str) -> dict[str, str]:
    named = "".join(f',{name}="{value}"' for name, value in labels.items())
    return {f'DCGM_FI_DEV_POWER_USAGE{{Hostname="{on}",UUID="u-{on}"{named}}}': steady(100)}


def _volume(free: str, size: float = 100, node: str = "n1") -> dict[str, str]:
    of = f'namespace="n",persistentvolumeclaim="v",node="{node}"'
    return {
        f"kubelet_volume_stats_available_bytes{{{of}}}": free,
        f"kubelet_volume_stats_capacity_bytes{{{of}}}": steady(size),
    }


def _cost(actual: float, expected: float, start: int = 0, end: int = MINUTES) -> dict[str, str]:
    """What a group's node costs while it is there, beside another that is always there."""
    cost = during(actual, start, end) if start else steady(actual)
    return {
        **node("n1"),
        **others(),
        **planned(),
        'node_total_hourly_cost{node="n1",instance="n1"}': cost,
        'node_total_hourly_cost{node="other",instance="other"}': steady(1),
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
_NONE = {**_TWO, **others()}
_EMPTY = {**planned(), **window("a", "g", 0, 300_000, 0, 0), **others()}
_TIER = {'trimtab_plan_storage_expected_used_gib{plan="p",tier="t"}': steady(5)}
_PAID_TWO = {**planned(PAID), **window("a", "g", 0, 300_000, 2, 2)}
_PAID = {**planned(PAID), **node("n1", option="reserved")}

CASES: tuple[Case, ...] = (
    Case("TrimtabPlanExpired", "past its end", _until(20_000), {"plan": "p"}),
    Case("TrimtabPlanExpired", "an hour before its end", _until(28_800 + 3600), None),
    Case("TrimtabPlanExpiring", "an hour before its end", _until(28_800 + 3600), {"plan": "p"}),
    Case("TrimtabPlanExpiring", "two days before its end", _until(28_800 + 172_800), None),
    Case("TrimtabPlanExpiring", "past its end, which is another alert", _until(20_000), None),
    Case("TrimtabPlanExpired", "another plan holds for its pools",
         {**_until(20_000), **_pool("a"), **_until(1e9, "q"), **_pool("a", "q")}, None),
    Case("TrimtabPlanExpired", "another plan holds, for other pools",
         {**_until(20_000), **_pool("a"), **_until(1e9, "q"), **_pool("b", "q")}, {"plan": "p"}),
    Case("TrimtabPlanPartlyMeasured", "a pool without groups", _pool("b"), {"pool": "b"}),
    Case("TrimtabPlanPartlyMeasured", "a group without windows", {**_pool("a"), **planned()},
         {"pool": "a", "group": "g"}),
    Case("TrimtabPlanPartlyMeasured", "a tier without windows", _TIER, {"tier": "t"}),
    Case("TrimtabPlanPartlyMeasured", "all of it", {
        **_pool("a"), **planned(), **window("a", "g", 0, 300_000, 1, 1), **_TIER,
        'trimtab_plan_storage_window_gib{plan="p",tier="t",window="0"}': steady(1),
    }, None),
    Case("TrimtabNodePoolOfAnotherPlan", "another digest", {**_info("b"), **_node_pool("a")},
         {"node_pool": "k", "digest": "a"}),
    Case("TrimtabNodePoolOfAnotherPlan", "the plan's own", {**_info("a"), **_node_pool("a")}, None),
    Case("TrimtabNodePoolOfAnotherPlan", "no plan is measured", _node_pool("a"), None),
    Case("TrimtabUnplannedNodes", "a group that is not in the plan",
         {**_until(1e9), **planned(), **node("n1", group="gone")}, {"pool": "a", "group": "gone"}),
    Case("TrimtabUnplannedNodes", "a group of the plan", {**_until(1e9), **planned(), **node("n1")},
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
    Case("TrimtabBelowPlannedMin", "none at all", _NONE, _OURS, 240),
    Case("TrimtabBelowPlannedMin", "no node is seen: not known, and not 0", _TWO, None, 240),
    Case("TrimtabBelowPlannedMin", "nodes of the group with two options", {
        **_TWO, **node("n1"), **node("n2", option="")}, _OURS, 240),
    Case("TrimtabBelowPlannedMin", "three, with two options", {
        **_TWO, **node("n1"), **node("n2"), **node("n3", option="")}, None, 240),
    Case("TrimtabBelowPlannedMin", "Karpenter, asked for nothing", {**_NONE, **karpenter()}, None, 240),
    Case("TrimtabBelowPlannedMin", "Karpenter, and a pod waits",
         {**_NONE, **karpenter(), **pod("w", pool="a")}, _OURS, 240),
    Case("TrimtabBelowPlannedMin", "Karpenter, and a pod waits that selects no pool",
         {**_NONE, **karpenter(), **pod("w")}, _OURS, 240),
    Case("TrimtabBelowPlannedMin", "Karpenter, and a pod of another pool waits",
         {**_NONE, **karpenter(), **pod("w", pool="b")}, None, 240),
    Case("TrimtabBelowPlannedMin", "fewer than Karpenter's static NodePool states",
         {**_TWO, **node("n1"), **karpenter(replicas=2)}, _OURS, 240),
    Case("TrimtabBelowPlannedMin", "a second plan without the group",
         {**_TWO, **node("n1"), **_until(1e9, "q"), **_pool("b", "q")}, _OURS, 240),
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
    Case("TrimtabShortage", "a pool planned at 0, and a pod that does not select it",
         {**_EMPTY, **pod("w")}, None),
    Case("TrimtabShortage", "a pool planned at 0, and a pod that selects it",
         {**_EMPTY, **pod("w", pool="a")}, {"pool": "a"}),
    Case("TrimtabShortage", "what pods select is not measured", {
        **_FULL, 'kube_pod_status_unschedulable{namespace="n",pod="w"}': steady(1)}, {"pool": "a"}),
    Case("TrimtabSpotShareAbovePlan", "two of three nodes",
         {**_SPOT, **node("s2", group="s", option="spot")}, {"pool": "a"}),
    Case("TrimtabSpotShareAbovePlan", "one of two nodes", _SPOT, None),
    Case("TrimtabReservedCapacityIdle", "half of the GPUs",
         {**_PAID, **asked("n1", "nvidia_com_gpu", 4, 8)}, _OURS),
    Case("TrimtabReservedCapacityIdle", "nothing asks for anything",
         {**_PAID, 'kube_node_status_allocatable{node="n1",resource="cpu"}': steady(96)}, _OURS),
    Case("TrimtabReservedCapacityIdle", "one full node of two that are paid for",
         {**_PAID_TWO, **node("n1", option="reserved"), **asked("n1", "cpu", 96, 96)}, _OURS),
    Case("TrimtabReservedCapacityIdle", "none of two runs", {**_PAID_TWO, **others()}, _OURS),
    Case("TrimtabReservedCapacityIdle", "none of two runs, and neither is bought yet",
         {**_PAID_TWO, **others(), **_proposed(2)}, None),
    Case("TrimtabReservedCapacityIdle", "none of two runs, and they are approved",
         {**_PAID_TWO, **others(), **_proposed(2), **_approval("c1", 1e9)}, _OURS),
    Case("TrimtabReservedCapacityIdle", "both full", {
        **_PAID_TWO, **node("n1", option="reserved"), **asked("n1", "cpu", 96, 96, "v"),
        **node("n2", option="reserved"), **asked("n2", "cpu", 90, 96),
    }, None),
    Case("TrimtabReservedCapacityIdle", "no node is seen: not known, and not 0", _PAID_TWO, None),
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
    Case("TrimtabGpuAllocatedButIdle", "a pod that ended an hour ago, idle from its first minute", {
        **asked("n1", "nvidia_com_gpu", 1, 8), **_gpu(0, 415, 420, namespace="n", pod="w"),
    }, None),
    Case("TrimtabGpuAllocatedButIdle", "a pod that began half an hour ago", {
        **asked("n1", "nvidia_com_gpu", 1, 8), **_gpu(0, 450, 600, namespace="n", pod="w"),
    }, None),
    Case("TrimtabCostAbovePlan", "half as much again", _cost(15, 10), {}, 1800),
    Case("TrimtabCostAbovePlan", "dear for two hours of the day", _cost(15, 10, 1500, 1620), None, 1800),
    Case("TrimtabCostAbovePlan", "a group that the plan does not price", {
        **_cost(10, 10), **node("n2", group="x"), 'node_total_hourly_cost{node="n2"}': steady(15),
    }, None, 1800),
    Case("TrimtabCostAbovePlan", "a tenth more", _cost(11, 10), None),
    Case("TrimtabCostAbovePlan", "no plan is measured", {**node("n1"),
         'node_total_hourly_cost{node="n1"}': steady(15)}, None),
    Case("TrimtabVolumeNearlyFull", "5 % left", _volume(steady(5)), _MOUNT),
    Case("TrimtabVolumeNearlyFull", "half left", _volume(steady(50)), None),
    Case("TrimtabVolumeFillsUp", "a hundredth a minute, a third left",
         _volume(f"40-0.01x{MINUTES}"), _MOUNT),
    Case("TrimtabVolumeFillsUp", "as fast, and most of it free", _volume(f"99-0.01x{MINUTES}"), None),
    Case("TrimtabVolumeFillsUp", "30 % left and steady", _volume(steady(30)), None),
    Case("TrimtabVolumeFillsUp", "a node that the volume has left an hour ago", {
        **_volume(f"40-0.05x400 _x{MINUTES - 400}", node="old"), **_volume(steady(39), node="new"),
    }, None),
    Case("TrimtabPlanNotMeasured", "no plan", {}, {}),
    Case("TrimtabPlanNotMeasured", "one of two clusters' has gone", {
        'trimtab_plan_valid_until_timestamp_seconds{cluster="x",plan="p"}': f"1e9x400 _x{MINUTES - 400}",
        'trimtab_plan_valid_until_timestamp_seconds{cluster="y",plan="p"}': steady(1e9),
    }, {"cluster": "x"}),
    Case("TrimtabPlanNotMeasured", "replaced by a plan of another name", {
        'trimtab_plan_valid_until_timestamp_seconds{plan="p"}': f"1e9x400 _x{MINUTES - 400}",
        'trimtab_plan_valid_until_timestamp_seconds{plan="q"}': f"_x400 1e9x{MINUTES - 400}",
    }, None),
    Case("TrimtabNodesNotMeasured", "a plan, and no nodes", {**_until(1e9), **planned()}, {}),
    Case("TrimtabNodesNotMeasured", "no labels of nodes", {
        **_until(1e9), **planned(),
        'kube_node_status_condition{node="n1",condition="Ready",status="true"}': steady(1),
    }, {}),
    Case("TrimtabNodesNotMeasured", "nodes, none of the plan's", {
        **_until(1e9), **planned(), **others()}, None),
    Case("TrimtabNodesNotMeasured", "no plan either", {}, None),
    Case("TrimtabPlanNotMeasured", "a plan", _until(1e9), None),
    Case("TrimtabCostNotMeasured", "no costs", {}, {}),
    Case("TrimtabCostNotMeasured", "costs", {'node_total_hourly_cost{node="n1"}': steady(1)}, None),
    Case("TrimtabGpusNotMeasured", "eight GPUs and no exporter", _ALLOCATED, {}),
    Case("TrimtabGpusNotMeasured", "an exporter", {**_ALLOCATED, **_power("n1")}, None),
    Case("TrimtabGpusNotMeasured", "an exporter on one node of two",
         {**_ALLOCATED, **asked("n2", "nvidia_com_gpu", 1, 8, "v"), **_power("n1")}, {}),
    Case("TrimtabGpusNotMeasured", "slices, of which use is not measured", {
        **asked("n1", "nvidia_com_mig_1g_5gb", 1, 7), **_power("n1", GPU_I_ID="1"),
        **_power("n1", GPU_I_ID="2"),
    }, None),
    Case("TrimtabGpusNotMeasured", "no GPUs", {}, None),
    Case("TrimtabExporterDown", "down", {'up{namespace="opencost",job="opencost"}': steady(0)},
         {"job": "opencost"}),
    Case("TrimtabExporterDown", "someone else's", {'up{namespace="other",job="x"}': steady(0)}, None),
    Case("TrimtabExporterDown", "up", {'up{namespace="opencost",job="opencost"}': steady(1)}, None),
)  # fmt: skip
