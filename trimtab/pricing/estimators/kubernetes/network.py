"""Load balancers that Services, Ingresses and Gateways have their cloud make."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from trimtab.pricing.cloud import Cloud, cloud_of
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.kubernetes.delegated import as_made
from trimtab.pricing.model import Gap, PaidElsewhere, Part

_LABEL = "load balancer"
_ALB_GROUP = "alb.ingress.kubernetes.io/group.name"
_AWS_TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
_AZURE_INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
_TYPE = "LoadBalancer"
_RULES = 5
"""Rules that are paid for with an Azure load balancer."""
_IN_CLUSTER = ("nginx", "traefik", "haproxy", "istio", "kong", "contour", "cilium", "envoy")
"""Classes of controllers that run in pods: what they cost is their own Service's load balancer."""


@estimates("core/Service")
def service(at: Estimation) -> Iterator[Part]:
    """A load balancer of its cloud, where its type asks for one."""
    if at.inputs.unknown("spec.type"):
        yield Gap(_LABEL, "its type is known only once it is deployed")
    if at.inputs.text("spec.type") != _TYPE:
        return
    found = at.inputs.get("metadata.annotations")
    notes = found if isinstance(found, Mapping) else {}
    cloud = cloud_of(at.facts)
    match cloud.provider if cloud else "":
        case "aws":
            assert cloud is not None  # noqa: S101 - its provider was matched
            wanted = str(notes.get(_AWS_TYPE, ""))
            own = at.inputs.has("spec.load_balancer_class")
            if own or wanted.startswith(("nlb", "external")):
                inputs = {"load_balancer_type": "network"}
                yield from as_made(at, cloud, "aws_lb", inputs, _LABEL)
            else:
                yield from as_made(at, cloud, "aws_elb", {}, _LABEL)
        case "azure":
            assert cloud is not None  # noqa: S101
            yield from _azure_rules(at, cloud, notes)
        case "gcp":
            assert cloud is not None  # noqa: S101
            yield from as_made(at, cloud, "google_compute_forwarding_rule", {}, _LABEL)
        case _:
            yield Gap(_LABEL, "the cloud that makes it is not known")


def _azure_rules(at: Estimation, cloud: Cloud, notes: Mapping[str, object]) -> Iterator[Part]:
    """An AKS cluster's Services share one load balancer: the first has it, with five rules; each has its
    ports as rules, and an address of its own."""
    made = replace(at.resource, kind="azurerm_lb", region=cloud.region)
    there = Estimation(made, at.facts)
    start, end = at.facts.once(_azure_ports).get(at.resource.key, (0, 1))
    if at.facts.once(_aks_brings_one):
        yield PaidElsewhere("the cluster's load balancer, which is paid for with the cluster")
    elif start == 0:
        yield there.charge(_LABEL, "azure/lb/standard", note="the cluster's, with up to five rules")
    beyond = max(end - _RULES, 0) - max(start - _RULES, 0)
    if beyond:
        yield there.charge(f"{_LABEL}: rules beyond five", "azure/lb/rule", float(beyond))
    yield from there.used(f"{_LABEL}: data processed", "azure/lb/data", "data_processed_gb")
    if str(notes.get(_AZURE_INTERNAL, "")).lower() != "true":
        yield there.charge(f"{_LABEL}: public IPv4 address", "azure/public-ip/standard")


def _aks_brings_one(facts: Facts) -> bool:
    """Whether an AKS cluster of the estate has the load balancer that Services share."""
    clusters = [
        each.inputs
        for each in facts.resources.values()
        if each.kind == "azurerm_kubernetes_cluster"
    ]
    if not clusters:
        return False
    from trimtab.pricing.estimators.azure.aks import has_load_balancer

    return any(has_load_balancer(inputs) for inputs in clusters)


def _azure_ports(facts: Facts) -> dict[str, tuple[int, int]]:
    """By key of each Service with a load balancer, its ports among those of all: from and to."""
    found: dict[str, tuple[int, int]] = {}
    count = 0
    for key in sorted(facts.resources):
        resource = facts.resources[key]
        if resource.kind == "core/Service" and resource.inputs.text("spec.type") == _TYPE:
            ports = max(resource.inputs.length("spec.ports") or 1, 1)
            found[key] = (count, count + ports)
            count += ports
    return found


@estimates("networking.k8s.io/Ingress")
def ingress(at: Estimation) -> Iterator[Part]:
    """A load balancer of its own, or a rule of a controller that runs in pods."""
    found = at.inputs.get("metadata.annotations")
    notes = found if isinstance(found, Mapping) else {}
    name = at.inputs.text("spec.ingress_class_name") or str(
        notes.get("kubernetes.io/ingress.class", "")
    )
    group = notes.get(_ALB_GROUP)
    if group and at.facts.once(_first_of_groups).get(str(group)) != at.resource.key:
        yield PaidElsewhere(f"a rule of the load balancer of group {group}")
        return
    yield from _by_class(at, name)


@estimates("gateway.networking.k8s.io/Gateway")
def gateway(at: Estimation) -> Iterator[Part]:
    """A load balancer of its own, by its class."""
    yield from _by_class(at, at.inputs.text("spec.gateway_class_name"))


def _by_class(at: Estimation, name: str) -> Iterator[Part]:
    cloud = cloud_of(at.facts)
    if any(each in name for each in _IN_CLUSTER):
        yield PaidElsewhere(f"a rule of the {name} controller, whose own Service is paid for")
    elif cloud is None:
        yield Gap(_LABEL, "the cloud that makes it is not known")
    elif cloud.provider == "aws" and ("alb" in name or "aws" in name):
        kind = "network" if "nlb" in name else "application"
        yield from as_made(at, cloud, "aws_lb", {"load_balancer_type": kind}, _LABEL)
    elif cloud.provider == "gcp" and (not name or name.startswith("g")):
        yield from as_made(at, cloud, "google_compute_global_forwarding_rule", {}, _LABEL)
    elif cloud.provider == "azure" and "azure" in name:
        yield Gap(_LABEL, "by the Application Gateway that its controller is given")
    else:
        yield Gap(_LABEL, f"what class {name or '(the default)'} makes is not known")


def _first_of_groups(facts: Facts) -> dict[str, str]:
    """By group of Ingresses, the key of its first: the one that its load balancer is counted with."""
    found: dict[str, str] = {}
    for key in sorted(facts.resources):
        resource = facts.resources[key]
        if resource.kind == "networking.k8s.io/Ingress":
            notes = resource.inputs.get("metadata.annotations")
            if isinstance(notes, Mapping) and notes.get(_ALB_GROUP):
                found.setdefault(str(notes[_ALB_GROUP]), key)
    return found
