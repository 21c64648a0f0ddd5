"""What a platform's module offers: an XR's spec and the plan in, composed resources out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.plan.model import CapacityPlan
from trimtab_functions.capacity.adapters.settings import SpecPart
from trimtab_functions.capacity.documents import Document
from trimtab_functions.cluster import aws, edge, gcp, on_premises
from trimtab_functions.cluster.resources import Owner, Resource
from trimtab_functions.cluster.settings import (
    AwsClusterSpec,
    EdgeSiteSpec,
    GcpClusterSpec,
    OnPremisesClusterSpec,
    Platform,
)


@dataclass(frozen=True)
class Composes:
    """A platform.

    Attributes:
        spec: the fields of the XR's spec that it reads.
        resources: of the XR, its spec, and the plan where one can be used.
        found: name and endpoint, of the XR's name, its spec, and what exists by key.
        pools_alone: of its spec, whether the pools' nodes are all that the cluster has.
    """

    spec: type[SpecPart]
    resources: Callable[[Owner, Any, CapacityPlan | None], list[Resource]]
    found: Callable[[str, Any, Mapping[str, Document]], dict[str, str]]
    pools_alone: Callable[[Any], bool]


PLATFORMS: dict[Platform, Composes] = {
    "AWS": Composes(AwsClusterSpec, aws.resources, aws.found, lambda _: True),
    "GCP": Composes(GcpClusterSpec, gcp.resources, gcp.found, lambda _: True),
    "OnPremises": Composes(
        OnPremisesClusterSpec,
        on_premises.resources,
        on_premises.found,
        lambda spec: spec.on_premises.cluster_api is not None,
    ),
    "Edge": Composes(EdgeSiteSpec, edge.resources, edge.found, lambda _: False),
}
