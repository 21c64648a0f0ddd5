"""The capacity function as a process: started, awaited, ended; with certificates made on the spot.

Imports neither gRPC nor protobuf, so that tests of either environment can use it.
"""

import contextlib
import dataclasses
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.engines import EngineProcess, free_ports, running

REPOSITORY = Path(__file__).parents[2]
COMMAND = REPOSITORY / ".venv" / "function" / "bin" / "trimtab-capacity-function"
TEMPLATE_FUNCTION = Path(__file__).with_name("template_function.py")
START_SECONDS = 30.0
_POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Certificates:
    """Folders of PEM files `tls.crt`, `tls.key` and `ca.crt`, as Crossplane mounts them."""

    server: Path
    client: Path


@dataclass(frozen=True)
class CapacityFunction:
    """A serving function.

    Attributes:
        target: its address on loopback, `localhost:PORT`.
        pages: where its metrics and probes are; empty for a function that has none.
        start_seconds: from its start until it accepted a connection.
    """

    target: str
    start_seconds: float
    process: EngineProcess
    pages: str = ""

    @property
    def pid(self) -> int:
        """Of its process."""
        return self.process.process.pid


def make_certificates(folder: Path) -> Certificates:
    """A new authority, and a server's (for localhost) and a client's certificate of it."""
    _openssl(
        folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-days", "1", "-subj", "/CN=test authority",
    )  # fmt: skip
    return Certificates(_issue(folder, "server"), _issue(folder, "client"))


def _issue(folder: Path, name: str) -> Path:
    issued = folder / name
    issued.mkdir()
    (issued / "names.cnf").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", "utf-8")
    shutil.copy(folder / "ca.crt", issued / "ca.crt")
    _openssl(
        issued, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", "tls.key", "-out", "tls.csr", "-subj", f"/CN={name}",
    )  # fmt: skip
    _openssl(
        issued, "x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", str(folder / "ca.key"),
        "-CAcreateserial", "-out", "tls.crt", "-days", "1", "-extfile", "names.cnf",
    )  # fmt: skip
    return issued


def _openssl(folder: Path, *arguments: str) -> None:
    finished = subprocess.run(
        ["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {finished.stderr}")


@contextlib.contextmanager
def capacity_function(
    folder: Path,
    certificates: Certificates | None = None,
    port: int | None = None,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[CapacityFunction]:
    """Serve the function for the length of the block; without certificates, without TLS.

    Args:
        folder: where its log is kept.
        certificates: what it serves mTLS with.
        port: where it serves; by default one that is free.
        options: more options of its command.
        environment: what its environment has beside this process's.

    Raises:
        RuntimeError: it is not installed, or does not serve in time; says which.
    """
    if not COMMAND.exists():
        raise RuntimeError(f"{COMMAND} is missing: run make test")
    free, pages = free_ports(2)
    port = port or free
    command: list[str | Path] = [COMMAND, "--address", f"localhost:{port}"]
    command += ["--metrics-address", f"localhost:{pages}", *options]
    if certificates is None:
        command.append("--insecure")
    else:
        command += ["--tls-server-certs-dir", certificates.server]
    name = "trimtab-capacity-function"
    with _serving(name, command, port, folder, environment or {}) as function:
        yield dataclasses.replace(function, pages=f"http://localhost:{pages}")


@contextlib.contextmanager
def template_function(
    folder: Path, certificates: Certificates | None = None
) -> Iterator[CapacityFunction]:
    """Serve `support.template_function` likewise."""
    (port,) = free_ports(1)
    command: list[str | Path] = [COMMAND.with_name("python"), TEMPLATE_FUNCTION, str(port)]
    if certificates is not None:
        command.append(certificates.server)
    with _serving("template-function", command, port, folder, {}) as function:
        yield function


@contextlib.contextmanager
def _serving(
    name: str, command: list[str | Path], port: int, folder: Path, environment: Mapping[str, str]
) -> Iterator[CapacityFunction]:
    begun = time.perf_counter()
    whole = {**os.environ, **environment}
    with running(name, command, folder / f"{name}-{port}.log", whole) as process:
        while not accepts(port):
            if process.process.poll() is not None or time.perf_counter() - begun > START_SECONDS:
                raise RuntimeError(f"{name} did not serve\n{process.tail()}")
            time.sleep(_POLL_SECONDS)
        yield CapacityFunction(f"localhost:{port}", time.perf_counter() - begun, process)


def accepts(port: int) -> bool:
    """Whether something on loopback accepts connections at a port."""
    with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
        return True
    return False
