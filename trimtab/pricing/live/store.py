"""The folder of fetched prices: parts as they come, a manifest of them, and the tables that the book reads.

    parts/<provider>/<region>/<service>.rates.csv, .machines.csv   what one job found (`*` is `global`)
    state.json                                                     which parts there are, of when, from where
    rates/, machines/, sources.csv                                 composed of the parts: `compose`

A part is written to temporary files that are renamed when the job is done, then composed, then noted: a
process that is killed leaves whole parts, and the next run goes on after the last one noted. The manifest is
locked while a refresh runs, so that two of them can't lose each other's parts.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from trimtab.clock import format_instant, parse_instant
from trimtab.errors import EngineError, InputError
from trimtab.files import read_text, write_atomic
from trimtab.pricing.live.meters import unambiguous
from trimtab.pricing.live.model import ALL, GLOBAL, REGION, Job, MachineRow, RateRow

STATE = "state.json"
VERSION = 1
RATES, MACHINES = "rates", "machines"
RATE_HEADER = ("rate", "unit", "from", "usd")


@dataclass(frozen=True)
class Part:
    """What a job found in one region, as the manifest has it.

    Attributes:
        key: provider, region and service: `aws/us-east-1/AmazonEC2`; the region `all` notes that a job of
            all regions was run, and how many prices it found in all.
        at: when it was fetched.
        source: from where.
        rows: how many prices there are.
    """

    key: str
    at: datetime
    source: str
    rows: int

    @property
    def provider(self) -> str:
        """The key's first word."""
        return self.key.split("/", 1)[0]

    @property
    def region(self) -> str:
        """The key's second word."""
        return self.key.split("/", 2)[1]

    @property
    def service(self) -> str:
        """The key's last part."""
        return self.key.split("/", 2)[2]

    @property
    def on(self) -> date:
        """The day of the fetch, which dates its prices."""
        return self.at.date()


@dataclass
class Written:
    """What a job came to: rows written, and sentences about what was left out."""

    rows: int = 0
    notes: list[str] = field(default_factory=list)


class Store:
    """A folder of fetched prices.

    Args:
        folder: made when something is written.

    Raises:
        InputError: the manifest can't be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: dict[str, Part] = _read_state(folder / STATE)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes to the folder meanwhile.

        Raises:
            InputError: another refresh is at work, or the folder can't be made.
        """
        import fcntl

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("w")
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror})",
                where=str(self.folder),
                mend="name a writable folder with --folder",
            ) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError(
                    "another refresh writes to it",
                    where=str(self.folder),
                    mend="wait for it to end, or name another folder with --folder",
                ) from None
            for left in (self.folder / "parts").rglob(".*.csv.*"):
                left.unlink(missing_ok=True)  # of a run that was killed
            self.parts = _read_state(self.folder / STATE)
            try:
                yield
            finally:
                self._leave_nothing_empty()

    def _leave_nothing_empty(self) -> None:
        """A folder of fetched prices without any would be taken for a layer."""
        if not self.parts:
            (self.folder / ".lock").unlink(missing_ok=True)
            with suppress(OSError):
                self.folder.rmdir()

    def fresh(self, job: Job, now: datetime, max_age: timedelta) -> bool:
        """Whether a job's parts are all there and no older than allowed."""
        parts = [self.parts.get(_key(job, region)) for region in job.regions]
        return all(part is not None and now - part.at <= max_age for part in parts)

    def write(self, job: Job, now: datetime) -> Written:
        """Run a job, and keep what it finds.

        Raises:
            TrimtabError: the job failed, or found nothing where there was something; what was
                there before stays.
        """
        from trimtab.pricing.live.compose import compose

        before = self._before(job)
        written = Written()
        with ExitStack() as stack:
            sheets = _Sheets(self.folder, job, stack)
            rates: list[RateRow] = []
            for row in job.fetch():
                if isinstance(row, RateRow):
                    rates.append(row)
                else:
                    sheets.machine(row)
            for found in unambiguous(rates):
                if isinstance(found, str):
                    written.notes.append(found)
                else:
                    sheets.rate(found)
            written.rows = sum(sheets.rows.values())
            if not written.rows and (job.required or any(part.rows for part in before.values())):
                raise EngineError(
                    f"{job.source} has no price of {job.key} that is known here",
                    mend="try again later; what was fetched before stays",
                )
            sheets.keep()
        named = {region for region in job.regions if region != ALL}
        regions = {*sheets.rows, *before, *named} - {ALL}
        for path in _paths(self.folder, job, regions) - sheets.paths:
            path.unlink(missing_ok=True)
        for region in regions:
            key = _key(job, region)
            if region in sheets.rows or region in named:
                self.parts[key] = Part(key, now, job.source, sheets.rows.get(region, 0))
            else:
                self.parts.pop(key, None)
        if ALL in job.regions:
            self.parts[_key(job, ALL)] = Part(_key(job, ALL), now, job.source, written.rows)
        compose(self.folder, self.parts, job.provider, regions)
        self._write_state()
        return written

    def _before(self, job: Job) -> dict[str, Part]:
        """The parts that a job replaces, by region."""
        return {
            part.region: part
            for part in self.parts.values()
            if (part.provider, part.service) == (job.provider, job.service)
            and (part.region in job.regions or ALL in job.regions)
        }

    def _write_state(self) -> None:
        parts = {
            key: {
                "at": format_instant(part.at),
                "source": part.source,
                "rows": part.rows,
            }
            for key, part in sorted(self.parts.items())
        }
        document = {"version": VERSION, "parts": parts}
        write_atomic(self.folder / STATE, json.dumps(document, indent=1) + "\n")


class _Sheets:
    """A job's temporary files, one a region and kind, made when the first row is for them."""

    def __init__(self, folder: Path, job: Job, stack: ExitStack) -> None:
        self._folder, self._job, self._stack = folder, job, stack
        self._open: dict[Path, tuple[IO[str], Any]] = {}
        self.rows: dict[str, int] = {}

    @property
    def paths(self) -> set[Path]:
        return set(self._open)

    def rate(self, row: RateRow) -> None:
        sheet = self._sheet(row.region, RATES, RATE_HEADER)
        for start, usd in row.tiers:
            sheet.writerow((row.rate, row.unit, cell(start) if start else "", cell(usd)))

    def machine(self, row: MachineRow) -> None:
        columns = self._job.columns
        sheet = self._sheet(row.region, MACHINES, ("instance_type", *columns))
        sheet.writerow((row.instance_type, *(cell(row.cells.get(name)) for name in columns)))

    def keep(self) -> None:
        for path, (stream, _) in self._open.items():
            stream.close()
            _temporary(path).replace(path)

    def _sheet(self, region: str, kind: str, header: tuple[str, ...]) -> Any:
        if region != GLOBAL and not REGION.fullmatch(region):
            raise EngineError(f"{self._job.source} names a region {region!r}")
        path = part_path(self._folder, self._job.provider, region, self._job.service, kind)
        if path not in self._open:
            path.parent.mkdir(parents=True, exist_ok=True)
            stream = self._stack.enter_context(
                _temporary(path).open("w", encoding="utf-8", newline="")
            )
            self._stack.callback(_temporary(path).unlink, missing_ok=True)
            sheet = csv.writer(stream, lineterminator="\n")
            sheet.writerow(header)
            self._open[path] = (stream, sheet)
        self.rows[region] = self.rows.get(region, 0) + 1
        return self._open[path][1]


def part_path(folder: Path, provider: str, region: str, service: str, kind: str) -> Path:
    """Where a part's rows of a region are."""
    place = "global" if region == GLOBAL else region
    name = f"{service.replace(' ', '-').replace('/', '-')}.{kind}.csv"
    return folder / "parts" / provider / place / name


def cell(value: float | str | None) -> str:
    """A value as a table has it: at most 12 digits, so that 0.045 stays 0.045."""
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.12g}"


def _paths(folder: Path, job: Job, regions: Iterable[str]) -> set[Path]:
    return {
        part_path(folder, job.provider, region, job.service, kind)
        for region in regions
        for kind in (RATES, MACHINES)
    }


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _read_state(path: Path) -> dict[str, Part]:
    if not path.is_file():
        return {}
    try:
        document = json.loads(read_text(path))
        return {key: _part(key, entry) for key, entry in _entries(document)}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            "is no manifest of fetched prices",
            where=str(path),
            mend="delete the folder, and fetch again: trimtab catalog refresh",
        ) from None


def _entries(document: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    if document["version"] != VERSION:
        raise ValueError(document["version"])
    entries: Mapping[str, Mapping[str, Any]] = document["parts"]
    return entries.items()


def _part(key: str, entry: Mapping[str, Any]) -> Part:
    if key.count("/") < 2:
        raise ValueError(key)
    return Part(key, parse_instant(entry["at"]), str(entry["source"]), int(entry["rows"]))


def _key(job: Job, region: str) -> str:
    return f"{job.provider}/{region}/{job.service}"
