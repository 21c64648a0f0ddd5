"""The hybrid, edge and aws stacks as the engine would see them: a cluster in each place, one plan for all."""

import json
from collections import Counter
from functools import cache

import pytest

from support.recorded import REPO
from trimtab.errors import InputError
from trimtab.plan.document import load_plan
from trimtab.plan.labels import GROUP_LABEL, POOL_LABEL
from trimtab.plan.parts import sites_of
from trimtab.preview.records import PreviewRequest, Recording
from trimtab_components.engines.recorder import record

PLAN = load_plan(REPO / "stacks" / "plans" / "hybrid.yaml")
SITES = sites_of(PLAN)


@cache
def recording(stack: str) -> Recording:
    return record(PreviewRequest(REPO, stack))


def components(stack: str) -> Counter[str]:
    """Components that stand by themselves, by kind."""
    records = recording(stack).records
    root = next(each.urn for each in records if each.type == "pulumi:pulumi:Stack")
    return Counter(
        each.type.rpartition(":")[2] for each in records if not each.custom and each.parent == root
    )


def test_the_hybrid_stack_has_over_three_hundred_resources() -> None:
    assert len(recording("hybrid").records) > 300


def test_a_second_run_is_the_same() -> None:
    assert record(PreviewRequest(REPO, "hybrid")).records == recording("hybrid").records


def test_the_components_of_the_hybrid_stack() -> None:
    assert components("hybrid") == {
        "HeterogeneousCluster": 1,
        "ExistingCluster": 1,
        "K3sCluster": 3,
        "StorageClasses": 5,
        "Observability": 5,
        "GitOps": 5,
        "Queueing": 3,
        "Accelerators": 1,
        "KarpenterController": 1,
        "KarpenterPools": 1,
        "PolicyEngine": 1,
        "CrossplaneControlPlane": 1,
        "DataLifecycle": 1,
        "CostGovernance": 1,
    }


def test_the_aws_stack_has_a_little_of_everything() -> None:
    assert components("aws") == {
        "HeterogeneousCluster": 1,
        "Accelerators": 1,
        "StorageClasses": 1,
        "PolicyEngine": 1,
        "Observability": 1,
        "Queueing": 1,
        "CrossplaneControlPlane": 1,
        "GitOps": 1,
        "DataLifecycle": 1,
        "CostGovernance": 1,
    }


@pytest.mark.parametrize("stack", ["aws", "edge", "hybrid"])
def test_no_object_is_made_twice_in_a_cluster(stack: str) -> None:
    made = Counter(
        (
            each.provider,
            each.type,
            each.inputs["metadata"].get("namespace"),
            each.inputs["metadata"].get("name"),
        )
        for each in recording(stack).records
        if each.type.startswith("kubernetes:") and "metadata" in each.inputs
    )
    assert [key for key, count in made.items() if count > 1] == []


@pytest.mark.parametrize("stack", ["edge", "hybrid"])
def test_machines_bear_the_groups_of_their_own_site(stack: str) -> None:
    owned = {
        (pool.name, group.name): group.purchase.site
        for pool in PLAN.spec.pools
        for group in pool.groups
        if group.purchase.option == "owned"
    }
    seen = set()
    for each in recording(stack).records:
        if each.type == "kubernetes:core/v1:NodePatch":
            labels = each.inputs["metadata"]["labels"]
            key = labels[POOL_LABEL], labels[GROUP_LABEL]
            assert f"{stack}-{owned[key]}-" in each.name
            seen.add(key)
    there = {key for key, site in owned.items() if stack == "hybrid" or site != "hall-berlin"}
    assert seen == there


def test_nothing_of_the_edge_is_in_the_cloud() -> None:
    edge = {
        pool.name
        for pool in PLAN.spec.pools
        if len(pool.groups) == 1 and pool.groups[0].purchase.option == "owned"
    }
    assert len(edge) == 7
    groups = [r for r in recording("hybrid").records if r.type == "aws:eks/nodeGroup:NodeGroup"]
    assert groups
    for each in groups:
        assert each.inputs["labels"][POOL_LABEL] not in edge
    assert not [each for each in recording("edge").records if each.type.startswith("aws:")]


def test_tokens_are_made_once_and_stay_secret() -> None:
    tokens = [r for r in recording("edge").records if r.type == "command:local:Command"]
    assert len(tokens) == 6
    for each in tokens:
        assert each.inputs["logging"] == "none"
        assert "random" in each.inputs["create"]


def test_a_site_of_microk8s() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2bVkWcJ4nZ1sQ0xT8vQ7m3d5kY6uR9eLwAfHhGgPpX"
    tills = [
        {"name": f"till-{i}", "address": f"10.10.0.1{i}", "hostKey": key,
         "group": "tills-hamburg/owned-tills-hamburg"}
        for i in (1, 2, 3)
    ]  # fmt: skip
    cameras = [{"name": f"cam-{i}", "address": f"10.10.0.2{i}", "hostKey": key} for i in (1, 2)]
    cluster = {
        "version": "1.35/stable",
        "ssh": {"user": "ops"},
        "servers": tills,
        "agents": {"vision-hamburg/owned-cams-hamburg": cameras},
    }
    sites = {"store-hamburg": {"cluster": "microk8s", "microk8s": cluster}}
    config = {"trimtab:sites": json.dumps(sites)}
    records = record(PreviewRequest(REPO, "edge", config=config)).records
    kinds = Counter(each.type.rpartition(":")[2] for each in records)
    assert kinds["MicroK8sCluster"] == 1
    assert kinds["K3sCluster"] == 0
    assert {"StorageClasses", "Observability", "GitOps"} <= kinds.keys()
    # One token is made, and every machine bears its labels.
    assert [r.name for r in records if r.type == "command:local:Command"] == [
        "edge-store-hamburg-server-token"
    ]
    assert kinds["NodePatch"] == len(tills) + len(cameras)


SITE = '{"store-hamburg": %s}'
REFUSED = {
    "no sites": ({"sites": "{}"}, "trimtab:sites: is not set; name the sites to make"),
    "a site that the plan does not know": (
        {"sites": '{"store-kiel": {"cluster": "k3s"}}'},
        ("trimtab:sites: store-kiel is no site of the plan's owned machines; use one of hall-berlin, "
        "plant-leipzig, store-hamburg, store-munich"),
    ),
    "no cluster": (
        {"sites": SITE % "{}"},
        "trimtab:sites.store-hamburg.cluster: is not set; use one of existing, k3s, microk8s",
    ),
    "settings of another cluster": (
        {"sites": SITE % '{"cluster": "existing", "existing": {"context": "x"}, "k3s": {}}'},
        "trimtab:sites.store-hamburg.k3s: only counts for cluster: k3s; remove it",
    ),
    "a typo in a site": (
        {"sites": SITE % '{"clutser": "k3s"}'},
        "trimtab:sites.store-hamburg.clutser: unknown setting; did you mean cluster?",
    ),
    "a typo within": (
        {"sites": SITE % '{"cluster": "existing", "existing": {"contxt": "x"}}'},
        "trimtab:sites.store-hamburg.existing.contxt: unknown setting; did you mean context?",
    ),
    "of another target": (
        {"nat": "none"}, "trimtab:nat: only counts for aws or hybrid; remove it",
    ),
    "of local": ({"renderTo": "x"}, "trimtab:renderTo: only counts for local; remove it"),
}  # fmt: skip


@pytest.mark.parametrize(("config", "message"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_one_line(config: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        record(PreviewRequest(REPO, "edge", config={f"trimtab:{k}": v for k, v in config.items()}))
    assert str(caught.value) == message


def test_a_manager_of_a_site_that_is_not_made() -> None:
    config = {"trimtab:manager": '{"workers": ["store-kiel"]}'}
    with pytest.raises(InputError) as caught:
        record(PreviewRequest(REPO, "hybrid", config=config))
    assert str(caught.value) == (
        "trimtab:manager.workers: store-kiel is not made here; use one of hall-berlin, "
        "plant-leipzig, store-hamburg, store-munich"
    )


def test_a_site_does_without_what_others_have() -> None:
    site = '{"cluster": "existing", "existing": {"context": "x"}, "without": ["gitops", "observability", "storage"]}'
    config = {"trimtab:sites": SITE % site}
    records = record(PreviewRequest(REPO, "edge", config=config)).records
    assert {r.type.rpartition(":")[2] for r in records if r.type.startswith("trimtab:")} == {
        "ExistingCluster"
    }
