"""Kueue in a cluster: flavors, queues and cohorts whose quotas a capacity plan gives."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field, model_validator

from trimtab.errors import allowed
from trimtab.plan.attribution import object_labels
from trimtab.plan.types import Count, DnsLabel, Flag, Name
from trimtab.provision.arguments import Arguments, Override, Running, checked, plan_of
from trimtab.provision.charts.queueing import KUEUE
from trimtab.provision.helm_values import merge
from trimtab.provision.queueing.installation import chart_values, configuration
from trimtab.provision.queueing.settings import (
    DEFAULT_FRAMEWORKS,
    FRAMEWORKS,
    MachineSettings,
    NodeLabel,
    Number,
    PreemptionSettings,
    Priority,
    ProvisioningSettings,
    QueueSettings,
    WorkerSettings,
)
from trimtab.provision.queueing.whole import Chosen, Decided, of_plan, of_workers
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.kube_objects import kube_objects
from trimtab_components.order import standing_first
from trimtab_components.queueing.arguments import QueueingArgs

__all__ = ["Queueing", "QueueingArgs"]

_OUTPUTS = ("queue_names", "flavor_names", "cohort_names", "uncovered", "namespace")
_HOSTNAME = "kubernetes.io/hostname"


class _Checked(Arguments):
    plan: Any = None
    workers: Annotated[dict[DnsLabel, WorkerSettings], Field(max_length=20)] = Field(
        default_factory=dict
    )
    as_of: str | None = None
    running: dict[str, Running] = Field(default_factory=dict)
    pools: dict[str, dict[str, Any]] = Field(default_factory=dict)
    queues: dict[DnsLabel, QueueSettings] = Field(default_factory=dict)
    organisation: DnsLabel | None = None
    weights: dict[str, Number] = Field(default_factory=dict)
    fair_sharing: Flag = False
    preemption: PreemptionSettings = PreemptionSettings()
    priorities: dict[Name, Priority] = Field(default_factory=dict)
    topologies: dict[
        DnsLabel, Annotated[tuple[NodeLabel, ...], Field(min_length=1, max_length=16)]
    ] = Field(default_factory=dict)
    provisioning: ProvisioningSettings | None = None
    machines: dict[str, MachineSettings] = Field(default_factory=dict)
    pods_per_node: Annotated[Count, Field(ge=1, le=1000)] | None = None
    install: Flag = True
    frameworks: Annotated[tuple[str, ...], Field(min_length=1)] = DEFAULT_FRAMEWORKS
    delivery: Delivery = "chart"
    labels: dict[str, str] = Field(default_factory=dict)
    override: dict[str, Override] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.plan is None) == (not self.workers):
            raise ValueError(
                "give exactly one of plan, for a cluster that runs work, and workers, for one that "
                "sends it to others"
            )
        if self.workers:
            for name in ("running", "pools", "topologies", "provisioning"):
                if getattr(self, name):
                    raise ValueError(f"{name} is of nodes, and a manager has none; give it there")
        if self.fair_sharing and self.preemption.borrow != "Never":
            raise ValueError(
                f"preemption.borrow is {self.preemption.borrow}, which Kueue has only without fair "
                "sharing; drop one of them"
            )
        weighted = self.weights or any(each.weight is not None for each in self.queues.values())
        if weighted and self.install and not self.fair_sharing:
            raise ValueError("weights count in fair sharing only; set fair_sharing, or drop them")
        for name in self.frameworks:
            if name not in FRAMEWORKS:
                raise ValueError(
                    f"frameworks: {name} is unknown; use one of {allowed(FRAMEWORKS, len(FRAMEWORKS))}"
                )
        for name in self.override:
            if name != KUEUE.chart:
                raise ValueError(f"override: {name} is no chart of it; use {KUEUE.chart}")
        for pool, levels in self.topologies.items():
            if len(set(levels)) < len(levels) or _HOSTNAME in levels[:-1]:
                raise ValueError(
                    f"topologies.{pool}: {', '.join(levels)}; name each level once, from the widest "
                    f"to the node, {_HOSTNAME} last"
                )
        return self


class Queueing(pulumi.ComponentResource):
    """Queues with a plan's quotas: work is admitted to what is there or will be launched, and waits for
    the rest."""

    queue_names: pulumi.Output[list[str]]
    """The ClusterQueues; LocalQueues bear the same names."""
    flavor_names: pulumi.Output[list[str]]
    """The ResourceFlavors, a pool's in the order in which they are tried."""
    cohort_names: pulumi.Output[list[str]]
    """The cohorts, the root first."""
    uncovered: pulumi.Output[list[str]]
    """What no quota is given for, and why."""
    namespace: pulumi.Output[str]
    """Kueue's namespace."""

    def __init__(
        self, name: str, args: QueueingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `QueueingArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or contradicts another or the plan.
            StalePlanError: a plan has expired.
        """
        where = f'Queueing "{name}"'
        settings = checked(_Checked, args, where)
        override = settings.override.get(KUEUE.chart, Override())
        namespace = override.namespace or KUEUE.namespace
        labels, decided = _decided(name, settings, where)
        super().__init__("trimtab:index:Queueing", name, {}, opts)

        first = standing_first(opts)
        if settings.install:
            values = chart_values(
                configuration(settings.frameworks, settings.fair_sharing, namespace)
            )
            release = Release(
                KUEUE, merge(values, override.values), override, settings.delivery, labels
            )
            first = [*first, install(f"{name}-kueue", release, self, first)]
        secrets = self._secrets(name, settings, namespace, labels, first)
        kube_objects(name, decided.objects, {}, self, [*first, *secrets])
        for gap in decided.uncovered:
            pulumi.log.warn(f"{where}: {gap}", resource=self)

        self.queue_names = pulumi.Output.from_input(list(decided.queues))
        self.flavor_names = pulumi.Output.from_input(list(decided.flavors))
        self.cohort_names = pulumi.Output.from_input(list(decided.cohorts))
        self.uncovered = pulumi.Output.from_input(list(decided.uncovered))
        self.namespace = pulumi.Output.from_input(namespace)
        self.register_outputs({key: getattr(self, key) for key in _OUTPUTS})

    def _secrets(
        self,
        name: str,
        settings: _Checked,
        namespace: str,
        labels: Mapping[str, str],
        first: list[Any],
    ) -> list[pulumi.Resource]:
        """The workers' kubeconfigs, where they are not there already."""
        return [
            kubernetes.core.v1.Secret(
                f"{name}-kubeconfig-{worker}",
                metadata={
                    "name": _secret(worker),
                    "namespace": namespace,
                    "labels": dict(labels),
                },
                string_data={"kubeconfig": pulumi.Output.secret(each.kubeconfig)},
                opts=pulumi.ResourceOptions(parent=self, depends_on=first),
            )
            for worker, each in settings.workers.items()
            if each.kubeconfig is not None
        ]


def _decided(name: str, settings: _Checked, where: str) -> tuple[dict[str, str], Decided]:
    """The labels of every object, and the objects."""
    chosen = Chosen(
        {key: each.sizes for key, each in settings.running.items()},
        settings.pools,
        settings.queues,
        settings.organisation,
        settings.weights,
        settings.preemption,
        settings.priorities,
        settings.topologies,
        settings.provisioning,
        {key: (each.vcpu, each.memory_gib) for key, each in settings.machines.items()},
        settings.pods_per_node,
    )
    if settings.workers:
        plans = {
            worker: plan_of(each.plan, f"{where}: workers.{worker}")
            for worker, each in settings.workers.items()
        }
        secrets = {
            worker: each.kubeconfig_secret or _secret(worker)
            for worker, each in settings.workers.items()
        }
        labels = {**settings.labels, **object_labels(None)}
        root = settings.organisation or name
        return labels, of_workers(plans, secrets, settings.as_of, chosen, labels, root, where)
    plan = plan_of(settings.plan, where)
    labels = {**settings.labels, **object_labels(plan)}
    return labels, of_plan(plan, settings.as_of, chosen, labels, where)


def _secret(worker: str) -> str:
    return f"{worker}-kubeconfig"
