"""`python -m benchmarks [NAME …]`: run the benchmarks, all or those named."""

import importlib
import sys

BENCHMARKS = ("plan_speed", "function_latency", "preview_speed")


def main(names: list[str]) -> int:
    """Run them in order; the exit code is 2 when a name is unknown."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(
            f"error: no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
        return 2
    for name in names or BENCHMARKS:
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
