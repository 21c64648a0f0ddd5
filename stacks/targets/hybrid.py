"""Target hybrid: a cluster on EKS, clusters of owned machines on premises and at the edge, one plan for all."""

from collections.abc import Mapping
from typing import Any

import pulumi

from targets import Asked, aws
from targets.inside import furnish
from targets.kinds import Kinds
from targets.sites import SITES, make_sites
from trimtab.plan.parts import part_of


def kinds() -> Mapping[str, Any]:
    """Every setting, with its type."""
    return Kinds(aws.kinds(), SITES)


def make(asked: Asked) -> None:
    """Make the target's resources."""
    settings = dict(asked.settings)
    stated = aws.taken(settings)
    sites, everywhere = settings.pop("sites", {}), settings.pop("everywhere", {})
    cloud = aws.cluster(asked.name, asked.plan, settings, stated, part=True)
    shared = {key: settings[key] for key in ("as_of",) if key in settings}
    made = make_sites(asked.name, asked.plan, sites, everywhere, shared)
    furnish(cloud.place, stated)
    aws.around(asked.name, part_of(asked.plan, None), stated)
    pulumi.export("sites", {site: each.component.kubeconfig for site, each in made.items()})
