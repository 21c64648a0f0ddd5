"""Target local: the plan, and what carries it out inside a cluster, as files to review and apply."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from targets import Asked
from targets.inside import FAMILIES, INSIDE, Place, argument, furnish
from targets.kinds import COMMON, Kinds
from targets.nodes import NODES, drivers, node_pools
from trimtab.plan.attribution import object_labels
from trimtab_components.karpenter.arguments import KarpenterPoolsArgs
from trimtab_components.plan_object import NAMESPACE, plan_object
from trimtab_components.program import settings_for


def kinds() -> Mapping[str, Any]:
    """Every setting, with its type."""
    return Kinds(
        settings_for(KarpenterPoolsArgs, leave_out=["plan", "cluster_name"]),
        COMMON,
        NODES,
        INSIDE,
        {"renderTo": str},
    )


IN_FILES = {"storage": {"install_drivers": False}}
"""What a folder of files can't have: on AWS a driver is an add-on, with a role."""


def make(asked: Asked) -> None:
    """Make the target's resources."""
    plan, settings = asked.plan, dict(asked.settings)
    accelerators = {"delivery": "flux", **settings.pop("accelerators", {})}
    stated = {key: settings.pop(key) for key in map(argument, FAMILIES) if key in settings}
    # The cluster's name is in the objects, not in the resources' names: a file's name is its object's,
    # so a resource of another name would write the file and then, as the old one, delete it.
    cluster, name = asked.name, pulumi.get_project()
    rendered = settings.pop("render_to", "rendered")
    # Relative to where providers run, so that the stack's state is the same on every machine.
    here = asked.root / "stacks"
    folder = (
        rendered if Path(rendered).is_absolute() else os.path.relpath(asked.root / rendered, here)
    )
    provider = kubernetes.Provider(name, render_yaml_to_directory=folder)
    home = kubernetes.core.v1.Namespace(
        f"{name}-namespace",
        metadata=kubernetes.meta.v1.ObjectMetaArgs(name=NAMESPACE, labels=object_labels(plan)),
        opts=pulumi.ResourceOptions(provider=provider),
    )
    after = pulumi.ResourceOptions(provider=provider, depends_on=[home])
    plan_object(name, plan, NAMESPACE, object_labels(plan), after)
    inside = pulumi.ResourceOptions(providers=[provider])
    drivers(name, plan, settings, accelerators, inside)
    furnish(
        Place(name, cluster, plan, inside, defaults=IN_FILES),
        {key: {"delivery": "flux", **each} for key, each in stated.items()},
    )
    if plan.spec.site.provider == "aws":
        made = node_pools(name, plan, cluster, settings, inside)
        pulumi.export("nodePools", made.node_pool_names)
    else:
        pulumi.log.warn(f"no node pools are rendered for provider {plan.spec.site.provider}")
    pulumi.export("rendered", rendered)
