"""AWS Cost Anomaly Detection: what is watched, and what is told of.

Pure. One monitor watches every AWS service; an account may have only one of these. Further ones watch an
owner's tag each. A subscription tells of anomalies whose impact reaches both an amount and a part of what
was expected, so that neither a large account's noise nor a small one's first dollars are told of.

Source: AWS Cost Management API, CreateAnomalyMonitor and CreateAnomalySubscription, 2026-11.
"""

import json
from collections.abc import Mapping
from typing import Any

SERVICES = {"monitor_type": "DIMENSIONAL", "monitor_dimension": "SERVICE"}


def of_owner(tag: str, value: str) -> dict[str, Any]:
    """A monitor of what bears a tag, as Pulumi spells it."""
    specification = {"Tags": {"Key": tag, "Values": [value], "MatchOptions": ["EQUALS"]}}
    return {
        "monitor_type": "CUSTOM",
        "monitor_specification": json.dumps(specification, sort_keys=True),
    }


def threshold(usd: float, percentage: float) -> Mapping[str, Any]:
    """From which impact on an anomaly is told of; a percentage of 0 asks for the amount alone."""
    amount = _at_least("ANOMALY_TOTAL_IMPACT_ABSOLUTE", usd)
    if not percentage:
        return amount
    return {"ands": [amount, _at_least("ANOMALY_TOTAL_IMPACT_PERCENTAGE", percentage)]}


def _at_least(key: str, value: float) -> dict[str, Any]:
    return {
        "dimension": {
            "key": key,
            "match_options": ["GREATER_THAN_OR_EQUAL"],
            "values": [f"{value:g}"],
        }
    }
