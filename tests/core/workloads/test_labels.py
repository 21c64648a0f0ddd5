"""Node labels: what an offer answers, what the pool must carry."""

from dataclasses import replace
from datetime import date

import pytest

from trimtab.catalogue.offers import Offer
from trimtab.errors import InputError
from trimtab.workloads.labels import (
    accelerator_key,
    becomes_pool_label,
    in_region,
    satisfies,
    unanswerable,
)

P4D = Offer(
    provider="aws",
    region="us-east-1",
    instance_type="p4d.24xlarge",
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
A2 = replace(P4D, provider="gcp", region="us-central1", instance_type="a2-highgpu-8g")
ND = replace(P4D, provider="azure", region="eastus", instance_type="Standard_ND96asr_v4", vcpu=96.0)
CPU = replace(P4D, instance_type="m7g.large", accelerator=None, accelerator_count=None)
CPU = replace(CPU, architecture="arm64", vcpu=2.0, memory_gib=8.0)
TRN = replace(P4D, instance_type="trn1.32xlarge", accelerator="trainium", accelerator_count=16.0)


@pytest.mark.parametrize(
    ("offer", "key", "operator", "values", "meets"),
    [
        (P4D, "kubernetes.io/arch", "In", ("amd64",), True),
        (CPU, "kubernetes.io/arch", "In", ("amd64",), False),
        (CPU, "kubernetes.io/arch", "NotIn", ("amd64",), True),
        (P4D, "kubernetes.io/os", "In", ("windows",), False),
        (P4D, "node.kubernetes.io/instance-type", "In", ("p4d.24xlarge", "x"), True),
        (P4D, "node.kubernetes.io/instance-type", "NotIn", ("p4d.24xlarge",), False),
        (P4D, "topology.kubernetes.io/region", "In", ("us-east-1",), True),
        (P4D, "topology.kubernetes.io/zone", "In", ("us-east-1b",), True),
        (P4D, "topology.kubernetes.io/zone", "In", ("us-east-2b",), False),
        (P4D, "topology.kubernetes.io/zone", "NotIn", ("us-east-1b",), True),
        (P4D, "karpenter.k8s.aws/instance-family", "In", ("p4d", "p5"), True),
        (P4D, "karpenter.k8s.aws/instance-category", "In", ("p",), True),
        (P4D, "karpenter.k8s.aws/instance-generation", "Gt", ("3",), True),
        (P4D, "karpenter.k8s.aws/instance-generation", "Lt", ("4",), False),
        (P4D, "karpenter.k8s.aws/instance-size", "In", ("24xlarge",), True),
        (P4D, "karpenter.k8s.aws/instance-cpu", "Gt", ("64",), True),
        (P4D, "karpenter.k8s.aws/instance-memory", "In", ("1179648",), True),
        (P4D, "karpenter.k8s.aws/instance-gpu-name", "In", ("a100",), True),
        (P4D, "karpenter.k8s.aws/instance-gpu-name", "In", ("h100",), False),
        (P4D, "karpenter.k8s.aws/instance-gpu-name", "NotIn", ("h100",), True),
        (P4D, "karpenter.k8s.aws/instance-gpu-name", "Exists", (), True),
        (CPU, "karpenter.k8s.aws/instance-gpu-name", "Exists", (), False),
        (CPU, "karpenter.k8s.aws/instance-gpu-name", "DoesNotExist", (), True),
        (P4D, "karpenter.k8s.aws/instance-gpu-count", "In", ("8",), True),
        (P4D, "karpenter.k8s.aws/instance-gpu-manufacturer", "In", ("nvidia",), True),
        (P4D, "karpenter.k8s.aws/instance-gpu-memory", "In", ("40960",), True),
        (P4D, "eks.amazonaws.com/instance-family", "In", ("p4d",), True),
        (P4D, "eks.amazonaws.com/instance-gpu-name", "In", ("a100",), True),
        (TRN, "karpenter.k8s.aws/instance-accelerator-name", "In", ("trainium",), True),
        (TRN, "karpenter.k8s.aws/instance-accelerator-count", "In", ("16",), True),
        (TRN, "karpenter.k8s.aws/instance-gpu-count", "Exists", (), False),
        (A2, "karpenter.k8s.aws/instance-gpu-name", "In", ("a100",), False),
        (A2, "karpenter.k8s.aws/instance-family", "In", ("a2-highgpu-8g",), False),
        (A2, "cloud.google.com/gke-accelerator", "In", ("nvidia-tesla-a100",), True),
        (
            replace(A2, accelerator="a100-80gb"),
            "cloud.google.com/gke-accelerator",
            "In",
            ("nvidia-tesla-a100",),
            False,
        ),
        (P4D, "cloud.google.com/gke-accelerator", "In", ("nvidia-tesla-a100",), False),
        (A2, "cloud.google.com/machine-family", "In", ("a2",), True),
        (ND, "karpenter.azure.com/sku-gpu-name", "In", ("A100",), True),
        (ND, "karpenter.azure.com/sku-family", "In", ("ND",), True),
        (P4D, "nvidia.com/gpu.product", "In", ("NVIDIA-A100-SXM4-40GB",), True),
        (P4D, "nvidia.com/gpu.product", "In", ("NVIDIA-A100-SXM4-80GB",), False),
        (P4D, "nvidia.com/gpu.family", "In", ("ampere",), True),
        (P4D, "nvidia.com/gpu.count", "Gt", ("4",), True),
        (P4D, "nvidia.com/gpu.memory", "Gt", ("30000",), True),
        (CPU, "nvidia.com/gpu.present", "In", ("true",), False),
        (P4D, "gpu-type", "In", ("nvidia-a100", "h100"), True),
        (P4D, "gpu", "In", ("true",), True),
        (P4D, "example.com/gpu_type", "In", ("h100",), False),
        (CPU, "gpu-type", "In", ("a100",), False),
        (CPU, "gpu-type", "NotIn", ("a100",), True),
        (P4D, "karpenter.k8s.aws/instance-local-nvme", "Gt", ("100",), True),
        (P4D, "team", "In", ("vision",), True),
    ],
)
def test_an_offer_answers(
    offer: Offer, key: str, operator: str, values: tuple[str, ...], meets: bool
) -> None:
    assert satisfies(offer, key, operator, values) is meets


def test_unknown_values_are_errors() -> None:
    with pytest.raises(InputError, match="gpu-type: unknown accelerator 'b1000'"):
        satisfies(P4D, "gpu-type", "In", ("b1000",))
    with pytest.raises(InputError, match="Gt needs one whole number"):
        satisfies(P4D, "karpenter.k8s.aws/instance-cpu", "Gt", ("many",))


@pytest.mark.parametrize(
    "key",
    [
        *("gpu-type", "gpuType", "gpu_type", "gpu.type", "gpu", "GPU"),
        *("accelerator", "accelerator-type", "example.com/gpu-model", "nvidia.com/gpu.product"),
    ],
)
def test_keys_that_name_accelerators(key: str) -> None:
    assert accelerator_key(key)


@pytest.mark.parametrize("key", ["gpu-driver", "type", "team", "nvidia.com/gpu.count", "disk"])
def test_keys_that_do_not(key: str) -> None:
    assert not accelerator_key(key)


@pytest.mark.parametrize(
    ("key", "pool", "silent"),
    [
        ("gpu-type", True, False),
        ("team", True, False),
        ("example.com/tier", True, False),
        ("kubernetes.io/arch", False, False),
        ("nvidia.com/gpu.product", False, False),
        ("karpenter.sh/capacity-type", False, False),
        ("kubernetes.io/hostname", False, True),
        ("karpenter.k8s.aws/instance-local-nvme", False, True),
        ("feature.node.kubernetes.io/cpu-model.id", False, True),
        ("cloud.google.com/gke-nodepool", False, True),
    ],
)
def test_who_sets_a_label(key: str, pool: bool, silent: bool) -> None:
    assert becomes_pool_label(key) is pool
    assert unanswerable(key) is silent


@pytest.mark.parametrize(
    ("zone", "region", "inside"),
    [
        ("us-east-1a", "us-east-1", True),
        ("us-west-2-lax-1a", "us-west-2", True),
        ("us-central1-c", "us-central1", True),
        ("eastus-1", "eastus", True),
        ("eastus2-1", "eastus", False),
        ("us-east-1", "us-east-1", False),
        ("us-east-10a", "us-east-1", False),
    ],
)
def test_zones_lie_in_regions(zone: str, region: str, inside: bool) -> None:
    assert in_region(zone, region) is inside
