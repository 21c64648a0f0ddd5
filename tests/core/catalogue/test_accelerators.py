"""Names of accelerators: what labels and people write, and what device plugins offer."""

import pytest

from trimtab.catalogue.accelerators import (
    ACCELERATORS,
    ARM64_ONLY,
    MIG_INSTANCES_PER_DEVICE,
    NEURONCORES_PER_DEVICE,
    NVIDIA_GPU,
    accelerator_resource,
    canonical_model,
    resolve_accelerator,
)
from trimtab.errors import InputError

A100 = ("a100-40gb", "a100-80gb")


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("a100", A100),
        ("A100", A100),
        ("nvidia-a100", A100),
        ("nvidia-a100-80gb", ("a100-80gb",)),
        ("A100-80GB", ("a100-80gb",)),
        ("NVIDIA-A100-SXM4-40GB", ("a100-40gb",)),
        ("NVIDIA-A100-PCIE-40GB", ("a100-40gb",)),
        ("NVIDIA-A100-80GB-PCIe", ("a100-80gb",)),
        ("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", ("a100-40gb",)),
        ("NVIDIA-A10G-SHARED", ("a10g",)),
        ("nvidia-l4", ("l4",)),
        ("Tesla-T4", ("t4",)),
        ("nvidia-tesla-t4", ("t4",)),
        ("Tesla-V100-SXM2-16GB", ("v100-16gb",)),
        ("v100", ("v100-16gb", "v100-32gb")),
        ("NVIDIA-H100-80GB-HBM3", ("h100-80gb",)),
        ("NVIDIA-H100-PCIe", ("h100-80gb",)),
        ("NVIDIA-H100-NVL", ("h100-94gb",)),
        ("nvidia-h100-mega-80gb", ("h100-mega-80gb",)),
        ("NVIDIA-H200", ("h200-141gb",)),
        ("NVIDIA-B300-SXM6-AC", ("b300",)),
        ("nvidia-gb200", ("gb200",)),
        ("rtx-pro-6000", ("rtx-pro-6000", "rtx-pro-server-6000")),
        ("rtx-pro-server-6000", ("rtx-pro-6000", "rtx-pro-server-6000")),
        (
            "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition",
            ("rtx-pro-6000", "rtx-pro-server-6000"),
        ),
        ("RTXPRO6000BSE", ("rtx-pro-6000",)),
        ("tpu-v5-lite-podslice", ("tpu-v5e",)),
        ("tpu-v6e-slice", ("tpu-v6e",)),
        ("tpu7x", ("tpu-v7x",)),
        ("AMD_Instinct_MI300X_OAM", ("mi300x",)),
        ("AMD-MI300X-192G", ("mi300x",)),
        ("radeon-pro-v520", ("radeon-pro-v520",)),
        ("trainium", ("trainium",)),
        ("inf2", ("inferentia2",)),
        ("gaudi-hl-205", ("gaudi-hl-205",)),
        ("volta", ("v100-16gb", "v100-32gb")),
        ("habana", ("gaudi-hl-205", "gaudi2", "gaudi3")),
    ],
)
def test_a_name_stands_for_its_models(text: str, models: tuple[str, ...]) -> None:
    assert resolve_accelerator(text) == models


def test_a_vendor_stands_for_all_its_models() -> None:
    assert set(resolve_accelerator("nvidia")) == {
        name for name, model in ACCELERATORS.items() if model.vendor == "nvidia"
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nvidia-a1000", "did you mean a100?"),
        ("a100-60gb", "unknown accelerator 'a100-60gb'"),
        ("geforce", "families a10, a100"),
        ("", "unknown accelerator ''"),
        ("---", "unknown accelerator '---'"),
    ],
)
def test_an_unknown_name_is_an_error_that_lists_the_families(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_accelerator(text)
    assert says in str(caught.value)
    assert "h100" in str(caught.value)


def test_every_model_and_alias_resolves_to_its_own_model() -> None:
    for name, model in ACCELERATORS.items():
        assert canonical_model(name) == name
        for text in (name, model.family, *model.aliases):
            assert name in resolve_accelerator(text), text


def test_a_price_table_may_not_name_a_family() -> None:
    with pytest.raises(InputError, match="several models; use one of a100-40gb, a100-80gb"):
        canonical_model("a100")
    assert canonical_model("NVIDIA-A100-SXM4-40GB") == "a100-40gb"


@pytest.mark.parametrize(
    ("resource", "model", "count"),
    [
        ("nvidia.com/gpu", "a100-40gb", 1),
        ("nvidia.com/gpu", "mi300x", 0),
        ("nvidia.com/gpu", "unheard-of", 0),
        ("nvidia.com/mig-1g.5gb", "a100-40gb", 7),
        ("nvidia.com/mig-1g.5gb", "a100-80gb", 0),
        ("nvidia.com/mig-1g.10gb", "a100-40gb", 4),
        ("nvidia.com/mig-1g.10gb", "a100-80gb", 7),
        ("nvidia.com/mig-1g.10gb.me", "h100-80gb", 1),
        ("nvidia.com/mig-3g.71gb", "h200-141gb", 2),
        ("nvidia.com/mig-1g.5gb", "t4", 0),
        ("amd.com/gpu", "mi300x", 1),
        ("gpu.intel.com/i915", "flex-170", 1),
        ("gpu.intel.com/xe", "max-1100", 1),
        ("aws.amazon.com/neuron", "trainium2", 1),
        ("aws.amazon.com/neurondevice", "inferentia2", 1),
        ("aws.amazon.com/neuroncore", "inferentia", 4),
        ("aws.amazon.com/neuroncore", "trainium2", 4),
        ("aws.amazon.com/neuroncore", "a100-40gb", 0),
        ("google.com/tpu", "tpu-v5e", 1),
        ("habana.ai/gaudi", "gaudi-hl-205", 1),
        ("fpga.intel.com/af-d8424dc4a4a3c413f89e433683f9040b", "fpga", 1),
        ("fpga.intel.com/region-ce48969398f05f33946d560708be108a", "fpga", 1),
        ("amd.com/xilinx_u55c_gen3x16_xdma_base_3-0", "fpga", 1),
        ("xilinx.com/fpga-xilinx_aws-vu9p-f1-04261818_dynamic_5_0-0", "fpga", 1),
    ],
)
def test_a_device_gives_so_many_of_a_resource(resource: str, model: str, count: int) -> None:
    understood = accelerator_resource(resource)
    assert understood is not None
    assert understood.per_device(model) == count


@pytest.mark.parametrize(
    "name", ["cpu", "memory", "vpc.amazonaws.com/efa", "hugepages-2Mi", "example.com/licence"]
)
def test_other_resources_ask_for_no_accelerator(name: str) -> None:
    assert accelerator_resource(name) is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nvidia.com/gpus", "did you mean nvidia.com/gpu?"),
        ("nvidia.com/mig-9g.99gb", "unknown MIG profile 9g.99gb"),
        ("aws.amazon.com/neurons", "did you mean aws.amazon.com/neuron?"),
        ("gpu.intel.com/memory.max", "use one of nvidia.com/gpu"),
    ],
)
def test_a_misspelt_resource_of_a_known_vendor_is_an_error(name: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        accelerator_resource(name)
    assert says in str(caught.value)


def test_mig_slices_fit_the_device_in_memory_and_compute() -> None:
    for model, profiles in MIG_INSTANCES_PER_DEVICE.items():
        memory = ACCELERATORS[model].memory_gib
        assert ACCELERATORS[model].device == NVIDIA_GPU
        assert memory is not None
        for profile, count in profiles.items():
            compute, size = profile.removesuffix("gb").split("g.")
            assert int(compute) * count <= 7
            # Slices are named in rounded gigabytes.
            assert int(size) * count <= memory + count, (model, profile)


def test_tables_speak_of_known_models() -> None:
    assert set(NEURONCORES_PER_DEVICE) == {
        name for name, model in ACCELERATORS.items() if model.image == "neuron"
    }
    assert set(ACCELERATORS) >= ARM64_ONLY
