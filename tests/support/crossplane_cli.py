"""Crossplane's own command line, without Docker and without a control plane.

In v2.2 the commands are `crossplane render` and `crossplane beta validate`; both run Crossplane's
real code: render is its composition engine, validate the API server's schema and CEL library on
the CRD that Crossplane derives from an XRD.
"""

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.engines import engine_path, engine_share

RENDER_SECONDS = 60

Manifest = Mapping[str, Any]
# One or several objects, or a YAML file of them.
Source = Manifest | Iterable[Manifest] | Path


class CrossplaneError(Exception):
    """The command failed; str() is what it printed."""


@dataclass(frozen=True)
class Validation:
    """What `crossplane beta validate` found."""

    ok: bool
    report: str


@dataclass(frozen=True)
class CrossplaneCli:
    """The `crossplane` command; `scratch` is a folder for the files that it reads."""

    binary: Path
    scratch: Path

    def run(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run the command with HOME in the scratch folder; never raises on its exit status."""
        return subprocess.run(
            [self.binary, *arguments],
            env={"HOME": str(self.scratch), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=2 * RENDER_SECONDS,
            check=False,
        )

    def render(
        self,
        xr: Source,
        composition: Source,
        functions: Mapping[str, str],
        *,
        required_resources: Source = (),
        observed_resources: Source = (),
        xrd: Source = (),
        results: bool = True,
    ) -> list[dict[str, Any]]:
        """Run a Composition's pipeline on an XR; the documents that it prints.

        The first is the XR with its status and conditions; then the composed resources; with
        `results`, the functions' normal and warning results as documents of kind Result.

        Args:
            functions: the gRPC target ("127.0.0.1:9443", served without TLS) of each function
                that the Composition names.
            required_resources: what requirements may be fulfilled from.
            observed_resources: composed resources that exist already.
            xrd: where the XR's defaults come from.

        Raises:
            CrossplaneError: a function returned a fatal result, or an input is wrong.
        """
        options: list[str] = [f"--timeout={RENDER_SECONDS}s"]
        if results:
            options.append("--include-function-results")
        for flag, source in (
            ("--required-resources", required_resources),
            ("--observed-resources", observed_resources),
            ("--xrd", xrd),
        ):
            if source:
                options.append(f"{flag}={self._file(flag.strip('-'), source)}")
        finished = self.run(
            "render",
            self._file("xr", xr),
            self._file("composition", composition),
            self._file("functions", [_running_function(*item) for item in functions.items()]),
            *options,
        )
        if finished.returncode != 0:
            raise CrossplaneError(finished.stderr.strip() or finished.stdout.strip())
        return [document for document in yaml.safe_load_all(finished.stdout) if document]

    def validate(self, extensions: Source, resources: Source) -> Validation:
        """Check objects against CRDs and XRDs, and against Crossplane's own kinds.

        A kind that no extension defines is an error too.
        """
        finished = self.run(
            "beta",
            "validate",
            self._file("extensions", extensions),
            self._file("resources", resources),
            "--error-on-missing-schemas",
            f"--cache-dir={self._cache()}",
            f"--crossplane-image={_CACHED_IMAGE}",
        )
        return Validation(finished.returncode == 0, f"{finished.stdout}{finished.stderr}".strip())

    def _cache(self) -> Path:
        """A cache that holds Crossplane's CRDs, which the command would else fetch as an image."""
        cache = self.scratch / "cache"
        image = cache / _CACHED_IMAGE.replace(":", "@")
        if not image.is_dir():
            shutil.copytree(engine_share("crossplane-core") / "cluster" / "crds", image)
        return cache

    def _file(self, name: str, source: Source) -> Path:
        if isinstance(source, Path):
            return source
        documents = [source] if isinstance(source, Mapping) else list(source)
        path = self.scratch / f"{name}.yaml"
        path.write_text(yaml.safe_dump_all(documents), "utf-8")
        return path


_CACHED_IMAGE = "crossplane:built"


def crossplane_cli(scratch: Path) -> CrossplaneCli:
    """The command, built by `make engines`; skips (fails in CI) where it is absent."""
    return CrossplaneCli(engine_path("crossplane-cli"), scratch)


def _running_function(name: str, target: str) -> Manifest:
    return {
        "apiVersion": "pkg.crossplane.io/v1",
        "kind": "Function",
        "metadata": {
            "name": name,
            "annotations": {
                "render.crossplane.io/runtime": "Development",
                "render.crossplane.io/runtime-development-target": target,
            },
        },
        # Never pulled: a running function is called, but the kind requires a package.
        "spec": {"package": f"example.org/{name}:v0.0.0"},
    }
