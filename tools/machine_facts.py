"""Write what AWS's machines carry: `python -m tools.machine_facts [--check]`.

Rows whose source is `ec2` come from EC2's DescribeInstanceTypes as the installed moto bundles it, of
every type on the Nitro system but the Macs. The other rows are kept by hand: types
that the bundle lacks, each with the page that says so.

Exit codes: 0 done; with --check, 1 where the file is not what this writes.
"""

import argparse
import csv
import gzip
import io
import json
import sys
from collections.abc import Iterable, Mapping
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

from tools.environments import ROOT
from trimtab.files import write_atomic

FACTS = ROOT / "trimtab" / "provision" / "eks" / "machines.csv"
COLUMNS = (
    "instance_type",
    "architecture",
    "accelerator",
    "accelerators",
    "network_cards",
    "first_card_interfaces",
    "efa_cards",
    "nvme_disks",
    "nvme_gb",
    "source",
)
SOURCE = "ec2"

Row = dict[str, str]


def written(bundled: Mapping[str, Mapping[str, Any]], before: str) -> str:
    """The file's text: bundled types in their order by name, and the hand-kept rows of `before`."""
    kept = [row for row in _rows(before) if row["source"] != SOURCE]
    by_name = {row["instance_type"]: row for row in kept}
    by_name |= {name: _row(name, facts) for name, facts in bundled.items() if _usable(name, facts)}
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(by_name[name] for name in sorted(by_name, key=_order))
    return _notes(before) + out.getvalue()


def bundled_types() -> dict[str, dict[str, Any]]:
    """DescribeInstanceTypes' answer by instance type, from the installed moto."""
    data = resources.files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes()
    found: dict[str, dict[str, Any]] = json.loads(gzip.decompress(data))
    return found


def _usable(name: str, facts: Mapping[str, Any]) -> bool:
    nitro = facts.get("Hypervisor") == "nitro" or facts["BareMetal"]
    return bool(nitro) and not name.startswith("mac")


def _row(name: str, facts: Mapping[str, Any]) -> Row:
    network = facts["NetworkInfo"]
    cards = sorted(network["NetworkCards"], key=lambda card: card["NetworkCardIndex"])
    efa = [c["NetworkCardIndex"] for c in cards if "efa" in c.get("InterfaceTypes", ())]
    most = network.get("EfaInfo", {}).get("MaximumEfaInterfaces", 0)
    if len(efa) < most:
        raise ValueError(f"{name}: {len(efa)} cards take EFA, but {most} interfaces may be EFA")
    accelerator, count = _accelerator(facts)
    disks = facts.get("InstanceStorageInfo", {})
    nvme = disks.get("Disks", []) if disks.get("NvmeSupport") == "required" else []
    (architecture,) = set(facts["ProcessorInfo"]["SupportedArchitectures"]) & {"x86_64", "arm64"}
    return {
        "instance_type": name,
        "architecture": architecture,
        "accelerator": accelerator,
        "accelerators": count,
        "network_cards": str(len(cards)),
        "first_card_interfaces": str(cards[0]["MaximumNetworkInterfaces"]),
        # Some machines have more cards that take EFA than interfaces that may be EFA.
        "efa_cards": _ranges(efa[:most]),
        "nvme_disks": str(sum(disk["Count"] for disk in nvme)),
        "nvme_gb": str(sum(disk["Count"] * disk["SizeInGB"] for disk in nvme)),
        "source": SOURCE,
    }


def _accelerator(facts: Mapping[str, Any]) -> tuple[str, str]:
    """Maker and model, and how many; a part of a GPU is a fraction."""
    for holder, key, maker in (
        ("GpuInfo", "Gpus", ""),
        ("NeuronInfo", "NeuronDevices", "AWS"),
        ("FpgaInfo", "Fpgas", ""),
        ("InferenceAcceleratorInfo", "Accelerators", ""),
    ):
        for device in facts.get(holder, {}).get(key, []):
            count = device["Count"] or device.get("GpuPartitionSize", 0)
            return f"{device.get('Manufacturer', maker)} {device['Name']}", f"{count:g}"
    return "", "0"


def _ranges(numbers: Iterable[int]) -> str:
    """1, 2, 3, 7 as `1-3 7`."""
    runs = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    spans = [[number for _, number in run] for _, run in runs]
    return " ".join(f"{s[0]}-{s[-1]}" if len(s) > 1 else str(s[0]) for s in spans)


def _order(name: str) -> tuple[str, int, str]:
    family, _, size = name.partition(".")
    digits = "".join(c for c in size.partition("x")[0] if c.isdigit())
    return family, int(digits or 0), size


def _rows(text: str) -> list[Row]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def _notes(text: str) -> str:
    return "".join(f"{line}\n" for line in text.splitlines() if line.startswith("#"))


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or with --check compare it."""
    parser = argparse.ArgumentParser(description="Write what AWS's machines carry.")
    parser.add_argument("csv", nargs="?", type=Path, default=FACTS, help="default: %(default)s")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    options = parser.parse_args(arguments)
    path: Path = options.csv
    before = path.read_text(encoding="utf-8")
    after = written(bundled_types(), before)
    if after == before:
        return 0
    if options.check:
        print(f"{path}: stale; run python -m tools.machine_facts", file=sys.stderr)
        return 1
    write_atomic(path, after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
