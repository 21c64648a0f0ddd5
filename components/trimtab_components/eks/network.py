"""A cluster's own network: a VPC with a public and a private subnet in each zone.

Nodes stand in the private subnets and reach out through NAT gateways; each NAT gateway costs by the
hour, so their number is a choice: one a zone survives a zone's loss, one in all is cheapest, and
with none the nodes stand in the public subnets. S3 (where image layers are) is reached through a
gateway endpoint, which costs nothing and keeps that traffic off the NAT gateways. Without internet
access there is nothing public at all: nodes reach AWS through interface endpoints, and nothing else.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments, checked
from trimtab.provision.eks.subnets import DEFAULT_CIDR, MAX_ZONES, ZoneSubnets, zone_subnets
from trimtab.provision.karpenter.shapes import DISCOVERY_TAG
from trimtab_components.eks.endpoints import Endpoints, NetworkEndpoints, interface_endpoints
from trimtab_components.order import children_wait

Nat = Literal["none", "single", "per-zone"]


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
    internet_access: NotRequired[bool]
    """Whether anything leads out; default true. Without it there are private subnets only, and
    `endpoints` are all that nodes reach."""
    endpoints: NotRequired[NetworkEndpoints]
    """Interface endpoints of AWS services; default none."""
    discovery: NotRequired[str]
    """The cluster whose nodes stand here, for the nodes' subnets' tag karpenter.sh/discovery."""
    tags: NotRequired[dict[str, str]]
    """Tags of every resource."""


class _Checked(Arguments):
    region: str
    zones: Annotated[tuple[str, ...], Field(min_length=2, max_length=MAX_ZONES)]
    cidr: str = DEFAULT_CIDR
    nat: Nat | None = None
    internet_access: Flag = True
    endpoints: Endpoints | None = None
    discovery: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ways_out(self) -> Self:
        check_ways_out(self.nat, self.internet_access, self.endpoints)
        return self


def check_ways_out(nat: Nat | None, internet_access: bool, endpoints: Endpoints | None) -> None:
    """Refuse a network whose nodes could not join a cluster.

    Raises:
        ValueError: NAT gateways without internet access, or too few endpoints.
    """
    if internet_access:
        return
    if nat not in (None, "none"):
        raise ValueError(f"nat {nat} leads to the internet, but internet_access is false; drop one")
    if endpoints is None:
        raise ValueError("without internet_access nodes can't join; give endpoints")
    if endpoints.missing:
        raise ValueError(
            f"without internet_access nodes need endpoints of {', '.join(endpoints.missing)} too; "
            "add them to services, or leave services out"
        )


class Network(pulumi.ComponentResource):
    """A VPC with public and private subnets in each zone, and a choice of NAT gateways."""

    vpc_id: pulumi.Output[str]
    """The VPC's id."""
    node_subnet_ids: pulumi.Output[list[str]]
    """Subnets for nodes: the private ones, or with nat none the public ones."""
    subnet_ids: pulumi.Output[list[str]]
    """All subnets."""
    zone_subnet_ids: pulumi.Output[dict[str, str]]
    """The nodes' subnet in each zone."""
    route_table_ids: pulumi.Output[list[str]]
    """The nodes' subnets' route tables, for routes of your own (to another site, for example)."""

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
        super().__init__("trimtab:index:Network", name, {}, children_wait(opts))
        self._name, self._tags, self._discovery = name, settings.tags, settings.discovery

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=settings.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._named("vpc"),
            opts=self._child(),
        )
        self.ready: list[pulumi.Resource] = []
        public, private, tables = self._subnets(vpc, subnets, settings)
        nodes = private or public
        images = aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{settings.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags=self._named("s3"),
            opts=self._child(),
        )
        self.ready.append(images)
        if settings.endpoints is not None:
            self.ready += interface_endpoints(
                name,
                settings.endpoints,
                region=settings.region,
                vpc_id=vpc.id,
                cidr=settings.cidr,
                subnet_ids=[each.id for each in nodes],
                tags=self._tags,
                parent=self,
            )

        self.vpc_id = vpc.id
        self.by_zone = {each.zone: made.id for each, made in zip(subnets, nodes, strict=True)}
        self.node_subnet_ids = pulumi.Output.all(*self.by_zone.values())
        self.subnet_ids = pulumi.Output.all(*[each.id for each in [*public, *private]])
        self.zone_subnet_ids = pulumi.Output.all(**self.by_zone)
        inward = tables[1:] if public and private else tables
        self.route_table_ids = pulumi.Output.all(*[table.id for table in inward])
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "node_subnet_ids": self.node_subnet_ids,
                "subnet_ids": self.subnet_ids,
                "zone_subnet_ids": self.zone_subnet_ids,
                "route_table_ids": self.route_table_ids,
            }
        )

    def _subnets(
        self, vpc: aws.ec2.Vpc, subnets: Sequence[ZoneSubnets], settings: _Checked
    ) -> tuple[list[aws.ec2.Subnet], list[aws.ec2.Subnet], list[aws.ec2.RouteTable]]:
        """The public and the private subnets, each by zone, and the route tables, public first."""
        if not settings.internet_access:
            inward = self._route_table("private", vpc)
            made = [
                self._subnet(vpc, each.zone, each.private, inward, public=False, nodes=True)
                for each in subnets
            ]
            return [], made, [inward]
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-igw", vpc_id=vpc.id, tags=self._named("igw"), opts=self._child()
        )
        outward = self._route_table("public", vpc, gateway_id=gateway.id)
        tables = [outward]
        public, private = [], []
        choice = settings.nat or "single"
        nat: aws.ec2.NatGateway | None = None
        for each in subnets:
            letter = each.zone[-1]
            public.append(
                self._subnet(
                    vpc, each.zone, each.public, outward, public=True, nodes=choice == "none"
                )
            )
            if choice == "none":
                continue
            if nat is None or choice == "per-zone":
                suffix = f"-{letter}" if choice == "per-zone" else ""
                nat = self._nat(suffix, public[-1], gateway)
                tables.append(self._route_table(f"private{suffix}", vpc, nat_gateway_id=nat.id))
            private.append(
                self._subnet(vpc, each.zone, each.private, tables[-1], public=False, nodes=True)
            )
        return public, private, tables

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
        nodes: bool,
    ) -> aws.ec2.Subnet:
        part = f"{'public' if public else 'private'}-{zone[-1]}"
        # Load balancers are placed by these tags.
        role = "kubernetes.io/role/elb" if public else "kubernetes.io/role/internal-elb"
        found = {DISCOVERY_TAG: self._discovery} if nodes and self._discovery else {}
        subnet = aws.ec2.Subnet(
            f"{self._name}-{part}",
            vpc_id=vpc.id,
            availability_zone=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=public,
            tags=self._named(part, {role: "1", **found}),
            opts=self._child(),
        )
        self.ready.append(
            aws.ec2.RouteTableAssociation(
                f"{self._name}-{part}",
                subnet_id=subnet.id,
                route_table_id=table.id,
                opts=self._child(),
            )
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
        if gateway_id is None and nat_gateway_id is None:
            return table
        # A route of its own: routes inside the table would remove those that others add.
        self.ready.append(
            aws.ec2.Route(
                f"{self._name}-{part}",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                gateway_id=gateway_id,
                nat_gateway_id=nat_gateway_id,
                opts=self._child(),
            )
        )
        return table
