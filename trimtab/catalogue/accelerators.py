"""Accelerators: the models that price tables name, and every name that a workload has for them.

The one place for: which model answers which Kubernetes resource name, how many of that resource one
device gives (MIG slices, NeuronCores), its memory, the kind of machine image that drives it, and how
node selectors name it. `resolve_accelerator` turns a selector's value into models;
`accelerator_resource` understands a resource name of a container.

Sources: instance types and labels of Karpenter's AWS and Azure providers (2026-08), NVIDIA's GPU
feature discovery and MIG user guide, GKE's partition counts for B200 and GB200 and its accelerator
labels, the AMD node labeller, the device plugins of Intel, AMD (FPGA), Habana and AWS Neuron.
"""

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from trimtab.errors import InputError, allowed

NVIDIA_GPU = "nvidia.com/gpu"
AMD_GPU = "amd.com/gpu"
INTEL_GPU = "gpu.intel.com"
NEURON = "aws.amazon.com/neuron"
TPU = "google.com/tpu"
GAUDI = "habana.ai/gaudi"
FPGA = "fpga"

ImageFlavour = Literal["nvidia", "neuron", "none"]


@dataclass(frozen=True)
class Accelerator:
    """One accelerator model.

    Attributes:
        name: as price tables write it: lower case, with memory where a family has several sizes.
        family: what people usually say; models of one family differ in memory or form factor only.
        vendor: `nvidia`, `aws`, `google`, `amd`, `intel`, `habana`, or empty for a generic FPGA.
        device: the kind of device, one of the constants above (`nvidia.com/gpu`, `fpga`, ...); a
            resource name that containers use maps to it through `accelerator_resource`.
        memory_gib: nominal memory of one device, or None where it varies.
        image: the flavour of machine image that a node needs for it.
        generation: the vendor's architecture name (the value of nvidia.com/gpu.family), or empty.
        aliases: further names of exactly this model, normalised.
    """

    name: str
    family: str
    vendor: str
    device: str
    memory_gib: float | None
    image: ImageFlavour = "none"
    generation: str = ""
    aliases: tuple[str, ...] = ()


def _nvidia(
    name: str, generation: str, gib: float, family: str = "", aliases: tuple[str, ...] = ()
) -> Accelerator:
    return Accelerator(
        name, family or name, "nvidia", NVIDIA_GPU, gib, "nvidia", generation, aliases
    )


def _neuron(name: str, gib: float, aliases: tuple[str, ...] = ()) -> Accelerator:
    return Accelerator(name, name, "aws", NEURON, gib, "neuron", "", aliases)


def _tpu(name: str, gib: float, aliases: tuple[str, ...]) -> Accelerator:
    return Accelerator(name, name, "google", TPU, gib, "none", "", aliases)


def _amd(name: str, gib: float, aliases: tuple[str, ...] = ()) -> Accelerator:
    return Accelerator(name, name, "amd", AMD_GPU, gib, "none", "", aliases)


_TABLE = (
    _nvidia("a100-40gb", "ampere", 40, "a100"),
    _nvidia("a100-80gb", "ampere", 80, "a100"),
    _nvidia("a10", "ampere", 24),
    _nvidia("a10g", "ampere", 24),
    _nvidia("a30", "ampere", 24),
    _nvidia("a40", "ampere", 48),
    _nvidia("b200", "blackwell", 180),
    _nvidia("b300", "blackwell", 269),
    _nvidia("gb200", "blackwell", 186),
    _nvidia("gb300", "blackwell", 278),
    _nvidia("h100-80gb", "hopper", 80, "h100", ("h100-pcie", "h100-sxm", "h100-sxm5")),
    _nvidia("h100-94gb", "hopper", 94, "h100", ("h100-nvl",)),
    _nvidia("h100-mega-80gb", "hopper", 80, "h100", ("h100-mega",)),
    _nvidia("h200-141gb", "hopper", 141, "h200", ("h200-nvl",)),
    _nvidia("gh200", "hopper", 96),
    _nvidia("l4", "ada-lovelace", 24),
    _nvidia("l40", "ada-lovelace", 48),
    _nvidia("l40s", "ada-lovelace", 48),
    _nvidia("m60", "maxwell", 8),
    _nvidia("p4", "pascal", 8),
    _nvidia("p100", "pascal", 16),
    _nvidia("rtx-pro-4500", "blackwell", 32, "", ("rtx-pro-server-4500",)),
    # Clouds name one card in two ways; the family joins them.
    _nvidia("rtx-pro-6000", "blackwell", 96, "rtx-pro-6000", ("rtxpro6000bse",)),
    _nvidia("rtx-pro-server-6000", "blackwell", 96, "rtx-pro-6000"),
    _nvidia("t4", "turing", 16),
    _nvidia("t4g", "turing", 16),
    _nvidia("v100-16gb", "volta", 16, "v100"),
    _nvidia("v100-32gb", "volta", 32, "v100"),
    _neuron("trainium", 32, ("trainium1", "trn1", "trn1n")),
    _neuron("trainium2", 96, ("trn2", "trn2u")),
    _neuron("trainium3", 144, ("trn3",)),
    _neuron("inferentia", 8, ("inferentia1", "inf1")),
    _neuron("inferentia2", 32, ("inf2",)),
    _tpu("tpu-v4", 32, ("tpu-v4-podslice", "v4")),
    _tpu(
        "tpu-v5e",
        16,
        ("tpu-v5-lite-podslice", "tpu-v5-lite-device", "tpu-v5litepod", "v5litepod", "v5e"),
    ),
    _tpu("tpu-v5p", 95, ("tpu-v5p-slice", "v5p")),
    _tpu("tpu-v6e", 32, ("tpu-v6e-slice", "v6e", "trillium")),
    _tpu("tpu-v7x", 192, ("tpu7x", "tpu-7x", "tpu-v7", "ironwood")),
    _amd("mi25", 16, ("radeon-mi25",)),
    _amd("mi210", 64),
    _amd("mi250", 128, ("mi250x",)),
    _amd("mi300x", 192),
    _amd("mi325x", 256),
    _amd("mi355x", 288),
    _amd("radeon-pro-v520", 8, ("v520",)),
    _amd("v620", 32, ("radeon-pro-v620",)),
    _amd("v710", 28, ("radeon-pro-v710",)),
    Accelerator("gaudi-hl-205", "gaudi", "habana", GAUDI, 32, aliases=("hl-205",)),
    Accelerator("gaudi2", "gaudi2", "habana", GAUDI, 96, aliases=("hl-225",)),
    Accelerator("gaudi3", "gaudi3", "habana", GAUDI, 128, aliases=("hl-325",)),
    Accelerator("flex-140", "flex-140", "intel", INTEL_GPU, 12),
    Accelerator("flex-170", "flex-170", "intel", INTEL_GPU, 16),
    Accelerator("max-1100", "max-1100", "intel", INTEL_GPU, 48),
    Accelerator("max-1550", "max-1550", "intel", INTEL_GPU, 128),
    Accelerator("fpga", "fpga", "", FPGA, None),
)

ACCELERATORS = MappingProxyType({model.name: model for model in _TABLE})
"""Every known model by name."""

ARM64_ONLY = frozenset({"gb200", "gb300", "gh200", "t4g"})
"""Models that sit beside Arm CPUs only, so asking for one accepts the architecture."""

_MIG_80 = {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1}
MIG_INSTANCES_PER_DEVICE = MappingProxyType(
    {
        "a100-40gb": {
            "1g.5gb": 7,
            "1g.10gb": 4,
            "2g.10gb": 3,
            "3g.20gb": 2,
            "4g.20gb": 1,
            "7g.40gb": 1,
        },
        "a100-80gb": _MIG_80,
        "a30": {"1g.6gb": 4, "2g.12gb": 2, "4g.24gb": 1},
        "h100-80gb": _MIG_80,
        "h100-mega-80gb": _MIG_80,
        "h100-94gb": {
            "1g.12gb": 7,
            "1g.24gb": 4,
            "2g.24gb": 3,
            "3g.47gb": 2,
            "4g.47gb": 1,
            "7g.94gb": 1,
        },
        "h200-141gb": {
            "1g.18gb": 7,
            "1g.35gb": 4,
            "2g.35gb": 3,
            "3g.71gb": 2,
            "4g.71gb": 1,
            "7g.141gb": 1,
        },
        "b200": {
            "1g.23gb": 7,
            "1g.45gb": 4,
            "2g.45gb": 3,
            "3g.90gb": 2,
            "4g.90gb": 1,
            "7g.180gb": 1,
        },
        "b300": {
            "1g.34gb": 7,
            "1g.67gb": 4,
            "2g.67gb": 3,
            "3g.135gb": 2,
            "4g.135gb": 1,
            "7g.269gb": 1,
        },
        "gb200": {
            "1g.23gb": 7,
            "1g.47gb": 4,
            "2g.47gb": 3,
            "3g.93gb": 2,
            "4g.93gb": 1,
            "7g.186gb": 1,
        },
        "gb300": {"1g.35gb": 7, "2g.70gb": 3, "3g.139gb": 2, "4g.139gb": 1, "7g.278gb": 1},
        "rtx-pro-6000": {"1g.24gb": 4, "2g.48gb": 2, "4g.96gb": 1},
        "rtx-pro-server-6000": {"1g.24gb": 4, "2g.48gb": 2, "4g.96gb": 1},
    }
)
"""How many instances of each MIG profile one device can be cut into."""

# Logical cores, as the device plugin counts them by default: Trainium2 and 3 pair theirs (LNC 2).
NEURONCORES_PER_DEVICE = MappingProxyType(
    {"inferentia": 4, "inferentia2": 2, "trainium": 2, "trainium2": 4, "trainium3": 4}
)

FPGA_RESOURCES = (
    re.compile(r"fpga\.intel\.com/(?:af|region)-[\w.-]+"),
    re.compile(r"amd\.com/xilinx_[\w.-]+"),
    re.compile(r"xilinx\.com/fpga(?:-[\w.-]+)?"),
)
"""Resource names of FPGA device plugins: they carry the card's shell, so they are patterns."""

_MIG_RESOURCE = re.compile(r"nvidia\.com/mig-(\d+g\.\d+gb)((?:\.me)(?:\.all)?)?")
_WHOLE_DEVICES = {
    NVIDIA_GPU: NVIDIA_GPU,
    AMD_GPU: AMD_GPU,
    "gpu.intel.com/i915": INTEL_GPU,
    "gpu.intel.com/xe": INTEL_GPU,
    NEURON: NEURON,
    "aws.amazon.com/neurondevice": NEURON,
    TPU: TPU,
    GAUDI: GAUDI,
}
_CORES = {"aws.amazon.com/neuroncore": NEURON}
_VENDOR_DOMAINS = re.compile(
    r"(?:nvidia\.com|amd\.com|gpu\.intel\.com|fpga\.intel\.com|habana\.ai|aws\.amazon\.com"
    r"|google\.com|xilinx\.com)/"
)
_KNOWN_RESOURCES = (
    *_WHOLE_DEVICES,
    *_CORES,
    "nvidia.com/mig-<profile>",
    "fpga.intel.com/af-<id>",
    "amd.com/xilinx_<shell>",
    "xilinx.com/fpga-<shell>",
)


@dataclass(frozen=True)
class AcceleratorResource:
    """What a container's extended resource means.

    Attributes:
        name: the resource name as written.
        device: the kind of device that gives it (`Accelerator.device`).
        slice: the MIG profile, `core` for a NeuronCore, or empty for a whole device.
    """

    name: str
    device: str
    slice: str = ""

    def per_device(self, model: str) -> int:
        """How many of this resource one device of that model gives; 0 when it gives none."""
        accelerator = ACCELERATORS.get(model)
        if accelerator is None or accelerator.device != self.device:
            return 0
        if not self.slice:
            return 1
        if self.slice == "core":
            return NEURONCORES_PER_DEVICE.get(model, 0)
        profile, _, media = self.slice.partition(".me")
        count = MIG_INSTANCES_PER_DEVICE.get(model, {}).get(profile, 0)
        # One device has one set of media engines, so it gives one `.me` instance.
        return min(count, 1) if media or self.slice.endswith(".me") else count


@lru_cache(maxsize=1024)
def accelerator_resource(name: str) -> AcceleratorResource | None:
    """The accelerator that an extended resource asks for; None when it asks for none.

    Raises:
        InputError: the name is in a vendor's domain but is none that its device plugin offers.
    """
    if name in _WHOLE_DEVICES:
        return AcceleratorResource(name, _WHOLE_DEVICES[name])
    if name in _CORES:
        return AcceleratorResource(name, _CORES[name], "core")
    if mig := _MIG_RESOURCE.fullmatch(name):
        known = {profile for table in MIG_INSTANCES_PER_DEVICE.values() for profile in table}
        if mig[1] not in known:
            raise InputError(
                f"unknown MIG profile {mig[1]}", mend=f"use one of {allowed(known, 60)}"
            )
        return AcceleratorResource(name, NVIDIA_GPU, mig[1] + (mig[2] or ""))
    if any(pattern.fullmatch(name) for pattern in FPGA_RESOURCES):
        return AcceleratorResource(name, FPGA)
    if _VENDOR_DOMAINS.match(name):
        raise InputError(
            f"unknown accelerator resource {name}",
            mend=f"{did_you_mean(name, _KNOWN_RESOURCES)}use one of {', '.join(_KNOWN_RESOURCES)}",
        )
    return None


def did_you_mean(word: str, candidates: "tuple[str, ...] | list[str]") -> str:
    """`did you mean X? `, or nothing when no candidate is near."""
    near = difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)
    return f"did you mean {near[0]}? " if near else ""


# Tokens that name a vendor, a form factor or a sharing mode and never the model.
_NOISE = frozenset(
    re.findall(
        r"\w+",
        "nvidia amd intel aws google cloud habana tesla instinct blackwell server edition gpu tensor "
        "core sxm sxm2 sxm3 sxm4 sxm5 sxm6 pcie oam ac hbm2 hbm2e hbm3 hbm3e shared",
    )
)
_MEMORY_TOKEN = re.compile(r"(\d+)gi?b?")


@lru_cache(maxsize=1024)
def resolve_accelerator(text: str) -> tuple[str, ...]:
    """The models that a name stands for: a model, a family, a generation or a vendor.

    Accepts what node labels, manifests and people write: `a100`, `nvidia-a100`, `A100-80GB`,
    `NVIDIA-A100-SXM4-40GB`, `nvidia-tesla-t4`, `tpu-v5-lite-podslice`, `AMD_Instinct_MI300X_OAM`,
    `hopper`, `nvidia`.

    Raises:
        InputError: no accelerator has that name; the error lists the families.
    """
    tokens = [token for token in re.split(r"[^a-z0-9]+", _strip_mig(text.lower())) if token]
    if models := _lookup("-".join(tokens)):
        return models
    if tokens[:1] and tokens[0] in _NOISE and (models := _lookup("-".join(tokens[1:]))):
        return models
    kept = [token for token in tokens if token not in _NOISE]
    if models := _lookup("-".join(kept)):
        return models
    if len(kept) > 1 and (memory := _MEMORY_TOKEN.fullmatch(kept[-1])):
        models = _lookup("-".join(kept[:-1]))
        if sized := tuple(m for m in models if ACCELERATORS[m].memory_gib == float(memory[1])):
            return sized
    families = tuple(dict.fromkeys(model.family for model in _TABLE))
    raise InputError(
        f"unknown accelerator {text!r}",
        mend=f"{did_you_mean(kept[0] if kept else '', families)}"
        f"name a model or one of the families {', '.join(sorted(families))}",
    )


def canonical_model(text: str) -> str:
    """The one model that a price table's name stands for.

    Raises:
        InputError: it is unknown, or stands for several models.
    """
    if text in ACCELERATORS:
        return text
    models = resolve_accelerator(text)
    if len(models) > 1:
        raise InputError(f"{text!r} is several models", mend=f"use one of {', '.join(models)}")
    return models[0]


def _strip_mig(text: str) -> str:
    """Without the suffix that GPU feature discovery adds to the product of a MIG device."""
    return re.sub(r"-mig-\d+g\..*$", "", text)


@lru_cache(maxsize=1)
def _index() -> dict[str, tuple[str, ...]]:
    """Every normalised name to its models; where names collide the wider meaning wins."""
    index: dict[str, tuple[str, ...]] = {}
    for model in _TABLE:
        for name in (model.name, *model.aliases):
            index[name] = (model.name,)
    for attribute in ("family", "generation", "vendor"):
        groups: dict[str, list[str]] = {}
        for model in _TABLE:
            if key := getattr(model, attribute):
                groups.setdefault(key, []).append(model.name)
        for key, names in groups.items():
            if attribute == "family" or key not in index:
                index[key] = tuple(names)
    index["ada"] = index["ada-lovelace"]
    index["rtx-pro-server-6000"] = index["rtx-pro-6000"]
    return index


def _lookup(name: str) -> tuple[str, ...]:
    return _index().get(name, ())
