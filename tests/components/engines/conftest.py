"""Small Pulumi projects, written for one test each."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Writes a project named `demo` with a stack `dev`: `project(program, config)`."""

    def write(program: str, config: str = "", **modules: str) -> Path:
        folder = tmp_path / "demo"
        (folder / "stacks").mkdir(parents=True, exist_ok=True)
        texts = {
            "Pulumi.yaml": "name: demo\nruntime: python\nmain: stacks\nstackConfigDir: stacks\n",
            "stacks/Pulumi.dev.yaml": config,
            "stacks/__main__.py": program,
            **{f"stacks/{name}.py": text for name, text in modules.items()},
        }
        for name, text in texts.items():
            (folder / name).write_text(textwrap.dedent(text), "utf-8")
        return folder

    return write
