"""Trimtab's dashboards: the plan against what runs, cost, GPUs, energy, spot, storage, queues."""

from trimtab.provision.observability.panels import Dashboard, Panel, Query, Step

_IN = 'cluster=~"$cluster",pool=~"$pool"'
_CLUSTER = 'cluster=~"$cluster"'
_NAMED = "{{pool}}/{{group}}"
_NODES = f"* on (cluster, node) group_left (pool, group, option) trimtab:node_info{{{_IN}}}"


def _one(title: str, expr: str, unit: str = "short", steps: tuple[Step, ...] = ()) -> Panel:
    """A single figure."""
    return Panel(title, (Query(expr, ""),), unit, "stat", width=6, height=4, steps=steps)


_CAPACITY = Dashboard(
    "capacity",
    "Trimtab: capacity, plan against what runs",
    (
        _one(
            "Plan expires in",
            f"min(trimtab_plan_valid_until_timestamp_seconds{{{_CLUSTER}}} - time())",
            "s",
            ((None, "red"), (0, "orange"), (86_400, "green")),
        ),
        _one("Nodes running", f"sum(trimtab:running_nodes{{{_IN}}})"),
        _one(
            "Nodes planned at least",
            f"sum(max by (cluster, pool, group) (trimtab:plan_group_min_nodes{{{_IN}}}))",
        ),
        _one(
            "Pods without room",
            # 0 where nodes are measured; where they are not, it is not known.
            f"sum(trimtab:unschedulable_pods{{{_CLUSTER}}})"
            f" or sum(trimtab:running_nodes{{{_CLUSTER}}}) * 0",
            steps=((None, "green"), (1, "orange")),
        ),
        Panel(
            "Nodes by group, within the plan's window",
            (
                Query(f"trimtab:running_nodes{{{_IN}}}", f"{_NAMED} running"),
                Query(f"trimtab:plan_group_min_nodes{{{_IN}}}", f"{_NAMED} min"),
                Query(f"trimtab:plan_group_max_nodes{{{_IN}}}", f"{_NAMED} max"),
            ),
            width=24,
            height=10,
        ),
        Panel(
            "Pods without room by the pool that they select",
            (Query(f"trimtab:unschedulable_pods{{{_CLUSTER}}}", "{{pool}}"),),
        ),
        Panel(
            "Share of demand expected unmet",
            (Query(f"trimtab_plan_pool_expected_shortage_share{{{_IN}}}", "{{pool}}"),),
            "percentunit",
        ),
        Panel(
            "Room above what runs, to the planned max",
            (
                Query(
                    f"max by (cluster, pool, group) (trimtab:plan_group_max_nodes{{{_IN}}})"
                    " - on (cluster, pool, group)"
                    " sum by (cluster, pool, group) (trimtab:running_nodes)",
                    _NAMED,
                ),
            ),
        ),
        Panel(
            "Requested share of nodes",
            (Query(f"1 - trimtab:group_idle_share{{{_IN}}}", _NAMED),),
            "percentunit",
        ),
    ),
)
_COST = Dashboard(
    "cost",
    "Trimtab: cost, expected and actual",
    (
        _one("Expected, USD an hour", f"sum(trimtab:plan_usd_per_hour{{{_IN}}})", "currencyUSD"),
        _one("Actual, USD an hour", f"sum(trimtab:running_usd_per_hour{{{_IN}}})", "currencyUSD"),
        _one(
            "Actual over expected",
            f"sum(trimtab:running_usd_per_hour{{{_IN}}} and on (cluster, pool, group)"
            f" trimtab:plan_usd_per_hour) / sum(trimtab:plan_usd_per_hour{{{_IN}}})",
            "percentunit",
            ((None, "green"), (1.2, "orange")),
        ),
        _one(
            "Idle of what runs, USD an hour",
            f"sum(trimtab:running_usd_per_hour{{{_IN}}} * on (cluster, pool, group, option)"
            " trimtab:group_idle_share)",
            "currencyUSD",
        ),
        Panel(
            "USD an hour by group: actual and expected",
            (
                Query(f"trimtab:running_usd_per_hour{{{_IN}}}", f"{_NAMED} actual"),
                Query(f"trimtab:plan_usd_per_hour{{{_IN}}}", f"{_NAMED} expected"),
            ),
            "currencyUSD",
            width=24,
        ),
        Panel(
            "Use of what is committed",
            (
                Query(
                    f"1 - trimtab:group_paid_idle_share{{{_IN}}}",
                    _NAMED,
                ),
            ),
            "percentunit",
            description="Of the nodes that are paid for, running or not.",
        ),
        Panel(
            "CPU cost by namespace, USD an hour",
            (
                Query(
                    f"topk(10, sum by (namespace) (container_cpu_allocation{{{_CLUSTER}}}"
                    " * on (cluster, node) group_left () max by (cluster, node)"
                    " (node_cpu_hourly_cost)))",
                    "{{namespace}}",
                ),
            ),
            "currencyUSD",
        ),
        Panel(
            "GPU cost by namespace, USD an hour",
            (
                Query(
                    f"topk(10, sum by (namespace) (container_gpu_allocation{{{_CLUSTER}}}"
                    " * on (cluster, node) group_left () max by (cluster, node)"
                    " (node_gpu_hourly_cost)))",
                    "{{namespace}}",
                ),
            ),
            "currencyUSD",
        ),
        Panel(
            "Proposed commitments, USD an hour and node",
            (
                Query(
                    f"max by (pool, group, instance_type, term, quantity, commitment)"
                    f" (trimtab_plan_commitment_usd_per_hour{{{_IN}}})",
                    "",
                ),
            ),
            "currencyUSD",
            "table",
        ),
    ),
    ("opencost",),
)
_GPUS = Dashboard(
    "gpus",
    "Trimtab: GPUs",
    (
        _one(
            "GPUs measured",
            f"count(group by (cluster, UUID) (DCGM_FI_DEV_POWER_USAGE{{{_CLUSTER}}}))",
        ),
        _one(
            "GPUs asked for",
            f'sum(kube_pod_container_resource_requests{{resource=~"nvidia_com_.+",{_CLUSTER}}}'
            " and on (cluster, namespace, pod)"
            ' (kube_pod_status_phase{phase=~"Pending|Running"} == 1))',
        ),
        _one(
            "Mean use",
            f"avg(max by (cluster, UUID) (DCGM_FI_DEV_GPU_UTIL{{{_CLUSTER}}}))",
            "percent",
        ),
        _one(
            "Allocated, below 5 %",
            f"count(trimtab:gpu_allocated_utilisation_percent{{{_CLUSTER}}} < 5)"
            f" or count(DCGM_FI_DEV_GPU_UTIL{{{_CLUSTER}}}) * 0",
            steps=((None, "green"), (1, "orange")),
        ),
        Panel(
            "Use of allocated GPUs",
            (
                Query(
                    f"trimtab:gpu_allocated_utilisation_percent{{{_CLUSTER}}}",
                    "{{namespace}}/{{pod}} {{gpu}}",
                ),
            ),
            "percent",
            width=24,
        ),
        Panel(
            "Memory in use",
            (
                Query(
                    f"DCGM_FI_DEV_FB_USED{{{_CLUSTER}}}", "{{modelName}} {{gpu}} {{GPU_I_PROFILE}}"
                ),
            ),
            "decmbytes",
        ),
        Panel(
            "Power by model",
            (
                Query(
                    "sum by (modelName) (max by (cluster, UUID, modelName)"
                    f" (DCGM_FI_DEV_POWER_USAGE{{{_CLUSTER}}}))",
                    "{{modelName}}",
                ),
            ),
            "watt",
        ),
        Panel(
            "Compute of MIG slices",
            (
                Query(
                    f'DCGM_FI_PROF_GR_ENGINE_ACTIVE{{GPU_I_ID!="",{_CLUSTER}}}',
                    "{{gpu}} {{GPU_I_PROFILE}} {{GPU_I_ID}}",
                ),
            ),
            "percentunit",
        ),
        Panel(
            "Last XID error",
            (Query(f"DCGM_FI_DEV_XID_ERRORS{{{_CLUSTER}}} > 0", "{{modelName}} {{gpu}}"),),
        ),
    ),
    ("dcgm",),
)
_ENERGY = Dashboard(
    "energy",
    "Trimtab: energy and carbon",
    (
        _one("Measured power", f"sum(trimtab:watts{{{_CLUSTER}}})", "watt"),
        _one(
            "Energy of a day",
            f"sum(avg_over_time(trimtab:watts{{{_CLUSTER}}}[1d])) * 24",
            "watth",
        ),
        _one("kg CO2e an hour", f"sum(trimtab:kgco2e_per_hour{{{_CLUSTER}}})"),
        _one(
            "kg CO2e an hour, expected by the plan",
            f"sum(max by (cluster, pool, group) (trimtab_plan_group_expected_kgco2e_per_hour{{{_IN}}}))",
        ),
        Panel(
            "Power of nodes' CPUs and memory, by pool",
            (Query(f"sum by (pool) (trimtab:node_cpu_watts{{{_CLUSTER}}} {_NODES})", "{{pool}}"),),
            "watt",
        ),
        Panel(
            "CPU power by namespace",
            (
                Query(
                    f"topk(10, sum by (pod_namespace) (rate(kepler_pod_cpu_joules_total{{{_CLUSTER}}}[5m])))",
                    "{{pod_namespace}}",
                ),
            ),
            "watt",
        ),
        Panel(
            "Emissions: measured and expected",
            (
                Query(f"sum(trimtab:kgco2e_per_hour{{{_CLUSTER}}})", "measured"),
                Query(
                    "sum(max by (cluster, pool, group)"
                    f" (trimtab_plan_group_expected_kgco2e_per_hour{{{_IN}}}))",
                    "expected",
                ),
            ),
            width=24,
            description="Measured is of CPUs, memory and GPUs that have meters; expected is of whole"
            " machines.",
        ),
    ),
)
_SPOT = Dashboard(
    "spot",
    "Trimtab: spot",
    (
        Panel(
            "Interruption messages by kind, an hour",
            (
                Query(
                    "sum by (message_type)"
                    f" (increase(karpenter_interruption_received_messages_total{{{_CLUSTER}}}[1h]))",
                    "{{message_type}}",
                ),
            ),
            description="Karpenter's; where it does not run, nothing is shown.",
        ),
        Panel(
            "Nodes taken away, an hour",
            (
                Query(
                    "sum by (nodepool, reason)"
                    f" (increase(karpenter_nodeclaims_disrupted_total{{{_CLUSTER}}}[1h]))",
                    "{{nodepool}} {{reason}}",
                ),
            ),
        ),
        Panel(
            "Spot's share of a pool, and what the plan lets it have",
            (
                Query(f"trimtab:pool_spot_share{{{_IN}}}", "{{pool}} runs"),
                Query(
                    f"max by (pool) (trimtab_plan_pool_interruptible_share{{{_IN}}})",
                    "{{pool}} at most",
                ),
            ),
            "percentunit",
        ),
        Panel(
            "Nodes by purchase option",
            (
                Query(
                    f"sum by (pool, option) (trimtab:running_nodes{{{_IN}}})", "{{pool}} {{option}}"
                ),
            ),
        ),
        Panel(
            "On-demand nodes above those expected: what fell back from spot",
            (
                Query(
                    f'clamp_min(trimtab:running_nodes{{option="on-demand",{_IN}}}'
                    " - on (cluster, pool, group)"
                    " max by (cluster, pool, group) (trimtab_plan_group_expected_nodes), 0)",
                    "{{pool}}/{{group}}",
                ),
            ),
            width=24,
        ),
    ),
)
_STORAGE = Dashboard(
    "storage",
    "Trimtab: storage",
    (
        Panel(
            "Stored, and provisioned by the plan, by tier",
            (
                Query(
                    "sum by (cluster, storageclass) (max by (cluster, namespace,"
                    f" persistentvolumeclaim) (kubelet_volume_stats_used_bytes{{{_CLUSTER}}})"
                    " * on (cluster, namespace, persistentvolumeclaim) group_left (storageclass)"
                    " max by (cluster, namespace, persistentvolumeclaim, storageclass)"
                    " (kube_persistentvolumeclaim_info))",
                    "{{storageclass}} stored",
                ),
                Query(f"trimtab:plan_storage_gib{{{_CLUSTER}}} * 1024^3", "{{tier}} planned"),
            ),
            "bytes",
            width=24,
        ),
        Panel(
            "Fullest volumes",
            (
                Query(
                    f"topk(10, 1 - trimtab:volume_available_bytes{{{_CLUSTER}}}"
                    " / trimtab:volume_capacity_bytes)",
                    "{{namespace}}/{{persistentvolumeclaim}}",
                ),
            ),
            "percentunit",
        ),
        Panel(
            "Volumes' cost, USD an hour",
            (
                Query(
                    "topk(10, max by (cluster, persistentvolume) (pv_hourly_cost"
                    f"{{{_CLUSTER}}}) * on (cluster, persistentvolume) max by (cluster,"
                    " persistentvolume) (kube_persistentvolume_capacity_bytes) / 1024^3)",
                    "{{persistentvolume}}",
                ),
            ),
            "currencyUSD",
        ),
    ),
)
_QUEUES = Dashboard(
    "queues",
    "Trimtab: queues",
    (
        Panel(
            "Waiting work by queue",
            (
                Query(
                    f"sum by (cluster_queue, status) (kueue_pending_workloads{{{_CLUSTER}}})",
                    "{{cluster_queue}} {{status}}",
                ),
            ),
            description="Kueue's; where it does not run, nothing is shown.",
        ),
        Panel(
            "Admitted work by queue",
            (
                Query(
                    f"sum by (cluster_queue) (kueue_admitted_active_workloads{{{_CLUSTER}}})",
                    "{{cluster_queue}}",
                ),
            ),
        ),
        Panel(
            "Used share of quota by flavour",
            (
                Query(
                    "sum by (cluster_queue, flavor, resource)"
                    f" (kueue_cluster_queue_resource_usage{{{_CLUSTER}}})"
                    " / (sum by (cluster_queue, flavor, resource)"
                    f" (kueue_cluster_queue_nominal_quota{{{_CLUSTER}}}) > 0)",
                    "{{cluster_queue}} {{flavor}} {{resource}}",
                ),
            ),
            "percentunit",
        ),
        Panel(
            "Mean wait for admission",
            (
                Query(
                    "sum by (cluster_queue)"
                    f" (rate(kueue_admission_wait_time_seconds_sum{{{_CLUSTER}}}[15m]))"
                    " / sum by (cluster_queue)"
                    f" (rate(kueue_admission_wait_time_seconds_count{{{_CLUSTER}}}[15m]))",
                    "{{cluster_queue}}",
                ),
            ),
            "s",
        ),
    ),
)
DASHBOARDS: tuple[Dashboard, ...] = (
    _CAPACITY,
    _COST,
    _GPUS,
    _ENERGY,
    _SPOT,
    _STORAGE,
    _QUEUES,
)


def dashboards(parts: tuple[str, ...]) -> tuple[Dashboard, ...]:
    """Those that the parts fill. Spot and queues are there for Karpenter and Kueue, whoever installs them."""
    return tuple(each for each in DASHBOARDS if set(each.parts) <= set(parts))
