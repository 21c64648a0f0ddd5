"""Fixtures of the components' tests."""

from pathlib import Path

import pytest

from support.recorded import Record, recorder


@pytest.fixture
def recorded(tmp_path: Path) -> Record:
    """Records a stack of the repository under the recording monitor."""
    return recorder(tmp_path)
