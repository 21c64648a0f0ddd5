"""What is decided of delivery without Pulumi: sources, order, packages, values."""

from dataclasses import replace
from typing import Any

import pytest

from support.plans import plan
from trimtab.errors import InputError
from trimtab.plan.attribution import group_tags
from trimtab.provision.delivery import crossplane, gitops, provider_iam
from trimtab.provision.delivery.gitops_values import argo_values, flux_values
from trimtab.provision.delivery.policy_engines import Settings, admission_objects, values
from trimtab.provision.kube_objects import KubeObject

DEV = gitops.Environment("dev", "clusters/dev", "dev", "plan.yaml", branch="next")
STAGING = gitops.Environment("staging", "clusters/staging", "staging", "plan.yaml", branch="next")
PROD = gitops.Environment("prod", "clusters/prod", "prod", "plan.yaml")
DELIVERY = gitops.Delivery(
    gitops.Repository("https://git.example.org/x.git", "main", "1m"),
    (DEV, STAGING, PROD),
    "flux-system",
    ("trimtab.dev",),
)


def spec(objects: tuple[KubeObject, ...], kind: str, name: str) -> dict[str, Any]:
    (found,) = [each.body["spec"] for each in objects if (each.kind, each.name) == (kind, name)]
    return dict(found)


def test_a_branch_is_fetched_once_whoever_uses_it() -> None:
    made = gitops.flux_objects(DELIVERY)
    sources = {each.name: each.body["spec"] for each in made if each.kind == "GitRepository"}
    assert {name: each["ref"] for name, each in sources.items()} == {
        "trimtab-dev": {"branch": "next"},
        "trimtab": {"branch": "main"},
    }
    for name, source in (("dev", "trimtab-dev"), ("staging", "trimtab-dev"), ("prod", "trimtab")):
        stated = spec(made, "Kustomization", f"trimtab-{name}")
        assert stated["sourceRef"] == {"kind": "GitRepository", "name": source}


def test_whatever_comes_first_is_listed_first() -> None:
    for made in (gitops.flux_objects(DELIVERY), gitops.argo_objects(DELIVERY)):
        seen: set[str] = set()
        for each in made:
            assert set(each.after) <= seen, each.key
            seen.add(each.key)
        assert len(seen) == len(made)


def test_an_environment_may_do_what_its_groups_allow_in_its_namespace_alone() -> None:
    roles = [each for each in gitops.flux_objects(DELIVERY) if each.kind == "Role"]
    assert [each.namespace for each in roles] == ["dev", "staging", "prod"]
    for each in roles:
        (rule,) = each.body["rules"]
        assert rule["apiGroups"] == ["trimtab.dev"]
        assert "*" not in rule["verbs"]


def test_what_leaves_a_folder_may_stay() -> None:
    kept = replace(DELIVERY, prune=False)
    assert spec(gitops.flux_objects(kept), "Kustomization", "trimtab-dev")["prune"] is False
    template = spec(gitops.argo_objects(kept), "ApplicationSet", "trimtab")["template"]
    assert template["spec"]["syncPolicy"]["automated"]["prune"] is False


def test_environments_of_two_clusters_may_have_one_namespace() -> None:
    gitops.check(
        replace(DELIVERY, environments=(replace(DEV, namespace="prod", cluster="far"), PROD)), "x"
    )
    with pytest.raises(InputError, match=r"^x: environments: two have the namespace prod"):
        gitops.check(replace(DELIVERY, environments=(replace(DEV, namespace="prod"), PROD)), "x")


def test_a_users_values_win() -> None:
    over = {"helmController": {"create": False}, "imageAutomationController": {"create": True}}
    made = flux_values(over)
    assert made["helmController"]["create"] is False
    assert made["imageAutomationController"] == {"create": True}
    assert made["imageReflectionController"] == {"create": False}


def test_nobody_becomes_fluxs_administrator_by_editing_a_namespace() -> None:
    made = flux_values({})
    assert made["rbac"] == {"createAggregation": False}
    for controller in ("kustomizeController", "helmController", "notificationController"):
        assert made[controller]["container"]["additionalArgs"] == ["--no-cross-namespace-refs=true"]


@pytest.mark.parametrize("policy", ["Ignore", "Fail"])
def test_while_gatekeeper_is_down_namespaces_are_made_as_everything_else_is(policy: Any) -> None:
    made = values(Settings("gatekeeper", 3, policy, 300, "gatekeeper-system"), {})
    failing = {key: value for key, value in made.items() if key.endswith("FailurePolicy")}
    assert failing == {
        "validatingWebhookFailurePolicy": policy,
        "validatingWebhookCheckIgnoreFailurePolicy": policy,
        "mutatingWebhookFailurePolicy": "Ignore",
    }


@pytest.mark.parametrize("engine", ["gatekeeper", "kyverno"])
def test_only_what_stops_requests_must_let_nodes_join(engine: Any) -> None:
    for policy in ("Ignore", "Fail"):
        made = values(Settings(engine, 3, policy, 300, engine), {})
        place = (made, "validatingWebhookMatchConditions")
        if engine == "kyverno":
            place = (made["config"], "matchConditions")
        found = place[0].get(place[1], [])
        assert [each["name"] for each in found] == ["nodes-may-join"] * (policy == "Fail")


@pytest.mark.parametrize(("ordered", "said"), [(True, "true"), (False, "false")])
def test_argo_cd_is_told_of_order_and_of_health(ordered: bool, said: str) -> None:
    configs = argo_values(2, ordered, False, {})["configs"]
    assert configs["params"]["applicationsetcontroller.enable.progressive.syncs"] == said
    for kind in gitops.FOLLOWERS:
        text = configs["cm"][f"resource.customizations.health.platform.trimtab.dev_{kind}"]
        assert all(word in text for word in ("Healthy", "Degraded", "Progressing"))


def test_one_server_has_no_budget_that_would_stop_a_drain() -> None:
    assert argo_values(1, True, False, {})["server"]["pdb"]["enabled"] is False
    lone = Settings("gatekeeper", 1, "Ignore", 300, "gatekeeper-system")
    assert values(lone, {})["pdb"] == {"controllerManager": {"minAvailable": 0}}
    assert (
        values(replace(lone, engine="kyverno"), {})["admissionController"]["podDisruptionBudget"][
            "enabled"
        ]
        is False
    )


def test_a_binding_comes_after_its_policy() -> None:
    documents: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a.trimtab.dev"}, "spec": {}}
        for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    ]
    policy, binding = admission_objects(documents, ("Warn",))
    assert (policy.after, binding.after) == ((), (policy.key,))
    assert binding.body["spec"] == {"validationActions": ["Warn"]}
    assert policy.body["spec"] == {}


def test_only_what_is_installed_is_turned_on() -> None:
    plane = crossplane.ControlPlane("crossplane-system", {"helm": "r/helm:v1.0.0"}, ())
    made = crossplane.package_objects(plane)
    activated = spec(made, "ManagedResourceActivationPolicy", "trimtab")["activate"]
    assert activated == ["releases.helm.m.crossplane.io"]
    bare = crossplane.package_objects(crossplane.ControlPlane("crossplane-system", {}, ()))
    assert bare == ()


@pytest.mark.parametrize(
    ("region", "part"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_rights_are_of_the_clusters_partition_and_region(region: str, part: str) -> None:
    for statement in provider_iam.node_groups("ml", region):
        stated = statement["Resource"]
        for arn in [stated] if isinstance(stated, str) else stated:
            if arn == "*":
                assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": region}}
            else:
                assert arn.startswith(f"arn:{part}:")
                assert arn.split(":")[3] == region


def test_other_clusters_launch_templates_and_scaling_groups_are_left_alone() -> None:
    by_action: dict[str, list[dict[str, Any]]] = {}
    for statement in provider_iam.node_groups("ml", "us-east-1"):
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            by_action.setdefault(action, []).append(
                statement.get("Condition", {}).get("StringEquals")
            )
    ours = {"aws:ResourceTag/managed-by": "trimtab"}
    for changed in ("ModifyLaunchTemplate", "CreateLaunchTemplateVersion", "DeletePlacementGroup"):
        assert by_action[f"ec2:{changed}"] == [ours]
    for made in ("CreateLaunchTemplate", "CreatePlacementGroup"):
        assert by_action[f"ec2:{made}"] == [{"aws:RequestTag/managed-by": "trimtab"}]
    born = {"ec2:CreateAction": ["CreateLaunchTemplate", "CreatePlacementGroup"]}
    assert by_action["ec2:CreateTags"] == [born, ours]
    mine = {"aws:ResourceTag/eks:cluster-name": "ml"}
    assert by_action["autoscaling:PutScheduledUpdateGroupAction"] == [mine]
    assert by_action["autoscaling:CreateOrUpdateTags"] == [mine]


def test_what_the_compositions_make_bears_the_tag_by_which_it_may_be_changed() -> None:
    of = plan()
    (each,) = of.spec.pools
    for group in each.groups:
        assert group_tags(of, each, group)["managed-by"] == "trimtab"
