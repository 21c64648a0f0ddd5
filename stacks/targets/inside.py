"""What a cluster has inside beside its nodes: families of charts and objects, each where a stack sets it.

One table says which there are. A family's settings are its component's arguments; what the program knows
itself (the plan, the cluster's name, its site and network) it states itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

import trimtab_components
from targets.kinds import Kinds, Late
from trimtab.plan.model import CapacityPlan
from trimtab.plan.parts import part_of


@dataclass(frozen=True)
class Place:
    """A cluster that families are put into.

    Attributes:
        name: what the resources' names begin with.
        cluster: the cluster's name.
        plan: the capacity plan, of all clusters.
        site: of owned machines, where the cluster stands; None: the plan's own.
        shared: arguments that several families take: `as_of`, `running`, `pools`.
        network: of a cloud's cluster: `vpc_id`, `subnet_ids`, `client_security_group_id`.
        options: provider and dependencies.
        part: whether the plan has more than this cluster.
        defaults: arguments of families here, by setting, where the stack states none.
    """

    name: str
    cluster: str
    plan: CapacityPlan
    options: pulumi.ResourceOptions
    site: str | None = None
    shared: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    part: bool = False
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def own_plan(self) -> CapacityPlan:
        """The part of the plan that is this cluster's."""
        return part_of(self.plan, self.site, self.name) if self.part else self.plan


@dataclass(frozen=True)
class Family:
    """A family of what a cluster has inside.

    Attributes:
        component: its public name.
        arguments: where its arguments' class is.
        part: whether it speaks of this cluster's part of the plan alone.
        takes: the arguments that the program states: of `cluster_name`, `site`, `network` and of what is shared.
    """

    component: str
    arguments: str
    part: bool = False
    takes: tuple[str, ...] = ()


FAMILIES: dict[str, Family] = {
    "policyEngine": Family("PolicyEngine", "delivery.policy_engine:PolicyEngineArgs"),
    "storage": Family(
        "StorageClasses",
        "storage.classes:StorageClassesArgs",
        takes=("cluster_name", "site", "network"),
    ),
    "observability": Family(
        "Observability",
        "observability.observability:ObservabilityArgs",
        part=True,
        takes=("cluster_name",),
    ),
    "queueing": Family(
        "Queueing",
        "queueing.arguments:QueueingArgs",
        part=True,
        takes=("as_of", "running", "pools"),
    ),
    "gitops": Family("GitOps", "delivery.gitops:GitOpsArgs"),
    "crossplane": Family(
        "CrossplaneControlPlane", "delivery.crossplane:CrossplaneControlPlaneArgs"
    ),
}
"""By setting, in the order in which they are made."""

INSIDE = Kinds({key: Late(family.arguments) for key, family in FAMILIES.items()})
"""Their settings."""


def furnish(place: Place, settings: Mapping[str, Any]) -> dict[str, pulumi.ComponentResource]:
    """Make the families that are set, by setting; each waits for what must stand before it."""
    made: dict[str, pulumi.ComponentResource] = {}
    for key, family in FAMILIES.items():
        stated = settings.get(argument(key))
        if stated is None:
            continue
        component = getattr(trimtab_components, family.component)
        arguments: Any = {
            **_own(place, family),
            **place.defaults.get(key, {}),
            **stated,
            "plan": place.own_plan if family.part else place.plan,
        }
        # Volumes, rules on what may be made, and kinds come before what uses them.
        before = [made[each] for each in BEFORE.get(key, ()) if each in made]
        options = pulumi.ResourceOptions.merge(
            place.options, pulumi.ResourceOptions(depends_on=before)
        )
        made[key] = component(f"{place.name}-{NAMES.get(key, key)}", arguments, options)
    return made


BEFORE = {
    "observability": ("storage",),
    "queueing": ("observability",),
    "gitops": ("policyEngine", "crossplane"),
}
"""What waits for what: volumes for classes, what is measured for the kinds that measure it."""
NAMES = {"policyEngine": "policies"}
"""What the components are called, where that is not the setting's name."""


def argument(setting: str) -> str:
    """A setting's name as settings are read: `policy_engine` for `policyEngine`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in setting)


def _own(place: Place, family: Family) -> dict[str, Any]:
    known = {
        "cluster_name": place.cluster,
        **({} if place.site is None else {"site": place.site}),
        **place.shared,
    }
    found = {key: value for key, value in known.items() if key in family.takes}
    return {**found, **place.network} if "network" in family.takes else found
