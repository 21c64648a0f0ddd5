"""How long a plan of one pool takes from a year of hourly demand, and what it is spent on.

`trimtab plan` is run as a user runs it, in a process of its own on the synthetic example; then the
same request is planned in this process to tell the forecast from the decision.
"""

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Figure, print_figures, runs
from trimtab.catalogue.reader import load_offers
from trimtab.demand.reader import read_series
from trimtab.example import write_example
from trimtab.forecast.fleet import FleetForecast, forecast_fleet
from trimtab.forecast.model import Fleet
from trimtab.planning.planner import make_plan
from trimtab.planning.request import PlanRequest, PoolRequest
from trimtab.workloads.model import Unit
from trimtab.workloads.reader import load_workloads

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
COLD_RUNS = 3


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        example = write_example(Path(folder))
        command = Path(sys.executable).with_name("trimtab")
        cold = runs(
            [
                command, "plan", "--demand", example.demand, "--unit", "gpus",
                "--workloads", example.workloads, "--as-of", "2026-11-01T00:00:00Z",
                "--out", Path(folder) / "plan.yaml",
            ],
            COLD_RUNS,
        )  # fmt: skip
        series = read_series(example.demand)
        workloads = tuple(load_workloads(example.workloads))
    pool = PoolRequest("example", workloads, series, Unit.GPUS)
    request = PlanRequest("example", (pool,), load_offers(), AS_OF)
    began = time.perf_counter()
    fleet = Fleet(("example",), series.demand[None, :], (series.end,))
    ahead = forecast_fleet(fleet, 168)
    forecasting = time.perf_counter() - began
    deciding = _deciding(request, ahead)
    print_figures(
        "One pool, one year of hourly demand",
        [
            Figure(f"trimtab plan, cold, median of {COLD_RUNS}", cold.wall_seconds, 20.0, "s"),
            Figure("peak memory", cold.peak_mib, 900.0, "MiB"),
            Figure("of which forecast", forecasting, 20.0, "s"),
            Figure("planning itself, without the forecast", deciding, 0.5, "s"),
        ],
    )


def _deciding(request: PlanRequest, ahead: FleetForecast) -> float:
    """Seconds that the decision takes when the forecast is already there."""
    began = time.perf_counter()
    make_plan(request, forecaster=lambda *_: ahead)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
