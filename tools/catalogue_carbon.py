"""Fill `gco2e_per_hour` of the built-in offers: `python tools/catalogue_carbon.py [--check] [CSV]`.

Grams of CO2e of one node for one hour at half load, in use and to make, as `trimtab.carbon` works them out.
The cell stays blank where the accelerator's power is not published; a family or a region that is not in
the core's tables is an error here, for these offers are to be exact. trimtab/catalogue/SOURCES.md says where
the figures come from and how far to trust them.

Exit codes: 0 done, 1 the file cannot be used, or with --check its column is not what this writes.
"""

import argparse
import csv
import io
import os
import sys
import tempfile
from pathlib import Path

from trimtab.carbon.coefficients import grid_of, host_of
from trimtab.carbon.emissions import NodeEmissions, machine_emissions

OFFERS = Path(__file__).resolve().parent.parent / "trimtab" / "catalogue" / "builtin_offers.csv"
COLUMN = "gco2e_per_hour"


class UnusableFileError(Exception):
    """The table cannot be used; the message names the file, the line and the mend."""


def emissions(row: dict[str, str]) -> NodeEmissions | None:
    """The emissions of one row of the table; None where its accelerator's power is unknown.

    Raises:
        KeyError: the provider, region or family is not in the core's tables; its text says which.
        ValueError: a size is not a number.
    """
    provider, region, kind = row["provider"], row["region"], row["instance_type"]
    vcpu, gib = float(row["vcpu"]), float(row["memory_gib"])
    host = host_of(provider, kind)
    if host is None:
        raise KeyError(f"no CPU known for {provider} {kind}")
    if grid_of(provider, region) is None:
        raise KeyError(f"no grid intensity for {provider} {region}")
    return machine_emissions(
        provider,
        region,
        kind,
        host,
        vcpu=vcpu,
        memory_gib=gib,
        accelerator=row["accelerator"] or None,
        devices=float(row["accelerator_count"] or 0),
    )


def filled(text: str, where: str) -> str:
    """The table with its column computed anew; every other cell as it was.

    Raises:
        UnusableFileError: not such a table, or a row that the tables above do not cover.
    """
    reader = csv.DictReader(io.StringIO(text))
    if not reader.fieldnames or COLUMN not in reader.fieldnames:
        raise UnusableFileError(f"{where}: no column {COLUMN}; give the built-in offers")
    rows = []
    for row in reader:
        try:
            grams = emissions(row)
        except (KeyError, ValueError, TypeError) as error:
            raise UnusableFileError(
                f"{where}, line {reader.line_num}: {error.args[0]}; mend the row or extend the "
                "tables of trimtab/carbon"
            ) from error
        rows.append({**row, COLUMN: "" if grams is None else f"{grams.gco2e_per_hour:.1f}"})
    out = io.StringIO()
    writer = csv.DictWriter(out, reader.fieldnames, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _write(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        Path(temporary).chmod(path.stat().st_mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fill gco2e_per_hour of the built-in offers.")
    parser.add_argument("csv", nargs="?", type=Path, default=OFFERS, help="default: %(default)s")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    options = parser.parse_args(arguments)
    path: Path = options.csv
    try:
        before = path.read_bytes().decode("utf-8")
        after = filled(before, str(path))
        if options.check:
            if after != before:
                print(f"{path}: {COLUMN} is stale; run python tools/catalogue_carbon.py")
                return 1
        elif after != before:
            _write(path, after)
    except (OSError, UnicodeDecodeError, UnusableFileError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
