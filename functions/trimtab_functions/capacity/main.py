"""The command `trimtab-capacity-function`: Crossplane's standard options for a function."""

from datetime import UTC, datetime
from typing import Any

import click
from crossplane.function import cli as function_cli

from trimtab_functions.capacity.runner import FunctionRunner


@click.command(help="Serve the capacity function over gRPC, with mTLS unless told otherwise.")
@function_cli.standard_options
def cli(**options: Any) -> None:
    """Serve until told to stop."""
    function_cli.run(FunctionRunner(lambda: datetime.now(UTC)), **options)


if __name__ == "__main__":
    cli()
