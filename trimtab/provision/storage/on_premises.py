"""Makers of the backends on machines of one's own."""

from trimtab.provision.storage.model import Maker

MAKERS: dict[str, Maker] = {}
"""By the backend's id."""
