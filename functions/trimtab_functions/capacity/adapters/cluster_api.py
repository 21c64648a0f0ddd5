"""Cluster API's MachinePools and MachineDeployments.

Facts of Cluster API v1.14.2 (`cluster.x-k8s.io/v1beta2`, and v1beta1 alike in these fields; its CRDs and
admission webhooks) and of the cluster autoscaler's provider for it (2026-11), that everything here
follows:

- min and max are annotations, which the autoscaler reads; `spec.replicas` is the autoscaler's. These are
  plain objects: Crossplane applies them server-side, and what it no longer states is deleted where
  nobody else owns it. So replicas are stated at creation and by a raise to a new min, for as long as
  nobody else has written them, and left out from the autoscaler's first move on. Cluster API's own
  webhook then keeps what stands, and cuts it to the annotations' bounds: those never exclude what runs.
- Where `replicas-managed-by` says that the infrastructure's own autoscaler counts, replicas are stated at
  creation only.
- Which machines there are, and how they are bought, is the infrastructure object's that the template
  names. It is made by somebody else, and is not read here: the template says what it makes, in the
  annotation `trimtab.dev/instance-types`, and that is checked against the plan.
- Of the template's labels only those in Cluster API's own domains reach nodes, unless its controller is
  told otherwise (`--additional-sync-machine-labels`). Taints reach them behind the feature gate
  MachineTaintPropagation, off by default: a group with taints needs a template that states
  `spec.template.spec.taints`, or whose nodes register with them and which says so to the autoscaler.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.plan.attribution import node_labels
from trimtab.plan.labels import GROUP_LABEL, LABEL_PREFIX, OPTION_LABEL
from trimtab.plan.model import CapacityPlan, Group, Pool, Taint, purchase_zone
from trimtab.plan.sizing import Sizes
from trimtab.provision.sized_groups import settable_labels
from trimtab_functions.capacity.adapters.base import (
    Decided,
    Fixed,
    GroupAdapter,
    Kind,
    Running,
    Scaling,
)
from trimtab_functions.capacity.adapters.field_path_owners import composed_part, only_composed
from trimtab_functions.capacity.adapters.objects import as_applied, with_kept_marks
from trimtab_functions.capacity.adapters.taints import in_place
from trimtab_functions.capacity.documents import (
    Document,
    Path,
    at,
    count,
    first_count,
    items,
    mapping,
    replaced,
    section,
    text,
)

API_GROUP = "cluster.x-k8s.io"
MIN_ANNOTATION = f"{API_GROUP}/cluster-api-autoscaler-node-group-min-size"
MAX_ANNOTATION = f"{API_GROUP}/cluster-api-autoscaler-node-group-max-size"
MANAGED_BY_ANNOTATION = f"{API_GROUP}/replicas-managed-by"
INSTANCE_TYPES_ANNOTATION = f"{LABEL_PREFIX}instance-types"
"""On a template: the instance types that its infrastructure object makes, with commas between."""
CAPACITY = "capacity.cluster-autoscaler.kubernetes.io/"
"""What the autoscaler is told of nodes that do not exist yet."""
_NODE_LABELS, _NODE_TAINTS = f"{CAPACITY}labels", f"{CAPACITY}taints"
_BOUNDS = (MIN_ANNOTATION, MAX_ANNOTATION)

_REPLICAS: Path = ("spec", "replicas")
_MACHINE: Path = ("spec", "template", "spec")
_LABELS: Path = ("spec", "template", "metadata", "labels")
_DOMAIN: Mapping[str, Path] = {
    "MachinePool": ("spec", "failureDomains"),
    "MachineDeployment": (*_MACHINE, "failureDomain"),
}
_DECIDED: tuple[Path, ...] = (
    _LABELS,
    *_DOMAIN.values(),
    (*_MACHINE, "infrastructureRef"),
    (*_MACHINE, "taints"),
)
_OF_CONTROLLERS: tuple[Path, ...] = (_REPLICAS, ("spec", "providerIDList"))


@dataclass(frozen=True)
class MachinesFixed(Fixed):
    """The machines that a template says it makes; None where it does not say."""

    instance_types: frozenset[str] | None

    def gives(self, planned: "MachinesFixed") -> bool:
        """Some of the planned types are enough: an infrastructure object may make one alone."""
        known, wanted = self.instance_types, planned.instance_types
        return known is None or wanted is None or known <= wanted


class ClusterApiMachines(GroupAdapter):
    """`cluster.x-k8s.io` MachinePool and MachineDeployment."""

    kinds = (Kind(API_GROUP, "MachinePool"), Kind(API_GROUP, "MachineDeployment"))
    provider = None
    settings = None
    makes_owned = True

    def fixed(self, document: Document) -> MachinesFixed:
        stated = _annotations(document).get(INSTANCE_TYPES_ANNOTATION)
        return MachinesFixed(frozenset(_listed(stated)) or None)

    def running(self, document: Document) -> Running:
        """The replicas that the autoscaler asks for, within the annotations' bounds.

        Without annotations no autoscaler moves them: the bounds are what is asked for.
        """
        replicas = first_count(
            at(document, *_REPLICAS), section(document, "status").get("replicas")
        )
        if replicas is None:
            return Running(None)
        low, high = (_number(_annotations(document).get(each)) for each in _BOUNDS)
        stated = only_composed(document, _REPLICAS) and not _counted_by_others(document)
        if low is None or high is None:
            return Running(Sizes(replicas, replicas, replicas), stated=stated)
        return Running(Sizes(low, replicas, high), stated=stated)

    def decide(self, plan: CapacityPlan, pool: Pool, group: Group, base: Document) -> Decided:  # noqa: ARG002
        where = f"{base.get('kind')} for {pool.name}/{group.name}"
        fixed = MachinesFixed(frozenset(offer.instance_type for offer in group.offers))
        _check_machines(self.fixed(base), fixed, group, base, where)
        return Decided(
            fixed,
            {
                "labels": settable_labels(node_labels(pool, group)),
                "taints": _taints(group.taints, base, where),
                "domain": _domain(group, base, where),
                "accelerator": group.accelerator,
            },
        )

    def planned(self, base: Document, decided: Decided) -> Document:
        """Its own labels, taints and annotations stay unless the plan has one of that name."""
        spec = decided.spec
        document = _without(base, _REPLICAS)
        document = replaced(document, _LABELS, {**section(base, *_LABELS), **spec["labels"]})
        if spec["taints"]:
            document = replaced(document, (*_MACHINE, "taints"), spec["taints"])
        if spec["domain"] is not None:
            path = _DOMAIN[str(base.get("kind"))]
            value = [spec["domain"]] if base.get("kind") == "MachinePool" else spec["domain"]
            document = replaced(document, path, value)
        annotations = {k: v for k, v in _annotations(base).items() if k not in _BOUNDS}
        known = dict(_pairs(annotations.get(_NODE_LABELS)))
        annotations[_NODE_LABELS] = _written(known | spec["labels"])
        if (accelerator := spec["accelerator"]) is not None:
            annotations.setdefault(f"{CAPACITY}gpu-type", accelerator.resource)
            annotations.setdefault(f"{CAPACITY}gpu-count", f"{accelerator.per_node:g}")
        return replaced(document, ("metadata", "annotations"), annotations)

    def sized(self, document: Document, scaling: Scaling) -> Document:
        bounds = {
            MIN_ANNOTATION: str(scaling.sizes.min),
            MAX_ANNOTATION: str(scaling.sizes.max),
        }
        made = replaced(document, ("metadata", "annotations"), {**_annotations(document), **bounds})
        stated = scaling.initial if scaling.creates else scaling.enforced
        if stated is None or (not scaling.creates and _counted_by_others(document)):
            return _without(made, _REPLICAS)
        return replaced(made, _REPLICAS, stated)

    def held(self, observed: Document, template: Document | None) -> Document:
        mine = composed_part(observed) or _guessed(observed)
        if template is None:
            return mine
        document = _without(template, _REPLICAS)
        for path in _DECIDED:
            if (value := at(mine, *path)) is not None:
                document = replaced(document, path, value)
        kept = {
            key: value
            for key, value in _annotations(mine).items()
            if key in (*_BOUNDS, INSTANCE_TYPES_ANNOTATION) or key.startswith(CAPACITY)
        }
        annotations = {**_annotations(document), **kept}
        return with_kept_marks(
            replaced(document, ("metadata", "annotations"), annotations), observed
        )

    def is_ready(self, document: Document) -> bool:
        """Whether as many nodes are ready as are asked for, and its controller has seen it."""
        status = section(document, "status")
        seen = count(status.get("observedGeneration"))
        asked = count(section(document, "metadata").get("generation"))
        replicas = count(at(document, *_REPLICAS))
        if seen is None or replicas is None or (asked is not None and seen < asked):
            return False
        ready = count(status.get("readyReplicas")) or 0
        return ready >= replicas


def _annotations(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return section(document, "metadata", "annotations")


def _number(value: object) -> int | None:
    written = text(value)
    # Python reads no more than some thousand digits.
    short = written is not None and written.isdecimal() and len(written) <= _DIGITS
    return count(int(written)) if written is not None and short else None


_DIGITS = 9


def _counted_by_others(document: Mapping[str, Any]) -> bool:
    """Any value but "false" says so, as Cluster API reads it."""
    return bool(_annotations(document).get(MANAGED_BY_ANNOTATION, "false") != "false")


def _listed(value: object) -> list[str]:
    return [each.strip() for each in (text(value) or "").split(",") if each.strip()]


def _pairs(value: object) -> Iterable[tuple[str, str]]:
    """`key=value,…` as the autoscaler reads it."""
    for each in _listed(value):
        key, _, found = each.partition("=")
        yield key, found


def _written(pairs: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(pairs.items()))


def _without(document: Document, path: Path) -> Document:
    if at(document, *path) is None:
        return document
    *above, last = path
    kept = {key: each for key, each in section(document, *above).items() if key != last}
    return replaced(document, tuple(above), kept)


def _check_machines(
    stated: MachinesFixed, planned: MachinesFixed, group: Group, base: Document, where: str
) -> None:
    """Refuse a template whose machines are not the group's, or are not said to be.

    A template that is labelled with its group was made for it; one that is split into several groups, or
    that a target names, must say what it makes.
    """
    types = sorted(planned.instance_types or ())
    labels = section(base, "metadata", "labels")
    option = text(labels.get(OPTION_LABEL))
    if not stated.gives(planned):
        raise InputError(
            f"its infrastructure makes {allowed(sorted(stated.instance_types or ()))}, and the group "
            f"is {allowed(types)}",
            where=where,
            mend=f"name an infrastructure object of those, and say so in {INSTANCE_TYPES_ANNOTATION}",
        )
    if option not in (None, group.purchase.option):
        raise InputError(
            f"its infrastructure buys {option}, and the group is {group.purchase.option}",
            where=where,
            mend=f"give a template for it, labelled {GROUP_LABEL}",
        )
    if GROUP_LABEL not in labels and (stated.instance_types is None or option is None):
        raise InputError(
            "nothing says which machines its infrastructure makes, and how they are bought",
            where=where,
            mend=f"give a template for each group, labelled {GROUP_LABEL}; or say it in the annotation "
            f"{INSTANCE_TYPES_ANNOTATION} and the label {OPTION_LABEL}",
        )


def _domain(group: Group, base: Document, where: str) -> str | None:
    """The failure domain that the purchase is in."""
    zone = purchase_zone(group.purchase)
    if zone is None:
        return None
    found = at(base, *_DOMAIN[str(base.get("kind"))])
    stated = [each for each in (found if isinstance(found, list) else [found]) if each]
    if stated and zone not in stated:
        raise InputError(
            f"it stands in {allowed([str(each) for each in stated])}, but what is held is in {zone}",
            where=where,
            mend="drop its failure domain",
        )
    return zone


def _taints(taints: Iterable[Taint], base: Document, where: str) -> list[Any]:
    """The machines' taints; none where the template leaves them to whoever registers its nodes."""
    own = [mapping(each) for each in items(section(base, *_MACHINE).get("taints"))]
    ours: dict[tuple[str, str], Taint] = {(each.key, each.effect): each for each in taints}
    if own:
        return [dict(each) for each in in_place(own, map(_taint, ours.values()))]
    told = set(_listed(_annotations(base).get(_NODE_TAINTS)))
    missing = [each for each in map(str, map(_text, ours.values())) if each not in told]
    if missing:
        raise InputError(
            f"nothing puts the taint {missing[0]} on its nodes",
            where=where,
            mend=f"let its bootstrap configuration register nodes with it and say so in {_NODE_TAINTS}, "
            "or state spec.template.spec.taints where MachineTaintPropagation is on",
        )
    return []


def _text(taint: Taint) -> str:
    """As the autoscaler reads it."""
    return f"{taint.key}={taint.value}:{taint.effect}"


def _taint(taint: Taint) -> Document:
    value = {"value": taint.value} if taint.value else {}
    return {"key": taint.key, **value, "effect": taint.effect, "propagation": "Always"}


def _guessed(observed: Document) -> Document:
    """What was applied of an object that does not say who owns its fields."""
    document = as_applied(observed)
    for path in _OF_CONTROLLERS:
        document = _without(document, path)
    if at(document, *_MACHINE, "bootstrap", "configRef") is not None:
        document = _without(document, (*_MACHINE, "bootstrap", "dataSecretName"))
    ours = (API_GROUP, CAPACITY, LABEL_PREFIX)
    now = _annotations(observed)
    kept = {key: value for key, value in now.items() if key.startswith(ours)}
    return replaced(document, ("metadata", "annotations"), kept) if kept else document
