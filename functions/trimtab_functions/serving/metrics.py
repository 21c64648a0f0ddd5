"""Prometheus metrics of the answers.

Labels have a handful of values each: stands, purchase options, condition reasons. Pools and XRs are no
labels, since there may be thousands: what each was given stands in its own status.

`trimtab_nodes` sums what this process last told each XR in the last `FLEET_SECONDS`. Crossplane spreads
its calls over all replicas, each XR at least once a minute, so every replica comes to know the whole
fleet: aggregate with `max by (option, stand, bound)`, not with a sum.
"""

import platform
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from typing import Any

from prometheus_client import Counter, Histogram, Info, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from trimtab_functions.memo import Memo
from trimtab_functions.serving.summary import Nodes, Share, Summary, XrKey

FLEET_SECONDS = 600.0
"""How long an XR counts after its last call; a deleted one is called no more."""

FLEET_XRS = 10_000

BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.3, 1.0)
"""Of seconds."""

__all__ = ["CONTENT_TYPE", "Metrics"]


class Metrics:
    """What the function counts.

    Args:
        memos: by name, those whose use is told.
        now: seconds that only grow.
    """

    def __init__(
        self, memos: Mapping[str, Memo[Any]], now: Callable[[], float] = time.monotonic
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, which nobody reads
        self._registry = registry = CollectorRegistry(auto_describe=True)
        self._fleet = _Fleet(now)
        self._seconds = Histogram(
            "trimtab_run_function_seconds",
            "From a parsed request to its answer.",
            buckets=BUCKETS,
            registry=registry,
        )
        self._resources = Counter(
            "trimtab_decisions",
            "Resources that were decided on, by what was decided.",
            ("stand",),
            registry=registry,
        )
        self._outcomes = Counter(
            "trimtab_outcomes",
            "Answers by each condition and its reason: PlanUsable tells stale plans.",
            ("condition", "reason"),
            registry=registry,
        )
        self._unfinished = Counter(
            "trimtab_unfinished_answers",
            "Answers that Crossplane has yet to fetch something for, and then calls again.",
            registry=registry,
        )
        self._defects = Counter(
            "trimtab_internal_errors", "Requests that met a defect.", registry=registry
        )
        self._certificates = Counter(
            "trimtab_certificate_renewals",
            "Renewed certificates that were taken up.",
            registry=registry,
        )
        Info("trimtab_build", "What runs.", registry=registry).info(_build())
        registry.register(self._fleet)
        registry.register(_Memos(memos))
        ProcessCollector(registry=registry)

    def count(self, summary: Summary, seconds: float) -> None:
        """Count an answer.

        Args:
            summary: the answer in short.
            seconds: what it took.
        """
        self._seconds.observe(seconds)
        if summary.fatal is not None:
            self._defects.inc()
            return
        if summary.unfinished:
            self._unfinished.inc()
            return
        for stand, number in summary.capacity.stands.items():
            self._resources.labels(stand).inc(number)
        for condition, reason in summary.reasons.items():
            self._outcomes.labels(condition, reason).inc()
        self._fleet.see(summary.xr, summary.capacity.nodes)

    def certificate_renewed(self) -> None:
        """Count a renewed certificate."""
        self._certificates.inc()

    def page(self) -> bytes:
        """The page that Prometheus reads."""
        page: bytes = generate_latest(self._registry)
        return page


class _Fleet(Collector):
    """What each XR was last told."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: OrderedDict[XrKey, tuple[float, dict[Share, Nodes]]] = OrderedDict()

    def see(self, xr: XrKey, nodes: dict[Share, Nodes]) -> None:
        self._seen[xr] = (self._now(), nodes)
        self._seen.move_to_end(xr)
        if len(self._seen) > FLEET_XRS:
            self._seen.popitem(last=False)

    def collect(self) -> Iterator[Metric]:
        self._forget()
        total: dict[Share, Nodes] = {}
        for _, nodes in self._seen.values():
            for share, asked in nodes.items():
                total[share] = total.get(share, Nodes()).plus(asked)
        gauge = GaugeMetricFamily(
            "trimtab_nodes",
            "Nodes asked for, by purchase option, what was decided, and bound.",
            labels=("option", "stand", "bound"),
        )
        for share, asked in sorted(total.items()):
            for bound, value in asked._asdict().items():
                gauge.add_metric((share.option, share.stand, bound), value)
        yield gauge
        yield GaugeMetricFamily("trimtab_xrs", "XRs of late calls.", value=len(self._seen))

    def _forget(self) -> None:
        oldest = self._now() - FLEET_SECONDS
        while self._seen:
            xr, (seen, _) = next(iter(self._seen.items()))
            if seen >= oldest:
                return
            del self._seen[xr]


class _Memos(Collector):
    """How often what was kept could be used; the rate of hits over all uses is the ratio."""

    def __init__(self, memos: Mapping[str, Memo[Any]]) -> None:
        self._memos = memos

    def collect(self) -> Iterator[Metric]:
        uses = CounterMetricFamily(
            "trimtab_memo_uses", "Uses of what was kept, by result.", labels=("memo", "result")
        )
        entries = GaugeMetricFamily("trimtab_memo_entries", "Results kept.", labels=("memo",))
        for name, memo in self._memos.items():
            uses.add_metric((name, "hit"), memo.hits)
            uses.add_metric((name, "miss"), memo.misses)
            entries.add_metric((name,), len(memo))
        yield uses
        yield entries


def _build() -> dict[str, str]:
    packages = ("trimtab-functions", "crossplane-function-sdk-python", "grpcio", "protobuf")
    versions = {name.replace("-", "_"): metadata.version(name) for name in packages}
    return versions | {"python": platform.python_version()}
