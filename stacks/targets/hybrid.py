"""Target hybrid: a cluster on EKS, clusters of owned machines on premises and at the edge, one plan for all."""

from collections.abc import Mapping
from typing import Any

import pulumi

from targets import Asked, aws
from targets.inside import furnish
from targets.kinds import Kinds, Late
from targets.sites import SITES, MadeSite, make_sites
from trimtab.errors import InputError, allowed
from trimtab.plan.parts import part_of
from trimtab_components.program import settings_for


def kinds() -> Mapping[str, Any]:
    """Every setting, with its type."""
    return Kinds(aws.kinds(), SITES, {"manager": Late("queueing.arguments:QueueingArgs", _manager)})


def _manager(arguments: type) -> Mapping[str, Any]:
    own = settings_for(arguments, leave_out=["plan", "workers"])
    return {**own, "workers": list[str]}


def make(asked: Asked) -> None:
    """Make the target's resources."""
    settings = dict(asked.settings)
    stated = aws.taken(settings)
    sites, everywhere = settings.pop("sites", {}), settings.pop("everywhere", {})
    manager = settings.pop("manager", None)
    cloud = aws.cluster(asked.name, asked.plan, settings, stated, part=True)
    shared = {key: settings[key] for key in ("as_of",) if key in settings}
    made = make_sites(asked.name, asked.plan, sites, everywhere, shared)
    inside = furnish(cloud.place, stated)
    if manager:
        _manage(asked, manager, made, inside.get("queueing"), cloud)
    aws.around(asked.name, part_of(asked.plan, None), stated)
    pulumi.export("sites", {site: each.component.kubeconfig for site, each in made.items()})


def _manage(
    asked: Asked,
    settings: Mapping[str, Any],
    sites: Mapping[str, MadeSite],
    queues: pulumi.Resource | None,
    cloud: aws.Made,
) -> None:
    """MultiKueue in the cloud's cluster, which sends work to the sites that are named."""
    from trimtab_components import Queueing

    workers: dict[str, Any] = {}
    for site in settings.get("workers", ()):
        if site not in sites:
            raise InputError(
                f"{site} is not made here",
                where="trimtab:manager.workers",
                mend=f"use one of {allowed(list(sites))}" if sites else "name it in trimtab:sites",
            )
        way = (
            {"kubeconfig": sites[site].component.kubeconfig}
            if sites[site].has_kubeconfig
            else {"kubeconfig_secret": f"{site}-kubeconfig"}
        )
        workers[site] = {"plan": part_of(asked.plan, site), **way}
    arguments: Any = {"install": queues is None, **settings, "workers": workers}
    after = pulumi.ResourceOptions(depends_on=[] if queues is None else [queues])
    Queueing(f"{asked.name}-manager", arguments, pulumi.ResourceOptions.merge(cloud.inside, after))
