"""The charts and images that Trimtab installs: where each comes from and which version, as of a date.

The one place for these facts; they age. The version is what was published on the date, and an
override of the shape {version, namespace, values} replaces it. `source` says where the version was
found and at which version the chart's values were read. A family of components has a module here.
"""

from trimtab.provision.charts import (
    accelerators,
    cluster,
    delivery,
    edge,
    karpenter,
    observability,
    queueing,
    storage,
    storage_on_premises,
)
from trimtab.provision.charts.model import ChartSource, ImageSource

__all__ = ["CHARTS", "IMAGES", "ChartSource", "ImageSource"]

_FAMILIES = (
    accelerators,
    cluster,
    delivery,
    edge,
    karpenter,
    observability,
    queueing,
    storage,
    storage_on_premises,
)

CHARTS: tuple[ChartSource, ...] = tuple(
    fact for family in _FAMILIES for fact in vars(family).values() if isinstance(fact, ChartSource)
)
IMAGES: tuple[ImageSource, ...] = tuple(
    fact for family in _FAMILIES for fact in vars(family).values() if isinstance(fact, ImageSource)
)
"""The images that are run without a chart."""
