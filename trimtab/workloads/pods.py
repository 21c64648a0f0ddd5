"""Pod specs: what one replica asks of a node.

Follows the scheduler's arithmetic: a request defaults to its limit; a pod's request is the larger of
its running containers (sidecars included) and of its hungriest moment while init containers run; a
pod-level request and the runtime's overhead count. What a plan cannot honour is returned as a note,
never dropped in silence.
"""

from dataclasses import dataclass
from fractions import Fraction

from trimtab.catalogue.accelerators import accelerator_resource
from trimtab.documents import Field
from trimtab.workloads.labels import OPERATORS
from trimtab.workloads.model import NodeRequirement, Toleration
from trimtab.workloads.quantity import parse_quantity

_EFFECTS = ("", "NoSchedule", "PreferNoSchedule", "NoExecute")
_ZERO = Fraction(0)
_NATIVE = ("cpu", "memory", "ephemeral-storage")


@dataclass(frozen=True)
class PodNeeds:
    """What one pod asks for.

    Attributes:
        requests: amount by resource name, in Kubernetes' base units (cores, bytes, devices).
        node_selector: the nodeSelector's pairs.
        node_requirements: required node affinity, terms OR-ed.
        tolerations: as written.
        volumes: names of the PersistentVolumeClaims mounted.
        priority_class: priorityClassName, or empty.
        notes: what was read and cannot be honoured.
    """

    requests: dict[str, Fraction]
    node_selector: tuple[tuple[str, str], ...] = ()
    node_requirements: tuple[tuple[NodeRequirement, ...], ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    volumes: tuple[str, ...] = ()
    priority_class: str = ""
    notes: tuple[str, ...] = ()


def read_pod(spec: Field) -> PodNeeds:
    """The needs of the pod spec at this field.

    Raises:
        InputError: there are no containers, or a field is malformed.
    """
    if not list(spec["containers"].items()):
        spec["containers"].fail("is missing or empty", "a pod needs at least one container")
    return PodNeeds(
        requests=_requests(spec),
        node_selector=read_selector(spec["nodeSelector"]),
        node_requirements=read_terms(_affinity(spec)["nodeSelectorTerms"]),
        tolerations=tuple(_toleration(item) for item in spec["tolerations"].items()),
        volumes=tuple(_claims(spec)),
        priority_class=spec["priorityClassName"].text(),
        notes=tuple(_notes(spec)),
    )


def read_selector(field: Field) -> tuple[tuple[str, str], ...]:
    """A nodeSelector's pairs, in its order."""
    return tuple((key, value.text()) for key, value in field.fields())


def read_terms(field: Field) -> tuple[tuple[NodeRequirement, ...], ...]:
    """Required node affinity: its terms with their expressions.

    Raises:
        InputError: an operator or its values are wrong, or no term can ever match.
    """
    terms = tuple(
        tuple(_requirement(item) for item in term["matchExpressions"].items())
        for term in field.items()
    )
    if field.present and not any(terms):
        field.fail("no term has matchExpressions, so it matches no node", "add one, or remove it")
    return tuple(term for term in terms if term)


def _requirement(item: Field) -> NodeRequirement:
    operator = item["operator"].text()
    if operator not in OPERATORS:
        item["operator"].fail(f"unknown operator {operator!r}", f"use {', '.join(OPERATORS)}")
    key = item["key"].text() or item["key"].fail("is missing")
    values = tuple(value.text() for value in item["values"].items())
    if (operator in ("In", "NotIn")) != bool(values) and operator not in ("Gt", "Lt"):
        wanted = "at least one value" if operator in ("In", "NotIn") else "no values"
        item["values"].fail(f"operator {operator} takes {wanted}")
    if operator in ("Gt", "Lt") and not (len(values) == 1 and values[0].lstrip("-").isdigit()):
        item["values"].fail(f"operator {operator} takes one whole number", 'write ["8"]')
    return NodeRequirement(key, operator, values)


def _affinity(spec: Field) -> Field:
    return spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]


def _toleration(item: Field) -> Toleration:
    operator, effect = item["operator"].text("Equal"), item["effect"].text()
    if operator not in ("Equal", "Exists"):
        item["operator"].fail(f"unknown operator {operator!r}", "use Equal or Exists")
    if effect not in _EFFECTS:
        item["effect"].fail(f"unknown effect {effect!r}", f"use {', '.join(_EFFECTS[1:])}")
    return Toleration(item["key"].text(), operator, item["value"].text(), effect)


def _claims(spec: Field) -> list[str]:
    sources = (volume["persistentVolumeClaim"] for volume in spec["volumes"].items())
    return [source["claimName"].text() for source in sources if source.present]


# Requests.


def _requests(spec: Field) -> dict[str, Fraction]:
    running: dict[str, Fraction] = {}
    for container in spec["containers"].items():
        running = _sum(running, container_requests(container["resources"]))
    sidecars: dict[str, Fraction] = {}
    peak: dict[str, Fraction] = {}
    for container in spec["initContainers"].items():
        asked = container_requests(container["resources"])
        if container["restartPolicy"].text() == "Always":
            sidecars = _sum(sidecars, asked)
            peak = _largest(peak, sidecars)
        else:
            peak = _largest(peak, _sum(sidecars, asked))
    total = _largest(_sum(running, sidecars), peak)
    whole_pod = container_requests(spec["resources"])
    total |= {name: whole_pod[name] for name in ("cpu", "memory") if name in whole_pod}
    return _sum(total, {name: _quantity(item) for name, item in spec["overhead"].fields()})


def _sum(left: dict[str, Fraction], right: dict[str, Fraction]) -> dict[str, Fraction]:
    return {name: left.get(name, _ZERO) + right.get(name, _ZERO) for name in left | right}


def _largest(left: dict[str, Fraction], right: dict[str, Fraction]) -> dict[str, Fraction]:
    return {name: max(left.get(name, _ZERO), right.get(name, _ZERO)) for name in left | right}


def container_requests(resources: Field) -> dict[str, Fraction]:
    """What one container requests by resource name; a limit stands in for a missing request.

    Raises:
        InputError: a quantity is malformed, a request exceeds its limit, or an extended resource is
            unknown, asked for in parts, or in unequal request and limit.
    """
    limits = {name: _quantity(item) for name, item in resources["limits"].fields()}
    requests = dict(limits)
    for name, item in resources["requests"].fields():
        requests[name] = _quantity(item)
        limit = limits.get(name)
        if limit is not None and requests[name] > limit:
            item.fail(f"request {item.value} exceeds the limit", "raise the limit")
        if "/" in name and limit is not None and requests[name] != limit:
            item.fail("request and limit of an extended resource differ", "make them equal")
    for part in ("limits", "requests"):
        for name, item in resources[part].fields():
            with item.located():
                accelerator_resource(name)
            if "/" in name and _quantity(item).denominator != 1:
                item.fail(f"{item.value} is not a whole number of {name}", "ask for whole devices")
    return requests


def _quantity(field: Field) -> Fraction:
    try:
        return parse_quantity(field.value)
    except ValueError as error:
        field.fail(str(error))


# Notes.


def _notes(spec: Field) -> list[str]:
    node_affinity = spec["affinity"]["nodeAffinity"]
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    notes = []
    if list(node_affinity[preferred].items()):
        notes.append("preferred node affinity does not narrow the offers")
    terms = node_affinity[required]["nodeSelectorTerms"].items()
    if any(term["matchFields"].present for term in terms):
        notes.append("node affinity on matchFields names existing nodes and is not read")
    if list(spec["affinity"]["podAntiAffinity"][required].items()):
        notes.append("required podAntiAffinity is not modelled: fewer replicas may fit a node")
    if list(spec["resourceClaims"].items()):
        notes.append("resourceClaims (dynamic resource allocation) are not read")
    return notes


def unchecked_resources(requests: dict[str, Fraction], read: set[str]) -> list[str]:
    """Extended resources that no price table states, such as vpc.amazonaws.com/efa."""
    return sorted(
        name
        for name, amount in requests.items()
        if amount and name not in _NATIVE and name not in read
    )
