"""What a user may state: the models, and the published schemas that must say the same."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from support.cluster_requests import API, AWS, BASE, EDGE, EXISTING, GCP, ON_PREMISES
from trimtab.errors import InputError
from trimtab.schemas.structural import structural
from trimtab_functions.cluster import input_crd
from trimtab_functions.cluster.platforms import PLATFORMS
from trimtab_functions.cluster.settings import parse_input, parse_spec

FUNCTIONS = Path(__file__).parents[3] / "functions"
INPUT = {"apiVersion": "cluster.fn.trimtab.dev/v1alpha1", "kind": "Input", "platform": "AWS"}
XRDS = {
    "AWS": "heterogeneouscluster",
    "GCP": "heterogeneouscluster",
    "OnPremises": "heterogeneouscluster",
    "Edge": "edgesite",
}
ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("AWS", AWS),
    ("AWS", {**AWS, "kubernetesVersion": "1.35", "amiFamily": "BOTTLEROCKET"}),
    ("AWS", {**AWS, "network": {"cidr": "10.8.0.0/16", "zones": ["us-east-1a"], "nat": "none"}}),
    ("AWS", {**AWS, "owner": {"team": "vision", "environment": ""}, "clusterName": "Ml_1"}),
    ("AWS", {**AWS, "gpuOperator": {"enabled": False, "values": {"a": {"b": [1]}}}}),
    ("AWS", {**AWS, "storage": {"defaultClass": False}, "publicAccessCidrs": ["192.0.2.0/24"]}),
    ("AWS", {**AWS, "providerConfigRef": {"kind": "ProviderConfig", "name": "team"}}),
    ("GCP", {**GCP, "zones": ["us-central1-a"], "gcpNetwork": {"podsCidr": "10.96.0.0/12"}}),
    ("OnPremises", ON_PREMISES),
    ("OnPremises", {**BASE, "onPremises": {"clusterApi": API}}),
    ("OnPremises", {**BASE, "onPremises": {"clusterApi": {**API, "controlPlaneReplicas": 1}}}),
    ("Edge", EDGE),
    ("Edge", {**EDGE, "install": {"endpoint": "k3s.example", "servers": 3, "disable": ["traefik"]}}),
    ("Edge", {**BASE, "version": "v1.35.3+k3s1", "kubeconfigSecretRef": {"name": "a.b"}}),
]  # fmt: skip
REJECTED: list[tuple[str, dict[str, Any], str]] = [
    ("AWS", {"pools": ["a"], "region": "us-east-1"}, "planRef: Field required"),
    ("AWS", {**AWS, "pools": []}, "pools: List should have at least 1 item"),
    ("AWS", {**AWS, "pools": ["Trainer"]}, "pools[0]: String should match pattern"),
    ("AWS", {**AWS, "planRef": {"name": "a..b"}}, "planRef.name: String should match pattern"),
    ("AWS", {**AWS, "kubernetesVersion": "1.35.2"}, "kubernetesVersion: String should match"),
    ("AWS", {**AWS, "network": {"nat": "double"}}, "network.nat: Input should be"),
    ("AWS", {**AWS, "network": {"cidr": "10.0.0.0"}}, "network.cidr: String should match"),
    ("AWS", {**AWS, "amiFamily": "AL2"}, "amiFamily: Input should be 'AL2023' or 'BOTTLEROCKET'"),
    ("AWS", {**AWS, "owner": {"team": "a b"}}, "owner.team: String should match"),
    ("AWS", {**AWS, "gpuOperator": {"enabled": "yes"}}, "gpuOperator.enabled: Input should be"),
    ("GCP", {**GCP, "gcp": {"project": "P"}}, "gcp.project: String should match"),
    ("OnPremises", {**BASE, "onPremises": {**EXISTING, "image": "COS"}}, "onPremises.image: Input"),
    ("OnPremises", {**BASE, "onPremises": {"clusterApi": {**API, "machines": []}}},
     "onPremises.clusterApi.machines: List should have at least"),
    ("OnPremises", {**BASE, "onPremises": {"clusterApi": {**API, "version": "1.35.3"}}},
     "onPremises.clusterApi.version: String should match"),
    ("OnPremises", {**BASE, "onPremises": {"clusterApi": {**API, "controlPlaneReplicas": 2}}},
     "onPremises.clusterApi.controlPlaneReplicas: Input should be 1, 3 or 5"),
    ("Edge", {**EDGE, "version": "v1.35.3"}, "version: String should match"),
    ("Edge", {**EDGE, "install": {}}, "install.endpoint: Field required"),
    ("Edge", {**EDGE, "install": {"endpoint": "a", "disable": ["kubelet"]}}, "install.disable[0]: I"),
    ("Edge", {**EDGE, "agentsAtOnce": 0}, "agentsAtOnce: Input should be greater than or equal to 1"),
]  # fmt: skip
BY_RULES: list[tuple[str, dict[str, Any], str]] = [
    ("OnPremises", {**BASE, "onPremises": {}}, "give existing or clusterApi, and not both"),
    ("OnPremises", {**BASE, "onPremises": {**EXISTING, "clusterApi": API}}, "and not both"),
    ("Edge", {**BASE, "version": "v1.35.3+k3s1"}, "give install, or kubeconfigSecretRef"),
]
"""What the API server refuses by CEL rules, which JSON Schema does not see."""
OF_A_CLOUD: list[tuple[str, dict[str, Any], str]] = [
    ("AWS", BASE, "region: Field required"),
    ("GCP", {**BASE, "region": "us-central1"}, "gcp: Field required"),
    ("OnPremises", BASE, "onPremises: Field required"),
    ("GCP", {**GCP, "clusterName": "Ml"}, "clusterName: String should match"),
]
"""What one kind for every platform can't refuse: the function does."""


def spec_schema(xrd: str) -> Any:
    path = FUNCTIONS / "apis" / xrd / "definition.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema["properties"]["spec"]


def closed(schema: Any) -> Any:
    """The schema as an API server with strict field validation reads it: no unknown fields."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {"additionalProperties": False} if "properties" in schema else {}
    return {key: closed(each) for key, each in schema.items()} | shut


@pytest.mark.parametrize(("platform", "spec"), ACCEPTED)
def test_a_spec_is_accepted(platform: Any, spec: dict[str, Any]) -> None:
    parse_spec(PLATFORMS[platform].spec, spec)
    Draft202012Validator(closed(spec_schema(XRDS[platform]))).validate(spec)


@pytest.mark.parametrize(("platform", "spec", "message"), [*REJECTED, *BY_RULES, *OF_A_CLOUD])
def test_a_spec_is_refused(platform: Any, spec: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_spec(PLATFORMS[platform].spec, spec)
    assert str(error.value).startswith("the XR's spec")
    assert message in str(error.value)


@pytest.mark.parametrize(("platform", "spec", "message"), REJECTED)
def test_the_published_schema_refuses_it_too(
    platform: str, spec: dict[str, Any], message: str
) -> None:
    assert message
    assert not Draft202012Validator(spec_schema(XRDS[platform])).is_valid(spec)


@pytest.mark.parametrize(("platform", "spec", "message"), BY_RULES)
def test_a_rule_refuses_what_the_schema_does_not(
    platform: str, spec: dict[str, Any], message: str
) -> None:
    schema = spec_schema(XRDS[platform])
    assert Draft202012Validator(closed(schema)).is_valid(spec)
    assert any(message in told for told in rules(schema))


def rules(schema: Any) -> Iterator[str]:
    for each in schema.get("x-kubernetes-validations", []):
        yield each["message"]
    for each in schema.get("properties", {}).values():
        yield from rules(each)


LOOSER = {"clusterName"}
"""Each cloud has its own rule; the published one is the loosest."""
PLATFORMS_OWN = {"region", "gcp", "onPremises"}
"""Required by one platform, and unknown to another."""
_COMPARED = (
    "type",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_schema_says_of_every_field_what_the_model_says(platform: Any) -> None:
    generated = PLATFORMS[platform].spec.model_json_schema(by_alias=True)
    model = structural(generated, generated.get("$defs", {}))
    assert list(differences(model, spec_schema(XRDS[platform]), "")) == []


def differences(model: Any, schema: Any, path: str) -> Iterator[str]:
    """Where a model and a published schema say different things."""
    if path not in LOOSER:
        for key in _COMPARED:
            if model.get(key) != schema.get(key):
                yield f"{path}: {key} {model.get(key)} is published as {schema.get(key)}"
    required = set(model.get("required", ())) - (PLATFORMS_OWN if not path else set())
    if required != set(schema.get("required", ())):
        yield f"{path}: required {required}"
    default = model.get("default")
    if isinstance(default, str | int) and default != schema.get("default") and default != "":
        yield f"{path}: default {default} is published as {schema.get('default')}"
    for name, each in model.get("properties", {}).items():
        where = f"{path}.{name}".lstrip(".")
        if name not in schema.get("properties", {}):
            yield f"{where} is not published"
        elif schema["properties"][name].get("x-kubernetes-preserve-unknown-fields") is None:
            yield from differences(each, schema["properties"][name], where)
    if "items" in model:
        yield from differences(model["items"], schema.get("items", {}), f"{path}[]")


@pytest.mark.parametrize("xrd", set(XRDS.values()))
def test_nothing_is_published_that_no_platform_reads(xrd: str) -> None:
    specs = [PLATFORMS[each].spec for each in PLATFORMS if XRDS[each] == xrd]
    read = {field.alias for spec in specs for field in spec.model_fields.values()}
    assert set(spec_schema(xrd)["properties"]) == read


@pytest.mark.parametrize("xrd", set(XRDS.values()))
def test_a_default_of_the_schema_changes_nothing(xrd: str) -> None:
    for platform, spec in ACCEPTED:
        if XRDS[platform] == xrd:
            model = {str(key): each for key, each in PLATFORMS.items()}[platform].spec
            stored = with_defaults(spec_schema(xrd), copy.deepcopy(spec))
            assert parse_spec(model, stored) == parse_spec(model, spec)


def with_defaults(schema: Any, value: Any) -> Any:
    """A document as an API server stores it."""
    if isinstance(value, dict):
        for name, each in schema.get("properties", {}).items():
            if name not in value and "default" in each:
                value[name] = copy.deepcopy(each["default"])
            if name in value:
                value[name] = with_defaults(each, value[name])
    if isinstance(value, list):
        return [with_defaults(schema.get("items", {}), each) for each in value]
    return value


@pytest.mark.parametrize("xrd", set(XRDS.values()))
def test_a_published_api_repeats_itself_rather_than_refer(xrd: str) -> None:
    text = (FUNCTIONS / "apis" / xrd / "definition.yaml").read_text("utf-8")
    # Not every reader of YAML on the way to a cluster knows anchors and merges.
    tokens = {type(each) for each in yaml.scan(text)}
    assert not tokens & {yaml.AnchorToken, yaml.AliasToken}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({**INPUT, "platform": "Azure"}, "platform: Input should be 'AWS'"),
        ({**INPUT, "plattform": "AWS"}, "plattform: unknown field; did you mean platform?"),
        ({"apiVersion": INPUT["apiVersion"], "kind": "Input"}, "platform: Field required"),
    ],
)
def test_an_input_is_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_input(document)
    assert str(error.value).startswith(f"the pipeline step's input: {message}")


def test_the_inputs_crd_is_made_of_its_model() -> None:
    assert (FUNCTIONS.parent / input_crd.FILE).read_text("utf-8") == input_crd.dump()
    crd = yaml.safe_load(input_crd.dump())
    schema = closed(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    assert Draft202012Validator(schema).is_valid(INPUT)
    assert not Draft202012Validator(schema).is_valid({**INPUT, "platform": "Azure"})


@pytest.mark.parametrize("path", sorted((FUNCTIONS / "apis").glob("*/composition*.yaml")))
def test_every_compositions_input_is_one(path: Path) -> None:
    for step in yaml.safe_load(path.read_text("utf-8"))["spec"]["pipeline"]:
        if step["input"]["apiVersion"] == INPUT["apiVersion"]:
            parse_input(step["input"])


def test_a_clusters_capacity_is_reported_as_a_sets_of_node_groups_is() -> None:
    def status(xrd: str) -> Any:
        path = FUNCTIONS / "apis" / xrd / "definition.yaml"
        document = yaml.safe_load(path.read_text("utf-8"))
        schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        return schema["properties"]["status"]["properties"]

    # Crossplane keeps nothing of an XRD's status but its properties: each must be declared.
    cluster, node_groups = status("heterogeneouscluster"), status("nodegroupset")
    assert cluster["capacity"] == node_groups["capacity"]
    assert set(cluster["cluster"]["properties"]) == {"name", "endpoint"}
    assert (
        status("edgesite")["cluster"]["properties"].keys()
        == cluster["cluster"]["properties"].keys()
    )
