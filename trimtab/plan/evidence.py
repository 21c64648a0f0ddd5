"""The evidence of a plan: what it was made from, and why it says what it says."""

from typing import Annotated, Literal

from pydantic import Field

from trimtab.plan.types import (
    MAX_GROUPS,
    MAX_POOLS,
    Amount,
    Count,
    Digest,
    DnsLabel,
    Document,
    Instant,
    Provider,
    Share,
    ShortText,
    Text,
)


class Input(Document):
    """One input of the plan, so that anyone can tell whether it was the same."""

    kind: Literal[
        "demand",
        "workloads",
        "offers",
        "inventory",
        "approvals",
        "previous-plan",
        "limits",
        "latency",
        "events",
        "storage",
    ]
    name: ShortText
    digest: Digest
    detail: Text = ""


class ForecastEvidence(Document):
    """Which model forecast the pool's demand, and how well it did on rolling origins."""

    pool: DnsLabel
    model: ShortText
    reason: Text = Field(default="", description="Why this model, when it is a fallback.")
    origins: Count
    horizon_hours: Count
    coverage80: Share | None = Field(
        default=None, description="Measured coverage of the raw 80 % interval."
    )
    calibrated_coverage80: Share | None = Field(
        default=None, description="The same after conformal calibration, each origin held out."
    )
    scaled_pinball_loss: Amount | None = Field(
        default=None, description="Weighted quantile loss over mean demand, calibrated, held out."
    )


class Candidate(Document):
    """A commitment rule, replayed on rolling origins inside the history."""

    rule: ShortText
    nodes: Count = Field(description="What the rule would commit now.")
    usd_per_hour: Amount = Field(description="Its mean cost on the replayed history.")


class DecisionEvidence(Document):
    """Which candidate set the pool's commitment, against which others, and what held it back."""

    pool: DnsLabel
    rule: ShortText
    reason: Text
    guardrail: Text = ""
    replayed_hours: Count
    max_quantile: Share | None = Field(
        default=None, description="Forecast quantile behind the groups' max."
    )
    peak_factor: Amount | None = Field(
        default=None, description="Peak within an hour over the hour's mean; it widens max."
    )
    candidates: Annotated[tuple[Candidate, ...], Field(max_length=32)]
    solver: ShortText | None = Field(
        default=None, description="What decided beside the rules; absent: the closed form alone."
    )
    solver_reason: Text | None = Field(default=None, description="Why the rules did not suffice.")


class SiteEvidence(Document):
    """A site that was weighed: what its best offer would have cost on the last 30 days."""

    provider: Provider
    region: ShortText
    usd_per_hour: Amount
    kgco2e_per_hour: Amount | None = None


class HeldEvidence(Document):
    """Something held before the plan was made, and what the plan does with it."""

    id: ShortText
    option: Literal["reserved", "savings-plan", "capacity-block", "odcr", "owned", "approved"]
    pool: DnsLabel | None = Field(default=None, description="Absent: no pool uses it.")
    group: DnsLabel | None = None
    instance_type: ShortText | None = None
    nodes: Count
    usd_per_hour: Amount | None = Field(default=None, description="Per node; absent: not known.")
    basis: Text | None = Field(
        default=None, description="How the price followed from the hardware; absent: it was stated."
    )
    expires: Instant | None = None
    decision: Literal["used", "renewed", "lapses", "idle"]
    utilisation: Share | None = Field(
        default=None, description="Part of its node-hours that the forecast needs; absent: idle."
    )
    reason: Text


class StabilityEvidence(Document):
    """What a group ran when the plan was made, and what held its sizes to that."""

    pool: DnsLabel
    group: DnsLabel
    running: Count
    stepped_at: Instant | None = Field(
        default=None, description="When it was last let become smaller; absent: not known."
    )
    reason: Text = Field(default="", description="Guardrails that applied; empty: none did.")


class Evidence(Document):
    """What the plan was made from, and why it says what it says."""

    generator: ShortText
    inputs: Annotated[tuple[Input, ...], Field(max_length=128)]
    repairs: Annotated[tuple[Text, ...], Field(max_length=256)] = ()
    assumptions: Annotated[tuple[Text, ...], Field(max_length=64)] = ()
    forecasts: Annotated[tuple[ForecastEvidence, ...], Field(max_length=MAX_POOLS)]
    decisions: Annotated[tuple[DecisionEvidence, ...], Field(max_length=MAX_POOLS)]
    sites: Annotated[tuple[SiteEvidence, ...], Field(max_length=8)] = ()
    sites_considered: Count = 1
    held: Annotated[tuple[HeldEvidence, ...], Field(max_length=256)] | None = None
    stability: (
        Annotated[tuple[StabilityEvidence, ...], Field(max_length=MAX_POOLS * MAX_GROUPS)] | None
    ) = None
