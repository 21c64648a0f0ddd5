"""CSI drivers of storage on machines of one's own."""

from trimtab.provision.storage.model import Driver

DRIVERS: dict[str, Driver] = {}
"""By name."""
