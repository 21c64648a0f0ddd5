"""The server's certificate, followed as its files change.

Crossplane renews a function's certificate in the Secret that is mounted into its pod. What is mounted
is looked at on every new connection, so a renewed certificate is served without a restart, and the
authority that clients must show is renewed with it. While the files are away, or are no certificate,
the last good one is served.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from trimtab.errors import InputError

FILES = ("tls.key", "tls.crt", "ca.crt")
"""The private key, its certificate chain, and the authority of those who may call; all PEM."""

Signature = tuple[tuple[int, int, int], ...]


class MountedCertificate:
    """A folder of `FILES`, as a Secret is mounted.

    Args:
        folder: where they are.
        renewed: is told of every renewal that was read.
    """

    def __init__(self, folder: Path, renewed: Callable[[], None] = lambda: None) -> None:
        self._folder, self._renewed = folder, renewed
        self._seen: Signature | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """What to serve with: mTLS, by whatever the folder holds at each handshake.

        Raises:
            InputError: a file can't be read.
        """
        try:
            first = self._read()
        except OSError as error:
            name = Path(error.filename).name if error.filename else str(self._folder)
            raise InputError(
                f"{name} can't be read: {error.strerror}",
                where="--tls-server-certs-dir",
                mend=f"name a folder with {', '.join(FILES)}, or serve with --insecure",
            ) from None
        return grpc.dynamic_ssl_server_credentials(first, self._fetch, True)

    def _fetch(self) -> Any:
        """The folder's configuration when it has changed, else None: gRPC's own protocol.

        gRPC keeps to the last one, too, when this one's key and certificate are no pair: the files
        were caught half-written, and their next change is looked at again.
        """
        try:
            if self._signature() == self._seen:
                return None
            configuration = self._read()
        except OSError:
            return None
        self._renewed()
        return configuration

    def _read(self) -> Any:
        signature = self._signature()
        key, chain, authority = ((self._folder / name).read_bytes() for name in FILES)
        # Of before the reading: what is written meanwhile counts as another change.
        self._seen = signature
        return grpc.ssl_server_certificate_configuration([(key, chain)], authority)

    def _signature(self) -> Signature:
        stats = [(self._folder / name).stat() for name in FILES]
        return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in stats)
