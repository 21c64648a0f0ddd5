"""JSON over HTTP: retried where trying again helps, one clear error where not.

A request that changes nothing is tried again when the server is busy (429, 5xx), when the connection breaks
and when the answer is cut short; one that creates something only where the server refused it unread (429).
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from trimtab import __version__
from trimtab.errors import EngineError

TIMEOUT_SECONDS = 30
TRIES = 4
LONGEST_WAIT_SECONDS = 60.0
_BUSY = {429, 500, 502, 503, 504}


def call_json(
    url: str,
    *,
    method: str = "GET",
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    sleep: Callable[[float], None] | None = None,
    mends: Mapping[int, str] | None = None,
) -> tuple[Any, Mapping[str, str]]:
    """The answer of one call, and its headers.

    Args:
        url: `http` or `https`; errors name it without its query, which may hold a key.
        method: a POST is not repeated after an error of the server's: it could be done twice.
        body: sent as JSON.
        headers: of the request: a token.
        sleep: waits so many seconds between tries; default: `time.sleep`.
        mends: by HTTP status, what a user should do about it.

    Raises:
        EngineError: the server refused it, answered no JSON, or could not be reached.
    """
    data = None if body is None else json.dumps(body).encode()
    sent = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": f"trimtab/{__version__}",
        **(headers or {}),
    }
    wait = sleep or time.sleep
    for left in reversed(range(TRIES)):
        request = urllib.request.Request(url, data, sent, method=method)  # noqa: S310 - the caller's own host
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null"), answer.headers
        except urllib.error.HTTPError as error:
            again = error.code == 429 or (error.code in _BUSY and method != "POST")
            if again and left:
                wait(_wait(error.headers.get("Retry-After"), TRIES - left))
                continue
            raise EngineError(
                f"{method} {_bare(url)} answered {error.code} {_reason(error)}",
                mend=(mends or {}).get(error.code),
            ) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            if left and method != "POST":
                wait(_wait(None, TRIES - left))
                continue
            reason = getattr(error, "reason", error)
            raise EngineError(
                f"{method} {_bare(url)} failed: {reason}",
                mend="check the network, or run it again",
            ) from None
    raise AssertionError("the last try returns or raises")


def _wait(said: str | None, tried: int) -> float:
    """Seconds to wait: what the server says, up to a minute; else 1, 2, 4."""
    if said and said.isdecimal():
        return min(float(said), LONGEST_WAIT_SECONDS)
    return float(2 ** (tried - 1))


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        said = json.loads(error.read() or b"{}")
        told = said.get("message") or said.get("error", {}).get("message", "")
    except (ValueError, AttributeError, OSError, http.client.HTTPException):
        told = ""
    return f"({told})" if told else error.reason


def _bare(url: str) -> str:
    """A URL without its query."""
    return url.partition("?")[0]
