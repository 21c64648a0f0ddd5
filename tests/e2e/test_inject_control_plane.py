"""Compositions that a platform team has already, with one step of the capacity function added (mode Inject).

Under the real Crossplane: a step that is none of ours composes the resources, the API server holds an
XRD that knows nothing of Trimtab to its schema, and no provider runs: the test writes what one would
report.
"""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.capacity_cluster import (
    FUNCTION,
    ROOT,
    CapacityControlPlane,
    eventually,
    in_seconds,
    plan_now,
)
from support.capacity_function import Certificates, template_function
from support.engines import engine_share
from support.garbage_collector import garbage_collector
from support.kube_api import KubeApi
from support.least_crd import least_crd

pytestmark = pytest.mark.engine

Document = dict[str, Any]
TEMPLATES = "function-templates"
XR = ("platform.example.org/v1", "TrainingCluster")
NODE_GROUP = ("eks.aws.m.upbound.io/v1beta1", "NodeGroup")
LAUNCH_TEMPLATE = ("ec2.aws.m.upbound.io/v1beta1", "LaunchTemplate")
MACHINE_SET = ("machines.example.org/v1", "MachineSet")
HPA = ("autoscaling/v2", "HorizontalPodAutoscaler")
OBJECT = ("kubernetes.m.crossplane.io/v1alpha1", "Object")
RESOURCE_NAME = "crossplane.io/composition-resource-name"
LABELS = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}
CRDS = ROOT / "tests" / "e2e" / "crds"
EXAMPLE = ROOT / "functions" / "examples" / "inject"
TEXT = {"type": "string"}


def xrd(**status: Document) -> Document:
    """The example's XRD with these fields of a status in the place of its own."""
    found: Document = yaml.safe_load((EXAMPLE / "definition.yaml").read_text("utf-8"))
    (version,) = found["spec"]["versions"]
    properties = version["schema"]["openAPIV3Schema"]["properties"]
    if status:
        properties["status"]["properties"] = status
    return found


def resource(kind: tuple[str, str], spec: Document, **metadata: Any) -> Document:
    """What an earlier step composes."""
    return {"apiVersion": kind[0], "kind": kind[1], "metadata": metadata, "spec": spec}


def inside(manifest: Document, **metadata: Any) -> Document:
    """A manifest for another cluster, as provider-kubernetes takes it."""
    return resource(OBJECT, {"forProvider": {"manifest": manifest}}, **metadata)


NODES = {
    "forProvider": {
        "region": "us-east-1",
        "clusterName": "ml",
        "nodeRoleArn": "arn:aws:iam::111122223333:role/node",
        "subnetIds": ["subnet-a"],
        "scalingConfig": {"minSize": 1, "maxSize": 1},
    }
}
EKS = {
    "nodes": resource(NODE_GROUP, NODES, labels=LABELS),
    "template": resource(
        LAUNCH_TEMPLATE, {"forProvider": {"region": "us-east-1", "name": "nodes"}}, labels=LABELS
    ),
    "other": resource(NODE_GROUP, NODES),
}
SCALED = {"kind": "Deployment", "name": "trainer", "apiVersion": "apps/v1"}
UNLABELLED = {
    "gpu-workers": resource(NODE_GROUP, NODES, labels={"tier": "gpu"}),
    "cpu-workers": resource(NODE_GROUP, NODES, labels={"tier": "cpu"}),
    "machines": resource(MACHINE_SET, {"pool": {"least": 0, "most": "1"}}),
    "replicas": resource(
        HPA,
        {"scaleTargetRef": SCALED, "maxReplicas": 1},
        annotations={"trimtab.dev/units-per-replica": "2"},
    ),
}
MACHINE_FIELDS = {"min": "spec.pool.least", "max": "spec.pool.most", "running": "spec.pool.running"}
TARGETS = [
    {
        "match": {"name": "*-workers", "kind": "NodeGroup", "labels": {"tier": "gpu"}},
        "pool": "trainer",
        "group": "main",
    },
    {"match": {"kind": "MachineSet"}, "pool": "trainer", "fields": MACHINE_FIELDS},
    {"match": {"name": "replicas"}, "pool": "trainer"},
]
CLASS = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "gpu"}
KARPENTER = {
    "pool": inside(
        {
            "apiVersion": "karpenter.sh/v1",
            "kind": "NodePool",
            "metadata": {"name": "gpu"},
            "spec": {
                "limits": {"memory": "4Ti"},
                "template": {"spec": {"nodeClassRef": CLASS}},
            },
        },
        labels=LABELS,
    ),
    "queue": inside(
        {
            "apiVersion": "kueue.x-k8s.io/v1beta2",
            "kind": "ClusterQueue",
            "metadata": {"name": "gpu", "labels": {"trimtab.dev/pool": "trainer"}},
            "spec": {"namespaceSelector": {}},
        }
    ),
}


@pytest.fixture(scope="module")
def teams(
    with_function: CapacityControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApi]:
    """Crossplane with a function of others, an XRD of others, and the kinds that these compose."""
    core = with_function.core
    api = core.api
    api.apply_all(CRDS / "aws.yaml")
    crds = engine_share("provider-kubernetes") / "package/crds"
    api.apply_all(crds / "kubernetes.m.crossplane.io_objects.yaml")
    api.apply(least_crd("machines.example.org", "v1", "MachineSet"))
    core.apply_xrd(xrd(endpoint=TEXT))
    folder = core.function_certificates
    logs = tmp_path_factory.mktemp("templates")
    with template_function(logs, Certificates(folder, folder)) as templates:
        core.register_function(TEMPLATES, int(templates.target.rpartition(":")[2]))
        yield api


class Team:
    """An XR `own` of a Composition of two steps; both are the test's namespace's."""

    def __init__(self, api: KubeApi, namespace: str) -> None:
        self.api, self.namespace, self._edits = api, namespace, 0

    def composes(self, resources: Document, **step: Any) -> None:
        """Apply the Composition, and the XR where it is not there yet."""
        inputs: list[tuple[str, Document]] = [
            (TEMPLATES, {"apiVersion": "example.org/v1", "kind": "T", "resources": resources}),
            (FUNCTION, {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input",
                        "mode": "Inject", "plan": {"name": "example"}, **step}),
        ]  # fmt: skip
        self.api.apply(
            {
                "apiVersion": "apiextensions.crossplane.io/v1",
                "kind": "Composition",
                "metadata": {"name": self.namespace},
                "spec": {
                    "compositeTypeRef": {"apiVersion": XR[0], "kind": XR[1]},
                    "mode": "Pipeline",
                    "pipeline": [
                        {"step": name, "functionRef": {"name": name}, "input": each}
                        for name, each in inputs
                    ],
                },
            }
        )
        self.touch()

    def plans(self, document: Document) -> None:
        """Apply a plan, and have it looked at."""
        metadata = {**document["metadata"], "namespace": self.namespace}
        self.api.apply({**document, "metadata": metadata})
        self.touch()

    def touch(self) -> None:
        """Edit the XR, so that Crossplane reconciles it now."""
        self._edits += 1
        labels = {"edit": str(self._edits)}
        metadata = {"name": "own", "namespace": self.namespace, "labels": labels}
        reference = {"compositionRef": {"name": self.namespace}}
        spec = {"crossplane": reference, "subnetIds": ["subnet-a"]}
        self.api.apply({"apiVersion": XR[0], "kind": XR[1], "metadata": metadata, "spec": spec})

    def status(self) -> Document:
        """The XR's."""
        found: Document = self.api.get(*XR, "own", self.namespace).get("status", {})
        return found

    def awaits_said(self, condition: str, said: str) -> None:
        """Wait until a condition has a reason and a message that begin so."""

        def read() -> str:
            found = self.status().get("conditions", [])
            mine = [each for each in found if each["type"] == condition]
            return "".join(f"{each['reason']}: {each.get('message', '')}" for each in mine)

        eventually(read, lambda found: found.startswith(said))

    def made(self, kind: tuple[str, str]) -> dict[str, Document]:
        """What is composed of a kind and not being deleted, by the pipeline's names."""
        return {
            each["metadata"]["annotations"][RESOURCE_NAME]: each
            for each in self.api.list_all(*kind, self.namespace)
            if "deletionTimestamp" not in each["metadata"]
        }

    def awaits(self, kind: tuple[str, str], key: str, holds: Callable[[Document], bool]) -> Any:
        """Wait until a composed resource's spec is as wanted; the resource."""
        return eventually(
            lambda: self.made(kind).get(key), lambda each: bool(each and holds(each["spec"]))
        )

    def awaits_sizes(self, key: str, low: int, high: int) -> Any:
        """Wait until a node group has these bounds; it."""

        def holds(spec: Document) -> bool:
            scaling = spec["forProvider"]["scalingConfig"]
            return (scaling["minSize"], scaling["maxSize"]) == (low, high)

        return self.awaits(NODE_GROUP, key, holds)

    def reports(self, key: str, desired: int) -> None:
        """Write what the AWS provider would report of a ready node group."""
        when = plan_now((1, 1, 1))["spec"]["start"]
        ready = {"type": "Ready", "status": "True", "reason": "Up", "lastTransitionTime": when}
        at_provider = {"scalingConfig": {"desiredSize": desired}}
        status = {"conditions": [ready], "atProvider": at_provider}
        self.api.patch_status(self.made(NODE_GROUP)[key], status)


@pytest.fixture
def team(teams: KubeApi, kube_namespace: str) -> Team:
    return Team(teams, kube_namespace)


def test_labelled_node_groups_live_as_the_plan_does(team: Team) -> None:
    team.composes(EKS)
    team.awaits_said("PlanUsable", "PlanNotFound: there is no CapacityPlan")
    # What is labelled is not begun as anything; what is not labelled is the team's own affair.
    assert set(team.made(NODE_GROUP)) == {"other"}
    team.plans(plan_now((2, 3, 4)))
    nodes = team.awaits_sizes("nodes", 2, 4)
    assert nodes["spec"]["forProvider"]["capacityType"] == "ON_DEMAND"
    assert nodes["spec"]["initProvider"] == {"scalingConfig": {"desiredSize": 3}}
    (specification, *_) = team.awaits(LAUNCH_TEMPLATE, "template", lambda _: True)["spec"][
        "forProvider"
    ]["tagSpecifications"]
    assert specification["tags"]["trimtab:group"] == "main"
    assert team.made(NODE_GROUP)["other"]["spec"]["forProvider"] == NODES["forProvider"]
    # The XRD has no field for a report, and Crossplane takes the conditions all the same.
    team.awaits_said("CapacityPlanned", "AsPlanned")
    team.awaits_said("Synced", "ReconcileSuccess")
    assert "capacity" not in team.status()

    team.reports("nodes", 3)
    team.plans(plan_now((3, 4, 8), (4, 5, 9), boundaries=[in_seconds(2)]))
    team.awaits_sizes("nodes", 3, 8)
    team.awaits_sizes("nodes", 4, 9)  # nobody edits anything: the next window has begun

    team.reports("nodes", 5)
    team.plans(plan_now((4, 5, 9), generation="ffffff", instance_types=["p4de.24xlarge"]))
    new = team.awaits_sizes("nodes-ffffff", 4, 9)
    assert new["spec"]["forProvider"]["instanceTypes"] == ["p4de.24xlarge"]
    assert new["spec"]["initProvider"]["scalingConfig"] == {"desiredSize": 5}
    assert "nodes" in team.made(NODE_GROUP)
    team.awaits_said("CapacityPlanned", "Replacing")
    team.reports("nodes-ffffff", 5)
    eventually(lambda: team.made(NODE_GROUP), lambda made: set(made) == {"nodes-ffffff", "other"})

    before = team.made(NODE_GROUP)["nodes-ffffff"]["spec"]
    team.api.delete("trimtab.dev/v1alpha1", "CapacityPlan", "example", team.namespace)
    team.touch()
    team.awaits_said("PlanUsable", "PlanNotFound")
    assert team.made(NODE_GROUP)["nodes-ffffff"]["spec"] == before


def test_what_carries_no_label_is_found_by_targets(team: Team, tmp_path: Path) -> None:
    team.plans(plan_now((2, 3, 4)))
    team.composes(UNLABELLED, targets=TARGETS)
    team.awaits_sizes("gpu-workers", 2, 4)
    machines = team.awaits(MACHINE_SET, "machines", lambda spec: spec["pool"]["least"] == 2)
    assert machines["spec"]["pool"] == {"least": 2, "most": "4"}  # text where the team has text
    # A replica takes two units of the plan's, and a node has eight.
    team.awaits(HPA, "replicas", lambda spec: (spec["minReplicas"], spec["maxReplicas"]) == (8, 16))
    assert team.made(NODE_GROUP)["cpu-workers"]["spec"]["forProvider"] == NODES["forProvider"]
    team.awaits_said("CapacityPlanned", "AsPlanned: node groups with the plan's sizes: 3")

    team.api.delete("trimtab.dev/v1alpha1", "CapacityPlan", "example", team.namespace)
    team.touch()
    team.awaits_said("PlanUsable", "PlanNotFound")
    assert team.made(MACHINE_SET)["machines"]["spec"] == machines["spec"]
    with garbage_collector(team.api, tmp_path):
        team.api.delete(*XR, "own", team.namespace)
        for kind in (NODE_GROUP, MACHINE_SET, HPA):
            eventually(lambda kind=kind: team.made(kind), lambda made: not made)  # type: ignore[misc]


def test_what_stands_inside_objects_is_sized_there(team: Team) -> None:
    team.plans(plan_now((2, 3, 4)))
    team.composes(KARPENTER)

    def manifest(spec: Document) -> Document:
        found: Document = spec["forProvider"]["manifest"]["spec"]
        return found

    pool = team.awaits(OBJECT, "pool", lambda spec: "nodes" in manifest(spec)["limits"])
    limits = manifest(pool["spec"])["limits"]
    assert (limits["nodes"], limits["memory"]) == ("4", "4Ti")
    queue = team.awaits(OBJECT, "queue", lambda spec: "resourceGroups" in manifest(spec))
    (group,) = manifest(queue["spec"])["resourceGroups"]
    (quota,) = group["flavors"][0]["resources"]
    assert (quota["name"], quota["nominalQuota"]) == ("nvidia.com/gpu", "32")
    team.awaits_said("CapacityPlanned", "AsPlanned")

    team.plans(plan_now((2, 5, 9)))
    team.awaits(OBJECT, "pool", lambda spec: manifest(spec)["limits"]["nodes"] == "9")
    # An XRD that declares a part of the report gets that part, and the example's all of it.
    name = {"plan": {"type": "object", "properties": {"name": TEXT}}}

    def reported() -> Any:
        team.touch()
        return team.status().get("capacity")

    try:
        team.api.apply(xrd(capacity={"type": "object", "properties": name}))
        eventually(reported, lambda found: found == {"plan": {"name": "example"}})
        team.api.apply(xrd())
        whole = eventually(reported, lambda found: "groups" in (found or {}))
        assert {each["resource"] for each in whole["groups"]} == {"pool", "queue"}
    finally:
        team.api.apply(xrd(endpoint=TEXT))


MISSPELT = {**LABELS, "trimtab.dev/pool": "trainr"}
ABSENT = {**LABELS, "trimtab.dev/group": "mian"}


@pytest.mark.parametrize(
    ("resources", "step", "condition", "said"),
    [
        pytest.param(
            EKS, {"targts": []}, "PlanUsable",
            "InputInvalid: the pipeline step's input: targts: unknown field; did you mean targets?",
            id="a field of the input",
        ),
        pytest.param(
            {"nodes": resource(NODE_GROUP, NODES, labels=MISSPELT)}, {}, "PlanUsable",
            "PlanForAnotherPool: plan example has no pool trainr (of nodes); name one of trainer",
            id="the pool of a label",
        ),
        pytest.param(
            {"nodes": resource(NODE_GROUP, NODES, labels=ABSENT)}, {}, "CapacityPlanned",
            "GroupsRefused: trainer/mian: the plan's pool has no such group, which nodes names; use"
            " one of main",
            id="the group of a label",
        ),
        pytest.param(
            {**EKS, "again": EKS["nodes"]}, {}, "CapacityPlanned",
            "GroupsRefused: trainer/main: nodes and again are both labelled so; give one of them",
            id="one label twice",
        ),
        pytest.param(
            UNLABELLED, {"targets": [*TARGETS, {"match": {"name": "wrkers-*"}, "pool": "trainer"}]},
            "CapacityPlanned",
            "NothingMatched: targets[3] matches no resource of an earlier step; mend its match",
            id="the name of a target",
        ),
        pytest.param(
            UNLABELLED, {}, "CapacityPlanned",
            "NothingMatched: no resource of an earlier step is labelled trimtab.dev/pool; label one",
            id="no target at all",
        ),
        pytest.param(
            UNLABELLED, {"targets": [{"match": {"kind": "MachineSet"}, "pool": "trainer"}]},
            "CapacityPlanned",
            "NothingMatched: targets[0] matches machines, and no adapter knows a MachineSet; give"
            " fields",
            id="a target without fields",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_mend(
    team: Team, resources: Document, step: Document, condition: str, said: str
) -> None:
    team.plans(plan_now((2, 3, 4)))
    team.composes(resources, **step)
    team.awaits_said(condition, said)
    team.awaits_said("Synced", "ReconcileSuccess")


def test_a_mistake_that_comes_later_keeps_what_runs(team: Team) -> None:
    team.plans(plan_now((2, 3, 4)))
    team.composes(EKS)
    before = team.awaits_sizes("nodes", 2, 4)["spec"]
    mistakes: list[tuple[dict[str, str], Document, str, str]] = [
        (MISSPELT, {}, "PlanUsable", "PlanForAnotherPool"),
        (ABSENT, {}, "CapacityPlanned", "GroupsRefused"),
        (LABELS, {"plan": {"nam": "example"}}, "PlanUsable", "InputInvalid"),
    ]
    for labels, step, condition, reason in mistakes:
        changed = copy.deepcopy(EKS)
        changed["nodes"]["metadata"]["labels"] = labels
        team.composes(changed, **step)
        team.awaits_said(condition, reason)
        assert team.made(NODE_GROUP)["nodes"]["spec"] == before
    team.composes(EKS)
    team.awaits_said("PlanUsable", "PlanFound")
    team.awaits_said("CapacityPlanned", "AsPlanned")
