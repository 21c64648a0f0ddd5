"""The package as an image: configuration, layers and the docker-archive tar around them.

Crossplane finds the layer with package.yaml by an annotation, which an archive can't carry: the
configuration's label `io.crossplane.xpkg:<digest>` says it, and `crossplane xpkg push` turns the
label into the annotation.
"""

import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.xpkg.base import Base
from tools.xpkg.layers import FILE_MODE, Layer, sha256
from tools.xpkg.runtime import Runtime

CREATED = "1970-01-01T00:00:00Z"
ANNOTATION, PACKAGE = "io.crossplane.xpkg", "base"


@dataclass(frozen=True)
class Named:
    """What the image's labels say."""

    title: str
    version: str
    licenses: str


def configuration(
    base: Base, runtime: Runtime, added: Sequence[tuple[str, Layer]], named: Named
) -> dict[str, Any]:
    """The image's configuration: the base's, with our layers, command, user and labels.

    Args:
        added: layers above the base with a line on each; the last one holds package.yaml.
    """
    config = dict(base.config.get("config") or {})
    environment = dict(each.split("=", 1) for each in config.get("Env") or [])
    labels = {
        **(config.get("Labels") or {}),
        "org.opencontainers.image.title": named.title,
        "org.opencontainers.image.version": named.version,
        "org.opencontainers.image.licenses": named.licenses,
        f"{ANNOTATION}:{added[-1][1].digest}": PACKAGE,
    }
    if base.origin:
        name, _, digest = base.origin.partition("@")
        labels["org.opencontainers.image.base.name"] = name
        labels["org.opencontainers.image.base.digest"] = digest
    config |= {
        "Env": [f"{k}={v}" for k, v in (environment | dict(runtime.environment)).items()],
        "Entrypoint": [runtime.interpreter, *runtime.arguments],
        "User": runtime.user,
        "ExposedPorts": {f"{runtime.port}/tcp": {}},
        "Labels": labels,
    }
    config.pop("Cmd", None)
    history = [{"created": CREATED, "created_by": line} for line, _ in added]
    return {
        **{key: base.config[key] for key in ("variant",) if key in base.config},
        "architecture": base.architecture,
        "os": "linux",
        "created": CREATED,
        "config": config,
        "history": [*(base.config.get("history") or []), *history],
        "rootfs": {
            "type": "layers",
            "diff_ids": [each.diff_id for each in (*base.layers, *(one for _, one in added))],
        },
    }


def archive(config: dict[str, Any], layers: Sequence[Layer]) -> bytes:
    """The docker-archive tar of an image."""
    body = json.dumps(config, separators=(",", ":"), sort_keys=True).encode()
    name = sha256(body)
    names = [f"{each.digest.removeprefix('sha256:')}.tar.gz" for each in layers]
    manifest = [{"Config": name, "RepoTags": None, "Layers": names}]
    files = {name: body}
    files |= {place: each.data for place, each in zip(names, layers, strict=True)}
    files["manifest.json"] = json.dumps(manifest, separators=(",", ":")).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.mode, info.size = FILE_MODE, len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
