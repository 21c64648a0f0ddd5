"""A machine in a folder for each test."""

from pathlib import Path

import pytest

from support.edge_machine import EdgeMachine, new_machine


@pytest.fixture
def machine(tmp_path: Path) -> EdgeMachine:
    return new_machine(tmp_path / "machine")
