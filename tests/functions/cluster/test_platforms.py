"""What each platform's cluster is made of, from spec and plan to documents."""

import base64
import ipaddress
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from support.cluster_requests import API, AWS, BASE, EDGE, EXISTING, GCP, MACHINES, REF
from support.plans import group, plan, pool
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab_functions.capacity.adapters import group_adapter
from trimtab_functions.capacity.selection import Template, read_resource
from trimtab_functions.cluster.platforms import PLATFORMS
from trimtab_functions.cluster.resources import PART_LABEL, Owner, Resource
from trimtab_functions.cluster.settings import parse_spec

Document = dict[str, Any]
OWNED = {"option": "owned", "site": "oslo"}
PLAN = plan(pools=[pool(groups=[group("gpu", OWNED), group("more", {"option": "on-demand"})])])


def made(
    platform: Any, spec: Document, given: CapacityPlan | None = PLAN, name: str = "ml"
) -> dict[str, Document]:
    """The documents by key."""
    return {each.key: each.document for each in parts(platform, spec, given, name)}


def parts(
    platform: Any, spec: Document, given: CapacityPlan | None = PLAN, name: str = "ml"
) -> list[Resource]:
    chosen = PLATFORMS[platform]
    return chosen.resources(Owner(name, "team"), parse_spec(chosen.spec, spec), given)


def refusal(platform: Any, spec: Document) -> str:
    with pytest.raises(InputError) as error:
        made(platform, spec)
    return str(error.value)


def provider(documents: dict[str, Document], key: str) -> Any:
    return documents[key]["spec"]["forProvider"]


SPECS: dict[str, Document] = {
    "AWS": AWS,
    "GCP": GCP,
    "OnPremises": {**BASE, "onPremises": {"clusterApi": API}},
    "Edge": {**EDGE, "kubeconfigSecretRef": {"name": "site"}},
}


@pytest.mark.parametrize("platform", SPECS)
def test_parts_are_named_once_and_selectors_find_exactly_one_kind(platform: str) -> None:
    resources = parts(platform, SPECS[platform])
    keys = [each.key for each in resources]
    assert len(set(keys)) == len(keys)
    labels = [each.document["metadata"]["labels"] for each in resources]
    for resource in resources:
        assert set(resource.after) | set(resource.beside) <= set(keys)
        for selector in selectors(resource.document):
            assert selector["matchControllerRef"] is True
            wanted = selector["matchLabels"].items()
            assert any(wanted <= each.items() for each in labels), selector


def selectors(value: Any) -> list[Document]:
    if isinstance(value, list):
        return [found for each in value for found in selectors(each)]
    if not isinstance(value, dict):
        return []
    mine = [each for key, each in value.items() if key.endswith("Selector") and each]
    found = [each for each in mine if isinstance(each, dict) and PART in str(each)]
    return found + [one for each in value.values() for one in selectors(each)]


PART = "trimtab.dev/"


@pytest.mark.parametrize("platform", SPECS)
def test_what_comes_after_comes_later(platform: str) -> None:
    seen: set[str] = set()
    for each in parts(platform, SPECS[platform]):
        assert set(each.after) | set(each.beside) <= seen
        seen.add(each.key)


@pytest.mark.parametrize("platform", SPECS)
def test_managed_resources_leave_late_initialisation_out(platform: str) -> None:
    for key, document in made(platform, SPECS[platform]).items():
        spec = document.get("spec", {})
        assert ("managementPolicies" in spec) is ("forProvider" in spec), key
        assert "LateInitialize" not in spec.get("managementPolicies", [])


@pytest.mark.parametrize(("platform", "kind"), [("AWS", "NodeGroup"), ("GCP", "NodePool"), ("OnPremises", "MachineDeployment")])  # fmt: skip
def test_a_pools_template_is_the_capacity_functions_to_split(platform: str, kind: str) -> None:
    (template,) = (each for each in parts(platform, SPECS[platform]) if each.template)
    assert (template.key, template.document["kind"]) == ("pool-trainer", kind)
    read = read_resource(template.key, template.document, ()).found
    assert isinstance(read, Template)
    assert read.adapter is group_adapter(template.document)
    assert str(read.ref) == "trainer"


# --- AWS ------------------------------------------------------------------------------------------


def test_each_zone_has_a_public_and_a_private_subnet() -> None:
    documents = made("AWS", AWS)
    subnets = {key: each for key, each in documents.items() if each["kind"] == "Subnet"}
    assert len(subnets) == 6
    nodes = {key for key, each in subnets.items() if NODES in each["metadata"]["labels"]}
    assert nodes == {f"subnet-private-{zone}" for zone in "abc"}
    for key, each in subnets.items():
        zone = each["spec"]["forProvider"]["availabilityZone"]
        assert zone == f"us-east-1{key[-1]}"
        assert each["metadata"]["labels"]["trimtab.dev/zone"] == zone
    table = provider(documents, "subnet-private-b-route")["routeTableIdSelector"]
    assert table["matchLabels"] == {PART_LABEL: "route-table-private"}


def test_a_region_of_another_cloud_asks_for_its_composition() -> None:
    message = refusal("AWS", {**AWS, "region": "us-central1"})
    assert "region: us-central1 is no region of AWS" in message
    assert "spec.crossplane.compositionRef.name" in message
    for region in ("us-gov-west-1", "ap-southeast-5", "us-isob-east-1"):
        assert made("AWS", {**AWS, "region": region})


@pytest.mark.parametrize("nat", ["none", "single", "per-zone"])
def test_every_route_table_leads_to_the_endpoint_of_s3(nat: str) -> None:
    documents = made("AWS", {**AWS, "network": {"nat": nat}})
    tables = {key for key, each in documents.items() if each["kind"] == "RouteTable"}
    through = {
        provider(documents, key)["routeTableIdSelector"]["matchLabels"][PART_LABEL]
        for key, each in documents.items()
        if each["kind"] == "VPCEndpointRouteTableAssociation"
    }
    assert through == tables


NODES = "trimtab.dev/nodes"


@pytest.mark.parametrize(
    ("nat", "gateways", "nodes"),
    [
        ("none", [], "public"),
        ("single", ["nat"], "private"),
        ("per-zone", ["nat-a", "nat-b", "nat-c"], "private"),
    ],
)
def test_nodes_stand_where_they_can_reach_out(nat: str, gateways: list[str], nodes: str) -> None:
    documents = made("AWS", {**AWS, "network": {"nat": nat}})
    found = [key for key, each in documents.items() if each["kind"] == "NATGateway"]
    assert found == gateways
    marked = [key for key, each in documents.items() if NODES in each["metadata"]["labels"]]
    assert marked == [f"subnet-{nodes}-{zone}" for zone in "abc"]
    for gateway in gateways:
        subnet = provider(documents, gateway)["subnetIdSelector"]["matchLabels"][PART_LABEL]
        assert subnet == f"subnet-public-{gateway[-1] if nat == 'per-zone' else 'a'}"


@settings(deadline=None, max_examples=50)
@given(
    st.integers(16, 22),
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True),
)
def test_subnets_lie_apart_within_the_network(length: int, letters: list[str]) -> None:
    zones = [f"us-east-1{letter}" for letter in letters]
    documents = made("AWS", {**AWS, "network": {"cidr": f"10.8.0.0/{length}", "zones": zones}})
    whole = ipaddress.ip_network(f"10.8.0.0/{length}")
    blocks = [
        ipaddress.ip_network(each["spec"]["forProvider"]["cidrBlock"])
        for each in documents.values()
        if each["kind"] == "Subnet"
    ]
    assert len(blocks) == 2 * len(zones)
    for number, block in enumerate(blocks):
        assert block.subnet_of(whole)  # type: ignore[arg-type]
        assert not any(block.overlaps(other) for other in blocks[:number])


def test_a_zone_of_another_region_is_refused() -> None:
    told = refusal("AWS", {**AWS, "network": {"zones": ["eu-west-1a"]}})
    assert told == (
        "the XR's spec: network.zones: eu-west-1a is not in us-east-1; give zones such as us-east-1a"
    )


@pytest.mark.parametrize(
    ("region", "arn", "principal"),
    [
        ("us-east-1", "arn:aws:", "ec2.amazonaws.com"),
        ("cn-north-1", "arn:aws-cn:", "ec2.amazonaws.com.cn"),
        ("us-gov-west-1", "arn:aws-us-gov:", "ec2.amazonaws.com"),
    ],
)
def test_roles_are_of_the_regions_partition(region: str, arn: str, principal: str) -> None:
    documents = made("AWS", {**AWS, "region": region})
    policy = provider(documents, "policy-amazoneksworkernodepolicy")["policyArn"]
    assert policy == f"{arn}iam::aws:policy/AmazonEKSWorkerNodePolicy"
    trust = json.loads(provider(documents, "role-node")["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": principal}
    pods = json.loads(provider(documents, "role-ebs-csi")["assumeRolePolicy"])["Statement"][0]
    assert pods["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert pods["Action"] == ["sts:AssumeRole", "sts:TagSession"]


def test_the_cluster_is_as_stated() -> None:
    spec = {
        **AWS,
        "clusterName": "Prod_1",
        "kubernetesVersion": "1.35",
        "publicAccessCidrs": ["192.0.2.0/24"],
        "owner": {"team": "vision"},
        "providerConfigRef": {"kind": "ProviderConfig", "name": "team"},
    }
    documents = made("AWS", spec)
    cluster = documents["cluster"]
    assert cluster["metadata"]["annotations"] == {"crossplane.io/external-name": "Prod_1"}
    stated = provider(documents, "cluster")
    assert (stated["version"], stated["vpcConfig"]["publicAccessCidrs"]) == (
        "1.35",
        ["192.0.2.0/24"],
    )
    assert stated["tags"] == {"team": "vision", "managed-by": "trimtab"}
    assert cluster["spec"]["providerConfigRef"] == {"kind": "ProviderConfig", "name": "team"}
    secret = documents["kubeconfig"]["spec"]["writeConnectionSecretToRef"]
    read = documents["helm-config"]["spec"]["credentials"]["secretRef"]
    assert (secret["name"], read) == (
        "ml-kubeconfig",
        {"name": "ml-kubeconfig", "namespace": "team", "key": "kubeconfig"},
    )
    assert "version" not in provider(made("AWS", AWS), "cluster")


def test_what_is_inside_keeps_the_cluster_and_the_way_into_it() -> None:
    documents = made("AWS", AWS)
    usages = [each["spec"] for each in documents.values() if each["kind"] == "Usage"]
    kept = {(each["of"]["kind"], each["by"]["kind"]) for each in usages}
    assert kept == {(of, by) for of in ("Cluster", "ClusterAuth") for by in ("Release", "Object")}
    assert all(each["replayDeletion"] for each in usages)


def test_storage_is_encrypted_and_waits_for_its_pod() -> None:
    manifest = provider(made("AWS", AWS), "storage-class")["manifest"]
    assert manifest["parameters"] == {"type": "gp3", "encrypted": "true"}
    assert manifest["volumeBindingMode"] == "WaitForFirstConsumer"
    assert "storage-class" not in made("AWS", {**AWS, "storage": {"defaultClass": False}})


# --- GCP ------------------------------------------------------------------------------------------


def test_gke_nodes_are_private_and_have_an_account_of_their_own() -> None:
    documents = made("GCP", {**GCP, "zones": ["us-central1-b"]})
    cluster = provider(documents, "cluster")
    assert cluster["privateClusterConfig"]["enablePrivateNodes"] is True
    assert cluster["nodeLocations"] == ["us-central1-b"]
    assert cluster["removeDefaultNodePool"] is True
    account = documents["node-account"]["metadata"]["annotations"]["crossplane.io/external-name"]
    members = [each for each in documents.values() if each["kind"] == "ProjectIAMMember"]
    assert {each["spec"]["forProvider"]["member"] for each in members} == {
        f"serviceAccount:{account}@my-project.iam.gserviceaccount.com"
    }
    pool_config = provider(documents, "pool-trainer")["nodeConfig"]
    assert pool_config["serviceAccountSelector"] == cluster["nodeConfig"]["serviceAccountSelector"]
    assert documents["helm-config"]["spec"]["identity"]["source"] == "InjectedIdentity"


def test_a_zone_of_another_gcp_region_is_refused() -> None:
    told = refusal("GCP", {**GCP, "zones": ["europe-west1-b"]})
    assert told == (
        "the XR's spec: zones: europe-west1-b is not in us-central1; give zones such as us-central1-b"
    )


def test_an_accounts_name_fits() -> None:
    documents = made("GCP", GCP, name="a-name-that-is-far-too-long-for-it")
    name = documents["node-account"]["metadata"]["annotations"]["crossplane.io/external-name"]
    assert len(name) <= 30


# --- On premises ----------------------------------------------------------------------------------


def test_a_cluster_that_is_there_gets_what_runs_inside() -> None:
    documents = made("OnPremises", {**BASE, "onPremises": EXISTING})
    assert set(documents) == {
        "helm-config",
        "kubernetes-config",
        "gpu-operator",
        "storage-class",
    }
    reference = documents["helm-config"]["spec"]["credentials"]["secretRef"]
    assert reference == {"name": "dc", "namespace": "team", "key": "kubeconfig"}
    manifest = provider(documents, "storage-class")["manifest"]
    assert manifest["provisioner"] == "rancher.io/local-path"


def test_cluster_api_makes_the_cluster_and_the_machines_of_each_pool() -> None:
    cpu = {**MACHINES, "pool": "web", "instanceTypes": ["r760", "r770"]}
    one = {**MACHINES, "group": "gpu", "instanceTypes": ["dgx"]}
    spec = {**BASE, "pools": ["trainer", "web"]}
    spec["onPremises"] = {"clusterApi": {**API, "machines": [one, cpu]}}
    documents = made("OnPremises", spec)
    cluster = documents["cluster"]
    assert cluster["spec"]["topology"]["classRef"] == {"name": "metal"}
    assert cluster["metadata"]["name"] == "ml"
    secret = documents["kubernetes-config"]["spec"]["credentials"]["secretRef"]
    assert secret == {"name": "ml-kubeconfig", "namespace": "team", "key": "value"}
    mine, web = documents["pool-trainer-gpu"], documents["pool-web"]
    assert mine["metadata"]["labels"]["trimtab.dev/group"] == "gpu"
    assert web["metadata"]["annotations"] == {"trimtab.dev/instance-types": "r760,r770"}
    machine = web["spec"]["template"]["spec"]
    assert (machine["version"], machine["clusterName"]) == ("v1.35.3", "ml")
    assert machine["infrastructureRef"] == REF


def test_every_pool_has_machines_and_no_other_has() -> None:
    def spec(*pools: str) -> Document:
        return {**BASE, "pools": list(pools), "onPremises": {"clusterApi": API}}

    assert refusal("OnPremises", spec("trainer", "web")) == (
        "the XR's spec: onPremises.clusterApi.machines: names no machines of pool web; give its templates"
    )
    assert refusal("OnPremises", spec("web")).startswith(
        "the XR's spec: onPremises.clusterApi.machines: names no machines of pool web"
    )


# --- Edge -----------------------------------------------------------------------------------------


def boots(documents: dict[str, Document], key: str) -> Document:
    """K3s's configuration that a machine boots with."""
    text = base64.b64decode(documents[key]["data"]["userData"]).decode()
    (written,) = yaml.safe_load(text)["write_files"]
    found: Document = json.loads(written["content"])
    return found


def commands(documents: dict[str, Document], key: str) -> list[list[str]]:
    """What a machine runs when it boots."""
    text = base64.b64decode(documents[key]["data"]["userData"]).decode()
    found: list[list[str]] = yaml.safe_load(text)["runcmd"]
    return found


def test_a_site_of_one_server_boots_it_and_an_agent_for_each_owned_group() -> None:
    documents = made("Edge", EDGE)
    assert set(documents) == {"boot-first-server", "boot-agent-trainer-gpu"}
    assert documents["boot-first-server"]["metadata"]["name"] == "ml-boot-first-server"
    agent = boots(documents, "boot-agent-trainer-gpu")
    assert agent["server"] == "https://10.0.0.10:6443"
    assert "default-runtime" not in agent  # K3s would not start without it
    (said,) = (
        each for each in commands(documents, "boot-agent-trainer-gpu") if "nvidia" in str(each)
    )
    assert "default-runtime: nvidia" in said[-1]
    assert "nvidia" not in str(commands(documents, "boot-first-server"))
    assert "trimtab.dev/group=gpu" in agent["node-label"]
    assert "token-file" in agent
    assert "cluster-init" not in boots(documents, "boot-first-server")


def test_several_servers_make_one_cluster() -> None:
    install = {**EDGE["install"], "servers": 3, "serversTakeWork": False}
    documents = made("Edge", {**EDGE, "install": install})
    first, other = boots(documents, "boot-first-server"), boots(documents, "boot-server")
    assert first["cluster-init"] is True
    assert other["server"] == "https://10.0.0.10:6443"
    taint = ["node-role.kubernetes.io/control-plane=true:NoSchedule"]
    assert first["node-taint"] == other["node-taint"] == taint


def test_a_reachable_site_gets_its_upgrades_and_drivers() -> None:
    spec = {**BASE, "version": "v1.35.3+k3s1", "kubeconfigSecretRef": {"name": "site", "key": "k"}}
    resources = {each.key: each for each in parts("Edge", spec)}
    assert "boot-first-server" not in resources
    plans = [resources[f"upgrade-k3s-{each}"] for each in ("servers", "agents")]
    for each in plans:
        # The controller defines the kind.
        assert each.after == ("kubernetes-config", "upgrade-controller")
        manifest = each.document["spec"]["forProvider"]["manifest"]
        assert manifest["spec"]["version"] == "v1.35.3+k3s1"
    controller = resources["upgrade-controller"]
    assert controller.document["spec"]["readiness"] == {"policy": "AllTrue"}
    values = resources["gpu-operator"].document["spec"]["forProvider"]["values"]
    sockets = [each for each in values["toolkit"]["env"] if each["name"] == "CONTAINERD_SOCKET"]
    assert [each["value"] for each in sockets] == ["/run/k3s/containerd/containerd.sock"]
    off = made("Edge", {**spec, "upgrades": False})
    assert not any(key.startswith("upgrade") for key in off)


def test_addresses_that_overlap_are_refused() -> None:
    install = {**EDGE["install"], "serviceCidr": "10.42.128.0/17"}
    assert "overlap; give blocks apart" in refusal("Edge", {**EDGE, "install": install})
