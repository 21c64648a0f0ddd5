"""Files: read with one error, written whole or not at all."""

import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest

from trimtab.errors import InputError
from trimtab.files import read_bytes, read_text, sha256, write_atomic


def test_reads_bytes_and_text_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfgr\xc3\xbc\xc3\x9fe\r\n")
    assert read_bytes(path).startswith(b"\xef\xbb\xbf")
    assert read_text(path) == "gr\u00fc\u00dfe\r\n"


def test_what_cannot_be_read_is_one_error_with_its_mend(tmp_path: Path) -> None:
    with pytest.raises(InputError) as missing:
        read_bytes(tmp_path / "absent")
    assert str(missing.value) == f"{tmp_path / 'absent'}: no such file; check the path"
    with pytest.raises(InputError) as folder:
        read_bytes(tmp_path)
    assert str(folder.value) == f"{tmp_path}: is a folder; name a file in it"
    (tmp_path / "file").write_bytes(b"\xff\xfeA")
    with pytest.raises(InputError) as below:
        read_bytes(tmp_path / "file" / "x")
    assert "cannot be read (Not a directory)" in str(below.value)
    with pytest.raises(InputError) as binary:
        read_text(tmp_path / "file")
    assert str(binary.value) == f"{tmp_path / 'file'}: is not UTF-8 text (byte 0); save it as UTF-8"


def test_writes_text_and_bytes_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    write_atomic(path, "gr\u00fcn\n")
    assert path.read_bytes() == b"gr\xc3\xbcn\n"
    write_atomic(path, b"\x00\r\n")
    assert path.read_bytes() == b"\x00\r\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.yaml"]


def test_a_new_file_has_the_users_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_atomic(tmp_path / "new", "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o755)
    write_atomic(tmp_path / "new", "y")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o755


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "plan"
    target.write_text("old")
    (tmp_path / "link").symlink_to(target)
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_is_written_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_atomic(pipe, "plan")
    reader.join(timeout=10)
    assert received == [b"plan"]
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent/plan", "cannot be written (No such file or directory); name a writable folder"),
        ("file/plan", "cannot be written (Not a directory); name a writable folder"),
        ("folder", "is a folder; name a file in it"),
        ("n" * 300, "cannot be written (File name too long); name a writable folder"),
    ],
)
def test_what_cannot_be_written_is_one_error(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError) as caught:
        write_atomic(tmp_path / name, "x")
    assert str(caught.value) == f"{tmp_path / name}: {message}"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (OSError(28, "No space left on device"), InputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["disk full", "interrupt"],
)
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    raised: type[BaseException],
) -> None:
    path = tmp_path / "plan"
    write_atomic(path, "old")

    def fail(_: int) -> None:
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(raised) as caught:
        write_atomic(path, "new")
    if raised is InputError:
        assert str(caught.value) == f"{path}: cannot be written (No space left on device)"
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan"]


def test_a_digest_names_its_algorithm() -> None:
    assert sha256(b"plan") == f"sha256:{hashlib.sha256(b'plan').hexdigest()}"
    assert len(sha256(b"")) == len("sha256:") + 64
