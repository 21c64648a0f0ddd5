"""Services that run EC2 machines for one, and are paid for by them: Batch, EMR, Elastic Beanstalk."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.ebs import disk_charges
from trimtab.pricing.estimators.aws.launch import IMAGE_GIB, basis_of
from trimtab.pricing.model import Basis, Gap, Nodes, PaidElsewhere, Part
from trimtab.resources.inputs import Inputs

if TYPE_CHECKING:
    from trimtab.plan.model import PurchaseOption

EMR_ROOT_GIB = 15.0
"""The root disk of an EMR machine where nobody says otherwise."""

_BEANSTALK_MIN, _BEANSTALK_MAX = 1.0, 4.0
_LOAD_BALANCERS = {
    "classic": ("classic load balancer", "aws/lb/classic/hour"),
    "application": ("application load balancer", "aws/lb/application/hour"),
    "network": ("network load balancer", "aws/lb/network/hour"),
}


@estimates("aws_batch_compute_environment")
def batch(at: Estimation) -> Iterator[Part]:
    """Machines for its jobs, between min_vcpus and max_vcpus; how many are needed, jobs decide."""
    if at.inputs.text("type").upper() == "UNMANAGED":
        yield PaidElsewhere("its machines are those of an ECS cluster of the user's")
        return
    kind = at.inputs.text("compute_resources.type").upper()
    if kind.startswith("FARGATE"):
        yield from _batch_fargate(at, spot=kind == "FARGATE_SPOT")
        return
    most = at.inputs.number("compute_resources.max_vcpus")
    least = at.inputs.number("compute_resources.min_vcpus") or 0.0
    types = [name for name in at.inputs.strings("compute_resources.instance_type") if "." in name]
    offers = [at.facts.book.offer("aws", at.region, name) for name in types]
    sizes = [offer.vcpu for offer in offers if offer is not None and offer.vcpu]
    if not types or not sizes or most is None:
        reason = "which machines it starts, or how many at most, is not known before its jobs run"
        yield Gap("machines", reason)
        return
    hours, basis = at.usage("vcpu_hours")
    size = sizes[0]
    low, high = math.ceil(least / size), math.ceil(most / size)
    count = exactly(low) if low == high else between(low, high)
    if basis is not Basis.DEFAULT:
        count = hours.times(1 / (HOURS_PER_MONTH * size))
    yield Nodes(
        "machines",
        tuple(types),
        count,
        now=float(low),
        option="spot" if kind == "SPOT" else "on-demand",
        basis=basis if basis is not Basis.DEFAULT else basis_of(count),
    )
    note = f"the image's own disk, taken as {IMAGE_GIB:g} GiB"
    bare = Inputs({}, camel=at.inputs.camel)
    yield from disk_charges(at, "root disk", bare, count, default_gib=IMAGE_GIB, note=note)


def _batch_fargate(at: Estimation, *, spot: bool) -> Iterator[Part]:
    rates = f"aws/fargate/linux-x86_64{'-spot' if spot else ''}"
    hours, basis = at.usage("vcpu_hours")
    most = at.inputs.number("compute_resources.max_vcpus")
    if basis is Basis.DEFAULT:
        if most is None:
            yield Gap("tasks", "how many vCPUs it may use is not known before a deployment")
            return
        hours, basis = between(0.0, most * HOURS_PER_MONTH), Basis.BOUNDS
    yield at.charge("tasks' vCPU", f"{rates}/vcpu", hours, basis=basis)
    memory, basis = at.usage("memory_gb_hours")
    if basis is Basis.DEFAULT:
        yield Gap("tasks' memory", "its jobs say how much: give memory_gb_hours in a usage file")
        return
    yield at.charge("tasks' memory", f"{rates}/memory", memory, basis=basis)


@estimates("aws_emr_cluster")
def emr_cluster(at: Estimation) -> Iterator[Part]:
    """Its machines, EMR's fee on each, and their disks."""
    for name, label in (("master", "primary nodes"), ("core", "core nodes")):
        for group in at.inputs.blocks(f"{name}_instance_group"):
            yield from _emr_group(at, label, group)
        for fleet in at.inputs.blocks(f"{name}_instance_fleet"):
            yield from _emr_fleet(at, label, fleet)


@estimates("aws_emr_instance_group")
def emr_instance_group(at: Estimation) -> Iterator[Part]:
    """More machines for a cluster that is declared elsewhere."""
    yield from _emr_group(at, "task nodes", at.inputs)


@estimates("aws_emr_instance_fleet")
def emr_instance_fleet(at: Estimation) -> Iterator[Part]:
    """More machines for a cluster that is declared elsewhere."""
    yield from _emr_fleet(at, "task nodes", at.inputs)


def _emr_group(at: Estimation, label: str, group: Inputs) -> Iterator[Part]:
    if group.unknown("instance_count"):
        yield Gap(label, "how many is not known before a deployment")
        return
    types = tuple(group.strings("instance_type"))
    count = exactly(float(group.count("instance_count", 1)))
    option: PurchaseOption = "spot" if group.has("bid_price") else "on-demand"
    yield from _emr_nodes(at, label, types, count, option, group)


def _emr_fleet(at: Estimation, label: str, fleet: Inputs) -> Iterator[Part]:
    configs = fleet.blocks("instance_type_configs")
    types = tuple(name for each in configs for name in each.strings("instance_type"))
    weight = (configs[0].number("weighted_capacity") if configs else None) or 1.0
    targets: tuple[tuple[PurchaseOption, str], ...] = (
        ("on-demand", "target_on_demand_capacity"),
        ("spot", "target_spot_capacity"),
    )
    for option, path in targets:
        capacity = fleet.number(path) or 0.0
        if capacity:
            nodes = exactly(float(math.ceil(capacity / weight)))
            first = configs[0] if configs else fleet
            yield from _emr_nodes(at, label, types, nodes, option, first)


def _emr_nodes(
    at: Estimation,
    label: str,
    types: tuple[str, ...],
    count: Amount,
    option: PurchaseOption,
    group: Inputs,
) -> Iterator[Part]:
    if not types:
        yield Gap(label, "their instance type is not known before a deployment")
        return
    yield Nodes(label, types, count, now=count.expected, option=option)
    yield at.charge(f"{label}: EMR's fee", f"aws/emr/{types[0]}", count)
    for disk in group.blocks("ebs_config"):
        each = float(disk.count("volumes_per_instance", 1))
        yield from disk_charges(at, f"{label}: disks", disk, count.times(each))
    root = at.inputs.get("ebs_root_volume_size")
    size = Inputs({} if root is None else {"size": root}, camel=False)
    note = "" if root is not None else f"EMR's own size, {EMR_ROOT_GIB:g} GiB"
    yield from disk_charges(
        at, f"{label}: root disk", size, count, default_gib=EMR_ROOT_GIB, note=note
    )


@estimates("aws_elastic_beanstalk_environment")
def beanstalk(at: Estimation) -> Iterator[Part]:
    """Its machines, their disks and its load balancer, as its settings say; Beanstalk itself is free."""
    settings = {
        (each.text("namespace"), each.text("name")): each for each in at.inputs.blocks("setting")
    }

    def setting(namespace: str, name: str) -> str:
        found = settings.get((namespace, name))
        return "" if found is None else found.text("value")

    scaling, launch = "aws:autoscaling:asg", "aws:autoscaling:launchconfiguration"
    ec2, environment = "aws:ec2:instances", "aws:elasticbeanstalk:environment"
    single = setting(environment, "EnvironmentType") == "SingleInstance"
    low = 1.0 if single else _number(setting(scaling, "MinSize"), _BEANSTALK_MIN)
    high = 1.0 if single else _number(setting(scaling, "MaxSize"), _BEANSTALK_MAX)
    count = between(low, high, low)
    listed = setting(ec2, "InstanceTypes") or setting(launch, "InstanceType")
    types = tuple(name.strip() for name in listed.split(",") if name.strip())
    if types:
        spot = setting(ec2, "EnableSpot") == "true"
        yield Nodes("instances", types, count, now=low, option="spot" if spot else "on-demand")
    else:
        yield Gap("instances", "no instance type is declared: Beanstalk's own varies by account")
    disk = Inputs(
        {
            "size": setting(launch, "RootVolumeSize") or None,
            "type": setting(launch, "RootVolumeType") or None,
            "iops": setting(launch, "RootVolumeIOPS") or None,
            "throughput": setting(launch, "RootVolumeThroughput") or None,
        },
        camel=False,
    )
    note = "" if setting(launch, "RootVolumeSize") else f"taken as {IMAGE_GIB:g} GiB"
    yield from disk_charges(at, "root disk", disk, count, default_gib=IMAGE_GIB, note=note)
    if setting("aws:rds:dbinstance", "DBInstanceClass") or setting(
        "aws:rds:dbinstance", "DBEngine"
    ):
        yield Gap(
            "database", "a database inside an environment is not priced: declare it by itself"
        )
    if not single:
        wanted = setting(environment, "LoadBalancerType") or "classic"
        label, rate = _LOAD_BALANCERS.get(wanted, _LOAD_BALANCERS["classic"])
        yield at.charge(label, rate)
        yield Gap(f"{label}'s traffic", "by what passes, which belongs to no resource here")


def _number(text: str, default: float) -> float:
    try:
        return float(text)
    except ValueError:
        return default
