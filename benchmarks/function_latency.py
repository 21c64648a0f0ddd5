"""The function's figures: `make bench ARGS="function_latency --seconds 60 --memory-calls 100000"`.

- Latency: a client calls over mTLS on loopback, one call at a time, as Crossplane does for one XR: 40
  groups of 12, 24 and 48 windows in three pools, and 1,000 groups, all running, one of them resized from
  call to call. In mode Inject an earlier step composed the node groups; in mode Compose the XR names the
  pools. The first call, which reads the plan, is shown apart. Beside them a function of the same SDK that
  answers nothing takes the same request: what it needs is gRPC's, TLS's and protobuf's.
- Load: 200 XRs at once on two replicas, with 4 and with 40 groups each, from a client process.
- Memory: of one replica, after so many calls of such XRs.
- Start: until a connection is accepted.

Server, clients and whatever else runs share the machine's cores: the processor time that a call took of
the server is shown beside the times of the clock.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

import grpc  # noqa: E402
from crossplane.function.proto.v1 import run_function_pb2 as fnv1  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from benchmarks.function_load import METHOD  # noqa: E402
from benchmarks.function_requests import (  # noqa: E402
    Size,
    first_request,
    move,
    plan_document,
    running_request,
    shuffled,
)
from support.capacity_function import (  # noqa: E402
    CapacityFunction,
    Certificates,
    capacity_function,
    make_certificates,
    template_function,
)

SIZES = (Size(40, 12), Size(40, 24), Size(40, 48), Size(1000, 4))
"""A plan may have 48 windows a group, a week's plan merges to about 24; 1,000 groups of more windows are
more than the 1 MB that a plan may have."""
CALLS_IN_TURN = 25
SLOW_CALLS_IN_TURN = 4
XRS = 200
LOADS = (Size(4, 24), Size(40, 24))


@dataclass(frozen=True)
class Figures:
    """What was measured in one mode, in milliseconds."""

    mode: str
    windows: int
    groups: int
    request_kb: float
    first: float
    p50: float
    p99: float
    cpu: float


@dataclass
class Run:
    """A function, a mode, and what was measured so far."""

    mode: str
    size: Size
    call: Any
    pid: int
    req: fnv1.RunFunctionRequest
    first: float
    dice: random.Random
    times: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def repeat(self) -> None:
        """Call it, each time after an autoscaler moved one group, in bytes as Go writes them."""
        calls = CALLS_IN_TURN if self.size.groups < 1000 else SLOW_CALLS_IN_TURN
        written = []
        for number in range(calls):
            move(self.req, number)
            # Written by protobuf itself where Python would take a second each.
            large = self.size.groups >= 1000
            data = self.req.SerializeToString() if large else shuffled(self.req, self.dice)
            written.append(data)
        spent = cpu_seconds(self.pid)
        for data in written:
            begun = time.perf_counter()
            self.call(data)
            self.times.append((time.perf_counter() - begun) * 1000)
        self.cpu_seconds += cpu_seconds(self.pid) - spent

    def figures(self) -> Figures:
        """What was measured."""
        cuts = statistics.quantiles(self.times, n=100)
        return Figures(
            self.mode,
            self.size.windows,
            len(self.req.observed.resources),
            self.req.ByteSize() / 1000,
            self.first,
            cuts[49],
            cuts[98],
            self.cpu_seconds / len(self.times) * 1000,
        )


def begin(call: Any, pid: int, mode: str, size: Size) -> Run:
    """The first call, and the request of those that follow."""
    req = first_request(mode, plan_document(datetime.now(UTC).replace(microsecond=0), size))
    begun = time.perf_counter()
    rsp = fnv1.RunFunctionResponse.FromString(call(req.SerializeToString()))
    first = (time.perf_counter() - begun) * 1000
    usable = next(each for each in rsp.conditions if each.type == "PlanUsable")
    assert usable.status == fnv1.STATUS_CONDITION_TRUE, usable.message
    dice = random.Random(1)  # noqa: S311 - no secret
    return Run(mode, size, call, pid, running_request(req, rsp), first, dice)


def connect(function: CapacityFunction, certificates: Certificates) -> grpc.Channel:
    """A channel with mTLS, as Crossplane opens one."""
    files = [(certificates.client / name).read_bytes() for name in ("ca.crt", "tls.key", "tls.crt")]
    return grpc.secure_channel(function.target, grpc.ssl_channel_credentials(*files))


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    line = next(each for each in status.splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1]) / 1000


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def latencies(
    function: CapacityFunction, least: CapacityFunction, certificates: Certificates, calls: int
) -> list[Figures]:
    """Latency by size and mode."""
    with connect(function, certificates) as channel, connect(least, certificates) as other:
        call, least_call = channel.unary_unary(METHOD), other.unary_unary(METHOD)
        runs: list[Run] = []
        for size in SIZES:
            # 1,000 templates beside 1,000 node groups are more than a message of 4 MiB.
            modes = ("Inject", "Compose") if size.groups < 1000 else ("Compose",)
            ours = [begin(call, function.pid, mode, size) for mode in modes]
            dice = random.Random(1)  # noqa: S311 - no secret
            last = ours[-1].req
            runs += [*ours, Run("SDK only", size, least_call, least.pid, last, 0.0, dice)]
        # In turns, so that whatever else the machine does weighs on all alike.
        for _ in range(max(1, calls // CALLS_IN_TURN)):
            for run in runs:
                run.repeat()
        return [run.figures() for run in runs]


def load(
    functions: Sequence[CapacityFunction], certificates: Certificates, size: Size, *limits: str
) -> dict[str, Any]:
    """Many XRs at once, from a process of their own."""
    command = [
        *(sys.executable, str(REPOSITORY / "benchmarks" / "function_load.py")),
        *("--targets", ",".join(each.target for each in functions)),
        *("--certificates", str(certificates.client), "--xrs", str(XRS)),
        *("--groups", str(size.groups), "--windows", str(size.windows), *limits),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        client.stdout.readline()
        spent = sum(cpu_seconds(each.pid) for each in functions)
        told = client.stdout.read()
    if client.returncode:
        raise RuntimeError(f"the client ended with status {client.returncode}")
    measured: dict[str, Any] = json.loads(told)
    spent = sum(cpu_seconds(each.pid) for each in functions) - spent
    return {
        **measured,
        "cpu_ms": spent / max(1, measured["calls"]) * 1000,
        "per_second": measured["calls"] / measured["seconds"],
        "resident": [resident_mb(each.pid) for each in functions],
    }


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=500, help="a size and mode (default 500)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of load, a size (default 5)")
    parser.add_argument("--memory-calls", type=int, default=5000, help="default 5000")
    options = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates = make_certificates(folder)
        starts = []
        for _ in range(5):
            with capacity_function(folder, certificates) as function:
                starts.append(function.start_seconds)
        console.print(
            f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; "
            f"start to serving {statistics.median(starts):.2f} s (median of {len(starts)})"
        )
        with (
            capacity_function(folder, certificates) as function,
            template_function(folder, certificates) as least,
        ):
            rows = latencies(function, least, certificates, options.calls)
        _print_latencies(console, rows, options.calls)
        for size in LOADS:
            with (
                capacity_function(folder, certificates) as one,
                capacity_function(folder, certificates) as two,
            ):
                seconds = str(options.seconds)
                measured = load((one, two), certificates, size, "--seconds", seconds)
            _print_load(console, f"{XRS} XRs of {size.groups} groups, 2 replicas", measured)
        with capacity_function(folder, certificates) as function:
            tenth = str(options.memory_calls // 10)
            load((function,), certificates, LOADS[0], "--calls", tenth)
            before = resident_mb(function.pid)
            rest = str(options.memory_calls - int(tenth))
            measured = load((function,), certificates, LOADS[0], "--calls", rest)
            title = f"{options.memory_calls} calls of 1 replica"
            _print_load(console, title, measured)
            console.print(
                f"resident {before:.0f} MB after {tenth} calls, "
                f"{resident_mb(function.pid):.0f} MB after {options.memory_calls}"
            )


def _print_latencies(console: Console, rows: Sequence[Figures], calls: int) -> None:
    table = Table(title=f"mTLS on loopback, up to {calls} calls each, one at a time")
    headings = ("groups", "windows", "request-kB", "first-ms", "p50-ms", "p99-ms", "CPU-ms")
    table.add_column("mode")
    for heading in headings:
        table.add_column(heading.replace("-", " "), justify="right")
    for row in rows:
        values = (row.request_kb, row.first, row.p50, row.p99, row.cpu)
        cells = [f"{each:.1f}" for each in values]
        table.add_row(row.mode, str(row.groups), str(row.windows), *cells)
    console.print(table)


def _print_load(console: Console, title: str, measured: dict[str, Any]) -> None:
    resident = ", ".join(f"{each:.0f}" for each in measured["resident"])
    console.print(
        f"{title}: {measured['calls']} calls in {measured['seconds']:.1f} s = "
        f"{measured['per_second']:.0f} a second, errors {measured['errors'] or 'none'}, "
        f"p50 {measured['p50_ms']:.0f} ms, p99 {measured['p99_ms']:.0f} ms with queueing, "
        f"{measured['cpu_ms']:.1f} ms of processor a call, requests of "
        f"{measured['request_kb']:.0f} kB, resident {resident} MB"
    )


if __name__ == "__main__":
    main()
