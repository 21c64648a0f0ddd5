"""What is chosen about queues besides what the plan says; checked.

Pure. Shares are of what the plan's window holds, so that they follow the plan when it moves.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from trimtab.plan.types import Count, DnsLabel, LabelValue, Name, Namespace, ShortText
from trimtab.provision.arguments import Arguments

Option = Literal["owned", "reserved", "capacity-block", "spot", "on-demand"]
Number = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PositivePart = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Priority = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
NodeLabel = Annotated[str, Field(min_length=1, max_length=316)]

FRAMEWORKS = (
    "batch/job",
    "deployment",
    "jobset.x-k8s.io/jobset",
    "kubeflow.org/jaxjob",
    "kubeflow.org/mpijob",
    "kubeflow.org/paddlejob",
    "kubeflow.org/pytorchjob",
    "kubeflow.org/tfjob",
    "kubeflow.org/xgboostjob",
    "leaderworkerset.x-k8s.io/leaderworkerset",
    "pod",
    "ray.io/raycluster",
    "ray.io/rayjob",
    "ray.io/rayservice",
    "sparkoperator.k8s.io/sparkapplication",
    "statefulset",
    "trainer.kubeflow.org/trainjob",
    "workload.codeflare.dev/appwrapper",
)
"""What Kueue v0.19.2 can queue (its chart's values)."""
DEFAULT_FRAMEWORKS = (
    "batch/job",
    "deployment",
    "jobset.x-k8s.io/jobset",
    "kubeflow.org/mpijob",
    "leaderworkerset.x-k8s.io/leaderworkerset",
    "pod",
    "ray.io/raycluster",
    "ray.io/rayjob",
    "ray.io/rayservice",
    "statefulset",
    "trainer.kubeflow.org/trainjob",
    "workload.codeflare.dev/appwrapper",
)
"""What its chart turns on."""


class QueueSettings(Arguments):
    """A queue; its share is of its pool's quotas."""

    pool: DnsLabel
    share: PositivePart = 1.0
    namespaces: Annotated[tuple[Namespace, ...], Field(max_length=256)] = ()
    team: LabelValue | None = None
    weight: Number | None = None
    also: tuple[DnsLabel, ...] = ()
    borrowing: Part | None = None
    lending: Part | None = None
    strategy: Literal["BestEffortFIFO", "StrictFIFO"] = "BestEffortFIFO"


class PreemptionSettings(Arguments):
    """Who may be sent away for whom."""

    within_queue: Literal["Never", "LowerPriority", "LowerOrNewerEqualPriority"] = "LowerPriority"
    reclaim: Literal["Never", "LowerPriority", "Any"] = "Any"
    borrow: Literal["Never", "LowerPriority"] = "Never"
    next_flavor_before_borrowing: Annotated[bool, Field(strict=True)] = False
    next_flavor_before_preempting: Annotated[bool, Field(strict=True)] = True

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.reclaim == "Never" and self.borrow != "Never":
            raise ValueError(
                f"reclaim is Never, but borrow is {self.borrow}; a queue that may not "
                "reclaim its own can't preempt to borrow: give reclaim, or drop borrow"
            )
        return self


class ProvisioningSettings(Arguments):
    """Capacity that is asked for before work is admitted, through a ProvisioningRequest."""

    class_name: Name
    options: Annotated[tuple[Option, ...], Field(min_length=1)] = ("spot", "on-demand")
    parameters: dict[str, str] = Field(default_factory=dict)
    retries: Annotated[Count, Field(le=100)] = 3


class MachineSettings(Arguments):
    """The nominal size of an instance type that Trimtab does not know."""

    vcpu: Annotated[float, Field(gt=0, le=1e5, allow_inf_nan=False)]
    memory_gib: Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]


class WorkerSettings(Arguments):
    """A cluster that MultiKueue may send work to."""

    plan: Any
    kubeconfig: Any = None
    kubeconfig_secret: ShortText | None = None

    @model_validator(mode="after")
    def _reached(self) -> Self:
        if (self.kubeconfig is None) == (self.kubeconfig_secret is None):
            raise ValueError(
                "a worker is reached by exactly one of kubeconfig and kubeconfig_secret"
            )
        return self
