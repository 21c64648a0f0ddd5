"""Kueue's quotas that follow a pool, and flavors that follow a group."""

from fractions import Fraction
from typing import Any

import pytest

from support import plans
from support.following import now_of
from trimtab.errors import InputError
from trimtab.policy.model import Stability
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.queueing.capacity import pool_capacities
from trimtab_functions.capacity.adapters import follower
from trimtab_functions.capacity.adapters.kueue import Quota, ResourceFlavor
from trimtab_functions.capacity.adapters.quantities import quantity, written

QUOTA, FLAVOR = Quota(), ResourceFlavor()
TAINT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}


def queue(
    *flavors: dict[str, Any], covered: tuple[str, ...] = ("nvidia.com/gpu",), **spec: Any
) -> Any:
    groups = [{"coveredResources": list(covered), "flavors": list(flavors)}] if flavors else None
    return {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "ClusterQueue",
        "metadata": {"name": "training"},
        "spec": {
            "namespaceSelector": {},
            **({"resourceGroups": groups} if groups else {}),
            **spec,
        },
    }  # fmt: skip


def flavor(name: str, *resources: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "resources": list(resources)}


def gpus(quota: Any = "0", **more: Any) -> dict[str, Any]:
    return {"name": "nvidia.com/gpu", "nominalQuota": quota, **more}


def annotated(document: dict[str, Any], **annotations: str) -> dict[str, Any]:
    notes = {f"trimtab.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {**document, "metadata": {**document["metadata"], "annotations": notes}}


def training(
    main: tuple[tuple[int, int, int], ...] = ((2, 3, 4), (3, 4, 6), (1, 2, 4)), **changes: Any
) -> Any:
    groups = [
        plans.group("main", {"option": "on-demand"}, windows=plans.windows(*main)),
        plans.group("spot", {"option": "spot", "pools": 2}, taints=[TAINT],
                    windows=plans.windows(*([(0, 1, 3)] * len(main)))),
    ]  # fmt: skip
    return plans.plan(pools=[plans.pool(groups=groups, **changes)])


def quotas(document: dict[str, Any] | None) -> dict[str, dict[str, str]]:
    assert document is not None
    return {
        each["name"]: {r["name"]: r["nominalQuota"] for r in each["resources"]}
        for group in document["spec"]["resourceGroups"]
        for each in group["flavors"]
    }


def test_a_queue_without_resource_groups_gets_a_flavor_for_each_group() -> None:
    made = QUOTA.follow(queue(cohortName="all"), None, now_of(training()))
    assert made.document is not None
    assert made.document["spec"] == {
        "namespaceSelector": {},
        "cohortName": "all",
        "resourceGroups": [
            {
                "coveredResources": ["nvidia.com/gpu"],
                "flavors": [
                    flavor("trainer-spot", gpus("24")),
                    flavor("trainer-main", gpus("32")),
                ],
            }
        ],
    }


def test_flavors_by_convention_or_by_annotation_and_the_rest_stays() -> None:
    own = flavor("on-premises", gpus("7"), {"name": "memory", "nominalQuota": "1Ti"})
    base = queue(
        own,
        flavor("trainer-spot", gpus("1", borrowingLimit="8"), {"name": "memory", "nominalQuota": "2Ti"}),
        flavor("paid", gpus("1"), {"name": "memory", "nominalQuota": "3Ti"}),
        covered=("nvidia.com/gpu", "memory"),
    )  # fmt: skip
    made = QUOTA.follow(annotated(base, kueue_flavors="main = paid"), None, now_of(training()))
    assert made.document is not None
    (group,) = made.document["spec"]["resourceGroups"]
    assert group["flavors"] == [
        own,
        flavor("trainer-spot", gpus("24", borrowingLimit="8"), {"name": "memory", "nominalQuota": "2Ti"}),
        flavor("paid", gpus("32"), {"name": "memory", "nominalQuota": "3Ti"}),
    ]  # fmt: skip


def test_vcpus_where_demand_is_counted_in_them() -> None:
    plan = training(unit="vcpus")
    base = queue(
        *(flavor(f"trainer-{each}", {"name": "cpu", "nominalQuota": "1"}) for each in ("main", "spot")),
        covered=("cpu",),
    )  # fmt: skip
    assert quotas(QUOTA.follow(base, None, now_of(plan)).document) == {
        "trainer-main": {"cpu": "32"},
        "trainer-spot": {"cpu": "24"},
    }


@pytest.mark.parametrize(
    ("base", "plan", "says"),
    [
        (queue(flavor("trainer-main", gpus())), training(), "has no flavor trainer-spot"),
        (annotated(queue(), kueue_flavors="other=x"), training(), "'other=x' names no group"),
        (annotated(queue(), kueue_flavors="spot"), training(), "'spot' names no group"),
        (queue(), plans.plan(pools=[plans.pool(unit="replicas", groups=[
            plans.group("main", {"option": "on-demand"}, accelerator=None)])]),
         "does not tell what a node of pool trainer holds"),
    ],
)  # fmt: skip
def test_what_can_not_be_followed(base: dict[str, Any], plan: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        QUOTA.follow(base, None, now_of(plan))


def reserved(document: dict[str, Any], total: str, borrowed: str = "0") -> dict[str, Any]:
    """The queue as it exists, with what admitted workloads hold of the main flavor."""
    held = {"name": "nvidia.com/gpu", "total": total, "borrowed": borrowed}
    status = {"flavorsReservation": [{"name": "trainer-main", "resources": [held]}]}
    return {**document, "status": status}


@pytest.mark.parametrize(
    ("total", "borrowed", "expected"),
    [("0", "0", "8"), ("20", "0", "20"), ("32", "0", "32"), ("40", "8", "32"), ("12", "8", "8")],
    ids=["nothing held", "some held", "all held", "all and borrowed", "held by borrowing"],
)
def test_a_quota_is_never_below_what_workloads_hold_of_it(
    total: str, borrowed: str, expected: str
) -> None:
    plan = training(main=((4, 4, 4), (1, 1, 1)))
    first = QUOTA.follow(queue(), None, now_of(plan)).document
    assert first is not None
    made = QUOTA.follow(queue(), reserved(first, total, borrowed), now_of(plan, 1))
    assert quotas(made.document)["trainer-main"]["nvidia.com/gpu"] == expected


def test_quotas_shrink_by_steps_once_a_window() -> None:
    damped = Stability()
    plan = training(main=((9, 9, 9), (2, 2, 2)))
    observed = QUOTA.follow(queue(), None, now_of(plan, stability=damped)).document
    seen = []
    for _ in range(3):
        made = QUOTA.follow(queue(), observed, now_of(plan, 1, stability=damped))
        observed = made.document
        seen.append(quotas(observed)["trainer-main"]["nvidia.com/gpu"])
    assert seen == ["40", "40", "40"]
    assert made.reason is not None
    assert made.reason.startswith("main: not smaller in the window")


def test_a_queue_that_ran_before_shrinks_by_steps_too() -> None:
    before = queue(flavor("trainer-main", gpus(80)), flavor("trainer-spot", gpus("24")))
    made = QUOTA.follow(before, before, now_of(training(), stability=Stability()))
    assert quotas(made.document)["trainer-main"]["nvidia.com/gpu"] == "40"


def test_a_device_is_had_whole() -> None:
    accelerator = {"model": "h100", "resource": "nvidia.com/gpu", "perNode": 0.5}
    group = plans.group("main", {"option": "on-demand"}, accelerator=accelerator,
                        windows=plans.windows((1, 1, 3)))  # fmt: skip
    plan = plans.plan(pools=[plans.pool(groups=[group])])
    made = QUOTA.follow(queue(), None, now_of(plan)).document
    assert quotas(made)["trainer-main"]["nvidia.com/gpu"] == "1"


def test_without_a_plan_quotas_stay_or_are_not_made() -> None:
    assert QUOTA.held(queue(), None) is None
    observed = QUOTA.follow(queue(), None, now_of(training())).document
    assert observed is not None
    kept = QUOTA.held(queue(queueingStrategy="StrictFIFO"), observed)
    assert kept is not None
    assert kept["spec"]["resourceGroups"] == observed["spec"]["resourceGroups"]
    assert kept["spec"]["queueingStrategy"] == "StrictFIFO"
    assert kept["metadata"]["annotations"] == observed["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("status", "ready"),
    [({}, True), ({"conditions": [{"type": "Active", "status": "True"}]}, True),
     ({"conditions": [{"type": "Active", "status": "False"}]}, False)],
)  # fmt: skip
def test_readiness(status: dict[str, Any], ready: bool) -> None:
    assert QUOTA.is_ready({**queue(), "status": status}) is ready


def test_a_flavor_has_its_groups_labels_and_taints() -> None:
    base = {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "ResourceFlavor",
        "metadata": {"name": "trainer-spot"},
        "spec": {
            "nodeLabels": {"zone": "a"},
            "tolerations": [{"key": "own", "operator": "Exists"}],
        },
    }
    made = FLAVOR.follow(base, None, now_of(training(), group="spot"))
    assert made.document is not None
    assert made.document["spec"] == {
        "nodeLabels": {
            "zone": "a",
            "trimtab.dev/pool": "trainer",
            "trimtab.dev/group": "spot",
            "trimtab.dev/purchase-option": "spot",
        },
        "nodeTaints": [TAINT],
        "tolerations": [{"key": "own", "operator": "Exists"}],
    }
    assert FLAVOR.held(base, None) is None
    assert FLAVOR.held(base, made.document) == made.document
    assert isinstance(follower(base), ResourceFlavor)
    assert isinstance(follower({**base, "kind": "Cohort"}), Quota)


@pytest.mark.parametrize(
    ("share", "tolerated"),
    [(0.5, []), (1.0, [{"key": TAINT["key"], "operator": "Exists", "effect": "NoSchedule"}])],
)
def test_a_flavor_tolerates_spot_for_its_work_only_where_all_of_it_may_be_interrupted(
    share: float, tolerated: list[Any]
) -> None:
    base = {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "ResourceFlavor",
        "metadata": {"name": "trainer-spot"},
    }
    plan = training(interruptibleShare=share)
    made = FLAVOR.follow(base, None, now_of(plan, group="spot"))
    assert made.document is not None
    assert made.document["spec"].get("tolerations", []) == tolerated
    assert made.document["spec"]["nodeTaints"] == [TAINT]


@pytest.mark.parametrize(
    ("text", "number"),
    [("8", 8), (8, 8), (1.5, Fraction(3, 2)), ("500m", Fraction(1, 2)), ("64Gi", 64 * 2**30),
     ("1k", 1000), ("1.5G", 1_500_000_000), (".5", Fraction(1, 2)), ("+3", 3), ("2n", Fraction(2, 10**9)),
     ("", None), ("-1", None), ("1e3", None), ("x", None), (None, None), (True, None),
     (float("inf"), None), (float("nan"), None)],
)  # fmt: skip
def test_quantities(text: Any, number: Any) -> None:
    assert quantity(text) == number


def test_quantities_are_written_in_thousandths_at_the_finest() -> None:
    assert written(Fraction(3)) == "3"
    assert written(Fraction(1, 3)) == "333m"
    assert quantity(written(Fraction(7, 2))) == Fraction(7, 2)


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("per_node", [8.0, 0.5])
def test_the_component_gives_the_same_flavors_and_quotas(share: float, per_node: float) -> None:
    gpu = {"model": "a100-40gb", "resource": "nvidia.com/gpu", "perNode": per_node}
    groups = [
        plans.group("spot", {"option": "spot", "pools": 2}, accelerator=gpu),
        plans.group("late", {"option": "on-demand"}, accelerator=gpu),
        plans.group("held", {"option": "reserved", "term": "1y"}, accelerator=gpu,
                    taints=[{"key": "a.b/c", "effect": "NoSchedule"}]),
    ]  # fmt: skip
    plan = plans.plan(pools=[plans.pool(groups=groups, interruptibleShare=share)])
    (component,) = pool_capacities(
        plan, plans.START, {}, SettingsByGroup(plan, None, ""), lambda _: None, None, ""
    )
    adapter = quotas(QUOTA.follow(queue(), None, now_of(plan)).document)
    assert list(adapter) == [each.name for each in component.flavors]
    for each in component.flavors:
        assert adapter[each.name] == {key: written(of) for key, of in each.holds.items()}
        base = {
            "apiVersion": "kueue.x-k8s.io/v1beta2",
            "kind": "ResourceFlavor",
            "metadata": {"name": each.name},
        }
        group = each.name.removeprefix("trainer-")
        made = FLAVOR.follow(base, None, now_of(plan, group=group)).document
        assert made is not None
        assert made["spec"] == {
            key: value
            for key, value in {
                "nodeLabels": dict(each.labels),
                "nodeTaints": [taint.model_dump() for taint in each.taints],
                "tolerations": [dict(one) for one in each.tolerations],
            }.items()
            if value
        }
