"""Files as a layer of an image, the same bytes for the same files.

Names are sorted, owners are 0, times are the epoch, and the gzip header is written here: Python's
own differs between versions. What is left to the machine is zlib's compression, which has been the
same for the same zlib.
"""

import hashlib
import io
import struct
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

FOLDER_MODE, FILE_MODE = 0o755, 0o644
_LEVEL = 6
_GZIP_HEADER = b"\x1f\x8b\x08\0" + b"\0" * 4 + b"\0\xff"  # no name, no time, no system


@dataclass(frozen=True)
class Layer:
    """A gzipped layer; `digest` is of its bytes and `diff_id` of the tar in them."""

    data: bytes = field(repr=False)
    digest: str
    diff_id: str


def make_layer(files: Mapping[str, bytes], prefix: str = "") -> Layer:
    """A layer of files below a folder of the image, and of the folders above them."""
    buffer = io.BytesIO()
    placed = {f"{prefix.strip('/')}/{path}".lstrip("/"): data for path, data in files.items()}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(placed.keys() | _folders(placed)):
            info = tarfile.TarInfo(name)
            if name in placed:
                info.mode, info.size = FILE_MODE, len(placed[name])
                tar.addfile(info, io.BytesIO(placed[name]))
            else:
                info.mode, info.type = FOLDER_MODE, tarfile.DIRTYPE
                tar.addfile(info)
    return gzipped(buffer.getvalue())


def gzipped(tar: bytes) -> Layer:
    """A layer of a tar."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(tar) + deflate.flush()
    data = _GZIP_HEADER + body + struct.pack("<II", zlib.crc32(tar), len(tar) & 0xFFFFFFFF)
    return Layer(data, sha256(data), sha256(tar))


def sha256(data: bytes) -> str:
    """A digest as images write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _folders(paths: Mapping[str, bytes]) -> set[str]:
    found = set()
    for path in paths:
        parts = path.split("/")[:-1]
        found |= {"/".join(parts[: depth + 1]) for depth in range(len(parts))}
    return found
