"""The tree of `Queueing`: what it makes, in which order, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.inline import preview
from support.plans import plan, pool
from support.recorded import Records, of, one
from trimtab.errors import InputError, StalePlanError
from trimtab_components import Queueing

SPOT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
WORKER: dict[str, Any] = {"plan": plan(), "kubeconfig_secret": "east"}


def made(folder: Path, **arguments: Any) -> Records:
    given: Any = {"plan": plan(), **arguments}
    given = {key: each for key, each in given.items() if each is not None}
    return preview(folder, lambda: Queueing("q", given)).records


def quotas(records: Records, queue: str, resource: str = "nvidia.com/gpu") -> dict[str, str]:
    """What the queue has of a resource, by flavor in the order in which they are tried."""
    (group,) = of(records, "ClusterQueue")[f"q-queue-{queue}"].inputs["spec"]["resourceGroups"]
    return {
        flavor["name"]: each["nominalQuota"]
        for flavor in group["flavors"]
        for each in flavor["resources"]
        if each["name"] == resource
    }


def test_a_pool_gets_a_queue_with_what_its_groups_hold_in_merit_order(tmp_path: Path) -> None:
    records = made(tmp_path)
    found = quotas(records, "trainer")
    assert found == {"trainer-reserved": "40", "trainer-spot": "32", "trainer-on-demand": "32"}
    assert list(found) == ["trainer-reserved", "trainer-spot", "trainer-on-demand"]
    spot = of(records, "ResourceFlavor")["q-flavor-trainer-spot"].inputs["spec"]
    assert spot["nodeTaints"] == [SPOT]
    assert "tolerations" not in spot


def test_the_window_that_holds_gives_the_quotas(tmp_path: Path) -> None:
    later = quotas(made(tmp_path, as_of="2026-11-01T05:00:00Z"), "trainer")
    assert later == {"trainer-reserved": "40", "trainer-spot": "48", "trainer-on-demand": "48"}


def test_what_is_shared_goes_to_the_root(tmp_path: Path) -> None:
    records = made(tmp_path, queues={
        "a": {"pool": "trainer", "share": 0.5, "namespaces": ["x", "y"], "lending": 0.5},
        "b": {"pool": "trainer", "share": 0.3, "borrowing": 0.1, "strategy": "StrictFIFO"},
    })  # fmt: skip
    assert quotas(records, "a")["trainer-reserved"] == "20"
    assert quotas(records, "b")["trainer-reserved"] == "12"
    (group,) = of(records, "Cohort")["q-cohort-example"].inputs["spec"]["resourceGroups"]
    rest = next(each for each in group["flavors"] if each["name"] == "trainer-reserved")
    assert {"name": "nvidia.com/gpu", "nominalQuota": "8"} in rest["resources"]
    assert set(of(records, "LocalQueue")) == {"q-local-x-a", "q-local-y-a"}
    spec = of(records, "ClusterQueue")["q-queue-a"].inputs["spec"]
    (selector,) = spec["namespaceSelector"]["matchExpressions"]
    assert selector["values"] == ["x", "y"]


def test_kueue_is_told_what_it_queues_and_passes_over_what_has_no_quota(tmp_path: Path) -> None:
    records = made(tmp_path, frameworks=["pod", "batch/job"], fair_sharing=True)
    values = of(records, "Chart")["q-kueue"].inputs["values"]
    config = yaml.safe_load(values["managerConfig"]["controllerManagerConfigYaml"])
    assert config["integrations"] == {"frameworks": ["batch/job", "pod"]}
    assert config["resources"] == {"quotaCheckStrategy": "IgnoreUndeclared"}
    assert config["fairSharing"]["preemptionStrategies"]
    assert not of(made(tmp_path, install=False), "Chart")


def test_machines_are_asked_for_where_they_are_bought(tmp_path: Path) -> None:
    records = made(tmp_path, provisioning={"class_name": "check-capacity", "options": ["spot"]})
    spec = of(records, "ClusterQueue")["q-queue-trainer"].inputs["spec"]
    (check,) = spec["admissionChecksStrategy"]["admissionChecks"]
    assert check == {"name": "provisioning", "onFlavors": ["trainer-spot"]}


def test_a_manager_has_the_sum_and_sends_to_those_that_have_the_pool(tmp_path: Path) -> None:
    other = plan(pools=[pool(), pool(name="other")])
    workers = {"east": WORKER, "west": {"plan": other, "kubeconfig": "{}"}}
    records = made(tmp_path, plan=None, workers=workers)
    found = quotas(records, "trainer")
    assert found == {"trainer-reserved": "80", "trainer-spot": "64", "trainer-on-demand": "64"}
    configs = of(records, "MultiKueueConfig")
    assert configs["q-multikueue-trainer"].inputs["spec"]["clusters"] == ["east", "west"]
    assert configs["q-multikueue-other"].inputs["spec"]["clusters"] == ["west"]
    assert set(of(records, "Secret")) == {"q-kubeconfig-west"}
    spot = of(records, "ResourceFlavor")["q-flavor-trainer-spot"].inputs["spec"]
    assert spot == {"nodeTaints": [SPOT]}
    assert one(made(tmp_path, plan=None, workers={"east": WORKER}), "MultiKueueCluster").inputs[
        "spec"
    ] == {"clusterSource": {"kubeConfig": {"location": "east", "locationType": "Secret"}}}


def test_a_worker_by_another_name_in_the_chart_namespace(tmp_path: Path) -> None:
    workers = {"west": {"plan": plan(), "kubeconfig": "{}"}}
    override = {"kueue": {"namespace": "queues", "version": "0.19.1"}}
    records = made(tmp_path, plan=None, workers=workers, override=override)
    assert one(records, "Secret").inputs["metadata"]["namespace"] == "queues"
    assert of(records, "Chart")["q-kueue"].inputs["version"] == "0.19.1"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"plan": None},
         ("give exactly one of plan, for a cluster that runs work, and workers, for one that sends it "
          "to others")),
        ({"workers": {"east": WORKER}},
         ("give exactly one of plan, for a cluster that runs work, and workers, for one that sends it "
          "to others")),
        ({"plan": None, "workers": {"east": {"plan": plan()}}},
         "workers.east: a worker is reached by exactly one of kubeconfig and kubeconfig_secret"),
        ({"plan": None, "workers": {"east": WORKER}, "topologies": {"trainer": ["rack"]}},
         "topologies is of nodes, and a manager has none; give it there"),
        ({"fair_sharing": True, "preemption": {"borrow": "LowerPriority"}},
         ("preemption.borrow is LowerPriority, which Kueue has only without fair sharing; drop one of "
          "them")),
        ({"preemption": {"reclaim": "Never", "borrow": "LowerPriority"}},
         ("preemption: reclaim is Never, but borrow is LowerPriority; a queue that may not reclaim its "
          "own can't preempt to borrow: give reclaim, or drop borrow")),
        ({"weights": {"vision": 2.0}},
         "weights count in fair sharing only; set fair_sharing, or drop them"),
        ({"queues": {"a": {"pool": "trainer", "weight": 2.0}}},
         "weights count in fair sharing only; set fair_sharing, or drop them"),
        ({"override": {"kueu": {}}}, "override: kueu is no chart of it; use kueue"),
        ({"topologies": {"trainer": ["kubernetes.io/hostname", "rack"]}},
         ("topologies.trainer: kubernetes.io/hostname, rack; name each level once, from the widest to "
          "the node, kubernetes.io/hostname last")),
        ({"topologies": {"x": ["rack"]}},
         "topologies: x is no pool of the plan; use one of trainer"),
        ({"running": {"x": {"min": 0, "desired": 0, "max": 0}}},
         ("running (trimtab:running): x is no group of the plan; use one of "
          "trainer-on-demand-0a1b2c, trainer-reserved-0a1b2c, trainer-spot-0a1b2c")),
        ({"pools": {"x": {}}},
         ("pools: x is no pool or group of the plan; use one of trainer, trainer/on-demand, "
          "trainer/reserved, trainer/spot")),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path: Path, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        made(tmp_path, **arguments)
    assert str(caught.value) == f'Queueing "q": {says}'


def test_an_unknown_framework_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"frameworks: jobset is unknown; use one of batch/job, "):
        made(tmp_path, frameworks=["jobset"])


def test_an_expired_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StalePlanError, match=r'Queueing "q": .*is past the end of plan example'):
        made(tmp_path, as_of="2027-11-01T05:00:00Z")
