"""Base images for tests of the function's package: a real Python in an image, and an empty one."""

import io
import json
import platform
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tools.xpkg.layers import Layer, gzipped, make_layer, sha256

INTERPRETER = "/usr/bin/python3"
# Of the standard library: what a service does not import, and takes most of the room.
_LEFT_OUT = {
    "test",
    "tests",
    "idlelib",
    "lib2to3",
    "ensurepip",
    "tkinter",
    "site-packages",
    "turtledemo",
    "__pycache__",
}
# What wheels may expect of any Linux, whether this Python needs it or not.
_EXPECTED = ("libdl.so.2", "libgcc_s.so.1", "libpthread.so.0", "librt.so.1", "libstdc++.so.6")
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


def write_archive(path: Path, architecture: str, *layers: Layer) -> Path:
    """A docker-archive of layers, as `docker save` writes one, uncompressed layers excepted."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": ["PATH=/usr/bin"], "User": "0", "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [each.diff_id for each in layers]},
        "history": [{"created_by": "tests"} for _ in layers],
    }
    names = [f"{number}.tar.gz" for number in range(len(layers))]
    manifest = [{"Config": "config.json", "RepoTags": None, "Layers": names}]
    files = {
        "manifest.json": json.dumps(manifest).encode(),
        "config.json": json.dumps(config).encode(),
    }
    files |= {name: each.data for name, each in zip(names, layers, strict=True)}
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def write_layout(folder: Path, images: Mapping[str, Layer]) -> str:
    """An OCI layout of one-layer images by architecture; the digest of their index."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(content: bytes, media_type: str) -> dict[str, object]:
        digest = sha256(content)
        (blobs / digest.removeprefix("sha256:")).write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    manifests = []
    for architecture, layer in images.items():
        system = {"architecture": architecture, "os": "linux"}
        config = {**system, "config": {}, "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]}}
        manifest = {
            "schemaVersion": 2,
            "config": put(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
            "layers": [put(layer.data, "application/vnd.oci.image.layer.v1.tar+gzip")],
        }
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifests.append({**put(json.dumps(manifest).encode(), kind), "platform": system})
    index = {"schemaVersion": 2, "manifests": manifests}
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', "utf-8")
    top = put(json.dumps(index).encode(), "application/vnd.oci.image.index.v1+json")
    (folder / "index.json").write_text(
        json.dumps({"schemaVersion": 2, "manifests": [top]}), "utf-8"
    )
    return str(top["digest"])


def empty_layer() -> Layer:
    """A layer that tells an image apart from nothing."""
    return make_layer({"etc/os-release": b"NAME=test\n"})


def python_layer() -> Layer:
    """This process's Python, its standard library and what they link to, where Debian has them."""
    executable = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    linked = _linked(executable)
    places = {INTERPRETER: executable, f"/usr/bin/{library.name}": executable}
    for path in sorted(library.rglob("*")):
        inner = path.relative_to(library)
        if path.is_file() and path.suffix != ".a" and not set(inner.parts) & _LEFT_OUT:
            places[f"/usr/lib/{library.name}/{inner}"] = path
            if path.suffix == ".so":
                linked |= _linked(path)
    linked |= {path for name in _EXPECTED for path in Path("/usr/lib").glob(f"*-linux-gnu/{name}")}
    for path in linked:
        loader = path.name.startswith("ld-linux")
        folder = path.parent if loader else f"/usr/lib/{platform.machine()}-linux-gnu"
        places[f"{folder}/{path.name}"] = path
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for place in sorted(places):
            info = tarfile.TarInfo(place.lstrip("/"))
            content = places[place].read_bytes()
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
    return gzipped(buffer.getvalue())


def _linked(path: Path) -> set[Path]:
    """The libraries that a binary loads, by the paths that the loader finds them under."""
    told = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
    return {Path(each) for each in _LIBRARY.findall(told)}
