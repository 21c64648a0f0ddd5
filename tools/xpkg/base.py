"""The base image: an OCI layout (a folder or a tar), or a docker-archive tar, read and verified.

`crane pull --format=oci`, `skopeo copy … oci:FOLDER`, `docker save` and `tools.xpkg.registry` all
write one of these. Layers keep their bytes, so that a registry which holds the base already has
them; a layer that an archive holds uncompressed is gzipped as ours are.
"""

import io
import json
import posixpath
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.steps import SetupError
from tools.xpkg.layers import Layer, gzipped, sha256

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
_LINKS = 40  # as many symbolic links as Linux follows

Read = Callable[[str], bytes]
"""The file of a path within an archive; KeyError where there is none."""


@dataclass(frozen=True)
class Base:
    """An image for one architecture.

    Attributes:
        config: the image's configuration.
        origin: where it came from, as the package's labels name it; "" for a file.
    """

    architecture: str
    config: Mapping[str, Any] = field(repr=False)
    layers: tuple[Layer, ...]
    origin: str = ""


def read_base(path: Path) -> list[Base]:
    """The Linux images of a folder or archive, one for each architecture that it holds.

    Raises:
        SetupError: it is neither kind, holds nothing for Linux, or a digest is not its content's.
    """
    try:
        if path.is_dir():
            return _oci(path.name, lambda name: _bytes(path / name))
        with tarfile.open(path) as tar:
            names = {posixpath.normpath(name) for name in tar.getnames()}
            read = _tar_reader(tar)
            return _oci(path.name, read) if "index.json" in names else _docker(path.name, read)
    except FileNotFoundError:
        raise SetupError(f"{path}: no such base; give an OCI layout or a docker-archive") from None
    except KeyError as error:
        raise SetupError(
            f"{path} lacks {error.args[0]}; give an OCI layout or a docker-archive"
        ) from None
    except (tarfile.TarError, zlib.error, ValueError) as error:
        raise SetupError(f"{path} is no image ({error})") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise KeyError(path.name) from None


def _tar_reader(tar: tarfile.TarFile) -> Read:
    members = {posixpath.normpath(member.name): member for member in tar.getmembers()}

    def read(name: str) -> bytes:
        # `docker save` writes a layer that stands twice as a link to the first.
        stream = tar.extractfile(members[posixpath.normpath(name)])
        if stream is None:
            raise KeyError(name)
        return stream.read()

    return read


# --- The two formats -----------------------------------------------------------------------------


def _oci(source: str, read: Read) -> list[Base]:
    def blob(descriptor: Mapping[str, Any]) -> bytes:
        digest = descriptor["digest"]
        content = read(f"blobs/{digest.replace(':', '/')}")
        if sha256(content) != digest:
            raise SetupError(f"{source}: the blob {digest} is another; fetch the base again")
        return content

    def manifests(descriptor: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        document = json.loads(blob(descriptor))
        if descriptor.get("mediaType") in INDEXES or "manifests" in document:
            for each in document["manifests"]:
                # Attestations stand in an index as platform unknown/unknown.
                if each.get("platform", {}).get("os", "linux") == "linux":
                    yield from manifests(each)
        elif "layers" in document:
            yield document

    found = {}
    for entry in json.loads(read("index.json"))["manifests"]:
        for manifest in manifests(entry):
            config = json.loads(blob(manifest["config"]))
            if config.get("os") == "linux":
                layers = [blob(each) for each in manifest["layers"]]
                found[config["architecture"]] = _base(source, config, layers)
    return _some(source, found)


def _docker(source: str, read: Read) -> list[Base]:
    found = {}
    for entry in json.loads(read("manifest.json")):
        config = json.loads(read(entry["Config"]))
        layers = [read(name) for name in entry["Layers"]]
        found[config["architecture"]] = _base(source, config, layers)
    return _some(source, found)


def _some(source: str, found: Mapping[str, Base]) -> list[Base]:
    if not found:
        raise SetupError(f"{source} holds no image for Linux")
    return [found[architecture] for architecture in sorted(found)]


def _base(source: str, config: Mapping[str, Any], blobs: Sequence[bytes]) -> Base:
    layers = tuple(_layer(source, each) for each in blobs)
    if [each.diff_id for each in layers] != config["rootfs"]["diff_ids"]:
        raise SetupError(f"{source}: its layers are not those of its configuration; fetch it again")
    return Base(config["architecture"], config, layers)


def _layer(source: str, data: bytes) -> Layer:
    if data.startswith(ZSTD):
        raise SetupError(
            f"{source} has zstd layers; convert it (skopeo copy --dest-compress-format gzip)"
        )
    if not data.startswith(GZIP):
        return gzipped(data)
    return Layer(data, sha256(data), sha256(zlib.decompress(data, wbits=zlib.MAX_WBITS | 16)))


# --- Its file system -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """A file, folder or symbolic link of a file system; `content` is the link's target for one."""

    kind: str
    mode: int
    content: bytes = b""


def file_system(layers: Sequence[Layer]) -> dict[str, Node]:
    """What layers add up to, by path without a leading slash; devices and owners are left out."""
    nodes: dict[str, Node] = {}
    for layer in layers:
        data = zlib.decompress(layer.data, wbits=zlib.MAX_WBITS | 16)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar:
                _apply(nodes, tar, member)
    return nodes


def _apply(nodes: dict[str, Node], tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    folder, name = posixpath.split(_inside(member.name))
    # A file may be placed by way of a link: `lib/x` where `lib` leads to `usr/lib`.
    folder = _follow(nodes, folder)
    path = posixpath.join(folder, name)
    if name == ".wh..wh..opq":
        _remove(nodes, folder, itself=False)
    elif name.startswith(".wh."):
        _remove(nodes, posixpath.join(folder, name.removeprefix(".wh.")), itself=True)
    elif member.isfile():
        stream = tar.extractfile(member)
        nodes[path] = Node("file", member.mode, stream.read() if stream else b"")
    elif member.isdir():
        nodes.setdefault(path, Node("folder", member.mode))
    elif member.issym():
        nodes[path] = Node("link", member.mode, member.linkname.encode())
    elif member.islnk():
        nodes[path] = nodes[_follow(nodes, _inside(member.linkname))]


def _inside(path: str) -> str:
    """A path as one below the root, whatever it says."""
    return posixpath.normpath(posixpath.join("/", path)).lstrip("/")


def _remove(nodes: dict[str, Node], path: str, *, itself: bool) -> None:
    for each in [each for each in nodes if each.startswith(f"{path}/")]:
        del nodes[each]
    if itself:
        nodes.pop(path, None)


def resolve_path(nodes: Mapping[str, Node], path: str) -> str | None:
    """Where a path of the image leads once its links are followed; None where to nothing."""
    found = _follow(nodes, _inside(path))
    return found if found in nodes else None


def _follow(nodes: Mapping[str, Node], path: str) -> str:
    done, pending, links = "", path.split("/"), 0
    while pending:
        done = _inside(posixpath.join(done, pending.pop(0)))
        node = nodes.get(done)
        if node is not None and node.kind == "link":
            links += 1
            if links > _LINKS:
                raise SetupError(f"the base's links go round in a circle at /{path}")
            pending = [*_inside_of(done, node.content.decode()).split("/"), *pending]
            done = ""
    return done


def _inside_of(link: str, target: str) -> str:
    return _inside(
        target if target.startswith("/") else posixpath.join(posixpath.dirname(link), target)
    )


def write_file_system(nodes: Mapping[str, Node], folder: Path) -> None:
    """Write a file system below a folder; absolute links are made to stay in it."""
    for path in sorted(nodes):
        node, place = nodes[path], folder / path
        if node.kind == "folder":
            if not place.is_symlink():
                place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if node.kind == "link":
            target = _inside_of(path, node.content.decode())
            place.symlink_to(posixpath.relpath(target or ".", posixpath.dirname(path) or "."))
        else:
            place.write_bytes(node.content)
            place.chmod(node.mode | 0o600)
