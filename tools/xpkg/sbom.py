"""What is inside the package, as a CycloneDX 1.6 document: every wheel, and the base's own packages.

Written from what was really put in: each wheel's metadata and hash, and the lists that Debian keeps
in the base. Equal packages give equal documents, so there is no time in it and the serial number
follows from the content.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.xpkg.base import Base, Node, file_system
from tools.xpkg.image import Named
from tools.xpkg.wheels import Wheel

SPEC_VERSION = "1.6"
SCHEMA = f"http://cyclonedx.org/schema/bom-{SPEC_VERSION}.schema.json"
_NAMESPACE = uuid.UUID("0d7d3d3e-6b0e-5b1d-9a53-1f0c3a6f2f44")
_OSI = "License :: OSI Approved :: "
_STATUS = ("var/lib/dpkg/status.d/", "var/lib/dpkg/status")

Json = dict[str, Any]


def sbom(named: Named, base: Base, wheels: Sequence[Wheel], package_digest: str) -> bytes:
    """The document for one architecture's package.

    Args:
        package_digest: sha256 digest of the archive.
    """
    root = f"{named.title}@{named.version}-{base.architecture}"
    python = sorted((_wheel(each) for each in wheels), key=lambda each: str(each["bom-ref"]))
    system = sorted(
        _system(file_system(base.layers), base.architecture), key=lambda e: e["bom-ref"]
    )
    document: Json = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": root,
                "name": named.title,
                "version": named.version,
                "licenses": [{"license": {"id": named.licenses}}],
                "hashes": [_hash(package_digest.removeprefix("sha256:"))],
                "properties": [
                    {"name": "oci:platform", "value": f"linux/{base.architecture}"},
                    {"name": "oci:base", "value": base.origin or "a file"},
                    *({"name": "oci:base:layer", "value": e.digest} for e in base.layers),
                ],
            }
        },
        "components": [*python, *system],
        "dependencies": [
            {
                "ref": root,
                "dependsOn": sorted(
                    [_ref(each) for each in wheels if each.own] + [e["bom-ref"] for e in system]
                ),
            },
            *_dependencies(wheels),
        ],
    }
    content = json.dumps(document, indent=1, sort_keys=True)
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(_NAMESPACE, content)}"
    return f"{json.dumps(document, indent=1, ensure_ascii=False)}\n".encode()


def _dependencies(wheels: Sequence[Wheel]) -> Iterator[Json]:
    by_name = {each.name: each for each in wheels}
    for name in sorted(by_name):
        needed = [_ref(by_name[other]) for other in by_name[name].requires if other in by_name]
        yield {"ref": _ref(by_name[name]), "dependsOn": sorted(needed)}


def _ref(wheel: Wheel) -> str:
    return f"pkg:pypi/{wheel.name}@{wheel.version}"


def _wheel(wheel: Wheel) -> Json:
    component: Json = {
        "type": "library",
        "bom-ref": _ref(wheel),
        "name": wheel.name,
        "version": wheel.version,
        "hashes": [_hash(wheel.sha256)],
        "purl": _ref(wheel),
    }
    if summary := wheel.metadata["Summary"]:
        component["description"] = str(summary)
    if licenses := _licenses(wheel):
        component["licenses"] = licenses
    return component


def _licenses(wheel: Wheel) -> list[Json]:
    """As the metadata says it: an SPDX expression, else the classifiers' names, else a short text."""
    metadata = wheel.metadata
    if expression := metadata["License-Expression"]:
        return [{"expression": str(expression)}]
    names = [
        str(each).removeprefix(_OSI)
        for each in metadata.get_all("Classifier", [])
        if str(each).startswith(_OSI)
    ]
    text = str(metadata["License"] or "").strip()
    if not names and text and "\n" not in text:
        names = [text]
    return [{"license": {"name": name}} for name in names]


def _hash(hexadecimal: str) -> Json:
    return {"alg": "SHA-256", "content": hexadecimal}


def _system(nodes: Mapping[str, Node], architecture: str) -> Iterator[Json]:
    """The base's Debian packages: distroless has a file each, Debian itself one for all."""
    for path in sorted(nodes):
        if nodes[path].kind != "file" or not path.startswith(_STATUS) or path.endswith(".md5sums"):
            continue
        for paragraph in nodes[path].content.decode("utf-8", "replace").split("\n\n"):
            fields = dict(
                line.split(": ", 1)
                for line in paragraph.splitlines()
                if ": " in line and not line.startswith(" ")
            )
            if "Package" in fields and "Version" in fields:
                purl = (
                    f"pkg:deb/debian/{fields['Package']}@{fields['Version'].replace(':', '%3A')}"
                    f"?arch={fields.get('Architecture', architecture)}"
                )
                yield {
                    "type": "library",
                    "bom-ref": purl,
                    "name": fields["Package"],
                    "version": fields["Version"],
                    "purl": purl,
                }
