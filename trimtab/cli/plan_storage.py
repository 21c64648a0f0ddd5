"""`trimtab plan --storage`: its inputs, and its rows in the summary."""

from typing import TYPE_CHECKING, Any

from trimtab.cli.output import Column
from trimtab.cli.plan_options import PlanOptions
from trimtab.clock import HOURS_PER_MONTH
from trimtab.errors import InputError

if TYPE_CHECKING:
    from trimtab.plan.model import CapacityPlan
    from trimtab.plan.storage import StorageTier
    from trimtab.planning.request import PlanRequest
    from trimtab.planning.storage import StorageRequest


def read_storage(options: PlanOptions, request: "PlanRequest") -> "StorageRequest | None":
    """What `--storage` asks for; None where it is not given.

    Raises:
        InputError: the file or one that it names is wrong, or a plan before has tiers that nobody asks for.
    """
    if options.storage is None:
        _refuse_forgotten(request)
        return None
    from trimtab.planning.storage import StorageRequest
    from trimtab.pricing.book import built_in_book
    from trimtab.storage.document import load_storage

    needs = load_storage(options.storage)
    return StorageRequest(needs, built_in_book(), request.inventory, request.previous)


def _refuse_forgotten(request: "PlanRequest") -> None:
    """Raises InputError where the plan before has storage: leaving it out would take it from the estate."""
    before = request.previous.spec.storage if request.previous else None
    if before:
        names = ", ".join(tier.name for tier in before[:5])
        raise InputError(
            f"the plan before has storage ({names}), and none is asked for",
            where="--previous",
            mend="give --storage as it was given then",
        )


def _gib(value: float) -> str:
    return f"{value:,.0f}"


def _usd(value: float) -> str:
    return f"${value:,.0f}" if abs(value) >= 100 else f"${value:,.2f}"


STORAGE_COLUMNS = (
    Column("tier", "tier"),
    Column("intent", "for"),
    Column("backend", "backend"),
    Column("volumes", "volumes", "right"),
    Column("gib_first", "GiB", "right", _gib),
    Column("gib_last", "GiB at end", "right", _gib),
    Column("used_gib", "used", "right", _gib),
    Column("iops_max", "IOPS", "right", lambda x: f"{x:,.0f}" if x else "as it comes"),
    Column("mibps_max", "MiB/s", "right", lambda x: f"{x:,.0f}" if x else "as it comes"),
    Column("usd_per_month", "$/month", "right", _usd),
)


def storage_data(tier: "StorageTier") -> dict[str, Any]:
    """A tier's figures as plain data; None is not priced or not known."""
    usd, kg = tier.expected.usd_per_hour, tier.expected.kgco2e_per_hour
    return {
        "tier": tier.name,
        "intent": tier.intent,
        "backend": tier.backend,
        "site": tier.site,
        "volumes": tier.volumes,
        "gib_first": tier.windows[0].gib,
        "gib_last": tier.windows[-1].gib,
        "used_gib": tier.expected.used_gib.mean,
        "iops_max": max(window.iops for window in tier.windows),
        "mibps_max": max(window.mibps for window in tier.windows),
        "usd_per_month": None if usd is None else usd.mean * HOURS_PER_MONTH,
        "kgco2e_per_month": None if kg is None else kg * HOURS_PER_MONTH,
        "candidates": [
            {
                "backend": each.backend,
                "usd_per_month": None
                if each.usd_per_hour is None
                else each.usd_per_hour * HOURS_PER_MONTH,
                "refused": each.refused,
            }
            for each in tier.candidates
        ],
    }


def storage_rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The summary's tiers as rows of STORAGE_COLUMNS."""
    rows: list[dict[str, Any]] = data["storage"]
    return rows


def storage_lines(data: dict[str, Any]) -> list[str]:
    """What the tiers cost and emit together, in one sentence."""
    rows = data.get("storage", [])
    if not rows:
        return []
    priced = [row["usd_per_month"] for row in rows if row["usd_per_month"] is not None]
    known = [row["kgco2e_per_month"] for row in rows if row["kgco2e_per_month"] is not None]
    usd = f"{_usd(sum(priced))} a month" if priced else "not priced"
    if priced and len(priced) < len(rows):
        usd += f" for {len(priced)} of {len(rows)} tiers, the rest not priced"
    carbon = f"{sum(known):,.1f} kg CO2e a month" if known else "carbon not known"
    if known and len(known) < len(rows):
        carbon += f" for {len(known)} of {len(rows)} tiers, the rest not known"
    return [f"storage: {usd}; {carbon}"]


def storage_notes(plan: "CapacityPlan") -> list[str]:
    """What someone who reads only the summary must not miss of the tiers, a sentence each."""
    found = []
    for tier in plan.spec.storage or ():
        reason = tier.reason
        if reason and reason.backend.startswith("it runs there"):
            found.append(f"storage {tier.name}: stays on {tier.backend}: {reason.backend}")
        elif reason and "; it moves" in reason.backend:
            found.append(f"storage {tier.name}: {reason.backend}")
        if reason and reason.guardrail:
            found.append(f"storage {tier.name}: {reason.guardrail}")
        if tier.expected.usd_per_hour is None:
            found.append(f"storage {tier.name}: {tier.backend} is not priced here")
    return found
