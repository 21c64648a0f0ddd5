"""What a platform's module offers: an XR's spec and the plan in, composed resources out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trimtab.plan.model import CapacityPlan
from trimtab_functions.capacity.adapters.settings import SpecPart
from trimtab_functions.cluster import aws, edge, gcp, on_premises
from trimtab_functions.cluster.resources import Resource
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
        resources: of the XR's name, its spec, and the plan where one can be used.
    """

    spec: type[SpecPart]
    resources: Callable[[str, Any, CapacityPlan | None], list[Resource]]


PLATFORMS: dict[Platform, Composes] = {
    "AWS": Composes(AwsClusterSpec, aws.resources),
    "GCP": Composes(GcpClusterSpec, gcp.resources),
    "OnPremises": Composes(OnPremisesClusterSpec, on_premises.resources),
    "Edge": Composes(EdgeSiteSpec, edge.resources),
}
