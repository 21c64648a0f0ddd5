"""How kube-state-metrics reads a CapacityPlan in the cluster: its configuration, made for a plan's shape.

Pure. kube-state-metrics follows a path through an object and iterates once, at its end; windows lie
below groups below pools, so each place in the lists of pools and of groups has entries of its own. It
knows no time either: every window is exposed with its start and end, and a recording rule takes the
one that holds.

Entries name places, not pools and groups, and there are some to spare: a newer plan that comes by Git,
with other names and a few more groups, is measured as it is. An alert tells of what has no place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.labels import DIGEST_LABEL, GROUP_LABEL, PLAN_LABEL, POOL_LABEL
from trimtab.plan.model import CapacityPlan
from trimtab.plan.storage import MAX_TIERS
from trimtab.plan.types import MAX_GROUPS, MAX_POOLS

PREFIX = "trimtab"
LARGEST_CONFIG_BYTES = 900_000
"""A ConfigMap holds 1 MiB, and what else is in it needs room."""
_Path = Sequence[str]
_STEP = 4
"""Places come by so many at a time, so that most plans leave the configuration as it is."""


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
COMMITMENT_NODES = Metric("plan_commitment_nodes", "Nodes of a proposed commitment.")
TIER_USED = Metric("plan_storage_expected_used_gib", "Mean of what is stored over the plan's span.")
TIER_GIB = Metric("plan_storage_window_gib", "Storage provisioned in a window.")
TIER_START = Metric("plan_storage_window_start_timestamp_seconds", "When a window begins.")
TIER_END = Metric("plan_storage_window_end_timestamp_seconds", "When a window ends.")
APPROVAL_EXPIRES = Metric(
    "commitment_approval_expires_timestamp_seconds", "Until when an approval may be used."
)
NODE_POOL = Metric(
    "node_pool_info", "1; the plan's digest that a Karpenter NodePool was made from."
)
NODE_POOL_REPLICAS = Metric(
    "node_pool_replicas", "Nodes that a static Karpenter NodePool keeps; none for a dynamic one."
)
PLAN_METRICS: tuple[Metric, ...] = (
    VALID_UNTIL, INFO, POOL_SPOT_SHARE, POOL_SHORTAGE, POOL_USD, GROUP_UNITS, GROUP_NODES, GROUP_USD,
    GROUP_CARBON, WINDOW_MIN, WINDOW_DESIRED, WINDOW_MAX, WINDOW_START, WINDOW_END, COMMITMENT,
    COMMITMENT_NODES, TIER_USED, TIER_GIB, TIER_START, TIER_END, APPROVAL_EXPIRES, NODE_POOL,
    NODE_POOL_REPLICAS,
)  # fmt: skip


def custom_resource_state(plan: CapacityPlan, where: str) -> dict[str, Any]:
    """The configuration that kube-state-metrics takes as `--custom-resource-state-config-file`.

    Raises:
        InputError: the plan has so many groups that no ConfigMap would hold it.
    """
    config = _config(_places(plan))
    if _size(config) > LARGEST_CONFIG_BYTES:
        config = _config(_Places.of(plan))
    if (size := _size(config)) > LARGEST_CONFIG_BYTES:
        groups = sum(len(pool.groups) for pool in plan.spec.pools)
        raise InputError(
            f"plan: {groups} groups make a configuration of {size} bytes for kube-state-metrics",
            where=where,
            mend="plan fewer groups, or split the plan",
        )
    return config


@dataclass(frozen=True)
class _Places:
    """How many pools, groups of each, and storage tiers have entries."""

    groups: tuple[int, ...]
    tiers: int

    @classmethod
    def of(cls, plan: CapacityPlan) -> "_Places":
        """Exactly the plan's."""
        return cls(
            tuple(len(pool.groups) for pool in plan.spec.pools), len(plan.spec.storage or ())
        )


def _places(plan: CapacityPlan) -> _Places:
    """The plan's and at least one to spare of each, in whole steps."""
    exact = _Places.of(plan)

    def roomy(count: int, most: int) -> int:
        return min(most, (count // _STEP + 1) * _STEP)

    pools = roomy(len(exact.groups), MAX_POOLS)
    groups = roomy(max(exact.groups), MAX_GROUPS)
    return _Places((groups,) * pools, roomy(exact.tiers, MAX_TIERS))


def _size(config: Mapping[str, Any]) -> int:
    """At most its bytes as block YAML, which is longer than this by its indentation: 1.5 times."""
    return 2 * len(str(config))


def _config(places: _Places) -> dict[str, Any]:
    return {
        "kind": "CustomResourceStateMetrics",
        "spec": {
            "resources": [
                _resource("trimtab.dev", "v1alpha1", "CapacityPlan", "plan", _plan_metrics(places)),
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
                _resource("karpenter.sh", "v1", "NodePool", "node_pool", _node_pool()),
            ]
        },
    }


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


def _plan_metrics(places: _Places) -> list[dict[str, Any]]:
    pools: _Path = ("spec", "pools")
    of_pool = {
        "pool": ("name",),
        "unit": ("unit",),
        "team": ("owner", "team"),
        "project": ("owner", "project"),
    }
    of_line = {"commitment": ("digest",), "pool": ("pool",), "group": ("group",)}
    lines: _Path = ("spec", "commitments")
    found = [
        _info(INFO, ("metadata", "labels"), {"digest": (DIGEST_LABEL,)}),
        _gauge(VALID_UNTIL, ("spec", "validUntil")),
        _gauge(POOL_SPOT_SHARE, pools, ("interruptibleShare",), of_pool),
        _gauge(POOL_SHORTAGE, pools, ("expected", "shortageShare"), of_pool),
        _gauge(POOL_USD, pools, ("expected", "usdPerHour", "mean"), of_pool),
        _gauge(
            COMMITMENT,
            lines,
            ("usdPerHour",),
            {
                **of_line,
                "instance_type": ("instanceType",),
                "term": ("term",),
                "quantity": ("quantity",),
            },
        ),
        _gauge(COMMITMENT_NODES, lines, ("quantity",), of_line),
        _gauge(
            TIER_USED, ("spec", "storage"), ("expected", "usedGib", "mean"), {"tier": ("name",)}
        ),
    ]
    for pool_place, group_count in enumerate(places.groups):
        pool = ("spec", "pools", str(pool_place))
        groups = (*pool, "groups")
        own = {"pool": (*pool, "name")}
        of_group = {"group": ("name",), "option": ("purchase", "option")}
        for metric, value in (
            (GROUP_UNITS, ("unitsPerNode",)),
            (GROUP_NODES, ("expected", "nodes")),
            (GROUP_USD, ("expected", "usdPerHour")),
            (GROUP_CARBON, ("expected", "kgco2ePerHour")),
        ):
            found.append(_gauge(metric, groups, value, of_group, own))
        for group_place in range(group_count):
            group = (*groups, str(group_place))
            found += _windows(
                (*group, "windows"),
                {**own, "group": (*group, "name")},
                (
                    (WINDOW_MIN, "min"),
                    (WINDOW_DESIRED, "desired"),
                    (WINDOW_MAX, "max"),
                    (WINDOW_START, "start"),
                    (WINDOW_END, "end"),
                ),
            )
    for tier_place in range(places.tiers):
        tier = ("spec", "storage", str(tier_place))
        found += _windows(
            (*tier, "windows"),
            {"tier": (*tier, "name")},
            ((TIER_GIB, "gib"), (TIER_START, "start"), (TIER_END, "end")),
        )
    return found


def _windows(
    path: _Path, own: Mapping[str, _Path], fields: Iterable[tuple[Metric, str]]
) -> list[dict[str, Any]]:
    """A window is told from its neighbours by its start, as text: what a label can be."""
    return [_gauge(metric, path, (name,), {"window": ("start",)}, own) for metric, name in fields]


def _node_pool() -> list[dict[str, Any]]:
    labels: dict[str, _Path] = {
        "digest": (DIGEST_LABEL,),
        "plan": (PLAN_LABEL,),
        "pool": (POOL_LABEL,),
        "group": (GROUP_LABEL,),
    }
    of_object = {
        name: ("metadata", "labels", at)
        for name, at in (("pool", POOL_LABEL), ("group", GROUP_LABEL))
    }
    return [
        _info(NODE_POOL, ("metadata", "labels"), labels),
        _gauge(NODE_POOL_REPLICAS, ("spec", "replicas"), of_object=of_object),
    ]


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
    labels: Mapping[str, _Path] | None = None,
    of_object: Mapping[str, _Path] | None = None,
) -> dict[str, Any]:
    """Labels are looked up from where the path ends; those of the object, from its root."""
    each: dict[str, Any] = {"path": list(path)}
    if value:
        each["valueFrom"] = list(value)
    if labels:
        each["labelsFromPath"] = {name: list(at) for name, at in labels.items()}
    made: dict[str, Any] = {"name": metric.name, "help": metric.help}
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
