"""GitHub's and GitLab's comments over real HTTP, as their APIs answer."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class CodeHost:
    """A server with the comments of one pull request.

    Attributes:
        url: where it listens.
        token: what requests must carry.
        comments: what is kept, by id.
        failures: statuses to answer next, before anything else.
        calls: method and path of each request.
    """

    token: str = "secret-token"
    url: str = ""
    comments: dict[int, str] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    per_page: int = 2

    def github(self) -> dict[str, str]:
        """The environment of a GitHub Actions run of pull request 7."""
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": "acme/infra",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_TOKEN": self.token,
        }

    def gitlab(self) -> dict[str, str]:
        """The environment of a GitLab CI run of merge request 7."""
        return {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": self.url,
            "CI_PROJECT_ID": "99",
            "CI_PROJECT_URL": f"{self.url}/acme/infra",
            "CI_MERGE_REQUEST_IID": "7",
            "GITLAB_TOKEN": self.token,
        }


_LISTS = re.compile(r"/repos/acme/infra/issues/7/comments|/projects/99/merge_requests/7/notes")
_ONE = re.compile(
    r"(?:/repos/acme/infra/issues/comments|/projects/99/merge_requests/7/notes)/(\d+)"
)


@contextmanager
def code_host() -> Iterator[CodeHost]:
    """A server on a free port of this machine."""
    host = CodeHost()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def _answer(self, status: int, body: Any, link: str = "") -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if status == 429:
                self.send_header("Retry-After", "3")
            if link:
                self.send_header("Link", link)
            self.end_headers()
            self.wfile.write(data)

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            place = urlsplit(self.path)
            host.calls.append((self.command, place.path))
            tokens = {self.headers.get("PRIVATE-TOKEN"), self.headers.get("Authorization")}
            if host.failures:
                status = host.failures.pop(0)
                self._answer(status, {"message": f"failure {status}"})
            elif not tokens & {host.token, f"Bearer {host.token}"}:
                self._answer(401, {"message": "Bad credentials"})
            elif _LISTS.fullmatch(place.path) and self.command == "GET":
                self._page(place.path, int(parse_qs(place.query).get("page", ["1"])[0]))
            elif _LISTS.fullmatch(place.path) and self.command == "POST":
                number = max(host.comments, default=100) + 1
                host.comments[number] = body["body"]
                self._answer(201, _comment(host, number))
            elif (found := _ONE.fullmatch(place.path)) and self.command in {"PATCH", "PUT"}:
                host.comments[int(found[1])] = body["body"]
                self._answer(200, _comment(host, int(found[1])))
            else:
                self._answer(404, {"message": "Not Found"})

        def _page(self, path: str, page: int) -> None:
            numbers = sorted(host.comments)
            start = (page - 1) * host.per_page
            shown = numbers[start : start + host.per_page]
            more = start + host.per_page < len(numbers)
            link = f'<{host.url}{path}?page={page + 1}>; rel="next"' if more else ""
            self._answer(200, [_comment(host, number) for number in shown], link)

        do_GET = do_POST = do_PATCH = do_PUT = _serve  # noqa: N815 - the server's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _comment(host: CodeHost, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "body": host.comments[number],
        "html_url": f"{host.url}/acme/infra/pull/7#issuecomment-{number}",
    }
