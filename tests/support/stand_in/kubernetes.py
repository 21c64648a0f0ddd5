"""Kubernetes as far as a stack can tell: objects in a cluster, or rendered to YAML files.

Check refuses what the SDK's types don't know and names what has no name; Diff replaces what a cluster
can't change in place; what a cluster computes is unknown in a preview; the id is `namespace/name`. In
the provider's rendering mode every object is also a file in `1-manifest/` of the configured folder.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import yaml
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from support.sdk_inputs import UNKNOWN, custom_resource
from support.stand_in.cloud import Cloud, Held, RefusalError
from support.stand_in.provider import StandIn
from support.stand_in.wire import difference, plain, struct

CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "DeviceClass",
    "EC2NodeClass",
    "Namespace",
    "NodeOverlay",
    "NodePool",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
}
EVERYWHERE = {"default", "kube-system", "kube-node-lease", "kube-public"}
SETTINGS = {
    "clusterIdentifier",
    "enableServerSideApply",
    "kubeconfig",
    "renderYamlToDirectory",
    "version",
}


class Kubernetes(StandIn):
    """A provider of Kubernetes objects."""

    replaced_by: Mapping[str, tuple[str, ...]] = {
        "": ("apiVersion", "kind", "metadata.name", "metadata.namespace")
    }
    slow: Mapping[str, float] = {"Namespace": 0.03}

    def __init__(self, cloud: Cloud, base: Path | None = None) -> None:
        """
        Args:
            cloud: what holds the objects.
            base: the folder that rendering is relative to; None for the process's own.
        """
        super().__init__("kubernetes", cloud)
        self._base = base or Path()
        self._folder: Path | None = None
        self._applied: set[str] = set()

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        failures = [
            provider_pb2.CheckFailure(property=key, reason="unknown")
            for key in plain(request.news).keys() - SETTINGS
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """A kubeconfig that is not known yet is of another cluster, unless the same one is named."""
        old, new = plain(request.olds), plain(request.news)
        named = new.get("clusterIdentifier")
        same = named not in (None, UNKNOWN) and named == old.get("clusterIdentifier")
        late = new.get("kubeconfig") == UNKNOWN and not same
        return difference(old, new, ("kubeconfig",) if late else ())

    def Construct(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """A chart: a component with one child, which holds the chart's values."""
        with grpc.insecure_channel(request.monitorEndpoint) as channel:
            monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
            chart = monitor.RegisterResource(
                resource_pb2.RegisterResourceRequest(
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    acceptSecrets=True,
                    acceptResources=True,
                )
            )
            given = plain(request.inputs)
            values = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": f"chart-{given.get('name', request.name)}",
                    "namespace": given.get("namespace", "default"),
                },
                "data": {"chart": str(given.get("chart")), "version": str(given.get("version"))},
            }
            monitor.RegisterResource(
                resource_pb2.RegisterResourceRequest(
                    type="kubernetes:core/v1:ConfigMap",
                    name=f"{request.name}-values",
                    parent=chart.urn,
                    custom=True,
                    object=struct(values),
                    provider=request.providers.get("kubernetes", ""),
                    acceptSecrets=True,
                    acceptResources=True,
                )
            )
            monitor.RegisterResourceOutputs(
                resource_pb2.RegisterResourceOutputsRequest(urn=chart.urn)
            )
        return provider_pb2.ConstructResponse(urn=chart.urn, state=struct({"resources": []}))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """An object's first update is previewed over what its creation left: a set keeps its members."""
        if not request.preview:
            self._applied.add(request.id)
        elif request.id not in self._applied:
            specs = (plain(each).get("spec", {}) for each in (request.olds, request.news))
            actions = {action for spec in specs for action in spec.get("validationActions", ())}
            if {"Deny", "Warn"} <= actions:
                says = "spec.validationActions: must not contain both Deny and Warn"
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, says)
        return super().Update(request, context)

    def configured(self, config: Mapping[str, Any]) -> None:
        folder = config.get("renderYamlToDirectory")
        self._folder = self._base / folder if folder else None

    def name(self, token: str, inputs: dict[str, Any], old: Mapping[str, Any], fresh: str) -> None:
        if custom_resource(token) and not inputs.get("metadata", {}).get("name"):
            name = old.get("metadata", {}).get("name", fresh)
            inputs.setdefault("metadata", {})["name"] = name

    def keeps_name(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        # An object's name is taken until the old one is gone.
        return True

    def identity(self, token: str, inputs: Mapping[str, Any], name: str) -> str:
        metadata = inputs["metadata"]
        if inputs["kind"] in CLUSTER_SCOPED:
            return str(metadata["name"])
        return f"{metadata.get('namespace', 'default')}/{metadata['name']}"

    def outputs(
        self,
        token: str,
        inputs: Mapping[str, Any],
        identity: str,
        held: Held | None,
    ) -> dict[str, Any]:
        uid = identity if identity == UNKNOWN else f"uid-of-{identity}"
        if held is not None:
            uid = held.outputs["metadata"]["uid"]
        return {**inputs, "metadata": {**inputs["metadata"], "uid": uid}}

    def admit(self, call: str, kind: str, inputs: Mapping[str, Any], held: Held | None) -> None:
        if self._folder is not None:
            self._render(call, inputs, inputs["metadata"].get("namespace", "default"))
        elif call == "create":
            self._new(kind, inputs)

    def _new(self, kind: str, inputs: Mapping[str, Any]) -> None:
        namespace = inputs["metadata"].get("namespace", "default")
        known = EVERYWHERE | {each.id for each in self.cloud.of("Namespace")}
        if inputs["kind"] not in CLUSTER_SCOPED and namespace not in known:
            raise RefusalError(f'namespaces "{namespace}" not found')
        identity = self.identity("", inputs, "")
        if any(each.id == identity for each in self.cloud.of(kind)):
            raise RefusalError(f'{kind} "{identity}" already exists')

    def _render(self, call: str, made: Mapping[str, Any], namespace: str) -> None:
        assert self._folder is not None
        version = made["apiVersion"].replace("/", "_")
        name = f"{version}-{made['kind'].lower()}-{namespace}-{made['metadata']['name']}.yaml"
        path = self._folder / "1-manifest" / name
        if call == "delete":
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(dict(made), sort_keys=False), encoding="utf-8")
