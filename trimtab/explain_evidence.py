"""Why a plan's proposals and its evidence say what they say; see `trimtab.explain`."""

from collections.abc import Iterator

from trimtab.clock import format_instant
from trimtab.plan.evidence import (
    DecisionEvidence,
    ForecastEvidence,
    HeldEvidence,
    StabilityEvidence,
)
from trimtab.plan.model import CapacityPlan, Commitment
from trimtab.planning.histories import PEAK_LEVEL
from trimtab.planning.proposals import TERM_HOURS
from trimtab.planning.sites import SCREENING_DAYS
from trimtab.planning.windows import MAX_LEVELS

LEVELS = ", ".join(f"{100 * level:.4g}" for level in MAX_LEVELS)
Sentence = tuple[str, str, str | None, str | None]
"""Path, sentence, pool, group."""


def sentences(plan: CapacityPlan) -> Iterator[Sentence]:
    """A sentence for every number of the plan's evidence."""
    evidence = plan.spec.evidence
    for i, each in enumerate(evidence.forecasts):
        for path, sentence in forecast(each):
            yield f"spec.evidence.forecasts[{i}].{path}", sentence, each.pool, None
    for i, made in enumerate(evidence.decisions):
        for path, sentence in decision(made):
            yield f"spec.evidence.decisions[{i}].{path}", sentence, made.pool, None
    for path, sentence in sites(plan):
        yield f"spec.evidence.{path}", sentence, None, None
    for i, row in enumerate(evidence.held or ()):
        for path, sentence in held(row):
            yield f"spec.evidence.held[{i}].{path}", sentence, row.pool, row.group
    for i, steady in enumerate(evidence.stability or ()):
        for path, sentence in stability(steady):
            yield f"spec.evidence.stability[{i}].{path}", sentence, steady.pool, steady.group


def usd(value: float) -> str:
    """US dollars, whole above a hundred."""
    return f"${value:,.0f}" if value >= 100 else f"${value:,.2f}"


def commitment(plan: CapacityPlan, line: Commitment) -> Iterator[tuple[str, str]]:
    decision = next((d for d in plan.spec.evidence.decisions if d.pool == line.pool), None)
    yield (
        "quantity",
        f"rule '{decision.rule}' on {decision.replayed_hours} replayed hours: {decision.reason}"
        + (f"; {decision.guardrail}" if decision.guardrail else "")
        if decision
        else "as its author wrote it: the evidence names no decision",
    )
    yield (
        "usdPerHour",
        f"the {line.term} price of one {line.instance_type} in {line.provider} {line.region}, paid whether it runs or not",
    )
    yield "onDemandUsdPerHour", "its list price, which the commitment is weighed against"
    hours = TERM_HOURS[line.term]
    yield (
        "bindingUsd",
        f"{usd(line.usd_per_hour)} x {line.quantity} nodes x {hours:,} h: bound by an approval, whatever demand does",
    )
    yield (
        "breakEvenUtilisation",
        f"{usd(line.usd_per_hour)} over {usd(line.on_demand_usd_per_hour)}: a node used less than this is cheaper on demand",
    )
    yield (
        "expectedUtilisation",
        f"part of the {line.quantity} nodes' hours that the forecast needs, on average",
    )
    if line.starts:
        yield (
            "starts",
            f"when the held {line.renews} ends: it is renewed as far as the rule still asks for it",
        )
    margin = line.last_node_utilisation - line.break_even_utilisation
    yield (
        "lastNodeUtilisation",
        f"part of the hours in which the forecast needs all {line.quantity}: "
        + (
            f"above the break-even of {line.break_even_utilisation:.1%}; whether for the whole term is for its approver to judge"
            if margin > 0
            else f"not above the break-even of {line.break_even_utilisation:.1%}: over this span the "
            "last node does not pay, the replayed past speaks for it"
        ),
    )


def forecast(evidence: ForecastEvidence) -> Iterator[tuple[str, str]]:
    why = f" ({evidence.reason})" if evidence.reason else ""
    yield (
        "origins",
        f"past instants at which {evidence.model}{why} forecast without seeing what came"
        if evidence.origins
        else f"no past forecast could be judged{why}: the bounds are not calibrated",
    )
    yield "horizonHours", "how far the forecast reaches: the plan's span"
    unmeasured = "not measured: there was no past origin to judge by"
    yield (
        "coverage80",
        unmeasured
        if evidence.coverage80 is None
        else "part of past hours that fell inside the model's own 80 % interval; 80 % would be right",
    )
    yield (
        "calibratedCoverage80",
        unmeasured
        if evidence.calibrated_coverage80 is None
        else "the same after conformal calibration, each origin judged by the others",
    )
    yield (
        "scaledPinballLoss",
        unmeasured
        if evidence.scaled_pinball_loss is None
        else "mean quantile loss over mean demand, calibrated, each origin held out: lower is better",
    )


def decision(evidence: DecisionEvidence) -> Iterator[tuple[str, str]]:
    held = f"; {evidence.guardrail}" if evidence.guardrail else ""
    if evidence.solver:
        held += (
            f"; limits over all pools were settled by {evidence.solver}: {evidence.solver_reason}"
        )
    yield (
        "replayedHours",
        f"the last hours of history, on which the rules were replayed; '{evidence.rule}' decided: {evidence.reason}{held}",
    )
    if evidence.max_quantile is not None:
        yield (
            "maxQuantile",
            f"behind the groups' max: of the forecast's {LEVELS} % quantiles the lowest that keeps the expected shortage within the tolerance, else the highest",
        )
    if evidence.peak_factor is not None:
        quantile = f"the {PEAK_LEVEL:.0%} quantile of peaks"
        yield "peakFactor", f"{quantile} over that of hourly means; it widens max only"
    if evidence.candidates:
        yield "candidates[*].nodes", "what each rule would commit now"
        yield (
            "candidates[*].usdPerHour",
            f"what each rule would have cost per hour, mean over every origin it might have started at, seeing only its past; '{evidence.rule}' decided",
        )


def sites(plan: CapacityPlan) -> Iterator[tuple[str, str]]:
    evidence, site = plan.spec.evidence, plan.spec.site
    for i, each in enumerate(evidence.sites):
        chosen = (each.provider, each.region) == (site.provider, site.region)
        yield (
            f"sites[{i}].usdPerHour",
            f"best mix at {each.provider} {each.region} for the last {SCREENING_DAYS} d of demand, in hindsight: {'the cheapest, so the cluster is here' if chosen else 'dearer'}",
        )
        if each.kgco2e_per_hour is not None:
            yield f"sites[{i}].kgco2ePerHour", "what the same mix would have emitted"
    yield (
        "sitesConsidered",
        "sites (provider and region) where every pool has a suitable, priced offer"
        + (
            f"; the {len(evidence.sites)} cheapest are kept"
            if len(evidence.sites) < evidence.sites_considered
            else ""
        ),
    )


def held(row: HeldEvidence) -> Iterator[tuple[str, str]]:
    """What is held, and what becomes of it."""
    source = {
        "savings-plan": "whole nodes of the pool's type that its spend pays at the committed rate",
        "approved": "nodes of the approved line, to be bought any day",
    }.get(row.option, "as the inventory says")
    yield "nodes", f"{source}; {row.decision}: {row.reason}"
    yield (
        "usdPerHour",
        "not known: the inventory states no price"
        if row.usd_per_hour is None
        else (f"{row.basis}; " if row.basis else "")
        + "of one node, paid whether it runs or not: it counts in the plan and in every baseline",
    )
    if row.expires:
        yield "expires", f"when it ends ({row.decision})"
    yield (
        "utilisation",
        "idle: no pool uses it"
        if row.utilisation is None
        else "part of its hours that the forecast needs, on average",
    )


def stability(row: StabilityEvidence) -> Iterator[tuple[str, str]]:
    """What ran, and what held the sizes to it."""
    why = row.reason or "no guardrail applied: sizes are as the forecast wants them"
    yield "running", f"nodes that ran, or were last planned to run, when the plan was made; {why}"
    if row.stepped_at:
        at = format_instant(row.stepped_at)
        yield "steppedAt", f"when it last came down: the next step waits a window from {at} on"
