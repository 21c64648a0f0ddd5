"""The real Crossplane installs the package from a registry and makes the Deployment of functions/deploy.

The package is built of small wheels: what is inside its layers is `test_xpkg.py`'s. It is pushed by
Crossplane's own command line to a registry on loopback, from which the core pulls it.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from support.base_image import empty_layer, write_archive
from support.crossplane_cli import CrossplaneCli, crossplane_cli
from support.crossplane_core import NAMESPACE, ControlPlane, crossplane_control_plane
from support.kube_api import KubeApi, kube_api_server
from support.oci_registry import Registry, oci_registry
from support.xpkg_toy import ROOT, toy_repository
from tools.xpkg.build import Built, build

pytestmark = pytest.mark.engine

DEPLOY = ROOT / "functions" / "deploy"
NAME = "function-trimtab-capacity"
REPOSITORY = "trimtab/function-trimtab-capacity"
TAG = "v1.2.3"
WAIT_SECONDS = 30.0

Document = dict[str, Any]


def manifest(name: str) -> Document:
    document: Document = yaml.safe_load((DEPLOY / name).read_text("utf-8"))
    return document


def eventually(read: Callable[[], Any], what: Callable[[], str]) -> Any:
    """Poll until what is read is there."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := read()):
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[Built]:
    folder = tmp_path_factory.mktemp("xpkg")
    toy = toy_repository(folder)
    bases = [write_archive(folder / f"{e}.tar", e, empty_layer()) for e in ("amd64", "arm64")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(toy.wheels))
        return build(toy.inputs, (), bases, folder / "out", byte_code=False)


@pytest.fixture(scope="module")
def registry(packages: list[Built], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that the packages were pushed to by Crossplane's command line."""
    cli: CrossplaneCli = crossplane_cli(tmp_path_factory.mktemp("cli"))
    with oci_registry() as served:
        # Crossplane wants a registry with a dot in its name; this one is plain HTTP to clients.
        served.host = f"127.0.0.1:{served.port}"
        files = ",".join(str(each.xpkg) for each in packages)
        finished = cli.run("xpkg", "push", "-f", files, f"{served.host}/{REPOSITORY}:{TAG}")
        assert finished.returncode == 0, finished.stderr
        yield served


def test_one_push_of_both_files_makes_an_index_of_both_platforms(
    registry: Registry, packages: list[Built]
) -> None:
    index = registry.manifest(TAG)
    descriptors: Any = index["manifests"]
    platforms = [(each["platform"]["os"], each["platform"]["architecture"]) for each in descriptors]
    assert platforms == [("linux", each.architecture) for each in packages]
    for each in descriptors:
        layers: Any = registry.manifest(each["digest"])["layers"]
        annotations = [layer.get("annotations", {}).get("io.crossplane.xpkg") for layer in layers]
        # The runtime's layers, then the package's: what Crossplane reads without the others.
        assert annotations == [None, None, None, "base"]


@pytest.fixture(scope="module")
def deploying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A Crossplane that makes Deployments of functions, on an API server of its own."""
    with kube_api_server(tmp_path_factory.mktemp("api")) as api:
        folder = tmp_path_factory.mktemp("crossplane")
        with crossplane_control_plane(api, folder, "Deployment") as running:
            # Its chart's; functions' pods take their pull secrets from it.
            metadata = {"name": "crossplane", "namespace": NAMESPACE}
            api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
            yield running


@pytest.fixture(scope="module")
def installed(deploying: ControlPlane, registry: Registry) -> KubeApi:
    """An API server that functions/deploy was applied to, the package from the test's registry."""
    api = deploying.api
    listed = manifest("kustomization.yaml")["resources"]
    # Prometheus's kind is not everywhere, so its monitor is no part of it.
    everything = {path.name for path in DEPLOY.glob("*.yaml")}
    assert everything - set(listed) == {"kustomization.yaml", "pod-monitor.yaml"}
    for name in listed:
        document = manifest(name)
        if document["kind"] == "Function":
            document["spec"]["package"] = f"{registry.host}/{REPOSITORY}:{TAG}"
        api.apply(document)
    return api


def revision(api: KubeApi) -> Document | None:
    found = api.list_all("pkg.crossplane.io/v1", "FunctionRevision")
    assert len(found) <= 1
    return found[0] if found else None


def condition(document: Document | None, kind: str) -> Document:
    conditions = (document or {}).get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {"status": "Unknown"})


def test_crossplane_accepts_the_package(installed: KubeApi) -> None:
    found = eventually(
        lambda: (
            condition(revision(installed), "RevisionHealthy")["status"] == "True"
            and revision(installed)
        ),
        lambda: str(
            [
                [e.get("status") for e in installed.list_all("pkg.crossplane.io/v1", k)]
                for k in ("Function", "FunctionRevision")
            ]
        ),
    )
    assert found["metadata"]["labels"]["pkg.crossplane.io/package"] == NAME
    assert found["spec"]["desiredState"] == "Active"
    assert found["status"]["capabilities"] == ["composition"]
    # The input's schema is for editors: Crossplane reads it and makes no kind of it.
    crds = installed.list_all("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert not [each for each in crds if each["spec"]["group"].endswith(".fn.trimtab.dev")]


def deployment(api: KubeApi) -> Document:
    def read() -> Document | None:
        found = api.list_all("apps/v1", "Deployment", NAMESPACE)
        return found[0] if found else None

    made: Document = eventually(read, lambda: f"no Deployment; {revision(api)}")
    return made


def test_the_deployment_is_hardened_and_probed_at_the_metrics_port(
    installed: KubeApi, registry: Registry
) -> None:
    spec = deployment(installed)["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["replicas"] == 2
    assert container["image"] == f"{registry.host}/{REPOSITORY}:{TAG}"
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == NAME
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert ports == {"grpc": 9443, "metrics": 8080}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] in ports
    environment = {each["name"]: each.get("value") for each in container["env"]}
    # What Crossplane sets for the certificates, and the image's own default, are one folder.
    (mount,) = [e for e in container["volumeMounts"] if e["mountPath"] == "/tls/server"]
    assert environment["TLS_SERVER_CERTS_DIR"] == mount["mountPath"]
    seconds = sum(float(environment[e] or 0) for e in ("SHUTDOWN_DELAY_SECONDS", "GRACE_SECONDS"))
    assert seconds < pod["terminationGracePeriodSeconds"]


def test_budget_policy_and_monitor_select_the_pods_and_their_ports(installed: KubeApi) -> None:
    template = deployment(installed)["spec"]["template"]
    labels = template["metadata"]["labels"]
    (container,) = template["spec"]["containers"]
    names = {each["name"] for each in container["ports"]}
    numbers = {each["containerPort"] for each in container["ports"]}
    budget = installed.get("policy/v1", "PodDisruptionBudget", NAME, NAMESPACE)
    policy = installed.get("networking.k8s.io/v1", "NetworkPolicy", NAME, NAMESPACE)
    monitor = manifest("pod-monitor.yaml")
    spread = template["spec"]["topologySpreadConstraints"]
    for selector in (
        budget["spec"]["selector"],
        policy["spec"]["podSelector"],
        monitor["spec"]["selector"],
        *(each["labelSelector"] for each in spread),
    ):
        assert selector["matchLabels"].items() <= labels.items()
    assert {p["port"] for rule in policy["spec"]["ingress"] for p in rule["ports"]} == numbers
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert not policy["spec"].get("egress")
    assert {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]} <= names
