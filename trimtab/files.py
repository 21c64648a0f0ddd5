"""Reading and writing files so that nothing is half-written and every error names the file."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from trimtab.errors import InputError


def read_bytes(path: Path) -> bytes:
    """The file's bytes.

    Raises:
        InputError: it does not exist, is a folder, or may not be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), mend="check the path") from None
    except IsADirectoryError:
        raise InputError("is a folder", where=str(path), mend="name a file in it") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error


def read_text(path: Path) -> str:
    """The file's text.

    Raises:
        InputError: it cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"is not UTF-8 text (byte {error.start})", where=str(path), mend="save it as UTF-8"
        ) from None


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all: a temporary file beside it, then a rename.

    Raises:
        InputError: the folder does not exist, is not writable, or the disk is full.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.is_dir():
            raise InputError("is a folder", where=str(path), mend="name a file in it")
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a rename would put a file in /dev/stdout's or a pipe's place
            return
        path = path.resolve() if path.is_symlink() else path
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", where=str(path), mend="name a writable folder"
        ) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes the file private; a plan is as readable as any file its user writes.
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException as error:  # an interrupt, too, must leave no temporary file
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        if isinstance(error, OSError):
            raise InputError(f"cannot be written ({error.strerror})", where=str(path)) from error
        raise


def sha256(data: bytes) -> str:
    """The digest as the evidence of a plan writes it: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
