"""Whatever stands in a node pool or a machine's template, reading and keeping it is no crash."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.cloud_plans import aks_group, aks_plan, gke_group, gke_plan
from support.plans import group, plan, pool
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters.aks_node_pool import AksNodePool
from trimtab_functions.capacity.adapters.base import GroupAdapter, Scaling
from trimtab_functions.capacity.adapters.cluster_api import ClusterApiMachines
from trimtab_functions.capacity.adapters.gke_node_pool import GkeNodePool

WORDS = (
    # GKE
    "nodeConfig autoscaling totalMaxNodeCount minNodeCount maxNodeCount nodeCount nodeLocations location "
    "guestAccelerator gpuSharingConfig gpuPartitionSize maxSharedClientsPerGpu gpuSharingStrategy taint "
    "labels resourceLabels reservationAffinity values consumeReservationType placementPolicy tpuTopology "
    "machineType queuedProvisioning enabled spot managedInstanceGroupUrls initialNodeCount "
    # AKS
    "autoScalingEnabled minCount maxCount priority nodeTaints nodeLabels tags zones vmSize upgradeSettings "
    "capacityReservationGroupId gpuDriver "
    # Cluster API
    "template spec metadata replicas taints key effect failureDomains failureDomain bootstrap configRef "
    "observedGeneration readyReplicas generation managedFields fieldsV1 manager f:spec f:replicas "
    "annotations cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size trimtab.dev/instance-types "
    "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size trimtab.dev/group "
    "capacity.cluster-autoscaler.kubernetes.io/labels capacity.cluster-autoscaler.kubernetes.io/taints "
    # both providers
    "forProvider initProvider managementPolicies atProvider status conditions"
)
KEYS = WORDS.split()
TEXTS = (
    "a",
    "-1",
    "3",
    "4x4",
    "a=b,c",
    "SPECIFIC_RESERVATION",
    "MPS",
    "1g.5gb",
    "us-central1-a",
    "false",
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([-1, 0, 1, 2.0, 2.5, 1e9, float("inf"), float("nan")])
    | st.sampled_from(TEXTS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)
EITHER = st.one_of(OBJECTS, VALUES)

ADAPTERS: dict[str, tuple[GroupAdapter, CapacityPlan]] = {
    "NodePool": (GkeNodePool(), gke_plan(gke_group("main"))),
    "KubernetesClusterNodePool": (AksNodePool(), aks_plan(aks_group("main"))),
    "MachineDeployment": (
        ClusterApiMachines(),
        plan(pools=[pool(groups=[group("main", {"option": "on-demand"})])]),
    ),
}


@pytest.mark.parametrize("kind", ADAPTERS)
@settings(max_examples=60, deadline=None)
@given(
    metadata=EITHER, spec=EITHER, provider=EITHER, initial=EITHER, status=EITHER, template=EITHER
)
def test_no_malformed_document_is_a_crash(
    kind: str,
    metadata: Any,
    spec: Any,
    provider: Any,
    initial: Any,
    status: Any,
    template: Any,
) -> None:
    adapter, given_plan = ADAPTERS[kind]
    if isinstance(spec, dict):
        spec = {**spec, "forProvider": provider, "initProvider": initial, "template": template}
    reported = {**status, "atProvider": provider} if isinstance(status, dict) else status
    document = {"kind": kind, "metadata": metadata, "spec": spec, "status": reported}
    (one,) = given_plan.spec.pools
    found = adapter.running(document).sizes
    assert found is None or found.desired >= 0
    adapter.is_ready(document)
    adapter.region(document)
    there = adapter.fixed(document)
    scaling = Scaling(Sizes(1, 2, 3), 2, enforced=2)
    for base in (None, document, {"kind": kind}):
        adapter.sized(adapter.held(document, base), scaling)
    adapter.named(document, "spot-0a1b2c")
    with contextlib.suppress(InputError):
        decided = adapter.decide(given_plan, one, one.groups[0], document)
        there.gives(decided.fixed)
        adapter.sized(adapter.planned(document, decided), scaling)
