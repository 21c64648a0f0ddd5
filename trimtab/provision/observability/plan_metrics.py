"""How kube-state-metrics reads a CapacityPlan in the cluster: its configuration, made from a plan.

Pure. kube-state-metrics follows a path through an object and iterates once, at its end; windows lie
below groups below pools, so each pool and group has entries of its own. It knows no time either: every
window is exposed with its start and end, and a recording rule takes the one that holds.

The configuration names the pools, groups and storage tiers of the plan that it is made from. What a
newer plan adds is not measured until the telemetry is deployed with that plan; nodes of a group that
is not measured raise an alert.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.labels import DIGEST_LABEL, GROUP_LABEL, PLAN_LABEL, POOL_LABEL
from trimtab.plan.model import CapacityPlan

PREFIX = "trimtab"
LARGEST_CONFIG_BYTES = 900_000
"""A ConfigMap holds 1 MiB, and what else is in it needs room."""
_Path = Sequence[str]


@dataclass(frozen=True)
class Metric:
    """One metric of the plan: its name without the prefix, and what it says."""

    name: str
    help: str


VALID_UNTIL = Metric("plan_valid_until_timestamp_seconds", "When the plan expires.")
INFO = Metric("plan_info", "1; the digest of the plan that is in the cluster.")
POOL_SPOT_SHARE = Metric(
    "plan_pool_interruptible_share", "Share of demand that spot may serve, 0 to 1."
)
POOL_SHORTAGE = Metric(
    "plan_pool_expected_shortage_share", "Share of demand expected unmet, 0 to 1."
)
POOL_USD = Metric("plan_pool_expected_usd_per_hour", "Mean cost over the plan's span.")
GROUP_UNITS = Metric("plan_group_units_per_node", "Units of demand that a node serves.")
GROUP_NODES = Metric("plan_group_expected_nodes", "Mean nodes over the plan's span.")
GROUP_USD = Metric("plan_group_expected_usd_per_hour", "Mean cost over the plan's span.")
GROUP_CARBON = Metric("plan_group_expected_kgco2e_per_hour", "Mean emissions over the plan's span.")
WINDOW_MIN = Metric("plan_window_min_nodes", "Least nodes of a group in a window.")
WINDOW_DESIRED = Metric("plan_window_desired_nodes", "First nodes of a group in a window.")
WINDOW_MAX = Metric("plan_window_max_nodes", "Most nodes of a group in a window.")
WINDOW_START = Metric("plan_window_start_timestamp_seconds", "When a window begins.")
WINDOW_END = Metric("plan_window_end_timestamp_seconds", "When a window ends.")
COMMITMENT = Metric(
    "plan_commitment_usd_per_hour", "Price a node of a proposed commitment, used or not."
)
TIER_GIB = Metric("plan_storage_window_gib", "Storage provisioned in a window.")
TIER_START = Metric("plan_storage_window_start_timestamp_seconds", "When a window begins.")
TIER_END = Metric("plan_storage_window_end_timestamp_seconds", "When a window ends.")
APPROVAL_EXPIRES = Metric(
    "commitment_approval_expires_timestamp_seconds", "Until when an approval may be used."
)
NODE_POOL = Metric(
    "node_pool_info", "1; the plan's digest that a Karpenter NodePool was made from."
)
PLAN_METRICS: tuple[Metric, ...] = (
    VALID_UNTIL, INFO, POOL_SPOT_SHARE, POOL_SHORTAGE, POOL_USD, GROUP_UNITS, GROUP_NODES, GROUP_USD,
    GROUP_CARBON, WINDOW_MIN, WINDOW_DESIRED, WINDOW_MAX, WINDOW_START, WINDOW_END, COMMITMENT, TIER_GIB,
    TIER_START, TIER_END, APPROVAL_EXPIRES, NODE_POOL,
)  # fmt: skip


def custom_resource_state(plan: CapacityPlan, where: str) -> dict[str, Any]:
    """The configuration that kube-state-metrics takes as `--custom-resource-state-config-file`.

    Raises:
        InputError: the plan has so many groups that no ConfigMap would hold it.
    """
    config = {
        "kind": "CustomResourceStateMetrics",
        "spec": {
            "resources": [
                _resource("trimtab.dev", "v1alpha1", "CapacityPlan", "plan", _plan_metrics(plan)),
                _resource(
                    "trimtab.dev",
                    "v1alpha1",
                    "CommitmentApproval",
                    "approval",
                    [
                        _gauge(
                            APPROVAL_EXPIRES,
                            ("spec", "expires"),
                            of_object={
                                "commitment": ("spec", "commitment"),
                                "plan": ("spec", "plan"),
                            },
                        )
                    ],
                ),
                _resource("karpenter.sh", "v1", "NodePool", "node_pool", [_node_pool()]),
            ]
        },
    }
    # Block YAML is longer than this, by its indentation.
    size = 3 * len(str(config))
    if size > LARGEST_CONFIG_BYTES:
        groups = sum(len(pool.groups) for pool in plan.spec.pools)
        raise InputError(
            f"plan: {groups} groups make a configuration of {size} bytes for kube-state-metrics",
            where=where,
            mend="plan fewer groups, or drop the part prometheus",
        )
    return config


def rbac_rules() -> list[dict[str, Any]]:
    """What kube-state-metrics may read for it, besides definitions of kinds, which its chart allows."""
    read = ["list", "watch"]
    return [
        {
            "apiGroups": ["trimtab.dev"],
            "resources": ["capacityplans", "commitmentapprovals"],
            "verbs": read,
        },
        {"apiGroups": ["karpenter.sh"], "resources": ["nodepools"], "verbs": read},
    ]


def _plan_metrics(plan: CapacityPlan) -> list[dict[str, Any]]:
    pools: _Path = ("spec", "pools")
    of_pool = {
        "pool": ("name",),
        "unit": ("unit",),
        "team": ("owner", "team"),
        "project": ("owner", "project"),
    }
    found = [
        _info(INFO, ("metadata", "labels"), {"digest": (DIGEST_LABEL,)}),
        _gauge(VALID_UNTIL, ("spec", "validUntil")),
        _gauge(POOL_SPOT_SHARE, pools, ("interruptibleShare",), of_pool),
        _gauge(POOL_SHORTAGE, pools, ("expected", "shortageShare"), of_pool),
        _gauge(POOL_USD, pools, ("expected", "usdPerHour", "mean"), of_pool),
        _gauge(
            COMMITMENT,
            ("spec", "commitments"),
            ("usdPerHour",),
            {
                "commitment": ("digest",),
                "pool": ("pool",),
                "group": ("group",),
                "instance_type": ("instanceType",),
                "term": ("term",),
                "quantity": ("quantity",),
            },
        ),
    ]
    for pool in plan.spec.pools:
        groups = (*pools, f"[name={pool.name}]", "groups")
        of_group = {"group": ("name",), "option": ("purchase", "option")}
        own = {"pool": pool.name}
        for metric, value in (
            (GROUP_UNITS, ("unitsPerNode",)),
            (GROUP_NODES, ("expected", "nodes")),
            (GROUP_USD, ("expected", "usdPerHour")),
            (GROUP_CARBON, ("expected", "kgco2ePerHour")),
        ):
            found.append(_gauge(metric, groups, value, of_group, own))
        for group in pool.groups:
            windows = (*groups, f"[name={group.name}]", "windows")
            own = {"pool": pool.name, "group": group.name}
            found += _windows(
                windows,
                own,
                (
                    (WINDOW_MIN, "min"),
                    (WINDOW_DESIRED, "desired"),
                    (WINDOW_MAX, "max"),
                    (WINDOW_START, "start"),
                    (WINDOW_END, "end"),
                ),
            )
    for tier in plan.spec.storage or ():
        windows = ("spec", "storage", f"[name={tier.name}]", "windows")
        found += _windows(
            windows,
            {"tier": tier.name},
            ((TIER_GIB, "gib"), (TIER_START, "start"), (TIER_END, "end")),
        )
    return found


def _windows(
    path: _Path, own: dict[str, str], fields: Iterable[tuple[Metric, str]]
) -> list[dict[str, Any]]:
    """A window is told from its neighbours by its start, as text: what a label can be."""
    return [_gauge(metric, path, (name,), {"window": ("start",)}, own) for metric, name in fields]


def _node_pool() -> dict[str, Any]:
    labels = {
        "digest": (DIGEST_LABEL,),
        "plan": (PLAN_LABEL,),
        "pool": (POOL_LABEL,),
        "group": (GROUP_LABEL,),
    }
    return _info(NODE_POOL, ("metadata", "labels"), labels)


def _resource(
    group: str, version: str, kind: str, label: str, metrics: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "groupVersionKind": {"group": group, "version": version, "kind": kind},
        "metricNamePrefix": PREFIX,
        "labelsFromPath": {label: ["metadata", "name"]},
        "metrics": metrics,
        # What a plan does not state, such as a cost that is not priced, is no error.
        "errorLogV": 5,
    }


def _gauge(
    metric: Metric,
    path: _Path,
    value: _Path = (),
    labels: dict[str, tuple[str, ...]] | None = None,
    own: dict[str, str] | None = None,
    of_object: dict[str, tuple[str, ...]] | None = None,
) -> dict[str, Any]:
    each: dict[str, Any] = {"path": list(path)}
    if value:
        each["valueFrom"] = list(value)
    if labels:
        each["labelsFromPath"] = {name: list(at) for name, at in labels.items()}
    made: dict[str, Any] = {"name": metric.name, "help": metric.help}
    if own:
        made["commonLabels"] = own
    if of_object:
        made["labelsFromPath"] = {name: list(at) for name, at in of_object.items()}
    return {**made, "each": {"type": "Gauge", "gauge": each}}


def _info(metric: Metric, path: _Path, labels: Mapping[str, _Path]) -> dict[str, Any]:
    found = {name: list(at) for name, at in labels.items()}
    return {
        "name": metric.name,
        "help": metric.help,
        "each": {"type": "Info", "info": {"path": list(path), "labelsFromPath": found}},
    }
