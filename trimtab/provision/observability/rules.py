"""Recording rules and alerts together, as Prometheus and its operator take them."""

from collections.abc import Mapping
from typing import Any

from trimtab.provision.observability.alerts import Alert
from trimtab.provision.observability.recording import Recording

RULES_NAME = "trimtab"
INTERVAL = "1m"


def rule_groups(
    recordings: tuple[Recording, ...], alerts: tuple[Alert, ...], runbooks: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The content of a rules file.

    One group, for its rules are evaluated in order and at one instant; groups are not.
    """
    return {
        "groups": [
            {
                "name": RULES_NAME,
                "interval": INTERVAL,
                "rules": [
                    *(each.rule() for each in recordings),
                    *(each.rule(runbooks) for each in alerts),
                ],
            }
        ]
    }


def prometheus_rule(
    groups: Mapping[str, Any], namespace: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """The same as an object of the Prometheus operator."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": RULES_NAME, "namespace": namespace, "labels": dict(labels)},
        "spec": dict(groups),
    }
