"""What an XR says of the GKE node pools to compose."""

from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.types import Count, Flag, ShortText
from trimtab.provision.gke.pools import Driver, PoolChoices
from trimtab.provision.pool_settings import Settings
from trimtab_functions.capacity.adapters.node_settings import MAX_PLACES, node_settings
from trimtab_functions.capacity.adapters.settings import CloudSettings

Zone = Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+\d+-[a-z]$")]


class GkeSettings(CloudSettings):
    """The cluster, and what is chosen for its pools; the same choices as `GkeCluster` of Pulumi has.

    Attributes:
        cluster: the cluster's name, or its whole id.
        location: the cluster's region or zone; None: the region.
        zones: of the nodes, unless a purchase or `pool_zones` says otherwise; none: the plan's.
        pool_zones, tpu_topologies, node_settings: by `<pool>` or `<pool>/<group>`.
        queued: pools or groups that come through ProvisioningRequests.
    """

    cluster: ShortText
    project: ShortText | None = None
    location: ShortText | None = None
    zones: Annotated[tuple[Zone, ...], Field(max_length=16)] = ()
    pool_zones: Annotated[
        dict[str, Annotated[tuple[Zone, ...], Field(min_length=1, max_length=16)]],
        Field(max_length=MAX_PLACES, default_factory=dict),
    ]
    tpu_topologies: Annotated[
        dict[str, ShortText], Field(max_length=MAX_PLACES, default_factory=dict)
    ]
    queued: Annotated[tuple[ShortText, ...], Field(max_length=MAX_PLACES)] = ()
    image_type: Literal["COS_CONTAINERD", "UBUNTU_CONTAINERD"] = "COS_CONTAINERD"
    gpu_driver: Driver = "default"
    volume_gib: Annotated[Count, Field(ge=20, le=16384)] = 100
    private_nodes: Flag = True
    service_account: ShortText | None = None
    disk_key: ShortText | None = None
    node_settings: Annotated[
        dict[str, dict[str, Any]], Field(max_length=MAX_PLACES, default_factory=dict)
    ]

    def choices(self, plan: CapacityPlan) -> PoolChoices:
        """What the cluster chooses for all of its pools."""
        return PoolChoices(
            zones=self.zones or plan.spec.site.zones,
            volume_gib=self.volume_gib,
            autoscaled=True,
            tags={},
            pool_zones=self.pool_zones,
            tpu_topologies=self.tpu_topologies,
            queued=frozenset(self.queued),
            driver=self.gpu_driver,
        )

    def of(self, pool: Pool, group: Group) -> Settings:
        """How a group's nodes are set up.

        Raises:
            InputError: a setting is unknown, wrong, or not for a composed pool.
        """
        return node_settings(self.node_settings, pool, group)
