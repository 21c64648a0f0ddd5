"""What bears no nodes: at its charges, by use, free, or not priced with the reason; never a made-up $0."""

import pytest

from support.priced import (
    AKS,
    NODE_GROUP,
    node_group,
    one,
    recording,
    resource,
    source,
    tags,
)
from trimtab.preview.priced import Status
from trimtab.preview.pricing import price
from trimtab.preview.records import SECRET, UNKNOWN, ResourceRecord


@pytest.mark.parametrize(
    ("record", "note"),
    [
        (node_group("on-demand", 1, 1, 1, tags={}), "carries no trimtab:pool"),
        (node_group("on-demand", 1, 1, 1, tags=SECRET), "carries no trimtab:pool"),
        (
            node_group("on-demand", 1, 1, 1, tags={**tags("spot"), "trimtab:group": "other"}),
            "the plan has no pools[trainer].groups[other]",
        ),
        (
            node_group("spot", 1, 1, 1, tags={**tags("spot"), "trimtab:plan-digest": "0" * 12}),
            "is of another plan, digest 000000000000",
        ),
        (node_group("spot", UNKNOWN, UNKNOWN, UNKNOWN), "known only once it is deployed"),
        (resource(NODE_GROUP, tags=tags("spot")), "known only once it is deployed"),
        (resource("aws:ec2/instance:Instance"), "no price for this type"),
        (resource("aws:ec2/natGateway:NatGateway", region="eu-south-2"), "no price in eu-south-2"),
        (
            resource("aws:eks/cluster:Cluster", controlPlaneScalingConfig={"tier": "tier-ultra"}),
            "no price for this control plane tier",
        ),
        (
            resource("aws:eks/cluster:Cluster", controlPlaneScalingConfig={"tier": UNKNOWN}),
            "no price for this control plane tier",
        ),
        (
            resource("aws:ec2/natGateway:NatGateway", availabilityMode="regional"),
            "charged by the zones it spans",
        ),
        (
            resource("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="GatewayLoadBalancer"),
            "no price for this kind of it",
        ),
        (
            resource(
                "aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Interface", subnetIds=UNKNOWN
            ),
            "subnetIds is known only once it is deployed",
        ),
        (
            resource(AKS, location="eastus", defaultNodePool={"vmSize": "Standard_D4s_v5"}),
            "the machines of its default pool are not priced",
        ),
        (resource(AKS, location="eastus", skuTier="Premium"), "no price for the Premium tier"),
        (resource("gcp:container/nodePool:NodePool"), "carries no trimtab:pool"),
        (
            resource("kubernetes:core/v1:Service", spec={"type": "LoadBalancer"}),
            "spec.type=LoadBalancer costs money",
        ),
        (
            resource("kubernetes:apps/v1:StatefulSet", spec={"volumeClaimTemplates": [{}]}),
            "spec.volumeClaimTemplates costs money",
        ),
        (resource("kubernetes:core/v1:PersistentVolumeClaim"), "no price for this type"),
        (
            resource("kubernetes:helm.toolkit.fluxcd.io/v2:HelmRelease"),
            "what it installs is not seen",
        ),
    ],
)
def test_what_has_no_price_says_why_and_is_never_zero(record: ResourceRecord, note: str) -> None:
    preview = price(recording(record), source(), None)
    (found,) = preview.resources
    assert found.status is Status.NOT_PRICED
    assert found.usd_per_month_now is None
    assert note in found.note
    assert preview.totals.not_priced == 1
    assert preview.totals.usd_per_month_now is None


@pytest.mark.parametrize(
    ("record", "config", "usd_per_hour"),
    [
        (resource("aws:eks/cluster:Cluster"), {}, 0.10),
        (resource("aws:eks/cluster:Cluster", version="1.35"), {}, 0.10),
        (resource("aws:eks/cluster:Cluster", version="1.33"), {}, 0.60),  # past July 2026
        (
            resource(
                "aws:eks/cluster:Cluster",
                version="1.33",
                upgradePolicy={"supportType": "STANDARD"},
            ),
            {},
            0.10,
        ),
        (
            resource("aws:eks/cluster:Cluster", controlPlaneScalingConfig={"tier": "tier-2xl"}),
            {},
            3.50,
        ),
        (
            resource("aws:eks/cluster:Cluster", controlPlaneScalingConfig={"tier": "standard"}),
            {},
            0.10,
        ),
        (
            resource(
                "aws:ec2/vpcEndpoint:VpcEndpoint",
                vpcEndpointType="Interface",
                subnetIds=[UNKNOWN, UNKNOWN, UNKNOWN],
            ),
            {},
            0.03,
        ),
        (resource("aws:kms/key:Key"), {}, 1 / 730),
        (resource("gcp:container/cluster:Cluster", location="us-central1"), {}, 0.10),
        (resource(AKS, skuTier="Standard", defaultNodePool={"vmSize": "x"}), {}, 0.10),
        (resource("azure:network/publicIp:PublicIp", location="West Europe"), {}, 0.005),
        (resource("azure:network/natGateway:NatGateway"), {"azure_location": "westeurope"}, 0.045),
        (resource("gcp:compute/address:Address", region="us-central1"), {}, 0.005),
        (resource("gcp:compute/address:Address", location="us-central1-a"), {}, 0.005),
        (resource("aws:ec2/eip:Eip"), {}, 0.005),
        (resource("aws:ec2/natGateway:NatGateway"), {"aws_region": "us-east-1"}, 0.045),
        (resource("aws:ec2/natGateway:NatGateway"), {"aws_region": "sa-east-1"}, 0.093),
        (resource("aws:ec2/natGateway:NatGateway"), {}, 0.045),  # the plan's region
        (
            resource("aws:ec2/natGateway:NatGateway", region="ap-southeast-1"),
            {"aws_region": "us-east-1"},
            0.059,
        ),
    ],
)
def test_fixed_prices(record: ResourceRecord, config: dict[str, str], usd_per_hour: float) -> None:
    (found,) = price(recording(record, **config), source(), None).resources
    assert found.status is Status.PRICED
    assert found.usd_per_month_now == pytest.approx(usd_per_hour * 730, rel=1e-5)
    assert found.usd_per_month_expected == found.usd_per_month_now


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (
            resource("aws:eks/cluster:Cluster", computeConfig={"enabled": True}),
            "without EKS Auto Mode's fee on the nodes",
        ),
        (
            resource("aws:eks/cluster:Cluster", remoteNetworkConfig={"remoteNodeNetworks": {}}),
            "without hybrid nodes",
        ),
        (resource("gcp:container/cluster:Cluster"), "without the machines of its default pool"),
        (resource("gcp:container/cluster:Cluster"), "the free tier"),
        (resource("gcp:container/cluster:Cluster", enableAutopilot=True), "what its pods ask for"),
        (
            resource(AKS, skuTier="Standard", defaultNodePool={"vmSize": "x"}),
            "without the machines of its default pool",
        ),
    ],
)
def test_a_price_says_what_it_leaves_out(record: ResourceRecord, words: str) -> None:
    found = one(record)
    assert found.status is Status.PRICED
    assert words in found.note


def test_a_gke_cluster_without_its_default_pool_leaves_nothing_of_it_out() -> None:
    found = one(resource("gcp:container/cluster:Cluster", removeDefaultNodePool=True))
    assert "default pool" not in found.note


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (resource("aws:cloudwatch/logGroup:LogGroup"), "per GB taken in"),
        (resource("aws:sqs/queue:Queue"), "the first million a month"),
        (resource("aws:cloudwatch/eventRule:EventRule", eventBusName="mine"), "per million"),
        (resource("gcp:compute/routerNat:RouterNat"), "per hour and machine"),
        (resource("kubernetes:autoscaling.x-k8s.io/v1beta1:CapacityBuffer"), "it holds ready"),
    ],
)
def test_what_costs_by_use_says_its_rate_and_shows_no_sum(
    record: ResourceRecord, words: str
) -> None:
    preview = price(recording(record), source(), None)
    (found,) = preview.resources
    assert (found.status, found.usd_per_month_now) == (Status.BY_USE, None)
    assert words in found.note
    assert preview.totals.by_use == 1


def test_an_explicit_providers_region_sets_the_price() -> None:
    provider = resource("pulumi:providers:aws", "far", region="sa-east-1")
    nat = ResourceRecord(
        urn="urn:pulumi:s::p::aws:ec2/natGateway:NatGateway::n",
        type="aws:ec2/natGateway:NatGateway",
        name="n",
        provider=f"{provider.urn}::{UNKNOWN}",
    )
    preview = price(recording(provider, nat, aws_region="us-east-1"), source(), None)
    assert preview.resources[1].usd_per_month_now == pytest.approx(0.093 * 730)


@pytest.mark.parametrize(
    "type_",
    [
        "aws:autoscaling/schedule:Schedule",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/addon:Addon",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:ec2/placementGroup:PlacementGroup",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:kms/alias:Alias",
        "gcp:compute/network:Network",
        "gcp:serviceaccount/account:Account",
        "azure:network/subnet:Subnet",
        "azure:network/natGatewayPublicIpAssociation:NatGatewayPublicIpAssociation",
        "kubernetes:karpenter.sh/v1alpha1:NodeOverlay",
        "kubernetes:resource.k8s.io/v1:DeviceClass",
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:Service",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
        "pulumi:providers:aws",
    ],
)
def test_free_types(type_: str) -> None:
    assert one(resource(type_)).status is Status.FREE


def test_components_and_what_is_only_read_cost_nothing_of_their_own() -> None:
    component = ResourceRecord("u1", "trimtab:index:Net", "net", custom=False)
    read = ResourceRecord("u2", "aws:eks/cluster:Cluster", "theirs", existing=True)
    chart = ResourceRecord("u3", "kubernetes:helm.sh/v4:Chart", "chart", custom=False)
    preview = price(recording(component, read, chart), source(), None)
    assert [r.status for r in preview.resources] == [
        Status.COMPONENT,
        Status.EXISTING,
        Status.NOT_PRICED,
    ]
    assert preview.totals.priced == 0


def test_totals_count_what_they_leave_out() -> None:
    records = (
        node_group("on-demand", 1, 1, 1, name="a"),
        resource("aws:eks/cluster:Cluster", "b"),
        resource("aws:ec2/vpc:Vpc", "c"),
        resource("aws:rds/instance:Instance", "d"),
    )
    totals = price(recording(*records), source(), None).totals
    assert (totals.priced, totals.free, totals.not_priced) == (2, 1, 1)
    assert totals.usd_per_month_now == pytest.approx((32.77 + 0.10) * 730)
