"""What a chart and an image are: an address, a version, and when and where that was looked up."""

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


@dataclass(frozen=True)
class ImageSource:
    """A container image that Trimtab runs itself, where no chart does.

    Attributes:
        as_of: the day on which the version was looked up.
        source: where.
    """

    repository: str
    version: str
    as_of: str
    source: str

    @property
    def reference(self) -> str:
        """What a container's `image` is."""
        return f"{self.repository}:{self.version}"
