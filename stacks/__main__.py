"""What a capacity plan asks for, by target: a cluster on EKS, sites at the edge, all of it together, or files.

Settings, each `trimtab:<name>` in stacks/Pulumi.<stack>.yaml or by `pulumi config set`; paths are relative to the
repository's root. Besides these, every argument of a target's component is a setting in Pulumi's spelling (`asOf`
for `as_of`, inner names too): `HeterogeneousClusterArgs` on aws and hybrid, `KarpenterPoolsArgs` on local.

all     target         aws, edge, hybrid or local
        plan           file of the CapacityPlan; default stacks/plans/example.yaml
        name           of the cluster and its resources; default trimtab
        asOf           instant whose window holds, ISO 8601; default the plan's start. On aws and hybrid set it to
                       the present: Auto Scaling takes no schedule that lies in the past
but     running        sizes that run now: {"<pool>-<group>-<generation>": {min, desired, max}}
edge    pools          how nodes are set up, by pool or by <pool>/<group>: see `PoolSettings`
        accelerators   of `AcceleratorsArgs`: {dra, components: {GpuOperator: {...}}, ...}
inside  what a cluster has inside, each only where it is set, {} for the component's defaults:
        policyEngine   of `PolicyEngineArgs`: {engine: kyverno, ...}
        storage        of `StorageClassesArgs`: {classes, drivers, ...}
        observability  of `ObservabilityArgs`: {parts, retentionDays, ...}
        queueing       of `QueueingArgs`: {queues, machines, ...}; quotas are of this cluster's part of the plan
        crossplane     of `CrossplaneControlPlaneArgs`: {providers, apis, ...}
        gitops         of `GitOpsArgs`: {engine, url, environments, ...}
        These are settings on aws, hybrid (there of the cluster on EKS) and local; on edge and hybrid each site has
        its own, and `everywhere` those that every site has.
aws     karpenterPools the plan's pools that Karpenter provisions; the others get node groups
hybrid  controller     of `KarpenterControllerArgs`: {replicas, cpu, memory, override, ...}
        karpenter      of `KarpenterPoolsArgs`: {overlays, staticBaseline, buffers, maintenance, ...}
        data           of `DataLifecycleArgs`: {buckets: {<name>: {intent: cold}}}
        governance     of `CostGovernanceArgs`: {emails, margin, ...}, of the cloud's part of the plan
hybrid  manager        of `QueueingArgs`, with `workers` as a list of sites: MultiKueue on EKS, which sends work there
edge    sites          by the site's name in the plan: {cluster: k3s, microk8s or existing; under that word its
hybrid                 component's arguments; whatever the cluster has inside; without: [families]}. Tokens to
                       join with are made where none is given, and kept as secrets in the stack's state
        everywhere     what every site has inside, where it states nothing of its own and is not `without` it
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
