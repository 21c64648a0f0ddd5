"""What a plan keeps of how it was made: inputs with digests, forecasts, decisions, the free choice of site."""

from collections.abc import Sequence

from trimtab.clock import format_instant
from trimtab.forecast.model import Forecast
from trimtab.plan.document import rounded
from trimtab.plan.evidence import Candidate, DecisionEvidence, ForecastEvidence, Input
from trimtab.planning.commitment import Decision
from trimtab.planning.histories import History
from trimtab.planning.joint import Settlement
from trimtab.planning.request import PlanRequest
from trimtab.planning.sites import Chosen
from trimtab.planning.windows import Envelope


def site_assumption(request: PlanRequest, chosen: Chosen) -> tuple[str, ...]:
    """Nothing limits where the cluster is: someone should know that the planner chose freely."""
    sites = len(chosen.evidence)
    if chosen.settled:
        return ("site: where the cluster is already, as the inventory or the plan before says",)
    stated = request.providers or request.regions
    if stated or any(w.regions for pool in request.pools for w in pool.workloads) or sites == 1:
        return ()
    free = f"site: the cheapest of {sites}, since nothing limits it"
    return (f"{free}; --provider, --region and a workload's allowed regions do",)


def inputs(request: PlanRequest, histories: Sequence[History]) -> tuple[Input, ...]:
    """Every input with its digest."""
    found = [
        Input(
            kind="demand",
            name=pool.demand.source or pool.demand.name,
            digest=pool.demand.digest,
            detail=(
                f"pool {pool.name}: {len(history.demand)} h up to {format_instant(history.end)}"
            ),
        )
        for pool, history in zip(request.pools, histories, strict=True)
    ]
    if request.workloads_digest:
        found.append(
            Input(
                kind="workloads",
                name=request.workloads_source or "workloads",
                digest=request.workloads_digest,
            )
        )
    dates = [offer.as_of for offer in request.catalogue]
    found.append(
        Input(
            kind="offers",
            name=request.catalogue.source.rsplit("/", 1)[-1],
            digest=request.catalogue.digest,
            detail=f"{len(request.catalogue)} offers, prices of {min(dates)} to {max(dates)}",
        )
    )
    return (*found, *request.inputs)


def forecast_evidence(pool: str, ahead: Forecast) -> ForecastEvidence:
    """Which model forecast a pool, and how good it has been."""

    def share(value: float | None) -> float | None:
        return None if value is None else rounded(value)

    return ForecastEvidence(
        pool=pool,
        model=ahead.model,
        reason=ahead.reason,
        origins=len(ahead.origins.hours),
        horizon_hours=ahead.hours,
        coverage80=share(ahead.coverage80),
        calibrated_coverage80=share(ahead.calibrated_coverage80),
        scaled_pinball_loss=share(ahead.scaled_pinball_loss),
    )


def decision_evidence(
    pool: str,
    decision: Decision,
    needs: Envelope,
    peak_factor: float,
    settled: Settlement | None,
) -> DecisionEvidence:
    """Which rule decided a pool's commitment, against which others."""
    return DecisionEvidence(
        pool=pool,
        rule=decision.rule,
        reason=decision.reason,
        guardrail=decision.guardrail,
        replayed_hours=decision.replayed_hours,
        max_quantile=needs.high_level,
        peak_factor=rounded(peak_factor),
        candidates=tuple(
            Candidate(rule=c.rule, nodes=c.nodes, usd_per_hour=rounded(c.usd_per_hour))
            for c in decision.candidates
        ),
        solver=settled.solver if settled else None,
        solver_reason=settled.reason[:1000] if settled else None,
    )
