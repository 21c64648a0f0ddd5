"""Fuzz the function's requests: `make bench ARGS="function_fuzz --minutes 30 --folder DIR"`.

Mutates requests (their bytes, and the values in their objects), answers each in this process, and
holds the answer to what `support.request_fuzz` requires. What said something new joins the corpus; what
broke is kept with its traceback. Both are files in the folder, so that the next run goes on from there.
"""

import argparse
import hashlib
import os
import random
import re
import resource
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from crossplane.function.proto.v1 import run_function_pb2 as fnv1  # noqa: E402

from support.request_fuzz import NOW, BrokenError, answer, mutate, seeds  # noqa: E402
from trimtab_functions.dispatch import Functions  # noqa: E402

MAX_CORPUS = 1500
MAX_BYTES = 400_000
"""Of a request that joins the corpus, so that it doesn't only grow."""

SLOW_SECONDS = 2.0
"""Of processor time for one request of at most `MAX_BYTES`."""

MAX_RESIDENT_MB = 500
BATCH = 500


@dataclass
class Fuzzer:
    """One run.

    Attributes:
        folder: where corpus and findings are.
        executions: requests that were made.
        decoded: those that protobuf could read.
        findings: those that broke something, by what broke.
    """

    folder: Path
    random: random.Random
    functions: Functions = field(default_factory=lambda: Functions(lambda: NOW))
    executions: int = 0
    decoded: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    corpus: list[bytes] = field(default_factory=seeds)
    known: set[str] = field(default_factory=set)

    def load(self) -> None:
        """Go on from what earlier runs left."""
        for name in ("corpus", "findings"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for path in sorted((self.folder / "corpus").iterdir()):
            self.known.add(path.name)
            self.corpus.append(path.read_bytes())

    def execute(self) -> None:
        """Make a request, and answer it."""
        data = mutate(self.random, self.corpus)
        self.executions += 1
        begun = time.process_time()
        try:
            rsp = answer(self.functions, data)
        except Exception as error:  # noqa: BLE001 - every one is a finding
            self._find(data, error)
            return
        if time.process_time() - begun > SLOW_SECONDS and len(data) < MAX_BYTES:
            self._find(data, BrokenError("an answer took too long"))
        if rsp is not None:
            self.decoded += 1
            self._keep(data, rsp)

    def _keep(self, data: bytes, rsp: fnv1.RunFunctionResponse) -> None:
        """Take a request into the corpus when its answer says something new."""
        said = [re.sub(r"[\d'\"].*", "", each.message)[:60] for each in rsp.conditions]
        reasons = [each.reason for each in rsp.conditions]
        shape = f"{reasons} {said} {min(len(rsp.desired.resources), 6)}"
        name = hashlib.sha256(shape.encode()).hexdigest()[:16]
        if name in self.known or len(self.known) >= MAX_CORPUS or len(data) > MAX_BYTES:
            return
        self.known.add(name)
        self.corpus.append(data)
        (self.folder / "corpus" / name).write_bytes(data)

    def _find(self, data: bytes, error: Exception) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        kind = re.sub(r"[\d.]+", "N", str(error)) if isinstance(error, BrokenError) else ""
        kind = re.sub(r"^\S+(?= is dropped|: )", "KEY", kind)
        what = f"{type(error).__name__} {kind} at {Path(where.filename).name}:{where.lineno}"
        self.findings[what] = self.findings.get(what, 0) + 1
        if self.findings[what] > 3:
            return
        name = hashlib.sha256(what.encode()).hexdigest()[:12] + f"-{self.findings[what]}"
        path = self.folder / "findings" / name
        path.with_suffix(".request").write_bytes(data)
        text = f"{what}\n\n{''.join(traceback.format_exception(error))}"
        path.with_suffix(".txt").write_text(text, "utf-8")
        print(f"found: {what}; {path}.request", flush=True)

    def report(self, seconds: float) -> None:
        """Print how far it is."""
        print(
            f"{self.executions} requests ({self.decoded} decoded) in {seconds:.0f} s of processor "
            f"time, corpus {len(self.corpus)}, peak resident {_peak_mb():.0f} MB, findings: "
            f"{self.findings or 'none'}",
            flush=True,
        )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> int:
    """Run until the time is over; the exit status is 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="of processor time (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations (default 0)")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "build" / "fuzz")
    options = parser.parse_args()
    os.nice(10)
    fuzzer = Fuzzer(options.folder, random.Random(options.seed))  # noqa: S311 - no secret
    fuzzer.load()
    begun, told = time.process_time(), 0.0
    while (spent := time.process_time() - begun) < options.minutes * 60:
        for _ in range(BATCH):
            fuzzer.execute()
        if _peak_mb() > MAX_RESIDENT_MB:
            print(f"found: {_peak_mb():.0f} MB resident", flush=True)
            fuzzer.findings["memory"] = 1
            break
        if spent - told > 60:
            told = spent
            fuzzer.report(spent)
    fuzzer.report(time.process_time() - begun)
    return 1 if fuzzer.findings else 0


if __name__ == "__main__":
    sys.exit(main())
