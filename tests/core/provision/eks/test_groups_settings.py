"""What a pool's settings and purchase make of its node groups, and what they may not ask for."""

import re
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from support.plans import START, group, plan, pool, windows
from trimtab.errors import InputError
from trimtab.provision.eks.autoscaler import taint_tags
from trimtab.provision.eks.groups import (
    BlockCapacity,
    Capacity,
    HeldCapacity,
    NodeGroupShape,
    OpenCapacity,
    node_group_shape,
    pinned_zone,
)
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.sized_groups import sized_groups

ARN = "arn:aws:resource-groups:us-east-1:111122223333:group/trainers"
DIRECTORIES = ("/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods")
TEMPLATE = "k8s.io/cluster-autoscaler/node-template"


def shape(
    purchase: dict[str, Any] | None = None,
    chosen: dict[str, Any] | None = None,
    *,
    autoscaled: bool = False,
    **changes: Any,
) -> NodeGroupShape:
    one = plan(pools=[pool(groups=[group("g", purchase or {"option": "on-demand"}, **changes)])])
    (sized,) = sized_groups(one, START, {})
    settings = SettingsByGroup(one, {"trainer": chosen or {}}, "here")
    return node_group_shape(
        one,
        sized,
        as_of=START,
        family="AL2023",
        volume_gib=100,
        autoscaled=autoscaled,
        extra_tags={},
        settings=settings.of(sized.pool, sized.group),
    )


def held(**reservation: str) -> dict[str, Any]:
    return {"option": "reserved", "term": "open", "reservation": reservation}


def block(**changes: str) -> dict[str, Any]:
    return {
        "option": "capacity-block",
        "reservationId": "cr-0b",
        "endsAt": "2026-12-01T00:00:00Z",
        **changes,
    }


def offers(*types: str) -> list[dict[str, Any]]:
    return [{"instanceType": name, "usdPerHour": 1.0} for name in types]


@pytest.mark.parametrize(
    ("purchase", "kind", "capacity", "zone"),
    [
        ({"option": "on-demand"}, "ON_DEMAND", OpenCapacity(), None),
        ({"option": "spot", "pools": 2}, "SPOT", OpenCapacity(), None),
        ({"option": "reserved", "term": "1y"}, "ON_DEMAND", OpenCapacity(), None),
        ({"option": "reserved", "term": "open"}, "ON_DEMAND", OpenCapacity(), None),
        (held(id="cr-0a"), "ON_DEMAND", HeldCapacity("cr-0a", None), None),
        (held(id="cr-0a", zone="z"), "ON_DEMAND", HeldCapacity("cr-0a", None), "z"),
        (held(groupArn=ARN), "ON_DEMAND", HeldCapacity(None, ARN), None),
        (block(zone="z"), "CAPACITY_BLOCK", BlockCapacity("cr-0b"), "z"),
    ],
)
def test_a_purchase_decides_whose_machines_a_group_takes(
    purchase: dict[str, Any], kind: str, capacity: Capacity, zone: str | None
) -> None:
    made = shape(purchase)
    assert (made.capacity_type, made.capacity, made.zone) == (kind, capacity, zone)


NO_ID = (
    "group g: purchase.reservation.id: my-reservation is no id of a capacity reservation; "
    "give the id that AWS gave it, such as cr-0123456789abcdef0, in the inventory"
)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: shape(held(id="my-reservation")), NO_ID),
        (
            lambda: shape(chosen={"local_storage": "raid0"}, offers=offers("m7i.4xlarge")),
            "local_storage is raid0, but m7i.4xlarge has no NVMe disks",
        ),
        (
            lambda: shape(chosen={"efa": True}, offers=offers("g6.xlarge")),
            "pool trainer, group g: efa: g6.xlarge has no EFA",
        ),
        (
            lambda: shape(held(id="cr-0a"), {"placement_group": True}),
            "placement_group: machines of",
        ),
        (lambda: shape(block(), {"placement_group": True}), "placement_group: machines of"),
        *(
            (
                lambda name=name: shape(chosen={"placement_group": True}, offers=offers(name)),
                f"placement_group: EC2 puts no {name} into a cluster placement group",
            )
            for name in ("t3.large", "m7i-flex.large")
        ),
    ],
)
def test_what_the_machines_or_their_purchase_lack_is_refused(
    made: Callable[[], object], says: str
) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        made()


def test_a_machine_that_is_not_known_may_have_disks() -> None:
    made = shape(chosen={"local_storage": "raid0"}, offers=offers("p9.enormous"))
    assert "RAID0" in str(made.user_data)


@pytest.mark.parametrize(
    ("purchase", "chosen", "zones", "expected"),
    [
        ({"option": "on-demand"}, {}, ["b", "a"], None),
        ({"option": "on-demand"}, {}, [], None),
        ({"option": "on-demand"}, {"placement_group": True}, ["b", "a"], "b"),
        (held(id="cr-0a", zone="a"), {}, ["b", "a"], "a"),
        (block(zone="b"), {}, ["b", "a"], "b"),
    ],
)
def test_a_group_stands_where_it_must(
    purchase: dict[str, Any], chosen: dict[str, Any], zones: list[str], expected: str | None
) -> None:
    assert pinned_zone(shape(purchase, chosen), zones) == expected


NO_SUBNET = (
    "node group trainer-g-0a1b2c: its nodes must stand in zone c, but the cluster knows no subnet "
    "there (known: b, a); name the zone in the cluster's zones, or its subnet in zone_subnet_ids"
)


@pytest.mark.parametrize(
    ("purchase", "chosen", "zones", "says"),
    [
        (held(id="cr-0a", zone="c"), {}, ["b", "a"], NO_SUBNET),
        (
            {"option": "on-demand"},
            {"placement_group": True},
            [],
            "must stand in one zone, for its placement group, but the cluster knows no subnet there;",
        ),
    ],
)
def test_a_zone_without_a_known_subnet_is_refused(
    purchase: dict[str, Any], chosen: dict[str, Any], zones: list[str], says: str
) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        pinned_zone(shape(purchase, chosen), zones)


def node_config(made: NodeGroupShape) -> dict[str, Any]:
    """The NodeConfig in the group's user data, read as nodeadm does."""
    text = str(made.user_data)
    header, part, end = text.split("--TRIMTAB")
    assert header.startswith("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=")
    assert (part.split("\n\n")[0], end) == ("\nContent-Type: application/node.eks.aws", "--\n")
    config: dict[str, Any] = yaml.safe_load(part.partition("---\n")[2])
    assert (config["apiVersion"], config["kind"]) == ("node.eks.aws/v1alpha1", "NodeConfig")
    return config


def test_nothing_chosen_is_nothing_said() -> None:
    made = shape()
    assert made.user_data is None
    assert made.interfaces == ()
    assert made.warnings == ()
    assert (made.placement_group, made.node_repair, made.max_unavailable_percentage) == (
        False,
        False,
        None,
    )


def test_local_disks_become_one_filesystem() -> None:
    config = node_config(shape(chosen={"local_storage": "raid0"}))
    assert config["spec"] == {"instance": {"localStorage": {"strategy": "RAID0"}}}


def test_bottlerocket_binds_its_directories_to_the_local_disks() -> None:
    made = shape(chosen={"local_storage": "raid0", "ami_family": "BOTTLEROCKET"})
    assert made.ami_type == "BOTTLEROCKET_x86_64_NVIDIA"
    assert tomllib.loads(str(made.user_data)) == {
        "settings": {
            "bootstrap-commands": {
                "trimtab-local-storage": {
                    "commands": [
                        ["apiclient", "ephemeral-storage", "init"],
                        ["apiclient", "ephemeral-storage", "bind", "--dirs", *DIRECTORIES],
                    ],
                    "essential": True,
                    "mode": "always",
                }
            }
        }
    }


TAINTS = [{"key": "dedicated", "value": "batch", "effect": "NoExecute"}]
EVERY = {"accelerator_taint": True, "team_taint": True, "readiness_taint": True}
REGISTERED = (
    "dedicated=batch:NoExecute,nvidia.com/gpu=present:NoSchedule,trimtab.dev/team=vision:NoSchedule,"
    "trimtab.dev/accelerator-not-ready=true:NoSchedule"
)


def test_with_a_readiness_taint_the_kubelet_registers_all_of_them() -> None:
    made = shape(chosen=EVERY, taints=TAINTS)
    assert made.taints == ()  # EKS would put back what was taken away, and override the kubelet's
    assert node_config(made)["spec"] == {
        "kubelet": {"flags": [f"--register-with-taints={REGISTERED}"]}
    }


def test_bottlerocket_registers_them_too() -> None:
    made = shape(chosen={**EVERY, "ami_family": "BOTTLEROCKET"}, taints=TAINTS)
    assert made.taints == ()
    assert tomllib.loads(str(made.user_data))["settings"]["kubernetes"]["node-taints"] == {
        "dedicated": ["batch:NoExecute"],
        "nvidia.com/gpu": ["present:NoSchedule"],
        "trimtab.dev/team": ["vision:NoSchedule"],
        "trimtab.dev/accelerator-not-ready": ["true:NoSchedule"],
    }


def test_without_it_they_are_ekss() -> None:
    made = shape(chosen={"accelerator_taint": True, "team_taint": True}, taints=TAINTS)
    assert made.user_data is None
    assert [(t["key"], t["effect"]) for t in made.taints] == [
        ("dedicated", "NO_EXECUTE"),
        ("nvidia.com/gpu", "NO_SCHEDULE"),
        ("trimtab.dev/team", "NO_SCHEDULE"),
    ]


def test_an_autoscaler_is_told_of_the_taints_that_last() -> None:
    made = shape(chosen=EVERY, taints=TAINTS, autoscaled=True)
    assert taint_tags(made.hidden_taints) == {
        f"{TEMPLATE}/taint/dedicated": "batch:NoExecute",
        f"{TEMPLATE}/taint/nvidia.com/gpu": "present:NoSchedule",
        f"{TEMPLATE}/taint/trimtab.dev/team": "vision:NoSchedule",
    }
    assert shape(chosen=EVERY, taints=TAINTS).hidden_taints == ()
    assert shape(taints=TAINTS, autoscaled=True).hidden_taints == ()


def resources(**chosen: Any) -> dict[str, str]:
    found = shape(chosen=chosen, autoscaled=True).autoscaler_tags
    return {key.removeprefix(f"{TEMPLATE}/resources/"): value for key, value in found.items()}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, {"ephemeral-storage": "100Gi", "nvidia.com/gpu": "8"}),
        ({"volume_gib": 300}, {"ephemeral-storage": "300Gi", "nvidia.com/gpu": "8"}),
        ({"local_storage": "raid0"}, {"ephemeral-storage": "8000G", "nvidia.com/gpu": "8"}),
        (
            {"efa": True},
            {"ephemeral-storage": "100Gi", "nvidia.com/gpu": "8", "vpc.amazonaws.com/efa": "4"},
        ),
        (
            {"sharing": "time-slicing", "sharing_replicas": 4},
            {"ephemeral-storage": "100Gi", "nvidia.com/gpu": "32"},
        ),
        ({"mig_profile": "all-1g.5gb"}, {"ephemeral-storage": "100Gi"}),
    ],
)
def test_an_autoscaler_knows_a_nodes_resources_before_there_is_one(
    chosen: dict[str, Any], expected: dict[str, str]
) -> None:
    assert resources(**chosen) == expected


def test_mig_slices_that_the_plan_counts_are_stated() -> None:
    slices = {"model": "a100-40gb", "resource": "nvidia.com/mig-1g.5gb", "perNode": 56.0}
    made = shape(chosen={"mig_profile": "all-1g.5gb"}, accelerator=slices, autoscaled=True)
    assert made.autoscaler_tags[f"{TEMPLATE}/resources/nvidia.com/mig-1g.5gb"] == "56"
    assert made.labels["nvidia.com/mig.config"] == "all-1g.5gb"


def test_without_an_autoscaler_nobody_reads_such_tags() -> None:
    assert shape().autoscaler_tags == {}
    assert "k8s.amazonaws.com/accelerator" not in shape().labels
    assert shape(autoscaled=True).labels["k8s.amazonaws.com/accelerator"] == "a100-40gb"


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: shape({"option": "spot", "pools": 1}), "spot machines of p4d.24xlarge alone"),
        (lambda: shape(block()), "the reservation's zone is not stated"),
        (lambda: shape(held(id="cr-0a")), "the reservation's zone is not stated"),
        (
            lambda: shape(windows=windows((0, 0, 1), (0, 0, 451))),
            "its max of 451 nodes is above EKS's default quota of 450 nodes a managed node group",
        ),
        (lambda: shape(chosen={"efa": True}), "consider placement_group"),
    ],
)
def test_what_a_person_should_know_is_said(made: Callable[[], NodeGroupShape], says: str) -> None:
    (warning,) = made().warnings
    assert says in warning


@pytest.mark.parametrize(
    "made",
    [
        lambda: shape(
            {"option": "spot", "pools": 2}, offers=offers("p4d.24xlarge", "p4de.24xlarge")
        ),
        lambda: shape(held(groupArn=ARN)),
        lambda: shape(windows=windows((0, 0, 450))),
        lambda: shape(chosen={"efa": True, "placement_group": True}),
    ],
)
def test_what_needs_no_warning_has_none(made: Callable[[], NodeGroupShape]) -> None:
    assert made().warnings == ()


def test_updates_and_repairs_are_as_chosen() -> None:
    made = shape(chosen={"max_unavailable_percentage": 20, "node_repair": True})
    assert (made.max_unavailable_percentage, made.node_repair) == (20, True)


def test_a_sharing_profile_is_a_label_that_the_device_plugin_reads() -> None:
    made = shape(chosen={"sharing": "mps", "sharing_replicas": 3})
    assert made.labels["nvidia.com/device-plugin.config"] == "mps-3"


def test_labels_of_clouds_and_kubernetes_are_not_set() -> None:
    one = pool(labels={"gpu-type": "a100", "kubernetes.io/arch": "amd64", "karpenter.sh/x": "y"})
    document = plan(pools=[one])
    for sized in sized_groups(document, START, {}):
        made = node_group_shape(
            document,
            sized,
            as_of=START,
            family="AL2023",
            volume_gib=100,
            autoscaled=False,
            extra_tags={},
        )
        assert "gpu-type" in made.labels
        assert not {"kubernetes.io/arch", "karpenter.sh/x"} & set(made.labels)
