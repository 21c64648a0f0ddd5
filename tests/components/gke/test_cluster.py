"""GkeCluster as the engine would see it: tree, inputs, sizes, rights, and mistakes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import trimtab_components
from support.cloud_plans import gke_arguments, gke_group, gke_plan, tpu_group
from support.inline import preview
from support.recorded import Records, of, one
from support.sdk_inputs import problems
from trimtab.errors import EngineError, InputError, StalePlanError, TrimtabError
from trimtab.resources.inputs import UNKNOWN
from trimtab_components import GkeCluster

KEYS = [f"ml-trainer-{name}-0a1b2c" for name in ("held", "on-demand", "reserved", "spot")]


def records(folder: Path, **changes: Any) -> Records:
    given: Any = gke_arguments(**changes)
    return preview(folder, lambda: GkeCluster("ml", given)).records


def test_the_tree(tmp_path: Path) -> None:
    made = [r for r in records(tmp_path) if r.custom and not r.type.startswith("pulumi:")]
    (component,) = {r.parent for r in made}
    assert component.endswith("trimtab:index:GkeCluster::ml")
    assert sorted((r.type.rpartition(":")[2], r.name) for r in made) == [
        ("Account", "ml-nodes"),
        ("Cluster", "ml"),
        ("IAMMember", "ml-nodes-artifactregistry-reader"),
        ("IAMMember", "ml-nodes-container-defaultNodeServiceAccount"),
        ("Network", "ml-network"),
        ("NodePool", "ml-system"),
        *(("NodePool", key) for key in KEYS),
        ("Router", "ml-router"),
        ("RouterNat", "ml-nat"),
        ("Subnetwork", "ml-nodes"),
    ]


CASES: list[dict[str, Any]] = [
    {},
    {"zone": "us-central1-b", "autoscaled": False, "kubernetes_version": "1.35"},
    {"nat": "none", "public_endpoint": False, "release_channel": "STABLE", "system_nodes": 0},
    {"private_nodes": False, "public_access_cidrs": ["192.0.2.0/24"], "gpu_driver": "none"},
    {"network": "n", "subnetwork": "s", "pods_range": "p", "services_range": "v"},
    {"secrets_key": "k", "disk_key": "d", "admin_members": ["user:a@example.com"]},
    {
        "pools": {
            "trainer": {"local_storage": "raid0", "max_unavailable_percentage": 50},
            "trainer/on-demand": {"sharing": "mps", "sharing_replicas": 4},
            "trainer/spot": {"mig_profile": "all-1g.5gb", "team_taint": True},
            "trainer/held": {"placement_group": True},
        }
    },
    {
        "plan": gke_plan(tpu_group()),
        "tpu_topologies": {"trainer": "4x4"},
        "pool_zones": {"trainer": ["us-central1-a"]},
    },
    {
        "plan": gke_plan(gke_group("q", windows=[
            {"start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z", "min": 0, "desired": 0, "max": 8}
        ])),
        "queued": ["trainer/q"],
    },
]  # fmt: skip


@pytest.mark.parametrize("changes", CASES, ids=lambda each: " ".join(each) or "least")
def test_every_input_is_one_that_the_sdk_knows(tmp_path: Path, changes: dict[str, Any]) -> None:
    first = records(tmp_path, **changes)
    checked = [r for r in first if r.type.startswith("gcp:")]
    assert {r.name: found for r in checked if (found := problems(r.type, r.inputs))} == {}
    assert records(tmp_path, **changes) == first


def test_bounds_are_totals_and_the_initial_count_is_left_alone(tmp_path: Path) -> None:
    pools = of(records(tmp_path), "NodePool")
    for name in KEYS:
        record = pools[name]
        bounds = record.inputs["autoscaling"]
        assert set(bounds) == {"totalMinNodeCount", "totalMaxNodeCount", "locationPolicy"}
        assert record.ignore_changes == ("initialNodeCount",)
        zones = len(record.inputs["nodeLocations"])
        assert record.inputs["initialNodeCount"] * zones <= bounds["totalMaxNodeCount"]
        assert "nodeCount" not in record.inputs


def test_a_later_instant_changes_bounds_alone(tmp_path: Path) -> None:
    early, late = (
        of(records(tmp_path, as_of=f"2026-11-01T{hour}:00:00Z"), "NodePool")
        for hour in ("00", "04")
    )
    assert early.keys() == late.keys()
    changed = {name for name in early if early[name].inputs != late[name].inputs}
    assert changed == set(KEYS)
    for name in changed:
        before, after = dict(early[name].inputs), dict(late[name].inputs)
        for inputs in (before, after):
            inputs.pop("autoscaling")
            inputs.pop("initialNodeCount")
        assert before == after


def test_slices_are_bound_by_zone(tmp_path: Path) -> None:
    pools = of(records(tmp_path, **CASES[7]), "NodePool")
    always, waiting = (pools[f"ml-trainer-tpu-0a1b2c-s{i}"].inputs for i in (0, 1))
    assert always["nodeCount"] == 4
    assert "autoscaling" not in always
    assert waiting["autoscaling"] == {
        "minNodeCount": 0,
        "maxNodeCount": 4,
        "locationPolicy": "ANY",
    }
    assert waiting["initialNodeCount"] == 0
    for inputs in (always, waiting):
        assert inputs["placementPolicy"] == {"type": "COMPACT", "tpuTopology": "4x4"}


def test_queued_nodes_keep_out_of_reservations(tmp_path: Path) -> None:
    inputs = of(records(tmp_path, **CASES[8]), "NodePool")["ml-trainer-q-0a1b2c"].inputs
    assert inputs["queuedProvisioning"] == {"enabled": True}
    assert inputs["nodeConfig"]["reservationAffinity"] == {
        "consumeReservationType": "NO_RESERVATION"
    }
    assert inputs["management"] == {"autoRepair": False, "autoUpgrade": True}


def test_a_held_reservation_is_targeted_by_name(tmp_path: Path) -> None:
    inputs = of(records(tmp_path), "NodePool")["ml-trainer-held-0a1b2c"].inputs
    assert inputs["nodeConfig"]["reservationAffinity"] == {
        "consumeReservationType": "SPECIFIC_RESERVATION",
        "key": "compute.googleapis.com/reservation-name",
        "values": ["ours"],
    }
    assert inputs["nodeLocations"] == ["us-central1-a"]


def test_the_nodes_have_an_account_with_the_least_rights(tmp_path: Path) -> None:
    made = records(tmp_path, admin_members=["group:ml@example.com", "group:ml@example.com"])
    members = of(made, "IAMMember")
    nodes = {r.inputs["role"] for n, r in members.items() if n.startswith("ml-nodes-")}
    assert nodes == {"roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader"}
    admin = members["ml-admin-group-ml-example-com"].inputs
    assert len(members) == 3
    assert admin["role"] == "roles/container.admin"
    cluster = "projects/my-project/locations/us-central1/clusters/ml"
    assert admin["condition"]["expression"] == (
        f'resource.name == "{cluster}" || resource.name.startsWith("{cluster}/")'
    )
    bindings = {r.urn for n, r in members.items() if n.startswith("ml-nodes-")}
    for pool in of(made, "NodePool").values():
        assert bindings <= set(pool.dependencies)
        config = pool.inputs["nodeConfig"]
        assert config["serviceAccount"] == UNKNOWN
        assert config["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
    assert one(made, "Cluster").inputs["nodeConfig"]["serviceAccount"] == UNKNOWN


def test_a_private_cluster_has_no_way_in_from_outside(tmp_path: Path) -> None:
    made = records(tmp_path, nat="none", public_endpoint=False)
    cluster = one(made, "Cluster").inputs
    assert cluster["privateClusterConfig"] == {
        "enablePrivateNodes": True,
        "enablePrivateEndpoint": True,
    }
    assert cluster["masterAuthorizedNetworksConfig"] == {"cidrBlocks": []}
    assert not of(made, "RouterNat")


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"nta": "none"}, InputError, "nta: unknown field; did you mean nat?"),
        ({"nat": "per-zone"}, InputError, "one Cloud NAT serves every zone of a region"),
        ({"nat": "many"}, InputError, "nat: many is no choice; give single or none"),
        ({"nat": "single", "private_nodes": False}, InputError, "nat serves private nodes"),
        ({"region": "europe-west4"}, StalePlanError, "set gcp:region to us-central1"),
        ({"region": None}, InputError, "no region is configured; set gcp:region"),
        ({"project": None}, InputError, "no project is configured; set gcp:project"),
        ({"zones": ["us-east1-b"]}, InputError, "zones: us-east1-b is not in us-central1"),
        ({"pool_zones": {"trainer": ["us-east1-b"]}}, InputError, "pool_zones.trainer: us-east1-b"),
        ({"zones": ["a"]}, InputError, "zones[0]: String should match pattern"),
        (
            {"zone": "us-central1-a", "zones": ["us-central1-b"]},
            InputError,
            "zone us-central1-a is not among zones",
        ),
        ({"pool_zones": {"nets": ["us-central1-a"]}}, InputError, "nets is no pool or group"),
        (
            {"tpu_topologies": {"nets": "4x4"}},
            InputError,
            "tpu_topologies: nets is no pool or group",
        ),
        (
            {"queued": ["nets"]},
            InputError,
            "queued: nets is no pool or group of the plan; use one of",
        ),
        ({"network": "n"}, InputError, "network alone is no network; give network with subnetwork"),
        (
            {"network": "n", "subnetwork": "s", "cidr": "10.0.0.0/20"},
            InputError,
            "network names an existing network, cidr describes one to make",
        ),
        ({"pods_range": "p", "network": "n", "subnetwork": "s"}, InputError, "go together"),
        (
            {"pods_cidr": "10.0.0.0/12"},
            InputError,
            "cidr 10.0.0.0/20 and pods_cidr 10.0.0.0/12 overlap",
        ),
        (
            {"pods_cidr": "10.64.0.0/20"},
            InputError,
            "has room for 16 nodes, and the plan may have",
        ),
        ({"cidr": "ten"}, InputError, "cidr: 'ten' does not appear to be"),
        ({"public_endpoint": False, "private_nodes": False}, InputError, "needs private_nodes"),
        ({"release_channel": "FAST"}, InputError, "release_channel: Input should be 'RAPID'"),
        (
            {"admin_members": ["ml@example.com"]},
            InputError,
            "admin_members[0]: String should match",
        ),
        ({"tags": {"trimtab:pool": "x"}}, InputError, "tags: trimtab:pool is set from the plan"),
        ({"tags": {"trimtab-plan": "x"}}, InputError, "are both the label trimtab-plan"),
        ({"plan_pools": ["nets"]}, InputError, "nets is no pool of the plan"),
        ({"pools": {"nets": {}}}, InputError, "pools: nets is no pool or group of the plan"),
        ({"as_of": "2026-11-02T00:00:00Z"}, StalePlanError, "is past the end of plan example"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, changes: dict[str, Any], error: type[TrimtabError], says: str
) -> None:
    with pytest.raises(error) as caught:
        records(tmp_path, **changes)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["ML", "1ml", "m" * 41, "ml-"])
def test_a_name_that_no_cluster_can_have_is_refused(tmp_path: Path, name: str) -> None:
    given: Any = gke_arguments()
    with pytest.raises(InputError, match=r"its name can't be a cluster's"):
        preview(tmp_path, lambda: GkeCluster(name, given))


@pytest.mark.parametrize(("name", "extra"), [("GkeCluster", "gke"), ("AksCluster", "aks")])
def test_without_its_sdk_a_component_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, name: str, extra: str
) -> None:
    monkeypatch.setattr(trimtab_components, "find_spec", lambda _sdk: None)
    with pytest.raises(EngineError, match=re.escape(f"pip install 'trimtab-components[{extra}]'")):
        getattr(trimtab_components, name)
    assert name not in trimtab_components.installed()
    assert "ExistingCluster" in trimtab_components.installed()


def test_other_groups_are_left_to_others(tmp_path: Path) -> None:
    owned = gke_group("cellar", {"option": "owned", "site": "cellar"})
    made = records(tmp_path, plan=gke_plan(owned, gke_group("g")))
    assert set(of(made, "NodePool")) == {"ml-system", "ml-trainer-g-0a1b2c"}
    assert json.dumps([r.inputs for r in made]).find("cellar") == -1
