"""A resource monitor that records: it answers a Pulumi program as the engine's preview would.

It stands in for the gRPC stub that the SDK calls, so its methods have the protocol's names. The SDK
calls them from several threads. Resources get the engine's URNs; what only a provider computes is
left out of the answers, which the SDK takes as unknown during a preview.
"""

import threading
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import (
    alias_pb2,
    callback_pb2,
    callback_pb2_grpc,
    engine_pb2,
    provider_pb2,
    resource_pb2,
)

from trimtab.errors import InputError
from trimtab.preview.records import ResourceRecord
from trimtab.resources.inputs import UNKNOWN
from trimtab_components.engines import values
from trimtab_components.engines.fixtures import Fixtures

STACK_TYPE = "pulumi:pulumi:Stack"

# OUTPUT_VALUES is left out, so that inputs arrive as secrets and unknowns; INVOKE_DEPENDS_ON too, so
# that the SDK itself holds back a call whose dependencies are not there yet.
_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_STATE_MIGRATIONS,
)

# Fields that a provider computes inside an object that the program gives. Top-level ones need no
# rule; without one of these the field would read as None, as if it were known to be absent.
_COMPUTED: dict[str, tuple[str, ...]] = {
    "aws:eks/cluster:Cluster": ("vpcConfig.clusterSecurityGroupId", "vpcConfig.vpcId"),
}
_KUBERNETES_COMPUTED = ("metadata.name", "metadata.uid", "status")
# Lists of IDs that Azure answers as a map, each with what it computes of it.
_AZURE_REWRITTEN = ("identity.userAssignedIdentities",)


class RecordingEngine:
    """The engine's log and version service."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep warnings and errors; debug and information are dropped."""
        if request.severity == engine_pb2.WARNING:
            self.warnings.append(request.message)
        elif request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, request: Any) -> Any:  # noqa: N802, ARG002
        """There is no CLI whose version could be too old."""
        return engine_pb2.RequirePulumiVersionResponse()


class RecordingMonitor:
    """Records every resource that a program registers or reads.

    Args:
        project: the project's name.
        stack: the stack's name.
        fixtures: the answers to the program's calls.
    """

    def __init__(self, project: str, stack: str, fixtures: Fixtures) -> None:
        self._project, self._stack, self._fixtures = project, stack, fixtures
        self._lock = threading.Lock()
        self._records: dict[str, ResourceRecord] = {}
        self._states: dict[str, struct_pb2.Struct] = {}
        self._stack_transforms: list[callback_pb2.Callback] = []
        self._transforms: dict[str, list[callback_pb2.Callback]] = {}

    def records(self) -> tuple[ResourceRecord, ...]:
        """Everything recorded so far, sorted by URN."""
        with self._lock:
            return tuple(self._records[urn] for urn in sorted(self._records))

    # Resources

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Record a resource; answer with its URN and its inputs."""
        urn = self._urn(request.parent, request.type, request.name)
        with self._lock:
            inherited = self._transforms.get(request.parent, [])
            self._transforms[urn] = [*request.transforms, *inherited]
            callbacks = [*self._transforms[urn], *self._stack_transforms]
        if request.type != STACK_TYPE:
            for callback in callbacks:
                _transform(request, callback)
        self._keep(urn, _record(urn, request))
        state = _state(request)
        with self._lock:
            self._states[urn] = state
        return resource_pb2.RegisterResourceResponse(urn=urn, object=state)

    def RegisterResourceOutputs(self, request: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002
        """A component's outputs are not priced."""
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Record a resource that exists elsewhere; what it holds stays unknown."""
        urn = self._urn(request.parent, request.type, request.name)
        record = ResourceRecord(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=values.plain_properties(request.properties),
            existing=True,
            provider=request.provider,
            dependencies=tuple(sorted(request.dependencies)),
        )
        self._keep(urn, record)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=request.properties)

    def _urn(self, parent: str, resource_type: str, name: str) -> str:
        if parent:
            parent_type = parent.split("::")[2]
            if parent_type != STACK_TYPE:
                resource_type = f"{parent_type}${resource_type}"
        return f"urn:pulumi:{self._stack}::{self._project}::{resource_type}::{name}"

    def _keep(self, urn: str, record: ResourceRecord) -> None:
        with self._lock:
            if urn in self._records:
                raise InputError(
                    f"the program registers {record.name!r} ({record.type}) twice",
                    mend="give one of them another name or parent",
                )
            self._records[urn] = record

    # Functions

    def Invoke(  # noqa: N802
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Answer a function from the fixtures."""
        arguments = values.plain_properties(request.args)
        if request.tok == "pulumi:pulumi:getResource":
            with self._lock:
                state = self._states.get(str(arguments.get("urn")), struct_pb2.Struct())
            answer = values.struct({"urn": arguments.get("urn"), "id": UNKNOWN})
            answer.fields["state"].struct_value.CopyFrom(state)
        else:
            answer = values.struct(self._fixtures.answer(request.tok, arguments))
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def Call(self, request: resource_pb2.ResourceCallRequest) -> provider_pb2.CallResponse:  # noqa: N802
        """Answer a resource's method from the fixtures."""
        arguments = values.plain_properties(request.args)
        answer = values.struct(self._fixtures.answer(request.tok, arguments))
        return provider_pb2.CallResponse(**{"return": answer})

    def ExistsResource(  # noqa: N802
        self, request: resource_pb2.ExistsResourceRequest
    ) -> resource_pb2.ExistsResourceResponse:
        """Answer from the fixture of the resource's type: `{exists: true}`."""
        answer = self._fixtures.answer(request.type, {"id": request.id})
        return resource_pb2.ExistsResourceResponse(exists=bool(answer.get("exists")))

    # The deployment

    def GetDeploymentInfo(self, request: Any) -> resource_pb2.DeploymentInfo:  # noqa: N802, ARG002
        """Which parts of the protocol are recorded."""
        return resource_pb2.DeploymentInfo(
            project=self._project, stack=self._stack, dryRun=True, supportedFeatures=_FEATURES
        )

    def SupportsFeature(self, request: Any) -> resource_pb2.SupportsFeatureResponse:  # noqa: N802
        """The same, one feature at a time, for an SDK that asks so."""
        supported = request.id not in {"outputValues"}
        return resource_pb2.SupportsFeatureResponse(hasSupport=supported)

    def RegisterStackTransform(self, request: callback_pb2.Callback) -> empty_pb2.Empty:  # noqa: N802
        """Apply a transform to every later resource."""
        with self._lock:
            self._stack_transforms.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002
        """Fixtures answer whatever a function is asked: its transforms change nothing."""
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002
        """Hooks run around real operations, of which there are none."""
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002
        """As hooks."""
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any) -> resource_pb2.RegisterPackageResponse:  # noqa: N802
        """A parameterized provider's reference: any text that is stable."""
        return resource_pb2.RegisterPackageResponse(ref=f"{request.name}@{request.version}")

    def SignalAndWaitForShutdown(self, request: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002
        """Nothing is left to wait for."""
        return empty_pb2.Empty()


def _record(urn: str, request: resource_pb2.RegisterResourceRequest) -> ResourceRecord:
    return ResourceRecord(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        inputs=values.plain_properties(request.object),
        custom=request.custom,
        remote=request.remote,
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        delete_before_replace=request.deleteBeforeReplace,
        provider=request.provider,
        providers=dict(sorted(request.providers.items())),
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            name: tuple(sorted(request.propertyDependencies[name].urns))
            for name in sorted(request.propertyDependencies)
            if request.propertyDependencies[name].urns
        },
        aliases=tuple(sorted(map(_alias, request.aliases)) or sorted(request.aliasURNs)),
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
    )


def _alias(alias: alias_pb2.Alias) -> str:
    if alias.WhichOneof("alias") == "urn":
        return alias.urn
    spec = alias.spec
    pairs = {
        "name": spec.name,
        "type": spec.type,
        "stack": spec.stack,
        "project": spec.project,
        "parent": "none" if spec.noParent else spec.parentUrn,
    }
    return ",".join(f"{key}={value}" for key, value in pairs.items() if value)


def _state(request: resource_pb2.RegisterResourceRequest) -> struct_pb2.Struct:
    """The properties that a preview knows: the inputs, with nested computed fields as unknown."""
    state = struct_pb2.Struct()
    if request.remote:
        return state  # another process would construct it: nothing is known but its URN
    state.CopyFrom(request.object)
    unknown = struct_pb2.Value(string_value=UNKNOWN)
    computed = _COMPUTED.get(request.type, ())
    if request.custom and request.type.startswith("kubernetes:"):
        computed = _KUBERNETES_COMPUTED
    for path in computed:
        values.set_missing(state, path, unknown)
    if request.type.startswith("azure-native:"):
        for path in _AZURE_REWRITTEN:
            values.replace_list(state, path, unknown)
    for name in request.additionalSecretOutputs:
        secret = struct_pb2.Value()
        secret.struct_value.fields[rpc._special_sig_key].string_value = rpc._special_secret_sig
        value = state.fields.get(name, unknown)
        secret.struct_value.fields["value"].CopyFrom(value)
        state.fields[name].CopyFrom(secret)
    return state


def _transform(
    request: resource_pb2.RegisterResourceRequest, callback: callback_pb2.Callback
) -> None:
    """Let one of the program's transforms change a request, as the engine does before it registers.

    Only the options that a record shows are carried over.
    """
    asked = resource_pb2.TransformRequest(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        properties=request.object,
        options=resource_pb2.TransformResourceOptions(
            depends_on=request.dependencies,
            protect=request.protect,
            ignore_changes=request.ignoreChanges,
            replace_on_changes=request.replaceOnChanges,
            aliases=request.aliases,
            provider=request.provider,
            providers=request.providers,
            retain_on_delete=request.retainOnDelete,
            version=request.version,
        ),
    )
    with grpc.insecure_channel(callback.target) as channel:
        response = callback_pb2_grpc.CallbacksStub(channel).Invoke(
            callback_pb2.CallbackInvokeRequest(
                token=callback.token, request=asked.SerializeToString()
            )
        )
    answer = resource_pb2.TransformResponse.FromString(response.response)
    request.object.CopyFrom(answer.properties)
    if not answer.HasField("options"):
        return
    options = answer.options
    request.protect = options.protect
    request.retainOnDelete = options.retain_on_delete
    request.provider = options.provider
    for field, given in (
        (request.dependencies, options.depends_on),
        (request.ignoreChanges, options.ignore_changes),
        (request.replaceOnChanges, options.replace_on_changes),
        (request.aliases, options.aliases),
    ):
        del field[:]
        field.extend(given)
    request.providers.clear()
    request.providers.update(options.providers)
