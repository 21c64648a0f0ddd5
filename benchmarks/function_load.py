"""A client of the function under load: many XRs at once, from a process of its own.

`benchmarks.function_latency` starts it. Each XR calls as soon as its last call is answered, spread over
the replicas in turns; between two calls of an XR an autoscaler has moved one of its groups, and every
map is written in another order. Prints a line when the load
begins, then what it measured as JSON.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

import grpc  # noqa: E402
from crossplane.function import response  # noqa: E402
from crossplane.function.proto.v1 import run_function_pb2 as fnv1  # noqa: E402

from benchmarks.function_requests import (  # noqa: E402
    Size,
    first_request,
    move,
    plan_document,
    plan_part,
    running_request,
    shuffled,
)
from trimtab_functions.dispatch import Functions  # noqa: E402

METHOD = "/apiextensions.fn.proto.v1.FunctionRunnerService/RunFunction"
VARIANTS = 2
"""Of each XR's request, and of the plan that goes with them."""
WARMING = 2
"""How often every replica answers every request before the load begins."""
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Load:
    """What was measured.

    Attributes:
        calls: that were answered as planned.
        errors: that were not, by what was said.
        seconds: that all of it took.
        p50_ms: with the time that a call waited for its turn.
    """

    calls: int
    errors: dict[str, int]
    seconds: float
    request_kb: float
    p50_ms: float
    p99_ms: float


def requests(xrs: int, size: Size) -> tuple[list[list[bytes]], list[bytes]]:
    """Each XR's requests without the plan, and the plan."""
    dice = random.Random(1)  # noqa: S311 - no secret
    now = datetime.now(UTC).replace(microsecond=0)
    plan = plan_document(now, size)
    functions = Functions(lambda: now)
    each_xr = []
    first = first_request("Compose", plan)
    plan_parts = [plan_part(first, dice) for _ in range(VARIANTS)]
    for number in range(xrs):
        req = first_request("Compose", plan, f"cluster-{number}")
        rsp = response.to(req)
        functions.compose(req, rsp)
        running = running_request(req, rsp)
        running.required_resources.clear()
        variants = []
        for turn in range(VARIANTS):
            move(running, turn)
            variants.append(shuffled(running, dice))
        each_xr.append(variants)
    return each_xr, plan_parts


async def drive(
    channels: Sequence[grpc.aio.Channel], xrs: int, size: Size, seconds: float, calls: int
) -> Load:
    """Call until the time is over, or until so many calls were answered."""
    each_xr, plan_parts = requests(xrs, size)
    stubs = [channel.unary_unary(METHOD) for channel in channels]
    times: list[float] = []
    errors: dict[str, int] = {}
    # Every replica has seen every XR before the time begins: the load is what goes on for ever.
    for stub in stubs:
        for variants in each_xr:
            for variant in variants * WARMING:
                await stub(variant + plan_parts[0], timeout=TIMEOUT_SECONDS)
    print("warm", flush=True)
    begun = time.perf_counter()

    async def run(number: int, variants: list[bytes]) -> None:
        turn = number
        while time.perf_counter() - begun < seconds and len(times) < calls:
            turn += 1
            data = variants[turn % VARIANTS] + plan_parts[(turn // VARIANTS) % VARIANTS]
            sent = time.perf_counter()
            try:
                answer = await stubs[turn % len(stubs)](data, timeout=TIMEOUT_SECONDS)
            except grpc.aio.AioRpcError as error:
                said = str(error.code())
                errors[said] = errors.get(said, 0) + 1
                continue
            times.append(time.perf_counter() - sent)
            # Looked at in full now and then, so that the client takes little of the processor.
            if turn % 50 == number % 50 and not _is_planned(answer):
                errors["not as planned"] = errors.get("not as planned", 0) + 1

    await asyncio.gather(*(run(i, variants) for i, variants in enumerate(each_xr)))
    took = time.perf_counter() - begun
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    kb = (len(each_xr[0][0]) + len(plan_parts[0])) / 1000
    return Load(len(times), errors, took, kb, cuts[49] * 1000, cuts[98] * 1000)


def _is_planned(answer: bytes) -> bool:
    rsp = fnv1.RunFunctionResponse.FromString(answer)
    return [each.reason for each in rsp.conditions] == ["PlanFound", "AsPlanned"]


async def main(options: Any) -> Load:
    """Connect to every replica, and drive them."""
    files = [(options.certificates / n).read_bytes() for n in ("ca.crt", "tls.key", "tls.crt")]
    credentials = grpc.ssl_channel_credentials(*files)
    channels = [grpc.aio.secure_channel(each, credentials) for each in options.targets.split(",")]
    size = Size(options.groups, options.windows)
    load = await drive(channels, options.xrs, size, options.seconds, options.calls)
    for channel in channels:
        await channel.close()
    return load


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", required=True, help="HOST:PORT of every replica")
    parser.add_argument("--certificates", type=Path, required=True, help="the client's")
    parser.add_argument("--xrs", type=int, required=True)
    parser.add_argument("--groups", type=int, required=True)
    parser.add_argument("--windows", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--calls", type=int, default=10**9)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    print(json.dumps(asdict(asyncio.run(main(parser.parse_args())))))
