"""Resolve requirements/*.txt anew from the pyproject.toml files: `make lock`.

The present pins are kept wherever they still satisfy the files; `make lock ARGS=--upgrade` takes
the newest that do. Arguments go to uv as they are. Each file is replaced whole or not at all.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.environments import ENVIRONMENTS, Environment


def command(environment: Environment, output: Path, extra: Sequence[str]) -> list[str]:
    """The resolver's command for one environment: universal, hashed, and naming no index."""
    arguments = [str(path.relative_to(environment.root)) for path in environment.pyprojects()]
    for name in environment.extras:
        arguments += ["--extra", name]
    for name in environment.groups:
        arguments += ["--group", f"pyproject.toml:{name}"]
    return [
        str(ENVIRONMENTS["tools"].folder / "bin" / "uv"),
        *("pip", "compile", *arguments),
        *("--universal", "--python-version", "3.11", "--generate-hashes"),
        *("--no-emit-index-url", "--no-emit-package", "trimtab"),
        *("--custom-compile-command", "make lock", "--quiet"),
        *("-o", str(output), *extra),
    ]


def main(arguments: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="trimtab-lock-") as folder:
        for environment in ENVIRONMENTS.values():
            output = Path(folder) / environment.requirements.name
            if environment.requirements.exists():
                shutil.copyfile(environment.requirements, output)
            print(f"resolving requirements/{output.name}", file=sys.stderr)
            ended = subprocess.run(
                command(environment, output, arguments), cwd=environment.root, check=False
            )
            if ended.returncode:
                print("error: nothing was changed; the lines above say why", file=sys.stderr)
                return 1
        for environment in ENVIRONMENTS.values():
            partial = environment.requirements.with_suffix(".partial")
            shutil.copyfile(Path(folder) / environment.requirements.name, partial)
            partial.replace(environment.requirements)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
