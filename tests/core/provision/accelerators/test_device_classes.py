"""DeviceClasses by model: a class takes the GPUs of its model and no other's."""

import re

import pytest

from trimtab.catalogue.accelerators import ACCELERATORS, MIG_INSTANCES_PER_DEVICE
from trimtab.errors import InputError
from trimtab.provision.accelerators.device_classes import (
    class_of,
    device_class_spec,
    dra_driver_values,
    selector,
)

NVIDIA = sorted(name for name, each in ACCELERATORS.items() if each.vendor == "nvidia")
# Product names as NVML reports them, with the memory in MiB that it reports.
PRODUCTS = {
    "a100-40gb": [("NVIDIA A100-SXM4-40GB", 40960), ("NVIDIA A100-PCIE-40GB", 40960)],
    "a100-80gb": [("NVIDIA A100-SXM4-80GB", 81920), ("NVIDIA A100 80GB PCIe", 81920)],
    "a10g": [("NVIDIA A10G", 23028)],
    "a10": [("NVIDIA A10", 23028)],
    "l4": [("NVIDIA L4", 23034)],
    "l40": [("NVIDIA L40", 46068)],
    "l40s": [("NVIDIA L40S", 46068)],
    "h100-80gb": [("NVIDIA H100 80GB HBM3", 81559), ("NVIDIA H100 PCIe", 81559)],
    "h100-94gb": [("NVIDIA H100 NVL", 95830)],
    "h200-141gb": [("NVIDIA H200", 143771)],
    "b200": [("NVIDIA B200", 183359)],
    "gb200": [("NVIDIA GB200", 189471)],
    "gh200": [("NVIDIA GH200 480GB", 97871)],
    "t4": [("Tesla T4", 15360)],
    "v100-16gb": [("Tesla V100-SXM2-16GB", 16384)],
    "v100-32gb": [("Tesla V100-SXM2-32GB", 32768)],
    "rtx-pro-6000": [("NVIDIA RTX PRO 6000 Blackwell Server Edition", 97887)],
}


def takes(expression: str, product: str, mib: int) -> bool:
    """The selector's product and memory terms, read as the API server reads them."""
    pattern = re.search(r"matches\('([^']+)'\)", expression)
    assert pattern is not None
    bounds = [int(each) for each in re.findall(r"quantity\('(\d+)Mi'\)", expression)]
    within = not bounds or bounds[0] <= mib <= bounds[1]
    return re.search(pattern[1], product) is not None and within


@pytest.mark.parametrize("model", sorted(PRODUCTS))
def test_a_class_takes_its_models_cards_and_no_others(model: str) -> None:
    expression = selector(class_of(model, None))
    for name, cards in PRODUCTS.items():
        for product, mib in cards:
            assert takes(expression, product, mib) is (name == model), (product, expression)


@pytest.mark.parametrize("model", NVIDIA)
def test_every_nvidia_model_has_a_class_for_each_of_its_slices(model: str) -> None:
    for profile in [None, *MIG_INSTANCES_PER_DEVICE.get(model, {})]:
        device_class = class_of(model, profile)
        assert re.fullmatch(r"[a-z0-9.-]+\.gpu\.trimtab\.dev", device_class.name)
        (only,) = device_class_spec(device_class)["selectors"]
        expression = only["cel"]["expression"]
        kind = "gpu" if profile is None else "mig"
        assert f"type == '{kind}'" in expression
        assert (profile is not None) == (f"profile == '{profile}'" in expression)


@pytest.mark.parametrize(
    ("model", "profile", "says"),
    [
        ("trainium", None, "is no NVIDIA GPU"),
        ("l4", "1g.5gb", "it can't be cut by MIG"),
        ("h100-80gb", "1g.5gb", "use one of 1g.10gb"),
        ("a100", None, "is several models"),
        ("zx81", None, "unknown accelerator"),
    ],
)
def test_a_class_of_nothing_is_refused(model: str, profile: str | None, says: str) -> None:
    with pytest.raises(InputError, match=says):
        class_of(model, profile, "here")


def driver(  # the driver's values, varied by keyword
    gpus: bool = True,
    domains: bool = False,
    beside: bool = False,
    nodes: dict[str, str] | None = None,
    overrides: dict[str, object] | None = None,
) -> dict[str, object]:
    return dra_driver_values(
        gpus, domains, beside, nodes or {}, "/", ("a/b",), overrides or {}, "here"
    )


def test_gpus_are_offered_where_nothing_else_does() -> None:
    values = driver()
    assert values["gpuResourcesEnabledOverride"] is True
    assert values["resources"] == {"gpus": {"enabled": True}, "computeDomains": {"enabled": False}}
    only_domains = driver(gpus=False, domains=True, beside=True)
    assert only_domains["gpuResourcesEnabledOverride"] is False
    some = driver(beside=True, nodes={"offer": "dra"})
    assert some["kubeletPlugin"]["nodeSelector"] == {"offer": "dra"}  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"gpus": False}, "neither GPUs nor ComputeDomains"),
        ({"beside": True}, "a device plugin offers on the same nodes"),
        ({"gpus": False, "domains": True, "beside": True,
          "overrides": {"resources": {"gpus": {"enabled": True}}}}, "state gpus as an argument"),
        ({"overrides": {"gpuResourcesEnabledOverride": False}}, "gpuResourcesEnabledOverride"),
        ({"overrides": {"resources": None}}, "neither GPUs nor ComputeDomains"),
    ],
)  # fmt: skip
def test_the_driver_is_refused_where_a_device_plugin_is(
    given: dict[str, object], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        driver(**given)  # type: ignore[arg-type]
