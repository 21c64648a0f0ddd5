"""A small repository to build a package of, with wheels of a few bytes and no network."""

import hashlib
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.xpkg.build import Inputs

ROOT = Path(__file__).parents[2]

_PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "1.2.3"
license = "Apache-2.0"
dependencies = {dependencies}

[tool.hatch.build.targets.wheel]
packages = ["{package}"]
"""


@dataclass(frozen=True)
class Toy:
    """The repository and the folder that pip finds its wheels in."""

    root: Path
    wheels: Path

    @property
    def inputs(self) -> Inputs:
        """What to build of it."""
        return Inputs(self.root)

    def pin(self, *lines: str) -> None:
        """Write the requirement file: `name==1.0` or `name==1.0 ; marker`, hashes added."""
        text = "# made by a test\n"
        for line in lines:
            name = line.partition("==")[0]
            hashes = [
                hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(self.wheels.glob(f"{name}-*.whl"))
            ]
            text += "".join([line, *(f" \\\n    --hash=sha256:{each}" for each in hashes), "\n"])
        (self.root / "requirements" / "function.txt").write_text(text, "utf-8")

    def wheel(
        self, name: str, files: dict[str, str], *, requires: tuple[str, ...] = (), tag: str = ""
    ) -> Path:
        """A wheel of version 1.0; equal arguments give equal bytes."""
        folder = f"{name}-1.0.dist-info"
        lines = ["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", f"Summary: a {name}"]
        lines += ["License-Expression: MIT", *(f"Requires-Dist: {each}" for each in requires)]
        tag = tag or "py3-none-any"
        content = files | {
            f"{folder}/METADATA": "\n".join([*lines, "", ""]),
            f"{folder}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
            f"{folder}/RECORD": "",
        }
        path = self.wheels / f"{name}-1.0-{tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for place, text in content.items():
                archive.writestr(zipfile.ZipInfo(place), text)
        return path


def toy_repository(folder: Path, python: str = "3.13", **runtime: object) -> Toy:
    """A core that needs `leaf`, a function that needs the core and `native`.

    `native` has a wheel for each architecture, and needs `deep` with an extra that needs `deeper`;
    `checker` is pinned and needed by nothing.

    Args:
        folder: an empty folder.
        python: of the base.
        runtime: other fields of runtime.yaml than the repository's own.
    """
    root, wheels = folder / "repository", folder / "wheels"
    wheels.mkdir()
    for place, name, dependencies in (
        (root, "trimtab", '["leaf>=1", "windows; sys_platform == \'win32\'"]'),
        (root / "functions", "trimtab-functions", '["trimtab", "native>=1"]'),
    ):
        package = place / name.replace("-", "_")
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f'"""{name}."""\n', "utf-8")
        (place / "pyproject.toml").write_text(
            _PROJECT.format(name=name, dependencies=dependencies, package=package.name), "utf-8"
        )
    (root / "requirements").mkdir()
    shutil.copytree(ROOT / "functions" / "package", root / "functions" / "package")
    settings = root / "functions" / "runtime.yaml"
    data = yaml.safe_load((ROOT / "functions" / "runtime.yaml").read_text("utf-8"))
    data["base"]["python"] = python
    settings.write_text(yaml.safe_dump(data | runtime), "utf-8")
    toy = Toy(root, wheels)
    tag = f"cp{python.replace('.', '')}"
    toy.wheel("leaf", {"leaf.py": "X = {'a', 'b'}\n", "leaf/tests/test_x.py": "", "leaf.pyi": ""})
    for machine in ("x86_64", "aarch64"):
        toy.wheel(
            "native",
            {
                "native.py": f"MACHINE = '{machine}'\n",
                "native-1.0.data/scripts/native": "#!python\n",
            },
            requires=("deep[more]>=1", "extra-only; extra == 'more'"),
            tag=f"{tag}-{tag}-manylinux_2_28_{machine}",
        )
    toy.wheel("deep", {"deep.py": ""}, requires=("deeper; extra == 'more'", "none; extra == 'no'"))
    toy.wheel("deeper", {"deeper.py": ""})
    toy.wheel("checker", {"checker.py": ""})
    toy.wheel("windows", {"windows.py": ""})
    toy.pin(
        "checker==1.0",
        "deep==1.0 ; python_full_version >= '3.11'",
        "deeper==1.0",
        "leaf==1.0",
        "native==1.0",
        "windows==1.0 ; sys_platform == 'win32'",
    )
    return toy
