"""What a resource costs by itself: its charges, defaults for what flows, free, or why not; never a made-up $0."""

import pytest

from support.priced import (
    AKS,
    node_group,
    one,
    price,
    recording,
    resource,
    source,
    tags,
)
from trimtab.preview.priced import PricedResource
from trimtab.preview.records import ResourceRecord
from trimtab.preview.report import remarks
from trimtab.pricing.amount import exactly
from trimtab.pricing.model import Basis, Status
from trimtab.resources.inputs import SECRET, UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


@pytest.mark.parametrize(
    ("record", "note"),
    [
        (resource("aws:ec2/natGateway:NatGateway", region="xx-far-1"), "in xx-far-1"),
        (
            resource("aws:ec2/natGateway:NatGateway", availabilityMode="regional"),
            "charged by the zones it spans",
        ),
        (
            resource("aws:quicksight/account:Account"),
            "no estimator of aws:quicksight/account:Account",
        ),
        (resource("gcp:container/nodePool:NodePool", location=UNKNOWN), "before a deployment"),
        (resource("kubernetes:core/v1:PersistentVolumeClaim"), "its size is not known"),
        (
            resource("kubernetes:helm.toolkit.fluxcd.io/v2:HelmRelease"),
            "what it installs is not seen",
        ),
    ],
)
def test_what_has_no_price_says_why_and_is_never_zero(record: ResourceRecord, note: str) -> None:
    preview = price(recording(record), source())
    (found,) = preview.resources
    assert found.status is Status.NOT_PRICED
    assert found.usd_per_month_now is None
    assert note in "; ".join(remarks(found))
    assert preview.totals.not_priced == 1
    assert preview.totals.usd_per_month_now is None


@pytest.mark.parametrize(
    ("record", "usd_per_month", "note"),
    [
        (
            resource("aws:eks/cluster:Cluster", controlPlaneScalingConfig={"tier": "tier-ultra"}),
            73.0,  # the control plane alone
            "without provisioned control plane, tier-ultra: no price",
        ),
        (
            resource("aws:eks/cluster:Cluster", controlPlaneScalingConfig={"tier": UNKNOWN}),
            73.0,
            "without provisioned control plane: its tier is not known",
        ),
        (
            resource(
                "aws:eks/cluster:Cluster",
                computeConfig={"enabled": True, "nodePools": ["general-purpose"]},
            ),
            73.0,
            "without Auto Mode: its built-in pools start machines as pods need them",
        ),
        (
            resource("aws:eks/cluster:Cluster", remoteNetworkConfig={"remoteNodeNetworks": {}}),
            73.0,
            "without hybrid nodes: charged by the vCPU-hour",
        ),
        (
            resource("gcp:container/cluster:Cluster", location=UNKNOWN),
            73.0,
            "without default pool: its size is not known before a deployment",
        ),
        (
            resource("gcp:container/cluster:Cluster", enableAutopilot=True),
            73.0,
            "without pods' vCPUs: no price",
        ),
        (
            # Of a load balancer's hours and data the rate is the same everywhere; a disk's is not.
            resource(AKS, skuTier="Standard", defaultNodePool={"vmSize": "x"}),
            73.0 + 18.25 + 0.5,
            "without nodes: no on-demand price of x",
        ),
    ],
)
def test_what_is_priced_in_part_says_what_it_leaves_out(
    record: ResourceRecord, usd_per_month: float, note: str
) -> None:
    preview = price(recording(record), source())
    (found,) = preview.resources
    assert found.status is Status.PARTLY
    assert found.usd_per_month_now == pytest.approx(usd_per_month)
    assert note in "; ".join(remarks(found))
    assert (preview.totals.partly_priced, preview.totals.priced) == (1, 0)


@pytest.mark.parametrize(
    ("record", "note"),
    [
        (node_group("on-demand", 1, 1, 1, tags={}), ""),
        (node_group("on-demand", 1, 1, 1, tags=SECRET), ""),
        (
            node_group("on-demand", 1, 1, 1, tags={**tags("spot"), "trimtab:group": "other"}),
            "the plan has no pools[trainer].groups[other]",
        ),
        (
            node_group("spot", 1, 1, 1, tags={**tags("spot"), "trimtab:plan-digest": "0" * 12}),
            "is of another plan, digest 000000000000",
        ),
    ],
)
def test_nodes_of_no_group_of_the_plan_cost_what_they_are(
    record: ResourceRecord, note: str
) -> None:
    found = one(record)
    assert found.estimate.plan_line == ""
    assert found.estimate.note == note
    # A t3.medium, which EKS takes where nothing else is said, at 0.0416, and 20 GiB of gp2 at 0.10.
    assert found.usd_per_month_now == pytest.approx(0.0416 * 730 + 2.00)


def test_what_only_a_deployment_will_know_is_bounds_and_in_no_sum() -> None:
    record = resource(
        "aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Interface", subnetIds=UNKNOWN
    )
    preview = price(recording(record, node_group("on-demand", 1, 1, 1)), source())
    found = preview.resources[0]
    assert found.status is Status.BOUNDED
    assert (found.usd_per_month_now, found.usd_per_month_expected) == (None, None)
    # From one zone without traffic to six with 1,000 GB: 0.01 an hour and zone, 0.01 a GB.
    assert remarks(found)[-1] == "nobody says how much: $7.30 to $53.80"
    assert preview.totals.bounds_only == 1
    assert preview.totals.usd_per_month_now == pytest.approx(32.77 * 730 + 2.00)  # and its disk


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
        (resource("gcp:container/cluster:Cluster", removeDefaultNodePool=True), {}, 0.10),
        (
            resource("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="GatewayLoadBalancer"),
            {},
            0.01,
        ),
        (resource("azure:network/publicIp:PublicIp", location="West Europe"), {}, 0.005),
        (resource("azure:network/natGateway:NatGateway"), {"azure_location": "westeurope"}, 0.045),
        # Nothing in the stack uses it, which costs more.
        (resource("gcp:compute/address:Address", region="us-central1"), {}, 0.010),
        (resource("gcp:compute/address:Address", location="us-central1-a"), {}, 0.010),
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
def test_what_is_paid_whatever_flows(
    record: ResourceRecord, config: dict[str, str], usd_per_hour: float
) -> None:
    (found,) = price(recording(record, **config), source()).resources
    assert fixed(found) == pytest.approx(usd_per_hour * 730, rel=1e-5)
    flowing = (found.usd_per_month_now or 0.0) - fixed(found)
    assert (flowing > 0) is found.on_default
    assert found.usd_per_month_expected == found.usd_per_month_now


def fixed(found: PricedResource) -> float:
    """What does not rest on a default."""
    charges = [each for each in found.estimate.charges if each.basis is not Basis.DEFAULT]
    return sum(each.usd_per_month.expected or 0.0 for each in charges)


def test_the_free_tier_of_gke_is_said_to_be_left_in() -> None:
    found = one(resource("gcp:container/cluster:Cluster", removeDefaultNodePool=True))
    assert "the free tier of a billing account" in "; ".join(remarks(found))
    assert "default pool" not in "; ".join(remarks(found))


@pytest.mark.parametrize(
    ("record", "config", "usd_per_month", "words"),
    [
        # 1 GB taken in at 0.50, and kept at 0.03.
        (
            resource("aws:cloudwatch/logGroup:LogGroup"),
            {},
            0.53,
            "by default, logs taken in: $0.50 ($0.00 to $50.00)",
        ),
        # A million requests.
        (
            resource("aws:sqs/queue:Queue"),
            {},
            0.40,
            "by default, requests: $0.40 ($0.00 to $40.00)",
        ),
        # Four machines at 0.0014 an hour, and 100 GiB at 0.045.
        (
            resource("gcp:compute/routerNat:RouterNat"),
            {"gcp_region": "us-central1"},
            4 * 0.0014 * 730 + 4.5,
            "by default, data processed: $4.50 ($0.00 to $45.00)",
        ),
    ],
)
def test_what_flows_is_priced_at_a_default_that_is_said(
    record: ResourceRecord, config: dict[str, str], usd_per_month: float, words: str
) -> None:
    preview = price(recording(record, **config), source())
    (found,) = preview.resources
    assert found.status is Status.PRICED
    assert found.usd_per_month_now == pytest.approx(usd_per_month)
    assert words in remarks(found)
    assert preview.totals.on_default == 1
    assert preview.totals.usd_per_month_high > usd_per_month  # type: ignore[operator]


def test_a_usage_file_stands_in_the_place_of_a_default() -> None:
    said = Usage((UsageEntry("aws_sqs_queue", "", {"requests_millions": exactly(5)}),))
    (found,) = price(recording(resource("aws:sqs/queue:Queue")), source(), usage=said).resources
    assert found.usd_per_month_now == pytest.approx(2.00)  # five million at 0.40
    assert remarks(found) == []


def test_what_others_pay_for_names_them() -> None:
    found = one(resource("aws:cloudwatch/eventRule:EventRule", eventBusName="mine"))
    assert (found.status, found.usd_per_month_now) == (Status.COVERED, None)
    assert "paid for by the bus" in found.estimate.note


def test_an_explicit_providers_region_sets_the_price() -> None:
    provider = resource("pulumi:providers:aws", "far", region="sa-east-1")
    nat = ResourceRecord(
        urn="urn:pulumi:s::p::aws:ec2/natGateway:NatGateway::n",
        type="aws:ec2/natGateway:NatGateway",
        name="n",
        provider=f"{provider.urn}::{UNKNOWN}",
    )
    preview = price(recording(provider, nat, aws_region="us-east-1"), source())
    assert fixed(preview.resources[1]) == pytest.approx(0.093 * 730)


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
    ],
)
def test_free_types(type_: str) -> None:
    assert one(resource(type_)).status is Status.FREE


def test_components_and_what_is_only_read_cost_nothing_of_their_own() -> None:
    component = ResourceRecord("u1", "trimtab:index:Net", "net", custom=False)
    read = ResourceRecord("u2", "aws:eks/cluster:Cluster", "theirs", existing=True)
    chart = ResourceRecord("u3", "kubernetes:helm.sh/v4:Chart", "chart", custom=False)
    seen = ResourceRecord("u4", "kubernetes:helm.sh/v4:Chart", "seen", custom=False)
    part = ResourceRecord("u5", "kubernetes:core/v1:ConfigMap", "part", "u4")
    provider = ResourceRecord("u6", "pulumi:providers:aws", "far")
    preview = price(recording(component, read, chart, seen, part, provider), source())
    assert [r.status for r in preview.resources] == [
        Status.COMPONENT,
        Status.EXISTING,
        Status.NOT_PRICED,
        Status.COMPONENT,  # what it installs is seen
        Status.FREE,
        Status.COMPONENT,
    ]
    assert preview.totals.priced == 0


def test_totals_count_what_they_leave_out() -> None:
    records = (
        node_group("on-demand", 1, 1, 1, name="a"),
        resource("aws:eks/cluster:Cluster", "b"),
        resource("aws:ec2/vpc:Vpc", "c"),
        resource("aws:quicksight/account:Account", "d"),
    )
    totals = price(recording(*records), source()).totals
    assert (totals.priced, totals.free, totals.not_priced) == (2, 1, 1)
    assert totals.usd_per_month_now == pytest.approx((32.77 + 0.10) * 730 + 2.00)
