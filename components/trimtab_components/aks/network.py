"""An AKS cluster's own network: a virtual network with one subnet, and a NAT gateway if chosen.

A NAT gateway costs by the hour and by what goes through. Without one the cluster's load balancer leads
out, with fewer connections at once.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure as azure

from trimtab_components.aks.arguments import DEFAULT_CIDR, AksSettings


@dataclass(frozen=True)
class AksNetwork:
    """Where the nodes stand.

    Attributes:
        outbound: AKS's word for the way out.
        ready: what nodes need to reach out.
        address: by which nodes come to the API server's public endpoint, as far as it is known here;
            AKS lets in its own load balancer's by itself.
    """

    subnet_id: pulumi.Input[str]
    outbound: str
    ready: tuple[pulumi.Resource, ...] = ()
    address: pulumi.Output[str] | None = None


def own_network(
    name: str,
    settings: AksSettings,
    group: pulumi.Input[str],
    region: str,
    tags: dict[str, str],
    parent: pulumi.Resource,
    after: Sequence[Any] = (),
) -> AksNetwork:
    """A network made for the cluster, after what must stand first."""
    child = pulumi.ResourceOptions(parent=parent, depends_on=list(after))
    block = str(ipaddress.ip_network(settings.cidr or DEFAULT_CIDR))
    network = azure.network.VirtualNetwork(
        f"{name}-network",
        resource_group_name=group,
        location=region,
        address_spaces=[block],
        tags=tags,
        opts=child,
    )
    subnet = azure.network.Subnet(
        f"{name}-nodes",
        resource_group_name=group,
        virtual_network_name=network.name,
        address_prefixes=[block],
        opts=child,
    )
    if settings.nat == "none":
        return AksNetwork(subnet.id, "loadBalancer")
    address = azure.network.PublicIp(
        f"{name}-nat",
        resource_group_name=group,
        location=region,
        allocation_method="Static",
        sku="Standard",
        tags=tags,
        opts=child,
    )
    gateway = azure.network.NatGateway(
        f"{name}-nat",
        resource_group_name=group,
        location=region,
        sku_name="Standard",
        tags=tags,
        opts=child,
    )
    joined = azure.network.NatGatewayPublicIpAssociation(
        f"{name}-nat", nat_gateway_id=gateway.id, public_ip_address_id=address.id, opts=child
    )
    used = azure.network.SubnetNatGatewayAssociation(
        f"{name}-nat", subnet_id=subnet.id, nat_gateway_id=gateway.id, opts=child
    )
    return AksNetwork(subnet.id, "userAssignedNATGateway", (joined, used), address.ip_address)
