"""Purchases that bind money: none without a matching CommitmentApproval, none ended by this function.

What is common to capacity reservations and capacity blocks. Each says what line it would buy
(`trimtab.inventory.purchase`); whether a person gave leave for that line is decided by
`trimtab.inventory.leave`, as for every other purchase.

- What does not exist and has no leave is withheld; the reason prints the line and the approval that
  would give leave, with the fields that only a person can fill in.
- What was asked for and is not bought yet, and has lost its leave, is only observed from then on.
- What is bought is kept as it is: never made smaller, only made larger with leave for the whole of the
  larger line, and neither deleted nor bought again when it is gone: its management policies have no
  Delete and no Create.
- What a template names by its external name is held already: it is only observed.
- One leave buys once: of several resources that would buy the same line, one does. What is bought, or
  was asked for, stays when its template goes or takes another name: else that would buy it again.
"""

from abc import abstractmethod
from typing import Any

from trimtab.errors import InputError
from trimtab.inventory.approvals import API_VERSION, KIND
from trimtab.inventory.leave import Leave, leave_for
from trimtab.inventory.purchase import PurchaseLine
from trimtab.plan.attribution import group_tags, plan_label
from trimtab.plan.labels import PLAN_LABEL
from trimtab.plan.model import Group, purchase_zone
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.adapters.managed import at_provider, for_provider, held_managed
from trimtab_functions.capacity.adapters.objects import EXTERNAL_NAME
from trimtab_functions.capacity.documents import Document, mapping, replaced, section, text

LINE_TAG = "trimtab:commitment"
APPROVAL_TAG = "trimtab:approval"
PLATFORM = "Linux/UNIX"
_BUYING = ("Observe", "Create", "Update")
_BOUGHT = ("Observe", "Update")
_LOOK_ONLY = ("Observe",)


class Purchase(Follower):
    """A kind of resource that is bought for a group."""

    whole_pool = False
    needs_approvals = True

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        """What is bought as it is; what is not, with leave alone.

        Raises:
            InputError: the template and the plan don't say what is to be bought.
        """
        _check_region(base, now)
        if observed is not None and is_bought(observed):
            return self._bought(base, observed, now)
        if _named(base) is not None:
            return Followed(_with_policies(base, _LOOK_ONLY), f"{_named(base)} is held already")
        line = self.line(base, now)
        if line is None:
            return Followed(self._waiting(observed), "the plan needs none")
        leave = _leave(line, now)
        if leave.approval is None:
            return Followed(self._waiting(observed), _reason(line, leave), refused=True)
        provider = {**for_provider(base), **self.bought_fields(base, line)}
        tags = {
            **group_tags(now.plan, now.pool, now.groups[0].group),
            LINE_TAG: line.digest(),
            APPROVAL_TAG: leave.approval.name,
        }
        provider["tags"] = {**mapping(provider.get("tags")), **tags}
        document = replaced(base, ("spec", "forProvider"), provider)
        reason = f"approved by {leave.approval.name}"
        return Followed(_with_policies(document, _BUYING), reason, claim=line.digest())

    def held(self, base: Document, observed: Document | None) -> Document | None:  # noqa: ARG002
        """Without a plan nothing is bought, and what is bought stays."""
        if observed is not None and is_bought(observed):
            return kept(observed)
        return self._waiting(observed)

    def is_paid(self, observed: Document) -> bool:
        """Bought, or asked for by a line, unless a person deletes it."""
        deleted = section(observed, "metadata").get("deletionTimestamp") is not None
        return not deleted and (is_bought(observed) or self.claimed(observed) is not None)

    def claimed(self, observed: Document) -> str | None:
        return text(section(observed, "spec", "forProvider", "tags").get(LINE_TAG))

    @abstractmethod
    def line(self, base: Document, now: Now) -> PurchaseLine | None:
        """What would be bought: the template's own word, else the plan's; None: nothing.

        Raises:
            InputError: neither says what is needed, or the template's contradicts the plan's.
        """

    @abstractmethod
    def bought_fields(self, base: Document, line: PurchaseLine) -> dict[str, Any]:
        """The fields of `spec.forProvider` that buy the line."""

    def larger(self, base: Document, observed: Document, now: Now) -> PurchaseLine | None:
        """The line that what is bought would grow into; None: it can't, or need not."""
        del base, observed, now
        return None

    def grown(self, observed: Document, line: PurchaseLine) -> Document:
        """What is bought, as large as the line."""
        del line
        return observed

    def _bought(self, base: Document, observed: Document, now: Now) -> Followed:
        as_it_is = kept(observed)
        path = ("spec", "forProvider", "tags")
        claim = self.claimed(as_it_is)
        try:
            line = self.larger(base, observed, now)
        except InputError as error:
            return Followed(as_it_is, f"kept as it is: {error}", refused=True, claim=claim)
        if line is None:
            return Followed(as_it_is, claim=claim)
        leave = _leave(line, now)
        if leave.approval is None:
            reason = f"kept as large as it is: {_reason(line, leave)}"
            # What nobody asked for by number is no refusal: a plan may want more for a while.
            asked = for_provider(base).get("instanceCount") is not None
            return Followed(as_it_is, reason, refused=asked, claim=claim)
        tags = {LINE_TAG: line.digest(), APPROVAL_TAG: leave.approval.name}
        document = kept(self.grown(observed, line))
        document = replaced(document, path, {**section(document, *path), **tags})
        reason = f"grows, approved by {leave.approval.name}"
        return Followed(document, reason, claim=line.digest())

    @staticmethod
    def _waiting(observed: Document | None) -> Document | None:
        """What is not bought: not made, or only looked at where it was asked for already."""
        return None if observed is None else _with_policies(kept(observed), _LOOK_ONLY)


def is_bought(observed: Document) -> bool:
    """Whether AWS has given it an id."""
    reported = at_provider(observed)
    return text(reported.get("id")) is not None or _named(observed) is not None


def _named(document: Document) -> str | None:
    """The reservation's id that a document names."""
    name = text(section(document, "metadata", "annotations").get(EXTERNAL_NAME)) or ""
    return name if name.startswith("cr-") else None


def kept(observed: Document) -> Document:
    """A purchase as it is, which Crossplane may neither delete nor make again."""
    return _with_policies(held_managed(observed, None, ()), _BOUGHT)


def _with_policies(document: Document, policies: tuple[str, ...]) -> Document:
    return replaced(document, ("spec", "managementPolicies"), list(policies))


def _check_region(base: Document, now: Now) -> None:
    stated, planned = for_provider(base).get("region"), now.plan.spec.site.region
    if stated not in (None, planned):
        raise InputError(
            f"the plan is for {planned}, and this would buy in {stated}",
            where=str(now.ref),
            mend="buy where the plan's nodes are",
        )


def instance_type_of(group: Group, stated: str | None, where: str) -> str:
    """The template's instance type, if the group may run it; else the group's first.

    Raises:
        InputError: the group may not run it.
    """
    offered = [offer.instance_type for offer in group.offers]
    if stated is not None and stated not in offered:
        raise InputError(
            f"the plan's group does not run {stated}", where=where, mend=f"buy {offered[0]}"
        )
    return stated or offered[0]


def zone_of(group: Group, now: Now, stated: str | None, mend: str) -> str:
    """The zone to buy in: the template's, else that of what the group holds, else the plan's only one.

    Raises:
        InputError: there are several, or none.
    """
    zones = now.plan.spec.site.zones
    only = zones[0] if len(zones) == 1 else None
    found = stated or purchase_zone(group.purchase) or only
    if found is None:
        raise InputError("no zone is stated to buy in", where=str(now.ref), mend=mend)
    return found


def _leave(line: PurchaseLine, now: Now) -> Leave:
    # `Now.approvals` holds those alone that may be acted on now, so that time needs no second look.
    return leave_for(line, now.approvals, now.plan.spec.start, bought=True)


def _reason(line: PurchaseLine, leave: Leave) -> str:
    """Why there is no leave, and the approval that would give it, in one line."""
    price = line.usd_per_hour
    if price is None:
        return f"{leave.reason}; it is not priced, and what is not priced can't be approved"
    ceiling = f"{price:.6g}"
    return (
        f"{leave.reason}; approval: {{apiVersion: {API_VERSION}, kind: {KIND}, metadata: {{name: "
        f"{line.pool}-{line.group}-{line.digest()[7:13]}, labels: {{{PLAN_LABEL}: "
        f"{plan_label(line.plan)}}}}}, spec: {{plan: {line.plan}, commitment: '{line.digest()}', "
        f"quantity: {line.quantity}, ceilingUsdPerHour: {ceiling}, approvedBy: <who>, approvedAt: "
        "'<when>', expires: '<until>'}}"
    )
