"""Clusters of owned machines, one a site: made with K3s or MicroK8s, or there already; and what each has inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Any

import pulumi

import trimtab_components
from targets.inside import FAMILIES, INSIDE, Place, argument, furnish
from targets.kinds import Kinds, Late
from trimtab.errors import InputError, allowed
from trimtab.plan.model import CapacityPlan
from trimtab.plan.parts import sites_of

CLUSTERS = {
    "k3s": ("K3sCluster", "edge.k3s:K3sClusterArgs"),
    "microk8s": ("MicroK8sCluster", "edge.microk8s:MicroK8sClusterArgs"),
    "existing": ("ExistingCluster", "existing.cluster:ExistingClusterArgs"),
}
"""By the word for them: the component, and its arguments."""
TOKENS = {"k3s": ("server_token", "agent_token"), "microk8s": ("server_token",)}
"""What machines join with, made where the settings have none."""
SITE = Kinds(
    {
        "cluster": str,
        "without": list[str],
        "accelerators": Late("accelerators.accelerators:AcceleratorsArgs"),
    },
    {key: Late(place) for key, (_, place) in CLUSTERS.items()},
    INSIDE,
)
"""Settings of one site; `without`: families of `everywhere` that it does without."""
SITES: dict[str, Any] = {"sites": GenericAlias(dict, (str, SITE)), "everywhere": INSIDE}
"""The settings of all."""


@dataclass(frozen=True)
class MadeSite:
    """A site's cluster; `has_kubeconfig`: not for one that a context of this machine reaches."""

    component: Any
    place: Place
    has_kubeconfig: bool


def make_sites(
    name: str,
    plan: CapacityPlan,
    sites: Mapping[str, Mapping[str, Any]],
    everywhere: Mapping[str, Any],
    shared: Mapping[str, Any],
) -> dict[str, MadeSite]:
    """The clusters of the sites, each with what it has inside, by site.

    Raises:
        InputError: the plan has no machines at a site, or a site's cluster is not said.
    """
    known = sites_of(plan)
    for site in sites:
        if site not in known:
            raise InputError(
                f"{site} is no site of the plan's owned machines",
                where="trimtab:sites",
                mend=f"use one of {allowed(known)}" if known else "drop it: the plan owns nothing",
            )
    return {
        site: _site(name, plan, site, settings, everywhere, shared)
        for site, settings in sites.items()
    }


def _site(
    name: str,
    plan: CapacityPlan,
    site: str,
    settings: Mapping[str, Any],
    everywhere: Mapping[str, Any],
    shared: Mapping[str, Any],
) -> MadeSite:
    where = f"trimtab:sites.{site}"
    kind = settings.get("cluster")
    if kind not in CLUSTERS:
        raise InputError(
            f"is {kind or 'not set'}",
            where=f"{where}.cluster",
            mend=f"use one of {allowed(list(CLUSTERS))}",
        )
    for other in CLUSTERS:
        if other != kind and other in settings:
            raise InputError(
                f"only counts for cluster: {other}", where=f"{where}.{other}", mend="remove it"
            )
    label = f"{name}-{site}"
    arguments: dict[str, Any] = {"plan": plan, **shared, **settings.get(kind, {})}
    if kind != "existing":
        arguments["site"] = site
    if arguments.get("transport", "ssh") == "ssh":
        for token in TOKENS.get(kind, ()):
            if token not in arguments:
                arguments[token] = _token(f"{label}-{token.replace('_', '-')}")
    component = getattr(trimtab_components, CLUSTERS[kind][0])(label, arguments)
    if component.provider is None:
        raise InputError(
            "there is no kubeconfig yet, and families are put into the cluster",
            where=f"{where}.{kind}.kubeconfig",
            mend="give it once the machines are up, or leave the families out until then",
        )
    place = Place(
        name=label,
        cluster=label,
        plan=plan,
        options=pulumi.ResourceOptions(providers=[component.provider], depends_on=[component]),
        site=site,
        shared=shared,
        part=True,
        # The cluster's component has made the plan's namespace.
        defaults={"gitops": {"create_namespaces": False}},
    )
    without = set(settings.get("without", ()))
    inside = {
        key: each
        for key in map(argument, FAMILIES)
        if (each := settings.get(key, None if key in without else everywhere.get(key))) is not None
    }
    furnish(place, inside)
    reached = kind != "existing" or "kubeconfig" in arguments
    return MadeSite(component, place, reached)


def _token(name: str) -> pulumi.Output[str]:
    """A secret of 256 bits, made once where Pulumi runs and kept in the stack's state, encrypted."""
    import pulumi_command as command

    made = command.local.Command(
        name,
        create="head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n'",
        logging=command.local.Logging.NONE,
        opts=pulumi.ResourceOptions(
            additional_secret_outputs=["stdout"], ignore_changes=["create", "logging"]
        ),
    )
    return made.stdout
