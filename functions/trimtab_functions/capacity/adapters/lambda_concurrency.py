"""AWS Lambda: reserved and provisioned concurrency, of a pool's windows.

A function's concurrency is to Lambda what replicas are elsewhere: what a pool plans at the least is kept
warm (`ProvisionedConcurrencyConfig`), and what it plans at the most is what a function may take and is
sure to get (`reservedConcurrentExecutions`). Where demand is in requests/s, the annotation
`trimtab.dev/units-per-replica` says how many of them one execution environment serves: 1 over the mean
duration in seconds. Bounds move as those of replicas do.

Facts that it follows (Lambda developer guide, "Lambda scaling and concurrency", 2026-11): a reserved
concurrency of 0 throttles every call, so it is 1 at the least; provisioned concurrency is 1 at the least
and within what is reserved. Kinds: provider-upjet-aws of 2026-08, CRDs `lambda.aws.m.upbound.io/v1beta1`
Function and ProvisionedConcurrencyConfig. Neither reports how many executions run: what Lambda throttles
is bounded by how far a bound may shrink in a window, not by what is in use.
"""

from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters import replicas
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.adapters.managed import for_provider, held_managed, managed
from trimtab_functions.capacity.documents import Document, count

_UNITS = ("replicas", "requests-per-second")
_LEAST = 1
_API = "lambda.aws.m.upbound.io"


class _Concurrency(Follower):
    """A kind whose one number follows a bound.

    Attributes:
        field: of `spec.forProvider`.
        least_of_all: whether it follows min; else it follows max.
    """

    field: str
    least_of_all: bool

    def _bounds(self, base: Document, observed: Document | None, now: Now) -> replicas.Bounds:
        if now.pool.unit not in _UNITS:
            raise InputError(
                f"concurrency is no {now.pool.unit}, in which demand of pool {now.pool.name} is counted",
                mend=f"use a pool whose unit is {' or '.join(_UNITS)}",
            )
        stated = count(for_provider(observed or {}).get(self.field))
        before = None
        if stated is not None:
            # The other bound is nobody's here: as planned, so that it holds nothing up.
            wanted = replicas.planned(base, now)
            before = (
                Sizes(stated, stated, max(stated, wanted.max))
                if self.least_of_all
                else Sizes(min(wanted.min, stated), stated, stated)
            )
        return replicas.bounds(base, observed, now, before, _LEAST)

    def _written(self, base: Document, found: replicas.Bounds, value: int) -> Document:
        provider = {**for_provider(base), self.field: value}
        return managed(found.marked(base), provider)

    def _kept(self, base: Document, observed: Document) -> Document:
        return held_managed(observed, base, (self.field,))


class ReservedConcurrency(_Concurrency):
    """`lambda.aws.m.upbound.io` Function: the most that it may run at once."""

    kinds = (Kind(_API, "Function"),)
    field = "reservedConcurrentExecutions"
    least_of_all = False

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        found = self._bounds(base, observed, now)
        document = self._written(base, found, found.sizes.max)
        return Followed(document, found.reason, found.sizes)

    def held(self, base: Document, observed: Document | None) -> Document:
        """A function that does not exist is made without a plan: its code is not the plan's."""
        if observed is None:
            return managed(base, for_provider(base))
        return self._kept(base, observed)


class ProvisionedConcurrency(_Concurrency):
    """`lambda.aws.m.upbound.io` ProvisionedConcurrencyConfig: what is kept warm."""

    kinds = (Kind(_API, "ProvisionedConcurrencyConfig"),)
    field = "provisionedConcurrentExecutions"
    least_of_all = True

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        found = self._bounds(base, observed, now)
        reason = found.reason
        if found.damped.moved.low < _LEAST:
            least = f"held at {_LEAST}, the least that Lambda takes"
            reason = "; ".join(each for each in (reason, least) if each)
        document = self._written(base, found, found.sizes.min)
        return Followed(document, reason, found.sizes)

    def held(self, base: Document, observed: Document | None) -> Document | None:
        return None if observed is None else self._kept(base, observed)
