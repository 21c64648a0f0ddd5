"""A grid's carbon intensity by the hour, brought to a series' hours.

CSV: `timestamp,gco2e_per_kwh`, one row an hour. A series outside the trace takes it again from its start
(2022's hours for another year's), so that hour t of the series sees hour t - start modulo the length.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.clock import format_instant, parse_instant
from trimtab.errors import InputError
from trimtab.files import read_text
from trimtab.spot.table import number, read_columns

Array = NDArray[np.float64]
HOUR = timedelta(hours=1)


@dataclass(frozen=True, eq=False)
class CarbonTrace:
    """Intensity by the hour from `start` on, shape (hours,), in g CO2e per kWh."""

    source: str
    start: datetime
    gco2e_per_kwh: Array

    def over(self, start: datetime, hours: int) -> Array:
        """The intensity of so many hours from an instant on, the trace repeated where it ends."""
        first = (start - self.start) // HOUR
        at: Array = self.gco2e_per_kwh[(first + np.arange(hours)) % len(self.gco2e_per_kwh)]
        return at

    def covers(self, start: datetime, hours: int) -> bool:
        """Whether the trace speaks of all these hours themselves."""
        first = (start - self.start) // HOUR
        return first >= 0 and first + hours <= len(self.gco2e_per_kwh)


def read_carbon(path: Path) -> CarbonTrace:
    """The trace in a file.

    Raises:
        InputError: it cannot be read, a value is wrong, or the hours are not consecutive.
    """
    columns = read_columns(read_text(path), str(path), ("timestamp", "gco2e_per_kwh"))
    times = columns["timestamp"].parsed(_instant)
    for row in range(1, len(times)):
        if times[row] - times[row - 1] != HOUR:
            raise InputError(
                f"{format_instant(times[row])} does not come an hour after "
                f"{format_instant(times[row - 1])}",
                where=columns["timestamp"].place(row),
                mend="write one row for every hour, oldest first",
            )
    return CarbonTrace(str(path), times[0], np.array(columns["gco2e_per_kwh"].parsed(number)))


def _instant(cell: str) -> datetime:
    try:
        return parse_instant(cell)
    except ValueError:
        raise InputError(
            f"{cell!r} is no ISO 8601 instant", mend="write it as 2026-12-01T00:00:00Z"
        ) from None
