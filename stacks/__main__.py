"""What a capacity plan asks for, by target: a cluster on EKS, sites at the edge, all of it together, or files.

Settings, each `trimtab:<name>` in stacks/Pulumi.<stack>.yaml or by `pulumi config set`; paths are relative to the
repository's root. Besides these, every argument of a target's component is a setting in Pulumi's spelling (`asOf`
for `as_of`, inner names too): `HeterogeneousClusterArgs` on aws and hybrid, `KarpenterPoolsArgs` on local.

all     target         aws, edge, hybrid or local
        plan           file of the CapacityPlan; default stacks/plans/example.yaml
        name           of the cluster and its resources; default trimtab
        asOf           instant whose window holds, ISO 8601; default the plan's start. On aws and hybrid set it to
                       the present: Auto Scaling takes no schedule that lies in the past
        running        sizes that run now: {"<pool>-<group>-<generation>": {min, desired, max}}
        pools          how nodes are set up, by pool or by <pool>/<group>: see `PoolSettings`
        accelerators   of `AcceleratorsArgs`: {dra, components: {GpuOperator: {...}}, ...}
all     what a cluster has inside, each only where it is set, {} for its defaults:
        {families}
aws     karpenterPools the plan's pools that Karpenter provisions; the others get node groups
hybrid  controller     of `KarpenterControllerArgs`: {replicas, cpu, memory, override, ...}
        karpenter      of `KarpenterPoolsArgs`: {overlays, staticBaseline, buffers, maintenance, ...}
        {cloud families}
edge    sites          by the site's name in the plan: {cluster: k3s, microk8s or existing, and under that name the
hybrid                 component's arguments, and whatever the cluster has inside}
        everywhere     what every site has inside, where it states nothing of its own
local   renderTo       folder of the rendered objects; default rendered
"""

from pathlib import Path

import pulumi

from targets import Asked, settings_elsewhere, target_named
from trimtab.plan.document import load_plan
from trimtab_components.program import read_settings, user_errors

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def main() -> None:
    """Read the settings and make the target's resources."""
    target = pulumi.Config().get("target")
    module = target_named(target)
    settings = read_settings(module.kinds(), elsewhere=lambda: settings_elsewhere(target))
    settings.pop("target")
    plan = load_plan(ROOT / settings.pop("plan", "stacks/plans/example.yaml"))
    pulumi.export("plan", plan.metadata.name)
    pulumi.export("planDigest", plan.digest)
    module.make(Asked(settings.pop("name", "trimtab"), plan, settings, ROOT))


with user_errors():
    main()
