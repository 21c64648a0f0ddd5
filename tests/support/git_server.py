"""A Git repository in a folder, and a server from which it can be cloned over HTTP on loopback.

The server speaks Git's smart protocol for reading: it hands requests to `git upload-pack`.
"""

import contextlib
import gzip
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SERVICE = "git-upload-pack"
SECONDS = 30


@dataclass(frozen=True)
class GitRepository:
    """A repository with a work tree, on branch `main`; nobody's configuration is read."""

    folder: Path

    def commit(self, message: str, files: Mapping[str, str | None]) -> str:
        """Write files (None removes one) and commit them; the commit's id."""
        for name, text in files.items():
            file = self.folder / name
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.head()

    def revert(self, commit: str = "HEAD") -> str:
        """Commit the opposite of a commit; the new one's id."""
        self.git("revert", "--no-edit", commit)
        return self.head()

    def head(self) -> str:
        """The id of the last commit."""
        return self.git("rev-parse", "HEAD").decode().strip()

    def git(self, *arguments: str, given: bytes = b"", **environment: str) -> bytes:
        """Run git here; what it prints.

        Raises:
            RuntimeError: it failed; with what it said.
        """
        finished = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            input=given,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "test",
                "GIT_AUTHOR_EMAIL": "test@example.org",
                "GIT_COMMITTER_NAME": "test",
                "GIT_COMMITTER_EMAIL": "test@example.org",
                **environment,
            },
        )
        if finished.returncode != 0:
            said = finished.stderr.decode(errors="replace")
            raise RuntimeError(f"git {' '.join(arguments)} failed: {said}")
        return finished.stdout


@contextlib.contextmanager
def git_server(folder: Path) -> Iterator[tuple[GitRepository, str]]:
    """An empty repository in a folder, served for the length of the block; and its address."""
    repository = GitRepository(folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(repository))
    thread = threading.Thread(target=server.serve_forever, name="git-server", daemon=True)
    thread.start()
    try:
        yield repository, f"http://127.0.0.1:{server.server_port}/repository.git"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(repository: GitRepository) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """`info/refs` tells what there is, and `git-upload-pack` sends it."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if not self.path.endswith(f"/info/refs?service={SERVICE}"):
                self.send_error(404)
                return
            told = self._upload_pack("--advertise-refs")
            head = f"# service={SERVICE}\n"
            self._answer("advertisement", f"{len(head) + 4:04x}{head}0000".encode() + told)

        def do_POST(self) -> None:
            if not self.path.endswith(f"/{SERVICE}"):
                self.send_error(404)
                return
            body = self._body()
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self._answer("result", self._upload_pack(given=body))

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers["Content-Length"]))
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        def _upload_pack(self, *options: str, given: bytes = b"") -> bytes:
            protocol = self.headers.get("Git-Protocol", "")
            return repository.git(
                "upload-pack", "--stateless-rpc", *options, ".", given=given, GIT_PROTOCOL=protocol
            )

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"application/x-{SERVICE}-{kind}")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-cache")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: a failure is the client's to tell."""

    return Handler
