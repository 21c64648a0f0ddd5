"""The CapacityPolicy that holds: what is known of it, and what it lets a plan do here.

Pure. Without a policy the defaults hold; one that is named and not there, or can't be read, is no leave
to follow a plan without it: nothing changes until it is there.
"""

from dataclasses import dataclass, replace

from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan, Pool
from trimtab.policy.check import check_group
from trimtab.policy.document import parse_policy
from trimtab.policy.model import Allowed, Limits, PlanTrust, PolicySpec
from trimtab_functions.capacity.plans import Arrived, Lookup, PlanState
from trimtab_functions.capacity.settings import ObjectKey
from trimtab_functions.memo import Memo

MEMO_POLICIES, MEMO_BYTES = 16, 1_000_000


@dataclass(frozen=True, eq=False)  # by identity: equal bytes give the same object
class Rules:
    """A policy's spec, and what to call it."""

    spec: PolicySpec
    called: str


DEFAULTS = Rules(PolicySpec(), "the defaults")


@dataclass(frozen=True)
class PolicyLookup:
    """What is known of the policy.

    Attributes:
        rules: those that hold; the defaults while there is a problem.
        state: the plan's, in whose place it stands; None: the policy is known.
        message: what to do.
    """

    rules: Rules
    state: PlanState | None = None
    message: str = ""

    def over(self, lookup: Lookup) -> Lookup:
        """What is known of the plan, with what is wrong with the policy where the plan holds."""
        if self.state is None or lookup.state is not PlanState.CURRENT:
            return lookup
        return replace(lookup, state=self.state, message=self.message)


NO_POLICY = PolicyLookup(DEFAULTS)


class PolicyReader:
    """Turns arrived policies into rules; equal bytes give the same object."""

    def __init__(self) -> None:
        self._memo: Memo[Rules | InputError] = Memo(MEMO_POLICIES, MEMO_BYTES)

    def look_up(self, key: ObjectKey, arrived: Arrived | None) -> PolicyLookup:
        """What is known of the policy, given what arrived of it (None: there is none)."""
        if arrived is None:
            message = (
                f"there is no CapacityPolicy {key}; create it, or name another in the pipeline "
                "step's input"
            )
            return PolicyLookup(DEFAULTS, PlanState.POLICY_NOT_FOUND, message)
        rules = self._memo.get(
            (key, arrived.content), len(arrived.content), lambda: _parse(key, arrived)
        )
        if isinstance(rules, InputError):
            return PolicyLookup(DEFAULTS, PlanState.POLICY_INVALID, str(rules))
        return PolicyLookup(rules)


def _parse(key: ObjectKey, arrived: Arrived) -> Rules | InputError:
    called = f"CapacityPolicy {key}"
    try:
        return Rules(parse_policy(arrived.read(), called).spec, called)
    except InputError as error:
        return error.bare()


def not_fetched(key: ObjectKey) -> PolicyLookup:
    """The state before Crossplane has answered the requirement."""
    message = f"waiting for Crossplane to fetch CapacityPolicy {key}"
    return PolicyLookup(DEFAULTS, PlanState.POLICY_NOT_FETCHED, message)


@dataclass(frozen=True)
class Verdict:
    """What the policy says of a group.

    Attributes:
        growth: why it may not be created or grow; None: it may.
        start: why it, or a new generation of it, may not be begun; None: it may.
    """

    growth: str | None = None
    start: str | None = None


def verdicts(rules: Rules, plan: CapacityPlan, pool: Pool) -> dict[str, Verdict]:
    """What the policy says of a pool's groups, by name; the same at every instant.

    The limits of the pool and of the plan are looked at once, not for each of a thousand groups.
    """
    spec = rules.spec
    if spec.allowed == Allowed() and spec.limits == Limits() and spec.plans.may_start_groups:
        return {}
    first = pool.groups[0]
    limits = PolicySpec(limits=spec.limits)
    over = [] if spec.limits == Limits() else check_group(limits, plan, pool, first)
    own = PolicySpec(allowed=spec.allowed)
    starts = PolicySpec(plans=PlanTrust(may_start_groups=spec.plans.may_start_groups))
    found = {}
    for group in pool.groups:
        growth = [*check_group(own, plan, pool, group), *over]
        start = [*growth, *check_group(starts, plan, pool, group, new=True)]
        found[group.name] = Verdict(_said(rules, growth), _said(rules, start))
    return found


def _said(rules: Rules, reasons: list[str]) -> str | None:
    return f"{rules.called}: {'; '.join(reasons)}" if reasons else None
