"""Build the built-in machine tables: `python -m tools.machines --aws-karpenter DIR … [--to FOLDER]`.

Each source is a checkout, a git directory, or for kube-resource-report the unpacked wheel;
`DIR@COMMIT` reads another commit than HEAD. Deterministic: the same checkouts give the same bytes.
docs/diff/prices.md says what each source is and how old.

Exit codes: 0 done, 1 a source can't be read.
"""

import argparse
import csv
import sys
from pathlib import Path

from tools.machines import aws, azure, gcp
from tools.machines.model import UnusableSourceError
from tools.machines.writing import write

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "trimtab" / "pricing" / "book" / "machines"
OFFERS = ROOT / "trimtab" / "catalogue" / "builtin_offers.csv"
SOURCES = {
    "aws-karpenter": "aws/karpenter-provider-aws: list prices and sizes",
    "aws-price-watcher": "v0rts/aws-price-watcher: list prices of every region",
    "spotinfo": "alexei-led/spotinfo: interruption bands and spot savings",
    "ec2-info": "LeanerCloud/ec2-instances-info: one-year rates",
    "opencost": "opencost/opencost: three-year rates",
    "kube-resource-report": "the wheel of kube-resource-report: list prices of other regions",
    "azure-karpenter": "Azure/karpenter-provider-azure: list prices",
    "azure-catalogue": "anycloud-sh/catalog: list and spot prices, sizes",
    "gcp-calculator": "Cyclenerd/google-cloud-pricing-cost-calculator: every price and size",
}


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Build the built-in machine tables.")
    for name, what in SOURCES.items():
        parser.add_argument(f"--{name}", required=True, metavar="DIR", help=what)
    parser.add_argument("--aws-pages-as-of", required=True, metavar="DATE", help="of its prices")
    parser.add_argument("--gcp-as-of", required=True, metavar="DATE", help="of its price list")
    parser.add_argument("--to", type=Path, default=TABLES, help="default: %(default)s")
    given = parser.parse_args(arguments)
    with OFFERS.open(encoding="utf-8", newline="") as stream:
        built_in = {
            (row["provider"], row["region"], row["instance_type"]) for row in csv.DictReader(stream)
        }
    try:
        providers = [
            aws.machines(
                given.aws_karpenter,
                given.aws_price_watcher,
                given.aws_pages_as_of,
                given.spotinfo,
                given.ec2_info,
                given.opencost,
                given.kube_resource_report,
            ),
            azure.machines(given.azure_karpenter, given.azure_catalogue),
            gcp.machines(given.gcp_calculator, given.gcp_as_of),
        ]
    except (OSError, UnusableSourceError) as error:
        print(error, file=sys.stderr)
        return 1
    for machines in providers:
        write(machines, given.to, built_in)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
