"""Plain Kubernetes objects that provider-kubernetes applies: an adapter's work inside an `Object`.

Karpenter, Kueue and autoscalers of replicas run in workload clusters, and Crossplane composes in its own.
There their objects are manifests inside an `Object`, which provider-kubernetes applies to the cluster of
its provider config. A namespaced XR has no other way: Crossplane lets it compose nothing that is
cluster-scoped, such as a NodePool.

The adapter sees the manifest as it is stated, with the status that was reported; what it answers takes
the manifest's place, and the rest of the Object stays its author's. Pool and group are read from the
Object's labels, or else from the manifest's. The bounds decided last are remembered where the adapter's
kind would: a group's on the Object, a follower's on the manifest.

Source: provider-kubernetes v1.2.1, `kubernetes.m.crossplane.io/v1alpha1` Object (and the cluster-scoped
`kubernetes.crossplane.io/v1alpha2`, alike in these fields), 2026-11.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters.base import (
    Decided,
    Fixed,
    GroupAdapter,
    Kind,
    Running,
    Scaling,
)
from trimtab_functions.capacity.adapters.beside import Attached, Beside
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.adapters.managed import MANAGEMENT_POLICIES
from trimtab_functions.capacity.adapters.objects import (
    as_applied,
    own_metadata,
    with_kept_marks,
    with_suffix,
)
from trimtab_functions.capacity.adapters.settings import ProviderConfigRef
from trimtab_functions.capacity.documents import (
    Document,
    condition,
    replaced,
    section,
)

API_VERSION = "kubernetes.m.crossplane.io/v1alpha1"
OBJECT_KIND = "Object"
OBJECTS = (
    Kind("kubernetes.m.crossplane.io", OBJECT_KIND),
    Kind("kubernetes.crossplane.io", OBJECT_KIND),
)
_MANIFEST = ("spec", "forProvider", "manifest")


def is_object(document: Mapping[str, Any]) -> bool:
    """Whether it is a manifest that provider-kubernetes applies."""
    return document.get("kind") == OBJECT_KIND and Kind.of(document) in OBJECTS


def unwrapped(document: Mapping[str, Any]) -> Document:
    """The manifest as stated, with the status that was reported."""
    view = dict(section(document, *_MANIFEST))
    reported = section(document, "status", "atProvider", "manifest")
    view.pop("status", None)
    if "status" in reported:
        view["status"] = reported["status"]
    return view


def in_object(manifest: Document, ref: ProviderConfigRef) -> Document:
    """An Object of this function's own, as ready as what it holds says that it is.

    Args:
        manifest: in full, with its name.
        ref: whose cluster it is applied to.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": OBJECT_KIND,
        "metadata": own_metadata(),
        "spec": {
            "managementPolicies": list(MANAGEMENT_POLICIES),
            "providerConfigRef": {"kind": ref.kind, "name": ref.name},
            "readiness": {"policy": "DeriveFromObject"},
            # What it reports is seen at once where the provider has --enable-watches; else at its poll.
            "watch": True,
            "forProvider": {"manifest": manifest},
        },
    }


def _with(document: Document, manifest: Document) -> Document:
    return replaced(document, _MANIFEST, {k: v for k, v in manifest.items() if k != "status"})


class WrappedGroup(GroupAdapter):
    """A kind that launches a group's nodes, inside an Object."""

    def __init__(self, inner: GroupAdapter) -> None:
        """
        Args:
            inner: reads and writes the manifest.
        """
        self._inner = inner
        self.kinds = inner.kinds
        self.provider = inner.provider
        self.attaches = inner.attaches
        self.keeps_min = inner.keeps_min
        self.makes_owned = inner.makes_owned
        self.reaches_min = inner.reaches_min

    def fixed(self, document: Document) -> Fixed:
        return self._inner.fixed(unwrapped(document))

    def running(self, document: Document) -> Running:
        return self._inner.running(unwrapped(document))

    def decide(self, plan: CapacityPlan, pool: Pool, group: Group, base: Document) -> Decided:
        return self._inner.decide(plan, pool, group, unwrapped(base))

    def planned(self, base: Document, decided: Decided) -> Document:
        return _with(base, self._inner.planned(unwrapped(base), decided))

    def sized(self, document: Document, scaling: Scaling) -> Document:
        return _with(document, self._inner.sized(unwrapped(document), scaling))

    def held(self, observed: Document, template: Document | None) -> Document:
        if template is None:
            return as_applied(observed)
        manifest = self._inner.held(unwrapped(observed), unwrapped(template))
        return with_kept_marks(_with(template, manifest), observed)

    def attach(self, document: Document, beside: Beside) -> Attached:
        """What stands beside it is in an Object too, for the same cluster."""
        inside = {
            end: unwrapped(each) if is_object(each) else each
            for end, each in beside.companions.items()
        }
        own = None if beside.own is None else unwrapped(beside.own)
        made = self._inner.attach(unwrapped(document), replace(beside, own=own, companions=inside))
        around = replaced(_like(document), _MANIFEST, {})
        return replace(
            made,
            document=None if made.document is None else _with(document, made.document),
            companions={end: _with(around, each) for end, each in made.companions.items()},
        )

    def accepted(self, sizes: Sizes) -> Sizes:
        return self._inner.accepted(sizes)

    def is_ready(self, document: Document) -> bool:
        return condition(document, "Ready") == "True" and self._inner.is_ready(unwrapped(document))

    def region(self, document: Document) -> str | None:
        return self._inner.region(unwrapped(document))

    def named(self, document: Document, suffix: str) -> Document:
        return _with(with_suffix(document, suffix), self._inner.named(unwrapped(document), suffix))


def _like(document: Document) -> Document:
    """An Object for the same cluster, without the marks of the one that it is like."""
    return {**document, "metadata": own_metadata()}


class WrappedFollower(Follower):
    """A kind that follows a pool or a group, inside an Object."""

    def __init__(self, inner: Follower) -> None:
        """
        Args:
            inner: reads and writes the manifest.
        """
        self._inner = inner
        self.kinds = inner.kinds
        self.whole_pool = inner.whole_pool
        self.needs_approvals = inner.needs_approvals

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        exists = None if observed is None else unwrapped(observed)
        made = self._inner.follow(unwrapped(base), exists, now)
        if made.document is None:
            return made
        return replace(made, document=_with(base, made.document))

    def held(self, base: Document, observed: Document | None) -> Document | None:
        exists = None if observed is None else unwrapped(observed)
        made = self._inner.held(unwrapped(base), exists)
        if made is None or observed is None:
            return made if made is None else _with(base, made)
        return with_kept_marks(_with(base, made), observed)

    def is_paid(self, observed: Document) -> bool:
        going = section(observed, "metadata").get("deletionTimestamp") is not None
        return not going and self._inner.is_paid(unwrapped(observed))

    def claimed(self, observed: Document) -> str | None:
        return self._inner.claimed(unwrapped(observed))

    def is_ready(self, document: Document) -> bool:
        reported = condition(document, "Ready") == "True"
        return reported and self._inner.is_ready(unwrapped(document))
