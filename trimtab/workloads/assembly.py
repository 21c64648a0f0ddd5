"""From what a pod asks for and what its annotations state to one `Workload`.

Where the two meet, so do their contradictions: a GPU resource that the selected model does not give,
an interruptible workload that admits no spot node.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction

from trimtab.catalogue.accelerators import (
    ACCELERATORS,
    AcceleratorResource,
    accelerator_resource,
    resolve_accelerator,
)
from trimtab.documents import Field
from trimtab.workloads.labels import (
    CAPACITY_TYPE_KEYS,
    INSTANCE_TYPE_KEYS,
    ZONE_KEYS,
    accelerator_key,
    accelerator_models,
    unanswerable,
)
from trimtab.workloads.model import NodeRequirement, Owner, Replica, Workload
from trimtab.workloads.pods import PodNeeds, unchecked_resources
from trimtab.workloads.quantity import GIB
from trimtab.workloads.schema import Policy, WorkloadSpec


def assemble(
    needs: PodNeeds,
    policy: Policy,
    stated: Iterable[str],
    spec: Field,
    remark: Callable[[str], None],
    explicit: WorkloadSpec | None = None,
) -> Workload:
    """The workload, its name, source and replicas still to be set.

    Args:
        needs: what one pod asks for.
        policy: what Kubernetes has no word for.
        stated: the policy's fields that the user stated.
        spec: where errors point.
        remark: takes what cannot be honoured, one sentence each.
        explicit: the `Workload` document's spec, where there is one.

    Raises:
        InputError: the parts contradict each other, or nothing is asked for.
    """
    resource, count = _accelerator(needs.requests, spec)
    replica = Replica(
        vcpu=float(needs.requests.get("cpu", 0)),
        memory_gib=float(needs.requests.get("memory", Fraction(0)) / GIB),
        accelerator_resource=resource.name if resource else None,
        accelerator_count=float(count),
    )
    if replica == Replica():
        spec.fail("asks for no cpu, memory or accelerator", "state requests, or nothing sizes it")
    models = _models(needs, spec, explicit)
    if resource and models and not any(resource.per_device(model) for model in models):
        spec.fail(
            f"asks for {resource.name}, which its accelerators ({', '.join(models)}) do not give",
            "select an accelerator that gives the resource",
        )
    _check_terms(needs.node_requirements, spec["nodeSelectorTerms" if explicit else "affinity"])
    _remark_unchecked(needs, policy, resource, remark)
    return Workload(
        name="",
        replica=replica,
        accelerators=models,
        instance_types=_instance_types(needs, explicit),
        node_selector=needs.node_selector,
        node_requirements=needs.node_requirements,
        tolerations=needs.tolerations,
        volumes=needs.volumes,
        priority_class=needs.priority_class,
        interruptible=_interruptible(needs, policy, stated, spec, remark),
        restart_hours=policy.restart_hours,
        shortage_tolerance=policy.shortage_tolerance,
        regions=tuple(policy.allowed_regions),
        latency_ms=policy.latency_ms,
        owner=Owner(**policy.owner.model_dump()),
        units_per_accelerator=policy.units_per_accelerator,
        units_per_node=tuple(policy.units_per_node.items()),
    )


def _accelerator(
    requests: dict[str, Fraction], spec: Field
) -> tuple[AcceleratorResource | None, Fraction]:
    """The one accelerator resource asked for, and how many."""
    found: list[tuple[AcceleratorResource, Fraction]] = []
    for name, amount in requests.items():
        with spec.located():
            resource = accelerator_resource(name)
        if resource is not None and amount:
            if amount.denominator != 1:
                spec.fail(f"{float(amount):g} {name} is not whole", "ask for whole devices")
            found.append((resource, amount))
    if len(found) > 1:
        names = " and ".join(resource.name for resource, _ in found)
        spec.fail(f"asks for {names} in one replica", "ask for one kind of accelerator a replica")
    return found[0] if found else (None, Fraction(0))


def _models(needs: PodNeeds, spec: Field, explicit: WorkloadSpec | None) -> tuple[str, ...]:
    """The accelerator models that the selectors and the document agree on; empty: any."""
    narrowed: list[tuple[str, frozenset[str]]] = []
    for key, value in needs.node_selector:
        if accelerator_key(key):
            with spec["nodeSelector"][key].located():
                models = accelerator_models(key, value)
            if models is not None:
                narrowed.append((f"nodeSelector {key}={value}", models))
    if explicit and explicit.accelerators:
        named = frozenset[str]()
        with spec["accelerators"].located():
            for name in explicit.accelerators:
                named |= set(resolve_accelerator(name))
        narrowed.append(("accelerators", named))
    if not narrowed:
        return ()
    common = frozenset.intersection(*(models for _, models in narrowed))
    if not common:
        spec.fail(f"no accelerator meets {' and '.join(why for why, _ in narrowed)}")
    return tuple(model for model in ACCELERATORS if model in common)


def _check_terms(terms: tuple[tuple[NodeRequirement, ...], ...], place: Field) -> None:
    with place.located():
        for item in (item for term in terms for item in term if accelerator_key(item.key)):
            for value in item.values:
                accelerator_models(item.key, value)


def _instance_types(needs: PodNeeds, explicit: WorkloadSpec | None) -> tuple[str, ...]:
    selected = {value for key, value in needs.node_selector if key in INSTANCE_TYPE_KEYS}
    named = set(explicit.instance_types) if explicit else set()
    # Two different selected types leave none; the matching of nodeSelector says so.
    return tuple(sorted(selected & named if selected and named else selected | named))


def _interruptible(
    needs: PodNeeds,
    policy: Policy,
    stated: Iterable[str],
    spec: Field,
    remark: Callable[[str], None],
) -> bool:
    """Whether spot may serve it: as stated, unless its selectors allow one capacity type only."""
    allowed_types = _capacity_types(needs, spec)
    if allowed_types == {"on-demand"}:
        if policy.interruptible:
            spec.fail(
                "is interruptible, but its selectors admit no spot node",
                "drop the capacity-type selector, or trimtab.dev/interruptible",
            )
        return False
    if allowed_types == {"spot"}:
        if "interruptible" in stated and not policy.interruptible:
            spec.fail(
                "is not interruptible, but its selectors admit spot nodes only",
                "drop the capacity-type selector, or trimtab.dev/interruptible",
            )
        remark("its selectors admit spot nodes only, so on-demand capacity would not serve it")
        return True
    return bool(policy.interruptible)


def _capacity_types(needs: PodNeeds, spec: Field) -> set[str]:
    expressions: list[tuple[str, tuple[str, ...]]] = [
        (key, (value,)) for key, value in needs.node_selector
    ]
    if len(needs.node_requirements) == 1:
        expressions += [(i.key, i.values) for i in needs.node_requirements[0] if i.operator == "In"]
    admitted = {"spot", "on-demand"}
    for key, values in expressions:
        meanings = CAPACITY_TYPE_KEYS.get(key)
        if meanings is None:
            continue
        if unknown := [value for value in values if value not in meanings]:
            spec.fail(f"unknown {key} {unknown[0]!r}", f"use one of {', '.join(meanings)}")
        admitted &= {meanings[value] for value in values}
    if not admitted:
        spec.fail("its selectors contradict each other on the capacity type")
    return admitted


def _remark_unchecked(
    needs: PodNeeds,
    policy: Policy,
    resource: AcceleratorResource | None,
    remark: Callable[[str], None],
) -> None:
    keys = [key for key, _ in needs.node_selector]
    keys += [item.key for term in needs.node_requirements for item in term]
    for key in dict.fromkeys(key for key in keys if unanswerable(key)):
        remark(f"no price table tells {key}, so it does not narrow the offers")
    zones = [value for key, value in needs.node_selector if key in ZONE_KEYS]
    zones += [
        v for term in needs.node_requirements for i in term if i.key in ZONE_KEYS for v in i.values
    ]
    if zones:
        remark(
            f"offers are regional: its pool must be placed in {' or '.join(dict.fromkeys(zones))}"
        )
    for name in unchecked_resources(needs.requests, {resource.name} if resource else set()):
        remark(f"no price table tells {name}, so it does not narrow the offers")
    if policy.latency_ms is not None and not policy.allowed_regions:
        remark("states a latency bound but no allowed regions, and no offer states a latency")
