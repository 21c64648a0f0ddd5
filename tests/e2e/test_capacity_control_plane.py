"""The capacity function under a real Crossplane on a real API server, over mutual TLS.

No AWS provider runs: the test writes what one would report into the node groups' status.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from support import plans
from support.capacity_function import Certificates, capacity_function
from support.crossplane_core import ControlPlane
from support.kube_api import KubeApi, KubeError
from trimtab.plan.schema import CRD_FILE

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
APIS = ROOT / "functions" / "apis" / "nodegroupset"
NODE_GROUP_CRD = Path(__file__).parent / "crds" / "nodegroups.eks.aws.m.upbound.io.yaml"
NODE_GROUP = ("eks.aws.m.upbound.io/v1beta1", "NodeGroup")
NODE_GROUP_SET = ("platform.trimtab.dev/v1alpha1", "NodeGroupSet")
WAIT_SECONDS = 20.0

T = TypeVar("T")
Document = dict[str, Any]


def eventually(read: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """Poll until what is read is as wanted; what was read."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        found = read()
        if holds(found):
            return found
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.05)


class Cluster:
    """A namespace with a NodeGroupSet `ml`, which Crossplane composes by the capacity function."""

    def __init__(self, api: KubeApi, namespace: str) -> None:
        self.api, self.namespace, self._edits = api, namespace, 0

    def apply_plan(self, low: int, desired: int, high: int, generation: str = "0a1b2c") -> None:
        """A plan of one group whose one window holds now."""
        now = datetime.now(UTC).replace(microsecond=0)
        start, end = ((now + timedelta(hours=h)).isoformat() for h in (-1, 24))
        window = {"start": start, "end": end, "min": low, "desired": desired, "max": high}
        group = plans.group(
            "main", {"option": "on-demand"}, generation=generation, windows=[window]
        )
        document = plans.plan_data(
            asOf=start, start=start, validUntil=end, pools=[plans.pool(groups=[group])]
        )
        document["metadata"]["namespace"] = self.namespace
        self.api.apply(document)
        self.touch()

    def delete_plan(self) -> None:
        """Take the plan away."""
        self.api.delete("trimtab.dev/v1alpha1", "CapacityPlan", "example", self.namespace)
        self.touch()

    def touch(self) -> None:
        """Edit the XR, so that Crossplane reconciles it now and not when the response has aged."""
        self._edits += 1
        self.api.apply(
            {
                "apiVersion": NODE_GROUP_SET[0],
                "kind": NODE_GROUP_SET[1],
                "metadata": {
                    "name": "ml",
                    "namespace": self.namespace,
                    "labels": {"edit": str(self._edits)},
                },
                "spec": {
                    "planRef": {"name": "example"},
                    "pools": ["trainer"],
                    "clusterName": "ml",
                    "region": "us-east-1",
                    "nodeRoleArn": "arn:aws:iam::111122223333:role/node",
                    "subnetIds": ["subnet-a"],
                },
            }
        )

    def node_groups(self) -> dict[str, Document]:
        """The node groups by generation, but for those that Crossplane has deleted.

        No garbage collector runs here, so they stay, waiting for their dependents' deletion.
        """
        label = "trimtab.dev/generation"
        return {
            each["metadata"]["labels"][label]: each
            for each in self.api.list_all(*NODE_GROUP, self.namespace)
            if "deletionTimestamp" not in each["metadata"]
        }

    def scaling(self, generation: str = "0a1b2c") -> Document | None:
        """What the node group asks for; None when there is none."""
        found = self.node_groups().get(generation)
        return found["spec"]["forProvider"]["scalingConfig"] if found else None

    def report(self, desired: int, generation: str = "0a1b2c") -> None:
        """What the AWS provider would report of a ready node group."""
        when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ready = {"type": "Ready", "status": "True", "reason": "Up", "lastTransitionTime": when}
        self.api.patch_status(
            self.node_groups()[generation],
            {
                "atProvider": {"scalingConfig": {"desiredSize": desired}},
                "conditions": [ready],
            },
        )

    def reasons(self) -> dict[str, str]:
        """The reasons of the XR's conditions."""
        xr = self.api.get(*NODE_GROUP_SET, "ml", self.namespace)
        return {each["type"]: each["reason"] for each in xr.get("status", {}).get("conditions", [])}


@pytest.fixture(scope="module")
def crossplane_core_with_function(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """Crossplane with the function registered, and the kinds that it needs."""
    api = control_plane.api
    api.apply_all(ROOT / CRD_FILE)
    api.apply_all(NODE_GROUP_CRD)
    control_plane.apply_xrd(yaml.safe_load((APIS / "definition.yaml").read_text("utf-8")))
    api.apply_all(APIS / "composition.yaml")
    folder = control_plane.function_certificates
    certificates = Certificates(server=folder, client=folder)
    with capacity_function(tmp_path_factory.mktemp("function"), certificates) as function:
        port = int(function.target.rpartition(":")[2])
        control_plane.register_function("function-trimtab-capacity", port)
        yield control_plane


@pytest.fixture
def cluster(crossplane_core_with_function: ControlPlane, kube_namespace: str) -> Cluster:
    return Cluster(crossplane_core_with_function.api, kube_namespace)


def test_a_plan_becomes_a_node_group_and_a_change_of_it_another_size(cluster: Cluster) -> None:
    cluster.apply_plan(2, 3, 4)
    eventually(cluster.scaling, lambda found: found == {"minSize": 2, "maxSize": 4})
    assert cluster.node_groups()["0a1b2c"]["spec"]["initProvider"] == {
        "scalingConfig": {"desiredSize": 3}
    }
    cluster.report(3)
    eventually(cluster.reasons, lambda found: found.get("Ready") == "Available")
    cluster.apply_plan(1, 4, 8)
    eventually(cluster.scaling, lambda found: found == {"minSize": 1, "maxSize": 8})
    assert cluster.reasons()["CapacityPlanned"] == "AsPlanned"


def test_a_raise_states_the_desired_size_and_then_releases_it(cluster: Cluster) -> None:
    cluster.apply_plan(1, 1, 4)
    eventually(cluster.scaling, lambda found: found == {"minSize": 1, "maxSize": 4})
    cluster.report(1)
    cluster.apply_plan(3, 3, 4)
    eventually(
        cluster.scaling, lambda found: found == {"minSize": 3, "maxSize": 4, "desiredSize": 3}
    )
    # The provider reports; that alone makes Crossplane ask again.
    cluster.report(3)
    eventually(cluster.scaling, lambda found: found == {"minSize": 3, "maxSize": 4})


def test_what_runs_outlives_its_plan(cluster: Cluster) -> None:
    cluster.apply_plan(2, 3, 4)
    eventually(cluster.scaling, lambda found: found is not None)
    cluster.report(4)
    cluster.delete_plan()
    eventually(cluster.reasons, lambda found: found.get("PlanUsable") == "PlanNotFound")
    before = cluster.node_groups()["0a1b2c"]["spec"]
    cluster.touch()
    time.sleep(1)
    assert cluster.node_groups()["0a1b2c"]["spec"] == before
    assert cluster.scaling() == {"minSize": 2, "maxSize": 4}
    cluster.apply_plan(1, 2, 6)
    eventually(cluster.reasons, lambda found: found.get("PlanUsable") == "PlanFound")
    eventually(cluster.scaling, lambda found: found == {"minSize": 1, "maxSize": 6})


def test_an_old_generation_goes_once_the_new_one_is_ready(cluster: Cluster) -> None:
    cluster.apply_plan(2, 3, 6)
    eventually(cluster.scaling, lambda found: found is not None)
    cluster.report(5)
    cluster.apply_plan(2, 3, 6, generation="ffffff")
    both = eventually(cluster.node_groups, lambda found: len(found) == 2)
    assert both["ffffff"]["spec"]["initProvider"]["scalingConfig"] == {"desiredSize": 5}
    assert both["0a1b2c"]["spec"]["forProvider"]["scalingConfig"] == {"minSize": 2, "maxSize": 6}
    eventually(cluster.reasons, lambda found: found.get("CapacityPlanned") == "Replacing")
    cluster.report(5, generation="ffffff")
    eventually(cluster.node_groups, lambda found: set(found) == {"ffffff"})
    eventually(cluster.reasons, lambda found: found.get("CapacityPlanned") == "AsPlanned")


def test_what_eks_cannot_change_in_place_cannot_be_edited(cluster: Cluster) -> None:
    cluster.apply_plan(1, 1, 1)
    xr = cluster.api.get(*NODE_GROUP_SET, "ml", cluster.namespace)
    for field, value in (("region", "eu-west-1"), ("subnetIds", ["subnet-b"])):
        changed = {
            "apiVersion": xr["apiVersion"],
            "kind": xr["kind"],
            "metadata": {"name": "ml", "namespace": cluster.namespace},
            "spec": {**xr["spec"], field: value},
        }
        with pytest.raises(KubeError, match=f"{field} can't change"):
            cluster.api.apply(changed, dry_run=True)


def test_reconciles_do_not_storm(
    cluster: Cluster, crossplane_core_with_function: ControlPlane
) -> None:
    cluster.apply_plan(2, 3, 4)
    eventually(cluster.scaling, lambda found: found is not None)
    cluster.report(3)
    eventually(cluster.reasons, lambda found: found.get("Ready") == "Available")
    time.sleep(1)
    counter = "function_run_function_request_total"
    before = crossplane_core_with_function.metric(counter)
    assert before > 0
    time.sleep(3)
    # A second reconcile without a cause would cause a third.
    assert crossplane_core_with_function.metric(counter) - before <= 4
    assert crossplane_core_with_function.metric("circuit_breaker_opens_total") == 0
