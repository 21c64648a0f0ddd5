"""Whatever stands in an object that exists or that an earlier step wrote: no crash, and never a shrink."""

import contextlib
import copy
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from support import plans
from support.following import now_of
from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters import FOLLOWERS, group_adapter
from trimtab_functions.capacity.adapters.beside import Beside
from trimtab_functions.capacity.adapters.followers import Follower
from trimtab_functions.capacity.adapters.hpa import HorizontalPodAutoscaler
from trimtab_functions.capacity.adapters.karpenter_node_pool import KarpenterNodePool
from trimtab_functions.capacity.adapters.keda import ScaledObject
from trimtab_functions.capacity.adapters.wrapped import WrappedFollower, WrappedGroup

KEYS = (
    "metadata", "spec", "status", "labels", "annotations", "name", "template", "requirements",
    "key", "operator", "values", "limits", "nodes", "cpu", "replicas", "taints", "effect", "tags",
    "resourceGroups", "flavors", "resources", "nominalQuota", "coveredResources", "triggers", "type",
    "minReplicas", "maxReplicas", "minReplicaCount", "maxReplicaCount", "idleReplicaCount",
    "currentReplicas", "flavorsReservation", "total", "borrowed", "conditions", "forProvider",
    "manifest", "atProvider", "disruption", "nodeClassRef", "group", "nodeLabels", "nodeTaints",
    "trimtab.dev/bounds", "trimtab.dev/quotas", "trimtab.dev/kueue-flavors", "trimtab.dev/release",
    "trimtab.dev/units-per-replica", "trimtab.dev/static-nodes", "trimtab.dev/static-baseline",
    "autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/max-scale",
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.floats(), st.text(max_size=8),
    st.sampled_from(["In", "true", "9", "-1", "1e9", "2026-11-01T00:00:00Z 1..9", "trainer-main",
                     "main 2026-11-01T00:00:00Z 0..4", "main=x", "²", "9" * 400]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=24,
)
DOCUMENTS = st.dictionaries(st.sampled_from(KEYS[:3]), VALUES, max_size=3)
PLAN = plans.plan(
    pools=[
        plans.pool(groups=[plans.group("main", {"option": "spot", "pools": 2})], unit="replicas")
    ]
)
MINE: tuple[Follower, ...] = tuple(
    each
    for each in FOLLOWERS
    if each.kinds[0].group
    in {"karpenter.sh", "karpenter.k8s.aws", "autoscaling.x-k8s.io", "kueue.x-k8s.io",
        "autoscaling", "keda.sh", "serving.knative.dev"}
)  # fmt: skip


def test_all_of_them_are_tried() -> None:
    assert len(MINE) == 9


@given(DOCUMENTS, st.none() | DOCUMENTS)
@example({}, {})
def test_a_follower_refuses_or_answers(base: Any, observed: Any) -> None:
    before = copy.deepcopy((base, observed))
    for each in (*MINE, *map(WrappedFollower, MINE)):
        now = now_of(PLAN, group="main", stability=Stability())
        with contextlib.suppress(InputError):
            each.follow(base, observed, now)
        held = each.held(base, observed)
        assert (held is None) == (observed is None)
        each.is_ready(observed or {})
    assert repr((base, observed)) == repr(before)


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
@example({}, {}, {})
def test_a_node_pool_never_fails(base: Any, observed: Any, companion: Any) -> None:
    pool = PLAN.spec.pools[0]
    group = pool.groups[0]
    plain = KarpenterNodePool()
    for adapter in (plain, WrappedGroup(plain)):
        adapter.fixed(observed).gives(adapter.fixed(base))
        adapter.running(observed)
        adapter.is_ready(observed)
        adapter.held(observed, None)
        adapter.held(observed, base)
        adapter.named(base, "main-0a1b2c")
        made = adapter.planned(base, adapter.decide(PLAN, pool, group, base))
        beside = Beside(
            observed, {"static": companion}, group, Sizes(0, 1, 4), group.windows[0], tuple
        )
        attached = adapter.attach(made, beside).document
        assert attached is not None
        seen = adapter.running(attached).sizes
        assert seen is not None
        assert 0 <= seen.max <= 4
    group_adapter(base)


@given(
    low=st.integers(0, 60), span=st.integers(0, 60), runs=st.integers(0, 120),
    nodes=st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)),
)  # fmt: skip
def test_a_max_never_excludes_replicas_that_run(
    low: int, span: int, runs: int, nodes: tuple[int, int, int]
) -> None:
    bottom, middle, top = sorted(nodes)
    group = plans.group(
        "main",
        {"option": "on-demand"},
        windows=plans.windows((bottom, middle, top)),
        unitsPerNode=2.0,
    )
    plan = plans.plan(pools=[plans.pool(groups=[group], unit="replicas")])
    observed = {
        "spec": {"minReplicas": low, "maxReplicas": low + span},
        "status": {"currentReplicas": runs},
    }
    made = HorizontalPodAutoscaler().follow({}, observed, now_of(plan)).document
    assert made is not None
    spec = made["spec"]
    assert 1 <= spec["minReplicas"] <= spec["maxReplicas"]
    assert spec["maxReplicas"] >= min(runs, max(low + span, runs))
    damped = ScaledObject().follow({}, {"spec": {"minReplicaCount": low, "maxReplicaCount": low + span}},
                                   now_of(plan, stability=Stability())).document  # fmt: skip
    assert damped is not None
    # At most half of it goes in one window, and one at the least.
    assert damped["spec"]["maxReplicaCount"] >= min(2 * top, low + span - max(1, (low + span) // 2))
