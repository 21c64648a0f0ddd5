"""Kueue's quotas: how much of each group's resources workloads may be admitted to.

A ClusterQueue, or a Cohort that queues share, follows a pool. Each of its flavors is one of the pool's
groups, by the convention of `trimtab.provision.queueing.flavors`:

- a group's flavor is called `<pool>-<group>`, or as the annotation `trimtab.dev/kueue-flavors` says:
  `spot=cheap-a100, held=reserved-a100`;
- its `nominalQuota` is what the max of the window holds: the group's accelerators, and vCPUs where demand
  is counted in them; another resource, such as memory, keeps the quota that its author gives;
- a queue without `resourceGroups` gets one with a flavor for each group; one that has them keeps
  their order, borrowing and lending limits, and flavors that are no group's.

A quota shrinks as a node group's bounds do, and not below what admitted workloads hold of it
(`flavorsReservation`, less what is borrowed): Kueue would preempt nothing, but would count the queue as
borrowing, and lend its place to others.

A ResourceFlavor follows a group: nodes are found by the labels that a pool and a group have, and work
that is admitted is made to tolerate what the group's nodes bear; but for spot, which only work that says
itself that it tolerates it is admitted to, unless all of the pool's work may be interrupted.

Source: Kueue v0.19, `kueue.x-k8s.io/v1beta2` (v1beta1 alike in these fields), 2026-08.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.plan.labels import LABEL_PREFIX
from trimtab.plan.sizing import Sizes
from trimtab.provision.queueing.flavors import (
    flavor_labels,
    flavor_name,
    flavor_taints,
    flavor_tolerations,
    in_merit_order,
    per_node,
    quota,
)
from trimtab_functions.capacity.adapters import replicas
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.adapters.objects import with_annotation
from trimtab_functions.capacity.adapters.quantities import quantity, written
from trimtab_functions.capacity.adapters.taints import with_ours_last
from trimtab_functions.capacity.documents import (
    Document,
    condition,
    items,
    mapping,
    replaced,
    section,
    text,
)
from trimtab_functions.capacity.stability import Moved, believable, damp

FLAVORS_ANNOTATION = f"{LABEL_PREFIX}kueue-flavors"
QUOTAS_ANNOTATION = f"{LABEL_PREFIX}quotas"
"""The nodes that each group's quota was decided for last, and when: `spot 2026-11-01T00:00:00Z 0..4`."""
_GROUPS = ("spec", "resourceGroups")


@dataclass(frozen=True)
class _Quota:
    """What a group's flavor is given.

    Attributes:
        nodes: that its quotas are for.
        per_node: of each resource that the plan knows.
    """

    nodes: int
    per_node: Mapping[str, Fraction]


class Quota(Follower):
    """`kueue.x-k8s.io` ClusterQueue and Cohort."""

    kinds = (Kind("kueue.x-k8s.io", "ClusterQueue"), Kind("kueue.x-k8s.io", "Cohort"))

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        """The window's quotas.

        Raises:
            InputError: the annotation is wrong, or a group has no flavor here, or nothing that a quota
                could be for.
        """
        names = _flavor_names(base, now)
        remembered = _remembered(observed)
        before = dict(_nominal(items(section(observed or {}, "spec").get(_GROUPS[-1]))))
        quotas, reasons, marks = {}, [], []
        for member in now.groups:
            name = member.group.name
            each_node = per_node(now.pool, member.group)
            wanted = Sizes(0, 0, member.window.max)
            known = _nodes(names[name], each_node, before)
            last = believable(remembered.get(name), known, wanted)
            found = damp(wanted, known, last, now.since, now.stability, until=now.until)
            if found.reason is not None:
                reasons.append(f"{name}: {found.reason}")
            marks.append(f"{name} {found.moved}")
            quotas[names[name]] = _Quota(found.moved.high, each_node)
        stated = items(section(base, "spec").get(_GROUPS[-1]))
        groups = stated or [_resource_group(names, quotas, now)]
        _check_flavors(groups, names, now)
        held = dict(_held(observed))
        written_groups = [_with_quotas(each, quotas, held, before) for each in groups]
        document = replaced(base, _GROUPS, written_groups)
        document = with_annotation(document, QUOTAS_ANNOTATION, ", ".join(marks))
        most = sum(each.nodes for each in quotas.values())
        return Followed(document, "; ".join(reasons) or None, Sizes(0, most, most))

    def held(self, base: Document, observed: Document | None) -> Document | None:
        kept = replicas.held(base, observed, (_GROUPS,))
        if kept is None or observed is None:
            return None
        marks = text(section(observed, "metadata", "annotations").get(QUOTAS_ANNOTATION))
        return with_annotation(kept, QUOTAS_ANNOTATION, marks)

    def is_ready(self, document: Document) -> bool:
        """A ClusterQueue says whether it is Active; a Cohort says nothing."""
        return condition(document, "Active") in (None, "True")


class ResourceFlavor(Follower):
    """`kueue.x-k8s.io` ResourceFlavor."""

    kinds = (Kind("kueue.x-k8s.io", "ResourceFlavor"),)
    whole_pool = False

    def follow(
        self,
        base: Document,
        observed: Document | None,  # noqa: ARG002 - the interface's
        now: Now,
    ) -> Followed:
        """The labels and taints of the group's nodes; work tolerates the taints by being admitted."""
        group = now.groups[0].group
        labels = flavor_labels(now.pool, group)
        document = replaced(
            base, ("spec", "nodeLabels"), {**section(base, "spec", "nodeLabels"), **labels}
        )
        taints = flavor_taints(now.pool, group)
        if taints:
            ours = [
                {"key": each.key, "value": each.value, "effect": each.effect} for each in taints
            ]
            own = section(base, "spec")
            merged = with_ours_last(items(own.get("nodeTaints")), ours)
            document = replaced(document, ("spec", "nodeTaints"), merged)
            bears = flavor_tolerations(now.pool, taints)
            if bears:
                tolerations = with_ours_last(items(own.get("tolerations")), bears)
                document = replaced(document, ("spec", "tolerations"), tolerations)
        return Followed(document)

    def held(self, base: Document, observed: Document | None) -> Document | None:
        fields = ("nodeLabels", "nodeTaints", "tolerations")
        return replicas.held(base, observed, tuple(("spec", each) for each in fields))


def _flavor_names(base: Document, now: Now) -> dict[str, str]:
    """The flavor of each group, by the group's name."""
    found = {each.group.name: flavor_name(now.pool.name, each.group.name) for each in now.groups}
    known = {each.name for each in now.pool.groups}
    stated = text(section(base, "metadata", "annotations").get(FLAVORS_ANNOTATION)) or ""
    for part in filter(None, (each.strip() for each in stated.split(","))):
        group, _, flavor = (each.strip() for each in part.partition("="))
        if group not in known or not flavor:
            raise InputError(
                f"{part!r} names no group and its flavor",
                where=f"annotation {FLAVORS_ANNOTATION}",
                mend=f"write group=flavor with commas between, of the groups {allowed(known)}",
            )
        if group in found:
            found[group] = flavor
    return found


def _check_flavors(groups: list[Any], names: Mapping[str, str], now: Now) -> None:
    there = {
        str(mapping(flavor).get("name"))
        for group in groups
        for flavor in items(mapping(group).get("flavors"))
    }
    missing = [names[each.group.name] for each in now.groups if names[each.group.name] not in there]
    if missing:
        raise InputError(
            f"has no flavor {allowed(missing)}",
            where="spec.resourceGroups",
            mend=f"add it, or say which of {allowed(there)} stands for the group in the annotation "
            f"{FLAVORS_ANNOTATION}",
        )


def _resource_group(names: Mapping[str, str], quotas: Mapping[str, _Quota], now: Now) -> Document:
    """A resource group for a queue that states none: each flavor must cover every resource."""
    covered = sorted({resource for each in quotas.values() for resource in each.per_node})
    if not covered:
        raise InputError(
            f"the plan does not tell what a node of pool {now.pool.name} holds, for its demand is "
            f"counted in {now.pool.unit}",
            where="spec.resourceGroups",
            mend="give resourceGroups with quotas of your own",
        )
    flavors = [
        {
            "name": names[group.name],
            "resources": [{"name": resource, "nominalQuota": "0"} for resource in covered],
        }
        for group in in_merit_order(each.group for each in now.groups)
    ]
    return {"coveredResources": covered, "flavors": flavors}


Key = tuple[str, str]
"""A flavor and a resource."""


def _with_quotas(
    group: Any,
    quotas: Mapping[str, _Quota],
    held: Mapping[Key, Fraction],
    before: Mapping[Key, Fraction],
) -> Any:
    made = dict(mapping(group))
    made["flavors"] = [
        _with_quota(mapping(each), quotas, held, before) for each in items(made.get("flavors"))
    ]
    return made


def _with_quota(
    flavor: Mapping[str, Any],
    quotas: Mapping[str, _Quota],
    held: Mapping[Key, Fraction],
    before: Mapping[Key, Fraction],
) -> Mapping[str, Any]:
    name = str(flavor.get("name"))
    given = quotas.get(name)
    if given is None:
        return flavor
    resources = []
    for each in map(mapping, items(flavor.get("resources"))):
        resource = str(each.get("name"))
        if resource not in given.per_node:
            resources.append(dict(each))
            continue
        value = quota(resource, given.per_node[resource], given.nodes)
        key = (name, resource)
        # What is held was given once: no quota grows by it.
        value = max(value, min(held.get(key, Fraction(0)), before.get(key, Fraction(0))))
        resources.append({**each, "nominalQuota": written(value)})
    return {**flavor, "resources": resources}


def _nominal(groups: list[Any]) -> Iterator[tuple[Key, Fraction]]:
    for group in groups:
        for flavor in map(mapping, items(mapping(group).get("flavors"))):
            for each in map(mapping, items(flavor.get("resources"))):
                value = quantity(each.get("nominalQuota"))
                if value is not None:
                    yield (str(flavor.get("name")), str(each.get("name"))), value


def _held(observed: Document | None) -> Iterator[tuple[Key, Fraction]]:
    """What admitted workloads hold of a queue's own quotas."""
    for flavor in map(mapping, items(section(observed or {}, "status").get("flavorsReservation"))):
        for each in map(mapping, items(flavor.get("resources"))):
            total = quantity(each.get("total")) or Fraction(0)
            borrowed = quantity(each.get("borrowed")) or Fraction(0)
            yield (
                (str(flavor.get("name")), str(each.get("name"))),
                max(total - borrowed, Fraction(0)),
            )


def _nodes(
    flavor: str, each_node: Mapping[str, Fraction], before: Mapping[Key, Fraction]
) -> Sizes | None:
    """The nodes that a flavor's quotas are for, where nothing remembers it."""
    found = [
        ceil(before[flavor, resource] / holds)
        for resource, holds in each_node.items()
        if holds and (flavor, resource) in before
    ]
    return Sizes(0, 0, max(found)) if found else None


def _remembered(observed: Document | None) -> dict[str, Moved]:
    stated = text(section(observed or {}, "metadata", "annotations").get(QUOTAS_ANNOTATION)) or ""
    found = {}
    for part in stated.split(","):
        name, _, rest = part.strip().partition(" ")
        last = Moved.read(rest)
        if last is not None:
            found[name] = last
    return found
