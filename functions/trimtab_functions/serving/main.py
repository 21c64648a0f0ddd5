"""The command `trimtab-capacity-function`: Crossplane's standard options for a function."""

import ctypes
import sys
from datetime import UTC, datetime
from typing import Any

import click
from crossplane.function import cli as function_cli

from trimtab_functions.serving.runner import FunctionRunner

KEPT_BYTES = 32 * 1024 * 1024
"""Memory that is kept from call to call: several times what the largest request takes."""

# glibc's malloc.h
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


@click.command(help="Serve the capacity function over gRPC, with mTLS unless told otherwise.")
@function_cli.standard_options
def cli(**options: Any) -> None:
    """Serve until told to stop."""
    _keep_memory()
    function_cli.run(FunctionRunner(lambda: datetime.now(UTC)), **options)


def _keep_memory() -> None:
    """Let malloc keep a request's memory for the next one.

    By default glibc gives it back to the kernel after each call and has it mapped in anew, page by
    page, which took a fifth of a call.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in (
            (_M_MMAP_THRESHOLD, KEPT_BYTES),
            (_M_TRIM_THRESHOLD, KEPT_BYTES),
            (_M_TOP_PAD, KEPT_BYTES // 4),
        ):
            mallopt(option, value)


if __name__ == "__main__":
    cli()
