"""The command `trimtab-capacity-function`: Crossplane's standard options for a function, and ours.

Every option is also an environment variable of its name in capitals.
"""

import asyncio
import ctypes
import gc
import sys
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click
import structlog
from crossplane.function import cli as function_cli

from trimtab.errors import TrimtabError
from trimtab_functions.capacity.compose import Clock
from trimtab_functions.develop.recording import recorded
from trimtab_functions.dispatch import Functions
from trimtab_functions.memo import Memo
from trimtab_functions.serving import http, logs, traces
from trimtab_functions.serving.certificates import MountedCertificate
from trimtab_functions.serving.metrics import CONTENT_TYPE, Metrics
from trimtab_functions.serving.runner import FunctionRunner
from trimtab_functions.serving.server import Serving, serve
from trimtab_functions.serving.summary import Summariser

MAX_MIB = 8
"""Of a message. Crossplane's own gRPC takes responses of 4 MiB; requests hold as much and the rest."""

METRICS_ADDRESS = "0.0.0.0:8080"
"""The port that Crossplane's runtime names `metrics`."""

KEPT_BYTES = 32 * 1024 * 1024
"""Memory that is kept from call to call: several times what the largest request takes."""

# glibc's malloc.h
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8


@click.command(
    help="Serve the capacity function over gRPC, with mTLS unless told otherwise.",
    context_settings={"default_map": {"max_recv_message_size": MAX_MIB}},
)
@function_cli.standard_options
@click.option(
    "--metrics-address",
    envvar="METRICS_ADDRESS",
    help="Address of Prometheus's page /metrics and the probes /healthz and /readyz, over plain "
    f"HTTP; empty for none. Defaults to {METRICS_ADDRESS}, with --insecure to none.",
)
@click.option(
    "--log-level",
    type=click.Choice(logs.LEVELS),
    default="info",
    show_default=True,
    envvar="LOG_LEVEL",
    help="The least level that is logged, as JSON lines. --debug logs all, for people to read.",
)
@click.option(
    "--shutdown-delay-seconds",
    type=click.FloatRange(0, 300),
    default=0.0,
    show_default=True,
    envvar="SHUTDOWN_DELAY_SECONDS",
    help="How long calls are still taken after the signal to end, not ready any more.",
)
@click.option(
    "--grace-seconds",
    type=click.FloatRange(0, 300),
    default=5.0,
    show_default=True,
    envvar="GRACE_SECONDS",
    help="How long calls that are under way then have to end.",
)
def cli(**options: Any) -> None:
    """Serve until told to stop."""
    logs.configure("debug" if options["debug"] else options["log_level"], readable=options["debug"])
    try:
        run(options)
    except TrimtabError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(int(error.exit_code))


def run(options: dict[str, Any]) -> None:
    """Build the function and serve it.

    Raises:
        TrimtabError: an option can't be followed.
    """
    _keep_memory()
    log = structlog.get_logger()
    summariser = Summariser()
    memos: dict[str, Memo[Any]] = {"summaries": summariser.memo}

    def make(clock: Clock) -> Functions:
        # Without TLS it is a developer who calls, with objects that may be edited by hand.
        made = Functions(clock, by_version=not options["insecure"])
        memos.update(made.memos)
        return made

    functions = recorded(make, lambda: datetime.now(UTC), log)
    metrics = Metrics(memos)
    tracer = traces.tracer()

    def renewed() -> None:
        metrics.certificate_renewed()
        log.info("a renewed certificate is served")

    def page() -> http.Page:
        return http.Page(HTTPStatus.OK, CONTENT_TYPE, metrics.page())

    runner = FunctionRunner(functions, summariser, metrics, tracer, log)
    # What was imported lives as long as the process: a full collection looked at all of it again, and
    # took 50 ms within some call.
    gc.freeze()
    try:
        asyncio.run(serve(runner, page, _serving(options, renewed)))
    finally:
        tracer.close()


def _serving(options: dict[str, Any], renewed: Any) -> Serving:
    insecure: bool = options["insecure"]
    folder: str | None = options["tls_certs_dir"]
    if folder is None and not insecure:
        raise click.UsageError("name the certificates' folder with --tls-server-certs-dir")
    credentials = None
    if folder is not None and not insecure:
        credentials = MountedCertificate(Path(folder), renewed).credentials()
    metrics_address: str | None = options["metrics_address"]
    if metrics_address is None and not insecure:
        metrics_address = METRICS_ADDRESS
    received: int = options["max_recv_message_size"]
    return Serving(
        options["address"],
        credentials,
        metrics_address or None,
        received,
        options["max_send_message_size"] or received,
        options["shutdown_delay_seconds"],
        options["grace_seconds"],
    )


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
            (_M_ARENA_MAX, 2),  # each of gRPC's threads would keep as much for itself
        ):
            mallopt(option, value)


if __name__ == "__main__":
    cli()
