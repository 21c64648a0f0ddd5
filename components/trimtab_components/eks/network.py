"""A cluster's own network: a VPC with a public and a private subnet in each zone.

Nodes stand in the private subnets and reach out through NAT gateways; each NAT gateway costs by the
hour, so their number is a choice: one a zone survives a zone's loss, one in all is cheapest, and
with none the nodes stand in the public subnets. S3 (where image layers are) is reached through a
gateway endpoint, which costs nothing and keeps that traffic off the NAT gateways.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from trimtab.errors import InputError
from trimtab_components.arguments import Arguments, checked
from trimtab_components.eks.subnets import MAX_ZONES, zone_subnets

Nat = Literal["none", "single", "per-zone"]
DEFAULT_CIDR = "10.0.0.0/16"


class NetworkArgs(TypedDict):
    """What the network is made from."""

    region: str
    """The AWS region, for example us-east-1."""
    zones: list[str]
    """Availability zones, one public and one private subnet in each; EKS needs two at least."""
    cidr: NotRequired[str]
    """The VPC's IPv4 block, /16 to /22; default 10.0.0.0/16."""
    nat: NotRequired[str]
    """NAT gateways: none, single (the default) or per-zone."""
    tags: NotRequired[dict[str, str]]
    """Tags of every resource."""


class _Checked(Arguments):
    region: str
    zones: Annotated[tuple[str, ...], Field(min_length=2, max_length=MAX_ZONES)]
    cidr: str = DEFAULT_CIDR
    nat: Nat = "single"
    tags: dict[str, str] = Field(default_factory=dict)


class Network(pulumi.ComponentResource):
    """A VPC with public and private subnets in each zone, and a choice of NAT gateways."""

    vpc_id: pulumi.Output[str]
    """The VPC's id."""
    node_subnet_ids: pulumi.Output[list[str]]
    """Subnets for nodes: the private ones, or with nat none the public ones."""
    subnet_ids: pulumi.Output[list[str]]
    """All subnets."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `NetworkArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong.
        """
        where = f'Network "{name}"'
        settings = checked(_Checked, args, where)
        for zone in settings.zones:
            if zone[:-1] != settings.region:
                raise InputError(
                    f"zones: {zone} is not in {settings.region}",
                    where=where,
                    mend=f"give zones such as {settings.region}a",
                )
        subnets = zone_subnets(settings.cidr, settings.zones)
        super().__init__("trimtab:index:Network", name, {}, opts)
        self._name, self._tags = name, settings.tags

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=settings.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._named("vpc"),
            opts=self._child(),
        )
        gateway = aws.ec2.InternetGateway(
            f"{name}-igw", vpc_id=vpc.id, tags=self._named("igw"), opts=self._child()
        )
        outward = self._route_table("public", vpc, gateway_id=gateway.id)
        tables = [outward]
        public, private = [], []
        nat: aws.ec2.NatGateway | None = None
        inward: aws.ec2.RouteTable | None = None
        for each in subnets:
            letter = each.zone[-1]
            public.append(self._subnet(vpc, each.zone, each.public, outward, public=True))
            if settings.nat == "none":
                continue
            if nat is None or inward is None or settings.nat == "per-zone":
                suffix = f"-{letter}" if settings.nat == "per-zone" else ""
                nat = self._nat(suffix, public[-1], gateway)
                inward = self._route_table(f"private{suffix}", vpc, nat_gateway_id=nat.id)
                tables.append(inward)
            private.append(self._subnet(vpc, each.zone, each.private, inward, public=False))
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{settings.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags=self._named("s3"),
            opts=self._child(),
        )

        self.vpc_id = vpc.id
        self.node_subnet_ids = pulumi.Output.all(*[each.id for each in private or public])
        self.subnet_ids = pulumi.Output.all(*[each.id for each in [*public, *private]])
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "node_subnet_ids": self.node_subnet_ids,
                "subnet_ids": self.subnet_ids,
            }
        )

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _named(self, part: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**self._tags, "Name": f"{self._name}-{part}", **(more or {})}

    def _subnet(
        self,
        vpc: aws.ec2.Vpc,
        zone: str,
        cidr: str,
        table: aws.ec2.RouteTable,
        *,
        public: bool,
    ) -> aws.ec2.Subnet:
        part = f"{'public' if public else 'private'}-{zone[-1]}"
        # Load balancers are placed by these tags.
        role = "kubernetes.io/role/elb" if public else "kubernetes.io/role/internal-elb"
        subnet = aws.ec2.Subnet(
            f"{self._name}-{part}",
            vpc_id=vpc.id,
            availability_zone=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=public,
            tags=self._named(part, {role: "1"}),
            opts=self._child(),
        )
        aws.ec2.RouteTableAssociation(
            f"{self._name}-{part}",
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=self._child(),
        )
        return subnet

    def _nat(
        self, suffix: str, subnet: aws.ec2.Subnet, gateway: aws.ec2.InternetGateway
    ) -> aws.ec2.NatGateway:
        address = aws.ec2.Eip(
            f"{self._name}-nat{suffix}",
            domain="vpc",
            tags=self._named(f"nat{suffix}"),
            opts=self._child([gateway]),
        )
        return aws.ec2.NatGateway(
            f"{self._name}-nat{suffix}",
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags=self._named(f"nat{suffix}"),
            opts=self._child([gateway]),
        )

    def _route_table(
        self,
        part: str,
        vpc: aws.ec2.Vpc,
        *,
        gateway_id: pulumi.Input[str] | None = None,
        nat_gateway_id: pulumi.Input[str] | None = None,
    ) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable(
            f"{self._name}-{part}", vpc_id=vpc.id, tags=self._named(part), opts=self._child()
        )
        # A route of its own: routes inside the table would remove those that others add.
        aws.ec2.Route(
            f"{self._name}-{part}",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self._child(),
        )
        return table
