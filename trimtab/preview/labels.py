"""The tags or labels by which a resource says where it belongs."""

from collections.abc import Mapping
from typing import Any

from trimtab.preview.tariff import value_at

LABEL_PATHS = (
    "tags",
    "labels",
    "spec.template.metadata.labels",
    "metadata.labels",
    "nodeConfig.labels",
    "nodeLabels",
)
"""Inputs where a resource may carry the tags or labels of its plan group, most telling first."""


def label_of(inputs: Mapping[str, Any], tag: str, label: str) -> str | None:
    """What a resource's tags or labels say under either name; None when nothing."""
    for path in LABEL_PATHS:
        labels = value_at(inputs, path)
        if isinstance(labels, list):  # an Auto Scaling group's: [{key, value, propagateAtLaunch}]
            pairs = [entry for entry in labels if isinstance(entry, Mapping)]
            labels = {entry.get("key"): entry.get("value") for entry in pairs}
        if isinstance(labels, Mapping):
            value = labels.get(tag, labels.get(label))
            if isinstance(value, str):
                return value
    return None
