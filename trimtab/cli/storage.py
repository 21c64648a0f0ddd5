"""`trimtab storage`: what storage costs, and what to do with what is there."""

from pathlib import Path
from typing import Annotated

from trimtab.cli.output import Format
from trimtab.cli.parameters import option

_REGIONS = {"aws": "us-east-1", "azure": "eastus", "gcp": "us-central1"}
Output = Annotated[Format, option("--format", help="How to print the result.")]


def classes(
    provider: Annotated[
        list[str] | None, option(help="Only this provider; repeatable. Default: every one.")
    ] = None,
    region: Annotated[
        str | None,
        option(help="Where prices are read; default: us-east-1, eastus, us-central1."),
    ] = None,
    intent: Annotated[
        str | None,
        option(help="Only what suits hot, warm, cold, scratch, shared or snapshot data."),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """List the kinds of storage that a plan may choose: prices, limits and what each is for.

    A price that is not known is a dash, never 0. Storage of one's own has the price that its owner states
    in an inventory (ownedStorage).

    \b
    Examples:
      trimtab storage classes
      trimtab storage classes --provider aws --region eu-west-1 --intent hot
      trimtab storage classes --provider gcp --format json
    """
    from trimtab.cli.storage_tables import print_classes

    print_classes(provider, region, intent, _REGIONS, output)


def advise(
    access: Annotated[
        Path,
        option(
            metavar="FILE",
            help="CSV, a row a claim: claim, gib, backend or class, and of used_gib, iops, mibps, "
            "iops_p95, mibps_p95, days_since_access, measured_days, bound what is known.",
        ),
    ],
    region: Annotated[
        str | None,
        option(help="Where the claims are; default: us-east-1, eastus or us-central1."),
    ] = None,
    storage_class: Annotated[
        list[str] | None,
        option("--class", metavar="NAME=BACKEND", help="What a class gives; repeatable."),
    ] = None,
    limit: Annotated[int, option(help="Rows of the table; JSON has all.", min=1)] = 30,
    output: Output = Format.TABLE,
) -> None:
    """Say what to do with each claim: keep, grow, retune, shrink, move, snapshot; and what that saves.

    Statistics that are missing or span fewer than 14 days never make a claim smaller or slower. A change
    must win back its cost within three months.

    \b
    Examples:
      trimtab storage advise --access claims.csv --region us-east-1
      trimtab storage advise --access claims.csv --class fast=ebs-io2 --format json
    """
    from trimtab.cli.storage_tables import print_advice

    print_advice(access, region, storage_class or [], limit, _REGIONS, output)


def lifecycle(
    objects: Annotated[
        Path,
        option(
            metavar="FILE",
            help="CSV, a row a group of objects: group, gib, objects, reads_per_month, "
            "retrieved_gib_per_month, lifetime_days, and may_wait; for --out prefix.",
        ),
    ],
    region: Annotated[str, option(help="Where the bucket is.")] = "us-east-1",
    out: Annotated[
        Path | None,
        option(metavar="FILE", help="Write the rules that pay as a document for DataLifecycle."),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Say which S3 lifecycle rule pays for each group of objects, and until how much reading.

    Counted are storage, least sizes and times, retrieval, requests, monitoring and the transition itself.
    A blank number of reads is not known, and not 0.

    \b
    Examples:
      trimtab storage lifecycle --objects objects.csv
      trimtab storage lifecycle --objects objects.csv --out rules.yaml
      trimtab storage lifecycle --objects objects.csv --format json
    """
    from trimtab.cli.storage_tables import print_rules

    print_rules(objects, region, out, output)


storage = {"classes": classes, "advise": advise, "lifecycle": lifecycle}
"""The commands of `trimtab storage`."""
