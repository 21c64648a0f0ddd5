"""The text of an input, wherever it comes from: a file, a compressed one, or standard input.

The name's ending is no guide: what a file begins with says whether it is compressed and how its characters
are written. PowerShell's `>` writes UTF-16, which is read like UTF-8.
"""

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from trimtab.errors import InputError

STDIN = "-"
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_BYTE_ORDERS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Text:
    """An input's characters, from the start on.

    Attributes:
        source: its name, as errors and titles have it.
        path: the file; None for standard input.
    """

    def __init__(self, stream: IO[str], source: str, path: Path | None) -> None:
        self.source, self.path = source, path
        self._stream, self._ahead = stream, ""

    def read(self, characters: int = -1) -> str:
        """Up to so many more characters, or all; "" at the end.

        Raises:
            InputError: it is not UTF-8, or not whole.
        """
        taken, self._ahead = self._ahead, ""
        if 0 <= characters <= len(taken):
            taken, self._ahead = taken[:characters], taken[characters:]
            return taken
        try:
            rest = self._stream.read(-1 if characters < 0 else characters - len(taken))
        except UnicodeDecodeError as error:
            raise InputError(
                f"is not UTF-8 text (byte {error.object[error.start]:#04x})",
                where=self.source,
                mend="save it as UTF-8",
            ) from None
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise InputError(
                "is not whole: its compressed text is cut or damaged",
                where=self.source,
                mend="fetch or write it again",
            ) from None
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", where=self.source) from None
        return taken + rest

    def opening(self, characters: int = 4096) -> str:
        """What it begins with; the text stays unread."""
        self._ahead = self.read(characters)
        return self._ahead

    def drop(self, characters: int) -> None:
        """Leave out what it begins with."""
        self.read(characters)


@contextmanager
def open_text(name: str, stdin: BinaryIO | None = None) -> Iterator[Text]:
    """Open an input.

    Args:
        name: a path, or `-` for standard input.
        stdin: what stands for standard input; None: the process's own.

    Raises:
        InputError: there is no such file, or it may not be read.
    """
    if name == STDIN:
        raw: BinaryIO = stdin if stdin is not None else sys.stdin.buffer
        buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(_Raw(raw))
        yield Text(_decoded(buffered), "standard input", None)
        return
    path = Path(name)
    try:
        opened = path.open("rb")
    except FileNotFoundError:
        raise InputError("no such file", where=name, mend="check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({reason})", where=name) from None
    with opened:
        if opened.peek(4)[:4] == _ZIP:
            raise InputError(
                "is a plan file of Terraform's own, or another archive",
                where=name,
                mend=f"print it as JSON: terraform show -json {name} > plan.json",
            )
        yield Text(_decoded(opened), name, path)


def _decoded(stream: io.BufferedReader) -> IO[str]:
    if stream.peek(2)[:2] == _GZIP:
        stream = io.BufferedReader(gzip.GzipFile(fileobj=stream))
        try:
            head = stream.peek(3)[:3]
        except (OSError, EOFError, zlib.error):
            head = b""
    else:
        head = stream.peek(3)[:3]
    encoding = next((name for mark, name in _BYTE_ORDERS.items() if head.startswith(mark)), "utf-8")
    return io.TextIOWrapper(stream, encoding=encoding, newline="")


class _Raw(io.RawIOBase):
    """Any readable stream as one that can be buffered."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
