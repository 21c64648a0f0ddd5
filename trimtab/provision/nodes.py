"""Labels and taints of a group's nodes: one place, so that every provisioner marks them alike.

Pure. A taint keeps work away that does not tolerate it; `docs/pools.md` has the matching toleration of
each. Labels carry no digest of the plan: one that moved with every plan would roll the nodes.
"""

from dataclasses import dataclass

from trimtab.plan.attribution import node_labels
from trimtab.plan.labels import LABEL_PREFIX
from trimtab.plan.model import Group, Pool, Taint
from trimtab.provision.pool_settings import Settings
from trimtab.provision.sized_groups import settable_labels

TEAM_TAINT = f"{LABEL_PREFIX}team"
READINESS_TAINT = f"{LABEL_PREFIX}accelerator-not-ready"
"""On a node from its first moment until its accelerators can be allocated."""
MIG_LABEL = "nvidia.com/mig.config"
SHARING_LABEL = "nvidia.com/device-plugin.config"
ACCELERATOR_TAINT_VALUE = "present"


@dataclass(frozen=True)
class NodeMarks:
    """What a group's nodes bear.

    Attributes:
        taints: for as long as the node lives.
        startup_taints: until something else takes them away; Karpenter knows them apart, others
            take them as taints.
    """

    labels: dict[str, str]
    taints: tuple[Taint, ...]
    startup_taints: tuple[Taint, ...] = ()

    @property
    def every_taint(self) -> tuple[Taint, ...]:
        """What a node bears at its start."""
        return (*self.taints, *self.startup_taints)


def node_marks(pool: Pool, group: Group, settings: Settings) -> NodeMarks:
    """The labels and taints of the group's nodes.

    Args:
        pool, group: of the plan, with its own labels and taints.
        settings: what is chosen for the group.
    """
    labels = settable_labels(node_labels(pool, group))
    if settings.mig_profile:
        labels[MIG_LABEL] = settings.mig_profile
    if settings.sharing_config:
        labels[SHARING_LABEL] = settings.sharing_config
    taints = list(group.taints)
    if settings.accelerator_taint and group.accelerator is not None:
        key = accelerator_taint_key(group.accelerator.resource)
        taints.append(Taint(key=key, value=ACCELERATOR_TAINT_VALUE, effect="NoSchedule"))
    if settings.team_taint:
        taints.append(Taint(key=TEAM_TAINT, value=pool.owner.team, effect="NoSchedule"))
    unique = {(taint.key, taint.value, taint.effect): taint for taint in taints}
    startup = (
        (Taint(key=READINESS_TAINT, value="true", effect="NoSchedule"),)
        if settings.readiness_taint
        else ()
    )
    return NodeMarks(labels, tuple(unique.values()), startup)


def accelerator_taint_key(resource: str) -> str:
    """The taint's key on nodes with the accelerator: its device's name, whatever its slices' are."""
    return "nvidia.com/gpu" if resource.startswith("nvidia.com/") else resource
