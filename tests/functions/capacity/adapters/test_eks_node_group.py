"""EKS node groups that are composed in full, and what stands beside them."""

import base64
from typing import Any

import pytest

from support import plans
from support.capacity_cases import running
from support.capacity_requests import SPEC, answer, request
from trimtab.plan.document import parse_plan
from trimtab_functions.capacity.adapters.eks_node_group import EksNodeGroup
from trimtab_functions.capacity.adapters.eks_settings import EksSettings
from trimtab_functions.capacity.settings import ComposeSpec

HELD = {
    "option": "reserved",
    "term": "open",
    "reservation": {"id": "cr-0123456789abcdef0", "zone": "us-east-1b"},
}
BLOCK = {
    "option": "capacity-block",
    "reservationId": "cr-1",
    "startsAt": "2026-11-01T02:00:00Z",
    "endsAt": "2026-11-01T10:00:00Z",
}
ON_DEMAND = {"option": "on-demand"}
KEY = "trainer-main-0a1b2c"
TEMPLATE = f"{KEY}-launch-template"
ZONES = {"us-east-1a": "subnet-a", "us-east-1b": "subnet-b"}
AT = plans.START.replace(hour=1)


def the_plan(purchase: dict[str, Any], name: str = "main", **group: Any) -> dict[str, Any]:
    return plans.plan_data(pools=[plans.pool(groups=[plans.group(name, purchase, **group)])])


def composed(
    purchase: dict[str, Any],
    *,
    group: dict[str, Any] | None = None,
    observed: dict[str, Any] | None = None,
    hour: int = 1,
    **spec: Any,
) -> dict[str, Any]:
    """The desired resources, by key."""
    sent = the_plan(purchase, **(group or {}))
    told = answer(request(sent, spec=spec, observed=observed), plans.START.replace(hour=hour))
    return {key: each["resource"] for key, each in told["desired"].get("resources", {}).items()}


def refusal(purchase: dict[str, Any], **spec: Any) -> str:
    told = answer(request(the_plan(purchase), spec=spec), AT)
    assert told["desired"].get("resources", {}) == {}
    assert told["conditions"][1]["reason"] == "GroupsRefused"
    return str(told["conditions"][1]["message"])


def provider(resources: dict[str, Any], key: str) -> Any:
    return resources[key]["spec"]["forProvider"]


def test_a_group_that_needs_nothing_of_a_launch_template_has_none() -> None:
    made = composed(ON_DEMAND)
    assert list(made) == [KEY]
    assert "launchTemplate" not in provider(made, KEY)


def test_a_held_reservation_is_targeted_in_its_own_zone() -> None:
    made = composed(HELD, zoneSubnetIds=ZONES)
    assert sorted(made) == [KEY, TEMPLATE]
    group = provider(made, KEY)
    assert group["subnetIds"] == ["subnet-b"]
    assert group["capacityType"] == "ON_DEMAND"
    assert group["instanceTypes"] == ["p4d.24xlarge"]
    assert group["updateConfig"] == {"maxUnavailable": 1, "updateStrategy": "MINIMAL"}
    assert group["launchTemplate"] == {"name": f"ml-{KEY}", "version": "1"}
    template = made[TEMPLATE]
    assert template["apiVersion"] == "ec2.aws.m.upbound.io/v1beta1"
    assert template["metadata"]["labels"]["trimtab.dev/generation"] == "0a1b2c"
    assert template["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "trimtab"
    tags = {
        "team": "vision", "project": "multimodal", "model": "mm-7b", "managed-by": "trimtab",
        "trimtab:pool": "trainer", "trimtab:group": "main", "trimtab:purchase-option": "reserved",
    }  # fmt: skip
    digest = parse_plan(the_plan(HELD), "plan").digest
    assert template["spec"] == {
        "managementPolicies": ["Observe", "Create", "Update", "Delete"],
        "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "default"},
        "forProvider": {
            "region": "us-east-1",
            "name": f"ml-{KEY}",
            "description": f"Nodes of {KEY}",
            "updateDefaultVersion": True,
            "metadataOptions": {
                "httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1,
            },
            "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {
                "volumeType": "gp3", "encrypted": "true", "deleteOnTermination": "true",
                "volumeSize": 100}}],
            "tagSpecifications": [
                {"resourceType": kind, "tags": {**tags, "Name": KEY}}
                for kind in ("instance", "volume")
            ],
            "tags": {**tags, "trimtab:plan": "example", "trimtab:plan-digest": digest},
            "capacityReservationSpecification": {
                "capacityReservationTarget": {"capacityReservationId": "cr-0123456789abcdef0"}},
        },
    }  # fmt: skip


def test_a_capacity_block_has_its_machine_in_the_launch_template_alone() -> None:
    made = composed(BLOCK)
    assert provider(made, KEY)["capacityType"] == "CAPACITY_BLOCK"
    assert "instanceTypes" not in provider(made, KEY)
    template = provider(made, TEMPLATE)
    assert template["instanceType"] == "p4d.24xlarge"
    assert template["instanceMarketOptions"] == {"marketType": "capacity-block"}


@pytest.mark.parametrize(("spec", "chosen", "value"), [
    ({"volumeGib": 200}, "blockDeviceMappings", 200),
    ({"poolSettings": {"trainer": {"volumeGib": 300}}}, "blockDeviceMappings", 300),
    ({"poolSettings": {"trainer": {"volumeGib": 300}, "trainer/main": {"volumeGib": 400}}},
     "blockDeviceMappings", 400),
    ({"metadataHopLimit": 2}, "metadataOptions", 2),
    ({"volumeKeyArn": "arn:aws:kms:us-east-1:111122223333:key/k"}, "blockDeviceMappings", "key/k"),
    ({"composeLaunchTemplates": "Always"}, "tagSpecifications", "vision"),
    ({"poolSettings": {"trainer": {"localStorage": "raid0"}}}, "userData", "TUlNRS1WZXJzaW9u"),
])  # fmt: skip
def test_what_only_a_launch_template_can_state_brings_one(
    spec: dict[str, Any], chosen: str, value: Any
) -> None:
    made = composed(ON_DEMAND, **spec)
    assert provider(made, KEY)["launchTemplate"]["name"] == provider(made, TEMPLATE)["name"]
    assert str(value) in str(provider(made, TEMPLATE)[chosen])


def test_efa_states_every_interface_and_its_security_groups() -> None:
    groups = ["sg-cluster", "sg-efa"]
    made = composed(ON_DEMAND, poolSettings={"trainer": {"efa": True}}, efaSecurityGroupIds=groups)
    interfaces = provider(made, TEMPLATE)["networkInterfaces"]
    assert [each["networkCardIndex"] for each in interfaces] == [0, 0, 1, 2, 3]
    assert {each["interfaceType"] for each in interfaces} == {"interface", "efa-only"}
    assert all(each["securityGroups"] == groups for each in interfaces)
    tags = provider(made, KEY)["tags"]
    assert tags["k8s.io/cluster-autoscaler/node-template/resources/vpc.amazonaws.com/efa"] == "4"


def test_a_placement_group_stands_in_one_zone_and_makes_another_generation() -> None:
    together = {"trainer": {"placementGroup": True}}
    made = composed(ON_DEMAND, poolSettings=together, zoneSubnetIds=ZONES)
    key = f"{KEY}-together"
    assert sorted(made) == [key, f"{key}-launch-template", f"{key}-placement-group"]
    assert provider(made, key)["subnetIds"] == ["subnet-a"]
    assert provider(made, f"{key}-launch-template")["placement"] == {"groupName": f"ml-{key}"}
    group = made[f"{key}-placement-group"]
    assert group["metadata"]["annotations"] == {"crossplane.io/external-name": f"ml-{key}"}
    assert group["spec"]["forProvider"]["strategy"] == "cluster"
    assert made[key]["metadata"]["labels"]["trimtab.dev/generation"] == "0a1b2c-together"


def test_another_image_is_another_generation_and_the_old_one_goes_when_it_is_ready() -> None:
    old = running(3)
    made = composed(ON_DEMAND, amiFamily="BOTTLEROCKET", observed={KEY: old})
    key = f"{KEY}-bottlerocket"
    assert sorted(made) == [KEY, key]
    assert provider(made, KEY)["amiType"] == "AL2023_x86_64_NVIDIA"
    assert provider(made, key)["amiType"] == "BOTTLEROCKET_x86_64_NVIDIA"
    assert provider(made, key)["labels"]["nvidia.com/gpu.deploy.driver"] == "false"
    ready = {**made[key], "status": {**old["status"]}}
    after = composed(ON_DEMAND, amiFamily="BOTTLEROCKET", observed={KEY: old, key: ready})
    assert list(after) == [key]


def test_a_readiness_taint_is_the_kubelets_with_all_others_and_none_is_ekss() -> None:
    taint = {"key": "dedicated", "value": "ml", "effect": "NoSchedule"}
    settings = {"trainer": {"readinessTaint": True, "acceleratorTaint": True}}
    made = composed(ON_DEMAND, group={"taints": [taint]}, poolSettings=settings)
    assert "taint" not in provider(made, KEY)
    told = base64.b64decode(provider(made, TEMPLATE)["userData"]).decode()
    assert (
        "--register-with-taints=dedicated=ml:NoSchedule,nvidia.com/gpu=present:NoSchedule,"
        "trimtab.dev/accelerator-not-ready=true:NoSchedule"
    ) in told


def test_node_repair_updates_and_the_version_are_stated() -> None:
    settings = {"trainer": {"nodeRepair": True, "maxUnavailablePercentage": 25}}
    made = composed(ON_DEMAND, poolSettings=settings, kubernetesVersion="1.34", tags={"cost": "1"})
    group = provider(made, KEY)
    assert group["nodeRepairConfig"] == {"enabled": True}
    assert group["updateConfig"] == {"maxUnavailablePercentage": 25}
    assert (group["version"], group["tags"]["cost"]) == ("1.34", "1")


NO_SUBNET = (
    "trainer/main: node group trainer-main-0a1b2c: its nodes must stand in zone us-east-1b, but the "
    "cluster knows no subnet there; name the zone in the cluster's zones, or its subnet in "
    "zoneSubnetIds"
)
MISSPELT = "trainer/main: the XR's spec.poolSettings.trainer: volumeGb: unknown field; did you mean volumeGib?"
NO_SUCH_POOL = (
    "trainer/main: the XR's spec: poolSettings: trainers is no pool or group of the plan; use one of "
    "trainer, trainer/main"
)
NO_GROUPS = (
    "trainer/main: the XR's spec: trainer/main: efa: a launch template that states network interfaces "
    "states their security groups too; give efaSecurityGroupIds"
)
OWN_TAG = "trainer/main: the XR's spec: tags: trimtab:plan is set from the plan; drop it"
WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (HELD, {}, NO_SUBNET),
    (ON_DEMAND, {"poolSettings": {"trainer": {"volumeGb": 3}}}, MISSPELT),
    (ON_DEMAND, {"poolSettings": {"trainers": {"efa": True}}}, NO_SUCH_POOL),
    (ON_DEMAND, {"poolSettings": {"trainer": {"efa": True}}}, NO_GROUPS),
    (ON_DEMAND, {"tags": {"trimtab:plan": "x"}}, OWN_TAG),
]


@pytest.mark.parametrize(("purchase", "spec", "message"), WRONG)
def test_what_does_not_fit_is_refused_in_the_xrs_own_words(
    purchase: dict[str, Any], spec: dict[str, Any], message: str
) -> None:
    assert refusal(purchase, **spec).startswith(message)


def existing(composed: dict[str, Any], latest: int | None, **own: Any) -> dict[str, Any]:
    """What was composed, as it exists."""
    found = {key: {**each, "status": {"conditions": []}} for key, each in composed.items()}
    if latest is not None:
        found[TEMPLATE]["status"] = {"atProvider": {"latestVersion": float(latest)}}
    sizes = {"minSize": 2, "maxSize": 4, "desiredSize": 3}
    found[KEY]["status"] = {"atProvider": {"scalingConfig": sizes, **own}}
    return found


@pytest.mark.parametrize(("stated", "latest", "version"), [
    ("1", 1, "1"), ("1", 2, "2"), ("2", None, "2"), ("2", 0, "2"), ("1", None, "1"),
])  # fmt: skip
def test_a_node_group_has_the_latest_version_that_its_launch_template_reports(
    stated: str, latest: int | None, version: str
) -> None:
    made = composed(HELD, zoneSubnetIds=ZONES)
    provider(made, KEY)["launchTemplate"]["version"] = stated
    after = composed(HELD, zoneSubnetIds=ZONES, observed=existing(made, latest))
    assert provider(after, KEY)["launchTemplate"] == {"name": f"ml-{KEY}", "version": version}


def test_a_capacity_blocks_group_keeps_the_version_that_it_began_with() -> None:
    after = composed(BLOCK, observed=existing(composed(BLOCK), 5))
    assert provider(after, KEY)["launchTemplate"] == {"name": f"ml-{KEY}", "version": "1"}


def test_another_plan_changes_no_content_of_a_launch_template() -> None:
    first = composed(HELD, zoneSubnetIds=ZONES)
    second = composed(
        HELD, zoneSubnetIds=ZONES, group={"windows": plans.windows((4, 4, 4), hours=12)}
    )
    one, two = dict(provider(first, TEMPLATE)), dict(provider(second, TEMPLATE))
    assert one.pop("tags") != two.pop("tags")
    assert one == two


KEPT = "it keeps the launch template that it was created with, or none: EKS can't change that"


def test_a_node_group_gets_no_launch_template_later_and_loses_none() -> None:
    bare = composed(ON_DEMAND)
    sent = the_plan(ON_DEMAND)
    later = answer(request(sent, spec={"volumeGib": 200}, observed=existing(bare, None)), AT)
    resources = later["desired"]["resources"]
    assert "launchTemplate" not in resources[KEY]["resource"]["spec"]["forProvider"]
    assert (
        later["desired"]["composite"]["resource"]["status"]["capacity"]["groups"][0]["reason"]
        == KEPT
    )
    full = composed(ON_DEMAND, volumeGib=200)
    after = composed(ON_DEMAND, observed=existing(full, 3))
    assert provider(after, KEY)["launchTemplate"] == {"name": f"ml-{KEY}", "version": "3"}
    assert provider(after, TEMPLATE) == provider(full, TEMPLATE)


def test_a_node_group_stays_in_the_subnets_that_it_was_created_in() -> None:
    made = composed(ON_DEMAND)
    after = composed(ON_DEMAND, subnetIds=["subnet-c"], observed=existing(made, None))
    assert provider(after, KEY)["subnetIds"] == ["subnet-a", "subnet-b"]


SCALING_GROUP = {"resources": [{"autoscalingGroups": [{"name": "eks-asg-1"}]}]}


def test_windows_ahead_are_scheduled_when_the_scaling_group_is_known() -> None:
    made = composed(ON_DEMAND, scheduledWindows=8)
    assert list(made) == [KEY]
    after = composed(ON_DEMAND, scheduledWindows=8, observed=existing(made, None, **SCALING_GROUP))
    ahead = [f"{KEY}-at-20261101t0400z", f"{KEY}-at-20261101t0800z"]
    assert sorted(after) == [KEY, *ahead]
    assert provider(after, ahead[0]) == {
        "region": "us-east-1", "autoscalingGroupName": "eks-asg-1",
        "startTime": "2026-11-01T04:00:00Z", "minSize": 3, "maxSize": 6, "desiredCapacity": -1,
    }  # fmt: skip
    # The bounds that the function itself will ask for then: a shrink is made step by step.
    assert (provider(after, ahead[1])["minSize"], provider(after, ahead[1])["maxSize"]) == (2, 6)
    name = after[ahead[0]]["metadata"]["annotations"]["crossplane.io/external-name"]
    assert name == ahead[0].replace("-at-", "-")

    seen = existing(after, None)  # EKS's report is gone for a moment
    assert sorted(composed(ON_DEMAND, scheduledWindows=8, observed=seen)) == [KEY, *ahead]
    assert sorted(composed(ON_DEMAND, scheduledWindows=1, observed=seen)) == [KEY, ahead[0]]
    # What has begun is over, and is taken out.
    assert sorted(composed(ON_DEMAND, scheduledWindows=8, observed=seen, hour=5)) == [KEY, ahead[1]]
    # Without a plan that can be used, what is scheduled stays.
    told = answer(request(None, spec={"scheduledWindows": 8}, observed=seen), AT)
    assert sorted(told["desired"]["resources"]) == [KEY, *ahead]


def test_what_is_scheduled_is_what_the_function_asks_for_when_its_time_has_come() -> None:
    windows = plans.windows((8, 8, 16), (6, 6, 10), (2, 2, 4), (12, 12, 12), hours=3)
    group = {"windows": windows}
    made = composed(ON_DEMAND, group=group, scheduledWindows=3)
    observed = existing(made, None, **SCALING_GROUP)
    observed[KEY]["status"]["atProvider"]["scalingConfig"] = {
        "minSize": 8, "maxSize": 16, "desiredSize": 8,
    }  # fmt: skip
    observed[KEY]["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    after = composed(ON_DEMAND, group=group, scheduledWindows=3, observed=observed)
    for hour, stamp in ((3, "0300"), (6, "0600"), (9, "0900")):
        scheduled = provider(after, f"{KEY}-at-20261101t{stamp}z")
        then = composed(ON_DEMAND, group=group, observed=observed, hour=hour)
        assert provider(then, KEY)["scalingConfig"]["minSize"] == scheduled["minSize"]
        assert provider(then, KEY)["scalingConfig"]["maxSize"] <= scheduled["maxSize"]
        observed[KEY]["metadata"] = then[KEY]["metadata"]
        observed[KEY]["spec"] = then[KEY]["spec"]


def test_a_capacity_block_is_scheduled_to_nothing_before_it_ends() -> None:
    made = composed(BLOCK, scheduledWindows=48)
    after = composed(BLOCK, scheduledWindows=48, observed=existing(made, 1, **SCALING_GROUP))
    drained = provider(after, f"{KEY}-at-20261101t0900z")
    assert [drained[each] for each in ("minSize", "desiredCapacity", "maxSize")] == [0, 0, 0]
    assert f"{KEY}-at-20261101t0200z" in after


def test_taints_that_eks_does_not_know_are_told_to_the_autoscaler() -> None:
    settings = {"trainer": {"readinessTaint": True, "acceleratorTaint": True}}
    made = composed(ON_DEMAND, poolSettings=settings)
    after = composed(ON_DEMAND, poolSettings=settings, observed=existing(made, 1, **SCALING_GROUP))
    assert provider(after, f"{KEY}-taint-nvidia.com-gpu") == {
        "region": "us-east-1",
        "autoscalingGroupName": "eks-asg-1",
        "tag": {
            "key": "k8s.io/cluster-autoscaler/node-template/taint/nvidia.com/gpu",
            "value": "present:NoSchedule",
            "propagateAtLaunch": False,
        },
    }


def test_what_stands_beside_a_group_goes_with_it() -> None:
    made = composed(HELD, zoneSubnetIds=ZONES)
    observed = existing(made, 1)
    observed[KEY]["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    other = answer(request(the_plan(ON_DEMAND, name="next"), observed=observed), AT)
    assert sorted(other["desired"]["resources"]) == [KEY, TEMPLATE, "trainer-next-0a1b2c"]
    new = other["desired"]["resources"]["trainer-next-0a1b2c"]["resource"]
    observed["trainer-next-0a1b2c"] = {**new, "status": observed[KEY]["status"]}
    after = answer(request(the_plan(ON_DEMAND, name="next"), observed=observed), AT)
    assert sorted(after["desired"]["resources"]) == ["trainer-next-0a1b2c"]


@pytest.mark.parametrize("purchase", [HELD, BLOCK])
def test_an_earlier_steps_node_group_without_a_launch_template_is_refused(
    purchase: dict[str, Any],
) -> None:
    labels = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}
    stated: dict[str, Any] = {"region": "us-east-1"}
    template = {
        "apiVersion": "eks.aws.m.upbound.io/v1beta1",
        "kind": "NodeGroup",
        "metadata": {"labels": labels},
        "spec": {"forProvider": stated},
    }
    req = request(the_plan(purchase), mode="Inject", desired={"nodes": template})
    told = answer(req, AT)
    assert "resources" not in told["desired"]
    assert "needs a launch template that names it" in told["conditions"][1]["message"]
    stated["launchTemplate"] = {"id": "lt-1", "version": "1"}
    req = request(the_plan(purchase), mode="Inject", desired={"nodes": template})
    made = answer(req, AT)["desired"]["resources"]["nodes"]["resource"]["spec"]["forProvider"]
    assert ("instanceTypes" in made) is (purchase is HELD)


def test_equal_settings_are_one_key_of_a_memo() -> None:
    spec = {**SPEC, "poolSettings": {"trainer": {"efa": True}}, "zoneSubnetIds": ZONES}
    one, two = EksSettings.model_validate(spec), EksSettings.model_validate(spec)
    other = EksSettings.model_validate({**spec, "poolSettings": {}})
    adapter = EksNodeGroup()
    keys = {ComposeSpec(adapter, (), each) for each in (one, two, other)}
    assert len(keys) == 2


POOL_TEMPLATE: dict[str, Any] = {
    "apiVersion": "eks.aws.m.upbound.io/v1beta1",
    "kind": "NodeGroup",
    "metadata": {"labels": {"trimtab.dev/pool": "trainer"}},
    "spec": {
        "providerConfigRef": {"kind": "ProviderConfig", "name": "team"},
        "forProvider": {
            "region": "us-east-1",
            "clusterNameSelector": {"matchControllerRef": True},
            "subnetIdSelector": {"matchLabels": {"trimtab.dev/nodes": "true"}},
            "tags": {"own": "yes", "managed-by": "me"},
        },
    },
}


def split(purchase: dict[str, Any], observed: dict[str, Any] | None = None, **stated: Any) -> Any:
    spec = {"pools": None, "clusterName": None}
    provider = {**POOL_TEMPLATE["spec"]["forProvider"], **stated}
    template = {**POOL_TEMPLATE, "spec": {**POOL_TEMPLATE["spec"], "forProvider": provider}}
    req = request(the_plan(purchase), spec=spec, desired={"pool": template}, observed=observed)
    return answer(req, AT)["desired"].get("resources", {})


def test_a_group_split_from_a_pools_template_waits_for_the_launch_template_that_it_needs() -> None:
    key, template = "pool-main-0a1b2c", "pool-main-0a1b2c-launch-template"
    first = split(HELD)
    assert list(first) == [template]
    made = first[template]["resource"]
    assert made["spec"]["providerConfigRef"] == {"kind": "ProviderConfig", "name": "team"}
    stated = made["spec"]["forProvider"]
    assert "name" not in stated
    assert stated["tags"]["own"] == "yes"
    assert stated["capacityReservationSpecification"]["capacityReservationTarget"] == {
        "capacityReservationId": "cr-0123456789abcdef0"
    }
    seen = {**made, "status": {"atProvider": {"id": "lt-1", "latestVersion": 1.0}}}
    second = split(HELD, {template: seen})
    assert sorted(second) == [key, template]
    group = second[key]["resource"]["spec"]["forProvider"]
    assert group["launchTemplate"] == {"id": "lt-1", "version": "1"}
    assert group["subnetIdSelector"] == {
        "matchLabels": {"trimtab.dev/nodes": "true", "trimtab.dev/zone": "us-east-1b"}
    }
    # It stays with what it has while nothing is reported.
    unseen = {template: made, key: second[key]["resource"]}
    third = split(HELD, unseen)
    assert third[key]["resource"]["spec"]["forProvider"] == group


def test_a_templates_disk_goes_to_the_launch_template_where_a_split_group_has_one() -> None:
    key, template = "pool-main-0a1b2c", "pool-main-0a1b2c-launch-template"
    made = split(HELD, diskSize=300)[template]["resource"]
    (volume,) = made["spec"]["forProvider"]["blockDeviceMappings"]
    assert volume["ebs"]["volumeSize"] == 300
    seen = {**made, "status": {"atProvider": {"id": "lt-1", "latestVersion": 1.0}}}
    group = split(HELD, {template: seen}, diskSize=300)[key]["resource"]
    assert "diskSize" not in group["spec"]["forProvider"]
    group = split(ON_DEMAND, diskSize=300)[key]["resource"]
    assert group["spec"]["forProvider"]["diskSize"] == 300


def test_a_group_split_from_a_pools_template_needs_none_on_demand() -> None:
    assert list(split(ON_DEMAND)) == ["pool-main-0a1b2c"]
    given = {"id": "lt-9", "version": "2"}
    made = split(HELD, launchTemplate=given)
    assert list(made) == ["pool-main-0a1b2c"]
    stated = made["pool-main-0a1b2c"]["resource"]["spec"]["forProvider"]
    assert stated["launchTemplate"] == given


@pytest.mark.parametrize(("version", "sized"), [("v1beta2", True), ("v1beta1", False)])
def test_a_cluster_scoped_node_group_is_sized_where_its_shape_is_the_same(
    version: str, sized: bool
) -> None:
    template = {
        "apiVersion": f"eks.aws.upbound.io/{version}",
        "kind": "NodeGroup",
        "metadata": {"labels": {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}},
        "spec": {"forProvider": {"region": "us-east-1"}},
    }
    req = request(the_plan(ON_DEMAND), mode="Inject", desired={"nodes": template})
    made = answer(req, AT)["desired"]["resources"]["nodes"]["resource"]
    assert ("scalingConfig" in made["spec"]["forProvider"]) is sized
