"""A real API server's verdict on the CRDs: what it accepts, refuses, keeps and prints of each kind."""

import json
import ssl
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from support.capacity_cluster import eventually
from support.kube_api import KubeApi, KubeError
from support.object_cases import ACCEPTED, APPROVAL, POLICY, REJECTED, WORKLOAD, parse
from support.plan_cases import Case
from support.plan_strategies import altered
from support.plans import plan_data
from trimtab.errors import InputError
from trimtab.inventory.approvals import parse_approval, parse_approvals
from trimtab.plan.attribution import plan_label
from trimtab.plan.labels import PLAN_LABEL
from trimtab.policy.document import parse_policy
from trimtab.schemas.custom_resources import CustomResource
from trimtab.schemas.published import CUSTOM_RESOURCES
from trimtab.workloads.reader import parse_workloads

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
OBJECTS = {each["kind"]: each for each in (plan_data(), APPROVAL, WORKLOAD, POLICY)}
resources = pytest.mark.parametrize("resource", CUSTOM_RESOURCES, ids=lambda each: each.kind)


@pytest.fixture(scope="module")
def api(kube_api: KubeApi) -> KubeApi:
    """The API server with every published CRD: their rules compile, and pass the cost budget."""
    for resource in CUSTOM_RESOURCES:
        kube_api.apply_all(ROOT / resource.crd_file)
    return kube_api


def placed(document: dict[str, Any], namespace: str, **metadata: Any) -> dict[str, Any]:
    """The document in a namespace."""
    return {
        **document,
        "metadata": {**document["metadata"], "namespace": namespace, **metadata},
    }


def address(resource: CustomResource, namespace: str) -> str:
    """Where the kind's objects are listed."""
    return f"/apis/{resource.group}/{resource.version}/namespaces/{namespace}/{resource.plural}"


def table(api: KubeApi, resource: CustomResource, namespace: str) -> dict[str, Any]:
    """What `kubectl get -o wide` prints: the server's own table."""
    request = urllib.request.Request(
        f"{api.url}{address(resource, namespace)}",
        headers={
            "Authorization": f"Bearer {api.token}",
            "Accept": "application/json;as=Table;v=v1;g=meta.k8s.io",
        },
    )
    trust = ssl.create_default_context(cafile=str(api.ca_file))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    with opener.open(request, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
    return found


@resources
def test_a_crd_is_served_under_its_names(api: KubeApi, resource: CustomResource) -> None:
    name = f"{resource.plural}.{resource.group}"
    crd = api.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
    conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert (conditions["NamesAccepted"], conditions["Established"]) == ("True", "True")
    assert "NonStructuralSchema" not in conditions
    assert crd["status"]["acceptedNames"]["shortNames"] == list(resource.short_names)
    assert crd["status"]["acceptedNames"]["categories"] == ["trimtab"]
    assert crd["spec"]["scope"] == "Namespaced"


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_the_api_server_accepts(api: KubeApi, case: Case) -> None:
    stored = api.apply(case.document, dry_run=True)
    # What the server returns, with its metadata, defaults and order of keys, is the same document.
    assert vars(parse(stored))["spec"] == vars(parse(case.document))["spec"]


@pytest.mark.parametrize(
    "case", [each for each in ACCEPTED if each.base is WORKLOAD], ids=lambda each: each.sentence
)
def test_a_stored_workload_is_the_workload_of_its_file(api: KubeApi, case: Case) -> None:
    """Defaults that a cluster stores must not read as what somebody stated."""
    stored = parse_workloads(yaml.safe_dump(api.apply(case.document, dry_run=True)), "w.yaml")
    sent = parse_workloads(yaml.safe_dump(case.document), "w.yaml")
    assert (stored.workloads, stored.notes) == (sent.workloads, sent.notes)


@pytest.mark.parametrize("case", REJECTED, ids=str)
def test_the_api_server_rejects(api: KubeApi, case: Case) -> None:
    with pytest.raises(KubeError) as error:
        api.apply(case.document, dry_run=True)
    assert case.server_message in str(error.value)


@settings(
    deadline=None,
    derandomize=True,
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=altered(ACCEPTED))
def test_the_api_server_and_pydantic_agree_on_any_document(
    api: KubeApi, data: dict[str, Any]
) -> None:
    by_server = by_pydantic = None
    try:
        api.apply(data, dry_run=True)
    except KubeError as error:
        by_server = str(error)
    try:
        parse(data)
    except InputError as error:
        by_pydantic = str(error)
    assert (by_server is None) == (by_pydantic is None), (by_server, by_pydantic)


@pytest.mark.parametrize("kind", OBJECTS)
def test_applying_twice_changes_nothing(api: KubeApi, kube_namespace: str, kind: str) -> None:
    document = placed(OBJECTS[kind], kube_namespace)
    first = api.apply(document)
    second = api.apply(document)
    versions = [each["metadata"]["resourceVersion"] for each in (first, second)]
    assert versions[0] == versions[1]
    assert (first["metadata"]["generation"], second["metadata"]["generation"]) == (1, 1)


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_unknown_field_is_refused_or_pruned(
    api: KubeApi, kube_namespace: str, kind: str
) -> None:
    resource = next(each for each in CUSTOM_RESOURCES if each.kind == kind)
    document = placed(OBJECTS[kind], kube_namespace)
    document["spec"] = {**document["spec"], "typo": 1}
    with pytest.raises(KubeError, match=r"\.spec\.typo: field not declared in schema"):
        api.apply(document)
    path = address(resource, kube_namespace)
    with pytest.raises(KubeError, match=r'unknown field "spec\.typo"'):
        api.request("POST", path, document, fieldValidation="Strict")
    stored = api.request("POST", path, document, fieldValidation="Ignore")
    assert "typo" not in stored["spec"]


@pytest.mark.parametrize("kind", OBJECTS)
def test_a_status_is_for_others_to_write(api: KubeApi, kube_namespace: str, kind: str) -> None:
    document = placed(OBJECTS[kind], kube_namespace)
    stored = api.apply({**document, "status": {"mine": True}})
    assert "status" not in stored
    api.patch_status(document, {"conditions": [{"type": "Seen", "status": "True"}]})
    stored = api.get(document["apiVersion"], kind, document["metadata"]["name"], kube_namespace)
    assert stored["status"]["conditions"][0]["type"] == "Seen"
    assert stored["metadata"]["generation"] == 1


# Approvals.


def test_an_approval_cannot_be_changed(api: KubeApi, kube_namespace: str) -> None:
    document = placed(APPROVAL, kube_namespace)
    api.apply(document)
    message = "spec: Invalid value.*: an approval can't be changed; record another one"
    for field, value in {
        "plan": "other",
        "commitment": "sha256:" + "b" * 64,
        "quantity": 5,
        "ceilingUsdPerHour": 20,
        "approvedBy": "somebody",
        "approvedAt": "2026-11-02T00:00:00Z",
        "expires": "2027-11-15T00:00:00Z",
    }.items():
        with pytest.raises(KubeError, match=message):
            api.apply({**document, "spec": {**document["spec"], field: value}})
    approvals = next(each for each in CUSTOM_RESOURCES if each.kind == "CommitmentApproval")
    path = f"{address(approvals, kube_namespace)}/{document['metadata']['name']}"
    stored = api.request("GET", path)
    stored["spec"]["quantity"] = 4_000
    with pytest.raises(KubeError, match=message):
        api.request("PUT", path, stored)
    with pytest.raises(KubeError, match="spec: Required value"):
        api.request("PATCH", path, {"spec": None}, "application/merge-patch+json")
    assert parse_approval(api.request("GET", path), "stored").quantity == 4


def test_an_approvals_labels_may_be_changed(api: KubeApi, kube_namespace: str) -> None:
    document = placed(APPROVAL, kube_namespace)
    api.apply(document)
    stored = api.apply(placed(APPROVAL, kube_namespace, labels={"reviewed": "true"}))
    assert stored["metadata"]["labels"] == {"reviewed": "true"}
    assert stored["metadata"]["generation"] == 1


def test_a_plans_approvals_are_found_by_its_label(api: KubeApi, kube_namespace: str) -> None:
    for name, plan in (("mine", "example"), ("other", "prod")):
        labels = {PLAN_LABEL: plan_label(plan)}
        approval = placed(APPROVAL, kube_namespace, name=name, labels=labels)
        api.apply({**approval, "spec": {**APPROVAL["spec"], "plan": plan}})
    approvals = next(each for each in CUSTOM_RESOURCES if each.kind == "CommitmentApproval")
    selector = f"{PLAN_LABEL}={plan_label('example')}"
    found = api.request("GET", address(approvals, kube_namespace), labelSelector=selector)
    assert [each["metadata"]["name"] for each in found["items"]] == ["mine"]


def test_stored_documents_read_back_as_objects_and_as_what_kubectl_lists(
    api: KubeApi, kube_namespace: str
) -> None:
    listed: dict[str, dict[str, Any]] = {}
    for kind in ("CommitmentApproval", "Workload", "CapacityPolicy"):
        document = placed(OBJECTS[kind], kube_namespace)
        api.apply(document)
        api.patch_status(document, {"seen": True})
        stored = api.get(document["apiVersion"], kind, document["metadata"]["name"], kube_namespace)
        assert stored["metadata"]["managedFields"]
        # As `kubectl get -o yaml` writes a list: of kind List, of version v1.
        listed[kind] = {"apiVersion": "v1", "kind": "List", "items": [stored], "metadata": {}}
    (approval,) = parse_approvals(yaml.safe_dump(listed["CommitmentApproval"]), "approvals.yaml")
    stored_approval = listed["CommitmentApproval"]["items"][0]
    assert approval.commitment == parse_approval(stored_approval, "stored").commitment
    (sent,) = parse_workloads(yaml.safe_dump(WORKLOAD), "workload.yaml").workloads
    read = parse_workloads(yaml.safe_dump(listed["Workload"]), "workload.yaml")
    assert (read.workloads, read.notes) == ((sent,), ())
    policy = listed["CapacityPolicy"]["items"][0]
    assert parse_policy(policy, "stored").spec == parse_policy(POLICY, "sent").spec


# What `kubectl get` prints. The second of a pair of columns is printed with -o wide alone.

PRINTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "CapacityPlan": (
        {"Name": "example", "Provider": "aws", "Region": "us-east-1",
         "Valid until": "2026-11-01T12:00:00+00:00"},
        {"As of": "2026-11-01T00:00:00+00:00"},
    ),
    "CommitmentApproval": (
        {"Name": "trainer-q4", "Plan": "example", "Quantity": 4, "Ceiling USD/h": 19.5,
         "By": "finops@example.com", "Expires": "2026-11-15T00:00:00Z"},
        {"Commitment": APPROVAL["spec"]["commitment"]},
    ),
    "Workload": (
        {"Name": "search", "Replicas": 3, "Interruptible": True, "Priority": "high",
         "Team": "web"},
        {"Project": ""},
    ),
    "CapacityPolicy": (
        {"Name": "platform", "Max nodes": 200, "Max USD/h": 5000, "Step down": 0.25,
         "Max age h": 48},
        {"New groups": False},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PRINTED)
def test_what_kubectl_prints(api: KubeApi, kube_namespace: str, kind: str) -> None:
    resource = next(each for each in CUSTOM_RESOURCES if each.kind == kind)
    api.apply(placed(OBJECTS[kind], kube_namespace))
    printed = table(api, resource, kube_namespace)
    (row,) = printed["rows"]
    always: dict[str, Any] = {}
    wide: dict[str, Any] = {}
    for column, cell in zip(printed["columnDefinitions"], row["cells"], strict=True):
        (wide if column["priority"] else always)[column["name"]] = cell
    assert always.pop("Age")
    assert (always, wide) == PRINTED[kind]


def test_columns_without_a_value_stay_empty(api: KubeApi, kube_namespace: str) -> None:
    resource = next(each for each in CUSTOM_RESOURCES if each.kind == "CapacityPolicy")
    api.apply({**placed(POLICY, kube_namespace), "spec": {}})
    (row,) = table(api, resource, kube_namespace)["rows"]
    # Defaults are stored, so the steps that hold are printed; a limit that is none is not.
    assert row["cells"][:5] == ["platform", None, None, 0.5, None]


# Rights.

VERBS = {
    "get": True, "list": True, "watch": True, "create": False, "update": False, "patch": False,
    "delete": False, "deletecollection": False,
}  # fmt: skip


@pytest.mark.parametrize("plural", ["capacityplans", "capacitypolicies", "commitmentapprovals"])
def test_crossplane_reads_documents_and_writes_none(api: KubeApi, plural: str) -> None:
    user = "who-crossplane-is"
    for role in api.apply_all(ROOT / "functions" / "apis" / "rbac.yaml"):
        name = role["metadata"]["name"]
        group = "rbac.authorization.k8s.io"
        api.apply(
            {
                "apiVersion": f"{group}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": f"{user}-{name}"},
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
                "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
            }
        )

    def allowed(verb: str) -> bool:
        asked = {"group": "trimtab.dev", "resource": plural, "verb": verb, "namespace": "any"}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": asked},
        }
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return bool(api.request("POST", path, review)["status"]["allowed"])

    # The authoriser hears of a binding a moment after it is stored.
    eventually(lambda: allowed("get"), bool)
    assert {verb: allowed(verb) for verb in VERBS} == VERBS
