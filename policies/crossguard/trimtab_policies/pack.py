"""The pack's policies.

| policy | level | says |
|---|---|---|
| `trimtab-cost` | advisory | what the stack costs a month, its dearest resources, what has no price |
| `trimtab-attribution` | advisory | which resources that cost money do not say who pays |
| `trimtab-budget` | mandatory | that the stack is over `maxUsdPerMonth`, or has more without a price than `maxUnpriced`; nothing unless those are configured |

Each takes the same configuration: `plan` (else the stack's own `trimtab:plan`), `inventory` and `usage` (files, from the
folder that `pulumi` is called in), `asOf`, `regions` (by provider), `prices` (a folder, or built-in), and its own limits.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)

from trimtab.cli.diff_inputs import BUILT_IN, DiffOptions, settings_of
from trimtab.diff.compare import Judges, compare
from trimtab.diff.model import Diff
from trimtab.diff.owners import DIMENSIONS
from trimtab.diff.rules import REQUIRED, attribution
from trimtab.errors import TrimtabError, allowed
from trimtab.pricing.model import Status
from trimtab.resources.model import ChangeSet, Estate
from trimtab_policies.stack import estate_of, here, own_plan

NAME = "trimtab"
DEAREST = 5

_FILE: Mapping[str, Any] = {"type": "string", "minLength": 1}
_SHARED: Mapping[str, Any] = {
    "plan": _FILE,
    "inventory": _FILE,
    "usage": _FILE,
    "asOf": _FILE,
    "prices": _FILE,
    "regions": {"type": "object", "additionalProperties": {"type": "string"}},
}

Say = Callable[[Diff, Mapping[str, Any], ReportViolation], None]


def policies() -> list[Policy]:
    """The policies of the pack."""
    limits = {
        "maxUsdPerMonth": {"type": "number", "exclusiveMinimum": 0},
        "maxUnpriced": {"type": "number", "minimum": 0, "maximum": 1},
    }
    required = {"require": {"type": "array", "items": {"enum": list(DIMENSIONS)}}}
    return [
        _policy("trimtab-cost", "What the stack costs a month", EnforcementLevel.ADVISORY, _cost),
        _policy(
            "trimtab-attribution",
            "What costs money says who pays for it",
            EnforcementLevel.ADVISORY,
            _attribution,
            required,
        ),
        _policy(
            "trimtab-budget",
            "The stack keeps to its budget",
            EnforcementLevel.MANDATORY,
            _budget,
            limits,
        ),
    ]


def _policy(
    name: str,
    description: str,
    level: EnforcementLevel,
    say: Say,
    own: Mapping[str, Any] | None = None,
) -> StackValidationPolicy:
    properties = {**_SHARED, **(own or {})}

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        config = args.get_config()
        if unknown := sorted(config.keys() - properties.keys()):
            # A misspelt limit would else be none.
            report(
                f"{name}: unknown configuration {', '.join(unknown)}; use {allowed(set(properties))}",
                None,
            )
            return
        if own is not None and "maxUsdPerMonth" in own and not own.keys() & config.keys():
            return  # no limit to keep to
        try:
            say(priced(args), config, report)
        except TrimtabError as error:
            # Under the policy's own level: a limit that can't be checked is not kept.
            report(f"can't be checked: {_in_its_own_words(error)}", None)

    return StackValidationPolicy(
        name, description, validate, level, PolicyConfigSchema(properties=properties)
    )


_KEYS = {"--prices": "prices", "--as-of": "asOf", "--region": "regions"}
"""What the configuration calls the options of `trimtab diff`."""


def _in_its_own_words(error: TrimtabError) -> str:
    where = _KEYS.get(error.where or "", error.where)
    return str(type(error)(error.message, where=where, mend=error.mend))


def priced(args: StackValidationArgs) -> Diff:
    """The stack, priced: all of it as if it were new, with every finding of who does not pay.

    Raises:
        TrimtabError: a file of the configuration is wrong.
    """
    config = args.get_config()
    estate = estate_of(args)
    options = DiffOptions(
        inputs=(),
        plan=_path(config, "plan") or own_plan(),
        inventory=_path(config, "inventory"),
        usage=_path(config, "usage"),
        as_of=config.get("asOf"),
        prices=_prices(config),
        regions=config.get("regions", {}),
    )
    nothing = Estate("nothing", ())
    change = ChangeSet(nothing, estate)
    (before, after), prices = settings_of(options, change)
    judges = Judges(packs=[attribution(tuple(config.get("require", REQUIRED)))])
    return replace(compare(change, before, after, judges, prices), before_source="")


def _path(config: Mapping[str, Any], key: str) -> Path | None:
    return here() / config[key] if config.get(key) else None


def _prices(config: Mapping[str, Any]) -> str | None:
    given: str | None = config.get("prices")
    return given if given in {None, BUILT_IN} else str(here() / given)


# What each says.


def _cost(diff: Diff, _config: Mapping[str, Any], report: ReportViolation) -> None:
    usd, kilograms = diff.after.usd, diff.after.kgco2e
    lines = [f"${usd.expected or 0.0:,.2f} a month" + _bounds(usd.low, usd.high)]
    if kilograms.expected:
        lines[0] += f", {kilograms.expected:,.1f} kg CO2e"
    dearest = [
        f"  ${estimate.usd_per_month.expected:,.2f}  {estimate.resource.name} ({estimate.resource.type})"
        for change in diff.changes[:DEAREST]
        if (estimate := change.after) and estimate.usd_per_month and estimate.usd_per_month.expected
    ]
    counts = [
        f"{diff.counts[status]} {status}"
        for status in (Status.NOT_PRICED, Status.PARTLY, Status.BOUNDED)
        if diff.counts.get(status)
    ]
    if counts:
        counts = [f"  not in it: {', '.join(counts)}"]
    report("\n".join([*lines, *dearest, *counts]), None)


def _bounds(low: float, high: float) -> str:
    if round(low, 2) == round(high, 2):
        return ""
    most = "no bound" if high == float("inf") else f"${high:,.2f}"
    return f" (${low:,.2f} to {most})"


def _attribution(diff: Diff, _config: Mapping[str, Any], report: ReportViolation) -> None:
    for finding in diff.findings:
        report(f"{finding.message}; {finding.mend}", finding.key)


def _budget(diff: Diff, config: Mapping[str, Any], report: ReportViolation) -> None:
    usd = diff.after.usd
    # Of what nobody says what to expect, the least is in no expectation, and paid for all the same.
    limit, spent = config.get("maxUsdPerMonth"), max(usd.expected or 0.0, usd.low)
    if limit is not None and spent > limit:
        report(f"${spent:,.2f} a month is over the ${limit:,.2f} of maxUsdPerMonth", None)
    allowed = config.get("maxUnpriced")
    if allowed is not None and diff.unpriced_share > allowed:
        report(
            f"{diff.unpriced_share:.1%} of what costs money has no price, {allowed:.1%} may", None
        )
