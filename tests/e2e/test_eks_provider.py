"""The provider of `support.eks_provider`: what it refuses, takes over, reports and waits for.

Tests of node groups' lives show that nothing is refused and nothing fought over: only a provider that
does both shows something by it.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from support.capacity_cluster import NODE_GROUP, NODE_GROUP_CRD, eventually
from support.eks_provider import Eks, InvalidParameterError, Scaling, eks_provider
from support.kube_api import KubeApi

pytestmark = pytest.mark.engine

KEPT = ("Observe", "Create", "Update", "Delete")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Scaling(4, 3, 8), "Minimum capacity 4 can't be greater than desired size 3"),
        (Scaling(1, 3, 2), "desired capacity 3 can't be greater than max size 2"),
        (Scaling(0, 0, 0), "maxSize at least 1"),
    ],
    ids=["a min above what runs", "a max below what runs", "no nodes at all"],
)
def test_eks_refuses(wanted: Scaling, said: str) -> None:
    eks = Eks()
    eks.create("main", Scaling(1, 3, 6), {})
    for act in (eks.update, lambda name, scaling: eks.create(f"{name}-2", scaling, {})):
        with pytest.raises(InvalidParameterError, match=said):
            act("main", wanted)
    found = eks.find("main")
    assert found is not None
    assert found.scaling == Scaling(1, 3, 6)
    assert len(eks.refusals) == 2


def test_an_autoscaler_stays_within_the_bounds() -> None:
    eks = Eks()
    eks.create("main", Scaling(1, 3, 6), {})
    with pytest.raises(ValueError, match="7 is not within"):
        eks.autoscale("main", 7)


class NodeGroupObject:
    """A NodeGroup `main` in a namespace, as a user would apply it."""

    def __init__(self, api: KubeApi, namespace: str) -> None:
        self.api, self.namespace = api, namespace

    def apply(
        self,
        low: int,
        high: int,
        desired: int | None = None,
        policies: tuple[str, ...] = KEPT,
        **fixed: Any,
    ) -> None:
        scaling = {"minSize": low, "maxSize": high}
        if desired is not None:
            scaling["desiredSize"] = desired
        self.api.apply(
            {
                "apiVersion": NODE_GROUP[0],
                "kind": NODE_GROUP[1],
                "metadata": {"name": "main", "namespace": self.namespace},
                "spec": {
                    "forProvider": {
                        "region": "us-east-1",
                        "clusterName": "ml",
                        "capacityType": "ON_DEMAND",
                        "scalingConfig": scaling,
                        **fixed,
                    },
                    "initProvider": {"scalingConfig": {"desiredSize": 3}},
                    "managementPolicies": list(policies),
                },
            }
        )

    def get(self) -> dict[str, Any]:
        return self.api.get(*NODE_GROUP, "main", self.namespace)

    def said(self) -> dict[str, str]:
        """The statuses of its conditions, with the message of one that is False."""
        conditions = self.get().get("status", {}).get("conditions", [])
        return {each["type"]: each.get("message", each["status"]) for each in conditions}


@pytest.fixture
def eks(kube_api: KubeApi, kube_namespace: str) -> Iterator[Eks]:
    kube_api.apply_all(NODE_GROUP_CRD)
    with eks_provider(kube_api, kube_namespace) as eks:
        yield eks


@pytest.fixture
def node_group(kube_api: KubeApi, kube_namespace: str, eks: Eks) -> NodeGroupObject:
    """One that is ready, with three nodes within one and six."""
    made = NodeGroupObject(kube_api, kube_namespace)
    made.apply(1, 6)
    eventually(made.said, lambda said: said.get("Ready") == "True")
    return made


def test_it_creates_names_tags_and_reports(node_group: NodeGroupObject, eks: Eks) -> None:
    found = node_group.get()
    assert found["metadata"]["annotations"] == {"crossplane.io/external-name": "main"}
    assert found["spec"]["forProvider"]["tags"]["crossplane-name"] == "main"
    assert found["status"]["atProvider"] == {
        "capacityType": "ON_DEMAND",
        "status": "ACTIVE",
        "scalingConfig": {"minSize": 1, "desiredSize": 3, "maxSize": 6},
    }
    eks.autoscale("ml:main", 5)
    eventually(
        lambda: node_group.get()["status"]["atProvider"]["scalingConfig"]["desiredSize"],
        lambda desired: desired == 5,
    )
    assert eks.verbs("ml:main") == ["create", "active", "autoscale"]


def test_a_refusal_is_told_and_tried_again(node_group: NodeGroupObject, eks: Eks) -> None:
    node_group.apply(4, 6)
    said = "Minimum capacity 4 can't be greater than desired size 3"
    eventually(node_group.said, lambda found: found.get("Synced") == said)
    eks.autoscale("ml:main", 4)
    eventually(node_group.said, lambda found: found.get("Synced") == "True")
    found = eks.find("ml:main")
    assert found is not None
    assert found.scaling == Scaling(4, 4, 6)


def test_it_refuses_what_cannot_change_in_place(node_group: NodeGroupObject, eks: Eks) -> None:
    node_group.apply(1, 6, capacityType="SPOT")
    eventually(
        node_group.said, lambda found: "cannot change capacityType" in found.get("Synced", "")
    )
    assert [each.verb for each in eks.refusals] == ["refused"]


def test_late_initialisation_takes_the_desired_size_over(
    node_group: NodeGroupObject, eks: Eks
) -> None:
    node_group.apply(1, 6, policies=(*KEPT, "LateInitialize"))
    eventually(
        lambda: node_group.get()["spec"]["forProvider"]["scalingConfig"].get("desiredSize"),
        lambda desired: desired == 3,
    )
    eks.autoscale("ml:main", 5)
    # It fights the autoscaler from then on, which is why Trimtab does not allow it.
    eventually(lambda: eks.verbs("ml:main"), lambda verbs: verbs[-2:] == ["autoscale", "update"])
    found = eks.find("ml:main")
    assert found is not None
    assert found.scaling.desired == 3


def test_a_deleted_object_waits_for_its_node_group(
    node_group: NodeGroupObject, eks: Eks, kube_api: KubeApi
) -> None:
    kube_api.delete(*NODE_GROUP, "main", node_group.namespace)
    eventually(
        lambda: kube_api.list_all(*NODE_GROUP, node_group.namespace), lambda found: not found
    )
    assert eks.find("ml:main") is None
    assert eks.verbs("ml:main")[-1] == "delete"
