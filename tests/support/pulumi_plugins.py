"""Pulumi plugins for tests: executables `pulumi-resource-NAME` that run a Python program of ours."""

import os
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
KUBERNETES_STAND_IN = REPO / "tests" / "e2e" / "providers" / "kubernetes_stand_in.py"
COMPONENTS = REPO / "components" / "__main__.py"


def plugin_folder(folder: Path, programs: dict[str, Path]) -> Path:
    """Make a folder for PATH with one plugin a program, by package name; they run in this Python."""
    folder.mkdir()
    places = os.pathsep.join([str(REPO), str(REPO / "tests")])
    for package, program in programs.items():
        script = folder / f"pulumi-resource-{package}"
        run = f'PYTHONPATH="{places}" exec "{sys.executable}" "{program}" "$@"'
        script.write_text(f"#!/bin/sh\n{run}\n", encoding="utf-8")
        script.chmod(0o755)
    return folder
