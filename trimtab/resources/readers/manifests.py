"""Kubernetes manifests: a stream of documents, a folder of them, a kustomization, or a render's output."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from trimtab.errors import EngineError, InputError
from trimtab.resources.readers.drafts import Draft, finish
from trimtab.resources.readers.files import open_text
from trimtab.resources.readers.found import Found
from trimtab.resources.readers.objects import draft_object, meta_of
from trimtab.resources.readers.values import mapping, text
from trimtab.resources.readers.yaml_objects import Object, objects_of

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_ENDINGS = (".yaml", ".yml", ".json")
_RENDER_GROUP = "render.crossplane.io"
_KUSTOMIZE_GROUP = "kustomize.config.k8s.io"
_KUSTOMIZE_SECONDS = 120
_WHAT = "Kubernetes manifests"


def unlisted(value: Any) -> Iterator[Any]:
    """A JSON document's objects: those of a `List`, or itself. What is handed over is forgotten."""
    given = mapping(value)
    items = given.get("items")
    if text(given.get("kind")).endswith("List") and isinstance(items, list):
        items.reverse()
        while items:
            yield items.pop()
    else:
        yield value


def manifests(
    objects: Iterable[Object], source: str, *, notes: Iterable[str] = (), strict: bool = True
) -> Found:
    """The estate that objects declare.

    Args:
        objects: as they were parsed.
        source: what they are from.
        notes: what was left out before.
        strict: refuse what is no object; else it is counted in a note.

    Raises:
        InputError: one is no object or stands twice, or a function's result is fatal.
    """
    drafts: list[Draft] = []
    said = list(notes)
    others: list[str] = []
    rendered = False
    for value, where in objects:
        meta = meta_of(mapping(value))
        if meta is None and not strict:
            others.append(where)
        elif meta and meta.group == _RENDER_GROUP:
            rendered = True
            said += _rendered(meta.kind, mapping(value), where)
        elif meta and meta.group == _KUSTOMIZE_GROUP:
            said.append(f"{where}: a kustomization is not built inside a folder: left out")
        else:
            drafts.append(draft_object(mapping(value), where))
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        said.append(f"{others[0]}{more}: not a Kubernetes object: left out")
    composed = rendered or any("/" in each.parent for each in drafts)
    what = "a Crossplane render" if composed else _WHAT
    return Found(what, finish(source, drafts, notes=said))


def _rendered(kind: str, value: dict[str, Any], where: str) -> Iterator[str]:
    """What `crossplane render` says beside the objects: results, and the pipeline's context."""
    if kind != "Result":
        return
    severity = text(value.get("severity")).upper().removeprefix("SEVERITY_")
    message = text(value.get("message")) or "it does not say why"
    step = text(value.get("step"))
    if severity == "FATAL":
        raise InputError(
            f"the function of step {step!r} failed: {message}",
            where=where,
            mend="mend the composition and render it again",
        )
    if severity == "WARNING":
        yield f"the function of step {step!r} warns: {message}"


def folder(path: Path) -> Found:
    """A folder of manifests, with those in it.

    Raises:
        InputError: there are none in it, or one is wrong.
        EngineError: it is a kustomization, and nothing here can build one.
    """
    if any((path / name).is_file() for name in KUSTOMIZATIONS):
        return manifests(objects_of(_kustomized(path), str(path)), str(path))
    if (path / "Chart.yaml").is_file():
        raise InputError(
            "is a Helm chart",
            where=str(path),
            mend=f"render it first: helm template {path} > rendered.yaml",
        )
    files = list(_files(path))
    if not files:
        terraform = any(path.glob("*.tf"))
        raise InputError(
            "is Terraform's configuration" if terraform else "holds no YAML or JSON file",
            where=str(path),
            mend="plan it first: terraform plan -out=plan && terraform show -json plan"
            if terraform
            else "name a folder of manifests, or one with a Pulumi.yaml",
        )
    found = manifests(_objects_of_all(files), str(path), strict=False)
    if not found.estate.resources:
        raise InputError(
            "holds no Kubernetes object", where=str(path), mend="name a folder of manifests"
        )
    return found


def _files(path: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if name.endswith(_ENDINGS) and not name.startswith("."):
                yield Path(where) / name


def _objects_of_all(files: Iterable[Path]) -> Iterator[Object]:
    for file in files:
        with open_text(str(file)) as opened:
            content = opened.read()
        yield from objects_of(content, str(file))


def _kustomized(path: Path) -> str:
    commands = (("kustomize", "build"), ("kubectl", "kustomize"))
    command = next((each for each in commands if shutil.which(each[0])), None)
    if command is None:
        raise EngineError(
            f"{path} is a kustomization, and neither kustomize nor kubectl is on PATH",
            mend=f"install one, or build it elsewhere: kubectl kustomize {path} > built.yaml",
        )
    try:
        finished = subprocess.run(
            [*command, str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_KUSTOMIZE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{' '.join(command)} {path} did not end: {error}") from None
    if finished.returncode:
        lines = finished.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError(
            f"cannot be built: {lines[-1].removeprefix('error: ') if lines else 'no reason given'}",
            where=str(path),
            mend="mend the kustomization",
        )
    return finished.stdout.decode("utf-8", "replace")
