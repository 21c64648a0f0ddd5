"""Matching: which offers suit, how much a node takes, and why none does."""

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.manifests import TRAINER
from trimtab.catalogue.offers import Offer
from trimtab.catalogue.reader import load_offers
from trimtab.errors import InputError
from trimtab.workloads.matching import (
    OfferIndex,
    Rejected,
    Suits,
    explain_no_match,
    match,
    node_labels,
    replicas_per_node,
    suitable,
    units_per_node,
)
from trimtab.workloads.model import NodeRequirement, Replica, Unit, Workload
from trimtab.workloads.reader import parse_workloads

REAL = Path(__file__).parents[4] / "shared" / "data" / "prices" / "offers.csv"


def offer(instance_type: str, **changes: Any) -> Offer:
    whole = Offer(
        provider="aws",
        region="us-east-1",
        instance_type=instance_type,
        vcpu=96.0,
        memory_gib=1152.0,
        accelerator="a100-40gb",
        accelerator_count=8.0,
        architecture="x86_64",
        on_demand_usd_per_hour=21.95,
        spot_usd_per_hour=None,
        reserved_1y_usd_per_hour=None,
        reserved_3y_usd_per_hour=None,
        interruption_band=None,
        gco2e_per_hour=None,
        as_of=date(2026, 7, 20),
        source="test",
    )
    return replace(whole, **changes)


P4D = offer("p4d.24xlarge")
P4DE = offer("p4de.24xlarge", accelerator="a100-80gb")
G5 = offer("g5.xlarge", vcpu=4.0, memory_gib=16.0, accelerator="a10g", accelerator_count=1.0)
M7I = offer("m7i.4xlarge", vcpu=16.0, memory_gib=64.0, accelerator=None, accelerator_count=None)
M7G = replace(M7I, instance_type="m7g.4xlarge", architecture="arm64")
TRN = offer("trn1.32xlarge", accelerator="trainium", accelerator_count=16.0)
SLICE = offer("Standard_NV18ads_A10_v5", accelerator="a10", accelerator_count=0.5)
GB200 = offer("Standard_ND128isr", accelerator="gb200", architecture="arm64", memory_gib=None)
OFFERS = (P4D, P4DE, G5, M7I, M7G, TRN, SLICE, GB200)

GPU = Replica(4.0, 16.0, "nvidia.com/gpu", 1.0)
CPU = Replica(2.0, 8.0)
(TRAINER_WORKLOAD,) = parse_workloads(TRAINER, "trainer.yaml").workloads


def work(replica: Replica = GPU, **fields: Any) -> Workload:
    return Workload(name="w", replica=replica, **fields)


def term(key: str, operator: str, *values: str) -> tuple[NodeRequirement, ...]:
    return (NodeRequirement(key, operator, values),)


@pytest.mark.parametrize(
    ("workload", "types"),
    [
        (TRAINER_WORKLOAD, {"p4d.24xlarge", "p4de.24xlarge"}),
        (work(CPU), {"m7i.4xlarge"}),
        (work(CPU, node_selector=(("kubernetes.io/arch", "arm64"),)), {"m7g.4xlarge"}),
        (
            work(CPU, node_requirements=(term("kubernetes.io/arch", "In", "amd64", "arm64"),)),
            {"m7i.4xlarge", "m7g.4xlarge"},
        ),
        (work(CPU, instance_types=("m7g.4xlarge",)), {"m7g.4xlarge"}),
        # g5.xlarge has 4 vCPU, of which Kubernetes keeps a part.
        (work(), {"p4d.24xlarge", "p4de.24xlarge"}),
        (
            work(replace(GPU, vcpu=3.0, memory_gib=8.0)),
            {"p4d.24xlarge", "p4de.24xlarge", "g5.xlarge"},
        ),
        (work(accelerators=("gb200",)), {"Standard_ND128isr"}),
        (work(replace(GPU, accelerator_count=9)), set()),
        (work(Replica(1, 1, "nvidia.com/mig-1g.5gb", 56)), {"p4d.24xlarge"}),
        (work(Replica(1, 1, "nvidia.com/mig-1g.5gb", 57)), set()),
        (work(Replica(1, 1, "nvidia.com/mig-1g.10gb", 32)), {"p4d.24xlarge", "p4de.24xlarge"}),
        (work(Replica(1, 1, "nvidia.com/mig-1g.10gb", 56)), {"p4de.24xlarge"}),
        (work(Replica(1, 1, "aws.amazon.com/neuroncore", 32)), {"trn1.32xlarge"}),
        (work(Replica(1, 1, "aws.amazon.com/neuron", 17)), set()),
        (work(Replica(1, 1, "amd.com/gpu", 1)), set()),
        (work(regions=("us-east-1",), accelerators=("a10g",)), set()),
        (work(replace(GPU, vcpu=1, memory_gib=1), accelerators=("a10g",)), {"g5.xlarge"}),
        (work(regions=("eu-west-1",)), set()),
        (
            work(node_selector=(("topology.kubernetes.io/zone", "us-east-1c"),)),
            {"p4d.24xlarge", "p4de.24xlarge"},
        ),
        (work(node_selector=(("topology.kubernetes.io/zone", "eu-west-1c"),)), set()),
        (work(node_selector=(("karpenter.k8s.aws/instance-family", "p4d"),)), {"p4d.24xlarge"}),
        (
            work(
                node_requirements=(
                    term("topology.kubernetes.io/region", "In", "eu-west-1"),
                    term("nvidia.com/gpu.product", "In", "NVIDIA-A100-SXM4-80GB"),
                )
            ),
            {"p4de.24xlarge"},
        ),
        (
            work(node_requirements=(term("topology.kubernetes.io/region", "NotIn", "us-east-1"),)),
            set(),
        ),
        (work(Replica(4000.0, 1.0)), set()),
        (work(Replica(1.0, 62.0)), set()),
        (work(Replica(1.0, 55.0)), {"m7i.4xlarge"}),
        (work(node_selector=(("team", "vision"),)), {"p4d.24xlarge", "p4de.24xlarge"}),
    ],
)
def test_what_suits(workload: Workload, types: set[str]) -> None:
    found = suitable(workload, OFFERS)
    assert {offer.instance_type for offer in found} == types
    assert found == [o for o in OFFERS if isinstance(match(workload, o), Suits)]


@pytest.mark.parametrize(
    ("workload", "given", "reason"),
    [
        (TRAINER_WORKLOAD, G5, "accelerator is not a100-40gb or a100-80gb"),
        (work(), M7I, "offers no nvidia.com/gpu"),
        (work(), TRN, "offers no nvidia.com/gpu"),
        (work(), SLICE, "offers fewer than 1 nvidia.com/gpu on a node"),
        (work(), replace(P4D, accelerator_count=None), "states no count of accelerators"),
        (work(CPU), P4D, "has accelerators, which the workload does not ask for"),
        (work(CPU), M7G, "is arm64, and the workload names no kubernetes.io/arch"),
        (work(regions=("eu-west-1",)), P4D, "region is not among the allowed eu-west-1"),
        (work(instance_types=("p5.48xlarge",)), P4D, "instance type is not among p5.48xlarge"),
        (
            work(CPU, node_selector=(("kubernetes.io/os", "windows"),)),
            M7I,
            "does not meet nodeSelector kubernetes.io/os=windows",
        ),
        (
            work(node_requirements=(term("nvidia.com/gpu.count", "Gt", "8"),)),
            P4D,
            "does not meet the required node affinity on nvidia.com/gpu.count",
        ),
        (work(Replica(16.0, 1.0)), M7I, "has less than 16 vCPU after what Kubernetes reserves"),
        (work(Replica(1.0, 64.0)), M7I, "has less than 64 GiB after what Kubernetes reserves"),
    ],
)
def test_why_not(workload: Workload, given: Offer, reason: str) -> None:
    assert match(workload, given) == Rejected(reason)


def test_unknown_memory_is_noted_and_does_not_exclude() -> None:
    verdict = match(work(accelerators=("gb200",)), GB200)
    assert verdict == Suits(("memory of Standard_ND128isr is unknown and was not checked",))


@pytest.mark.parametrize(
    ("workload", "given", "replicas"),
    [
        (work(), P4D, 8),
        (work(replace(GPU, accelerator_count=3)), P4D, 2),
        (work(replace(GPU, vcpu=20)), P4D, 4),
        (work(replace(GPU, memory_gib=300)), P4D, 3),
        (work(Replica(0, 0, "nvidia.com/mig-1g.5gb", 1)), P4D, 56),
        (work(Replica(0.01, 0.01)), M7I, 100),
        (work(Replica(5.0, 0)), M7I, 3),
        (work(), G5, 0),
        (work(), SLICE, 0),
        (work(accelerators=("gb200",)), GB200, 8),
    ],
)
def test_replicas_of_a_node(workload: Workload, given: Offer, replicas: int) -> None:
    assert replicas_per_node(workload, given) == replicas


@pytest.mark.parametrize(
    ("workload", "given", "unit", "units"),
    [
        (work(), P4D, Unit.GPUS, 8.0),
        (work(), P4D, Unit.NODES, 1.0),
        (work(), P4D, Unit.VCPUS, 96.0),
        (work(replace(GPU, accelerator_count=3)), P4D, Unit.REPLICAS, 2.0),
        (work(units_per_accelerator=12.5), P4D, Unit.REQUESTS_PER_SECOND, 100.0),
        (
            work(units_per_accelerator=12.5, units_per_node=(("p4d.24xlarge", 90.0),)),
            P4D,
            Unit.REQUESTS_PER_SECOND,
            90.0,
        ),
        (work(CPU, units_per_node=(("m7i.4xlarge", 7.0),)), M7I, Unit.REQUESTS_PER_SECOND, 7.0),
    ],
)
def test_units_of_a_node(workload: Workload, given: Offer, unit: Unit, units: float) -> None:
    assert units_per_node(workload, given, unit) == units


@pytest.mark.parametrize(
    ("given", "unit", "says"),
    [
        (P4D, Unit.REQUESTS_PER_SECOND, "--units-per-accelerator, or annotate"),
        (P4D, Unit.REQUESTS_PER_SECOND, "trimtab.dev/units-per-accelerator"),
        (M7I, Unit.GPUS, "states no accelerators"),
        (replace(P4D, vcpu=None), Unit.VCPUS, "offers, column vcpu"),
    ],
)
def test_units_that_nothing_states(given: Offer, unit: Unit, says: str) -> None:
    with pytest.raises(InputError) as caught:
        units_per_node(work(), given, unit)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("workload", "labels"),
    [
        (TRAINER_WORKLOAD, {"gpu-type": "nvidia-a100"}),
        (work(node_selector=(("kubernetes.io/arch", "amd64"), ("team", "a"))), {"team": "a"}),
        (work(node_requirements=(term("disk", "In", "fast", "slow"),)), {"disk": "fast"}),
        (work(node_requirements=(term("disk", "Exists"),)), {"disk": "true"}),
        (work(node_requirements=(term("disk", "NotIn", "slow"),)), {}),
        (work(node_requirements=(term("disk", "DoesNotExist"),)), {}),
        (
            work(
                node_requirements=(
                    (*term("gpu-type", "In", "h100"), *term("tier", "In", "h")),
                    (*term("gpu-type", "In", "l4", "a100"), *term("tier", "In", "a")),
                )
            ),
            {"gpu-type": "a100", "tier": "a"},
        ),
    ],
)
def test_labels_that_the_pool_must_carry(workload: Workload, labels: dict[str, str]) -> None:
    assert node_labels(workload, P4D) == labels


def test_labels_without_an_offer_take_the_first_term() -> None:
    terms = (term("gpu-type", "In", "h100"), term("gpu-type", "In", "a100"))
    assert node_labels(work(node_requirements=terms)) == {"gpu-type": "h100"}


def test_an_explanation_counts_reasons_and_lists_what_is_allowed() -> None:
    message = str(explain_no_match([work(accelerators=("h100-80gb",)), work(CPU)], OFFERS))
    assert message.startswith(
        "no offer suits workload w (of 8: 8: accelerator is not h100-80gb). Accelerators on offer "
        "in any region: a10, a100-40gb, a100-80gb, a10g, gb200, trainium"
    )
    assert "--offers" in message


def test_the_most_frequent_reason_comes_first() -> None:
    message = str(explain_no_match([work(replace(GPU, accelerator_count=16))], OFFERS))
    assert message.index("5: offers fewer than 16") < message.index("3: offers no nvidia.com/gpu")


def test_an_explanation_lists_regions_when_none_is_allowed() -> None:
    message = str(explain_no_match([work(regions=("mars-1",))], OFFERS))
    assert "8: region is not among the allowed mars-1" in message
    assert "Regions on offer: us-east-1" in message


def test_an_explanation_of_a_cpu_workload_names_the_largest_type() -> None:
    message = str(explain_no_match([work(Replica(4000.0, 1.0))], (M7I,)))
    assert "The largest type on offer in any region is m7i.4xlarge (16 vCPU)" in message


def test_an_explanation_of_an_empty_table() -> None:
    assert "the price table is empty" in str(explain_no_match([work()], ()))


def test_workloads_that_suit_only_apart_are_named_together() -> None:
    apart = [work(), replace(work(CPU), name="v")]
    assert "no single offer suits all of w, v" in str(explain_no_match(apart, OFFERS))


replicas = st.builds(
    Replica,
    vcpu=st.floats(0.001, 200),
    memory_gib=st.floats(0.001, 2000),
    accelerator_resource=st.sampled_from([None, "nvidia.com/gpu", "nvidia.com/mig-1g.5gb"]),
    accelerator_count=st.integers(1, 16).map(float),
)


@given(replicas, st.sampled_from(OFFERS))
def test_an_offer_suits_exactly_when_a_replica_fits(replica: Replica, given_offer: Offer) -> None:
    workload = work(replica, instance_types=tuple(o.instance_type for o in OFFERS))
    suits = isinstance(match(workload, given_offer), Suits)
    assert suits == (replicas_per_node(workload, given_offer) >= 1)


@given(replicas, st.floats(1, 4), st.sampled_from(OFFERS))
def test_a_larger_replica_never_fits_more_often(
    replica: Replica, factor: float, given_offer: Offer
) -> None:
    larger = replace(replica, vcpu=replica.vcpu * factor, memory_gib=replica.memory_gib * factor)
    assert replicas_per_node(work(larger), given_offer) <= replicas_per_node(
        work(replica), given_offer
    )


@pytest.mark.skipif(not REAL.exists(), reason="the shared price table is not beside the repository")
def test_the_real_table_gives_the_trainer_every_whole_a100_offer_quickly() -> None:
    catalogue = load_offers(REAL)
    started = time.process_time()
    found = suitable(TRAINER_WORKLOAD, catalogue)
    index = OfferIndex(catalogue)
    for number in range(10):
        index.suitable(replace(TRAINER_WORKLOAD, name=f"w{number}", regions=()))
    assert time.process_time() - started < 1.0
    a100 = [o for o in catalogue if o.accelerator in ("a100-40gb", "a100-80gb")]
    assert found == a100
