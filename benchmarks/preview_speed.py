"""How long `make preview` takes the second time, when nothing has changed."""

from benchmarks.measure import Figure, print_figures, run, runs


def main() -> None:
    """Measure and print; the first run sets up and plans, and is not counted."""
    run(["make", "preview", "ARGS="])
    again = runs(["make", "preview", "ARGS="], 3)
    print_figures(
        "make preview, the second time, median of 3",
        [
            Figure("wall time", again.wall_seconds, 15.0, "s"),
            Figure("peak memory of one process", again.peak_mib, 900.0, "MiB"),
        ],
    )


if __name__ == "__main__":
    main()
