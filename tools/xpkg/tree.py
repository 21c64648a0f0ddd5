"""Wheels as the files of a site-packages folder, without what nothing needs at run time.

A wheel is unpacked as the wheel format says: what lies at its root or in its `purelib` or `platlib`
goes to the folder. Its scripts are left out, since a script's first line names one machine's Python
and the image runs modules.
"""

import fnmatch
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tools.steps import SetupError
from tools.xpkg.wheels import Wheel

Files = dict[str, bytes]
"""Contents by path below the folder, `/` between the parts."""

_DATA = re.compile(r"[^/]+\.data/(?P<scheme>[^/]+)/(?P<rest>.+)")


def site_files(wheels: Iterable[Wheel], leave_out: Sequence[str]) -> Files:
    """The files of wheels, in one folder.

    Raises:
        SetupError: two wheels bring different files of one path, or a path leads out of the folder.
    """
    files: Files = {}
    for wheel in wheels:
        for path, content in _unpack(wheel):
            if any(fnmatch.fnmatchcase(path, pattern) for pattern in leave_out):
                continue
            if files.setdefault(path, content) != content:
                raise SetupError(f"{wheel.path.name}: another wheel has another {path}")
    return files


def _unpack(wheel: Wheel) -> Iterable[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel.path) as archive:
        for member in archive.infolist():
            path = member.filename
            if member.is_dir():
                continue
            if found := _DATA.fullmatch(path):
                if found["scheme"] not in ("purelib", "platlib"):
                    continue
                path = found["rest"]
            if path.startswith("/") or ".." in path.split("/") or "\\" in path:
                raise SetupError(f"{wheel.path.name}: {path} leads out of its folder")
            yield path, archive.read(member)


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below a folder."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
