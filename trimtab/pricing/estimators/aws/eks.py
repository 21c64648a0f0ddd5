"""EKS: control planes, managed node groups, Fargate profiles.

A control plane costs by the hour, more once its Kubernetes version is out of standard support, and more
again for a provisioned tier. From when on a version is in extended support is a fact with a date and a
source like a price, in `eks_versions.csv` beside this module.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from trimtab.pricing.amount import between
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.launch import (
    NOT_HERE,
    NOT_KNOWN,
    Disk,
    Make,
    extras,
    group_count,
    machines,
    make_of_template,
    template_of,
)
from trimtab.pricing.model import Basis, Gap, Nodes, Part
from trimtab.resources.inputs import Inputs

if TYPE_CHECKING:
    from trimtab.plan.model import PurchaseOption

NODE_GIB = 20.0
"""A Linux or Bottlerocket node's disk where nobody gives its size; EKS makes it gp2."""

WINDOWS_NODE_GIB = 50.0

_DEFAULT_TYPE = "t3.medium"
_OPTIONS: dict[str, PurchaseOption] = {
    "ON_DEMAND": "on-demand",
    "SPOT": "spot",
    "CAPACITY_BLOCK": "capacity-block",
}
_TIER_WITHOUT_FEE = "standard"


@estimates("aws_eks_cluster")
def cluster(at: Estimation) -> Iterator[Part]:
    """The control plane; what runs on it is priced where it is declared."""
    yield at.charge("control plane", "aws/eks/cluster/hour")
    yield from _support(at)
    tier = at.inputs.text("control_plane_scaling_config.tier", _TIER_WITHOUT_FEE)
    if at.inputs.unknown("control_plane_scaling_config.tier"):
        yield Gap("provisioned control plane", "its tier is not known before a deployment")
    elif tier != _TIER_WITHOUT_FEE:
        yield at.charge(f"provisioned control plane, {tier}", f"aws/eks/tier/{tier}")
    if at.inputs.flag("compute_config.enabled") and at.inputs.has("compute_config.node_pools"):
        yield Gap(
            "Auto Mode",
            "its built-in pools start machines as pods need them, at their price and a fee on each",
        )
    if at.inputs.has("remote_network_config"):
        yield Gap("hybrid nodes", "charged by the vCPU-hour of the machines that join")


def _support(at: Estimation) -> Iterator[Part]:
    """Extended support, from the day on that the version leaves standard support."""
    if at.inputs.text("upgrade_policy.support_type") == "STANDARD":
        return  # upgraded by EKS when standard support ends
    label, rate = "extended support", "aws/eks/extended-support/hour"
    if at.inputs.unknown("version"):
        note = "the version is not known before a deployment"
        yield at.charge(label, rate, between(0.0, 1.0), basis=Basis.BOUNDS, note=note)
        return
    version = at.inputs.text("version")
    since = _standard_support_ends().get(version)
    if since is not None and at.facts.on >= since:
        yield at.charge(label, rate, note=f"Kubernetes {version} left standard support on {since}")


@cache
def _standard_support_ends() -> dict[str, date]:
    """By Kubernetes version, the first day of extended support."""
    table = files("trimtab.pricing.estimators.aws").joinpath("eks_versions.csv")
    rows = csv.DictReader(table.read_text("utf-8").splitlines())
    return {row["version"]: date.fromisoformat(row["extended_support_from"]) for row in rows}


@estimates("aws_eks_node_group")
def node_group(at: Estimation) -> Iterator[Part]:
    """Its machines between min_size and max_size, and the disk of each."""
    sizes = [f"scaling_config.{name}_size" for name in ("min", "desired", "max")]
    found = group_count(at.inputs, *sizes)
    if found is None:
        yield Gap(
            "worker nodes", "its size is not known before a deployment, and nothing bounds it"
        )
        return
    count, now = found
    make, types = _node_make(at)
    capacity_type = at.inputs.text("capacity_type", "ON_DEMAND")
    option = _OPTIONS.get(capacity_type)
    if at.inputs.unknown("capacity_type"):
        yield Gap("worker nodes", "how they are bought is not known before a deployment")
    elif option is None:
        yield Gap("worker nodes", f"no price of the capacity type {capacity_type}")
    else:
        if option == "on-demand" and make.option == "capacity-block":
            option = make.option
        windows = at.inputs.text("ami_type").startswith("WINDOWS")
        for part in machines(
            "worker nodes", make, count, now=now, option=option, instance_types=types
        ):
            yield _on_windows(part) if windows else part
    yield from extras(at, make, count, types)


def _node_make(at: Estimation) -> tuple[Make, tuple[str, ...]]:
    """What its nodes are: types of its own, or its launch template's, or EKS's default."""
    inputs = at.inputs
    windows = inputs.text("ami_type").startswith("WINDOWS")
    gib = WINDOWS_NODE_GIB if windows else NODE_GIB
    types = tuple(inputs.strings("instance_types"))
    template = template_of(at, "launch_template")
    if template is not None:
        make = make_of_template(at, template, root_gib=gib)
        default = not template.inputs.has("instance_type") and not template.inputs.has(
            "instance_requirements"
        )
    elif inputs.has("launch_template"):
        make = Make(unknown=NOT_HERE, disks=(_node_disk(inputs, gib),))
        default = False
    else:
        make = Make(disks=(_node_disk(inputs, gib),))
        default = True
    if inputs.unknown("instance_types") and not types:
        return Make(unknown=NOT_KNOWN, disks=make.disks), ()
    if not types and default:
        types = (_DEFAULT_TYPE,)
    return make, types


def _node_disk(inputs: Inputs, gib: float) -> Disk:
    size = inputs.get("disk_size")
    note = "" if inputs.has("disk_size") else f"EKS's own size, {gib:g} GiB"
    values = {} if size is None else {"size": size}
    return Disk("root disk", Inputs(values, camel=False), gib, note=note)


def _on_windows(part: Part) -> Part:
    return replace(part, operating_system="windows") if isinstance(part, Nodes) else part


@estimates("aws_eks_fargate_profile")
def fargate_profile(at: Estimation) -> Iterator[Part]:
    """By what the pods that it matches ask for; the profile itself is free."""
    yield from at.used("pods' vCPU", "aws/fargate/linux-x86_64/vcpu", "vcpu_hours")
    yield from at.used("pods' memory", "aws/fargate/linux-x86_64/memory", "memory_gb_hours")
