"""What `Queueing` is given at the boundary; `trimtab.provision.queueing.settings` checks it."""

from typing import Any, NotRequired, TypedDict

import pulumi

from trimtab_components.arguments import ChartOverride, RunningSizes
from trimtab_components.pool_settings import PoolSettings


class Queue(TypedDict):
    """A queue; shares are of what the plan's window holds."""

    pool: str
    """The pool whose flavors it has."""
    share: NotRequired[float]
    """Its part of the pool's quotas, above 0; default 1. What no queue has is everybody's."""
    namespaces: NotRequired[list[str]]
    """Namespaces that may use it, each of which gets a LocalQueue of its name; they must exist.
    Default: every namespace may, and none gets a LocalQueue."""
    team: NotRequired[str]
    """Whose it is, and so in which cohort; default the pool's owner's team."""
    weight: NotRequired[float]
    """Its weight in its cohort, with fair sharing."""
    also: NotRequired[list[str]]
    """Further pools, tried after its own, of which it has nothing and may borrow what is idle."""
    borrowing: NotRequired[float]
    """What it may borrow at most, as a part of the pool's quotas; default no limit."""
    lending: NotRequired[float]
    """What it lends at most, as a part of its own quotas; default all of it."""
    strategy: NotRequired[str]
    """BestEffortFIFO (the default): younger work may go first where it fits. StrictFIFO: it waits."""


class Preemption(TypedDict):
    """Who may be sent away for whom."""

    within_queue: NotRequired[str]
    """In the queue itself: Never, LowerPriority (the default) or LowerOrNewerEqualPriority."""
    reclaim: NotRequired[str]
    """To get back what other queues borrowed: Never, LowerPriority or Any (the default)."""
    borrow: NotRequired[str]
    """To borrow: Never (the default) or LowerPriority; not with fair sharing."""
    next_flavor_before_borrowing: NotRequired[bool]
    """Whether the next flavor is tried before one is borrowed; default false: what is idle and paid
    for is borrowed before more is bought."""
    next_flavor_before_preempting: NotRequired[bool]
    """Whether the next flavor is tried before work is sent away; default true."""


class Provisioning(TypedDict):
    """Machines that are asked for before work is admitted, by a ProvisioningRequest."""

    class_name: str
    """The class, such as check-capacity.autoscaling.x-k8s.io, best-effort-atomic-scale-up.autoscaling.x-k8s.io
    or queued-provisioning.gke.io. Cluster Autoscaler serves them; Karpenter does not."""
    options: NotRequired[list[str]]
    """The purchase options for which it is asked; default spot and on-demand."""
    parameters: NotRequired[dict[str, str]]
    """What the class takes."""
    retries: NotRequired[int]
    """How often it is asked again; default 3."""


class Machine(TypedDict):
    """The nominal size of an instance type that Trimtab does not know."""

    vcpu: float
    """Hardware threads."""
    memory_gib: float
    """Memory in GiB."""


class Worker(TypedDict):
    """A cluster that MultiKueue sends work to."""

    plan: Any
    """Its CapacityPlan: a document, or the path of its file."""
    kubeconfig: NotRequired[pulumi.Input[str]]
    """How the manager reaches it, as text; put into a Secret. Kueue takes certificates or a token in it,
    and no exec plugin, no file and no unchecked TLS."""
    kubeconfig_secret: NotRequired[str]
    """Instead: the name of a Secret in Kueue's namespace that has it under `kubeconfig`."""


class QueueingArgs(TypedDict):
    """What is queued for, and how. All but the workers' kubeconfigs must be known at plan time."""

    plan: NotRequired[Any]
    """The CapacityPlan of this cluster: a document, or the path of its file."""
    workers: NotRequired[dict[str, Worker]]
    """Instead, the clusters that this one manages through MultiKueue, by name."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start."""
    running: NotRequired[dict[str, RunningSizes]]
    """Sizes as observed, by `<pool>-<group>-<generation>`: no quota is less than what nodes hold that
    run."""
    pools: NotRequired[dict[str, PoolSettings]]
    """The pools' settings by `<pool>` or `<pool>/<group>`, as the component that makes the nodes has
    them: their taints are read off them."""
    queues: NotRequired[dict[str, Queue]]
    """Queues by name; a pool that none names gets one of its own name."""
    organisation: NotRequired[str]
    """The root cohort's name; default the plan's, or the component's for a manager."""
    weights: NotRequired[dict[str, float]]
    """Weights of teams' cohorts, with fair sharing."""
    fair_sharing: NotRequired[bool]
    """Whether what is borrowed goes to whoever has least for their weight; default false."""
    preemption: NotRequired[Preemption]
    """Who may be sent away for whom."""
    priorities: NotRequired[dict[str, int]]
    """WorkloadPriorityClasses: values by name."""
    topologies: NotRequired[dict[str, list[str]]]
    """Labels of nodes from the widest domain to the node, by pool, for topology-aware scheduling."""
    provisioning: NotRequired[Provisioning]
    """Machines that are asked for before work is admitted; default none."""
    machines: NotRequired[dict[str, Machine]]
    """Sizes of instance types that Trimtab does not know, such as owned machines'."""
    pods_per_node: NotRequired[int]
    """Pods that a node holds, where quotas are to count them; default they do not."""
    install: NotRequired[bool]
    """Whether Kueue is installed; default true."""
    frameworks: NotRequired[list[str]]
    """Kinds of work that are queued; default those that its chart turns on."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    labels: NotRequired[dict[str, str]]
    """Labels of every object, besides those of the plan."""
    override: NotRequired[dict[str, ChartOverride]]
    """What differs from the chart `kueue`; its namespace is where the workers' Secrets are too."""
