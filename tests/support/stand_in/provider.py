"""A provider that serves Pulumi's protocol for a stood-in cloud; each cloud's own rules subclass it.

Check refuses what the SDK's types don't know; what only a cloud computes is unknown in a preview and
real afterwards; a diff replaces what can't be changed in place. A refusal is the cloud's: it names
what is wrong, and nothing changes.
"""

import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from support.sdk_inputs import UNKNOWN, problems
from support.stand_in.cloud import Cloud, Held, RefusalError
from support.stand_in.shapes import computed, declared_inputs, made_up
from support.stand_in.wire import difference, name_of, plain, struct, token_of
from trimtab_components.engines.fixtures import Fixtures


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """A provider of one package; its methods have the protocol's names.

    Attributes:
        replaced_by: paths that can't be changed in place, by the last part of the type token;
            under "" those of every type.
        lasting: kinds that stay in the cloud when they are deleted.
        sets: fields whose order means nothing.
        slow: seconds that a creation takes, by kind, so that nothing is in time by luck.
    """

    replaced_by: Mapping[str, tuple[str, ...]] = {"": ("name",)}
    lasting: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    slow: Mapping[str, float] = {}

    def __init__(self, package: str, cloud: Cloud) -> None:
        self.package, self.cloud = package, cloud
        self.region = "us-east-1"

    # The provider

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=version(f"pulumi-{self.package}"))

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return difference(plain(request.olds), plain(request.news), ())

    def Configure(self, request: Any, _context: Any) -> Any:  # noqa: N802
        self.configured(plain(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False
        )

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Invoke(self, request: Any, _context: Any) -> Any:  # noqa: N802
        answer = Fixtures({}, Path("none"), self.region).answer(request.tok, plain(request.args))
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})

    # Resources

    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802
        token, news, olds = token_of(request.urn), plain(request.news), plain(request.olds)
        found = problems(token, news)
        self.name(token, news, olds, f"{name_of(request.urn)}-{request.randomSeed.hex()[:7]}")
        return provider_pb2.CheckResponse(
            inputs=struct(news),
            failures=[
                provider_pb2.CheckFailure(property=path, reason=reason)
                for path, _, reason in (each.partition(": ") for each in found)
            ],
        )

    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: N802
        token = token_of(request.urn)
        old, new = (self._sorted(plain(each)) for each in (request.old_inputs, request.news))
        fixed = self.fixed(token.rpartition(":")[2], old, new)
        return difference(old, new, fixed, delete_first=self.keeps_name(token, old, new))

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        token, name, inputs = token_of(request.urn), name_of(request.urn), plain(request.properties)
        if request.preview:
            unknown = self.outputs(token, inputs, UNKNOWN, None)
            return provider_pb2.CreateResponse(properties=struct(unknown))
        time.sleep(self.slow.get(token.rpartition(":")[2], 0.0))
        with self.cloud.lock:
            self._admit("create", token, name, inputs, None, context)
            identity = self.identity(token, inputs, name)
            outputs = self.outputs(token, inputs, identity, None)
            self.cloud.held[token, identity] = Held(token, identity, name, inputs, outputs)
            self.cloud.record("create", token.rpartition(":")[2], name, identity)
        return provider_pb2.CreateResponse(id=identity, properties=struct(outputs))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        token, name, inputs = token_of(request.urn), name_of(request.urn), plain(request.news)
        held = self.cloud.held.get((token, request.id))
        if held is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.id} does not exist")
            return None
        if request.preview:
            planned = self.planned(held, inputs)
            return provider_pb2.UpdateResponse(properties=struct(planned))
        with self.cloud.lock:
            self._admit("update", token, name, inputs, held, context)
            outputs = self.outputs(token, inputs, request.id, held)
            self.cloud.held[token, request.id] = Held(token, request.id, name, inputs, outputs)
            self.cloud.record("update", held.kind, name, request.id)
        return provider_pb2.UpdateResponse(properties=struct(outputs))

    def Read(self, request: Any, _context: Any) -> Any:  # noqa: N802
        held = self.cloud.held.get((token_of(request.urn), request.id))
        if held is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=held.id, properties=struct(held.outputs), inputs=struct(held.inputs)
        )

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        token, name = token_of(request.urn), name_of(request.urn)
        with self.cloud.lock:
            held = self.cloud.held.get((token, request.id))
            if held is not None:
                self._admit("delete", token, name, held.inputs, held, context)
                if held.kind not in self.lasting:
                    del self.cloud.held[token, request.id]
                self.cloud.record("delete", held.kind, name, request.id)
        return empty_pb2.Empty()

    def _admit(
        self,
        call: str,
        token: str,
        name: str,
        inputs: dict[str, Any],
        held: Held | None,
        context: Any,
    ) -> None:
        kind = token.rpartition(":")[2]
        try:
            self.cloud.strike(call, kind, name)
            self.admit(call, kind, inputs, held)
        except RefusalError as refusal:
            self.cloud.record("refused", kind, name, why=f"{call}: {refusal}")
            context.abort(grpc.StatusCode.UNKNOWN, str(refusal))

    def _sorted(self, inputs: dict[str, Any]) -> dict[str, Any]:
        def tidy(value: Any, key: str = "") -> Any:
            if isinstance(value, Mapping):
                return {name: tidy(each, name) for name, each in value.items()}
            if isinstance(value, list):
                found = [tidy(each) for each in value]
                return sorted(found, key=str) if key in self.sets else found
            return value

        data: dict[str, Any] = tidy(inputs)
        return data

    # What a cloud knows better

    def configured(self, config: Mapping[str, Any]) -> None:
        """Take the provider's configuration."""
        self.region = config.get("region", self.region)

    def name(self, token: str, inputs: dict[str, Any], old: Mapping[str, Any], fresh: str) -> None:
        """Name what the program left unnamed, as the provider would: once."""
        if "name" in declared_inputs(token) and not inputs.get("namePrefix"):
            inputs.setdefault("name", old.get("name", fresh))

    def fixed(self, kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
        """The paths that can't be changed in place."""
        return (*self.replaced_by.get("", ()), *self.replaced_by.get(kind, ()))

    def keeps_name(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether a replacement would bear the old one's name, so that the old one must go first."""
        return old.get("name") is not None and old.get("name") == new.get("name")

    def identity(self, token: str, inputs: Mapping[str, Any], name: str) -> str:
        """The id of a new resource."""
        return f"{name}-{self.cloud.number():08x}"

    def outputs(
        self, token: str, inputs: Mapping[str, Any], identity: str, held: Held | None
    ) -> dict[str, Any]:
        """The resource's state; with an unknown identity what a preview shows of a new one."""
        found = {
            key: UNKNOWN
            if identity == UNKNOWN
            else held.outputs[key]
            if held is not None and key in held.outputs
            else made_up(kind, f"{identity}-{key}")
            for key, kind in computed(token).items()
        }
        if "tagsAll" in found:
            found["tagsAll"] = inputs.get("tags", {})
        return {**found, **inputs}

    def planned(self, held: Held, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What a preview shows of an update."""
        return self.outputs(held.token, inputs, held.id, held)

    def admit(self, call: str, kind: str, inputs: Mapping[str, Any], held: Held | None) -> None:
        """Refuse what the cloud refuses.

        Raises:
            RefusalError: it does.
        """
