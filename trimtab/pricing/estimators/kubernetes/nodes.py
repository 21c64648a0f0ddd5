"""Machines that join a cluster by themselves: owned ones, marked with their plan's group."""

from collections.abc import Iterator

from trimtab.plan.labels import GROUP_LABEL, GROUP_TAG, POOL_LABEL, POOL_TAG
from trimtab.pricing.amount import ONE
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Nodes, Part
from trimtab.pricing.planned import mark_of


@estimates("core/Node", "core/NodePatch")
def node(at: Estimation) -> Iterator[Part]:
    """One owned machine, where it carries a group's labels; else it costs nothing by itself."""
    pool = mark_of(at.resource, POOL_TAG, POOL_LABEL)
    if pool is None or mark_of(at.resource, GROUP_TAG, GROUP_LABEL) is None:
        return
    yield Nodes("owned machine", (), ONE, now=1.0, option="owned", pool=pool)
