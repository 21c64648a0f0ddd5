"""Node labels: which of them an offer answers, and what it answers.

A pod selects nodes by labels (nodeSelector, required node affinity). For capacity that does not exist
yet an offer stands in for the node, and a label is one of:

- **answered**: an offer's property says whether its nodes carry it (architecture, instance type,
  region, zone, accelerator and its count, instance family ...);
- **set by others, not answerable**: in a domain that the kubelet, a cloud, Karpenter or a device
  operator owns, but no price table knows it (local NVMe, network bandwidth). It neither excludes an
  offer nor becomes a pool's label; `unanswerable` names it so that a reader can say so;
- **free**: anything else. The pool's nodes must be given it, or the pods would never schedule.

Keys that name accelerators by a user's own convention (`gpu-type: nvidia-a100`) are both answered and
free: they narrow the offers, and nobody but the pool sets them.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from trimtab.catalogue.accelerators import ACCELERATORS, resolve_accelerator
from trimtab.catalogue.offers import Offer
from trimtab.errors import InputError

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")

# Keys whose value is an accelerator's name, set by a cloud or an operator; with the provider whose
# nodes carry it, or None for any.
_ACCELERATOR_KEYS: dict[str, str | None] = {
    "nvidia.com/gpu.product": None,
    "nvidia.com/gpu.family": None,
    "amd.com/gpu.product-name": None,
    "beta.amd.com/gpu.product-name": None,
    "gpu.intel.com/product": None,
    "cloud.google.com/gke-accelerator": "gcp",
    "cloud.google.com/gke-tpu-accelerator": "gcp",
    "karpenter.k8s.aws/instance-gpu-name": "aws",
    "karpenter.k8s.aws/instance-accelerator-name": "aws",
    "karpenter.azure.com/sku-gpu-name": "azure",
}

# What GKE calls by a family's name is one size of it there.
_GKE_MODELS = {"nvidia-tesla-a100": ("a100-40gb",), "nvidia-tesla-v100": ("v100-16gb",)}

_GENERIC_KEY = re.compile(
    r"(?:gpu|accelerator|gpu-?accelerator)(?:-?(?:type|model|name|product|family|class))?"
)
_ANY_ACCELERATOR = frozenset({"true", "yes", "enabled", "present", "gpu", "any"})
_NO_ACCELERATOR = frozenset({"false", "no", "none", "cpu"})

CAPACITY_TYPE_KEYS = {
    "karpenter.sh/capacity-type": {
        "spot": "spot",
        "on-demand": "on-demand",
        "reserved": "on-demand",
    },
    "eks.amazonaws.com/capacityType": {
        "SPOT": "spot",
        "ON_DEMAND": "on-demand",
        "CAPACITY_BLOCK": "on-demand",
    },
    "cloud.google.com/gke-spot": {"true": "spot", "false": "on-demand"},
    "cloud.google.com/gke-preemptible": {"true": "spot", "false": "on-demand"},
    "kubernetes.azure.com/scalesetpriority": {"spot": "spot", "regular": "on-demand"},
}
"""Labels that name a purchase option, and what each value means: a matter of interruptibility, read
with the workload, not of any offer."""

ZONE_KEYS = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
PLACE_KEYS = (
    *ZONE_KEYS,
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/region",
)
INSTANCE_TYPE_KEYS = (
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "karpenter.azure.com/sku-name",
)
ARCHITECTURE_KEYS = ("kubernetes.io/arch", "beta.kubernetes.io/arch")
_OWNED_DOMAIN = re.compile(
    r"(?:[\w.-]+\.)?(?:kubernetes\.io|k8s\.io|karpenter\.sh|karpenter\.k8s\.aws"
    r"|karpenter\.azure\.com|eks\.amazonaws\.com|k8s\.aws|cloud\.google\.com"
    r"|kubernetes\.azure\.com|nvidia\.com|amd\.com|gpu\.intel\.com|habana\.ai)/.*"
)

KUBERNETES_ARCHITECTURE = {"x86_64": "amd64", "arm64": "arm64"}


def _canonical(key: str) -> str:
    """EKS Auto Mode names Karpenter's instance labels in its own domain."""
    prefix = "eks.amazonaws.com/instance-"
    return "karpenter.k8s.aws/instance-" + key[len(prefix) :] if key.startswith(prefix) else key


def accelerator_key(key: str) -> bool:
    """Whether the key's value names an accelerator."""
    return _canonical(key) in _ACCELERATOR_KEYS or is_generic_accelerator_key(key)


def is_generic_accelerator_key(key: str) -> bool:
    """Whether the key names accelerators by a user's convention: gpu-type, accelerator, gpu.type."""
    if _OWNED_DOMAIN.fullmatch(key):
        return False
    name = re.sub(r"[._]", "-", re.sub(r"(?<=[a-z])(?=[A-Z])", "-", key.rsplit("/", 1)[-1])).lower()
    return _GENERIC_KEY.fullmatch(name) is not None


@lru_cache(maxsize=1024)
def accelerator_models(key: str, value: str) -> frozenset[str] | None:
    """The models that a selector's value names; None when it narrows nothing (`gpu: "true"`).

    Raises:
        InputError: the value names no known accelerator.
    """
    if is_generic_accelerator_key(key) and value.lower() in _ANY_ACCELERATOR | _NO_ACCELERATOR:
        return None
    if key == "cloud.google.com/gke-accelerator" and value in _GKE_MODELS:
        return frozenset(_GKE_MODELS[value])
    try:
        return frozenset(resolve_accelerator(value))
    except InputError as error:
        raise InputError(f"{key}: {error.message}", mend=error.mend) from None


def answered(key: str) -> bool:
    """Whether an offer's properties say what its nodes' value of this label is."""
    key = _canonical(key)
    return key in _PROPERTIES or key in PLACE_KEYS or accelerator_key(key)


def becomes_pool_label(key: str) -> bool:
    """Whether nobody but the pool sets this label on its nodes."""
    return not _OWNED_DOMAIN.fullmatch(key)


def unanswerable(key: str) -> bool:
    """Whether others set this label but no offer tells its value."""
    return not answered(key) and not becomes_pool_label(key) and key not in CAPACITY_TYPE_KEYS


def satisfies(offer: Offer, key: str, operator: str, values: tuple[str, ...]) -> bool:
    """Whether a node of this offer meets the expression; True where no offer can tell.

    Raises:
        InputError: a value names no known accelerator, or is no number where one is compared.
    """
    key = _canonical(key)
    if accelerator_key(key):
        return _satisfies_accelerator(offer, key, operator, values)
    if key in ZONE_KEYS:
        return _satisfies_zone(offer, operator, values)
    if key not in _PROPERTIES:
        return True
    return _compare(_PROPERTIES[key](offer), operator, values, key)


def _satisfies_accelerator(offer: Offer, key: str, operator: str, values: tuple[str, ...]) -> bool:
    provider = _ACCELERATOR_KEYS.get(key)
    carries = offer.accelerator is not None and provider in (None, offer.provider)
    if operator in ("Exists", "DoesNotExist"):
        # A user's own label exists wherever the pool puts it.
        return is_generic_accelerator_key(key) or carries == (operator == "Exists")
    models = [accelerator_models(key, value) for value in values]
    named = frozenset[str]().union(*(m for m in models if m is not None))
    if operator == "NotIn":
        return not carries or offer.accelerator not in named
    if None in models:
        return True
    return carries and offer.accelerator in named


def _satisfies_zone(offer: Offer, operator: str, values: tuple[str, ...]) -> bool:
    """An offer is regional: it meets a zone when the zone lies in its region."""
    if operator == "In":
        return any(in_region(value, offer.region) for value in values)
    return operator != "DoesNotExist"


def in_region(zone: str, region: str) -> bool:
    """Whether the zone's name is one of the region's: us-east-1a, us-west-2-lax-1a, eastus-1."""
    return zone.startswith(region) and bool(re.fullmatch(r"[a-z]|-.+", zone[len(region) :]))


def _compare(value: str | None, operator: str, values: tuple[str, ...], key: str) -> bool:
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            try:
                bound = int(values[0])
            except (ValueError, IndexError):
                raise InputError(
                    f"{key}: {operator} needs one whole number", mend='write values: ["8"]'
                ) from None
            if value is None:
                return False
            return float(value) > bound if operator == "Gt" else float(value) < bound


# What an offer says of each label.


def _text(number: float | None) -> str | None:
    return None if number is None else str(int(number))


def _of(provider: str, read: Callable[[Offer], str | None]) -> Callable[[Offer], str | None]:
    return lambda offer: read(offer) if offer.provider == provider else None


def _family(offer: Offer) -> str:
    return offer.instance_type.split(".")[0]


def _match(pattern: str, text: str) -> str | None:
    found = re.match(pattern, text)
    return found[1] if found else None


def _count(offer: Offer, devices: frozenset[str]) -> str | None:
    if offer.accelerator is None or ACCELERATORS[offer.accelerator].device not in devices:
        return None
    return _text(offer.accelerator_count)


def _vendor(offer: Offer, devices: frozenset[str]) -> str | None:
    if offer.accelerator is None or ACCELERATORS[offer.accelerator].device not in devices:
        return None
    return ACCELERATORS[offer.accelerator].vendor


def _accelerator_mib(offer: Offer) -> str | None:
    if offer.accelerator is None:
        return None
    gib = ACCELERATORS[offer.accelerator].memory_gib
    return None if gib is None else _text(gib * 1024)


_GPUS = frozenset({"nvidia.com/gpu", "amd.com/gpu", "habana.ai/gaudi"})
_NEURON = frozenset({"aws.amazon.com/neuron"})
_NVIDIA = frozenset({"nvidia.com/gpu"})


def _architecture(offer: Offer) -> str:
    return KUBERNETES_ARCHITECTURE[offer.architecture]


_PROPERTIES: dict[str, Callable[[Offer], str | None]] = {
    **dict.fromkeys(ARCHITECTURE_KEYS, _architecture),
    "kubernetes.io/os": lambda _: "linux",
    "beta.kubernetes.io/os": lambda _: "linux",
    "node.kubernetes.io/instance-type": lambda offer: offer.instance_type,
    "beta.kubernetes.io/instance-type": lambda offer: offer.instance_type,
    "topology.kubernetes.io/region": lambda offer: offer.region,
    "failure-domain.beta.kubernetes.io/region": lambda offer: offer.region,
    "karpenter.k8s.aws/instance-family": _of("aws", _family),
    "karpenter.k8s.aws/instance-category": _of(
        "aws", lambda offer: _match(r"([a-z]+)", offer.instance_type)
    ),
    "karpenter.k8s.aws/instance-generation": _of(
        "aws", lambda offer: _match(r"[a-z]+(\d+)", offer.instance_type)
    ),
    "karpenter.k8s.aws/instance-size": _of(
        "aws", lambda offer: _match(r"[^.]+\.(.+)", offer.instance_type)
    ),
    "karpenter.k8s.aws/instance-cpu": _of("aws", lambda offer: _text(offer.vcpu)),
    "karpenter.k8s.aws/instance-memory": _of(
        "aws", lambda o: None if o.memory_gib is None else _text(o.memory_gib * 1024)
    ),
    "karpenter.k8s.aws/instance-gpu-count": _of("aws", lambda offer: _count(offer, _GPUS)),
    "karpenter.k8s.aws/instance-gpu-manufacturer": _of("aws", lambda o: _vendor(o, _GPUS)),
    "karpenter.k8s.aws/instance-accelerator-count": _of("aws", lambda o: _count(o, _NEURON)),
    "karpenter.k8s.aws/instance-accelerator-manufacturer": _of(
        "aws", lambda offer: _vendor(offer, _NEURON)
    ),
    "karpenter.azure.com/sku-name": _of("azure", lambda offer: offer.instance_type),
    "karpenter.azure.com/sku-family": _of(
        "azure", lambda offer: _match(r"Standard_([A-Z]+)", offer.instance_type)
    ),
    "karpenter.azure.com/sku-cpu": _of("azure", lambda offer: _text(offer.vcpu)),
    "karpenter.azure.com/sku-gpu-count": _of("azure", lambda offer: _count(offer, _GPUS)),
    "karpenter.azure.com/sku-gpu-manufacturer": _of("azure", lambda o: _vendor(o, _GPUS)),
    "cloud.google.com/machine-family": _of("gcp", lambda offer: offer.instance_type.split("-")[0]),
    "cloud.google.com/gke-accelerator-count": _of("gcp", lambda o: _count(o, _NVIDIA)),
    "nvidia.com/gpu.count": lambda offer: _count(offer, _NVIDIA),
    "nvidia.com/gpu.memory": lambda o: _accelerator_mib(o) if _count(o, _NVIDIA) else None,
    "nvidia.com/gpu.present": lambda offer: "true" if _count(offer, _NVIDIA) else None,
}
