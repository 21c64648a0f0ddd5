"""Pins against pyproject.toml files, and installs against pins."""

import dataclasses
from pathlib import Path

import pytest
from packaging.version import Version

from tools.check_pins import asked, check, drifted, pinned
from tools.environments import ENVIRONMENTS, ROOT, Environment

CORE = """\
[project]
name = "trimtab"
dependencies = ["numpy>=2.2"]
[project.optional-dependencies]
forecast = ["statsforecast>=2"]
unused = ["absent>=1"]
[dependency-groups]
test = ["pytest>=8.4", "Types_PyYAML>=6"]
other = ["absent>=1"]
"""
COMPONENTS = """\
[project]
name = "trimtab-components"
dependencies = ["trimtab", "pulumi>=3.270,<4", "tomli>=2; python_version < '3.0'"]
"""
PINS = """\
# This file was written by `make lock`.
numpy==2.4.6 ; python_full_version < '3.0' \\
    --hash=sha256:00
numpy==2.5.5 ; python_full_version >= '3.0' \\
    --hash=sha256:11 \\
    --hash=sha256:22
    # via trimtab
pulumi==3.272.0 --hash=sha256:33
pytest==9.2.0 --hash=sha256:44
statsforecast==2.0.2 --hash=sha256:55
types-pyyaml==6.0.12 --hash=sha256:66
"""


def repository(root: Path, core: str = CORE, pins: str = PINS) -> Environment:
    (root / "components").mkdir()
    (root / "requirements").mkdir()
    (root / "pyproject.toml").write_text(core)
    (root / "components" / "pyproject.toml").write_text(COMPONENTS)
    (root / "requirements" / "x.txt").write_text(pins)
    projects = (".", "components")
    return Environment("x", projects=projects, extras=("forecast",), groups=("test",), root=root)


def test_only_what_the_environment_holds_is_asked_for(tmp_path: Path) -> None:
    found = {requirement.name: where for where, requirement in asked(repository(tmp_path))}
    assert found == {
        "numpy": "pyproject.toml dependencies",
        "statsforecast": "pyproject.toml extra forecast",
        "pulumi": "components/pyproject.toml dependencies",
        "tomli": "components/pyproject.toml dependencies",
        "pytest": "pyproject.toml group test",
        "Types_PyYAML": "pyproject.toml group test",
    }


def test_the_pin_of_this_python_is_read(tmp_path: Path) -> None:
    assert pinned(PINS)["numpy"] == Version("2.5.5")
    assert len(pinned(PINS)) == 5


def test_pins_that_satisfy_are_accepted(tmp_path: Path) -> None:
    environment = repository(tmp_path)
    assert check(environment, None) == []
    assert check(environment, pinned(PINS)) == []


DOCTORED = {
    "a back-tracked pin": (
        ("pulumi==3.272.0", "pulumi==1.14.1"),
        "pulumi: back-tracked to 1.14.1, wanted <4,>=3.270 (components/pyproject.toml dependencies)",
    ),
    "a pin above the limit": (
        ("pulumi==3.272.0", "pulumi==4.0.0"),
        "pulumi: pinned at 4.0.0, wanted <4,>=3.270 (components/pyproject.toml dependencies)",
    ),
    "a pin that is gone": (
        ("statsforecast==2.0.2 --hash=sha256:55\n", ""),
        "statsforecast: not pinned, wanted statsforecast>=2 (pyproject.toml extra forecast)",
    ),
    "a pre-release pin below": (
        ("pytest==9.2.0", "pytest==8.4.0rc1"),
        "pytest: back-tracked to 8.4.0rc1, wanted >=8.4 (pyproject.toml group test)",
    ),
    "a pin for another Python only": (
        ("numpy==2.5.5 ; python_full_version >= '3.0'", "numpy==2.5.5 ; python_version < '3.1'"),
        "numpy: not pinned, wanted numpy>=2.2 (pyproject.toml dependencies)",
    ),
}


@pytest.mark.parametrize("case", DOCTORED)
def test_a_doctored_pin_is_refused(case: str, tmp_path: Path) -> None:
    (old, new), expected = DOCTORED[case]
    assert old in PINS
    assert check(repository(tmp_path, pins=PINS.replace(old, new)), None) == [
        f"{expected}; run `make lock`"
    ]


def test_a_dependency_without_an_oldest_release_is_refused(tmp_path: Path) -> None:
    environment = repository(tmp_path, core=CORE.replace("numpy>=2.2", "numpy<3"))
    (problem,) = check(environment, None)
    assert problem.startswith("numpy: pyproject.toml dependencies states no oldest release, ")
    assert problem.endswith("write `numpy>=…`, then run `make lock`")


@pytest.mark.parametrize(
    ("installed", "state"), [("2.4.0", "2.4.0 installed"), (None, "not installed")]
)
def test_an_install_that_is_not_the_pin_is_refused(installed: str | None, state: str) -> None:
    present = {"numpy": Version(installed)} if installed else {}
    (problem,) = drifted({"numpy": Version("2.5.5")}, present)
    assert problem.startswith(f"numpy: {state}, pinned at 2.5.5; ")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_this_repository_s_pins_satisfy_its_projects(name: str) -> None:
    assert check(dataclasses.replace(ENVIRONMENTS[name], root=ROOT), None) == []
    assert list(asked(ENVIRONMENTS[name]))
