"""JSON over HTTP to a code host's API: retried where trying again helps, one clear error where not."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab import __version__
from trimtab.errors import EngineError

TIMEOUT_SECONDS = 30
TRIES = 4
_BUSY = {429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Api:
    """A code host's API.

    Attributes:
        url: where it starts, without a slash at its end.
        headers: of every request: the token.
        sleep: waits so many seconds between tries.
        mends: by HTTP status, what a user should do about it.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)  # the token is in no traceback
    sleep: Callable[[float], None] = time.sleep
    mends: Mapping[int, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer of one call.

        Raises:
            EngineError: the host refused it, or could not be reached.
        """
        return self._call(method, f"{self.url}{path}", body)[0]

    def pages(self, path: str) -> Iterator[Any]:
        """The items of every page of a list, as the `Link` header leads on."""
        url: str | None = f"{self.url}{path}"
        while url:
            answer, link = self._call("GET", url, None)
            yield from answer
            url = _next(link)

    def _call(self, method: str, url: str, body: Mapping[str, Any] | None) -> tuple[Any, str]:
        data = None if body is None else json.dumps(body).encode()
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"trimtab/{__version__}",
            **self.headers,
        }
        for left in reversed(range(TRIES)):
            request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the user's own host
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                    return json.loads(answer.read() or b"null"), answer.headers.get("Link", "")
            except urllib.error.HTTPError as error:
                # Creating a comment again after a server's error could write it twice.
                again = error.code == 429 or (error.code in _BUSY and method != "POST")
                if again and left:
                    self.sleep(_wait(error.headers.get("Retry-After"), TRIES - left))
                    continue
                raise EngineError(
                    f"{method} {_bare(url)} answered {error.code} {_reason(error)}",
                    mend=self.mends.get(error.code),
                ) from None
            except (OSError, ValueError) as error:
                if left and method != "POST":
                    self.sleep(_wait(None, TRIES - left))
                    continue
                reason = getattr(error, "reason", error)
                raise EngineError(
                    f"{method} {_bare(url)} failed: {reason}",
                    mend="check the network, or run it again",
                ) from None
        raise AssertionError("the last try returns or raises")


def _wait(said: str | None, tried: int) -> float:
    """Seconds to wait: what the host says, up to a minute; else 1, 2, 4."""
    if said and said.isdecimal():
        return min(float(said), 60.0)
    return float(2 ** (tried - 1))


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        said = json.loads(error.read() or b"{}").get("message", "")
    except (ValueError, AttributeError, OSError):
        said = ""
    return f"({said})" if said else error.reason


def _bare(url: str) -> str:
    """A URL without its query."""
    return url.partition("?")[0]


def _next(link: str) -> str | None:
    """The address of the next page in a `Link` header."""
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return address.strip().strip("<>")
    return None
