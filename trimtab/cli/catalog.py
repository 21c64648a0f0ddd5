"""`trimtab catalog`: fetch the providers' prices, and see what is known."""

from pathlib import Path
from typing import Annotated

from trimtab.cli.output import Format
from trimtab.cli.parameters import argument, option

Folder = Annotated[
    Path | None,
    option(help="Folder of fetched prices; default: TRIMTAB_PRICES, else the user's cache."),
]
Providers = Annotated[
    list[str] | None, option("--provider", help="Only this provider; repeatable.")
]
Regions = Annotated[list[str] | None, option("--region", help="Only this region; repeatable.")]


def refresh(
    provider: Providers = None,
    region: Regions = None,
    service: Annotated[
        list[str] | None,
        option(help="Only this service, such as machines, spot or AmazonRDS; repeatable."),
    ] = None,
    folder: Folder = None,
    max_age: Annotated[
        str, option(help="Leave alone what is no older, such as 7d; 0h fetches everything.")
    ] = "7d",
    as_of: Annotated[
        str | None, option(help="Instant of the fetch, ISO 8601; default: now.")
    ] = None,
    offers: Annotated[
        Path | None,
        option(help="Also write the machines as a price table for trimtab plan --offers."),
    ] = None,
) -> None:
    """Fetch prices from AWS, Azure, Google Cloud (aws, azure, gcp) and the GPU clouds (gpu).

    What is fetched is written part by part, one provider, region and service at a time. A run that is
    interrupted goes on where it stopped; a part that fails leaves the others alone, and ends it with
    status 5. trimtab diff uses fetched prices before the built-in ones.

    \b
    Examples:
      trimtab catalog refresh
      trimtab catalog refresh --provider aws --region us-east-1 --service machines --service spot
      trimtab catalog refresh --provider azure --max-age 0h --folder prices
    """
    from trimtab.cli.catalog_refresh import run

    run(provider, region, service, folder, max_age, as_of, offers)


def show(
    name: Annotated[
        str | None,
        argument(
            metavar="NAME", help="Machine type, or a rate's name or pattern; without: the layers."
        ),
    ] = None,
    provider: Providers = None,
    region: Regions = None,
    sort: Annotated[str, option(help="Cheapest first: on-demand, spot, 1y or 3y.")] = "on-demand",
    folder: Folder = None,
    output: Annotated[Format, option("--format", help="How to print the result.")] = Format.TABLE,
) -> None:
    """Say what a machine or a rate costs: where, how bought, as of when, and from where.

    A machine has one row a region, the cheapest first. Without a name: which layers of prices there are,
    how much they hold and how old it is; with one --provider, region by region.

    \b
    Examples:
      trimtab catalog show p5.48xlarge
      trimtab catalog show Standard_ND96isr_H100_v5 --sort spot --format json
      trimtab catalog show aws/nat-gateway/hour
      trimtab catalog show 'ebs/gp3/*' --region us-east-1
      trimtab catalog show --provider aws
    """
    from trimtab.cli.catalog_show import run

    run(name, provider, region, sort, folder, output)


def export(
    out: Annotated[Path, option(help="Where to write it; - is stdout.")],
    provider: Providers = None,
    region: Regions = None,
    folder: Folder = None,
) -> None:
    """Write the machines of all layers as a price table, for trimtab plan --offers.

    \b
    Examples:
      trimtab catalog export --provider aws --region us-east-1 --out offers.csv
    """
    from trimtab.cli.catalog_export import run

    run(out, provider, region, folder)


catalog = {"refresh": refresh, "show": show, "export": export}
"""Its commands."""
