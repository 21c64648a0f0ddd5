"""A GKE cluster's own network: a VPC with one subnetwork, ranges for pods and services, Cloud NAT.

Cloud NAT costs by the hour for every machine that it serves, and by what goes through; it needs no
machine of its own and serves all zones of a region. Google's APIs are reached without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from trimtab.provision.gke.clusters import (
    DEFAULT_CIDR,
    DEFAULT_PODS_CIDR,
    DEFAULT_SERVICES_CIDR,
    PODS_RANGE,
    SERVICES_RANGE,
)
from trimtab_components.gke.arguments import GkeSettings


@dataclass(frozen=True)
class GkeNetwork:
    """Where the cluster stands.

    Attributes:
        pods_range, services_range: names of secondary ranges; None where GKE makes them.
        ready: what nodes need to reach out.
    """

    network: pulumi.Input[str]
    subnetwork: pulumi.Input[str]
    pods_range: str | None
    services_range: str | None
    ready: tuple[pulumi.Resource, ...] = ()


def existing_network(settings: GkeSettings) -> GkeNetwork:
    """The network that the arguments name."""
    return GkeNetwork(
        settings.network, settings.subnetwork, settings.pods_range, settings.services_range
    )


def own_network(
    name: str,
    settings: GkeSettings,
    project: str,
    region: str,
    parent: pulumi.Resource,
    after: Sequence[Any] = (),
) -> GkeNetwork:
    """A network made for the cluster, after what must stand first."""
    child = pulumi.ResourceOptions(parent=parent, depends_on=list(after))
    network = gcp.compute.Network(
        f"{name}-network",
        project=project,
        auto_create_subnetworks=False,
        routing_mode="REGIONAL",
        opts=child,
    )
    subnetwork = gcp.compute.Subnetwork(
        f"{name}-nodes",
        project=project,
        region=region,
        network=network.id,
        ip_cidr_range=settings.cidr or DEFAULT_CIDR,
        private_ip_google_access=True,
        secondary_ip_ranges=[
            gcp.compute.SubnetworkSecondaryIpRangeArgs(range_name=range_name, ip_cidr_range=block)
            for range_name, block in (
                (PODS_RANGE, settings.pods_cidr or DEFAULT_PODS_CIDR),
                (SERVICES_RANGE, settings.services_cidr or DEFAULT_SERVICES_CIDR),
            )
        ],
        opts=child,
    )
    ready: list[pulumi.Resource] = []
    if settings.private_nodes and settings.nat != "none":
        router = gcp.compute.Router(
            f"{name}-router", project=project, region=region, network=network.id, opts=child
        )
        ready.append(
            gcp.compute.RouterNat(
                f"{name}-nat",
                project=project,
                region=region,
                router=router.name,
                nat_ip_allocate_option="AUTO_ONLY",
                source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
                subnetworks=[
                    gcp.compute.RouterNatSubnetworkArgs(
                        name=subnetwork.id, source_ip_ranges_to_nats=["ALL_IP_RANGES"]
                    )
                ],
                opts=child,
            )
        )
    return GkeNetwork(network.id, subnetwork.id, PODS_RANGE, SERVICES_RANGE, tuple(ready))
