"""Karpenter's other objects of earlier steps: node classes, prices and headroom.

- A node class follows a group: it selects the reservations that the group's nodes run in, and bears the
  tags by which the bill is told apart. Image, role, networks and volumes stay its author's. It rolls
  nodes when it changes, so no tag has the plan's digest in it.
- A NodeOverlay follows a group: what a commitment or interruptions make of its prices. Where the list
  price is the true one it is taken out, for Karpenter would go on believing the other.
- A CapacityBuffer follows a pool: as many chunks as the forecast may need above its mean, a node's worth
  each. Its PodTemplate, which says what a chunk is, stays its author's.

Sources: Karpenter v1.14.1, `karpenter.k8s.aws/v1` EC2NodeClass, `karpenter.sh/v1alpha1` NodeOverlay,
`autoscaling.x-k8s.io/v1beta1` CapacityBuffer; EKS user guide, NodeClass of `eks.amazonaws.com/v1`;
2026-11.
"""

from typing import Any

from trimtab.plan.sizing import Sizes
from trimtab.provision.karpenter.buffers import headroom_nodes
from trimtab.provision.karpenter.node_class import NodeSettings, reservation_terms
from trimtab.provision.karpenter.overlays import overlay
from trimtab.provision.karpenter.shapes import NODE_POOL_LABEL
from trimtab.provision.karpenter.static import Baseline, divided
from trimtab.provision.sized_groups import instance_tags
from trimtab_functions.capacity.adapters import replicas
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.adapters.karpenter_pool_words import approved
from trimtab_functions.capacity.adapters.karpenter_static import sized_now
from trimtab_functions.capacity.adapters.objects import (
    MOVED_ANNOTATION,
    with_annotation,
    with_kept_marks,
)
from trimtab_functions.capacity.documents import Document, items, mapping, replaced, section

_WHERE = "the node class"
_TERMS = ("spec", "capacityReservationSelectorTerms")
_TAGS = ("spec", "tags")
_CHUNKS = ("spec", "replicas")


class NodeClass(Follower):
    """`karpenter.k8s.aws` EC2NodeClass, and `eks.amazonaws.com` NodeClass of EKS Auto Mode."""

    kinds = (Kind("karpenter.k8s.aws", "EC2NodeClass"), Kind("eks.amazonaws.com", "NodeClass"))
    whole_pool = False

    def follow(
        self,
        base: Document,
        observed: Document | None,  # noqa: ARG002 - the interface's
        now: Now,
    ) -> Followed:
        """Terms that the author states stay, and stand for what the plan can't name.

        Raises:
            InputError: the plan names a resource group, by which Karpenter can't select.
        """
        group = now.groups[0].group
        tags = {**section(base, *_TAGS), **instance_tags(now.plan, now.pool, group)}
        document = replaced(base, _TAGS, tags)
        if not items(section(base, "spec").get(_TERMS[-1])):
            terms = reservation_terms(sized_now(now, now.groups[0]), NodeSettings("", ""), _WHERE)
            if terms:
                document = replaced(document, _TERMS, terms)
        return Followed(document)

    def held(self, base: Document, observed: Document | None) -> Document | None:
        return replicas.held(base, observed, (_TAGS, _TERMS))


class NodeOverlay(Follower):
    """`karpenter.sh` NodeOverlay."""

    kinds = (Kind("karpenter.sh", "NodeOverlay"),)
    whole_pool = False

    def follow(
        self,
        base: Document,
        observed: Document | None,  # noqa: ARG002 - the interface's
        now: Now,
    ) -> Followed:
        """The plan's adjustment, scoped as the author scopes it and to the group's machines.

        Raises:
            InputError: Karpenter can't provision the group.
        """
        member = now.groups[0]
        bought = approved(base)
        sized = sized_now(now, member)
        division = divided(
            now.plan, sized, member.window.start, Baseline(approved=bought), running={}
        )
        made, why = overlay(now.plan, sized, division, member.window, bought)
        if made is None:
            return Followed(None, why or "its list price is the true one: no overlay")
        own = section(base, "spec")
        stated = {mapping(each).get("key") for each in items(own.get("requirements"))}
        ours = [
            each
            for each in made.spec["requirements"]
            if each["key"] != NODE_POOL_LABEL or NODE_POOL_LABEL not in stated
        ]
        keys = {each["key"] for each in ours}
        kept = [
            each for each in items(own.get("requirements")) if mapping(each).get("key") not in keys
        ]
        spec: dict[str, Any] = {key: value for key, value in own.items() if key != "price"}
        spec.setdefault("weight", made.spec["weight"])
        spec["requirements"] = [*kept, *ours]
        spec["priceAdjustment"] = made.spec["priceAdjustment"]
        return Followed({**base, "spec": spec})

    def held(self, base: Document, observed: Document | None) -> Document | None:
        if observed is None:
            return None
        document = {**base, "spec": dict(section(observed, "spec"))}
        return with_kept_marks(document, observed)


class CapacityBuffer(Follower):
    """`autoscaling.x-k8s.io` CapacityBuffer."""

    kinds = (Kind("autoscaling.x-k8s.io", "CapacityBuffer"),)

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        """The forecast's headroom, as far as the window's max leaves room; damped as bounds are."""
        nodes = headroom_nodes(now.pool, now.total().max)
        before = replicas.stated(observed, _CHUNKS, _CHUNKS, 0)
        found = replicas.damped(now, Sizes(nodes, nodes, nodes), before, observed)
        chunks = found.moved.high
        document = with_annotation(base, MOVED_ANNOTATION, str(found.moved))
        sizes = Sizes(chunks, chunks, chunks)
        return Followed(replaced(document, _CHUNKS, chunks), found.reason, sizes)

    def held(self, base: Document, observed: Document | None) -> Document | None:
        return replicas.held(base, observed, (_CHUNKS,))

    def is_ready(self, document: Document) -> bool:  # noqa: ARG002
        """Headroom is never what anything waits for."""
        return True
