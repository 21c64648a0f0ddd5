"""Workloads: the pods that they run, and the disks that they have made for each.

`trimtab.workloads` reads the manifests; how many pods there are is what the object asks for, between the bounds
of a HorizontalPodAutoscaler or a KEDA ScaledObject that scales it. What runs to completion counts for the
hours of the month that it runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trimtab.clock import HOURS_PER_MONTH
from trimtab.errors import InputError
from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.kubernetes.storage import disks
from trimtab.pricing.model import Basis, Gap, Part, Pods, Term
from trimtab.resources.inputs import SECRET, UNKNOWN, Inputs

if TYPE_CHECKING:
    from trimtab.documents import Field
    from trimtab.workloads.pods import PodNeeds

_FINITE = frozenset({"batch/Job", "batch/CronJob", "kubeflow.org/PyTorchJob", "ray.io/RayJob"})
_SCALERS = ("autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject")
_KEDA_MOST = 100.0
"""KEDA's default of maxReplicaCount (2.x)."""

_DAEMON_SET = "apps/DaemonSet"


@estimates(
    "apps/Deployment",
    "apps/ReplicaSet",
    "apps/StatefulSet",
    _DAEMON_SET,
    "core/Pod",
    "core/ReplicationController",
    "batch/Job",
    "batch/CronJob",
    "kubeflow.org/PyTorchJob",
    "ray.io/RayCluster",
    "ray.io/RayJob",
    "ray.io/RayService",
    "leaderworkerset.x-k8s.io/LeaderWorkerSet",
)
def workload(at: Estimation) -> Iterator[Part]:
    """Its pods' share of nodes, and its claims' disks."""
    scaled = at.facts.once(_scalers).get(_scaled_name(at))
    try:
        roles = list(_pods(at, scaled))
    except InputError as error:
        yield Gap("pods", error.message)
        return
    yield from roles
    replicas = roles[0].count.expected if roles else None
    for template in at.inputs.blocks("spec.volume_claim_templates"):
        name = template.text("metadata.name")
        if replicas is None:
            yield Gap(f"disk {name}".strip(), "how many replicas it has is not known")
        else:
            specs = template.blocks("spec")
            yield from disks(at, specs[0] if specs else None, replicas, name)


def _pods(at: Estimation, scaled: tuple[float, float | None] | None) -> Iterator[Pods]:
    from trimtab.documents import Document, Field
    from trimtab.workloads.manifests import roles

    group, _, kind = at.resource.kind.partition("/")
    unknown = at.inputs.unknown("spec.replicas")
    values = {
        **_known(at.inputs.values),
        "apiVersion": "v1" if group == "core" else f"{group}/v1",
        "kind": kind,
    }
    document = Field(Document(at.resource.where or at.resource.key, 1), values)
    everywhere = at.resource.kind == _DAEMON_SET
    if everywhere or kind == "ReplicationController":
        found = [("", 1, document["spec"]["template"])]
        if not everywhere:
            found = [("", document["spec"]["replicas"].count(1), document["spec"]["template"])]
    else:
        found = [(role.name, role.replicas, role.template) for role in roles(document) or ()]
    for name, replicas, template in found:
        count, now, basis = _count(at, replicas, unknown, scaled if len(found) == 1 else None)
        yield replace(
            _pods_of(template["spec"]),
            label=name or "pods",
            count=count,
            now=now,
            everywhere=everywhere,
            basis=basis,
        )


def pods_of(inputs: Inputs, path: str, where: str) -> Pods:
    """One pod of the template at a path.

    Raises:
        InputError: the template is malformed.
    """
    from trimtab.documents import Document, Field

    template = inputs.get(path)
    return _pods_of(Field(Document(where, 1), _known(template))["spec"])


def _pods_of(spec: "Field") -> Pods:
    from trimtab.workloads.pods import read_pod

    needs = read_pod(spec)
    return Pods(
        label="pods",
        requests=_requests(needs),
        count=exactly(1.0),
        now=1.0,
        terms=_terms(needs),
        tolerations=tuple(sorted({each.key or "*" for each in needs.tolerations})),
    )


def _known(values: Any) -> Any:
    """Plain data without what only a deployment will know, which no manifest has."""
    if isinstance(values, Mapping):
        return {
            key: _known(value)
            for key, value in values.items()
            if not (isinstance(value, str) and value in (UNKNOWN, SECRET))
        }
    if isinstance(values, list):
        return [
            _known(value)
            for value in values
            if not (isinstance(value, str) and value in (UNKNOWN, SECRET))
        ]
    return values


def _requests(needs: "PodNeeds") -> dict[str, float]:
    from trimtab.workloads.quantity import GIB

    return {
        name: float(amount / GIB if name == "memory" else amount)
        for name, amount in needs.requests.items()
        if amount and name != "ephemeral-storage" and not name.startswith("hugepages-")
    }


def _terms(needs: "PodNeeds") -> tuple[tuple[Term, ...], ...]:
    """Alternatives of expressions: the selector's with each term of the required affinity."""
    selected = tuple(Term(key, "In", (value,)) for key, value in needs.node_selector)
    if not needs.node_requirements:
        return (selected,) if selected else ()
    return tuple(
        selected + tuple(Term(item.key, item.operator, item.values) for item in alternative)
        for alternative in needs.node_requirements
    )


def _count(
    at: Estimation, replicas: int, unknown: bool, scaled: tuple[float, float | None] | None
) -> tuple[Amount, float | None, Basis]:
    """How many pods on average, to begin with, and who says so."""
    if at.resource.kind in _FINITE:
        if at.inputs.flag("spec.suspend"):
            return exactly(0.0), 0.0, Basis.DECLARED
        hours, basis = at.usage("run_hours")
        return hours.times(replicas / HOURS_PER_MONTH), float(replicas), basis
    now = None if unknown else float(replicas)
    if scaled is None:
        count = between(0.0, float("inf")) if now is None else exactly(now)
        return count, now, Basis.BOUNDS if now is None else Basis.DECLARED
    low, high = scaled
    declared = at.inputs.has("spec.replicas") and now is not None
    start = min(max(now, low), high or low) if declared and now is not None else low
    expected = start if declared else None
    return between(low, low if high is None else high, expected), start, Basis.BOUNDS


# What scales them.


def _scaled_name(at: Estimation) -> tuple[str, str, str]:
    name = at.inputs.text("metadata.name") or at.resource.name
    return at.resource.kind.partition("/")[2], at.inputs.text("metadata.namespace"), name


def _scalers(facts: Facts) -> dict[tuple[str, str, str], tuple[float, float | None]]:
    """Bounds of replicas by what is scaled: kind, namespace, name."""
    found = {}
    for resource in facts.resources.values():
        if resource.kind in _SCALERS:
            inputs = resource.inputs
            target = (
                inputs.text("spec.scale_target_ref.kind", "Deployment"),
                inputs.text("metadata.namespace"),
                inputs.text("spec.scale_target_ref.name"),
            )
            found[target] = _bounds(inputs, resource.kind == _SCALERS[1])
    return found


def _bounds(inputs: Inputs, keda: bool) -> tuple[float, float | None]:
    if keda:
        low, high = inputs.number("spec.min_replica_count"), inputs.number("spec.max_replica_count")
        return low or 0.0, _KEDA_MOST if high is None else high
    low = inputs.number("spec.min_replicas")
    return 1.0 if low is None else low, inputs.number("spec.max_replicas")
