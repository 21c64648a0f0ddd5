"""What an XR says of the AKS node pools to compose."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.types import Count, Name, ShortText
from trimtab.provision.aks.pools import Driver, PoolChoices
from trimtab.provision.aks.tags import check_azure_tags
from trimtab.provision.pool_settings import Settings
from trimtab.provision.sized_groups import check_tags
from trimtab_functions.capacity.adapters.node_settings import MAX_PLACES, node_settings
from trimtab_functions.capacity.adapters.settings import XR_SPEC, CloudSettings

AzureId = Annotated[str, Field(pattern=r"^/subscriptions/.+", max_length=1024)]


class AksSettings(CloudSettings):
    """The cluster, and what is chosen for its pools; the same choices as `AksCluster` of Pulumi has.

    Attributes:
        cluster_id: the cluster's id in Azure.
        cluster_name: or else the name of its KubernetesCluster beside the XR.
        zones: of the nodes, unless a purchase or `pool_zones` says otherwise; none: the plan's, or
            else Azure's choice.
        pool_zones, node_settings: by `<pool>` or `<pool>/<group>`.
    """

    cluster_id: AzureId | None = None
    cluster_name: Name | None = None
    subnet_id: AzureId | None = None
    kubernetes_version: ShortText | None = None
    zones: Annotated[tuple[ShortText, ...], Field(max_length=8)] = ()
    pool_zones: Annotated[
        dict[str, Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=8)]],
        Field(max_length=MAX_PLACES, default_factory=dict),
    ]
    os_sku: Literal["Ubuntu", "AzureLinux"] = "Ubuntu"
    gpu_driver: Driver = "default"
    volume_gib: Annotated[Count, Field(ge=30, le=2048)] = 128
    tags: Annotated[dict[str, str], Field(max_length=50, default_factory=dict)]
    node_settings: Annotated[
        dict[str, dict[str, Any]], Field(max_length=MAX_PLACES, default_factory=dict)
    ]

    @model_validator(mode="after")
    def _one_cluster(self) -> Self:
        if (self.cluster_id is None) == (self.cluster_name is None):
            raise ValueError("give clusterId or clusterName, and one of them")
        return self

    def choices(self, plan: CapacityPlan) -> PoolChoices:
        """What the cluster chooses for all of its pools.

        Raises:
            InputError: a tag is Trimtab's own, or none that Azure takes.
        """
        check_tags(self.tags, XR_SPEC)
        check_azure_tags(self.tags, XR_SPEC)
        return PoolChoices(
            region=self.region,
            zones=self.zones or plan.spec.site.zones,
            volume_gib=self.volume_gib,
            autoscaled=True,
            driver=self.gpu_driver,
            tags=self.tags,
            pool_zones=self.pool_zones,
        )

    def of(self, pool: Pool, group: Group) -> Settings:
        """How a group's nodes are set up.

        Raises:
            InputError: a setting is unknown or wrong, or needs what this function does not compose.
        """
        found = node_settings(self.node_settings, pool, group)
        if found.placement_group:
            raise InputError(
                "placementGroup: this function composes no proximity placement group",
                where=f"{XR_SPEC}.nodeSettings: {pool.name}/{group.name}",
                mend="drop it, or give a template with proximityPlacementGroupId",
            )
        return found
