"""The rules that a change is held to.

A rule pack has rules and a function from a priced change to its findings. Packs of other distributions are
found through the entry points of the group `trimtab.diff_rules`, so that policy packs add theirs without
the core knowing them. One rule is built in: whatever costs money says who pays for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points

from trimtab.diff.model import Change, Diff, Finding, Operation, Rule, Severity
from trimtab.errors import EngineError
from trimtab.pricing.model import COSTS_MONEY, Status

GROUP = "trimtab.diff_rules"


@dataclass(frozen=True)
class RulePack:
    """Rules that are checked together.

    Attributes:
        rules: what is checked.
        check: the findings of a change, which comes without any.
    """

    rules: tuple[Rule, ...]
    check: Callable[[Diff], Iterable[Finding]]


REQUIRED = ("team", "project", "environment")
"""The dimensions of an owner that must be said, unless the user says others."""

ATTRIBUTION = Rule(
    id="attribution-tags",
    title="What costs money says who pays for it",
    help="Spending without an owner can be neither budgeted nor charged back. Add the missing tags to the"
    " resource, to its provider's default tags, or (in Kubernetes) to its namespace's labels.",
)

_ORDER = {severity: place for place, severity in enumerate(Severity)}


def findings(diff: Diff, packs: Sequence[RulePack]) -> tuple[Finding, ...]:
    """Every finding: errors first, then what the change brings, then by resource and rule."""
    found = [finding for pack in packs for finding in pack.check(diff)]
    return tuple(
        sorted(
            dict.fromkeys(found),
            key=lambda f: (_ORDER[f.severity], not f.introduced, f.key, f.rule.id, f.message),
        )
    )


def installed_packs() -> list[RulePack]:
    """The rule packs of other distributions.

    Raises:
        EngineError: one of them can't be loaded: rules that can't be asked are not taken as kept.
    """
    packs: list[RulePack] = []
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            pack = point.load()
        except Exception as error:
            raise EngineError(
                f"the rule pack {point.name} ({point.value}) can't be loaded: {error}",
                mend="install what it needs, or remove it",
            ) from error
        if not isinstance(pack, RulePack):
            raise EngineError(f"{point.value} is no RulePack", where=f"rule pack {point.name}")
        packs.append(pack)
    return packs


def attribution(required: Sequence[str] = REQUIRED) -> RulePack:
    """The built-in rule: what costs money names its owner in these dimensions."""

    def check(diff: Diff) -> Iterator[Finding]:
        for change in diff.changes:
            if change.after is None or change.after.status not in COSTS_MONEY:
                continue
            missing = [name for name in required if not getattr(change.owner, name)]
            if missing:
                yield _untagged(change, missing)

    return RulePack((ATTRIBUTION,), check)


def _untagged(change: Change, missing: Sequence[str]) -> Finding:
    resource = change.estimate.resource
    introduced = change.operation is Operation.CREATE or any(
        field.path.partition(".")[0].lower().startswith(("tags", "labels", "metadata"))
        for field in change.fields
    )
    *others, last = missing
    tags = f"{', '.join(others)} and {last}" if others else last
    word = "label" if resource.provider == "kubernetes" else "tag"
    costs = "may cost money" if change.estimate.status is Status.NOT_PRICED else "costs money"
    where = " to its workloads and plan anew" if resource.kind == "trimtab.dev/Group" else ""
    noun = word if len(missing) == 1 else f"{word}s"
    return Finding(
        ATTRIBUTION,
        Severity.WARNING,
        change.key,
        f"{resource.name} ({resource.type}) {costs} and has no {noun} {tags}",
        f"add the {noun} {tags}{where}",
        introduced,
    )
