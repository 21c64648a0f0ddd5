"""A stand-in for Pulumi's Kubernetes provider in its YAML rendering mode, which can't be had here.

Run as `pulumi-resource-kubernetes ENGINE_ADDRESS`. It serves ResourceProvider over gRPC and answers
as the real one: Check refuses what the SDK's types don't know and names what has no name; Diff
replaces what a cluster can't change in place; what a cluster computes is unknown in a preview; Create
gives the id `namespace/name` and renders the object to `1-manifest/` of the configured folder; Delete
removes the file. Every call is appended to the file named by STAND_IN_LOG, one JSON object a line.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import yaml
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from support.sdk_inputs import UNKNOWN, custom_resource, problems

VERSION = "4.34.2"
REPLACED_BY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
CLUSTER_SCOPED = {"Namespace", "NodePool", "EC2NodeClass"}

Kind = provider_pb2.PropertyDiff.Kind


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider's side of the protocol; its methods have the protocol's names."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._folder: Path | None = None

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        news = plain(request.news)
        known = {"renderYamlToDirectory", "version"}
        failures = [
            provider_pb2.CheckFailure(property=key, reason="unknown") for key in news.keys() - known
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return difference(plain(request.olds), plain(request.news), ())

    def Configure(self, request: Any, _context: Any) -> Any:  # noqa: N802
        folder = plain(request.args).get("renderYamlToDirectory")
        self._folder = Path(folder) if folder else None
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False
        )

    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802
        token, news = request.urn.split("::")[2].rpartition("$")[2], plain(request.news)
        found = problems(token, news)
        if custom_resource(token) and not news.get("metadata", {}).get("name"):
            name = f"{request.urn.rpartition('::')[2]}-{request.randomSeed.hex()[:8]}"
            news.setdefault("metadata", {})["name"] = name
        return provider_pb2.CheckResponse(
            inputs=struct(news),
            failures=[
                provider_pb2.CheckFailure(property=path, reason=reason)
                for path, _, reason in (each.partition(": ") for each in found)
            ],
        )

    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: N802
        answer = difference(plain(request.old_inputs), plain(request.news), REPLACED_BY)
        changed = {k: Kind.Name(v.kind) for k, v in answer.detailedDiff.items()}
        self._write("diff", request.urn, {"changed": changed})
        return answer

    def Create(self, request: Any, _context: Any) -> Any:  # noqa: N802
        made = plain(request.properties)
        if not request.preview:
            self._render(made)
            self._write("create", request.urn, {})
        return provider_pb2.CreateResponse(
            id="" if request.preview else identity(made),
            properties=struct(computed(made, request.urn, preview=request.preview)),
        )

    def Update(self, request: Any, _context: Any) -> Any:  # noqa: N802
        made = plain(request.news)
        if not request.preview:
            self._render(made)
            self._write("update", request.urn, {})
        return provider_pb2.UpdateResponse(
            properties=struct(computed(made, request.urn, preview=request.preview))
        )

    def Read(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.ReadResponse(
            id=request.id, properties=request.properties, inputs=request.inputs
        )

    def Delete(self, request: Any, _context: Any) -> Any:  # noqa: N802
        if self._folder is not None:
            self._path(plain(request.old_inputs)).unlink(missing_ok=True)
        self._write("delete", request.urn, {})
        return empty_pb2.Empty()

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def _render(self, made: Mapping[str, Any]) -> None:
        if self._folder is None:
            raise RuntimeError("only rendering is stood in for: set renderYamlToDirectory")
        path = self._path(made)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(dict(made), sort_keys=False), encoding="utf-8")

    def _path(self, made: Mapping[str, Any]) -> Path:
        assert self._folder is not None
        metadata = made["metadata"]
        version = made["apiVersion"].replace("/", "_")
        namespace = metadata.get("namespace", "default")
        name = f"{version}-{made['kind'].lower()}-{namespace}-{metadata['name']}.yaml"
        return self._folder / "1-manifest" / name

    def _write(self, call: str, urn: str, more: Mapping[str, Any]) -> None:
        line = json.dumps({"call": call, "name": urn.rpartition("::")[2], "urn": urn, **more})
        with self._log.open("a", encoding="utf-8") as log:
            log.write(line + "\n")


def identity(made: Mapping[str, Any]) -> str:
    """The id that the real provider gives: `namespace/name`, or the name in no namespace."""
    metadata = made["metadata"]
    if made["kind"] in CLUSTER_SCOPED:
        return str(metadata["name"])
    return f"{metadata.get('namespace', 'default')}/{metadata['name']}"


def computed(made: Mapping[str, Any], urn: str, *, preview: bool) -> dict[str, Any]:
    """The object with what a cluster adds: unknown in a preview."""
    uid = UNKNOWN if preview else f"uid-of-{urn.rpartition('::')[2]}"
    return {**made, "metadata": {**made["metadata"], "uid": uid}}


def difference(old: Mapping[str, Any], new: Mapping[str, Any], replaced_by: tuple[str, ...]) -> Any:
    """What differs, by path; a path in `replaced_by` can't be changed in place."""
    before, after = dict(leaves(old)), dict(leaves(new))
    details = {}
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path):
            continue
        kind = "UPDATE" if path in before and path in after else "ADD"
        kind = "DELETE" if path not in after else kind
        if path in replaced_by:
            kind += "_REPLACE"
        details[path] = provider_pb2.PropertyDiff(kind=Kind.Value(kind), inputDiff=True)
    some = provider_pb2.DiffResponse.DIFF_SOME
    return provider_pb2.DiffResponse(
        changes=some if details else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=[path for path in details if path in replaced_by],
        diffs=sorted({path.partition(".")[0].partition("[")[0] for path in details}),
        detailedDiff=details,
        hasDetailedDiff=True,
        # An object's name is taken until the old one is gone.
        deleteBeforeReplace=True,
    )


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar (and empty collection) with its path, as Pulumi writes paths."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            part = key if key.isidentifier() or "-" in key else f'["{key}"]'
            joined = f"{path}{part}" if part.startswith("[") or not path else f"{path}.{part}"
            yield from leaves(each, joined)
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from leaves(each, f"{path}[{index}]")
    else:
        yield path, value


def plain(message: struct_pb2.Struct) -> dict[str, Any]:
    """A protobuf Struct as plain data; whole numbers as ints, as Kubernetes has them."""

    def whole(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: whole(v) for k, v in value.items() if not k.startswith("__internal")}
        if isinstance(value, list):
            return [whole(each) for each in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    data: dict[str, Any] = whole(json_format.MessageToDict(message))
    return data


def struct(data: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain data as a protobuf Struct."""
    message = struct_pb2.Struct()
    json_format.ParseDict(dict(data), message)
    return message


def main() -> None:
    """Serve until the engine closes the connection's process, telling it the port first."""
    server = grpc.server(futures.ThreadPoolExecutor(8))
    provider = Provider(Path(os.environ["STAND_IN_LOG"]))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
