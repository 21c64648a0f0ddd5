"""`trimtab catalog refresh`: the clock, the progress and the list of what failed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from trimtab.cli.output import info, progress, warn
from trimtab.clock import DURATION_MEND, parse_duration, parse_instant
from trimtab.errors import EngineError, InputError
from trimtab.pricing.book.cache import cache_folder
from trimtab.pricing.live.model import Wanted
from trimtab.pricing.live.refresh import Result, refresh
from trimtab.pricing.live.store import Store

SHOWN_NOTES = 10


def run(
    providers: list[str] | None,
    regions: list[str] | None,
    services: list[str] | None,
    folder: Path | None,
    max_age: str,
    as_of: str | None,
    offers: Path | None,
) -> None:
    """Fetch, and say what came of it.

    Raises:
        InputError: an option is wrong, or the folder can't be written.
        EngineError: a part failed; the others are written.
    """
    place = folder or cache_folder()
    wanted = Wanted(
        now=_instant(as_of),
        providers=tuple(providers or ()),
        regions=tuple(regions or ()),
        services=tuple(services or ()),
    )
    age = _age(max_age)
    store = Store(place)
    with progress("fetching prices") as step:
        result = refresh(store, wanted, age, step, done=_done)
    _report(result, place)
    if offers is not None:
        from trimtab.cli.catalog_export import write

        write(offers, place, wanted.providers, wanted.regions)
    if result.failed:
        name, first = next(iter(result.failed.items()))
        more = f" and {len(result.failed) - 1} more, listed above" if len(result.failed) > 1 else ""
        raise EngineError(f"{name} failed{more}: {first.message}", mend=first.mend)


def _done(key: str, prices: int) -> None:
    info(f"{key}: {prices:,} prices")


def _report(result: Result, folder: Path) -> None:
    for note in result.notes[:SHOWN_NOTES]:
        warn(f"left out: {note}")
    if len(result.notes) > SHOWN_NOTES:
        warn(f"left out: {len(result.notes) - SHOWN_NOTES} more that meters disagree on")
    for key, error in result.failed.items():
        info(f"failed: {key}: {error}")
    info(
        f"{sum(result.fetched.values()):,} prices of {len(result.fetched)} parts are in {folder}; "
        f"{len(result.fresh)} were fresh, {len(result.failed)} failed"
    )


def _instant(text: str | None) -> datetime:
    """When the fetch is: the machine's clock is read here and nowhere below."""
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return parse_instant(text)
    except ValueError:
        raise InputError(
            f"{text!r} is no ISO 8601 instant",
            where="--as-of",
            mend="write it as 2026-12-01T00:00:00Z",
        ) from None


def _age(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(str(error), where="--max-age", mend=DURATION_MEND) from None
