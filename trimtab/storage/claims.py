"""Statistics of claims: a CSV with a row each, as arrays.

What is not measured is a blank cell, and NaN here; it is never 0. docs/storage-planning.md has the queries
that export it from Prometheus.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InputError, allowed
from trimtab.files import read_bytes
from trimtab.storage.backends import backends
from trimtab.storage.limits import Array

NUMBERS = (
    "gib",
    "used_gib",
    "iops",
    "mibps",
    "iops_p95",
    "mibps_p95",
    "days_since_access",
    "measured_days",
)
TEXTS = ("namespace", "claim", "class", "backend", "intent", "bound", "team", "project")
REQUIRED = ("claim", "gib")
CLASSES: Mapping[str, str] = {
    "gp3": "ebs-gp3",
    "io2": "ebs-io2",
    "st1": "ebs-st1",
    "sc1": "ebs-sc1",
    "efs-sc": "efs",
    "standard": "gce-pd-standard",
    "standard-rwo": "gce-pd-balanced",
    "premium-rwo": "gce-pd-ssd",
    "managed-csi": "azure-disk-standard-ssd",
    "managed-csi-premium": "azure-disk-premium",
}
"""Classes that clusters bring or everybody names so, and the backend that they give."""
_NO = frozenset({"no", "false", "0"})
_YES = frozenset({"", "yes", "true", "1"})


@dataclass(frozen=True)
class Claims:
    """Claims row for row, each array of shape (claims,).

    Attributes:
        names: `namespace/claim`.
        backend: position in `backend_ids`.
        backend_ids: of the backends that the claims use.
        gib: provisioned.
        used_gib: stored; NaN: not measured.
        iops, mibps: set on the volume; NaN: what comes with its size.
        iops_p95, mibps_p95: done, 95 % of the time no more; NaN: not measured.
        days_since_access: NaN: not known.
        measured_days: that the statistics span; NaN: not stated.
        bound: whether a pod or a node uses it.
        intent: as stated; "": not.
        owner: team or project; "": not stated.
    """

    names: tuple[str, ...]
    backend: NDArray[np.int64]
    backend_ids: tuple[str, ...]
    gib: Array
    used_gib: Array
    iops: Array
    mibps: Array
    iops_p95: Array
    mibps_p95: Array
    days_since_access: Array
    measured_days: Array
    bound: NDArray[np.bool_]
    intent: tuple[str, ...]
    owner: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


def read_claims(path: Path, classes: Mapping[str, str] | None = None) -> Claims:
    """The claims in a CSV file.

    Args:
        path: the file; columns are NUMBERS and TEXTS, others are passed over.
        classes: backends by StorageClass, beside CLASSES.

    Raises:
        InputError: a column is missing, a cell is no number, or a class or backend is not known.
    """
    where = str(path)
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"is no UTF-8 text (byte {error.start})", where=where, mend="save it as UTF-8 CSV"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    names = [name.strip() for name in next(reader, [])]
    _check_header(names, where)
    rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    if not rows:
        raise InputError("has no claims", where=where, mend="give a row for each")
    for line, row in rows:
        if len(row) != len(names):
            raise InputError(
                f"has {len(row)} cells where the header has {len(names)}",
                where=f"{where}, line {line}",
                mend="write one cell per column",
            )
    lines = [line for line, _ in rows]
    cells = dict(zip(names, zip(*(row for _, row in rows), strict=True), strict=True))
    blank = ("",) * len(rows)
    texts = {name: [cell.strip() for cell in cells.get(name, blank)] for name in TEXTS}
    numbers = {name: _numbers(name, cells.get(name, blank), lines, where) for name in NUMBERS}
    _check_sizes(numbers, lines, where)
    ids = _backends(texts, {**CLASSES, **(classes or {})}, lines, where)
    known = tuple(dict.fromkeys(ids))
    position = {name: index for index, name in enumerate(known)}
    return Claims(
        names=tuple(
            f"{space}/{claim}" if space else claim
            for space, claim in zip(texts["namespace"], texts["claim"], strict=True)
        ),
        backend=np.array([position[each] for each in ids], dtype=np.int64),
        backend_ids=known,
        **numbers,
        bound=_bound(texts["bound"], lines, where),
        intent=tuple(texts["intent"]),
        owner=tuple(
            team or project for team, project in zip(texts["team"], texts["project"], strict=True)
        ),
    )


def _check_header(names: Sequence[str], where: str) -> None:
    for name in (*NUMBERS, *TEXTS):
        if names.count(name) > 1:
            raise InputError(f"has the column {name} twice", where=where, mend="keep one")
    for name in REQUIRED:
        if name not in names:
            raise InputError(
                f"has no column {name} (found {', '.join(names[:12]) or 'nothing'})",
                where=where,
                mend=f"give the columns claim, gib, backend or class, and of {', '.join(NUMBERS[1:])} "
                "what is known",
            )
    if "backend" not in names and "class" not in names:
        raise InputError(
            "has neither a column backend nor a column class", where=where, mend="give one of them"
        )
    for name in NUMBERS:
        others = [other for other in names if other not in (*NUMBERS, *TEXTS)]
        near = get_close_matches(name, others, n=1, cutoff=0.85)
        if name not in names and near:
            raise InputError(
                f"has a column {near[0]!r} that may be meant as {name!r}",
                where=where,
                mend="rename it, or give it another name",
            )


def _numbers(name: str, cells: Sequence[str], lines: Sequence[int], where: str) -> Array:
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if not cell or not cell.strip():
            continue
        try:
            value = float(cell)
        except ValueError:
            value = np.inf
        if not 0 <= value < 1e12:
            raise InputError(
                f"{name} {cell.strip()[:40]!r} is no number of 0 or more",
                where=f"{where}, line {lines[row]}",
                mend="give a number, or leave the cell blank where it is not measured",
            )
        values[row] = value
    return values


def _check_sizes(numbers: Mapping[str, Array], lines: Sequence[int], where: str) -> None:
    gib, used = numbers["gib"], numbers["used_gib"]
    for fault, message, mend in (
        (~(gib > 0), "gib is missing or 0", "give what the claim is provisioned with"),
        (used > gib * 1.001, "used_gib is above gib", "check the units: both are GiB"),
    ):
        if fault.any():
            row = int(np.argmax(fault))
            raise InputError(message, where=f"{where}, line {lines[row]}", mend=mend)


def _backends(
    texts: Mapping[str, Sequence[str]], classes: Mapping[str, str], lines: Sequence[int], where: str
) -> list[str]:
    known = backends()
    found = []
    for row, (name, given) in enumerate(zip(texts["backend"], texts["class"], strict=True)):
        each = name or classes.get(given, "")
        if each not in known:
            what = f"backend {name}" if name else f"class {given or '(none)'}"
            raise InputError(
                f"{what} is not known",
                where=f"{where}, line {lines[row]}",
                mend=f"give --class {given or 'NAME'}=BACKEND, or a column backend with one of "
                f"{allowed(list(known), limit=40)}",
            )
        found.append(each)
    return found


def _bound(cells: Sequence[str], lines: Sequence[int], where: str) -> NDArray[np.bool_]:
    found = np.ones(len(cells), dtype=np.bool_)
    for row, cell in enumerate(cells):
        word = cell.casefold()
        if word in _NO:
            found[row] = False
        elif word not in _YES:
            raise InputError(
                f"bound {cell!r} is neither yes nor no", where=f"{where}, line {lines[row]}"
            )
    return found
