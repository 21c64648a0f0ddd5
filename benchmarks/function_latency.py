"""Latency, start and memory of the capacity function: `.venv/function/bin/python benchmarks/function_latency.py`.

A client process calls the function over mTLS on loopback, one call at a time, as Crossplane does for
one XR: 40 groups of 12, 24 and 48 windows in three pools, all running, one of them resized from
call to call. In mode Inject an earlier step composed the node groups; in mode Compose the XR names
the pools. The first call of each, which reads the plan, is shown apart. Beside them a function of
the same SDK that answers nothing takes the same request: what it needs is gRPC's, TLS's and
protobuf's.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

import grpc  # noqa: E402
from crossplane.function.proto.v1 import run_function_pb2 as fnv1  # noqa: E402
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from support import plans  # noqa: E402
from support.capacity_function import (  # noqa: E402
    CapacityFunction,
    Certificates,
    capacity_function,
    make_certificates,
    template_function,
)

POOLS = {"trainer": 16, "serving": 16, "batch": 8}
WINDOWS = (12, 24, 48)
"""Per group; a plan may have 48 at most, and a week's plan merges to about 24."""
WINDOW_HOURS = 4
CALLS_IN_TURN = 50
SPEC = {
    "planRef": {"name": "example"},
    "pools": list(POOLS),
    "clusterName": "ml",
    "region": "us-east-1",
    "nodeRoleArn": "arn:aws:iam::111122223333:role/node",
    "subnetIds": ["subnet-a", "subnet-b", "subnet-c"],
}


def plan_document(start: datetime, count: int) -> dict[str, Any]:
    """A plan of 40 groups with `count` windows each, the first of which holds at `start`."""
    shift = start - plans.START
    sizes = [(i % 3, i % 3 + 2, i % 3 + 5) for i in range(count)]
    windows = plans.windows(*sizes, hours=WINDOW_HOURS)
    for window in windows:
        for edge in ("start", "end"):
            window[edge] = (datetime.fromisoformat(window[edge]) + shift).isoformat()
    document = plans.plan_data(
        pools=[
            plans.pool(
                name=name,
                groups=[
                    plans.group(f"group-{i}", {"option": "on-demand"}, windows=windows)
                    for i in range(groups)
                ],
            )
            for name, groups in POOLS.items()
        ]
    )
    end = start + timedelta(hours=WINDOW_HOURS * count)
    document["spec"] |= {
        "asOf": start.isoformat(),
        "start": start.isoformat(),
        "validUntil": end.isoformat(),
    }
    document["metadata"] |= {"namespace": "ml", "resourceVersion": "1", "uid": "5e7f"}
    return document


def first_request(mode: str, plan: dict[str, Any]) -> fnv1.RunFunctionRequest:
    """The request of an XR none of whose node groups exists yet."""
    req = fnv1.RunFunctionRequest()
    req.meta.tag = "benchmark"
    req.input.update(
        {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input", "mode": mode}
    )
    req.observed.composite.resource.update(
        {
            "apiVersion": "platform.trimtab.dev/v1alpha1",
            "kind": "NodeGroupSet",
            "metadata": {"name": "ml", "namespace": "ml"},
            "spec": SPEC,
        }
    )
    req.required_resources["capacity-plan"].items.add().resource.update(plan)
    if mode == "Inject":
        for pool in plan["spec"]["pools"]:
            for group in pool["groups"]:
                key = f"{pool['name']}-{group['name']}"
                req.desired.resources[key].resource.update(_template(pool["name"], group["name"]))
    return req


def _template(pool: str, group: str) -> dict[str, Any]:
    provider = {key: SPEC[key] for key in ("clusterName", "region", "nodeRoleArn", "subnetIds")}
    return {
        "apiVersion": "eks.aws.m.upbound.io/v1beta1",
        "kind": "NodeGroup",
        "metadata": {"labels": {"trimtab.dev/pool": pool, "trimtab.dev/group": group}},
        "spec": {"forProvider": provider},
    }


def running_request(
    req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse
) -> fnv1.RunFunctionRequest:
    """The same request once what the response desires runs and is reported by the provider."""
    later = fnv1.RunFunctionRequest()
    later.CopyFrom(req)
    for key, desired in rsp.desired.resources.items():
        observed = later.observed.resources[key].resource
        observed.CopyFrom(desired.resource)
        provider = observed["spec"]["forProvider"]
        reported = dict(provider.items())
        reported["scalingConfig"] = {**dict(provider["scalingConfig"].items()), "desiredSize": 3}
        observed.update(
            {
                "status": {
                    "atProvider": {**reported, "arn": "arn:aws:eks:…", "status": "ACTIVE"},
                    "conditions": [
                        {"type": "Ready", "status": "True", "reason": "Available"},
                        {"type": "Synced", "status": "True", "reason": "ReconcileSuccess"},
                    ],
                }
            }
        )
    return later


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
    windows: int
    stub: Any
    pid: int
    req: fnv1.RunFunctionRequest
    first: float
    times: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def repeat(self, calls: int) -> None:
        """Call it, each time after an autoscaler moved one group."""
        moving = sorted(self.req.observed.resources)
        spent = cpu_seconds(self.pid)
        for number in range(calls):
            moved = self.req.observed.resources[moving[number % len(moving)]].resource
            moved["status"]["atProvider"]["scalingConfig"]["desiredSize"] = 2 + number % 3
            begun = time.perf_counter()
            self.stub.RunFunction(self.req)
            self.times.append((time.perf_counter() - begun) * 1000)
        self.cpu_seconds += cpu_seconds(self.pid) - spent

    def figures(self) -> Figures:
        """What was measured."""
        cuts = statistics.quantiles(self.times, n=100)
        return Figures(
            self.mode,
            self.windows,
            len(self.req.observed.resources),
            self.req.ByteSize() / 1000,
            self.first,
            cuts[49],
            cuts[98],
            self.cpu_seconds / len(self.times) * 1000,
        )


def begin(stub: Any, pid: int, mode: str, windows: int) -> Run:
    """The first call, and the request of those that follow."""
    req = first_request(mode, plan_document(datetime.now(UTC).replace(microsecond=0), windows))
    begun = time.perf_counter()
    rsp = stub.RunFunction(req)
    first = (time.perf_counter() - begun) * 1000
    usable = next(each for each in rsp.conditions if each.type == "PlanUsable")
    assert usable.status == fnv1.STATUS_CONDITION_TRUE, usable.message
    return Run(mode, windows, stub, pid, running_request(req, rsp), first)


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


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000, help="calls a mode (default 1000)")
    calls: int = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates = make_certificates(folder)
        starts = []
        for _ in range(3):
            with capacity_function(folder, certificates) as function:
                starts.append(function.start_seconds)
        with (
            capacity_function(folder, certificates) as function,
            template_function(folder, certificates) as least,
            connect(function, certificates) as channel,
            connect(least, certificates) as least_channel,
        ):
            pid = function.process.process.pid
            stub = grpcv1.FunctionRunnerServiceStub(channel)  # type: ignore[no-untyped-call]
            least_stub = grpcv1.FunctionRunnerServiceStub(least_channel)  # type: ignore[no-untyped-call]
            runs = []
            for windows in WINDOWS:
                modes = [begin(stub, pid, mode, windows) for mode in ("Inject", "Compose")]
                least_pid = least.process.process.pid
                runs += modes
                runs.append(Run("SDK only", windows, least_stub, least_pid, modes[1].req, 0.0))
            # In turns, so that whatever else the machine does weighs on all alike.
            for _ in range(max(1, calls // CALLS_IN_TURN)):
                for run in runs:
                    run.repeat(CALLS_IN_TURN)
            rows = [run.figures() for run in runs]
            resident = resident_mb(pid)
    table = Table(title=f"capacity function, mTLS on loopback, {calls} calls a mode")
    for heading in (
        "mode",
        "groups",
        "windows",
        "request kB",
        "first ms",
        "p50 ms",
        "p99 ms",
        "CPU ms",
    ):
        table.add_column(heading, justify="left" if heading == "mode" else "right")
    for row in rows:
        table.add_row(
            row.mode,
            str(row.groups),
            str(row.windows),
            *(f"{each:.1f}" for each in (row.request_kb, row.first, row.p50, row.p99, row.cpu)),
        )
    console = Console()
    console.print(table)
    console.print(
        f"start to serving {statistics.median(starts):.2f} s (median of {len(starts)}), "
        f"resident {resident:.0f} MB; {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
