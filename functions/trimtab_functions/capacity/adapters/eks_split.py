"""An EKS node group that is split from a template of its whole pool: what it needs beside it.

Pure. A template states no settings for launch templates, and need not: a group on demand or on spot has
none, and one that holds a reservation or a capacity block gets one with what the plan says and the
defaults of `EksSettings`. The template may know its cluster and subnets by selectors alone, so a launch
template has no name here, which would have to be a region's; AWS's provider chooses one, and the node group
waits for its id.
"""

from dataclasses import replace

from trimtab.plan.eks import AmiFamily
from trimtab.plan.labels import LABEL_PREFIX
from trimtab.plan.model import CapacityPlan, Group, Pool, purchase_zone
from trimtab.provision.eks.groups import OpenCapacity, capacity_of
from trimtab_functions.capacity.adapters.eks_settings import (
    FIRST_VERSION,
    ComposedGroup,
    EksSettings,
    composed_group,
)
from trimtab_functions.capacity.adapters.managed import for_provider
from trimtab_functions.capacity.documents import (
    Document,
    count,
    mapping,
    replaced,
    section,
    text,
)

ZONE_LABEL = "trimtab.dev/zone"
"""On a composed Subnet: its zone. A selector of the template's that has labels of this domain is taken to
be for subnets that have this one too."""

_SELECTOR = ("spec", "forProvider", "subnetIdSelector")
_UNSAID = "-"
"""What a template states by references, and a launch template does not need."""


def split_group(
    document: Document, family: AmiFamily, plan: CapacityPlan, pool: Pool, group: Group
) -> ComposedGroup | None:
    """What a group becomes that must name its capacity; None where it need not.

    Args:
        document: the pool's template.
        family: of its image.

    Raises:
        InputError: EKS can't provision it.
    """
    if isinstance(capacity_of(group, f"{pool.name}/{group.name}"), OpenCapacity):
        return None
    stated = for_provider(document)
    zone = purchase_zone(group.purchase)
    settings = EksSettings(
        region=text(stated.get("region")) or plan.spec.site.region,
        cluster_name=_UNSAID,
        node_role_arn=_UNSAID,
        subnet_ids=(_UNSAID,),
        zone_subnet_ids={zone: _UNSAID} if zone else {},
        ami_family=family,
        volume_gib=count(stated.get("diskSize")) or None,
        tags=_own_tags(stated.get("tags")),
    )
    return replace(composed_group(settings, plan, pool, group), name=None)


def templated(document: Document) -> Document:
    """The node group with a launch template to be told of, which then says the volume in its place."""
    provider = {k: v for k, v in for_provider(document).items() if k != "diskSize"}
    provider["launchTemplate"] = {"version": FIRST_VERSION}
    return replaced(document, ("spec", "forProvider"), provider)


def _own_tags(stated: object) -> dict[str, str]:
    """A template's tags without those that are set from the plan."""
    tags = {key: str(value) for key, value in mapping(stated).items()}
    return {k: v for k, v in tags.items() if k != "managed-by" and not k.startswith("trimtab:")}


def in_zone(document: Document, zone: str | None) -> Document:
    """The node group with subnets of one zone alone, where its selector can tell them."""
    labels = section(document, *_SELECTOR, "matchLabels")
    if zone is None or not any(key.startswith(LABEL_PREFIX) for key in labels):
        return document
    return replaced(document, (*_SELECTOR, "matchLabels"), {**labels, ZONE_LABEL: zone})
