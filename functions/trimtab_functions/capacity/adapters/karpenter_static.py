"""Karpenter's static NodePools of earlier steps: nodes that are kept whatever waits.

A follower of a group: the plan owns `replicas`, the nodes that are paid for and needed in every window
that is left, which are better kept than made (`trimtab.provision.karpenter.static`). Facts of Karpenter
v1.14.1 (alpha) that it follows:

- A smaller number drains nodes at once, past every disruption budget. So it never falls because a plan
  says so: it stays at what the NodePool has until a person annotates it `trimtab.dev/release: "true"`.
- A static NodePool takes no weight, and no limit but `limits.nodes`; its mode is immutable.
- Other machines drift its nodes. A group whose offers changed takes another static NodePool, which a
  person makes: this one is kept as it is, and says so.

The dynamic NodePool of the same group leaves this one's nodes out of its limit where it is annotated
`trimtab.dev/static-baseline: "true"`.
"""

from trimtab.plan.sizing import Sizes, size
from trimtab.provision.karpenter.static import Baseline, static_nodes
from trimtab.provision.sized_groups import SizedGroup
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Followed, Follower, GroupNow, Now
from trimtab_functions.capacity.adapters.karpenter_pool_words import (
    RELEASE_ANNOTATION,
    approved,
    launching,
    machines,
    marked,
    planned_machines,
    whole,
)
from trimtab_functions.capacity.adapters.objects import with_kept_marks
from trimtab_functions.capacity.documents import Document, replaced, section


class StaticNodePool(Follower):
    """`karpenter.sh` NodePool with `replicas`."""

    kinds = (Kind("karpenter.sh", "NodePool"),)
    whole_pool = False

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        """The number of the plan's baseline, or the present one where that is more.

        Raises:
            InputError: Karpenter can't provision the group.
        """
        member = now.groups[0]
        sized = sized_now(now, member)
        baseline = Baseline(on=True, approved=approved(base))
        wanted = static_nodes(now.plan, sized, member.window.start, baseline)
        runs = _replicas(observed)
        if observed is not None and not machines(observed).gives(planned_machines(member.group)):
            reason = "its machines changed: make another static NodePool, then take this one out"
            return Followed(_sized(_kept(base, observed), runs), reason, None, refused=True)
        why: str | None = None
        if runs > wanted and not marked(base, RELEASE_ANNOTATION):
            why = (
                f"{runs} static nodes run and the plan keeps {wanted}: they stay until the NodePool "
                f'is annotated {RELEASE_ANNOTATION}: "true"'
            )
            wanted = runs
        document = launching(base, now.plan, now.pool, member.group)
        return Followed(_sized(document, wanted), why, Sizes(wanted, wanted, wanted))

    def held(self, base: Document, observed: Document | None) -> Document | None:
        return None if observed is None else _sized(_kept(base, observed), _replicas(observed))


def sized_now(now: Now, member: GroupNow) -> SizedGroup:
    """A group in the window that holds, as `trimtab.provision` has it."""
    key = f"{now.pool.name}-{member.group.name}-{member.group.generation}"
    return SizedGroup(now.pool, member.group, key, size(member.window), member.later)


def _replicas(observed: Document | None) -> int:
    return whole(section(observed or {}, "spec").get("replicas")) or 0


def _kept(base: Document, observed: Document) -> Document:
    """The template's own with the machines that exist."""
    exists = section(observed, "spec").get("template")
    document = base if exists is None else replaced(base, ("spec", "template"), exists)
    return with_kept_marks(document, observed)


def _sized(document: Document, nodes: int) -> Document:
    spec = {key: value for key, value in section(document, "spec").items() if key != "weight"}
    return {**document, "spec": {**spec, "replicas": nodes, "limits": {"nodes": str(nodes)}}}
