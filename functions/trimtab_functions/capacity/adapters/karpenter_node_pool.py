"""Karpenter's dynamic NodePools: nodes that are made for pods that wait, up to a limit.

Facts of Karpenter v1.14.1 that everything here follows:

- There is no min, and nobody's desired: nodes come with pods. So a group's max is the limit, in nodes
  and, against bursts, in vCPUs; its min is kept by a static NodePool beside it, as far as it is paid for
  (`karpenter_static`), and is nobody's otherwise.
- A limit below what runs removes no node: Karpenter only makes none until fewer run.
- Other requirements drift every node of a NodePool at once. So changed offers are another NodePool, by
  another name: a new one without nodes is ready as soon as its node class is, and the old one's nodes
  drain when it is deleted.
- An object is found by its name: what is composed here has the names that the Pulumi component
  KarpenterPools gives, `<pool>-<group>-<generation>`.

What it makes of nothing is what that component makes (`trimtab.provision.karpenter.objects`), but for the
annotations that keep it from a GitOps controller's pruning: Crossplane owns it here.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.labels import MANAGED_BY
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.sizing import Sizes
from trimtab.provision.karpenter.limits import node_limits
from trimtab.provision.karpenter.objects import group_at_start, group_objects
from trimtab.provision.karpenter.shapes import INSTANCE_TYPE_LABEL, KubernetesObject
from trimtab.provision.karpenter.static import Baseline, static_nodes
from trimtab_functions.capacity.adapters.base import (
    Composed,
    Decided,
    GroupAdapter,
    Kind,
    Running,
    Scaling,
)
from trimtab_functions.capacity.adapters.beside import Attached, Beside
from trimtab_functions.capacity.adapters.karpenter_pool_words import (
    RELEASE_ANNOTATION,
    Machines,
    approved,
    dynamic,
    machines,
    marked,
    planned_machines,
    required,
    whole,
)
from trimtab_functions.capacity.adapters.karpenter_settings import WHERE, KarpenterSettings
from trimtab_functions.capacity.adapters.objects import (
    MANAGED_BY_LABEL,
    as_applied,
    with_annotation,
    with_kept_marks,
)
from trimtab_functions.capacity.adapters.wrapped import in_object
from trimtab_functions.capacity.documents import (
    Document,
    Path,
    replaced,
    section,
    text,
)

STATIC_NODES_ANNOTATION = "trimtab.dev/static-nodes"
"""On a dynamic NodePool: the nodes that a static one beside it keeps by the plan, and its limit leaves
out. Written by this function; in a template of an earlier step, "true" in `STATIC_ANNOTATION` asks for
it."""
STATIC_ANNOTATION = "trimtab.dev/static-baseline"
STATIC = "static"
"""The end of the key of the static NodePool that is composed beside a dynamic one."""


class KarpenterNodePool(GroupAdapter):
    """`karpenter.sh` NodePool without `replicas`."""

    kinds = (Kind("karpenter.sh", "NodePool"),)
    provider = None  # each cloud's Karpenter has NodePools; only AWS's node classes are composed
    settings = KarpenterSettings
    attaches = True
    keeps_min = False

    def reads(self, document: Document) -> bool:
        return "replicas" not in section(document, "spec")

    def fixed(self, document: Document) -> Machines:
        return machines(document)

    def running(self, document: Document) -> Running:
        """Its nodes, within its limit; unknown where it has none.

        More may run, after a burst or a lower limit. No limit is raised to them: it would remove none.
        """
        limit = whole(section(document, "spec", "limits").get("nodes"))
        if limit is None:
            return Running(None)
        nodes = whole(section(document, "status").get("nodes")) or 0
        return Running(Sizes(0, min(nodes, limit), limit))

    def decide(self, plan: CapacityPlan, pool: Pool, group: Group, base: Document) -> Decided:
        if section(base, "metadata", "labels").get(MANAGED_BY_LABEL) == MANAGED_BY:
            return Decided(machines(base), {"document": base})  # in full already, from `compose`
        document = dynamic(base, plan, pool, group)
        static = None
        if marked(base, STATIC_ANNOTATION):
            baseline = Baseline(on=True, approved=approved(base))
            sized = group_at_start(plan, pool, group)
            static = str(static_nodes(plan, sized, plan.spec.start, baseline))
        document = with_annotation(document, STATIC_NODES_ANNOTATION, static)
        return Decided(planned_machines(group), {"document": document})

    def planned(self, base: Document, decided: Decided) -> Document:  # noqa: ARG002
        document: Document = decided.spec["document"]
        return document

    def sizes(self, scaling: Scaling) -> Mapping[Path, Any]:
        return {("spec", "limits", "nodes"): str(scaling.sizes.max)}

    def held(self, observed: Document, template: Document | None) -> Document:
        if template is None:
            return as_applied(observed)
        now, own = section(observed, "spec"), section(template, "spec")
        decided = {each: now[each] for each in ("limits", "template", "weight") if each in now}
        if "disruption" in now and not section(own, "disruption"):
            decided["disruption"] = now["disruption"]  # implied by the plan, for want of another
        notes = section(observed, "metadata", "annotations")
        keeps = text(notes.get(STATIC_NODES_ANNOTATION))
        document = {**template, "spec": {**own, **decided}}
        document = with_annotation(document, STATIC_NODES_ANNOTATION, keeps)
        return with_kept_marks(document, observed)

    def attach(self, document: Document, beside: Beside) -> Attached:
        """The limit in vCPUs too, less what a static NodePool keeps, which never shrinks unasked."""
        stated = section(document, "metadata", "annotations").get(STATIC_NODES_ANNOTATION)
        keeps = whole(stated) or 0
        companions: dict[str, Document] = {}
        notes: list[str] = list(beside.aside or ())
        exists = beside.companions.get(STATIC)
        runs = 0 if exists is None else whole(section(exists, "spec").get("replicas")) or 0
        if exists is not None and runs > keeps and not marked(document, RELEASE_ANNOTATION):
            companions[STATIC] = _as_stated(exists)
            note = (
                f"{runs} static nodes run and the plan keeps {keeps}: they stay until the pool is "
                "named in release"
            )
            notes.insert(0, note)
            keeps = runs
        limits = dict(section(document, "spec", "limits"))
        nodes = max(beside.sizes.max - keeps, 0)
        limits.update(node_limits(nodes, required(document, INSTANCE_TYPE_LABEL)))
        made = replaced(document, ("spec", "limits"), limits)
        return Attached(made, companions, "; ".join(notes) or None)

    def region(self, document: Document) -> str | None:  # noqa: ARG002
        """A NodePool states none: its cluster has one."""
        return None

    def compose(
        self, settings: KarpenterSettings, plan: CapacityPlan, pool: Pool, group: Group
    ) -> Composed:
        """The group's NodePool, its node class, and as settings say a static NodePool and an overlay."""
        if plan.spec.site.provider != "aws":
            raise InputError(
                f"composes node classes of AWS, and the plan is for {plan.spec.site.provider}",
                where=WHERE,
                mend="label NodePools of your own, which an earlier step composes",
            )
        choices = settings.choices(plan)
        sized = group_at_start(plan, pool, group)
        found = group_objects(plan, sized, choices, settings.of(plan, pool, group))
        dynamic_pool, *static = found.node_pools
        made = _manifest(dynamic_pool)
        keeps = sum(each.spec["replicas"] for each in static)
        if keeps:
            made = with_annotation(made, STATIC_NODES_ANNOTATION, str(keeps))
        if pool.name in choices.baseline.release:
            made = with_annotation(made, RELEASE_ANNOTATION, "true")
        companions = {"node-class": _manifest(found.node_class)}
        for each in static:
            companions[STATIC] = _manifest(each)
        if found.overlay is not None:
            companions["overlay"] = _manifest(found.overlay)
        ref = settings.karpenter.objects
        if ref is None:
            return Composed(made, companions, aside=found.warnings)
        return Composed(
            in_object(made, ref),
            {end: in_object(each, ref) for end, each in companions.items()},
            aside=found.warnings,
        )


def _manifest(made: KubernetesObject) -> Document:
    metadata = {"name": made.name, "labels": dict(made.labels)}
    return {
        "apiVersion": made.api_version,
        "kind": made.kind,
        "metadata": metadata,
        "spec": made.spec,
    }


def _as_stated(observed: Document) -> Document:
    """An object as it exists, under its own name: inside an Object nobody else knows it."""
    document = as_applied(observed)
    name = text(section(observed, "metadata").get("name"))
    return {**document, "metadata": {**document["metadata"], **({"name": name} if name else {})}}
