"""What StorageClasses and DataLifecycle make: the resources, in their SDKs' words and S3's own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pytest
from moto import mock_aws

from support.component_rows.storage import NETWORK, ROWS
from support.inline import deploy, preview
from support.plans import plan
from support.recorded import Records, of
from support.sdk_inputs import problems
from support.storage_plans import tier, tiered
from trimtab.errors import InputError
from trimtab.provision.eks.roles import policy_document, trust_policy
from trimtab.provision.storage.aws import EBS, EFS, FSX, S3
from trimtab.provision.storage.aws_iam import statements
from trimtab_components import DataLifecycle, StorageClasses

COMPONENTS: dict[str, Any] = {"StorageClasses": StorageClasses, "DataLifecycle": DataLifecycle}
KEY = "arn:aws:kms:us-east-1:111122223333:key/1"


def classes(folder: Path, stated: dict[str, Any], **more: Any) -> Records:
    arguments: Any = {"plan": plan(), "cluster_name": "c", "classes": stated, **more}
    return preview(folder, lambda: StorageClasses("s", arguments)).records


def buckets(folder: Path, stated: dict[str, Any], **more: Any) -> Records:
    arguments: Any = {"plan": plan(), "buckets": stated, **more}
    return preview(folder, lambda: DataLifecycle("d", arguments)).records


@pytest.mark.parametrize(("component", "arguments"), [(row[0], row[2]) for row in ROWS],
                         ids=[f"{row[0]}, {row[1]}" for row in ROWS])  # fmt: skip
def test_the_sdks_know_every_input(
    component: str, arguments: dict[str, Any], tmp_path: Path
) -> None:
    records = preview(tmp_path, lambda: COMPONENTS[component]("x", arguments)).records
    found = {each.name: problems(each.type, each.inputs) for each in records
             if each.custom and not each.type.startswith("pulumi:")}  # fmt: skip
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_each_driver_that_calls_aws_has_a_role_of_its_own(tmp_path: Path) -> None:
    found = classes(tmp_path, {"hot": {"intent": "hot"}, "back": {"intent": "snapshot"}})
    assert set(of(found, "Role")) == set(of(found, "RolePolicy")) == {"s-ebs"}
    addons = of(found, "Addon")
    assert set(addons) == {"s-aws-ebs-csi-driver", "s-snapshot-controller"}
    (identity,) = addons["s-aws-ebs-csi-driver"].inputs["podIdentityAssociations"]
    assert identity["serviceAccount"] == "ebs-csi-controller-sa"
    assert "podIdentityAssociations" not in addons["s-snapshot-controller"].inputs


def test_charts_get_their_role_by_an_association(tmp_path: Path) -> None:
    found = classes(tmp_path, {"hot": {"intent": "hot"}}, eks_addons=False)
    assert not of(found, "Addon")
    assert of(found, "PodIdentityAssociation")["s-ebs"].inputs["namespace"] == "kube-system"
    values = of(found, "Chart")["s-ebs"].inputs["values"]
    assert values["controller"] == {"region": "us-east-1", "k8sTagClusterId": "c"}


def test_what_the_cluster_has_is_not_installed(tmp_path: Path) -> None:
    stated = {"hot": {"intent": "hot"}, "back": {"intent": "snapshot"}}
    off = {"snapshot-controller": {"enabled": False}}
    assert set(of(classes(tmp_path, stated, drivers=off), "Addon")) == {"s-aws-ebs-csi-driver"}
    assert not of(classes(tmp_path, stated, install_drivers=False), "Role")
    for provider, region in (("azure", "westeurope"), ("gcp", "europe-west1")):
        site = plan(site={"provider": provider, "region": region})
        found = classes(tmp_path, stated, plan=site)
        assert {each.type.partition(":")[0] for each in found} <= {
            "kubernetes",
            "pulumi",
            "trimtab",
        }


def test_an_override_reaches_add_ons_and_charts(tmp_path: Path) -> None:
    over = {"ebs.csi.aws.com": {"version": "v1.60.0-eksbuild.1", "values": {"node": {"a": 1}}}}
    stated = {"hot": {"intent": "hot"}}
    addon = of(classes(tmp_path, stated, override=over), "Addon")["s-aws-ebs-csi-driver"]
    assert addon.inputs["addonVersion"] == "v1.60.0-eksbuild.1"
    assert json.loads(addon.inputs["configurationValues"])["node"] == {"a": 1}
    chart = of(classes(tmp_path, stated, override=over, eks_addons=False), "Chart")["s-ebs"]
    assert chart.inputs["values"]["node"] == {"a": 1}


def test_the_key_of_a_class_is_the_drivers_to_use(tmp_path: Path) -> None:
    stated: Any = {"hot": {"intent": "hot", "key_arn": KEY}, "shared": {"intent": "shared"}}
    arguments: Any = {"plan": plan(), "cluster_name": "c", "classes": stated, **NETWORK}
    made = deploy(lambda: StorageClasses("s", arguments)).made
    policy = json.loads(made["aws:iam/rolePolicy:RolePolicy", "s-ebs"]["policy"])
    keys = [each for each in policy["Statement"] if each["Sid"] in ("UseKeys", "GrantKeys")]
    assert [each["Resource"] for each in keys] == [[KEY], [KEY]]
    assert "kms" not in made["aws:iam/rolePolicy:RolePolicy", "s-efs"]["policy"]


def test_a_file_system_is_closed_encrypted_and_cheap_when_idle(tmp_path: Path) -> None:
    found = classes(tmp_path, {"shared": {"intent": "shared"}}, **NETWORK)
    system = of(found, "FileSystem")["s-shared"].inputs
    assert system["encrypted"] is True
    assert system["throughputMode"] == "elastic"
    assert system["lifecyclePolicies"] == [
        {"transitionToIa": "AFTER_30_DAYS"},
        {"transitionToArchive": "AFTER_90_DAYS"},
        {"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
    ]
    assert len(of(found, "MountTarget")) == 2
    (rule,) = of(found, "SecurityGroupIngressRule").values()
    assert rule.inputs["referencedSecurityGroupId"] == "sg-1"
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (2049, 2049)
    assert not of(found, "SecurityGroupEgressRule")
    assert of(found, "FileSystem")["s-shared"].protect


def test_lustre_is_as_large_as_the_plan_says_in_fsx_steps(tmp_path: Path) -> None:
    one = tiered(tier("work", "scratch", "fsx-lustre", (1000, 0, 0), (3000, 0, 0)))
    found = classes(tmp_path, {}, plan=one, **NETWORK)
    system = of(found, "LustreFileSystem")["s-work"]
    assert system.inputs["storageCapacity"] == 4800
    assert system.inputs["deploymentType"] == "SCRATCH_2"
    assert system.inputs["tags"]["trimtab:storage-tier"] == "work"
    assert not system.protect
    ports = {(r.inputs["fromPort"], r.inputs["toPort"])
             for r in of(found, "SecurityGroupIngressRule").values()}  # fmt: skip
    assert ports == {(988, 988), (1018, 1023)}


def test_a_file_system_from_elsewhere_may_be_late(tmp_path: Path) -> None:
    def program() -> None:
        system = aws.efs.FileSystem("there")
        settings = {"file_system_id": system.id}
        arguments: Any = {
            "plan": plan(),
            "cluster_name": "c",
            "classes": {"shared": {"intent": "shared", "settings": settings}},
        }
        StorageClasses("s", arguments, pulumi.ResourceOptions(depends_on=[system]))

    found = preview(tmp_path, program).records
    assert set(of(found, "FileSystem")) == {"there"}
    assert not of(found, "SecurityGroup")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a file system without a network": ({"classes": {"x": {"intent": "shared"}}},
        ("classes.x: a file system for backend efs has no network to stand in; give vpc_id, subnet_ids "
        "and client_security_group_id; or settings of one that there is")),
    "half a network": ({"vpc_id": "vpc-1"},
        ("vpc_id, subnet_ids and client_security_group_id say together where file systems stand; give "
        "all three")),
    "no subnets": ({**NETWORK, "subnet_ids": []}, "subnet_ids: give a list of one or more"),
    "Lustre of no size": ({"classes": {"x": {"intent": "scratch"}}, **NETWORK},
        ("classes.x: how large the file system is, nothing says; give settings.gib, a tier of the plan, "
        "or settings.subnet_id for one a claim")),
    "days that EFS does not know": (
        {"classes": {"x": {"intent": "shared", "settings": {"infrequent_days": 45}}}, **NETWORK},
        ("classes.x: settings.infrequent_days 45; use 1, 7, 14, 30, 60, 90, 180, 270, 365; 0 for "
            "never")),
    "a driver that no class needs": ({"drivers": {"efs.csi.aws.com": {"enabled": False}}},
        "drivers: no class needs efs.csi.aws.com; use one of ebs.csi.aws.com, snapshot-controller"),
    "a chart of a driver that no class needs": ({"override": {"nfs": {"version": "4.13.3"}}},
        "override: no class needs nfs; use one of ebs.csi.aws.com, snapshot-controller"),
    "a chart of what has none": (
        {"site": "hall", "classes": {"x": {"intent": "hot", "backend": "ceph-block"}},
            "override": {"ceph": {"version": "v1.20.5"}}},
        "override: ceph has no chart; use one of ceph-csi, rook"),
    "drivers of nobody": ({"install_drivers": False, "drivers": {"ebs.csi.aws.com": {}}},
        "drivers and override have no effect without install_drivers; drop them"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_can_not_be_is_refused(arguments: dict[str, Any], says: str) -> None:
    given: Any = {"plan": plan(), "cluster_name": "c", **arguments}
    with pytest.raises(InputError) as caught:
        StorageClasses("s", given)
    assert str(caught.value).removeprefix('StorageClasses "s": ') == says


def test_late_settings_are_refused_where_they_decide_what_is_made(tmp_path: Path) -> None:
    def program() -> None:
        late = aws.ec2.Eip("late").public_ip
        classes_ = {"work": {"intent": "scratch", "settings": {"gib": late}}}
        StorageClasses("s", {"plan": plan(), "cluster_name": "c", "classes": classes_, **NETWORK})  # type: ignore[typeddict-item]

    says = "classes.work: settings.gib is known only after deployment; give the value itself"
    with pytest.raises(InputError, match=says):
        preview(tmp_path, program)


REFUSED_BUCKETS: dict[str, tuple[dict[str, Any], str]] = {
    "neither intent nor rules": ({"buckets": {"b": {}}},
        "give intent, rules of your own, or rules_file, and one of them"),
    "nowhere": ({"plan": None, "buckets": {"b": {"intent": "hot"}}},
        "which cloud and region is not said; give plan, or provider and region"),
    "another's": ({"provider": "on-premises", "buckets": {"b": {"intent": "hot"}}},
        "provider on-premises has no lifecycle rules; use one of aws, azure, gcp"),
    "autoclass on AWS": ({"buckets": {"b": {"autoclass": True}}},
        "buckets.b: aws has no autoclass; use intent warm, which is Intelligent-Tiering"),
    "two who move": (
        {"provider": "gcp", "buckets": {"b": {"autoclass": True, "intent": "cold"}}},
        ("buckets.b: autoclass moves objects itself, and rules may not; drop intent and transitions; "
        "rules that drop objects may stay")),
    "a storage account to make": ({"provider": "azure", "buckets": {"b": {"intent": "cold"}}},
        "buckets.b: a storage account is not made here; give existing, its id"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"), REFUSED_BUCKETS.values(), ids=REFUSED_BUCKETS.keys()
)
def test_rules_that_can_not_be_are_refused(arguments: dict[str, Any], says: str) -> None:
    given: Any = {"plan": plan(), **arguments}
    with pytest.raises(InputError) as caught:
        DataLifecycle("d", given)
    assert says in str(caught.value)


def test_a_bucket_is_closed_and_its_rules_are_s3s(tmp_path: Path) -> None:
    found = buckets(tmp_path, {"data": {"intent": "cold"}})
    access = of(found, "BucketPublicAccessBlock")["d-data"].inputs
    assert {
        value for key, value in access.items() if key.startswith(("block", "ignore", "restr"))
    } == {True}
    assert of(found, "BucketVersioning")
    assert of(found, "Bucket")["d-data"].protect
    made = deploy(
        lambda: DataLifecycle("d", {"plan": plan(), "buckets": {"data": {"intent": "cold"}}})
    )
    policy = json.loads(made.made["aws:s3/bucketPolicy:BucketPolicy", "d-data"]["policy"])
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny", {"Bool": {"aws:SecureTransport": "false"}},
    )  # fmt: skip


def test_a_bucket_that_there_is_gets_rules_and_nothing_else(tmp_path: Path) -> None:
    found = buckets(tmp_path, {"data": {"existing": "somebody-s", "intent": "warm"}})
    made = {each.type for each in found if each.type.startswith("aws:")}
    assert made == {"aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"}


def test_a_bucket_without_anything_to_do_gets_no_rules(tmp_path: Path) -> None:
    idle = {"intent": "hot", "versioning": False, "abort_days": 0}
    assert not of(buckets(tmp_path, {"data": idle}), "BucketLifecycleConfiguration")


@pytest.fixture
def iam() -> Iterator[Any]:
    """A client of a made-up IAM."""
    with mock_aws():
        yield boto3.client("iam", region_name="us-east-1")


@pytest.fixture
def s3() -> Iterator[Any]:
    """A client of a made-up S3."""
    with mock_aws():
        yield boto3.client("s3", region_name="us-east-1")


@pytest.mark.parametrize("stated", [
    *({"intent": intent} for intent in ("hot", "warm", "cold", "scratch", "shared", "snapshot")),
    {"rules": {"a": {"prefix": "a/", "min_kib": 256, "transitions": {"STANDARD_IA": 30},
                     "noncurrent_transitions": {"GLACIER": 1}, "noncurrent_expire_days": 91,
                     "noncurrent_keep": 2},
               "b": {"prefix": "b/", "expire_days": 1}}},
])  # fmt: skip
def test_s3_takes_the_rules(s3: Any, tmp_path: Path, stated: dict[str, Any]) -> None:
    s3.create_bucket(Bucket="data")
    found = of(buckets(tmp_path, {"data": stated}), "BucketLifecycleConfiguration")
    rules = [_of_the_api(rule) for rule in found["d-data"].inputs["rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket="data", LifecycleConfiguration={"Rules": rules})
    kept = s3.get_bucket_lifecycle_configuration(Bucket="data")["Rules"]
    assert [each["ID"] for each in kept] == [each["ID"] for each in rules]


def _of_the_api(value: Any, key: str = "") -> Any:
    """Inputs of the provider under the API's names."""
    if isinstance(value, list):
        return [_of_the_api(each) for each in value]
    if not isinstance(value, dict):
        return value
    renamed = {"id": "ID", "and": "And"}
    return {
        renamed.get(name, name[0].upper() + name[1:]): _of_the_api(each, name)
        for name, each in value.items()
    }


@pytest.mark.parametrize("driver", [EBS, EFS, FSX, S3])
def test_iam_takes_the_drivers_policies(iam: Any, driver: str) -> None:
    document = policy_document(statements(driver, "c", "us-east-1", [KEY], ["b"]))
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_policy("pods.eks", "us-east-1"))
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document)
    assert iam.get_role_policy(RoleName="r", PolicyName="p")["PolicyDocument"] == json.loads(
        document
    )
    # An inline policy's characters, blanks apart, are counted against this.
    assert len(document.replace(" ", "")) < 10_240


@pytest.mark.parametrize(
    ("planned", "settings", "mode", "bought"),
    [
        (411.5, {}, "provisioned", 412.0),
        (0.0, {}, "elastic", None),
        (411.5, {"throughput_mode": "elastic"}, "elastic", None),
    ],
)
def test_efs_has_the_throughput_that_its_tier_is_priced_with(
    planned: float, settings: dict[str, Any], mode: str, bought: float | None, tmp_path: Path
) -> None:
    plan_ = tiered(tier("data", "shared", "efs", (5000, 0, 100.0), (5000, 0, planned)))
    if not planned:
        plan_ = tiered(tier("data", "shared", "efs", (5000, 0, 0)))
    found = classes(tmp_path, {"data": {"settings": settings}}, plan=plan_, **NETWORK)
    inputs = of(found, "FileSystem")["s-data"].inputs
    assert (inputs["throughputMode"], inputs.get("provisionedThroughputInMibps")) == (mode, bought)
    archived = [each for each in inputs["lifecyclePolicies"] if "transitionToArchive" in each]
    assert bool(archived) == (mode == "elastic")


RULES = """
apiVersion: trimtab.dev/v1alpha1
kind: LifecycleRules
spec:
  provider: aws
  region: us-east-1
  rules:
    - {name: raw, prefix: training/raw/, transitions: {STANDARD_IA: 30}, savingUsdPerMonth: 1752.18}
"""


def test_a_bucket_has_the_rules_of_a_document(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    made = of(
        buckets(tmp_path, {"data": {"rules_file": str(file)}}), "BucketLifecycleConfiguration"
    )
    (rule,) = made["d-data"].inputs["rules"]
    assert (rule["id"], rule["filter"]["prefix"]) == ("raw", "training/raw/")
    assert rule["transitions"] == [{"days": 30, "storageClass": "STANDARD_IA"}]


def test_rules_of_another_regions_prices_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("us-east-1", "eu-west-1"), encoding="utf-8")
    with pytest.raises(InputError) as error:
        buckets(tmp_path, {"data": {"rules_file": str(file)}})
    assert str(error.value) == (
        f'DataLifecycle "d": buckets.data.rules_file: the rules of {file} were weighed in eu-west-1, and the '
        f"bucket is in us-east-1; run trimtab storage lifecycle --region us-east-1 --out {file}"
    )
