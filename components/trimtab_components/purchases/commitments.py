"""Approved commitments on AWS, as Savings Plans that nothing deletes."""

from pathlib import Path
from typing import Annotated, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from trimtab.clock import parse_instant
from trimtab.errors import InputError
from trimtab.inventory.approvals import load_approvals
from trimtab.plan.labels import MANAGED_BY
from trimtab.plan.types import PositiveCount
from trimtab.provision.arguments import Arguments, checked
from trimtab.provision.sized_groups import check_tags
from trimtab_components.order import children_wait
from trimtab_components.purchases.leave import Purchase, check_leave

COMMITMENT_TAG = "trimtab:commitment"
APPROVAL_TAG = "trimtab:approval"
PLAN_TAG = "trimtab:plan"


class CommitmentOwner(TypedDict):
    """Who pays."""

    team: NotRequired[str]
    """Team."""
    project: NotRequired[str]
    """Project."""
    model: NotRequired[str]
    """Model."""
    environment: NotRequired[str]
    """Environment."""


class CommitmentPurchase(TypedDict):
    """One Savings Plan."""

    approval: str
    """Name of the CommitmentApproval that gives leave."""
    commitment: str
    """Digest of the plan's line, from spec.commitments."""
    offering_id: str
    """The offering, from `aws savingsplans describe-savings-plans-offerings`."""
    quantity: int
    """Nodes, at most as many as are approved."""
    usd_per_hour: float
    """Of one node, at most the approval's ceiling."""
    owner: NotRequired[CommitmentOwner]
    """Who pays."""
    bought: NotRequired[str]
    """The Savings Plan's id once it is bought: then the approval may have expired."""


class CommitmentsArgs(TypedDict):
    """What is to be bought. All of it must be known at plan time."""

    approvals: str
    """File or folder of CommitmentApproval documents."""
    at: str
    """The instant of deployment, ISO 8601: an approval must hold then. Give the present."""
    purchases: dict[str, CommitmentPurchase]
    """By a name that stays for ever."""
    tags: NotRequired[dict[str, str]]
    """Tags of every purchase, besides those of its line."""


class _Owner(Arguments):
    team: str = ""
    project: str = ""
    model: str = ""
    environment: str = ""


class _Purchase(Arguments):
    approval: str
    commitment: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    offering_id: Annotated[str, Field(min_length=1)]
    quantity: PositiveCount
    usd_per_hour: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
    owner: _Owner = _Owner()
    bought: Annotated[str, Field(min_length=1)] | None = None


class _Checked(Arguments):
    approvals: str
    at: str
    purchases: dict[Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")], _Purchase]
    tags: dict[str, str] = Field(default_factory=dict)


class Commitments(pulumi.ComponentResource):
    """Savings Plans that people approved: protected, and kept when the stack goes."""

    savings_plan_ids: pulumi.Output[dict[str, str]]
    """Ids by the purchases' names: what to record as `bought`."""

    def __init__(
        self, name: str, args: CommitmentsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `CommitmentsArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or a purchase has no leave.
        """
        where = f'Commitments "{name}"'
        settings = checked(_Checked, args, where)
        check_tags(settings.tags, where)
        approvals = load_approvals(Path(settings.approvals)).each
        purchases = [_purchase(key, each) for key, each in settings.purchases.items()]
        try:
            at = parse_instant(settings.at)
        except ValueError:
            raise InputError(
                f"at is {settings.at!r}", where=where, mend="give an instant: 2026-03-01T00:00:00Z"
            ) from None
        check_leave(purchases, approvals, at, where)
        super().__init__("trimtab:index:Commitments", name, {}, children_wait(opts))

        plans = {approval.name: approval.plan for approval in approvals}
        made = {
            each.name: aws.savingsplans.SavingsPlan(
                f"{name}-{each.name}",
                commitment=each.hourly_commitment,
                savings_plan_offering_id=each.offering_id,
                tags={
                    **settings.tags,
                    **each.owner,
                    "managed-by": MANAGED_BY,
                    PLAN_TAG: plans[each.approval],
                    COMMITMENT_TAG: each.commitment,
                    APPROVAL_TAG: each.approval,
                },
                # Money is bound for the term whatever becomes of the stack.
                opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
            )
            for each in purchases
        }
        self.savings_plan_ids = pulumi.Output.all(
            **{key: plan.savings_plan_id for key, plan in made.items()}
        )
        self.register_outputs({"savings_plan_ids": self.savings_plan_ids})


def _purchase(name: str, stated: _Purchase) -> Purchase:
    return Purchase(
        name=name,
        approval=stated.approval,
        commitment=stated.commitment,
        offering_id=stated.offering_id,
        quantity=stated.quantity,
        usd_per_hour=stated.usd_per_hour,
        owner={key: value for key, value in stated.owner.model_dump().items() if value},
        bought=stated.bought,
    )
