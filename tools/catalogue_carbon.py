"""Fill `gco2e_per_hour` of the built-in offers: `python tools/catalogue_carbon.py [--check] [CSV]`.

Grams of CO2e of one node for one hour, in use and to make:

    power_kw     = (vcpu x watts per vCPU + memory x watts per GiB
                    + accelerators x thermal design power x accelerator factor) / 1000
    operational  = power_kw x PUE of the provider x grid intensity of the region
    embodied     = (chassis x vcpu / the host's vcpu + memory + accelerators) / lifetime

at half load (the utilisation that Cloud Carbon Footprint assumes). Storage and network are left
out. The cell stays blank where the accelerator's power is not published; a family or a region that
is not in the tables below is an error. trimtab/catalogue/SOURCES.md says where the figures come
from and how far to trust them.

Exit codes: 0 done, 1 the file cannot be used, or with --check its column is not what this writes.
"""

import argparse
import csv
import io
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

OFFERS = Path(__file__).resolve().parent.parent / "trimtab" / "catalogue" / "builtin_offers.csv"
COLUMN = "gco2e_per_hour"

# Cloud Carbon Footprint: cloud-carbon-footprint/ccf-coefficients, 2026-04-24 (Apache-2.0),
# output/coefficients-aws-use.csv: watts per vCPU, idle and fully loaded, from SPECpower.
WATTS_PER_VCPU = {
    "Broadwell": (0.7128, 3.6853),
    "Cascade Lake": (0.6903, 4.0632),
    "Skylake": (0.6130, 4.1042),
    "Ice Lake": (0.7668, 3.7582),
    "Sapphire Rapids": (1.0363, 4.1605),
    "Emerald Rapids": (0.8140, 4.4820),
    "EPYC 2nd Gen": (0.4743, 1.6930),
    "EPYC 3rd Gen": (0.4556, 1.9573),
    "EPYC 4th Gen": (0.7391, 2.2822),
    # One figure for every Graviton in the source; the stand-in for other Arm server CPUs.
    "Graviton": (0.4743, 1.6930),
}
UTILISATION = 0.5
WATTS_PER_GIB = 0.392  # the same repository: 0.000392 kWh per GB-hour

# Thermal design power per device in watts, from the makers' data sheets (A10G: the limit that
# nvidia-smi shows on g5). Trainium, Inferentia, TPU and the FPGA of f2 are absent: their power is
# not published.
TDP_WATTS = {
    "a10": 150,
    "a10g": 300,
    "a100-40gb": 400,
    "a100-80gb": 400,
    "b200": 1000,
    "gb200": 1200,
    "h100-80gb": 700,
    "h100-94gb": 400,
    "h200-141gb": 700,
    "l4": 72,
    "l40s": 350,
    "mi300x": 750,
    "t4": 70,
    "t4g": 70,
    "v100-16gb": 300,
}
# Types whose card differs from the model's usual form, or whose model has several makes.
TDP_WATTS_OF_TYPE = {
    "Standard_NC24ads_A100_v4": 300,  # the PCIe card
    "Standard_NP10s": 225,  # Alveo U250
}
# Idle and full load of the GPUs in cloud-carbon-footprint/cloud-carbon-footprint, 2024-03-25
# (T4, V100, A100, after Teads), are 12 % and 102 % of the thermal design power.
ACCELERATOR_FACTOR = 0.12 + UTILISATION * (1.02 - 0.12)

# The same repository; for Google Cloud the trailing twelve months of the region where it is given.
PUE = {"aws": 1.135, "azure": 1.185, "gcp": 1.1}
PUE_OF_REGION = {
    ("gcp", "us-central1"): 1.11,
    ("gcp", "us-east4"): 1.08,
    ("gcp", "europe-west4"): 1.07,
    ("gcp", "asia-southeast1"): 1.13,
}

# Grams of CO2e per kWh, annual average, location-based. AWS and Azure: the same repository (EPA
# eGRID by NERC region, EEA, carbonfootprint.com). Google Cloud:
# GoogleCloudPlatform/region-carbon-info, 2025-12-03 (Apache-2.0), year 2024.
GRID_GCO2E_PER_KWH = {
    ("aws", "us-east-1"): 379.069,
    ("aws", "us-east-2"): 410.608,
    ("aws", "us-west-2"): 322.167,
    ("aws", "eu-west-1"): 278.6,
    ("aws", "eu-central-1"): 311.0,
    ("aws", "ap-northeast-1"): 465.8,
    ("azure", "eastus"): 379.069,
    ("azure", "eastus2"): 379.069,
    ("azure", "westeurope"): 328.4,
    ("azure", "swedencentral"): 5.67,
    ("gcp", "us-central1"): 412.72,
    ("gcp", "us-east4"): 323.05,
    ("gcp", "us-east5"): 323.05,
    ("gcp", "us-west4"): 357.30,
    ("gcp", "europe-west4"): 208.81,
    ("gcp", "asia-southeast1"): 366.85,
}

# Embodied kilograms of CO2e: ccf-coefficients, ccfcoef/constants.py (after Teads and the Dell R740
# life-cycle assessment), spread over four years of 8,760 hours.
CHASSIS_KG = 1000 + 100  # a rack server and its second CPU
MEMORY_KG_PER_GIB = 533 / 384
ACCELERATOR_KG = 150
LIFETIME_HOURS = 4 * 8760

# Instance type prefix to CPU and vCPUs of the host (the family's largest shared size). No prefix
# begins another.
HOSTS = {
    "aws": {
        "m6i.": ("Ice Lake", 128),
        "m6a.": ("EPYC 3rd Gen", 192),
        "m7i.": ("Sapphire Rapids", 192),
        "c7i.": ("Sapphire Rapids", 192),
        "r7i.": ("Sapphire Rapids", 192),
        "m7g.": ("Graviton", 64),
        "c7g.": ("Graviton", 64),
        "m8g.": ("Graviton", 192),
        "g4dn.": ("Cascade Lake", 96),
        "g5.": ("EPYC 2nd Gen", 192),
        "g5g.": ("Graviton", 64),
        "g6.": ("EPYC 3rd Gen", 192),
        "g6e.": ("EPYC 3rd Gen", 192),
        "p3.": ("Broadwell", 64),
        "p4d.": ("Cascade Lake", 96),
        "p4de.": ("Cascade Lake", 96),
        "p5.": ("EPYC 3rd Gen", 192),
        "p5en.": ("Sapphire Rapids", 192),
        "p6-b200.": ("Emerald Rapids", 192),
        "trn1.": ("Ice Lake", 128),
        "trn2.": ("Sapphire Rapids", 192),
        "inf2.": ("EPYC 3rd Gen", 192),
        "f2.": ("EPYC 3rd Gen", 192),
    },
    "gcp": {
        "e2-": ("Skylake", 128),
        "n2-": ("Cascade Lake", 128),
        "c3-": ("Sapphire Rapids", 176),
        "c4-": ("Emerald Rapids", 288),
        "c4a-": ("Graviton", 72),
        "g2-": ("Cascade Lake", 96),
        "a2-": ("Cascade Lake", 96),
        "a3-highgpu-": ("Sapphire Rapids", 208),
        "a3-ultragpu-": ("Emerald Rapids", 224),
        "a4-": ("Emerald Rapids", 224),
        "ct5lp-": ("EPYC 3rd Gen", 224),
        "ct5p-": ("EPYC 3rd Gen", 208),
        "ct6e-": ("EPYC 3rd Gen", 180),
    },
    "azure": {
        "Standard_D16s_v5": ("Ice Lake", 96),
        "Standard_D16s_v6": ("Emerald Rapids", 192),
        "Standard_E16s_v6": ("Emerald Rapids", 192),
        "Standard_D16ps_v6": ("Graviton", 96),
        "Standard_NC4as_T4_v3": ("EPYC 2nd Gen", 64),
        "Standard_NV36ads_A10_v5": ("EPYC 3rd Gen", 72),
        "Standard_NC24ads_A100_v4": ("EPYC 3rd Gen", 96),
        "Standard_ND96asr_v4": ("EPYC 2nd Gen", 96),
        "Standard_ND96amsr_A100_v4": ("EPYC 2nd Gen", 96),
        "Standard_NC40ads_H100_v5": ("EPYC 4th Gen", 80),
        "Standard_ND96isr_": ("Sapphire Rapids", 96),
        "Standard_ND128isr_NDR_GB200_v6": ("Graviton", 128),
        "Standard_NP": ("Skylake", 40),
    },
}


class UnusableFileError(Exception):
    """The table cannot be used; the message names the file, the line and the mend."""


@dataclass(frozen=True)
class Emissions:
    """Grams of CO2e of one node for one hour."""

    operational: float
    embodied: float

    @property
    def total(self) -> float:
        return self.operational + self.embodied


def emissions(row: dict[str, str]) -> Emissions | None:
    """The emissions of one row of the table; None where its accelerator's power is unknown.

    Raises:
        KeyError: the provider, region or family is not in the tables above; its text says which.
        ValueError: a size is not a number.
    """
    provider, region, kind = row["provider"], row["region"], row["instance_type"]
    vcpu, gib = float(row["vcpu"]), float(row["memory_gib"])
    devices = float(row["accelerator_count"] or 0)
    tdp = TDP_WATTS_OF_TYPE.get(kind) or TDP_WATTS.get(row["accelerator"])
    if row["accelerator"] and tdp is None:
        return None
    cpu, host_vcpu = _host(provider, kind)
    idle, full = WATTS_PER_VCPU[cpu]
    watts = (
        vcpu * (idle + UTILISATION * (full - idle))
        + gib * WATTS_PER_GIB
        + devices * (tdp or 0) * ACCELERATOR_FACTOR
    )
    place = (provider, region)
    if place not in GRID_GCO2E_PER_KWH:
        raise KeyError(f"no grid intensity for {provider} {region}")
    pue = PUE_OF_REGION.get(place, PUE[provider])
    made_kg = CHASSIS_KG * vcpu / host_vcpu + gib * MEMORY_KG_PER_GIB + devices * ACCELERATOR_KG
    return Emissions(
        operational=watts / 1000 * pue * GRID_GCO2E_PER_KWH[place],
        embodied=made_kg * 1000 / LIFETIME_HOURS,
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
                "tables of tools/catalogue_carbon.py"
            ) from error
        rows.append({**row, COLUMN: "" if grams is None else f"{grams.total:.1f}"})
    out = io.StringIO()
    writer = csv.DictWriter(out, reader.fieldnames, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _host(provider: str, kind: str) -> tuple[str, int]:
    for prefix, host in HOSTS.get(provider, {}).items():
        if kind.startswith(prefix):
            return host
    raise KeyError(f"no CPU known for {provider} {kind}")


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
