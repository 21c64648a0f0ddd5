"""What a workload needs, tolerates and may use: the decision's view of a Kubernetes workload.

Read from `Workload` documents or from ordinary manifests (`trimtab.workloads.reader`); everything
that Kubernetes has no word for comes from `trimtab.dev/*` annotations. Frozen: a planner never edits
a workload, it only refuses an offer that does not suit one.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Unit(StrEnum):
    """What one unit of a demand series is."""

    GPUS = "gpus"
    NODES = "nodes"
    VCPUS = "vcpus"
    REPLICAS = "replicas"
    REQUESTS_PER_SECOND = "requests-per-second"


@dataclass(frozen=True)
class Owner:
    """Who pays: the attribution that every resource carries. Empty strings mean not stated."""

    team: str = ""
    project: str = ""
    model: str = ""
    environment: str = ""


@dataclass(frozen=True)
class Toleration:
    """A pod's toleration, as Kubernetes defines it; an empty effect tolerates all effects."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""

    def tolerates(self, key: str, value: str, effect: str) -> bool:
        """Whether a taint of that key, value and effect is tolerated."""
        if self.effect and self.effect != effect:
            return False
        if self.operator == "Exists":
            return not self.key or self.key == key
        return self.key == key and self.value == value


@dataclass(frozen=True)
class NodeRequirement:
    """One node-affinity expression (`In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`)."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replica:
    """The resources that one replica (pod) asks for.

    Attributes:
        vcpu: cores requested (a limit counts where no request stands).
        memory_gib: memory requested in GiB.
        accelerator_resource: the Kubernetes resource name, for example `nvidia.com/gpu`; None for CPU.
        accelerator_count: how many of that resource (whole devices; MIG slices are counted as slices).
    """

    vcpu: float = 0.0
    memory_gib: float = 0.0
    accelerator_resource: str | None = None
    accelerator_count: float = 0.0


@dataclass(frozen=True)
class Workload:
    """One class of demand.

    Attributes:
        name: unique within a plan.
        source: where it was read, for example `trainer.yaml, document 1 (Deployment)`.
        replicas: how many replicas the manifest declares; the share of a series that several
            workloads divide is in proportion to replicas x units per replica.
        replica: what one replica asks for.
        accelerators: catalogue accelerator models that may serve it. Empty: any that offers the
            accelerator resource, or for CPU work none.
        instance_types: instance types that it is limited to (empty: any).
        node_selector: the pod's nodeSelector; keys that name no property of an offer become labels
            of the pool's nodes, or the pods would never schedule.
        node_requirements: terms of required node affinity, OR-ed; a term's expressions are AND-ed.
        tolerations: the pod's tolerations.
        volumes: names of the PersistentVolumeClaims that it mounts.
        priority_class: priorityClassName, or empty.
        interruptible: whether spot may serve it.
        restart_hours: work lost and start-up repeated at an interruption, in hours of one node.
        shortage_tolerance: share of demand in unit-hours that may go unmet (the SLO), 0 to 1.
        regions: allowed regions (residency); empty: any. A hard constraint.
        latency_ms: bound on round trip to its users, or None.
        owner: attribution.
        units_per_accelerator: throughput in demand units of one accelerator, or None.
        units_per_node: throughput in demand units per instance type, where measured; wins over
            units_per_accelerator.
    """

    name: str
    source: str = ""
    replicas: int = 1
    replica: Replica = field(default_factory=Replica)
    accelerators: tuple[str, ...] = ()
    instance_types: tuple[str, ...] = ()
    node_selector: tuple[tuple[str, str], ...] = ()
    node_requirements: tuple[tuple[NodeRequirement, ...], ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    volumes: tuple[str, ...] = ()
    priority_class: str = ""
    interruptible: bool = False
    restart_hours: float = 0.25
    shortage_tolerance: float = 0.01
    regions: tuple[str, ...] = ()
    latency_ms: float | None = None
    owner: Owner = field(default_factory=Owner)
    units_per_accelerator: float | None = None
    units_per_node: tuple[tuple[str, float], ...] = ()
