"""The findings of a diff as SARIF 2.1.0, for code scanning and editors.

A finding's fingerprint is made of its rule, its resource and its place among those of the same rule and
resource, not of its words, which may have figures in them: it stays the same from run to run. What the
change does not bring has the baseline state `unchanged`, so that a check may ignore it.
"""

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from trimtab import __version__
from trimtab.clock import format_instant
from trimtab.diff.model import Diff, Finding, Severity
from trimtab.diff.outputs.figures import plain
from trimtab.diff.outputs.json_document import rules_of
from trimtab.pricing.model import Estimate

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "trimtabFinding/v1"

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PLACE = re.compile(r"(?P<file>.+?)(?::(?P<line>[1-9]\d*))?(?::[1-9]\d*)?")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SarifOptions:
    """How findings are placed.

    Attributes:
        file: what stands for a resource whose file nobody knows, relative to the repository's root:
            GitHub shows only what has a file. "": such a finding has a logical location only.
    """

    file: str = ""


def sarif(diff: Diff, options: SarifOptions | None = None) -> str:
    """The findings as a SARIF log, its last line ended."""
    options = options or SarifOptions()
    rules = rules_of(diff)
    places = {rule.id: place for place, rule in enumerate(rules)}
    estimates = {change.key: change.estimate for change in diff.changes}
    seen: Counter[tuple[str, str]] = Counter()
    results = []
    for finding in diff.findings:
        seen[finding.rule.id, finding.key] += 1
        nth = seen[finding.rule.id, finding.key]
        estimate = estimates.get(finding.key)
        results.append(_result(finding, places[finding.rule.id], nth, estimate, options))
    driver = {
        "name": "trimtab",
        "version": __version__,
        "rules": [
            {
                "id": rule.id,
                "name": _pascal(rule.id),
                "shortDescription": {"text": plain(rule.title) or rule.id},
                "fullDescription": {"text": plain(rule.help) or plain(rule.title) or rule.id},
                "help": {"text": plain(rule.help) or plain(rule.title) or rule.id},
            }
            for rule in rules
        ],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "trimtab/diff/"},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"asOf": format_instant(diff.as_of)},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, allow_nan=False) + "\n"


def _pascal(rule: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", rule))


def _result(
    finding: Finding, place: int, nth: int, estimate: Estimate | None, options: SarifOptions
) -> Document:
    identity = "\0".join((finding.rule.id, finding.key, str(nth)))
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": place,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{plain(finding.message)}; {plain(finding.mend)}"},
        "locations": [_location(finding, estimate, options)],
        "partialFingerprints": {
            FINGERPRINT: hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
        },
        "baselineState": "new" if finding.introduced else "unchanged",
    }


def _location(finding: Finding, estimate: Estimate | None, options: SarifOptions) -> Document:
    where = estimate.resource.where if estimate else ""
    location: Document = {}
    if physical := _physical(where or options.file):
        location["physicalLocation"] = physical
    if estimate is None:
        named = {"name": "change", "kind": "module"}
        if finding.key:
            named = {"name": plain(finding.key), "kind": "resource"}
    else:
        resource = estimate.resource
        named = {
            "name": plain(resource.name or resource.key),
            "fullyQualifiedName": plain(resource.key),
            "kind": "resource",
        }
    location["logicalLocations"] = [named]
    return location


def _physical(where: str) -> Document | None:
    """A file and its line: `k8s/pools.yaml:12`."""
    found = _PLACE.fullmatch(plain(where))
    if not found:
        return None
    uri = quote(found["file"].replace("\\", "/").removeprefix("./"), safe="/")
    artifact = {"uri": f"file://{uri}" if uri.startswith("/") else uri}
    physical: Document = {"artifactLocation": artifact}
    # Code scanning refuses a result without a line.
    physical["region"] = {"startLine": int(found["line"] or 1)}
    return physical
