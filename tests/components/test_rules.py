"""The rules that every public component keeps, whichever they are: a table of arguments, and checks.

A component that is added without a row fails `test_every_component_has_a_row`. Each row is previewed
under the recording monitor, and deployed against made-up answers that know every output.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args, get_type_hints, is_typeddict

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest
from pulumi._types import input_type_types

import trimtab_components
from support.component_rows import family_rows
from support.iam import wildcard_problems
from support.inline import Deployment, Previewed, deploy, preview
from support.plans import plan
from support.sdk_inputs import args_type
from trimtab.errors import InputError
from trimtab.plan.attribution import object_labels, plan_tags
from trimtab.plan.labels import DIGEST_TAG, PLAN_TAG
from trimtab.preview.records import ResourceRecord
from trimtab.resources.inputs import Inputs

REPO = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
PLAN = plan()
OWNER = {"team": "vision", "project": "multimodal", "model": "mm-7b"}


@dataclass(frozen=True, eq=False)
class Row:
    """One way to make a component.

    Attributes:
        says: what is special about it.
        arguments: with known values throughout.
    """

    component: str
    says: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.component}, {self.says}"


ROWS = (
    Row("Accelerators", "least", {"plan": PLAN, "image": "AL2023"}),
    Row("Accelerators", "by Flux, standalone DRA", {
        "plan": PLAN, "image": "AL2023", "delivery": "flux", "dra": "driver",
        "kubernetes_version": "1.35",
    }),
    Row("AmdGpuOperator", "least", {"image": "UBUNTU"}),
    Row("AmdGpuOperator", "by Flux", {"image": "UBUNTU", "delivery": "flux"}),
    Row("EfaDevices", "least", {"image": "AL2023"}),
    Row("EfaDevices", "by Flux", {"image": "AL2023", "delivery": "flux"}),
    Row("FpgaDevices", "least", {"image": "AL2023"}),
    Row("IntelDevices", "least", {"image": "UBUNTU", "devices": ["gpu"]}),
    Row("IntelDevices", "every device, by Flux", {
        "image": "UBUNTU", "devices": ["gpu", "fpga", "qat", "gaudi"], "delivery": "flux",
    }),
    Row("NeuronDevices", "least", {"image": "AL2023"}),
    Row("NeuronDevices", "by Flux", {"image": "AL2023", "delivery": "flux"}),
    Row("NodeFeatureDiscovery", "least"),
    Row("NodeFeatureDiscovery", "by Flux", {"delivery": "flux"}),
    Row("NvidiaDraDriver", "least", {"image": "AL2023", "kubernetes_version": "1.35"}),
    Row("NvidiaDraDriver", "a DeviceClass a model, by Flux", {
        "image": "AL2023", "kubernetes_version": "1.35", "delivery": "flux",
        "device_classes": [{"model": "a100-40gb"}],
    }),
    Row("KarpenterController", "least", {"cluster_name": "c", "region": REGION, "plan": PLAN}),
    Row("KarpenterController", "role, key and address from elsewhere", {
        "cluster_name": "c", "region": REGION, "plan": PLAN, "endpoint": "https://c.example.com",
        "node_role_arn": "arn:aws:iam::111122223333:role/nodes",
        "volume_key_arn": "arn:aws:kms:us-east-1:111122223333:key/2",
    }),
    Row("KarpenterPools", "static baseline, prices, headroom", {
        "plan": PLAN, "cluster_name": "c", "ami_version": "v20261101", "static_baseline": True,
        "overlays": True, "buffers": {"trainer": {"namespace": "ml"}},
        "volume_key_arn": "arn:aws:kms:us-east-1:111122223333:key/2",
    }),
    Row("Commitments", "an approved line", {
        "approvals": str(REPO / "docs/examples/commitments/approvals.yaml"), "at": "2026-11-02T00:00:00Z",
        "purchases": {"one": {
            "approval": "chat-a10g-2026-11", "offering_id": "o", "quantity": 1, "usd_per_hour": 0.5,
            "commitment": "sha256:396901f377072cf4dff6dc1352a375c0e59ef3d1406ff6ab3c046f2881f8b284",
        }},
    }),
    Row("GpuOperator", "least", {"image": "AL2023"}),
    Row("GpuOperator", "by Flux, shared", {
        "image": "AL2023", "delivery": "flux", "sharing": "time-slicing", "sharing_replicas": 4,
    }),
    Row("HeterogeneousCluster", "least", {"plan": PLAN, "region": REGION}),
    Row("HeterogeneousCluster", "an existing network", {
        "plan": PLAN, "region": REGION, "vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"],
        "admin_arns": ["arn:aws:iam::111122223333:role/admin"],
        "zone_subnet_ids": {"us-east-1a": "subnet-1"},
    }),
    Row("HeterogeneousCluster", "private, a NAT a zone", {
        "plan": PLAN, "region": REGION, "nat": "per-zone", "public_endpoint": False,
        "log_types": ["audit"], "autoscaled": True,
    }),
    Row("HeterogeneousCluster", "keys, roles and machines from elsewhere", {
        "plan": PLAN, "region": REGION,
        "access": {"builders": {"principal_arn": "arn:aws:iam::111122223333:role/builders"}},
        "pod_identities": {"work": {
            "namespace": "ml", "service_account": "work",
            "role_arn": "arn:aws:iam::111122223333:role/work",
        }},
        "addons": {"aws-ebs-csi-driver": {"role_arn": "arn:aws:iam::111122223333:role/ebs"}},
        "encryption": {
            "key_arn": "arn:aws:kms:us-east-1:111122223333:key/1",
            "volume_key_arn": "arn:aws:kms:us-east-1:111122223333:key/2",
        },
        "hybrid": {
            "node_cidrs": ["192.168.0.0/24"], "credentials": "iam-roles-anywhere",
            "trust_anchor_arn": "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/1",
        },
    }),
    Row("HeterogeneousCluster", "keys, roles and machines of its own", {
        "plan": PLAN, "region": REGION, "encryption": {"own_key": True},
        "pod_identities": {"work": {
            "namespace": "ml", "service_account": "work", "policies": ["AmazonS3ReadOnlyAccess"],
        }},
        "addons": {"aws-ebs-csi-driver": {}}, "hybrid": {"node_cidrs": ["192.168.0.0/24"]},
        "endpoints": {"services": ["ecr.api", "ecr.dkr"]},
    }),
    Row("HeterogeneousCluster", "Auto Mode", {
        "plan": PLAN, "region": REGION, "auto_mode": {"enabled": True},
    }),
    Row("KarpenterPools", "least", {
        "plan": PLAN, "cluster_name": "c", "ami_version": "v20261101",
    }),
    Row("Network", "least", {"region": REGION, "zones": ["us-east-1a", "us-east-1b"]}),
    Row("Network", "a NAT a zone", {
        "region": REGION, "zones": ["us-east-1a", "us-east-1b", "us-east-1c"], "nat": "per-zone",
    }),
    *(Row(*each) for each in family_rows()),
)  # fmt: skip

COSTLY = {
    "aws:autoscaling/group:Group",
    "aws:bcmdata/export:Export",
    "aws:budgets/budget:Budget",
    "aws:budgets/budgetAction:BudgetAction",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:ebs/volume:Volume",
    "aws:ec2/capacityReservation:CapacityReservation",
    "aws:ec2/eip:Eip",
    "aws:ec2/instance:Instance",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:efs/fileSystem:FileSystem",
    "aws:eks/addon:Addon",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:fsx/lustreFileSystem:LustreFileSystem",
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
    "azure:containerservice/kubernetesCluster:KubernetesCluster",
    "azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool",
    "gcp:container/cluster:Cluster",
    "gcp:container/nodePool:NodePool",
    "gcp:storage/bucket:Bucket",
    "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass",
}
"""What a cloud charges for, or for what it makes."""
OF_A_GROUP = {
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:eks/nodeGroup:NodeGroup",
    "azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool",
    "gcp:container/nodePool:NodePool",
    "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass",
}
"""What belongs to one group of a plan, so that its pool's owner pays; all but a system pool."""
OF_MACHINES = {"gcp:container/nodePool:NodePool", "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"}
"""What hands its tags to machines: with the plan's digest, every new plan would roll every node."""
GCP_LABELLED = {
    "gcp:container/cluster:Cluster": "resourceLabels",
    "gcp:container/nodePool:NodePool": "nodeConfig.resourceLabels",
    "gcp:storage/bucket:Bucket": "labels",
}
"""Google Cloud's labels stand for tags, with a hyphen for the colon."""
EACH = pytest.mark.parametrize("row", ROWS, ids=str)
OWN = {"cost-centre": "42"}


def model_of(name: str) -> Any:
    return import_module(getattr(trimtab_components, name).__module__)._Checked


def hints_of(name: str) -> dict[str, Any]:
    """The types of a component's arguments."""
    component = getattr(trimtab_components, name)
    arguments = get_type_hints(component.__init__)["args"]
    return get_type_hints(arguments, localns={"Output": pulumi.Output, "T": Any})


def late_arguments(name: str) -> set[str]:
    """Arguments that hold, or are, what only a deployment may know."""
    return {key for key, hint in hints_of(name).items() if late(hint)}


def late(hint: Any) -> bool:
    """Whether a value of the type may be an output."""
    if is_typeddict(hint):
        return any(map(late, fields_of(hint).values()))
    return "pulumi.output.Output" in str(hint) or any(map(late, get_args(hint)))


def fields_of(hint: Any) -> dict[str, Any]:
    return get_type_hints(hint, localns={"Output": pulumi.Output, "T": Any})


def test_every_component_has_a_row() -> None:
    assert {row.component for row in ROWS} == set(trimtab_components.__all__)


def test_every_late_argument_is_in_a_row() -> None:
    for name in trimtab_components.__all__:
        given = {key for row in ROWS if row.component == name for key in row.arguments}
        assert late_arguments(name) <= given, name


@EACH
def test_its_token_and_its_childrens_names_begin_with_its_own(row: Row, folder: Path) -> None:
    seen = previewed(folder, row)
    assert component(seen, row).type == f"trimtab:index:{row.component}"
    children = below(seen, row)
    assert children
    for each in children:
        assert each.name == "x" or each.name.startswith("x-"), each.urn


@EACH
def test_it_registers_the_outputs_that_its_class_declares(row: Row, folder: Path) -> None:
    seen = previewed(folder, row)
    assert seen.outputs[component(seen, row).urn] == set(class_of(row).__annotations__)
    for each in below(seen, row):
        if each.type.startswith("trimtab:"):
            assert each.urn in seen.outputs, f"{each.name} registers no outputs"


@EACH
def test_given_providers_reach_every_child(row: Row, folder: Path) -> None:
    seen = previewed(folder, row)
    # A component's own provider, such as that of the cluster it makes, may serve its children.
    givers = {
        each.urn
        for each in seen.records
        if each.type.startswith("pulumi:providers:")
        and (each.name == "given" or each in below(seen, row))
    }
    for each in below(seen, row):
        if each.custom and not each.type.startswith("pulumi:providers:"):
            assert each.provider.rpartition("::")[0] in givers, each.urn


@EACH
def test_protection_is_inherited(row: Row, folder: Path) -> None:
    for each in below(previewed(folder, row), row):
        assert each.protect, each.urn


@EACH
def test_what_costs_money_says_who_pays(row: Row, folder: Path) -> None:
    seen = previewed(folder, row)
    common = plan_tags(row.arguments["plan"]) if "plan" in row.arguments else {}
    for each in below(seen, row):
        tags = tags_of(each)
        if tags is None:
            assert each.type not in COSTLY, f"{each.type} has no tags"
            continue
        of_a_group = each.type in OF_A_GROUP and each.name != "x-system"
        owner = OWNER if of_a_group or "trimtab:pool" in tags else {}
        wanted = {**common, **owner, **own_mark(row, "tags")}
        if each.type in OF_MACHINES:
            # Another plan, by whichever name, must not roll the nodes.
            wanted = {
                key: text for key, text in wanted.items() if key not in (PLAN_TAG, DIGEST_TAG)
            }
            of_the_plan = re.compile(r"trimtab[:-]plan(-digest)?")
            assert not any(map(of_the_plan.fullmatch, tags)), each.urn
        assert wanted.items() <= tags.items(), each.urn


@EACH
def test_machines_and_volumes_say_who_pays_without_the_plan(row: Row, folder: Path) -> None:
    # A plan's name or digest would roll every node with every plan.
    stable = {
        k: v
        for k, v in {**plan_tags(PLAN), **OWNER, **OWN}.items()
        if not k.startswith("trimtab:plan")
    }
    for each in below(previewed(folder, row), row):
        if each.type == "aws:ec2/launchTemplate:LaunchTemplate":
            specified = {t["resourceType"]: t["tags"] for t in each.inputs["tagSpecifications"]}
            assert {"instance", "volume"} <= set(specified), each.urn
            for tags in specified.values():
                assert stable.items() <= tags.items(), each.urn
                assert not [key for key in tags if key.startswith("trimtab:plan")], each.urn


@EACH
def test_kubernetes_objects_say_whose_they_are(row: Row, folder: Path) -> None:
    plans = object_labels(row.arguments["plan"]) if "plan" in row.arguments else {}
    wanted = {**plans, **own_mark(row, "labels")}
    for each in below(previewed(folder, row), row):
        metadata = each.inputs.get("metadata")
        if each.type.startswith("kubernetes:") and metadata is not None:
            assert wanted.items() <= metadata.get("labels", {}).items(), each.urn


@pytest.mark.parametrize(
    "row", [row for row in ROWS if late_arguments(row.component) & row.arguments.keys()], ids=str
)
def test_late_values_that_are_unknown_change_no_resource(row: Row, folder: Path) -> None:
    late = late_arguments(row.component) & row.arguments.keys()

    def program() -> None:
        other = aws.ec2.Eip("other").public_ip
        unknown = {
            key: replaced(row.arguments[key], hints_of(row.component)[key], other) for key in late
        }
        make(row, {**row.arguments, **unknown})

    assert identities(preview(folder, program), row) == identities(plainly(folder, row), row)


@EACH
def test_a_deployment_makes_what_the_preview_showed(row: Row, folder: Path) -> None:
    seen = plainly(folder, row)
    parts = {each.type for each in below(seen, row) if not each.custom}
    made = {key for key in deployed(row).made if key[0] not in parts}
    made.discard((f"trimtab:index:{row.component}", "x"))
    assert made == {each[:2] for each in identities(seen, row) if each[0] not in parts}


@EACH
def test_two_makings_are_the_same(row: Row, folder: Path) -> None:
    assert preview(folder, lambda: make(row, row.arguments)) == plainly(folder, row)


@EACH
def test_no_policy_allows_everything_everywhere(row: Row, folder: Path) -> None:
    assert wildcard_problems(previewed(folder, row).records) == []
    # Documents that a preview leaves unknown are known to a deployment.
    made = deployed(row).made
    assert (
        wildcard_problems(
            ResourceRecord("", kind, name, "", inputs) for (kind, name), inputs in made.items()
        )
        == []
    )


@pytest.mark.parametrize("name", trimtab_components.__all__)
def test_an_unknown_argument_is_refused_with_the_nearest_name(name: str) -> None:
    row = next(each for each in ROWS if each.component == name)
    for argument in model_of(name).model_fields:
        misspelt = argument.replace("_", "") if "_" in argument else f"{argument}z"
        with pytest.raises(InputError) as caught:
            make(row, {**row.arguments, misspelt: 1})
        says = f'{name} "x": {misspelt}: unknown field; did you mean {argument}?'
        assert str(caught.value) == says


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for projects, the same for the module: previews are kept by it."""
    return tmp_path_factory.mktemp("rules")


@cache
def previewed(folder: Path, row: Row) -> Previewed:
    """The row with a provider of every package, protected, and marks of its own."""

    def program() -> None:
        providers = [aws.Provider("given", region=REGION), kubernetes.Provider("given")]
        providers += [
            import_module(f"pulumi_{package}").Provider("given")
            for package in ("gcp", "azure", "command")
            if find_spec(f"pulumi_{package}")
        ]
        marks = {**own_mark(row, "tags", key="tags"), **own_mark(row, "labels", key="labels")}
        given = pulumi.ResourceOptions(providers=providers, protect=True)
        make(row, {**row.arguments, **marks}, given)

    return preview(folder, program)


@cache
def plainly(folder: Path, row: Row) -> Previewed:
    """The row and nothing else."""
    return preview(folder, lambda: make(row, row.arguments))


@cache
def deployed(row: Row) -> Deployment:
    return deploy(lambda: make(row, row.arguments))


def make(row: Row, arguments: Mapping[str, Any], options: Any = None) -> Any:
    return class_of(row)("x", dict(arguments), options)


def class_of(row: Row) -> Any:
    return getattr(trimtab_components, row.component)


def replaced(value: Any, hint: Any, other: pulumi.Output[str]) -> Any:
    """The value with whatever may be late replaced by an output that is unknown."""
    if is_typeddict(hint):
        fields = fields_of(hint)
        return {key: replaced(each, fields[key], other) for key, each in value.items()}
    inner = get_args(hint)
    if isinstance(value, list) and inner:
        return [replaced(each, inner[0], other) for each in value]
    if isinstance(value, dict) and len(inner) == 2:
        return {key: replaced(each, inner[1], other) for key, each in value.items()}
    return other if late(hint) else value


def own_mark(row: Row, argument: str, key: str | None = None) -> dict[str, Any]:
    """The mark that a row gives where the component takes it; under a key, the argument."""
    if argument not in model_of(row.component).model_fields:
        return {}
    return {key: OWN} if key else OWN


def component(seen: Previewed, row: Row) -> ResourceRecord:
    (found,) = (each for each in seen.records if each.type.endswith(f":{row.component}")
                and each.name == "x" and each.parent.endswith("own-dev"))  # fmt: skip
    return found


def below(seen: Previewed, row: Row) -> list[ResourceRecord]:
    """All that stands under the component."""
    inside = {component(seen, row).urn}
    found: list[ResourceRecord] = []
    while more := [r for r in seen.records if r.parent in inside and r.urn not in inside]:
        found += more
        inside |= {each.urn for each in more}
    return found


def identities(seen: Previewed, row: Row) -> set[tuple[str, str, str]]:
    return {(each.type, each.name, each.urn) for each in below(seen, row)}


def tags_of(record: ResourceRecord) -> dict[str, str] | None:
    """The tags of whatever takes tags; None where there is no place for them."""
    if record.type == "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass":
        return dict(record.inputs["spec"]["tags"])
    if not record.custom or record.type.partition(":")[0] not in {"aws", "azure", "gcp"}:
        return None
    if record.type in GCP_LABELLED:
        labels = Inputs(record.inputs, camel=True).get(GCP_LABELLED[record.type])
        return {re.sub("^trimtab-", "trimtab:", key): value for key, value in labels.items()}
    if "tags" not in input_type_types(args_type(record.type)):
        return None
    tags = record.inputs.get("tags") or {}
    return {each["key"]: each["value"] for each in tags} if isinstance(tags, list) else dict(tags)
