"""Each engine that `make engines` builds starts, is the pinned version, and does its work."""

import dataclasses
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi import automation
from pulumi.runtime.proto import language_pb2_grpc

from support.crossplane_cli import CrossplaneCli, CrossplaneError
from support.crossplane_core import ControlPlane
from support.engines import engine_path, engine_share, engine_version, running
from support.kube_api import KubeApi, KubeError
from support.pulumi_cli import PulumiCli
from support.xrds import xrd
from tools import engines as builder

pytestmark = pytest.mark.engine

CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "probes.boot.trimtab.dev"},
    "spec": {
        "group": "boot.trimtab.dev",
        "scope": "Namespaced",
        "names": {"kind": "Probe", "plural": "probes", "singular": "probe"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["min", "max"],
                                "properties": {
                                    "min": {"type": "integer", "minimum": 0},
                                    "max": {"type": "integer"},
                                },
                                "x-kubernetes-validations": [
                                    {"rule": "self.min <= self.max", "message": "min exceeds max"}
                                ],
                            },
                            "status": {
                                "type": "object",
                                "properties": {
                                    "conditions": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "properties": {
                                                "type": {"type": "string"},
                                                "status": {"type": "string"},
                                            },
                                        },
                                    }
                                },
                            },
                        },
                    }
                },
            }
        ],
    },
}


def probe(spec: dict[str, Any], namespace: str, name: str = "probe") -> dict[str, Any]:
    return {
        "apiVersion": "boot.trimtab.dev/v1",
        "kind": "Probe",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def test_api_server_is_the_pinned_version(kube_api: KubeApi) -> None:
    version = kube_api.request("GET", "/version")
    assert version["gitVersion"] == engine_version("kube-apiserver")
    assert f"v{version['major']}.{version['minor']}." in version["gitVersion"]


def test_api_server_asks_for_a_token(kube_api: KubeApi) -> None:
    stranger = dataclasses.replace(kube_api, token="wrong")
    with pytest.raises(KubeError) as refusal:
        stranger.request("GET", "/api/v1/namespaces")
    assert refusal.value.code == 401


def test_api_server_stores_merges_and_deletes(kube_api: KubeApi, kube_namespace: str) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kept", "namespace": kube_namespace},
        "data": {"key": "one"},
    }
    first = kube_api.apply(manifest)
    second = kube_api.apply({**manifest, "data": {"key": "two"}})
    assert first["metadata"]["uid"] == second["metadata"]["uid"]
    assert [item["data"] for item in kube_api.list_all("v1", "ConfigMap", kube_namespace)] == [
        {"key": "two"}
    ]
    kube_api.delete("v1", "ConfigMap", "kept", kube_namespace)
    with pytest.raises(KubeError) as absent:
        kube_api.get("v1", "ConfigMap", "kept", kube_namespace)
    assert absent.value.code == 404
    assert absent.value.reason == "NotFound"


def test_dry_run_stores_nothing(kube_api: KubeApi, kube_namespace: str) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "passing", "namespace": kube_namespace},
    }
    assert kube_api.apply(manifest, dry_run=True)["metadata"]["name"] == "passing"
    assert kube_api.list_all("v1", "ConfigMap", kube_namespace) == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"min": 3, "max": 2}, "min exceeds max"),
        ({"min": -1, "max": 2}, "should be greater than or equal to 0"),
        ({"min": 1}, "spec.max: Required value"),
        ({"min": 1, "max": 2, "maxx": 3}, "field not declared in schema"),
    ],
    ids=["CEL rule", "schema bound", "required field", "unknown field"],
)
def test_custom_resource_is_refused_with_the_servers_words(
    kube_api: KubeApi, kube_namespace: str, spec: dict[str, Any], said: str
) -> None:
    kube_api.apply_all([CRD])
    with pytest.raises(KubeError) as refusal:
        kube_api.apply(probe(spec, kube_namespace))
    assert said in str(refusal.value)


def test_custom_resource_is_accepted_and_awaited(kube_api: KubeApi, kube_namespace: str) -> None:
    kube_api.apply_all([CRD])
    good = probe({"min": 1, "max": 2}, kube_namespace)
    kube_api.apply(good)
    with pytest.raises(TimeoutError, match="probe is not Ready"):
        kube_api.wait_for_condition(
            good["apiVersion"], "Probe", "probe", "Ready", kube_namespace, seconds=0.2
        )
    kube_api.patch_status(good, {"conditions": [{"type": "Ready", "status": "True"}]})
    ready = kube_api.wait_for_condition(
        good["apiVersion"], "Probe", "probe", "Ready", kube_namespace
    )
    assert ready["spec"] == good["spec"]


def test_unknown_kind_is_a_kube_error(kube_api: KubeApi) -> None:
    with pytest.raises(KubeError, match="v1 has no kind Gadget"):
        kube_api.apply({"apiVersion": "v1", "kind": "Gadget", "metadata": {"name": "x"}})


def test_crossplane_crds_are_accepted(kube_api: KubeApi) -> None:
    crds = sorted((engine_share("crossplane-core") / "cluster" / "crds").glob("*.yaml"))
    assert crds
    kube_api.apply_all("".join(crd.read_text("utf-8") for crd in crds))
    # Served now, and a kind that no other test of this API server makes.
    assert kube_api.list_all("apiextensions.crossplane.io/v1beta1", "EnvironmentConfig") == []


def test_a_process_that_fails_shows_its_output(tmp_path: Path) -> None:
    binary = engine_path("etcd")
    with (
        running("etcd", [binary, "--no-such-flag"], tmp_path / "etcd.log") as etcd,
        pytest.raises(RuntimeError, match=r"etcd ended with status 2\n[^§]*no-such-flag"),
    ):
        etcd.wait_until(lambda: False, seconds=20)


def test_crossplane_core_is_the_pinned_version(crossplane_core: Path) -> None:
    said = subprocess.run(
        [crossplane_core, "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == engine_version("crossplane-core")


def test_crossplane_cli_is_the_pinned_version(crossplane: CrossplaneCli) -> None:
    said = crossplane.run("version", "--client").stdout.strip()
    assert said == f"Client Version: {engine_version('crossplane-cli')}"


XR: dict[str, Any] = {
    "apiVersion": "boot.trimtab.dev/v1alpha1",
    "kind": "Echo",
    "metadata": {"name": "echo", "namespace": "default"},
    "spec": {"size": 3},
}
XRD: dict[str, Any] = xrd(
    XR["apiVersion"],
    XR["kind"],
    "echoes",
    {"type": "object", "properties": {"size": {"type": "integer", "maximum": 5}}},
    capacity=False,
)
COMPOSITION: dict[str, Any] = {
    "apiVersion": "apiextensions.crossplane.io/v1",
    "kind": "Composition",
    "metadata": {"name": "echo"},
    "spec": {
        "compositeTypeRef": {"apiVersion": XR["apiVersion"], "kind": "Echo"},
        "mode": "Pipeline",
        "pipeline": [{"step": "say", "functionRef": {"name": "function-say"}}],
    },
}


def field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    size, length = len(content), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def says(severity: int, message: str) -> bytes:
    """A RunFunctionResponse of one result (field 3: severity 1, message 2)."""
    return field(3, bytes([0x08, severity]) + field(2, message.encode()))


def desires(name: str, manifest: dict[str, Any]) -> bytes:
    """A RunFunctionResponse that desires one resource, ready (field 2, map 2: resource 1, ready 3)."""
    struct = Struct()
    struct.update(manifest)
    resource = field(1, struct.SerializeToString()) + bytes([0x18, 1])
    return field(2, field(2, field(1, name.encode()) + field(2, resource)))


class Function:
    """A composition function without the SDK, which this environment cannot hold: raw messages."""

    def __init__(self) -> None:
        self.answer = says(3, "size seen")
        self.server = grpc.server(ThreadPoolExecutor(max_workers=2))
        handler = grpc.unary_unary_rpc_method_handler(lambda _request, _context: self.answer)
        service = "apiextensions.fn.proto.v1.FunctionRunnerService"
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(service, {"RunFunction": handler})]
        )

    def start(self, certificates: Path | None = None) -> int:
        """Serve on loopback, with mutual TLS when given certificates; the port."""
        if certificates is None:
            port = self.server.add_insecure_port("127.0.0.1:0")
        else:
            key, chain, ca = (
                (certificates / name).read_bytes() for name in ("tls.key", "tls.crt", "ca.crt")
            )
            credentials = grpc.ssl_server_credentials([(key, chain)], ca, require_client_auth=True)
            port = self.server.add_secure_port("127.0.0.1:0", credentials)
        self.server.start()
        return int(port)


@pytest.fixture
def function() -> Iterator[Function]:
    function = Function()
    yield function
    function.server.stop(grace=None).wait()


def test_crossplane_renders_through_a_running_function(
    crossplane: CrossplaneCli, function: Function
) -> None:
    target = f"127.0.0.1:{function.start()}"
    rendered = crossplane.render(XR, COMPOSITION, {"function-say": target})
    assert [document["kind"] for document in rendered] == ["Echo", "Result"]
    assert rendered[1]["message"] == "size seen"


def test_crossplane_render_tells_a_fatal_result(
    crossplane: CrossplaneCli, function: Function
) -> None:
    function.answer = says(1, "the plan is absent")
    target = f"127.0.0.1:{function.start()}"
    with pytest.raises(CrossplaneError, match="the plan is absent"):
        crossplane.render(XR, COMPOSITION, {"function-say": target})


def test_crossplane_validates_against_the_xrd(crossplane: CrossplaneCli) -> None:
    assert crossplane.validate([XRD], [XR, COMPOSITION]).ok
    too_big = crossplane.validate([XRD], {**XR, "spec": {"size": 6}})
    assert not too_big.ok
    assert "spec.size" in too_big.report
    unknown = crossplane.validate([XRD], {**XR, "kind": "Gadget"})
    assert not unknown.ok
    assert "could not find CRD/XRD" in unknown.report


def test_crossplane_serves_the_xrds_kind(
    control_plane: ControlPlane, kube_api: KubeApi, kube_namespace: str
) -> None:
    crd = control_plane.apply_xrd(XRD)
    assert crd["spec"]["names"]["kind"] == "Echo"
    metadata = {"name": "echo", "namespace": kube_namespace}
    with pytest.raises(KubeError, match="should be less than or equal to 5"):
        kube_api.apply({**XR, "metadata": metadata, "spec": {"size": 6}})


def test_crossplane_composes_through_a_function_over_mutual_tls(
    control_plane: ControlPlane, kube_api: KubeApi, kube_namespace: str, function: Function
) -> None:
    control_plane.apply_xrd(XRD)
    kube_api.apply(COMPOSITION)
    function.answer = desires(
        "kept", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"padding": "x" * 300}}
    )
    control_plane.register_function(
        "function-say", function.start(control_plane.function_certificates)
    )
    metadata = {"name": "echo", "namespace": kube_namespace}
    kube_api.apply({**XR, "metadata": metadata})
    kube_api.wait_for_condition(XR["apiVersion"], "Echo", "echo", "Ready", kube_namespace)
    composed = kube_api.list_all("v1", "ConfigMap", kube_namespace)
    assert [item["metadata"]["ownerReferences"][0]["kind"] for item in composed] == ["Echo"]
    assert composed[0]["data"] == {"padding": "x" * 300}
    assert control_plane.metric("circuit_breaker_events_total") > 0
    assert control_plane.metric("circuit_breaker_opens_total") == 0


def test_the_garbage_collectors_program_is_the_pinned_version() -> None:
    said = subprocess.run(
        [engine_path("kube-controller-manager"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == f"Kubernetes {engine_version('kube-controller-manager')}"


def test_pulumi_is_the_pinned_version(pulumi_engine: PulumiCli) -> None:
    assert pulumi_engine.run("version").stdout.strip() == engine_version("pulumi")


def test_pulumi_keeps_its_state_in_the_folder(pulumi_engine: PulumiCli) -> None:
    project = pulumi_engine.folder / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: boot\nruntime: python\n", "utf-8")
    made = pulumi_engine.run("stack", "init", "dev", cwd=project)
    assert made.returncode == 0, made.stderr
    assert list((pulumi_engine.folder / "state").rglob("dev.json"))


def test_pulumi_runs_an_inline_program(pulumi_engine: PulumiCli) -> None:
    stack = automation.create_stack(
        "dev",
        project_name="boot",
        program=lambda: pulumi.export("answer", 42),
        opts=automation.LocalWorkspaceOptions(
            work_dir=str(pulumi_engine.folder),
            env_vars=pulumi_engine.env,
            pulumi_command=automation.PulumiCommand(root=str(pulumi_engine.root)),
        ),
    )
    assert stack.up().outputs["answer"].value == 42
    assert set(stack.preview().change_summary) <= {automation.OpType.SAME}


def test_the_yaml_host_serves() -> None:
    with subprocess.Popen(
        [engine_path("pulumi-language-yaml"), "127.0.0.1:1"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                host = language_pb2_grpc.LanguageRuntimeStub(channel)
                assert host.GetPluginInfo(Empty(), timeout=30).version
        finally:
            process.terminate()


def test_karpenters_crds_are_whole(kube_api: KubeApi) -> None:
    kinds = set()
    for file in sorted((engine_share("karpenter") / "pkg/apis/crds").glob("*.yaml")):
        for made in kube_api.apply_all(file):
            kube_api.wait_established(made["metadata"]["name"])
            kinds.add(made["spec"]["names"]["kind"])
    assert kinds >= {"NodePool", "EC2NodeClass", "NodeOverlay", "CapacityBuffer"}


def test_every_engine_is_used_by_a_test() -> None:
    tests = Path(__file__).parents[1]
    sources = [
        file.read_text("utf-8")
        for part in ("e2e", "support")
        for file in (tests / part).glob("*.py")
    ]
    names = [engine.name for engine in builder.load()]
    assert [name for name in names if not any(f'"{name}"' in text for text in sources)] == []
