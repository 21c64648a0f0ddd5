"""EKS's words for a group: every row of the tables, what is refused, and names that fit."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import plans
from trimtab.errors import InputError
from trimtab.plan.eks import (
    AMI_FAMILIES,
    MAX_NAME,
    TAINT_EFFECTS,
    AmiFamily,
    accepted_sizes,
    ami_type,
    capacity_type,
    node_group_name,
)
from trimtab.plan.model import Group, Pool, Taint
from trimtab.plan.sizing import Sizes

ON_DEMAND = {"option": "on-demand"}
GPU = {"model": "a100-40gb", "resource": "nvidia.com/gpu", "perNode": 8.0}
MIG = {"model": "a100-40gb", "resource": "nvidia.com/mig-1g.5gb", "perNode": 56.0}
NEURON = {"model": "trainium2", "resource": "aws.amazon.com/neuron", "perNode": 16.0}
CORES = {"model": "inferentia2", "resource": "aws.amazon.com/neuroncore", "perNode": 2.0}
FPGA = {"model": "fpga", "resource": "xilinx.com/fpga-xilinx_f2-0", "perNode": 1.0}
GAUDI = {"model": "gaudi-hl-205", "resource": "habana.ai/gaudi", "perNode": 8.0}
AMD = {"model": "radeon-pro-v520", "resource": "amd.com/gpu", "perNode": 1.0}
NEWER = {"model": "r900-2tb", "resource": "nvidia.com/gpu", "perNode": 8.0}


def group(purchase: dict[str, Any] = ON_DEMAND, **changes: Any) -> Group:
    return Group.model_validate(plans.group("main", purchase, **changes))


@pytest.mark.parametrize(
    ("purchase", "expected"),
    [
        (ON_DEMAND, "ON_DEMAND"),
        ({"option": "reserved", "term": "1y"}, "ON_DEMAND"),
        ({"option": "spot", "pools": 2}, "SPOT"),
        (
            {
                "option": "capacity-block",
                "reservationId": "cr-0123",
                "endsAt": "2026-12-01T00:00:00Z",
            },
            "CAPACITY_BLOCK",
        ),
    ],
    ids=lambda value: value["option"] if isinstance(value, dict) else value,
)
def test_each_purchase_option_has_its_capacity_type(
    purchase: dict[str, Any], expected: str
) -> None:
    assert capacity_type(group(purchase)) == expected


def test_owned_machines_are_refused_with_what_eks_has() -> None:
    with pytest.raises(InputError) as error:
        capacity_type(group({"option": "owned", "site": "oslo-1"}))
    assert str(error.value) == (
        "group main: purchase.option: EKS has no capacity type for owned machines; join its "
        "machines as EKS hybrid nodes, or to a cluster of their own such as K3s; EKS provisions "
        "capacity-block, on-demand, reserved, spot"
    )


@dataclass(frozen=True)
class Ami:
    name: str
    family: AmiFamily
    architecture: str
    accelerator: dict[str, Any] | None
    expected: str


@pytest.mark.parametrize(
    "case",
    [
        Ami("plain x86", "AL2023", "x86_64", None, "AL2023_x86_64_STANDARD"),
        Ami("plain Arm", "AL2023", "arm64", None, "AL2023_ARM_64_STANDARD"),
        Ami("NVIDIA", "AL2023", "x86_64", GPU, "AL2023_x86_64_NVIDIA"),
        Ami("NVIDIA beside an Arm CPU", "AL2023", "arm64", GPU, "AL2023_ARM_64_NVIDIA"),
        Ami("MIG slices need the GPU's driver", "AL2023", "x86_64", MIG, "AL2023_x86_64_NVIDIA"),
        Ami("Neuron devices", "AL2023", "x86_64", NEURON, "AL2023_x86_64_NEURON"),
        Ami("NeuronCores", "AL2023", "x86_64", CORES, "AL2023_x86_64_NEURON"),
        Ami("an operator drives FPGAs", "AL2023", "x86_64", FPGA, "AL2023_x86_64_STANDARD"),
        Ami("an operator drives AMD GPUs", "AL2023", "x86_64", AMD, "AL2023_x86_64_STANDARD"),
        Ami("an operator drives Gaudi", "AL2023", "x86_64", GAUDI, "AL2023_x86_64_STANDARD"),
        Ami("a newer model than ours", "AL2023", "x86_64", NEWER, "AL2023_x86_64_NVIDIA"),
        Ami("Bottlerocket", "BOTTLEROCKET", "x86_64", None, "BOTTLEROCKET_x86_64"),
        Ami("Bottlerocket on Arm", "BOTTLEROCKET", "arm64", None, "BOTTLEROCKET_ARM_64"),
        Ami("Bottlerocket NVIDIA", "BOTTLEROCKET", "x86_64", GPU, "BOTTLEROCKET_x86_64_NVIDIA"),
        Ami("the same on Arm", "BOTTLEROCKET", "arm64", GPU, "BOTTLEROCKET_ARM_64_NVIDIA"),
    ],
    ids=lambda case: case.name,
)
def test_architecture_and_accelerator_choose_the_image(case: Ami) -> None:
    chosen = ami_type(
        group(architecture=case.architecture, accelerator=case.accelerator), case.family
    )
    assert chosen == case.expected


@pytest.mark.parametrize(
    ("family", "architecture", "accelerator", "expected"),
    [
        ("AL2023", "arm64", NEURON, "EKS has no AL2023 image for arm64 with neuron drivers"),
        ("BOTTLEROCKET", "x86_64", NEURON, "EKS has no BOTTLEROCKET image for x86_64"),
        ("AL2", "x86_64", None, "unknown AMI family AL2; use one of AL2023, BOTTLEROCKET"),
        ("AL2023", "x86_64", {**GPU, "resource": "nvidia.com/gpuu"}, "did you mean nvidia.com/gpu"),
    ],
)
def test_an_image_that_does_not_exist_is_refused(
    family: Any, architecture: str, accelerator: dict[str, Any] | None, expected: str
) -> None:
    with pytest.raises(InputError) as error:
        ami_type(group(architecture=architecture, accelerator=accelerator), family)
    assert expected in str(error.value)


def test_every_image_carries_its_family() -> None:
    for family in AMI_FAMILIES:
        assert ami_type(group(accelerator=None), family).startswith(family)


def test_a_short_name_is_the_groups_key() -> None:
    pool = Pool.model_validate(plans.pool())
    assert node_group_name(pool, pool.groups[0]) == "trainer-reserved-0a1b2c"


def test_what_eks_cant_change_ends_the_name_within_its_limit() -> None:
    pool = Pool.model_validate(plans.pool())
    one = pool.groups[0]
    assert node_group_name(pool, one, ("bottlerocket",)) == "trainer-reserved-0a1b2c-bottlerocket"
    long = one.model_copy(update={"name": "a" * 40})
    names = [
        node_group_name(pool, long, fixed)
        for fixed in ((), ("bottlerocket",), ("together",), ("bottlerocket", "together"))
    ]
    assert len(set(names)) == 4
    assert max(map(len, names)) <= MAX_NAME
    assert names[-1].endswith("-0a1b2c-bottlerocket-together")


def test_an_empty_group_gets_the_smallest_max_that_eks_takes() -> None:
    assert accepted_sizes(Sizes(0, 0, 0)) == Sizes(0, 0, 1)
    assert accepted_sizes(Sizes(0, 0, 1)) == Sizes(0, 0, 1)
    assert accepted_sizes(Sizes(2, 3, 4)) == Sizes(2, 3, 4)


def test_every_taint_effect_of_a_plan_has_ekss_word() -> None:
    effects = Taint.model_json_schema()["properties"]["effect"]["enum"]
    assert sorted(TAINT_EFFECTS) == sorted(effects)


label = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)


@given(pool_name=label, group_name=label, other=label)
def test_names_fit_end_in_the_generation_and_differ_within_a_pool(
    pool_name: str, group_name: str, other: str
) -> None:
    pool = Pool.model_validate(plans.pool(name=pool_name))
    one, two = (group().model_copy(update={"name": each}) for each in (group_name, other))
    name = node_group_name(pool, one)
    assert len(name) <= MAX_NAME
    assert name.endswith("-0a1b2c")
    assert (name == node_group_name(pool, two)) == (group_name == other)
