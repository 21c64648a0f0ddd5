"""What Kubernetes leaves of a node, against what the provisioners publish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.catalogue.allocatable import allocatable, kubelet_memory_gib, kubelet_vcpu

sizes = st.floats(0.25, 1e4)
providers = st.sampled_from(["aws", "gcp", "azure", "on-premises"])


@pytest.mark.parametrize(
    ("vcpu", "memory_gib", "published_millicores", "published_mib"),
    # Karpenter's instance type reference, 2026-08: m5.large and p4d.24xlarge.
    [(2, 8, 1930, 6903), (96, 1152, 95690, 1082712)],
)
def test_aws_reserves_what_karpenter_publishes(
    vcpu: float, memory_gib: float, published_millicores: int, published_mib: int
) -> None:
    assert kubelet_vcpu(vcpu) * 1000 == pytest.approx(published_millicores, abs=1)
    assert kubelet_memory_gib("aws", vcpu, memory_gib) * 1024 == pytest.approx(published_mib, abs=1)


def test_gke_brackets_tax_memory() -> None:
    # 8 GiB: a quarter of the first four and a fifth of the next four, 100 MiB to evict, 7.5 % VM.
    assert kubelet_memory_gib("gcp", 2, 8) == pytest.approx(8 * 0.925 - 1 - 0.8 - 100 / 1024)


def test_azure_evicts_earlier() -> None:
    difference = kubelet_memory_gib("gcp", 4, 64) - kubelet_memory_gib("azure", 4, 64)
    assert difference == pytest.approx(650 / 1024)


def test_unknown_stays_unknown() -> None:
    assert allocatable("aws", None, None) == (None, None)


@given(providers, sizes, sizes)
def test_less_than_the_node_and_never_negative(provider: str, vcpu: float, gib: float) -> None:
    cores, memory = allocatable(provider, vcpu, gib)
    assert cores is not None
    assert memory is not None
    assert 0 <= cores < vcpu
    assert 0 <= memory < gib


@given(providers, sizes, sizes, st.floats(0, 100))
def test_a_larger_node_leaves_no_less(provider: str, vcpu: float, gib: float, more: float) -> None:
    small, large = allocatable(provider, vcpu, gib), allocatable(provider, vcpu, gib + more)
    assert (large[1] or 0) >= (small[1] or 0) - 1e-9
    assert (allocatable(provider, vcpu + more, None)[0] or 0) >= (small[0] or 0) - 1e-9
