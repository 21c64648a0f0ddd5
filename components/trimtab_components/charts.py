"""The Helm charts that Trimtab installs: where each comes from and which version, as of a date.

The one place for these facts; they age. The version is what was published on the date, and an
override of the shape {version, namespace, values} replaces it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChartSource:
    """A chart's address.

    Attributes:
        as_of: the day on which the version was looked up.
        source: where.
    """

    chart: str
    version: str
    repository: str
    namespace: str
    as_of: str
    source: str


GPU_OPERATOR = ChartSource(
    chart="gpu-operator",
    version="v26.7.0",
    repository="https://helm.ngc.nvidia.com/nvidia",
    namespace="gpu-operator",
    as_of="2026-11-23",
    source="https://github.com/NVIDIA/gpu-operator, tag v26.7.0",
)
