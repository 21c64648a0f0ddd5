"""GitOps, CrossplaneControlPlane and PolicyEngine as the engine would see them: order, rights, mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest

import trimtab_components
from support.component_rows.delivery import ROWS
from support.inline import deploy, preview
from support.recorded import Records, of, one
from trimtab.errors import InputError
from trimtab.preview.records import ResourceRecord
from trimtab.resources.inputs import SECRET

URL = "https://git.example.org/x.git"
ENVIRONMENTS = [{"name": "prod", "path": "prod"}]
AWS = {"control_plane_cluster": "platform", "region": "us-east-1"}
NODES = ["arn:aws:iam::111122223333:role/nodes"]
ROLE = "arn:aws:iam::111122223333:role/x"


def rows(component: str, says: str) -> dict[str, Any]:
    (found,) = [given for name, text, given in ROWS if (name, text) == (component, says)]
    return found


def records(folder: Path, component: str, given: dict[str, Any]) -> Records:
    kind = getattr(trimtab_components, component)
    return preview(folder, lambda: kind("x", given)).records


def reached(made: Records, record: ResourceRecord) -> set[str]:
    """Names of everything that stands before a resource."""
    by_urn = {each.urn: each for each in made}
    open_, found = [record.urn], set()
    while open_:
        for urn in by_urn[open_.pop()].dependencies:
            if urn in by_urn and urn not in found:
                found.add(urn)
                open_.append(urn)
    return {by_urn[urn].name for urn in found}


def test_flux_stands_before_its_kinds_and_an_environment_before_the_next(tmp_path: Path) -> None:
    given = {
        **rows("GitOps", "Flux, least"),
        "environments": [
            {"name": "dev", "path": "dev", "namespace": "dev"},
            {"name": "prod", "path": "prod"},
        ],
    }
    made = records(tmp_path, "GitOps", given)
    assert reached(made, one(made, "GitRepository")) >= {"x", "x-namespace"}
    kustomizations = of(made, "Kustomization")
    before = reached(made, kustomizations["x-prod"])
    assert before >= {"x-dev", "x-source", "x-prod-binding", "x-trimtab-system"}
    assert kustomizations["x-prod"].inputs["spec"]["dependsOn"] == [{"name": "trimtab-dev"}]
    assert "dependsOn" not in kustomizations["x-dev"].inputs["spec"]
    unordered = of(records(tmp_path, "GitOps", {**given, "ordered": False}), "Kustomization")
    assert all("dependsOn" not in each.inputs["spec"] for each in unordered.values())


def test_what_is_there_already_is_not_installed(tmp_path: Path) -> None:
    made = records(tmp_path, "GitOps", {**rows("GitOps", "Flux, least"), "install": False})
    assert not of(made, "Chart")
    assert set(of(made, "Namespace")) == {"x-trimtab-system"}


def test_credentials_are_secrets_in_the_engines_words(tmp_path: Path) -> None:
    made = records(tmp_path, "GitOps", rows("GitOps", "Flux, everything"))
    assert one(made, "Secret").inputs["stringData"] == SECRET
    argo = records(tmp_path, "GitOps", rows("GitOps", "Argo CD, everything"))
    assert set(of(argo, "Secret")) == {"x-redis", "x-repository"}
    assert "x-redis" in reached(argo, one(argo, "ApplicationSet"))


def test_another_cluster_is_reached_by_its_kubeconfig_and_gets_no_rights_here(
    tmp_path: Path,
) -> None:
    made = records(tmp_path, "GitOps", rows("GitOps", "Flux, everything"))
    spec = of(made, "Kustomization")["x-prod"].inputs["spec"]
    assert spec["kubeConfig"] == {"secretRef": {"name": "prod"}}
    assert "serviceAccountName" not in spec
    assert set(of(made, "Role")) == {"x-staging-role"}
    branches = {n: r.inputs["spec"]["ref"]["branch"] for n, r in of(made, "GitRepository").items()}
    assert branches == {"x-source": "main", "x-source-prod": "release"}
    assert spec["sourceRef"]["name"] == "trimtab-prod"


def test_argo_cd_may_touch_no_more_than_the_environments(tmp_path: Path) -> None:
    made = records(tmp_path, "GitOps", rows("GitOps", "Argo CD, everything"))
    project = one(made, "AppProject").inputs["spec"]
    assert project["clusterResourceWhitelist"] == []
    assert project["destinations"] == [
        {"name": "in-cluster", "namespace": "trimtab-staging"},
        {"name": "prod", "namespace": "trimtab-system"},
    ]
    spec = one(made, "ApplicationSet").inputs["spec"]
    steps = spec["strategy"]["rollingSync"]["steps"]
    assert [each["matchExpressions"][0]["values"] for each in steps] == [["staging"], ["prod"]]


def test_crossplane_stands_before_its_packages_and_they_before_their_configuration(
    tmp_path: Path,
) -> None:
    given = rows("CrossplaneControlPlane", "node groups of the plan")
    made = records(tmp_path, "CrossplaneControlPlane", given)
    providers = of(made, "Provider")
    assert set(providers) == {
        f"x-provider-{each}" for each in ("aws-autoscaling", "aws-ec2", "aws-eks", "family-aws")
    }
    for each in providers.values():
        assert each.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Healthy"}
        # A pod that started before its identity was bound would run without one.
        assert {"x", "x-providers", "x-aws-runtime"} <= reached(made, each)
    config = one(made, "ClusterProviderConfig")
    assert set(providers) <= reached(made, config)
    assert config.inputs["spec"] == {"credentials": {"source": "PodIdentity"}}
    definition = of(made, "CompositeResourceDefinition")["x-api-nodegroupset"]
    composition = of(made, "Composition")["x-composition-nodegroupset-eks"]
    assert definition.name in reached(made, composition)


def test_a_family_has_the_version_of_its_members(tmp_path: Path) -> None:
    made = records(
        tmp_path,
        "CrossplaneControlPlane",
        rows("CrossplaneControlPlane", "every provider, signed"),
    )
    packages = {n: r.inputs["spec"]["package"] for n, r in of(made, "Provider").items()}
    assert packages["x-provider-family-aws"].endswith("/provider-family-aws:v2.5.0")
    function = of(made, "Function")["x-function"].inputs["spec"]["package"]
    assert function.startswith("registry.example.org/platform/function-trimtab-capacity:v")
    assert {"x-pull", "x-signed"} <= reached(made, of(made, "Function")["x-function"])


def test_the_providers_role_buys_nothing_and_passes_no_other_role() -> None:
    kind = trimtab_components.CrossplaneControlPlane
    given: Any = rows("CrossplaneControlPlane", "node groups of the plan")
    made = deploy(lambda: kind("x", given)).made
    policies = {
        name: json.loads(inputs["policy"])
        for (kind_, name), inputs in made.items()
        if kind_.endswith("rolePolicy:RolePolicy")
    }
    assert set(policies) == {"x-node-groups", "x-pass-node-roles"}
    actions = json.dumps(policies)
    for never in ("CapacityReservation", "PurchaseCapacityBlock", "CreateCluster", "iam:Create"):
        assert f"Create{never}" not in actions
        assert f'"ec2:{never}' not in actions
        assert f'"{never}' not in actions
    passed = [
        each
        for each in policies["x-pass-node-roles"]["Statement"]
        if each["Action"] == "iam:PassRole"
    ]
    assert [each["Resource"] for each in passed] == [given["aws"]["node_role_arns"]]


def test_no_engine_is_asked_about_the_namespaces_by_which_a_cluster_mends_itself(
    tmp_path: Path,
) -> None:
    never = {"kube-node-lease", "kube-public", "kube-system"}
    gatekeeper = records(tmp_path, "PolicyEngine", rows("PolicyEngine", "Gatekeeper, everything"))
    values = one(gatekeeper, "Chart").inputs["values"]
    for webhook in ("validating", "mutating"):
        exempt = values[f"{webhook}WebhookExemptNamespacesLabels"]["kubernetes.io/metadata.name"]
        assert never | {"storage", "gatekeeper-system"} == set(exempt)
    (match,) = one(gatekeeper, "Config").inputs["spec"]["match"]
    assert never <= set(match["excludedNamespaces"])
    kyverno = records(tmp_path, "PolicyEngine", rows("PolicyEngine", "Kyverno by Flux"))
    values = one(kyverno, "HelmRelease").inputs["spec"]["values"]
    selector = values["config"]["webhooks"]["namespaceSelector"]["matchExpressions"][0]
    assert selector["operator"] == "NotIn"
    assert never | {"kyverno"} == set(selector["values"])


def test_credentials_are_for_packages_of_the_functions_registry_and_no_namesakes(
    tmp_path: Path,
) -> None:
    image = {"package": "registry.example.org/platform/function-x"}
    given = {"pull_secret": "pull", "function": image}
    config = one(records(tmp_path, XP, given), "ImageConfig")
    (match,) = config.inputs["spec"]["matchImages"]
    assert match == {"type": "Prefix", "prefix": "registry.example.org/platform/"}


def test_admission_policies_need_no_engine_and_do_as_told(tmp_path: Path) -> None:
    given = {
        "engine": "kyverno",
        "admission_policies": True,
        "admission_actions": ["Warn", "Audit"],
    }
    made = records(tmp_path, "PolicyEngine", given)
    bindings = of(made, "ValidatingAdmissionPolicyBinding")
    assert set(bindings) == {"x-commitment-approval-binding", "x-spot-exclusion-binding"}
    for each in bindings.values():
        assert each.inputs["spec"]["validationActions"] == ["Warn", "Audit"]
        assert reached(made, each) == {each.name.removesuffix("-binding")}


FLUX: dict[str, Any] = {"engine": "flux", "url": URL, "environments": ENVIRONMENTS}
ARGO: dict[str, Any] = {**FLUX, "engine": "argo-cd", "redis_password": "p"}
TOKEN = {"username": "u", "password": "p"}
SSH = {"ssh_private_key": "k"}
XP = "CrossplaneControlPlane"
EKS: dict[str, Any] = {"providers": {"aws-eks": {}}}


@pytest.mark.parametrize(
    ("component", "given", "says"),
    [
        ("GitOps", {**FLUX, "delivery": "flux"},
         "delivery is flux, and Flux can't install itself; give delivery chart"),
        ("GitOps", {**FLUX, "credentials": TOKEN, "credentials_secret": "s"},
         "credentials and credentials_secret are both given; drop one of them"),
        ("GitOps", {**FLUX, "credentials": SSH, "url": "ssh://git@git.example.org/x.git"},
         ("Flux reads over SSH only hosts that it knows; give credentials.known_hosts, as ssh-keyscan"
         " prints it")),
        ("GitOps", {**FLUX, "credentials": {**SSH, "known_hosts": "h"}},
         (f"credentials don't fit the address {URL}; ssh:// takes ssh_private_key, https:// a username and"
         " a password")),
        ("GitOps", {**FLUX, "credentials": {"username": "u"}},
         "credentials: give username and password, or ssh_private_key (with known_hosts for Flux)"),
        ("GitOps", {**FLUX, "redis_password": "p"}, "redis_password is given, and nothing needs it; drop it"),
        ("GitOps", {**ARGO, "redis_password": None},
         ("Argo CD's cache needs a password that Pulumi can't have its chart make; give redis_password, a"
         " secret of the stack's configuration, or delivery flux")),
        ("GitOps", {**ARGO, "credentials_secret": "s"},
         ("Argo CD has no credentials_secret; label the Secret argocd.argoproj.io/secret-type: repository,"
         " and drop the argument")),
        ("GitOps", {**ARGO, "sops_secret": "s"},
         "Argo CD has no sops_secret; use Flux, or a plugin of Argo CD's"),
        ("GitOps", {**ARGO, "credentials": {**SSH, "known_hosts": "h"}},
         ('Argo CD has no known_hosts of one repository; give override["argo-cd"].values.configs.ssh.'
         "extraHosts")),
        ("GitOps", {**FLUX, "environments": ENVIRONMENTS * 2},
         "environments: two have the name prod; give each its own name"),
        ("GitOps", {**FLUX, "environments": [*ENVIRONMENTS, {"name": "dev", "path": "dev"}]},
         "environments: two have the namespace trimtab-system of in-cluster; give each its own namespace"),
        ("GitOps",
         {**FLUX, "environments": [*ENVIRONMENTS, {"name": "dev", "path": "prod", "namespace": "dev"}]},
         "environments: two have the path prod of main; give each its own path"),
        ("GitOps",
         {**FLUX, "environments": [*ENVIRONMENTS, {"name": "dev", "path": "prod/dev", "namespace": "dev"}]},
         ("environments: prod/dev of dev is in prod, so prod would deliver it too; give each a folder beside"
         " the others'")),
        ("GitOps", {**FLUX, "environments": [{"name": "prod", "path": "a/../../prod"}]},
         ("environments: the path of prod is a/../../prod; write it from the repository's root, without"
         " ..")),
        ("GitOps", {**FLUX, "url": "https://git:token@git.example.org/x.git"},
         ("url holds credentials, which an address does not keep secret; give credentials, or"
         " credentials_secret")),
        ("GitOps", {**FLUX, "url": "ssh://git:word@git.example.org/x.git"},
         ("url holds credentials, which an address does not keep secret; give credentials, or"
         " credentials_secret")),
        ("GitOps",
         {**FLUX, "url": "http://git.example.org/x.git", "credentials": {"username": "u", "password": "p"}},
         ("url is http://, over which credentials would go in clear; give an https:// or ssh:// address")),
        (XP, {"providers": {"aws-s3": {}}},
         ("providers: aws-s3 is unknown; use aws-autoscaling, aws-ec2, aws-eks, aws-iam, aws-lambda,"
         " azure-containerservice, gcp-cloudplatform, gcp-compute, gcp-container, helm, kubernetes")),
        (XP, {"functions": {"function-x": {}}}, "functions: function-x is unknown; give its package and version"),
        (XP, {"pull_prefix": "x"}, "pull_prefix is given without pull_secret; give both, or drop it"),
        (XP, {"configs": {"gcp": {}}},
         "gcp is configured, and has no provider; name one in providers, or drop what is said of gcp"),
        (XP, {**EKS, "aws": {**AWS, "role_arn": ROLE}, "configs": {"aws": {}}},
         "aws and configs.aws are both given; drop one of them"),
        (XP, {**EKS, "aws": {"control_plane_cluster": "c", "node_role_arns": NODES}},
         "no region is set; set aws:region, or give aws.region"),
        (XP, {**EKS, "aws": AWS}, "aws: a role that is made needs node_role_arns, or give role_arn"),
        (XP, {**EKS, "aws": {"role_arn": ROLE}},
         "aws: pod-identity needs control_plane_cluster, where Crossplane runs"),
        (XP, {**EKS, "aws": {"identity": "irsa"}},
         "aws: irsa takes role_arn: a role that trusts the cluster's OIDC provider"),
        ("PolicyEngine", {"engine": "gatekeeper", "failure_policy": "Fail", "replicas": 1},
         ("failure_policy is Fail with one replica: while it moves nothing can be changed; give replicas 2"
         " or more, or failure_policy Ignore")),
        ("PolicyEngine", {"engine": "kyverno", "timeout_seconds": 5},
         "kyverno has no timeout_seconds; state it in each policy"),
        ("PolicyEngine", {"engine": "kyverno", "sync": ["v1/Pod"]},
         "kyverno has no sync; drop it: its policies look objects up themselves"),
        ("PolicyEngine", {"engine": "gatekeeper", "exceptions_namespace": "x"},
         "gatekeeper has no exceptions_namespace; exempt namespaces, or match in the constraint"),
        ("PolicyEngine", {"engine": "gatekeeper", "sync": ["Pod"]},
         "sync: 'Pod' is no kind; write v1/Namespace or apps/v1/Deployment"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_mend(component: str, given: dict[str, Any], says: str) -> None:
    kind = getattr(trimtab_components, component)
    with pytest.raises(InputError) as caught:
        kind("x", given)
    assert str(caught.value) == f'{component} "x": {says}'
