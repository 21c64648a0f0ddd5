"""Target edge: clusters of owned machines, and nothing in a cloud."""

from collections.abc import Mapping
from typing import Any

import pulumi

from targets import Asked
from targets.kinds import COMMON, Kinds
from targets.sites import SITES, make_sites
from trimtab.errors import InputError


def kinds() -> Mapping[str, Any]:
    """Every setting, with its type."""
    return Kinds(COMMON, {"asOf": str}, SITES)


def make(asked: Asked) -> None:
    """Make the target's resources."""
    settings = asked.settings
    if not settings.get("sites"):
        raise InputError("is not set", where="trimtab:sites", mend="name the sites to make")
    shared = {key: settings[key] for key in ("as_of",) if key in settings}
    made = make_sites(
        asked.name, asked.plan, settings["sites"], settings.get("everywhere", {}), shared
    )
    pulumi.export("clusters", {site: each.component.kubeconfig for site, each in made.items()})
