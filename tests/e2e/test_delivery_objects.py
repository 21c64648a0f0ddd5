"""GitOps', Crossplane's and the policy engines' objects against a real API server with their own CRDs."""

import copy
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.engines import engine_share
from support.inline import deploy
from support.kube_api import KubeApi, KubeError
from support.pruned import lost
from trimtab.provision.charts import delivery as charts
from trimtab.provision.delivery import crossplane, gitops, policy_engines
from trimtab.provision.kube_objects import KubeObject
from trimtab_components.delivery.shipped import documents

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
SHARES = {
    "source-controller": "config/crd/bases",
    "kustomize-controller": "config/crd/bases",
    "argo-cd": "manifests/crds",
    "crossplane-core": "cluster/crds",
    "gatekeeper": "charts/gatekeeper/crds",
}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Argo CD's CRDs are megabytes, which pure Python reads for half a minute."""
ENVIRONMENTS = (
    gitops.Environment("dev", "clusters/dev", "trimtab-dev", "plan.yaml"),
    gitops.Environment("staging", "clusters/staging", "trimtab-staging", "plan.yaml", "next"),
    gitops.Environment("prod", "clusters/prod", "trimtab-system", "plan.yaml", None, "prod"),
)
DELIVERY = gitops.Delivery(
    gitops.Repository("https://git.example.org/x.git", "main", "1m", "credentials"),
    ENVIRONMENTS,
    "gitops",
    ("trimtab.dev", "platform.trimtab.dev"),
    sops_secret="sops",
)
SETTINGS = policy_engines.Settings(
    "gatekeeper", 3, "Fail", 300, "gatekeeper-system", ("storage",), 5,
    ("v1/Namespace", "apps/v1/Deployment"),
)  # fmt: skip
PLANE = crossplane.ControlPlane(
    "crossplane-system",
    {name: f"registry.example.org/{name}:v1.0.0" for name in crossplane.PROVIDERS},
    (crossplane.Package("function-auto-ready", "registry.example.org/ready:v1.0.0"),),
    annotations={"aws": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/x"}},
    pull_secret="packages",
    pull_prefix="registry.example.org/",
    verification=crossplane.Verification("xpkg.crossplane.io/", "https://issuer.example.org", "me"),
)
DEPLOYED = [
    each for each in documents("deploy") if each["kind"] not in ("Kustomization", "PodMonitor")
]
APIS = {each: documents("apis", each.lower()) for each in crossplane.XRDS}
GROUPS: dict[str, tuple[KubeObject, ...]] = {
    "Flux": gitops.flux_objects(DELIVERY),
    "Argo CD": gitops.argo_objects(DELIVERY),
    "Crossplane's packages": crossplane.package_objects(PLANE),
    "our function": crossplane.function_objects(
        DEPLOYED, "registry.example.org/ours:v1.0.0", "crossplane-system"
    ),
    "our kinds": crossplane.kind_objects(
        documents("apis", "crds"), documents("apis", "rbac.yaml"), APIS
    ),
    "Gatekeeper": policy_engines.objects(SETTINGS),
    "admission policies": policy_engines.admission_objects(
        documents("admission"), ("Warn", "Audit")
    ),
}


def served(document: dict[str, Any] | None) -> set[tuple[str, str]]:
    """The versions and the kind that a CRD defines."""
    if not document or document["kind"] != "CustomResourceDefinition":
        return set()
    spec = document["spec"]
    return {(f"{spec['group']}/{each['name']}", spec["names"]["kind"]) for each in spec["versions"]}


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server with every engine's CRDs, and the namespaces that the objects name."""
    wanted = {(each.api_version, each.kind) for group in GROUPS.values() for each in group}
    applied: list[dict[str, Any]] = []
    for engine, folder in SHARES.items():
        for file in sorted((engine_share(engine) / folder).rglob("*.yaml")):
            crds = yaml.load_all(file.read_text("utf-8"), Loader=LOADER)
            applied += kube_api.apply_all([crd for crd in crds if served(crd) & wanted])
    for crd in applied:
        kube_api.wait_established(crd["metadata"]["name"])
    places = {each.namespace for group in GROUPS.values() for each in group if each.namespace}
    for place in sorted(places):
        kube_api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}})
    return kube_api


@pytest.mark.parametrize("group", GROUPS)
def test_the_api_server_accepts_every_object_whole(cluster: KubeApi, group: str) -> None:
    assert GROUPS[group]
    for each in GROUPS[group]:
        manifest = each.manifest({"app.kubernetes.io/managed-by": "trimtab"})
        stored = cluster.apply(manifest, dry_run=True)
        for part, value in each.body.items():
            # An empty list of rules is one that is absent: the server leaves it out.
            gone = [path for path in lost(value, stored.get(part)) if path != ".egress"]
            assert not gone, (each.kind, each.name, part, gone)


def named(group: str, kind: str, name: str) -> dict[str, Any]:
    (one,) = [each for each in GROUPS[group] if (each.kind, each.name) == (kind, name)]
    return copy.deepcopy(one.manifest())


@pytest.mark.parametrize(
    ("group", "kind", "name", "spoil", "says"),
    [
        ("Flux", "GitRepository", "trimtab", {"url": "git@git.example.org:x.git"}, "spec.url"),
        ("Flux", "GitRepository", "trimtab", {"interval": "soon"}, "spec.interval"),
        ("Flux", "Kustomization", "trimtab-dev", {"deletionPolicy": "Keep"}, "deletionPolicy"),
        ("Flux", "Kustomization", "trimtab-prod", {"timeout": "1d"}, "spec.timeout"),
        ("Argo CD", "AppProject", "trimtab", {"sourceRepos": "all"}, "sourceRepos"),
        ("Argo CD", "ApplicationSet", "trimtab", {"generators": [{"list": {}}, "x"]}, "generators"),
        (
            "Crossplane's packages",
            "Provider",
            "provider-aws-eks",
            {"package": None},
            "spec.package",
        ),
        (
            "Crossplane's packages",
            "ManagedResourceActivationPolicy",
            "trimtab",
            {"activate": []},
            "spec.activate",
        ),
        (
            "Crossplane's packages",
            "ImageConfig",
            "trimtab-signed",
            {"verification": {"provider": "Trust"}},
            "spec.verification",
        ),
    ],
)
def test_the_api_server_would_refuse_what_is_never_made(
    cluster: KubeApi, group: str, kind: str, name: str, spoil: Mapping[str, Any], says: str
) -> None:
    wrong = named(group, kind, name)
    cluster.apply(wrong, dry_run=True)
    wrong["spec"] = {k: v for k, v in {**wrong["spec"], **spoil}.items() if v is not None}
    with pytest.raises(KubeError, match=says):
        cluster.apply(wrong, dry_run=True)


@pytest.mark.parametrize(
    ("engine", "module", "version"),
    [
        ("argo-cd", "github.com/argoproj/argo-cd/v3", "Argo CD v3.4.4"),
        ("gatekeeper", "github.com/open-policy-agent/gatekeeper/v3", "tag v3.23.0"),
    ],
)
def test_the_crds_are_those_of_the_chart(engine: str, module: str, version: str) -> None:
    pins = (HERE.parent / "engines" / engine / "go.mod").read_text("utf-8")
    chart = {"argo-cd": charts.ARGO_CD, "gatekeeper": charts.GATEKEEPER}
    assert version in chart[engine].source
    assert f"{module} {version.split()[-1]}\n" in pins


def test_every_managed_resource_that_is_made_is_on() -> None:
    """The CRDs that the functions' tests keep are of what the Compositions make."""
    kinds = {kind for each in crossplane.PROVIDERS.values() for kind in each.kinds}
    made = {
        document["metadata"]["name"]
        for file in (HERE / "crds").glob("*.yaml")
        for document in yaml.safe_load_all(file.read_text("utf-8"))
        if document["spec"]["group"].endswith(".m.upbound.io")
        and document["spec"]["scope"] == "Namespaced"  # else it is a provider's configuration
    }
    assert {kind for kind in kinds if kind.endswith(".m.upbound.io")} == made


def plain(value: Any) -> Any:
    """What stands in a secret."""
    return value.get("value", value)


def test_a_secret_reaches_the_cluster_in_the_engines_own_words(cluster: KubeApi) -> None:
    from trimtab_components import GitOps

    made = deploy(
        lambda: GitOps(
            "x",
            {
                "engine": "argo-cd",
                "url": "https://git.example.org/x.git",
                "environments": [{"name": "prod", "path": "prod"}],
                "credentials": {"username": "u", "password": "p"},
                "install": False,
            },
        )
    ).made
    (secret,) = [inputs for (kind, _), inputs in made.items() if kind.endswith(":Secret")]
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**secret["metadata"], "namespace": "gitops"},
        "stringData": plain(secret["stringData"]),
    }
    stored = cluster.apply(manifest, dry_run=True)
    assert set(stored["data"]) == {"type", "url", "project", "username", "password"}
    assert stored["metadata"]["labels"]["argocd.argoproj.io/secret-type"] == "repository"


def webhook(values: Mapping[str, Any]) -> dict[str, Any]:
    """Gatekeeper's validating webhook as its chart makes it of these values, with nobody to answer."""
    exempt = values["validatingWebhookExemptNamespacesLabels"].items()
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "gatekeeper-down"},
        "webhooks": [
            {
                "name": "validation.gatekeeper.sh",
                "admissionReviewVersions": ["v1"],
                "clientConfig": {"url": "https://127.0.0.1:1/v1/admit"},
                "failurePolicy": values["validatingWebhookFailurePolicy"],
                "matchConditions": values["validatingWebhookMatchConditions"],
                "matchPolicy": "Exact",
                "namespaceSelector": {
                    "matchExpressions": [
                        {"key": key, "operator": "NotIn", "values": names} for key, names in exempt
                    ]
                },
                "rules": [
                    {
                        "apiGroups": ["*"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["*"],
                        "scope": "*",
                    }
                ],
                "sideEffects": "None",
                "timeoutSeconds": 1,
            }
        ],
    }


def test_a_cluster_whose_engine_is_down_gets_nodes_and_mends_itself(cluster: KubeApi) -> None:
    class_ = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1}
    config = {"apiVersion": "v1", "kind": "ConfigMap"}
    passed: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "joining"}},
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSINode",
            "metadata": {"name": "joining"},
            "spec": {"drivers": []},
        },
        {**config, "metadata": {"name": "mending", "namespace": "kube-system"}},
        {**config, "metadata": {"name": "mending", "namespace": "gatekeeper-system"}},
    ]
    refused: list[dict[str, Any]] = [
        {**class_, "metadata": {"name": "slips-through"}},
        {**config, "metadata": {"name": "slips-through", "namespace": "default"}},
    ]
    down = webhook(policy_engines.values(SETTINGS, {}))
    cluster.apply(down)
    try:
        for each in refused:
            eventually_refused(cluster, each)
        for each in passed:
            cluster.apply(each, dry_run=True)
    finally:
        cluster.delete(down["apiVersion"], down["kind"], down["metadata"]["name"])


def eventually_refused(cluster: KubeApi, manifest: dict[str, Any]) -> None:
    """The server takes a moment to heed a new webhook."""
    said = ""
    for _ in range(200):
        try:
            cluster.apply(manifest, dry_run=True)
        except KubeError as error:
            said = str(error)
            break
        time.sleep(0.05)
    assert "failed calling webhook" in said
