"""Structured logs: JSON lines, one for each decision that changed.

Crossplane calls at least once a minute for every XR, so what repeats the XR's last decision is told at
level debug only; so is an answer that Crossplane has yet to fetch something for. Which decision was last is kept for the latest `KNOWN_XRS`; it changes no answer, and
one that was forgotten is told once more.
"""

import logging
from collections import OrderedDict
from typing import Any

import structlog

from trimtab_functions.serving.summary import Summary, XrKey

LEVELS = ("debug", "info", "warning", "error")

KNOWN_XRS = 10_000
"""Of which the last decision is kept, a hash each."""


def configure(level: str, *, readable: bool = False) -> None:
    """Set the process's log up.

    Args:
        level: the least of `LEVELS` that is told.
        readable: for people: coloured lines in the place of JSON.
    """
    for_people: list[Any] = [
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.dev.ConsoleRenderer(),
    ]
    for_machines: list[Any] = [
        structlog.processors.dict_tracebacks,
        # As Crossplane's own functions in Go name them.
        structlog.processors.TimeStamper(key="ts", fmt="iso"),
        structlog.processors.EventRenamer(to="msg"),
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            *(for_people if readable else for_machines),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )


class DecisionLog:
    """Tells decisions."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._last: OrderedDict[XrKey, int] = OrderedDict()

    def tell(self, summary: Summary, seconds: float) -> None:
        """Tell a decision, by whether it is news.

        Args:
            summary: the answer in short.
            seconds: what it took.
        """
        if summary.unfinished:
            if self._log.is_enabled_for(logging.DEBUG):
                self._log.debug("not all is fetched yet", **_told(summary, seconds))
            return
        decided = hash(summary.decision)
        changed = self._last.get(summary.xr) != decided
        self._last[summary.xr] = decided
        self._last.move_to_end(summary.xr)
        if len(self._last) > KNOWN_XRS:
            self._last.popitem(last=False)
        if changed:
            self._log.info("the decision changed", **_told(summary, seconds))
        elif self._log.is_enabled_for(logging.DEBUG):
            self._log.debug("the decision stays", **_told(summary, seconds))


def _told(summary: Summary, seconds: float) -> dict[str, Any]:
    capacity = summary.capacity
    told: dict[str, Any] = {
        "tag": summary.tag,
        "xr-kind": summary.xr.kind,
        "xr-namespace": summary.xr.namespace,
        "xr-name": summary.xr.name,
        "reasons": summary.reasons,
        "resources": {stand.lower(): count for stand, count in sorted(capacity.stands.items())},
        "milliseconds": round(seconds * 1000, 3),
    }
    nodes = {
        f"{share.stand}/{share.option}".lower(): dict(each._asdict())
        for share, each in sorted(capacity.nodes.items())
    }
    optional = {"plan": capacity.plan, "nodes": nodes, "why": summary.messages}
    return told | {name: value for name, value in optional.items() if value}
