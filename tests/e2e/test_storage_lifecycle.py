"""Storage on Pulumi's real engine: made, changed in place, made anew under the same name, kept, taken down."""

from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest

from support.automation import OperationError
from support.plans import plan
from support.programs import Program, Programs
from support.stand_in.cloud import Cloud
from trimtab_components import DataLifecycle, StorageClasses

pytestmark = pytest.mark.engine

NETWORK: dict[str, Any] = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "client_security_group_id": "sg-1",
}
HOT: dict[str, Any] = {"intent": "hot", "iops": 4000.0}
BACK: dict[str, Any] = {"intent": "snapshot"}


def storage(classes: dict[str, Any], **more: Any) -> Program:
    """A program with these classes."""

    def program() -> None:
        provider = kubernetes.Provider("kubernetes", kubeconfig="{}")
        role = "arn:aws:iam::111122223333:role/cluster"
        subnets: Any = {"subnet_ids": ["subnet-1"]}
        cluster = aws.eks.Cluster("cluster", name="c", role_arn=role, vpc_config=subnets)
        arguments: Any = {"plan": plan(), "cluster_name": "c", "classes": classes, **more}
        options = pulumi.ResourceOptions(providers=[provider], depends_on=[cluster])
        StorageClasses("storage", arguments, options)

    return program


def test_a_class_is_made_anew_under_its_name_and_the_rest_stays(
    programs: Programs, cloud: Cloud
) -> None:
    stack = programs.use(storage({"hot": HOT, "back": BACK}))
    stack.up()
    assert stack.preview().operations == set()
    cloud.take()

    faster = programs.use(storage({"hot": {**HOT, "iops": 6000.0}, "back": BACK})).up()
    assert {n for o, _, n in faster.done if o not in ("same", "read")} == {"storage-hot"}
    calls = [(each.call, each.kind) for each in cloud.take()]
    # By a fixed name the old one must go first.
    assert calls == [("delete", "StorageClass"), ("create", "StorageClass")]
    assert stack.preview().operations == set()

    # The default may move without anything made anew.
    moved = {"hot": {**HOT, "iops": 6000.0, "default": False}, "back": BACK}
    assert programs.use(storage(moved)).up().operations == {"update"}


def test_drivers_come_before_classes_and_go_after_them(programs: Programs, cloud: Cloud) -> None:
    stack = programs.use(storage({"hot": HOT}))
    stack.up()
    order = ["RolePolicy", "Addon", "StorageClass"]
    assert [each.kind for each in cloud.take() if each.kind in order] == order
    stack.destroy()
    assert [each.kind for each in cloud.take() if each.kind in order] == order[::-1]
    assert not cloud.held


def test_data_is_kept_until_it_is_said_to_go(programs: Programs, cloud: Cloud) -> None:
    classes = {
        "shared": {"intent": "shared"},
        "files": {"intent": "cold", "backend": "s3-mountpoint"},
    }
    stack = programs.use(storage(classes, **NETWORK))
    stack.up()
    assert stack.preview().operations == set()
    with pytest.raises(OperationError, match="protected"):
        stack.destroy()
    with pytest.raises(OperationError, match="protected"):
        programs.use(storage({"hot": HOT})).up()
    assert len(cloud.of("FileSystem")) == len(cloud.of("Bucket")) == 1

    # Left to go, with nothing lost by the way.
    programs.use(storage(classes, keep_data=False, **NETWORK)).up()
    stack.destroy()
    assert cloud.of("FileSystem") == cloud.of("Bucket") == []


def test_rules_change_in_place_and_their_bucket_stays(programs: Programs, cloud: Cloud) -> None:
    def buckets(days: int) -> Program:
        rules = {"age": {"transitions": {"STANDARD_IA": days}}}
        arguments: Any = {"plan": plan(), "buckets": {"data": {"rules": rules}}}
        return lambda: DataLifecycle("data", arguments)

    stack = programs.use(buckets(30))
    stack.up()
    assert stack.preview().operations == set()
    cloud.take()
    changed = programs.use(buckets(60)).up()
    assert changed.of("update") == ["data-data"]
    assert [(each.call, each.kind) for each in cloud.take()] == [
        ("update", "BucketLifecycleConfiguration")
    ]
    with pytest.raises(OperationError, match="protected"):
        stack.destroy()
