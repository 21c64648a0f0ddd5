"""A small sound series, to be spoilt one cell at a time."""

from datetime import UTC, datetime, timedelta

import pytest

from trimtab.clock import format_instant

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def rows() -> list[list[str]]:
    """A header and 48 hours from 2026-03-01: line n + 1 has demand n and peak n + 0.5."""
    body = [
        [format_instant(START + timedelta(hours=n)), f"{n + 1}.0", f"{n + 1}.5"] for n in range(48)
    ]
    return [["timestamp", "demand", "peak"], *body]
