"""Which classes a cluster gets, and what each becomes; what no backend can do is refused."""

from typing import Any

import pytest

from support.plans import plan
from support.storage_plans import HOT, TIERED, tier, tiered
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.plan.storage import INTENTS
from trimtab.provision.storage.classes import MAKERS, USUAL, StatedClass, class_requests, made
from trimtab.provision.storage.drivers import DRIVERS, needed
from trimtab.provision.storage.model import Facts, Manifest
from trimtab.storage.backends import backends, suiting

PROVIDERS = {"aws": "us-east-1", "azure": "westeurope", "gcp": "europe-west1"}
KEY = "arn:aws:kms:us-east-1:111122223333:key/1"
RETUNE = {"fast": {"iops": 8000}}


def of(provider: str) -> CapacityPlan:
    return plan(site={"provider": provider, "region": PROVIDERS[provider]})


def objects(
    stated: dict[str, dict[str, Any]], one: CapacityPlan | None = None, **more: Any
) -> dict[str, Manifest]:
    """The objects of the classes, by `<class>/<short name>`."""
    one = one or plan()
    site = one.spec.site
    facts = Facts("c", site.provider, site.region, {"managed-by": "trimtab"}, {}, "test", **more)
    classes = {key: StatedClass.model_validate(each) for key, each in stated.items()}
    return {
        f"{request.name}/{key}": manifest
        for request in class_requests(one, site.provider, None, classes, "test")
        for key, manifest in made(request, facts).objects.items()
    }


def test_every_backend_of_a_cloud_has_a_maker_and_its_drivers_are_known() -> None:
    assert set(backends()) <= set(MAKERS)
    clouds = {each.driver for each in backends().values() if each.provider in PROVIDERS}
    assert clouds <= set(DRIVERS)
    for each in needed(DRIVERS):
        assert each.addon or each.chart or each.managed_by or each.requires, each.name


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_tiers_or_classes_a_cluster_gets_the_usual_ones(provider: str) -> None:
    found = objects({}, of(provider))
    assert {key.partition("/")[0] for key in found} == set(USUAL[provider])
    marked = [key for key, each in found.items() if each["metadata"].get("annotations")]
    assert marked == ["hot/class", "snapshot/snapshots"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("intent", INTENTS)
def test_an_intent_alone_is_the_first_backend_that_suits_it(provider: str, intent: Any) -> None:
    stated = {"x": StatedClass(intent=intent)}
    if not suiting(intent, provider):
        pytest.fail(f"{provider} has nothing for {intent}")
    (request,) = class_requests(of(provider), provider, None, stated, "test")
    assert request.backend == suiting(intent, provider)[0]


def test_a_gp3_class_says_all_that_makes_a_volume() -> None:
    found = objects({"x": {"intent": "hot", "iops": 6000, "mibps": 500, "key_arn": KEY}})
    assert found["x/class"] == {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "x", "labels": {},
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "ebs.csi.aws.com",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
        "parameters": {
            "type": "gp3", "csi.storage.k8s.io/fstype": "ext4", "encrypted": "true",
            "kmsKeyId": KEY, "iops": "6000", "throughput": "500",
            "tagSpecification_1": "managed-by=trimtab",
        },
    }  # fmt: skip


def test_a_tiers_class_says_whose_it_is_and_never_the_plan_that_made_it() -> None:
    found = objects({}, TIERED)["hot/class"]
    assert found["metadata"]["labels"] == {"trimtab.dev/storage-tier": "hot"}
    tags = {v for k, v in found["parameters"].items() if k.startswith("tagSpecification")}
    assert tags == {"managed-by=trimtab", "team=vision", "trimtab:storage-tier=hot"}
    # Enough for the window that needs most: 40000 IOPS and 1600 MiB/s over four volumes.
    assert (found["parameters"]["iops"], found["parameters"]["throughput"]) == ("10000", "400")


def test_windows_that_differ_are_attributes_classes_named_for_their_numbers() -> None:
    found = objects({}, tiered(HOT))
    assert {k: v["parameters"] for k, v in found.items() if k != "hot/class"} == {
        "hot/retune-4000-125": {"type": "gp3", "iops": "4000", "throughput": "125"},
        "hot/retune-10000-400": {"type": "gp3", "iops": "10000", "throughput": "400"},
    }
    assert list(objects({}, tiered(HOT), kubernetes_version=(1, 33))) == ["hot/class"]


def test_a_stated_class_changes_its_tier_and_stands_beside_the_others() -> None:
    stated: dict[str, dict[str, Any]] = {
        "hot": {"iops": 12000, "reclaim": "Retain"},
        "more": {"intent": "cold"},
    }
    found = objects(stated, TIERED)
    assert found["hot/class"]["parameters"]["iops"] == "12000"
    assert found["hot/class"]["reclaimPolicy"] == "Retain"
    assert "more/class" in found


def test_parameters_go_over_trimtabs_and_a_null_takes_one_away() -> None:
    parameters: dict[str, Any] = {"blockSize": "4096", "encrypted": None}
    made_ = objects({"x": {"intent": "hot", "parameters": parameters}})["x/class"]["parameters"]
    assert made_["blockSize"] == "4096"
    assert "encrypted" not in made_


def test_zones_hold_for_zonal_volumes_by_the_drivers_own_key() -> None:
    for provider, key in (("aws", "topology.kubernetes.io/zone"), ("gcp", "topology.gke.io/zone"),
                          ("azure", "topology.disk.csi.azure.com/zone")):  # fmt: skip
        found = objects({"x": {"intent": "hot"}}, of(provider), zones=("z1",))["x/class"]
        (term,) = found["allowedTopologies"][0]["matchLabelExpressions"]
        assert term == {"key": key, "values": ["z1"]}
    efs: dict[str, dict[str, Any]] = {
        "x": {"intent": "shared", "settings": {"file_system_id": "fs-1"}}
    }
    assert "allowedTopologies" not in objects(efs, zones=("z1",))["x/class"]


def test_a_mounted_bucket_is_a_volume_and_a_claim_in_each_namespace() -> None:
    settings = {"bucket": "b", "namespaces": ["a", "b"], "read_only": True}
    found = objects({"x": {"intent": "cold", "backend": "s3-mountpoint", "settings": settings}})
    assert list(found) == ["x/class", "x/volume-a", "x/claim-a", "x/volume-b", "x/claim-b"]
    handles = {found[f"x/volume-{ns}"]["spec"]["csi"]["volumeHandle"] for ns in "ab"}
    assert len(handles) == 2
    assert found["x/volume-a"]["spec"]["accessModes"] == ["ReadOnlyMany"]
    assert found["x/claim-a"]["spec"]["volumeName"] == found["x/volume-a"]["metadata"]["name"]
    # A tier that grows changes no claim: the API server would refuse it.
    asked = [found[f"x/claim-{ns}"]["spec"]["resources"]["requests"] for ns in "ab"]
    assert asked == [{"storage": "1Gi"}] * 2


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("nothing says what it is for", "aws", {},
     ("neither an intent nor a tier of the plan of that name; give intent: hot, warm, cold, scratch, "
     "shared or snapshot")),
    ("a disk for many pods", "aws", {"intent": "shared", "backend": "ebs-gp3"},
     ("shared data is for many pods at once, and ebs-gp3 is a disk of one node; use a backend of files "
     "or objects, or another intent")),
    ("snapshots on disks", "aws", {"intent": "snapshot", "backend": "ebs-gp3"},
     ("intent snapshot on backend ebs-gp3; a backend of snapshots goes with intent snapshot, and no "
     "other does")),
    ("another cloud's", "aws", {"intent": "hot", "backend": "gce-pd-ssd"},
     ("backend gce-pd-ssd is of gcp, but the cluster is aws's; use one of that provider, or give the "
     "site that it is for")),
    ("io2 without IOPS", "aws", {"intent": "hot", "backend": "ebs-io2"},
     "backend ebs-io2 has no IOPS of its own; give iops, 100 to 256000"),
    ("io2 with throughput", "aws",
     {"intent": "hot", "backend": "ebs-io2", "iops": 1000, "mibps": 500},
     "mibps 500, but throughput comes with the IOPS; drop mibps"),
    ("too few IOPS", "aws", {"intent": "hot", "iops": 100}, "iops 100; give 3000 to 80000"),
    ("too much throughput", "aws", {"intent": "hot", "mibps": 9000, "iops": 80000},
     "mibps 9000; give 125 to 2000"),
    ("throughput beyond its IOPS", "aws", {"intent": "hot", "mibps": 1000},
     "mibps 1000 with 3000 IOPS: a volume has 0.25 MiB/s for each; give iops of 4000 or more"),
    ("IOPS of a disk that has none to choose", "aws", {"intent": "cold", "iops": 500},
     "iops can't be chosen of backend ebs-st1; drop iops, or use a backend that is provisioned by it"),
    ("a key without encryption", "aws", {"intent": "hot", "encrypted": False, "key_arn": KEY},
     "a key, but no encryption; drop one of the two"),
    ("a lock without its length", "aws", {"intent": "snapshot", "settings": {"lock_mode": "governance"}},
     "a lock wants both how and how long; give settings.lock_mode and settings.lock_days"),
    ("another lock", "aws",
     {"intent": "snapshot", "settings": {"lock_mode": "soft", "lock_days": 1}},
     "settings.lock_mode soft; use governance or compliance"),
    ("a setting of another backend", "aws", {"intent": "hot", "settings": {"bucket": "b"}},
     "settings.bucket says nothing to backend ebs-gp3; drop it"),
    ("a Lustre throughput that there is not", "aws",
     {"intent": "shared", "backend": "fsx-lustre",
      "settings": {"subnet_id": "s", "security_group_ids": "g", "mbps_per_tib": 300}},
     "settings.mbps_per_tib 300; use 125, 250, 500, 1000"),
    ("throughput of scratch", "aws",
     {"intent": "scratch", "settings": {"subnet_id": "s", "security_group_ids": "g",
                                        "mbps_per_tib": 200}},
     "settings.mbps_per_tib: SCRATCH_2 has 200 MB/s for each TiB; drop it, or use PERSISTENT_2"),
    ("no encryption on Azure", "azure", {"intent": "hot", "encrypted": False},
     "encrypted false, but Azure encrypts every disk and share; drop encrypted"),
    ("a redundant Premium v2", "azure", {"intent": "hot", "settings": {"zone_redundant": True}},
     ("settings.zone_redundant: PremiumV2_LRS is in one zone; drop it, or use azure-disk-premium or "
     "azure-disk-standard-ssd")),
    ("a regional Hyperdisk", "gcp", {"intent": "hot", "settings": {"regional": True}},
     ("settings.regional: hyperdisk-balanced is in one zone; drop it, or use gce-pd-ssd or "
     "gce-pd-balanced")),
    ("a key of basic Filestore", "gcp",
     {"intent": "shared", "backend": "filestore-basic-hdd", "key_arn": "k"},
     "a key, but basic Filestore is encrypted with Google's own; drop key_arn, or use filestore-zonal"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "stated", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_no_backend_can_do_is_refused(
    provider: str, stated: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError) as caught:
        objects({"x": stated}, of(provider))
    assert str(caught.value) == f"test: classes.x: {says}"


def test_retuning_wants_a_backend_and_a_cluster_that_can() -> None:
    with pytest.raises(InputError) as caught:
        objects({"x": {"intent": "hot", "retune": RETUNE}}, kubernetes_version=(1, 33))
    assert str(caught.value) == (
        "test: classes.x: retune needs VolumeAttributesClass, which Kubernetes has since 1.34; drop "
        "retune, or upgrade the cluster and give its kubernetes_version"
    )
    with pytest.raises(InputError) as caught:
        objects({"x": {"intent": "cold", "retune": RETUNE}})
    assert str(caught.value) == (
        "test: classes.x: backend ebs-st1 can't be retuned; drop retune, or use one of ebs-gp3, ebs-io2"
    )


def test_iops_beyond_what_the_plans_volumes_can_have_are_refused() -> None:
    small = tiered(tier("hot", "hot", "ebs-gp3", (100, 0, 0), volumes=10))
    with pytest.raises(InputError) as caught:
        objects({"hot": {"iops": 6000}}, small)
    assert str(caught.value) == (
        "test: classes.hot: iops 6000 on volumes of 10 GiB: a volume has 500 for each GiB; plan "
        "volumes of 12 GiB or more, or fewer IOPS"
    )


def test_a_class_that_contradicts_its_tier_and_two_defaults_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        objects({"hot": {"backend": "ebs-io2"}}, TIERED)
    assert str(caught.value) == (
        "test: classes.hot: backend ebs-io2, but the plan's tier has ebs-gp3; drop backend, or name "
        "the class otherwise"
    )
    both = {"intent": "hot", "default": True}
    with pytest.raises(InputError) as caught:
        objects({"a": both, "b": both})
    assert str(caught.value) == "test: classes: a and b are both the default; set default on one"


def test_tiers_of_another_site_are_another_clusters() -> None:
    here, there = tier("a", "hot", "ebs-gp3", (1, 0, 0)), tier("b", "hot", "local-lvm", (1, 0, 0))
    one = tiered(here, {**there, "site": "cellar"})
    assert [r.name for r in class_requests(one, "aws", None, {}, "test")] == ["a"]
    assert [r.name for r in class_requests(one, "on-premises", "cellar", {}, "test")] == ["b"]
