"""Interface endpoints of a VPC: which services nodes reach without a way to the internet.

Each endpoint costs by the hour in every zone. Which ones a cluster needs when nothing else leads out:
EKS user guide, "Deploy private clusters with limited internet access" (2026-11,
https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html); `autoscaling` is there for
the Cluster Autoscaler, `sqs` for Karpenter's interruption queue, `ssm` for image lookups.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.provision.arguments import Arguments

NEEDED_WITHOUT_INTERNET = ("ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts")
"""Without one of these no node joins, pulls an image or gets a pod's credentials."""
DEFAULT_SERVICES = (
    *NEEDED_WITHOUT_INTERNET,
    "autoscaling",
    "elasticloadbalancing",
    "logs",
    "sqs",
    "ssm",
)
_GATEWAY_SERVICES = ("s3", "dynamodb")
# In China some services' endpoints have names of their own (describe-vpc-endpoint-services; AWS CDK's
# vpc-endpoint.ts, 2026-11).
_CHINESE = ("autoscaling", "ec2", "ecr.api", "ecr.dkr", "monitoring", "sqs", "sts", "xray")


class NetworkEndpoints(TypedDict):
    """Interface endpoints of an own network."""

    services: NotRequired[list[str]]
    """AWS services by the last part of the endpoint's name, such as ecr.api; default those that a
    cluster without internet access needs."""


class Endpoints(Arguments):
    """`NetworkEndpoints`, checked."""

    services: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]*$")], ...] = DEFAULT_SERVICES

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for service in self.services:
            if service in _GATEWAY_SERVICES:
                raise ValueError(
                    f"services: {service} has a gateway endpoint, which is free; leave it out"
                )
        if len(set(self.services)) < len(self.services):
            raise ValueError("services: one is named twice; give each once")
        return self

    @property
    def missing(self) -> tuple[str, ...]:
        """What a cluster without internet access still lacks."""
        return tuple(each for each in NEEDED_WITHOUT_INTERNET if each not in self.services)


def interface_endpoints(
    name: str,
    endpoints: Endpoints,
    *,
    region: str,
    vpc_id: pulumi.Input[str],
    cidr: str,
    subnet_ids: Sequence[pulumi.Input[str]],
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """The endpoints, open to the VPC on port 443, under the services' usual names, and what lets nodes
    reach them.

    Args:
        name: the resources' names begin with it.
        cidr: the VPC's block, which may reach them.
        subnet_ids: one subnet a zone.
        tags: of the endpoints and their security group.
        parent: the component that they belong to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(
        f"{name}-endpoints",
        description="Interface endpoints of AWS services",
        vpc_id=vpc_id,
        tags={**tags, "Name": f"{name}-endpoints"},
        opts=child,
    )
    rule = aws.vpc.SecurityGroupIngressRule(
        f"{name}-endpoints",
        security_group_id=group.id,
        description="HTTPS from the VPC",
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4=cidr,
        tags=dict(tags),
        opts=child,
    )
    made: list[pulumi.Resource] = [rule]
    for service in endpoints.services:
        part = f"{name}-{service.replace('.', '-')}"
        made.append(
            aws.ec2.VpcEndpoint(
                part,
                vpc_id=vpc_id,
                service_name=_service_name(service, region),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=list(subnet_ids),
                security_group_ids=[group.id],
                tags={**tags, "Name": part},
                opts=child,
            )
        )
    return made


def _service_name(service: str, region: str) -> str:
    chinese = region.startswith("cn-") and service in _CHINESE
    return f"{'cn.' if chinese else ''}com.amazonaws.{region}.{service}"
