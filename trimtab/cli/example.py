"""`trimtab example`: a synthetic series and two workloads to plan from."""

from pathlib import Path
from typing import Annotated

from trimtab.cli.output import info
from trimtab.cli.parameters import option
from trimtab.errors import InputError


def example(
    out: Annotated[Path, option(metavar="DIR", help="Folder to write to; made when absent.")],
    estate: Annotated[
        bool,
        option("--estate", help="Six workloads on six kinds of machine, and a held reservation."),
    ] = False,
    hybrid: Annotated[
        bool,
        option(
            "--hybrid",
            help="A cloud, a hall of one's own, two stores and a plant: fourteen workloads, some of "
            "which must stay where they are.",
        ),
    ] = False,
    storage: Annotated[
        bool, option("--storage", help="Storage tiers, claims and objects instead.")
    ] = False,
) -> None:
    """Write a synthetic year of hourly GPU demand and two Kubernetes workloads to plan from.

    Nothing in it was measured. The bytes are always the same; files of these names are replaced.

    \b
    Examples:
      trimtab example --out build/example
      trimtab example --estate --out build/estate
      trimtab example --storage --out build/storage
      trimtab example --hybrid --out build/hybrid

    Raises:
        InputError: the folder can't be written, or two kinds are asked for.
    """
    if estate + hybrid + storage > 1:
        raise InputError(
            "are different examples",
            where="--estate, --hybrid, --storage",
            mend="ask for one of them",
        )
    if storage:
        from trimtab.example_storage import write_storage

        command = write_storage(out)
        info(f"wrote {out}")
        info(f"next: {command}")
        return
    if estate or hybrid:
        from trimtab.example_estate import write_estate
        from trimtab.example_hybrid import write_hybrid

        command = write_estate(out) if estate else write_hybrid(out)
        info(f"wrote {out}")
        info(f"next: {command}")
        return
    from trimtab.example import write_example

    files = write_example(out)
    for path in files:
        info(f"wrote {path}")
    info(
        f"next: trimtab plan --demand {files.demand} --workloads {files.workloads} --unit gpus "
        "--out plan.yaml"
    )
