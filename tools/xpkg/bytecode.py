"""Byte code for the function's files, compiled by the base's own Python.

Without it every start would compile some thousand modules anew, since the image is read-only. The
base's interpreter is run in place, through the base's own loader and libraries, so the byte code is
right for the version that will read it whatever Python builds the package, and its bytes follow from
the base. It is the same for every architecture, so the base of this machine's compiles for all.
"""

import os
import platform
import subprocess
import tempfile
from pathlib import Path

from tools.steps import SetupError
from tools.xpkg.base import Base, Node, file_system, resolve_path, write_file_system
from tools.xpkg.runtime import MACHINES
from tools.xpkg.tree import Files, write_files

SECONDS = 600
_LOADERS = {"amd64": "lib64/ld-linux-x86-64.so.2", "arm64": "lib/ld-linux-aarch64.so.1"}
_LIBRARIES = ("lib", "usr/lib", "usr/local/lib")


class BasePython:
    """A base's file system in a folder of its own, with its interpreter ready to run.

    Args:
        base: an image for this machine's architecture.
        folder: an empty folder.

    Raises:
        SetupError: this machine can't run it, or it has no interpreter.
    """

    def __init__(self, base: Base, folder: Path, interpreter: str) -> None:
        if platform.system() != "Linux" or MACHINES[base.architecture] != platform.machine():
            raise SetupError(
                f"a base for {base.architecture} can't be run here; give one for this machine too, "
                "or build with --no-byte-code (the function then starts more slowly)"
            )
        self.folder = folder
        self.nodes: dict[str, Node] = file_system(base.layers)
        executable = resolve_path(self.nodes, interpreter)
        place = _LOADERS[base.architecture]
        loader = resolve_path(self.nodes, place) or resolve_path(self.nodes, f"usr/{place}")
        if executable is None or loader is None:
            raise SetupError(f"the base has no {interpreter}; give another base")
        write_file_system(self.nodes, folder)
        triplet = f"{MACHINES[base.architecture]}-linux-gnu"
        paths = [folder / each / part for each in _LIBRARIES for part in (triplet, "")]
        self._home = (folder / executable).parent.parent
        self._command = [
            str(folder / loader),
            *("--library-path", ":".join(str(each) for each in paths)),
            str(folder / executable),
        ]

    def command(self, *arguments: str) -> list[str]:
        """The command that runs the interpreter, with nothing of this machine's Python."""
        return [*self._command, "-s", *arguments]

    def environment(self) -> dict[str, str]:
        """The environment to run it in; hashes are fixed, since byte code holds sets in their order."""
        return {
            "PYTHONHOME": str(self._home),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": os.defpath,
        }

    def version(self) -> str:
        """Its version as "3.13"."""
        text = self._run("-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        return text.strip()

    def compile(self, files: Files, site: str) -> Files:
        """Files with the byte code of every module among them, for an image's folder `site`.

        Raises:
            SetupError: a module can't be compiled.
        """
        with tempfile.TemporaryDirectory(prefix="trimtab-xpkg-") as place:
            folder = Path(place)
            write_files(files, folder)
            self._run(
                *("-S", "-m", "compileall", "-q", "-j", "1"),
                # The image never changes: a time or a hash to compare would only cost time.
                *("--invalidation-mode", "unchecked-hash"),
                *("-s", str(folder), "-p", site, str(folder)),
            )
            compiled = sorted(folder.rglob("__pycache__/*.pyc"))
            return files | {str(each.relative_to(folder)): each.read_bytes() for each in compiled}

    def _run(self, *arguments: str) -> str:
        finished = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if finished.returncode:
            told = (finished.stderr or finished.stdout).strip().splitlines()[-3:]
            raise SetupError(f"the base's Python failed: {' '.join(told) or finished.returncode}")
        return finished.stdout
