"""`trimtab explain`: why every number of a plan is what it is."""

import re
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from trimtab.cli.output import ABSENT, Column, Format, console, print_json, print_table
from trimtab.cli.parameters import argument, option
from trimtab.errors import InputError, allowed

if TYPE_CHECKING:
    from trimtab.explain import Statement
    from trimtab.plan.model import CapacityPlan


def explain(
    plan: Annotated[Path, argument(help="Plan file, YAML or JSON.")],
    pool: Annotated[str | None, option(help="Explain only this pool.")] = None,
    group: Annotated[
        str | None, option(help="Explain only the groups of this name, such as spot.")
    ] = None,
    output: Annotated[Format, option("--format", help="How to print the result.")] = Format.TABLE,
) -> None:
    """Say for every number of a plan, in one sentence, why it is what it is.

    The facts are the plan's own, so it needs no other file. In paths [*] speaks of every item of a
    list. JSON gives the whole path, the value and the sentence.

    \b
    Examples:
      trimtab explain plan.yaml
      trimtab explain plan.yaml --pool trainer --group spot
      trimtab explain plan.yaml --format json | jq '.[] | select(.path | endswith("quantity"))'
    """
    from trimtab.explain import explain as explained
    from trimtab.plan.document import load_plan

    document = load_plan(plan)
    _check(document, pool, group)
    statements = [
        each
        for each in explained(document)
        if (pool is None or each.pool == pool) and (group is None or each.group == group)
    ]
    if output is Format.JSON:
        print_json([asdict(each) for each in statements])
        return
    for (section, *_), each in groupby(
        statements, key=lambda s: (_section(s.path), s.pool, s.group)
    ):
        _print(section, list(each))


def _check(document: "CapacityPlan", pool: str | None, group: str | None) -> None:
    """Raises InputError for a pool or group that the plan does not have."""
    pools = {each.name: each for each in document.spec.pools}
    if pool is not None and pool not in pools:
        raise InputError(
            f"the plan has no pool {pool!r}",
            where="--pool",
            mend=f"choose one of: {allowed(set(pools))}",
        )
    chosen = pools.values() if pool is None else [pools[pool]]
    groups = {each.name for one in chosen for each in one.groups}
    if group is not None and group not in groups:
        raise InputError(
            f"the plan has no group {group!r}" + (f" in pool {pool}" if pool else ""),
            where="--group",
            mend=f"choose one of: {allowed(groups)}",
        )


def _section(path: str) -> str:
    """The place whose numbers make one table: a pool, a group, a commitment, the evidence."""
    found = re.match(
        r"spec\.(pools\[\d+\](\.groups\[\d+\])?|commitments\[\d+\]|storage\[\d+\]|evidence)\.", path
    )
    return found[0] if found else "spec."


def _print(section: str, statements: "list[Statement]") -> None:
    """One table for a section, its paths shown without what they share."""
    first = statements[0]
    names = (first.pool and f"pool {first.pool}", first.group and f"group {first.group}")
    console().print(", ".join(filter(None, (*names, section.rstrip(".")))), markup=False)
    print_table(
        [
            Column("path", "number"),
            Column("value", "value", "right", _show),
            Column("sentence", "why", wrap=True),
        ],
        [
            {
                "path": each.path.removeprefix(section),
                "value": each.value,
                "sentence": each.sentence,
            }
            for each in statements
        ],
        Format.TABLE,
    )


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return f"{_show(value['mean'])} ({_show(value['low'])} to {_show(value['high'])})"
    if isinstance(value, list):
        known = [each for each in value if each is not None]
        if not known:
            return ABSENT
        low, high = min(known), max(known)
        return _show(low) if low == high else f"{_show(low)} to {_show(high)}"
    if isinstance(value, int | float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:g}"
    return str(value)
