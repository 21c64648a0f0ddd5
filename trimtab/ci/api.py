"""JSON over HTTP to a code host's API: retried where trying again helps, one clear error where not.

Proxies are those of the environment (HTTPS_PROXY, NO_PROXY), certificates those of the machine
(SSL_CERT_FILE) and of the host's own authority. The token goes to that host and to no other: nothing is
followed to another one, neither a redirection nor a next page.
"""

import functools
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trimtab import __version__
from trimtab.errors import EngineError, InputError

TIMEOUT_SECONDS = 30
TRIES = 4
_BUSY = {429, 500, 502, 503, 504}
_MOVED = range(300, 400)


class RefusedError(EngineError):
    """A host answered that it will not; `status` is the answer's."""

    status = 0


@dataclass(frozen=True)
class Api:
    """A code host's API.

    Attributes:
        url: where it starts, without a slash at its end.
        headers: of every request: the token.
        sleep: waits so many seconds between tries.
        mend: what a user should do about a status, given it and the host's words.
        authority: file of the certificates that sign the host's, beside the machine's.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)  # the token is in no traceback
    sleep: Callable[[float], None] = time.sleep
    mend: Callable[[int, str], str | None] = lambda _status, _said: None
    authority: str | None = None

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """The answer of one call, an object.

        Raises:
            RefusedError: the host refused it.
            EngineError: it could not be reached, or answered what its API does not.
        """
        answer, _ = self._call(method, f"{self.url}{path}", body)
        if not isinstance(answer, dict):
            raise self._odd(method, path)
        return answer

    def pages(self, path: str) -> Iterator[Mapping[str, Any]]:
        """The items of every page of a list, as the `Link` header leads on."""
        url: str | None = f"{self.url}{path}"
        while url:
            answer, link = self._call("GET", url, None)
            if not isinstance(answer, list) or not all(isinstance(each, dict) for each in answer):
                raise self._odd("GET", path)
            yield from answer
            url = _next(link)
            if url and _origin(url) != _origin(self.url):
                raise EngineError(
                    f"the list's next page is on another host, {_origin(url)}",
                    mend="set the API's address as the host itself gives it",
                )

    def _call(self, method: str, url: str, body: Mapping[str, Any] | None) -> tuple[Any, str]:
        data = None if body is None else json.dumps(body).encode()
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"trimtab/{__version__}",
            **self.headers,
        }
        opener = _opener(self.authority)
        for left in reversed(range(TRIES)):
            request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the user's own host
            try:
                with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                    return json.loads(answer.read() or b"null"), answer.headers.get("Link", "")
            except urllib.error.HTTPError as error:
                said_wait = error.headers.get("Retry-After")
                if left and _again(error.code, method, said_wait):
                    self.sleep(_wait(said_wait, TRIES - left))
                    continue
                raise self._refused(method, url, error) from None
            except (OSError, ValueError, HTTPException) as error:
                if left and method != "POST":
                    self.sleep(_wait(None, TRIES - left))
                    continue
                reason = getattr(error, "reason", error)
                raise EngineError(
                    f"{method} {_bare(url)} failed: {reason}",
                    mend="check the network, or run it again",
                ) from None
        raise AssertionError("the last try returns or raises")

    def _refused(self, method: str, url: str, error: urllib.error.HTTPError) -> RefusedError:
        said = _said(error)
        if error.code in _MOVED:
            said = f"to {_bare(error.headers.get('Location') or 'nowhere')}"
            mend: str | None = "name the repository and the API as they are called now"
        else:
            mend = self.mend(error.code, said)
        words = f"({said})" if said else error.reason
        refused = RefusedError(f"{method} {_bare(url)} answered {error.code} {words}", mend=mend)
        refused.status = error.code
        return refused

    def _odd(self, method: str, path: str) -> EngineError:
        return EngineError(
            f"{method} {self.url}{_bare(path)} answered what the API does not",
            mend="check the API's address, and proxies in between",
        )


class _Here(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirected POST would come out a GET, and the token would go along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@functools.cache
def _opener(authority: str | None) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_Here()]
    if authority is not None:
        context = ssl.create_default_context()
        try:
            context.load_verify_locations(authority)
        except (OSError, ssl.SSLError):
            raise InputError("holds no certificates", where=authority) from None
        handlers.append(urllib.request.HTTPSHandler(context=context))
    return urllib.request.build_opener(*handlers)


def authority_in(file: str) -> str | None:
    """A file of certificates, where there is one."""
    return file if file and Path(file).is_file() else None


def _again(status: int, method: str, said_wait: str | None) -> bool:
    """Whether to try again: never what may have been done, for a comment would stand twice."""
    slow_down = status == 429 or (status == 403 and said_wait is not None)
    return slow_down or (status in _BUSY and method != "POST")


def _wait(said: str | None, tried: int) -> float:
    """Seconds to wait: what the host says, up to a minute; else 1, 2, 4."""
    if said and said.isdecimal():
        return min(float(said), 60.0)
    return float(2 ** (tried - 1))


def _said(error: urllib.error.HTTPError) -> str:
    """The host's own words, on one line."""
    try:
        said = json.loads(error.read() or b"{}").get("message", "")
    except (ValueError, AttributeError, OSError, HTTPException):
        return ""
    return " ".join(str(said).split())[:200]


def _bare(url: str) -> str:
    """A URL without its query."""
    return url.partition("?")[0]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _next(link: str) -> str | None:
    """The address of the next page in a `Link` header."""
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return address.strip().strip("<>")
    return None
