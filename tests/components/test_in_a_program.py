"""The components in somebody's own program: explicit providers, late values, several of a kind."""

from pathlib import Path

import pytest

from support.plans import plan
from support.recorded import Records, of, one
from trimtab.errors import InputError
from trimtab.plan.document import save_plan
from trimtab.preview.records import PreviewRequest
from trimtab.resources.inputs import UNKNOWN
from trimtab_components.engines.recorder import record

HEAD = """
import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from trimtab_components import GpuOperator, HeterogeneousCluster, KarpenterPools
"""
PROVIDER = """
mine = aws.Provider("mine", region="us-east-1")
opts = pulumi.ResourceOptions(providers=[mine])
"""


def run(folder: Path, body: str) -> Records:
    save_plan(plan(), folder / "plan.yaml")
    (folder / "Pulumi.yaml").write_text("name: own\nruntime: python\n", "utf-8")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n", "utf-8")
    (folder / "__main__.py").write_text(HEAD + body, "utf-8")
    return record(PreviewRequest(folder, "dev")).records


def test_an_explicit_provider_reaches_every_resource(tmp_path: Path) -> None:
    records = run(
        tmp_path,
        PROVIDER + 'HeterogeneousCluster("c", {"plan": "plan.yaml", "region": "us-east-1"}, opts)',
    )
    (provider,) = (r for r in records if r.type == "pulumi:providers:aws")
    made = [r for r in records if r.type.startswith("aws:")]
    assert len(made) > 30
    assert {r.provider.rpartition("::")[0] for r in made} == {provider.urn}


def test_an_existing_network_may_come_late(tmp_path: Path) -> None:
    records = run(
        tmp_path,
        PROVIDER
        + """
vpc = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
subnets = [aws.ec2.Subnet(f"s{i}", vpc_id=vpc.id, cidr_block=f"10.0.{i}.0/24") for i in (0, 1)]
HeterogeneousCluster("c", {
    "plan": "plan.yaml", "region": "us-east-1",
    "vpc_id": vpc.id, "subnet_ids": [subnet.id for subnet in subnets],
}, opts)
""",
    )
    subnets = {r.urn for r in of(records, "Subnet").values()}
    assert len(subnets) == 2
    for each in of(records, "NodeGroup").values():
        assert each.inputs["subnetIds"] == [UNKNOWN, UNKNOWN]
        assert subnets <= set(each.dependencies)
    assert subnets <= set(one(records, "Cluster").dependencies)


def test_two_clusters_of_one_plan_share_no_name(tmp_path: Path) -> None:
    body = PROVIDER + "".join(
        f'HeterogeneousCluster("{name}", {{"plan": "plan.yaml", "region": "us-east-1"}}, opts)\n'
        for name in ("one", "two")
    )
    records = run(tmp_path, body)
    urns = [each.urn for each in records]
    assert len(set(urns)) == len(urns)
    one_has, two_has = (
        sorted(r.name.removeprefix(f"{name}-") for r in records if r.name.startswith(f"{name}-"))
        for name in ("one", "two")
    )
    assert one_has == two_has
    assert len(one_has) > 30


def test_the_plan_may_be_written_in_the_program(tmp_path: Path) -> None:
    records = run(
        tmp_path,
        """
import yaml
document = yaml.safe_load(open("plan.yaml"))
KarpenterPools("k", {"plan": document, "cluster_name": "c", "ami_version": "v20261101"})
""",
    )
    classes = of(records, "EC2NodeClass").values()
    assert {r.inputs["spec"]["role"] for r in classes} == {"KarpenterNodeRole-c"}
    assert {t["alias"] for r in classes for t in r.inputs["spec"]["amiSelectorTerms"]} == {
        "al2023@v20261101"
    }


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('HeterogeneousCluster("c", {"plan": "plan.yaml"})', "no region is configured; set aws:"),
        (
            'HeterogeneousCluster("c", {"plan": pulumi.Output.from_input("plan.yaml")})',
            "known before deployment",
        ),
        ('KarpenterPools("k", {"plan": "plan.yaml"})', "cluster_name: Field required"),
        ('GpuOperator("g", {})', "image: Field required"),
        (
            'GpuOperator("g", {"image": "AL2"})',
            "Input should be 'AL2023', 'BOTTLEROCKET', 'EKS_AUTO'",
        ),
        (
            'GpuOperator("g", dict(image="AL2023", mig_strategy="single", sharing="mps"))',
            "with 1 replicas shares nothing",
        ),
    ],
)
def test_a_mistake_names_the_component_and_the_argument(
    tmp_path: Path, body: str, says: str
) -> None:
    with pytest.raises(InputError) as caught:
        run(tmp_path, body)
    assert says in str(caught.value)
    assert str(caught.value).startswith(("HeterogeneousCluster", "KarpenterPools", "GpuOperator"))
