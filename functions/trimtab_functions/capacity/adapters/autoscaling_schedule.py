"""Scheduled actions of Auto Scaling groups that earlier steps composed: the next window, ahead of time.

For groups that nothing else here sizes, such as self-managed nodes: a Schedule that is labelled with a
pool and a group gets the bounds of the window that comes next, and its start. It acts when that begins,
whether Crossplane runs then or not. (What `compose.as: EKS` composes writes its own, see
`eks_companions`.) The sizes are those of `trimtab.provision.eks.schedules`, as Pulumi writes them: desired
stays the autoscaler's, and max only grows, since Auto Scaling ends machines at once when it falls below
what runs and a schedule can't see what runs.

Kind: provider-upjet-aws of 2026-08, CRD `autoscaling.aws.m.upbound.io/v1beta1` Schedule. EC2 Auto Scaling
refuses a start in the past, so a Schedule without a window ahead is withheld.
"""

from trimtab.plan.attribution import group_key
from trimtab.plan.sizing import Sizes, Sizing
from trimtab.provision.eks.schedules import schedule
from trimtab.provision.sized_groups import SizedGroup
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.adapters.managed import for_provider, held_managed, managed
from trimtab_functions.capacity.documents import Document

_DECIDED_FIELDS = ("startTime", "minSize", "desiredCapacity", "maxSize")


class ScheduledAction(Follower):
    """`autoscaling.aws.m.upbound.io` Schedule."""

    kinds = (Kind("autoscaling.aws.m.upbound.io", "Schedule"),)
    whole_pool = False

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:  # noqa: ARG002
        """The next change of the group's bounds."""
        each = now.groups[0]
        window, group = each.window, each.group
        sizing = Sizing(Sizes(window.min, window.desired, window.max), None)
        sized = SizedGroup(now.pool, group, group_key(now.pool, group), sizing, each.later)
        ahead = schedule(sized, window.start, autoscaled=True).later
        if not ahead:
            return Followed(None, "the plan has no window ahead")
        following = ahead[0]
        provider = {
            **for_provider(base),
            "startTime": following.start_time,
            "minSize": following.min,
            "desiredCapacity": following.desired,
            "maxSize": following.max,
        }
        sizes = Sizes(following.min, following.min, following.max)
        return Followed(managed(base, provider), f"from {following.start_time} on", sizes)

    def held(self, base: Document, observed: Document | None) -> Document | None:
        return None if observed is None else held_managed(observed, base, _DECIDED_FIELDS)
