"""Accepted and rejected approvals, workloads and policies, for every layer that reads them.

As `plan_cases` has it for plans: pydantic, the JSON Schema and the API server must say the same of each
row; a row that one of them cannot judge says why.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from support.plan_cases import (
    FIELDS_COMPARED,
    KEYS_UNIQUE,
    Case,
    Data,
    drop,
    metadata,
    put,
)
from trimtab.inventory.approvals import ApprovalDocument
from trimtab.plan.document import parse_object
from trimtab.policy.model import CapacityPolicy
from trimtab.workloads.schema import WorkloadDocument

DIGEST = "sha256:" + "a" * 64
APPROVAL: Data = {
    "apiVersion": "trimtab.dev/v1alpha1",
    "kind": "CommitmentApproval",
    "metadata": {"name": "trainer-q4", "labels": {"trimtab.dev/plan": "example"}},
    "spec": {
        "plan": "example",
        "commitment": DIGEST,
        "quantity": 4,
        "ceilingUsdPerHour": 19.5,
        "approvedBy": "finops@example.com",
        "approvedAt": "2026-11-01T09:00:00Z",
        "expires": "2026-11-15T00:00:00Z",
    },
}
WORKLOAD: Data = {
    "apiVersion": "trimtab.dev/v1alpha1",
    "kind": "Workload",
    "metadata": {"name": "search"},
    "spec": {
        "replicas": 3,
        "resources": {"cpu": "500m", "memory": "1Gi", "nvidia.com/gpu": 1},
        "accelerators": ["l4"],
        "nodeSelector": {"disk": "fast"},
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}
        ],
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "volumes": ["models"],
        "priorityClassName": "high",
        "interruptible": True,
        "restartHours": 1,
        "shortageTolerance": 0.05,
        "allowedRegions": ["eu-west-1"],
        "latencyMs": 80,
        "owner": {"team": "web", "model": "Llama-3-70B"},
        "unitsPerNode": {"g6.xlarge": 13},
    },
}
POLICY: Data = {
    "apiVersion": "trimtab.dev/v1alpha1",
    "kind": "CapacityPolicy",
    "metadata": {"name": "platform"},
    "spec": {
        "stability": {"hysteresisNodes": 3, "maxStepDownShare": 0.25},
        "limits": {
            "maxNodes": 200,
            "maxUsdPerHour": 5000,
            "pools": [{"name": "trainer", "maxNodes": 40, "maxUsdPerHour": 1500}],
        },
        "allowed": {
            "providers": ["aws"],
            "regions": ["us-east-1"],
            "purchaseOptions": ["reserved", "on-demand", "spot"],
            "instanceTypes": ["p4d.*", "p5*.48xlarge"],
            "deniedInstanceTypes": ["*.metal"],
        },
        "plans": {"maxAgeHours": 48, "approvedDigests": ["0123456789ab"], "mayStartGroups": False},
    },
}
TERM = "nodeSelectorTerms.0.matchExpressions.0"
TOLERATION = "tolerations.0"


def parse(document: Mapping[str, Any]) -> object:
    """The document as Trimtab reads it.

    Raises:
        InputError: it does not.
    """
    models = {
        "CommitmentApproval": ApprovalDocument,
        "Workload": WorkloadDocument,
        "CapacityPolicy": CapacityPolicy,
    }
    return parse_object(document, models[document["kind"]], "document")


def _rows(base: Data, *rows: tuple[Any, ...]) -> tuple[Case, ...]:
    return tuple(replace(Case(*row), base=base) for row in rows)


def _from_cluster(data: Data) -> None:
    data["metadata"].update(finalizers=["example.com/keep"])
    data.update(status={"seen": True})


ACCEPTED: tuple[Case, ...] = (
    *_rows(
        APPROVAL,
        ("an approval as it stands", metadata()),
        ("what a cluster adds to an object", _from_cluster),
        ("an instant with an offset", put("approvedAt", "2026-11-01T05:30:00+05:30")),
        ("a whole number for a price", put("ceilingUsdPerHour", 20)),
        ("a count that protobuf turned into a float", put("quantity", 4.0)),
        ("no labels, as in a file", lambda data: data["metadata"].pop("labels")),
    ),
    *_rows(
        WORKLOAD,
        ("a workload as it stands", metadata()),
        ("what a cluster adds to an object", _from_cluster),
        ("the least that it may say",
         lambda data: data.update(spec={"resources": {"cpu": 1}})),
        ("spot by its selectors alone", lambda data: data.update(
            spec={"resources": {"cpu": 1}, "nodeSelector": {"karpenter.sh/capacity-type": "spot"}})),
        ("a quantity that is a number", put("resources.cpu", 4)),
        ("a quantity that protobuf turned into a float", put("resources.cpu", 4.0)),
        ("a quantity of zero", put("resources.cpu", "0")),
        ("a quantity with a fraction", put("resources.cpu", "0.5")),
        ("a quantity with an exponent", put("resources.memory", "1e9")),
        ("a selector's value that is empty", put("nodeSelector.disk", "")),
        ("an expression without values",
         put(TERM, {"key": "gpu", "operator": "DoesNotExist"})),
        ("a threshold", put(TERM, {"key": "gpus", "operator": "Gt", "values": ["4"]})),
        ("a toleration of everything", put(TOLERATION, {"operator": "Exists"})),
        ("a toleration that ends", put(
            TOLERATION,
            {"key": "a", "value": "b", "effect": "NoExecute", "tolerationSeconds": 300})),
        ("an owner of nothing", put("owner.team", "")),
        ("null for an optional field", put("latencyMs", None)),
        ("no priority", put("priorityClassName", "")),
        ("the longest name", metadata(name="a" * 63)),
    ),
    *_rows(
        POLICY,
        ("a policy as it stands", metadata()),
        ("what a cluster adds to an object", _from_cluster),
        ("an empty policy", lambda data: data.update(spec={})),
        ("null for a part", put("limits", None)),
        ("empty parts", lambda data: data.update(
            spec={"stability": {}, "limits": {}, "allowed": {}, "plans": {}})),
        ("a pool without a limit in money", drop("limits.pools.0.maxUsdPerHour")),
        ("a pool as large as the whole", put("limits.pools.0.maxNodes", 200)),
        ("no limit on the whole", drop("limits.maxNodes")),
        ("no nodes at all", lambda data: data["spec"].update(limits={"maxNodes": 0})),
        ("no steps but whole ones", put("stability.maxStepDownShare", 1)),
        ("every change", put("stability.hysteresisNodes", 0)),
    ),
)  # fmt: skip

REJECTED: tuple[Case, ...] = (
    *_rows(
        APPROVAL,
        ("no plan", drop("plan"), "spec.plan: Field required", "spec.plan: Required value"),
        ("a plan's name that is none", put("plan", "Prod"), "spec.plan: String should match",
         "spec.plan in body should match"),
        ("a digest that is none", put("commitment", "abc"), "spec.commitment: String should match",
         "spec.commitment in body should match"),
        ("a digest that is too short", put("commitment", DIGEST[:-1]), "spec.commitment"),
        ("no nodes", put("quantity", 0), "spec.quantity: Input should be greater than or equal to 1",
         "spec.quantity in body should be greater than or equal to 1"),
        ("more nodes than there are", put("quantity", 100_001), "spec.quantity"),
        ("half a node", put("quantity", 1.5), "spec.quantity"),
        ("a count that is text", put("quantity", "4"), "spec.quantity"),
        ("a price of zero", put("ceilingUsdPerHour", 0),
         "spec.ceilingUsdPerHour: Input should be greater than 0",
         "spec.ceilingUsdPerHour in body should be greater than 0"),
        ("nobody", put("approvedBy", ""), "spec.approvedBy"),
        ("a day in the place of an instant", put("expires", "2026-11-15"), "spec.expires"),
        ("an end before its beginning", put("expires", "2026-10-31T00:00:00Z"),
         "an approval must be given before it expires: approvedAt < expires", None,
         FIELDS_COMPARED),
        ("an end at its beginning", put("expires", "2026-11-01T09:00:00Z"),
         "an approval must be given before it expires: approvedAt < expires", None,
         FIELDS_COMPARED),
        ("a typo", put("expiry", "2026-11-15T00:00:00Z"),
         "spec.expiry: unknown field; did you mean expires?", "spec.expiry: field not declared in schema"),
        ("no spec", lambda data: data.pop("spec"), "spec: Field required", "spec: Required value"),
    ),
    *_rows(
        WORKLOAD,
        ("no resources", put("resources", {}), "spec.resources",
         "spec.resources in body should have at least 1 properties"),
        ("a resource that is no name", put("resources", {"a b": 1}), "spec.resources",
         "a resource must be a name with an optional DNS prefix"),
        ("a quantity that is none", put("resources.cpu", "four"), "is not a quantity such as 500m",
         "spec.resources.cpu in body should match"),
        ("a quantity below zero", put("resources.cpu", "-1"), "-1 is below zero",
         "spec.resources.cpu in body should match"),
        ("a number below zero", put("resources.cpu", -1), "-1 is below zero",
         "spec.resources.cpu in body should be greater than or equal to 0"),
        ("nothing, below zero", put("resources.cpu", "-0"), "-0 is below zero",
         "spec.resources.cpu in body should match"),
        ("a number with a fraction", put("resources.cpu", 0.5),
         "0.5 is no whole number; write it as text", "spec.resources.cpu"),
        ("a quantity that is true", put("resources.cpu", True), "is not a quantity",
         "spec.resources.cpu"),
        ("no replicas", put("replicas", 0), "spec.replicas"),
        ("a selector that is no label", put("nodeSelector", {"-a": "b"}), "spec.nodeSelector",
         "a nodeSelector's key must be a name with an optional DNS prefix"),
        ("a selector's value that is no label", put("nodeSelector.disk", "very fast"),
         "spec.nodeSelector.disk"),
        ("an operator that is none", put(f"{TERM}.operator", "Has"), "operator"),
        ("In without values", put(f"{TERM}.values", []),
         "operators In and NotIn take at least one value", None, FIELDS_COMPARED),
        ("Exists with values", put(f"{TERM}.operator", "Exists"),
         "operators Exists and DoesNotExist take no values", None, FIELDS_COMPARED),
        ("Gt with two values", put(f"{TERM}.operator", "Gt"),
         "operators Gt and Lt take one whole number", None, FIELDS_COMPARED),
        ("Lt with a word", put(TERM, {"key": "a", "operator": "Lt", "values": ["four"]}),
         "operators Gt and Lt take one whole number", None, FIELDS_COMPARED),
        ("a term without expressions", put("nodeSelectorTerms.0.matchExpressions", []),
         "spec.nodeSelectorTerms[0].matchExpressions"),
        ("a toleration of nothing", put(TOLERATION, {}),
         "a toleration without a key must have the operator Exists", None, FIELDS_COMPARED),
        ("a toleration of a key with any value", put(f"{TOLERATION}.value", "true"),
         "a toleration with the operator Exists takes no value", None, FIELDS_COMPARED),
        ("a toleration that ends without an effect", put(f"{TOLERATION}.tolerationSeconds", 300),
         "tolerationSeconds goes only with the effect NoExecute", None, FIELDS_COMPARED),
        ("a claim that is no name", put("volumes", ["My Models"]), "spec.volumes[0]"),
        ("a share above one", put("shortageTolerance", 1.5), "spec.shortageTolerance"),
        ("a month to restart", put("restartHours", 721), "spec.restartHours"),
        ("no latency at all", put("latencyMs", 0), "spec.latencyMs"),
        ("an owner of blanks", put("owner.team", " "), "spec.owner.team"),
        ("an owner that is no label", put("owner.model", "meta-llama/Llama-3-70B"),
         "spec.owner.model"),
        ("throughput of zero", put("unitsPerNode", {"g6.xlarge": 0}), "spec.unitsPerNode"),
        ("throughput of nothing", put("unitsPerNode", {" ": 1}), "spec.unitsPerNode",
         "unitsPerNode goes by instance types"),
        ("a typo", put("replcas", 3), "spec.replcas: unknown field; did you mean replicas?",
         "spec.replcas: field not declared in schema"),
        ("a name with dots", metadata(name="search.eu"), "metadata.name"),
        ("a name that is too long for a label", metadata(name="a" * 64), "metadata.name"),
    ),
    *_rows(
        POLICY,
        ("no spec", lambda data: data.pop("spec"), "spec: Field required", "spec: Required value"),
        ("no step down", put("stability.maxStepDownShare", 0), "spec.stability.maxStepDownShare"),
        ("more than everything", put("stability.maxStepDownShare", 1.1),
         "spec.stability.maxStepDownShare"),
        ("a share below zero", put("stability.hysteresisShare", -0.1),
         "spec.stability.hysteresisShare"),
        ("a pool's limit that is none", put("limits.pools.0", {"name": "trainer"}),
         "a pool's limit must state maxNodes or maxUsdPerHour", None, FIELDS_COMPARED),
        ("a pool twice", put("limits.pools", [POLICY["spec"]["limits"]["pools"][0]] * 2),
         "pool names must be unique in limits", 'duplicate entries for key [name="trainer"]',
         KEYS_UNIQUE),
        ("a pool larger than the whole", put("limits.pools.0.maxNodes", 201),
         "a pool's maxNodes must not be above that of the whole plan", None, FIELDS_COMPARED),
        ("a pool dearer than the whole", put("limits.pools.0.maxUsdPerHour", 5000.5),
         "a pool's maxUsdPerHour must not be above that of the whole plan", None, FIELDS_COMPARED),
        ("a purchase option that is none", put("allowed.purchaseOptions", ["savings-plan"]),
         "spec.allowed.purchaseOptions[0]"),
        ("no purchase option", put("allowed.purchaseOptions", []), "spec.allowed.purchaseOptions"),
        ("a pattern that is none", put("allowed.instanceTypes", ["p[45]d"]),
         "spec.allowed.instanceTypes[0]"),
        ("a region that is none", put("allowed.regions", [""]), "spec.allowed.regions[0]"),
        ("an age of zero", put("plans.maxAgeHours", 0), "spec.plans.maxAgeHours"),
        ("a digest with its algorithm", put("plans.approvedDigests", [DIGEST]),
         "spec.plans.approvedDigests[0]"),
        ("a flag that is text", put("plans.mayStartGroups", "no"), "spec.plans.mayStartGroups"),
        ("a typo", put("stability.maxStepDown", 0.5),
         "spec.stability.maxStepDown: unknown field; did you mean maxStepDownShare?",
         "spec.stability.maxStepDown: field not declared in schema"),
    ),
)  # fmt: skip
