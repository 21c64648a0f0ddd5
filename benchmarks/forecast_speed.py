"""How fast a fleet is forecast: 1,344 hours of history, 168 ahead, 23 levels, on two cores.

The fleet is made of windows of a real series, scaled and with 2 % noise. Each size runs in a process
of its own, the output consumed chunk by chunk; seconds are those of the forecast (without imports and
without making the fleet), memory is the process's peak, its input included. statsforecast's AutoETS is
timed on the first series of the same fleet, warm, on one core and on two, in the same run: both share
whatever else the machine does. Where it does much, processor time tells more than the clock.
"""

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.measure import ROOT, Figure, print_figures
from trimtab.demand.reader import read_series
from trimtab.forecast.backends import Statsforecast
from trimtab.forecast.fleet import forecast_chunks
from trimtab.forecast.model import Fleet, Floats

HISTORY, AHEAD = 1344, 168
SIZES = (1_000, 10_000, 100_000)
CORES = 2
ETS_SERIES = 12
SOURCE = ROOT.parent / "shared" / "data" / "demand" / "philly_nodes.csv"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Timed:
    """Seconds by the clock and of the processor, and the process's peak memory."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def main() -> int:
    """Measure and print, or be the process that is measured."""
    if len(sys.argv) > 1:
        print(json.dumps(_here(int(sys.argv[1]), int(sys.argv[2]))))
        return 0
    if not SOURCE.is_file():
        print("the shared data is not here: nothing to measure on")
        return 0
    ets = {cores: _ets_seconds(cores) for cores in (1, CORES)}
    ours = {size: _apart(size, CORES) for size in SIZES}
    goal = ours[10_000]
    per_series = {size: timed.seconds / size for size, timed in ours.items()}
    print_figures(
        f"A fleet's forecast on {CORES} cores ({HISTORY} h of history, {AHEAD} h ahead)",
        [
            Figure("10,000 series", goal.seconds, 50.0, "s"),
            Figure("10,000 series, both cores' processor time", goal.cpu_seconds, 100.0, "s"),
            Figure("10,000 series, peak memory", goal.peak_mib, 2048.0, "MiB"),
            Figure("100,000 series, peak memory", ours[100_000].peak_mib, 2048.0, "MiB"),
            *(
                Figure(f"{size:,} series, each", 1e3 * each, 1e3 * per_series[10_000], "ms")
                for size, each in per_series.items()
            ),
        ],
    )
    print("\nstatsforecast AutoETS over ours, seconds a series (goal: 300 times as fast)")
    for cores, one in ets.items():
        times = one.seconds / per_series[10_000]
        print(f"AutoETS on {cores} core(s) {one.seconds:.2f} s, ours on {CORES}: {times:.0f} times")
    busy = goal.cpu_seconds / 10_000
    times = ets[1].cpu_seconds / busy
    print(f"processor time {ets[1].cpu_seconds:.2f} s, ours {1e3 * busy:.1f} ms: {times:.0f} times")
    return 0


def fleet(count: int) -> Fleet:
    """Windows of a real series at all its offsets, scaled and with noise, in single precision."""
    rng = np.random.default_rng(0)
    real = read_series(SOURCE).hourly().demand.astype(np.float32)
    demand = np.empty((count, HISTORY), dtype=np.float32)
    for row in demand:
        begin = int(rng.integers(len(real) - HISTORY + 1))
        noise = rng.standard_normal(HISTORY, dtype=np.float32)
        row[:] = real[begin : begin + HISTORY] * np.maximum(1 + 0.02 * noise, 0)
        row *= rng.gamma(2, 1)
    return Fleet(tuple(map(str, range(count))), demand, (NOW,) * count)


def _here(count: int, threads: int) -> dict[str, float]:
    made = fleet(count)
    began, busy = time.perf_counter(), time.process_time()
    done = sum(len(part) for part in forecast_chunks(made, AHEAD, threads=threads))
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - busy
    assert done == count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mib": peak}


def _apart(count: int, threads: int) -> Timed:
    command = [sys.executable, "-m", "benchmarks.forecast_speed", str(count), str(threads)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return Timed(**json.loads(done.stdout))


def _ets_seconds(cores: int) -> Timed:
    """A series' seconds on so many cores, after one series that warms the library."""
    rows = np.asarray(fleet(ETS_SERIES).demand, dtype=np.float64)
    with ProcessPoolExecutor(cores) as pool:
        list(pool.map(_ets, [rows[:1]] * cores))
        began = time.perf_counter()
        busy = sum(pool.map(_ets, np.array_split(rows, ETS_SERIES)))
        return Timed((time.perf_counter() - began) / ETS_SERIES, busy / ETS_SERIES, 0.0)


def _ets(rows: Floats) -> float:
    """Forecasts them; the processor seconds that it took."""
    warnings.simplefilter("ignore")
    began = time.process_time()
    Statsforecast("AutoETS").quantiles(rows, AHEAD)
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
