"""The GPUs of a group's nodes in GKE's words: type, count, MIG partitions and sharing.

Pure. GKE installs drivers and a device plugin of its own, which offers whole GPUs, partitions and shared
ones alike as nvidia.com/gpu. Sources: GKE's pages on GPUs, multi-instance GPUs and GPU sharing, 2026-11.
"""

from dataclasses import dataclass

from trimtab.catalogue.accelerators import TPU, accelerator_resource
from trimtab.errors import InputError, allowed
from trimtab.plan.model import Group
from trimtab.provision.gke.machines import GPU_TYPES, gpus_of
from trimtab.provision.planned import whole_profile
from trimtab.provision.pool_settings import Settings

MAX_SHARING_CLIENTS = 48


@dataclass(frozen=True)
class Gpus:
    """The GPUs of a node.

    Attributes:
        partition: MIG profile of every GPU, or None.
        sharing: GKE's strategy with the containers a GPU, or None.
    """

    type: str
    count: int
    partition: str | None
    sharing: tuple[str, int] | None


def gpus_of_node(group: Group, machine: str, settings: Settings, where: str) -> Gpus | None:
    """The GPUs of the group's nodes; None where they have none.

    Raises:
        InputError: GKE has no such accelerator, the machine has another number, or the GPUs can't be
            cut or shared as the settings say.
    """
    accelerator = group.accelerator
    if accelerator is None or accelerator.resource == TPU:
        return None
    resource = accelerator_resource(accelerator.resource)
    if accelerator.resource != "nvidia.com/gpu":
        slices = " (MIG slices too are nvidia.com/gpu there)" if resource and resource.slice else ""
        raise InputError(
            f"GKE has no {accelerator.resource}{slices}",
            where=where,
            mend="ask for nvidia.com/gpu, with mig_profile where GPUs are cut, or google.com/tpu",
        )
    kind = GPU_TYPES.get(accelerator.model)
    if kind is None:
        raise InputError(
            f"GKE has no {accelerator.model}",
            where=where,
            mend=f"use one of {allowed(list(GPU_TYPES), 20)}",
        )
    count, brought = int(accelerator.per_node), gpus_of(machine)
    if count < 1 or count != accelerator.per_node or (brought is not None and brought != count):
        has = "whole GPUs" if brought is None else f"{brought}"
        raise InputError(
            f"the plan counts {accelerator.per_node:g} GPUs a node, but {machine} has {has}",
            where=where,
            mend="give accelerator.perNode as the machine has it",
        )
    profile = whole_profile(settings.mig_profile, "GKE", where)
    if profile is not None:
        resource = accelerator_resource(f"nvidia.com/mig-{profile}")
        if resource is None or not resource.per_device(accelerator.model):
            raise InputError(
                f"{accelerator.model} can't be cut into {profile}",
                where=where,
                mend="give a profile of NVIDIA's MIG user guide for it",
            )
    if settings.sharing_replicas > MAX_SHARING_CLIENTS:
        raise InputError(
            f"sharing_replicas is {settings.sharing_replicas}, and GKE takes {MAX_SHARING_CLIENTS}",
            where=where,
            mend=f"give at most {MAX_SHARING_CLIENTS}",
        )
    strategies = {"time-slicing": "TIME_SHARING", "mps": "MPS"}
    sharing = (
        None
        if settings.sharing == "none"
        else (strategies[settings.sharing], settings.sharing_replicas)
    )
    return Gpus(kind, count, profile, sharing)
