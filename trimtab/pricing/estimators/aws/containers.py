"""Containers: ECS services on Fargate, App Runner, image registries.

A Fargate task costs for the vCPU and the memory that its task definition asks for while it runs; a service
runs `desired_count` of them all month. What runs on EC2 is paid for as machines.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.launch import basis_of
from trimtab.pricing.model import Gap, PaidElsewhere, Part
from trimtab.resources.inputs import Inputs, as_number
from trimtab.resources.model import Resource

FREE_TASK_STORAGE_GIB = 20.0
"""What each Fargate task has without being charged for it."""

_FARGATE = frozenset({"FARGATE", "FARGATE_SPOT"})
_CPU_UNITS = 1024.0
_MIB_PER_GIB = 1024.0
_QUANTITY = re.compile(r"([0-9.]+)\s*(vcpu|gb)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Task:
    """What one Fargate task is paid for."""

    vcpu: float
    memory_gib: float
    storage_gib: float
    platform: str  # of the rates: `linux-x86_64`, `linux-arm64`, `windows-x86_64`


@estimates("aws_ecs_service")
def ecs_service(at: Estimation) -> Iterator[Part]:
    """Its tasks on Fargate, by vCPU, memory and disk, as many as are desired."""
    shares = _shares(at)
    if shares is None:
        yield Gap("tasks", "its capacity provider is not known before a deployment")
        return
    if not shares:
        yield PaidElsewhere("its tasks run on machines, which are paid for where they are declared")
        return
    definition = at.referred("task_definition", "aws_ecs_task_definition")
    if definition is None:
        yield Gap("tasks", "its task definition is not among the resources")
        return
    task = _task(definition.inputs)
    if task is None:
        yield Gap("tasks", f"the vCPU or memory of {definition.name} is not known")
        return
    desired = _desired(at)
    if desired is None:
        yield Gap("tasks", "how many are desired is not known before a deployment")
        return
    for index, (provider, _, _) in enumerate(shares):
        count = desired.at_ends(partial(_share_of, shares, index))
        if count.high > 0 or len(shares) == 1:
            yield from task_charges(at, task, count, spot=provider == "FARGATE_SPOT")
    if at.inputs.flag("network_configuration.assign_public_ip"):
        yield at.charge("public IPv4 addresses", "aws/public-ipv4/hour", desired)


@estimates("aws_ecs_task_set")
def ecs_task_set(at: Estimation) -> Iterator[Part]:
    """A share of its service's tasks."""
    if at.inputs.text("launch_type") == "EC2":
        yield PaidElsewhere("its tasks run on machines, which are paid for where they are declared")
        return
    service = at.referred("service", "aws_ecs_service")
    definition = at.referred("task_definition", "aws_ecs_task_definition")
    task = None if definition is None else _task(definition.inputs)
    wanted = None if service is None else service.inputs.number("desired_count")
    if task is None or wanted is None:
        yield Gap(
            "tasks", "its service or task definition is not among the resources, or not known"
        )
        return
    percent = at.inputs.number("scale.value")
    count = math.ceil(wanted * (100.0 if percent is None else percent) / 100.0)
    yield from task_charges(at, task, exactly(float(count)), spot=False)


@estimates("aws_ecs_express_gateway_service")
def ecs_express_service(at: Estimation) -> Iterator[Part]:
    """Its tasks on Fargate between their least and their most; its load balancer is shared."""
    task = _task(at.inputs)
    if task is None:
        yield Gap("tasks", "their vCPU or memory is not declared, or not known yet")
        return
    least = at.inputs.number("scaling_target.min_task_count") or 1.0
    most = at.inputs.number("scaling_target.max_task_count") or least
    yield from task_charges(at, task, between(least, most, least), spot=False)
    yield Gap("load balancer", "shared with the other express services of its network")


def task_charges(at: Estimation, task: Task, count: Amount, *, spot: bool) -> Iterator[Part]:
    """What tasks that run all month cost."""
    kind = "Fargate Spot" if spot else "Fargate"
    rates = f"aws/fargate/{task.platform}{'-spot' if spot else ''}"
    hours = count.times(HOURS_PER_MONTH)
    basis = basis_of(count)
    yield at.charge(f"{kind} vCPU", f"{rates}/vcpu", hours.times(task.vcpu), basis=basis)
    yield at.charge(f"{kind} memory", f"{rates}/memory", hours.times(task.memory_gib), basis=basis)
    if task.platform.startswith("windows"):
        yield at.charge(
            f"{kind} Windows licence", f"{rates}/licence", hours.times(task.vcpu), basis=basis
        )
    beyond = max(task.storage_gib - FREE_TASK_STORAGE_GIB, 0.0)
    if beyond:
        yield at.charge(
            f"{kind} disk beyond 20 GB", "aws/fargate/storage", hours.times(beyond), basis=basis
        )


def _shares(at: Estimation) -> list[tuple[str, float, float]] | None:
    """Fargate's capacity providers with base and weight; [] where it runs on EC2; None: not known."""
    strategy = at.inputs.blocks("capacity_provider_strategy")
    if not strategy and not at.inputs.has("launch_type"):
        cluster = at.referred("cluster", "aws_ecs_cluster")
        strategy = at.facts.once(_default_strategies).get(cluster.key, []) if cluster else []
    if strategy:
        if any(each.unknown("capacity_provider") for each in strategy):
            return None
        return [
            (name, each.number("base") or 0.0, each.number("weight") or 0.0)
            for each in strategy
            if (name := each.text("capacity_provider")) in _FARGATE
        ]
    if at.inputs.unknown("launch_type"):
        return None
    launch = at.inputs.text("launch_type")
    if not launch:
        definition = at.referred("task_definition", "aws_ecs_task_definition")
        wanted = definition.inputs.strings("requires_compatibilities") if definition else []
        launch = "FARGATE" if wanted == ["FARGATE"] else "EC2"
    return [(launch, 0.0, 1.0)] if launch in _FARGATE else []


def _split(desired: float, shares: list[tuple[str, float, float]]) -> list[float]:
    """Tasks for each provider: the bases first, then what is left by weight."""
    based = [min(base, desired) for _, base, _ in shares]
    left = max(desired - sum(based), 0.0)
    weights = sum(weight for _, _, weight in shares)
    if not weights:
        return [based[0] + left, *based[1:]]
    return [
        base + left * weight / weights for base, (_, _, weight) in zip(based, shares, strict=True)
    ]


def _share_of(shares: list[tuple[str, float, float]], index: int, desired: float) -> float:
    return _split(desired, shares)[index]


def _desired(at: Estimation) -> Amount | None:
    """How many tasks; between an autoscaler's bounds where one is declared for the service."""
    wanted = (
        None if at.inputs.unknown("desired_count") else at.inputs.number("desired_count") or 0.0
    )
    target = at.facts.once(_scaling_targets).get(at.resource.key)
    if target is None:
        return None if wanted is None else exactly(wanted)
    least, most = target.inputs.number("min_capacity"), target.inputs.number("max_capacity")
    if most is None:
        return None if wanted is None else exactly(wanted)
    expected = None if wanted is None else max(wanted, least or 0.0)
    return between(least or 0.0, most, expected)


def _scaling_targets(facts: Facts) -> dict[str, Resource]:
    """Application Auto Scaling's targets, by the keys of what they scale."""
    return {
        key: each
        for each in facts.resources.values()
        if each.kind == "aws_appautoscaling_target"
        for key in each.references.get("resource_id", ())
    }


def _default_strategies(facts: Facts) -> dict[str, list[Inputs]]:
    """The capacity provider strategies that clusters have for services without one, by cluster's key."""
    return {
        key: each.inputs.blocks("default_capacity_provider_strategy")
        for each in facts.resources.values()
        if each.kind == "aws_ecs_cluster_capacity_providers"
        for key in each.references.get("cluster_name", ())
    }


def _task(inputs: Inputs) -> Task | None:
    vcpu = _quantity(inputs.get("cpu"), "vcpu", _CPU_UNITS)
    memory = _quantity(inputs.get("memory"), "gb", _MIB_PER_GIB)
    if vcpu is None or memory is None:
        return None
    system = inputs.text("runtime_platform.operating_system_family", "LINUX")
    architecture = inputs.text("runtime_platform.cpu_architecture", "X86_64").lower()
    platform = f"{'windows' if system.startswith('WINDOWS') else 'linux'}-{architecture}"
    storage = inputs.number("ephemeral_storage.size_in_gib") or FREE_TASK_STORAGE_GIB
    return Task(vcpu, memory, storage, platform)


def _quantity(value: object, unit: str, per: float) -> float | None:
    """ "512" in units of 1/1024, or "0.5 vCPU"."""
    found = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found and found[2].lower() == unit:
        return as_number(found[1])
    number = as_number(value)
    return None if number is None else number / per


@estimates("aws_ecs_cluster")
def ecs_cluster(at: Estimation) -> Iterator[Part]:
    """Free, but for the metrics of Container Insights."""
    for setting in at.inputs.blocks("setting"):
        if setting.text("name") == "containerInsights" and setting.text("value") != "disabled":
            yield Gap("Container Insights", "charged by the metrics and logs that it gathers")


@estimates("aws_apprunner_service")
def app_runner(at: Estimation) -> Iterator[Part]:
    """Memory of each instance that is kept ready, vCPU of those that answer requests."""
    configuration = at.referred(
        "auto_scaling_configuration_arn", "aws_apprunner_auto_scaling_configuration_version"
    )
    least = configuration.inputs.number("min_size") if configuration else None
    most = configuration.inputs.number("max_size") if configuration else None
    ready = 1.0 if least is None else least
    limit = 25.0 if most is None else most
    vcpu = _quantity(at.inputs.get("instance_configuration.cpu") or "1024", "vcpu", _CPU_UNITS)
    memory = _quantity(at.inputs.get("instance_configuration.memory") or "2048", "gb", _MIB_PER_GIB)
    if vcpu is None or memory is None:
        yield Gap("instances", "their size is not known before a deployment")
        return
    yield at.charge(
        "memory kept ready", "aws/apprunner/memory", exactly(ready * memory * HOURS_PER_MONTH)
    )
    active, basis = at.usage("active_instance_hours")
    bound = limit * HOURS_PER_MONTH
    expected = None if active.expected is None else min(active.expected, bound)
    hours = between(active.low, min(active.high, bound), expected)
    yield at.charge("active vCPU", "aws/apprunner/vcpu", hours.times(vcpu), basis=basis)
    above = hours.at_ends(lambda value: max(value - ready * HOURS_PER_MONTH, 0.0))
    if above.high and math.isfinite(above.high):
        yield at.charge(
            "memory beyond what is ready", "aws/apprunner/memory", above.times(memory), basis=basis
        )


@estimates("aws_ecr_repository", "aws_ecrpublic_repository")
def image_registry(at: Estimation) -> Iterator[Part]:
    """By what its images take."""
    yield from at.used("image storage", "aws/ecr/storage", "storage_gb")
