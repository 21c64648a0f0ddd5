"""Cluster API: machines of the infrastructure object that a MachineDeployment or MachinePool names.

Facts of Cluster API 1.14 (v1beta1 and v1beta2) and of its providers of AWS, Azure and Google, 2026-11: what a
machine is, the infrastructure's template says; how many, `replicas` and the cluster autoscaler's annotations.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from trimtab.plan.labels import LABEL_PREFIX, POOL_LABEL, POOL_TAG
from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.cloud import Cloud, cloud_of
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.kubernetes.delegated import as_made
from trimtab.pricing.model import Basis, Gap, Nodes, Part
from trimtab.pricing.planned import mark_of
from trimtab.resources.inputs import as_number
from trimtab.resources.model import Resource

if TYPE_CHECKING:
    from trimtab.plan.model import PurchaseOption

_GROUP = "infrastructure.cluster.x-k8s.io"
_MIN = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"
_MAX = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"
_TYPES = f"{LABEL_PREFIX}instance-types"
_LABEL = "machines"


class _Shape(NamedTuple):
    """Where an infrastructure object says what a machine is."""

    provider: str
    instance_type: tuple[str, ...]
    spot: tuple[str, ...]


_SHAPES = {
    "AWSMachineTemplate": _Shape(
        "aws",
        ("spec.template.spec.instance_type",),
        ("spec.template.spec.spot_market_options", "spec.template.spec.market_type=Spot"),
    ),
    "AWSMachinePool": _Shape(
        "aws",
        ("spec.aws_launch_template.instance_type",),
        ("spec.aws_launch_template.spot_market_options",),
    ),
    "AWSManagedMachinePool": _Shape(
        "aws",
        ("spec.instance_type", "spec.aws_launch_template.instance_type"),
        ("spec.capacity_type=spot",),
    ),
    "AzureMachineTemplate": _Shape(
        "azure", ("spec.template.spec.vm_size",), ("spec.template.spec.spot_v_m_options",)
    ),
    "AzureMachinePool": _Shape(
        "azure", ("spec.template.vm_size",), ("spec.template.spot_v_m_options",)
    ),
    "AzureManagedMachinePool": _Shape("azure", ("spec.sku",), ("spec.scale_set_priority=Spot",)),
    "GCPMachineTemplate": _Shape(
        "gcp",
        ("spec.template.spec.instance_type",),
        ("spec.template.spec.preemptible=true", "spec.template.spec.provisioning_model=Spot"),
    ),
    "GCPManagedMachinePool": _Shape(
        "gcp", ("spec.machine_type", "spec.instance_type"), ("spec.spot=true",)
    ),
}


@estimates("cluster.x-k8s.io/MachineDeployment", "cluster.x-k8s.io/MachinePool")
def machine_deployment(at: Estimation) -> Iterator[Part]:
    """So many machines of its template, within its autoscaler's bounds."""
    yield _machines(at, "spec.template.spec.infrastructure_ref")


@estimates(
    "controlplane.cluster.x-k8s.io/KubeadmControlPlane",
    "controlplane.cluster.x-k8s.io/RKE2ControlPlane",
    "controlplane.cluster.x-k8s.io/KThreesControlPlane",
)
def control_plane(at: Estimation) -> Iterator[Part]:
    """Machines that run the control plane."""
    newer = "spec.machine_template.spec.infrastructure_ref"
    older = "spec.machine_template.infrastructure_ref"
    yield _machines(at, newer if at.inputs.has(newer) else older)


@estimates("cluster.x-k8s.io/Cluster")
def cluster(at: Estimation) -> Iterator[Part]:
    """Nothing by itself; of a class, the machines that its topology has made."""
    if at.inputs.has("spec.topology"):
        yield Gap(_LABEL, "what its ClusterClass makes is not read")


@estimates("controlplane.cluster.x-k8s.io/AWSManagedControlPlane")
def eks_control_plane(at: Estimation) -> Iterator[Part]:
    """An EKS cluster."""
    version = at.inputs.text("spec.version").removeprefix("v")
    inputs = {"version": ".".join(version.split(".")[:2])} if version else {}
    region = at.inputs.text("spec.region") or _region(at, "aws")
    yield from as_made(at, Cloud("aws", region), "aws_eks_cluster", inputs, "EKS cluster")


@estimates(
    "controlplane.cluster.x-k8s.io/AzureManagedControlPlane", f"{_GROUP}/AzureManagedControlPlane"
)
def aks_control_plane(at: Estimation) -> Iterator[Part]:
    """An AKS cluster."""
    inputs = {"sku_tier": at.inputs.text("spec.sku.tier", "Free").removesuffix("ManagedCluster")}
    region = at.inputs.text("spec.location") or _region(at, "azure")
    yield from as_made(
        at, Cloud("azure", region), "azurerm_kubernetes_cluster", inputs, "AKS cluster"
    )


@estimates(
    "controlplane.cluster.x-k8s.io/GCPManagedControlPlane", f"{_GROUP}/GCPManagedControlPlane"
)
def gke_control_plane(at: Estimation) -> Iterator[Part]:
    """A GKE cluster."""
    inputs = {
        "enable_autopilot": at.inputs.flag("spec.enable_autopilot"),
        "remove_default_node_pool": True,
        "location": at.inputs.text("spec.location"),
    }
    region = at.inputs.text("spec.location") or _region(at, "gcp")
    yield from as_made(at, Cloud("gcp", region), "google_container_cluster", inputs, "GKE cluster")


def _machines(at: Estimation, path: str) -> Nodes | Gap:
    kind = at.inputs.text(f"{path}.kind")
    template = _template(at, path, kind)
    shape = _SHAPES.get(kind)
    count, now, basis = _count(at, template)
    if count is None:
        return Gap(_LABEL, "how many is known only once it is deployed")
    types = _instance_types(at, template, shape)
    provider = shape.provider if shape else ""
    region = (template.region if template else None) or at.resource.region
    return Nodes(
        _LABEL,
        types,
        count,
        now=now,
        option=_option(template, shape),
        basis=basis,
        provider=provider,
        region=region or _region(at, provider) or "",
        pool=mark_of(at.resource, POOL_TAG, POOL_LABEL) or "",
        note=""
        if template or types
        else f"{kind or 'its infrastructure'} is not among the resources",
    )


def _template(at: Estimation, path: str, kind: str) -> Resource | None:
    name = at.inputs.text(f"{path}.name")
    spaces = (at.inputs.text(f"{path}.namespace"), at.inputs.text("metadata.namespace"), "")
    ids = (f"{_GROUP}/{kind}/{space}/{name}" for space in spaces)
    return next((at.facts.by_id[each] for each in ids if each in at.facts.by_id), None)


def _instance_types(
    at: Estimation, template: Resource | None, shape: _Shape | None
) -> tuple[str, ...]:
    if template is not None and shape is not None:
        stated = (template.inputs.text(path) for path in shape.instance_type)
        found = next((name for name in stated if name), "")
        if found:
            return (found,)
    listed = str(_annotations(at.resource).get(_TYPES, ""))
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def _option(template: Resource | None, shape: _Shape | None) -> "PurchaseOption":
    if template is None or shape is None:
        return "on-demand"
    for condition in shape.spot:
        path, _, wanted = condition.partition("=")
        value = template.inputs.get(path)
        if value == {} or (value is not None and not wanted):
            return "spot"
        if wanted and str(value).lower() == wanted.lower():
            return "spot"
    return "on-demand"


def _count(at: Estimation, template: Resource | None) -> tuple[Amount | None, float | None, Basis]:
    """How many, to begin with, and who says so: one, where nobody does."""
    notes = _annotations(at.resource)
    low, high = as_number(notes.get(_MIN)), as_number(notes.get(_MAX))
    if template is not None and (low is None or high is None):
        low = template.inputs.number("spec.scaling.min_size")
        high = template.inputs.number("spec.scaling.max_size")
    replicas = at.inputs.number("spec.replicas")
    if replicas is None and not at.inputs.unknown("spec.replicas"):
        replicas = 1.0 if low is None else low
    if low is not None and high is not None:
        return between(low, high, replicas), replicas, Basis.DECLARED
    if replicas is None:
        return None, None, Basis.BOUNDS
    return exactly(replicas), replicas, Basis.DECLARED


def _annotations(resource: Resource) -> Mapping[str, object]:
    found = resource.inputs.get("metadata.annotations")
    return found if isinstance(found, Mapping) else {}


def _region(at: Estimation, provider: str) -> str | None:
    around = cloud_of(at.facts)
    if around is not None and around.provider == provider:
        return around.region
    return at.facts.settings.regions.get(provider)
