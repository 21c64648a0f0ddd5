"""Makers of Azure's backends."""

from trimtab.provision.storage.model import Maker

MAKERS: dict[str, Maker] = {}
"""By the backend's id."""
