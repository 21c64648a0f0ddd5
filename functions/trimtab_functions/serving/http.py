"""The metrics port: Prometheus's page and the kubelet's probes, over plain HTTP.

Served by the loop that serves gRPC, so that a probe's answer says that this loop is alive. A kubelet
can't show a client certificate, so the standard gRPC health service on the mTLS port is not for it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import NamedTuple

PATIENCE_SECONDS = 5.0
"""For a client to send its request and to read the answer."""

MAX_REQUEST_BYTES = 16 * 1024


class Page(NamedTuple):
    """An answer."""

    status: HTTPStatus
    content_type: str
    body: bytes


def text(status: HTTPStatus, body: str) -> Page:
    """An answer in plain text."""
    return Page(status, "text/plain; charset=utf-8", body.encode())


Routes = dict[str, Callable[[], Page]]


async def start(host: str, port: int, routes: Routes) -> asyncio.Server:
    """Serve pages by their paths, to GET and HEAD.

    Raises:
        OSError: the address can't be listened on.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whatever the client does wrong ends its connection, and nothing else.
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_respond(head, routes))
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    return await asyncio.start_server(answer, host, port, limit=MAX_REQUEST_BYTES)


def _respond(head: bytes, routes: Routes) -> bytes:
    method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ", 2)
    route = routes.get(target.partition("?")[0])
    if method not in ("GET", "HEAD"):
        page = text(HTTPStatus.METHOD_NOT_ALLOWED, "use GET\n")
    elif route is None:
        page = text(HTTPStatus.NOT_FOUND, f"there are {', '.join(sorted(routes))}\n")
    else:
        page = route()
    lines = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(page.body)}",
        "Connection: close",
        "",
        "",
    )
    return "\r\n".join(lines).encode() + (b"" if method == "HEAD" else page.body)
