"""GitHub's and GitLab's comments over real HTTP, as their APIs answer."""

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = "github-actions[bot]"


@dataclass
class CodeHost:
    """A server with the comments of one pull request.

    Attributes:
        url: where it listens.
        token: what requests must carry.
        comments: what is kept, by id.
        authors: who wrote them, by id, where it was not the token's account.
        me: the token's account.
        nameless: whether the token may not ask who it is, as GITHUB_TOKEN may not.
        deleted: ids that are listed, and gone when they are changed.
        locked: whether the conversation is: nobody may write.
        readonly: whether the token may only read, as a fork's.
        failures: statuses to answer next, before anything else.
        answers: bodies to answer next, with 200.
        moved: where every request is redirected to.
        next_page: where the next page is said to be, instead of here.
        calls: method and path of each request.
        hosts: the host that each request was for, as a proxy is told it.
    """

    token: str = "secret-token"
    url: str = ""
    comments: dict[int, str] = field(default_factory=dict)
    authors: dict[int, str] = field(default_factory=dict)
    me: str = BOT
    nameless: bool = False
    deleted: set[int] = field(default_factory=set)
    locked: bool = False
    readonly: bool = False
    failures: list[int] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    moved: str = ""
    next_page: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
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
_PREFIX = re.compile(r"^/api/v[34]")


@contextmanager
def code_host(certificate: tuple[Path, Path] | None = None) -> Iterator[CodeHost]:
    """A server on a free port of this machine.

    Args:
        certificate: its file and its key's, to serve TLS.
    """
    host = CodeHost()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def _answer(self, status: int, body: Any, **headers: str) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if status == 429:
                self.send_header("Retry-After", "3")
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            whole = urlsplit(self.path)
            path = _PREFIX.sub("", whole.path)
            host.calls.append((self.command, path))
            host.hosts.append(whole.netloc)
            tokens = {self.headers.get("PRIVATE-TOKEN"), self.headers.get("Authorization")}
            if host.failures:
                status = host.failures.pop(0)
                self._answer(status, {"message": f"failure {status}"})
            elif host.answers:
                self._answer(200, host.answers.pop(0))
            elif host.moved:
                self._answer(301, {"message": "Moved Permanently"}, Location=host.moved)
            elif not tokens & {host.token, f"Bearer {host.token}"}:
                self._answer(401, {"message": "Bad credentials"})
            elif path == "/user" and not host.nameless:
                self._answer(200, _account(host.me))
            elif path != "/user" and self.command == "GET" and _LISTS.fullmatch(path):
                self._page(whole.path, int(parse_qs(whole.query).get("page", ["1"])[0]))
            elif path == "/user" or host.readonly:
                self._answer(403, {"message": "Resource not accessible by integration"})
            elif self.command == "POST" and _LISTS.fullmatch(path):
                self._create(body["body"])
            elif (found := _ONE.fullmatch(path)) and self.command in {"PATCH", "PUT"}:
                self._update(int(found[1]), body["body"])
            else:
                self._answer(404, {"message": "Not Found"})

        def _create(self, body: str) -> None:
            if host.locked:
                told = "Unable to create comment because issue is locked."
                self._answer(403, {"message": told})
                return
            number = max(host.comments, default=100) + 1
            host.comments[number] = body
            self._answer(201, _comment(host, number))

        def _update(self, number: int, body: str) -> None:
            if number in host.deleted or number not in host.comments:
                self._answer(404, {"message": "Not Found"})
            elif host.authors.get(number, host.me) != host.me:
                self._answer(403, {"message": "403 Forbidden"})
            else:
                host.comments[number] = body
                self._answer(200, _comment(host, number))

        def _page(self, path: str, page: int) -> None:
            numbers = sorted(host.comments)
            start = (page - 1) * host.per_page
            shown = numbers[start : start + host.per_page]
            links = {}
            if start + host.per_page < len(numbers):
                following = host.next_page or f"{host.url}{path}"
                links["Link"] = f'<{following}?page={page + 1}>; rel="next"'
            self._answer(200, [_comment(host, number) for number in shown], **links)

        do_GET = do_POST = do_PATCH = do_PUT = _serve  # noqa: N815 - the server's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        host.url = host.url.replace("http:", "https:")
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


def _account(login: str) -> dict[str, Any]:
    kind = "Bot" if login.endswith("[bot]") else "User"
    return {"id": sum(login.encode()), "login": login, "username": login, "type": kind}


def _comment(host: CodeHost, number: int) -> dict[str, Any]:
    author = _account(host.authors.get(number, host.me))
    return {
        "id": number,
        "body": host.comments[number],
        "html_url": f"{host.url}/acme/infra/pull/7#issuecomment-{number}",
        "user": author,
        "author": author,
        "system": False,
    }
