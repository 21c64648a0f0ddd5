"""The tables of `trimtab storage`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.cli.output import Column, Format, info, print_json, print_table
from trimtab.clock import HOURS_PER_MONTH
from trimtab.errors import InputError, allowed
from trimtab.plan.storage import INTENTS
from trimtab.pricing.book import built_in_book
from trimtab.storage.advice import Action, Advice, reason
from trimtab.storage.advice import advise as advised
from trimtab.storage.backends import ON_PREMISES, Backend, backend, backends
from trimtab.storage.carbon import kgco2e_per_tib_hour
from trimtab.storage.claims import Claims, read_claims
from trimtab.storage.lifecycle import Rule, read_objects
from trimtab.storage.lifecycle import lifecycle as rules_of
from trimtab.storage.prices import StoragePrice, price_of


def _short(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _usd(value: float) -> str:
    return f"${value:,.0f}" if abs(value) >= 100 else f"${value:,.2f}"


# Classes.

_CLASS_COLUMNS = (
    Column("backend", "backend"),
    Column("region", "region"),
    Column("intents", "for", show=", ".join),
    Column("access", "access"),
    Column("latency", "latency"),
    Column("usd_per_gib_month", "$/GiB-month", "right", _short),
    Column("usd_per_iops_month", "$/IOPS-month", "right", _short),
    Column("usd_per_mibps_month", "$/MiB/s-month", "right", _short),
    Column("max_gib", "max GiB", "right", _short),
    Column("baseline_iops", "IOPS", "right", _short),
    Column("max_iops", "max IOPS", "right", _short),
    Column("baseline_mibps", "MiB/s", "right", _short),
    Column("max_mibps", "max MiB/s", "right", _short),
    Column("kgco2e_per_tib_month", "kg/TiB-month", "right", _short),
)


def print_classes(
    providers: Sequence[str] | None,
    region: str | None,
    intent: str | None,
    regions: Mapping[str, str],
    output: Format,
) -> None:
    """The catalogue.

    Raises:
        InputError: an option is wrong.
    """
    known = list(dict.fromkeys(each.provider for each in backends().values() if each.provider))
    for name in providers or ():
        if name not in known:
            raise InputError(
                f"unknown provider {name!r}", where="--provider", mend=f"use {allowed(known)}"
            )
    if intent is not None and intent not in INTENTS:
        raise InputError(
            f"unknown intent {intent!r}", where="--intent", mend=f"use one of {', '.join(INTENTS)}"
        )
    if region is not None and len(providers or ()) != 1:
        raise InputError(
            "a region is of one provider", where="--region", mend="give that one with --provider"
        )
    book = built_in_book()
    rows = []
    for each in backends().values():
        wanted = each.provider in providers if providers else True
        if wanted and (intent is None or intent in each.intents):
            where = region or regions.get(each.provider or "")
            rows.append(_class_row(each, price_of(each, where, book), where))
    print_table(_CLASS_COLUMNS, rows, output)
    if output is Format.TABLE:
        steps = [row["backend"] for row in rows if row["steps"]]
        if steps:
            info(f"note: sold in steps, priced at the largest that is known: {', '.join(steps)}")
        unpriced = [row["backend"] for row in rows if row["usd_per_gib_month"] is None]
        if unpriced:
            info(f"note: not priced there: {', '.join(unpriced)}")


def _class_row(each: Backend, price: StoragePrice, region: str | None) -> dict[str, Any]:
    carbon = kgco2e_per_tib_hour(each, each.provider or "", region)
    usd = price.usd_per_gib_month
    priced = [(s, p) for s, p in zip(each.steps, price.steps, strict=False) if not np.isnan(p)]
    if usd is None and priced:
        usd = priced[-1][1] / priced[-1][0].gib
    return {
        "backend": each.id,
        "region": region if each.provider not in (None, ON_PREMISES) else None,
        "intents": list(each.intents),
        "access": each.access,
        "latency": each.latency,
        "usd_per_gib_month": usd,
        "usd_per_iops_month": price.usd_per_iops_month,
        "usd_per_mibps_month": price.usd_per_mibps_month,
        "max_gib": each.max_gib,
        "baseline_iops": each.baseline_iops,
        "max_iops": each.max_iops,
        "baseline_mibps": each.baseline_mibps,
        "max_mibps": each.max_mibps,
        "kgco2e_per_tib_month": None if carbon is None else carbon * HOURS_PER_MONTH,
        "steps": bool(priced),
    }


# Claims.

_ADVICE_COLUMNS = (
    Column("claim", "claim"),
    Column("action", "do"),
    Column("backend", "is on"),
    Column("target", "to"),
    Column("gib", "GiB", "right", _short),
    Column("gib_then", "then", "right", _short),
    Column("iops_then", "IOPS", "right", _short),
    Column("usd_per_month", "$/month", "right", _usd),
    Column("saving_usd_per_month", "saves", "right", _usd),
    Column("usd_once", "costs once", "right", _usd),
    Column("reason", "because", wrap=True),
)


def print_advice(
    access: Path,
    region: str | None,
    classes: Sequence[str],
    limit: int,
    regions: Mapping[str, str],
    output: Format,
) -> None:
    """What to do with each claim, the largest saving first.

    Raises:
        InputError: the file or an option is wrong.
    """
    claims = read_claims(access, _mapping(classes))
    providers = {backends()[name].provider for name in claims.backend_ids} - {None, ON_PREMISES}
    if len(providers) > 1:
        raise InputError(
            f"has claims of {' and '.join(sorted(map(str, providers)))}",
            where=str(access),
            mend="give a file for each provider: prices are read in one region",
        )
    where = region or regions.get(str(next(iter(providers), "")))
    if region is None and where:
        info(f"assumed: prices of {where}; --region says otherwise")
    advice = advised(claims, where, built_in_book())
    order = np.lexsort((advice.action, -np.nan_to_num(advice.saving, nan=-1.0)))
    rows = [
        _advice_row(claims, advice, row)
        for row in order.tolist()[: None if output is Format.JSON else limit]
    ]
    totals = _totals(claims, advice)
    if output is Format.JSON:
        print_json({"region": where, "totals": totals, "claims": rows})
        return
    print_table(_ADVICE_COLUMNS, rows, output)
    if len(claims) > len(rows):
        info(f"note: {len(claims) - len(rows)} more; --limit or --format json shows them")
    counts = ", ".join(f"{count} {name}" for name, count in totals["actions"].items() if count)
    info(f"{len(claims)} claims: {counts}")
    if totals["not_priced"] < len(claims):
        info(
            f"saves {_usd(totals['saving_usd_per_month'])} of {_usd(totals['usd_per_month'])} a month; the "
            f"changes cost {_usd(totals['usd_once'])} once"
        )
    if totals["not_priced"]:
        info(
            f"note: {totals['not_priced']} claims have no price {f'in {where}' if where else 'here'}, and no saving"
        )


def _mapping(texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, mark, target = text.partition("=")
        if not (name and mark and target):
            raise InputError(f"{text!r} is no NAME=BACKEND", where="--class")
        found[name] = backend(target, "--class").id
    return found


def _advice_row(claims: Claims, advice: Advice, row: int) -> dict[str, Any]:
    def known(value: float) -> float | None:
        return None if np.isnan(value) else float(value)

    action = advice.action_of(row)
    changes = action in (Action.RETUNE, Action.SHRINK, Action.MOVE, Action.SNAPSHOT)
    return {
        "claim": claims.names[row],
        "owner": claims.owner[row] or None,
        "action": action.value,
        "backend": claims.backend_ids[claims.backend[row]],
        "target": advice.targets[advice.target[row]] if changes else None,
        "gib": float(claims.gib[row]),
        "gib_then": known(advice.gib[row]) if changes else None,
        "iops_then": known(advice.iops[row]) if changes else None,
        "mibps_then": known(advice.mibps[row]) if changes else None,
        "usd_per_month": known(advice.usd_now[row]),
        "saving_usd_per_month": known(advice.saving[row]),
        "usd_once": float(advice.usd_once[row]),
        "reason": reason(claims, advice, row),
    }


def _totals(claims: Claims, advice: Advice) -> dict[str, Any]:
    count = np.bincount(advice.action, minlength=len(Action))
    return {
        "claims": len(claims),
        "actions": {each.value: int(count[i]) for i, each in enumerate(Action)},
        "usd_per_month": float(np.nansum(advice.usd_now)),
        "saving_usd_per_month": float(np.nansum(advice.saving)),
        "usd_once": float(advice.usd_once.sum()),
        "not_priced": int(np.isnan(advice.usd_now).sum()),
        "not_measured": int(advice.unmeasured.sum()),
    }


# Objects.

_RULE_COLUMNS = (
    Column("group", "group"),
    Column("storage_class", "move to"),
    Column("after_days", "after days", "right"),
    Column("usd_per_month", "$/month", "right", _usd),
    Column("saving_usd_per_month", "saves", "right", _usd),
    Column("usd_once", "costs once", "right", _usd),
    Column("months_to_pay", "months to pay", "right", _short),
    Column("reason", "because", wrap=True),
)


def print_rules(objects: Path, region: str, out: Path | None, output: Format) -> None:
    """The lifecycle rule of each group; those that pay also as a document.

    Raises:
        InputError: the file is wrong, or says too little for a document.
    """
    rules = rules_of(read_objects(objects), region, built_in_book())
    if out is not None:
        from trimtab.files import write_atomic
        from trimtab.storage.lifecycle_document import dump_rules

        write_atomic(out, dump_rules(rules, region))
        info(f"wrote {out}: {sum(rule.best is not None for rule in rules)} rules")
    rows = [_rule_row(rule) for rule in rules]
    if output is Format.JSON:
        print_json({"region": region, "groups": rows})
        return
    print_table(_RULE_COLUMNS, rows, output)
    saved, once = sum(rule.saving for rule in rules), sum(r["usd_once"] or 0.0 for r in rows)
    info(f"saves {_usd(saved)} a month; the transitions cost {_usd(once)} once")


def _rule_row(rule: Rule) -> dict[str, Any]:
    best = rule.best
    return {
        "group": rule.group.name,
        "storage_class": best.storage_class if best else None,
        "after_days": rule.after_days if best else None,
        "usd_per_month": rule.standard_usd_per_month,
        "saving_usd_per_month": rule.saving if best else None,
        "usd_once": best.usd_once if best else None,
        "months_to_pay": rule.months_to_pay if best else None,
        "break_even_share": best.break_even_share if best else None,
        "reason": rule.reason,
        "weighed": [
            {
                "storage_class": each.storage_class,
                "usd_per_month": each.usd_per_month,
                "refused": each.refused or None,
            }
            for each in rule.weighed
        ],
    }
