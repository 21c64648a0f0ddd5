"""Running a refresh: which jobs there are, which are fresh, and what becomes of each.

One failing job does not stop the others: what it had before stays, and the end lists it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from trimtab.errors import EngineError, InputError, TrimtabError, allowed
from trimtab.pricing.book.machines import regions
from trimtab.pricing.live.model import Job, Wanted

if TYPE_CHECKING:
    from trimtab.pricing.live.store import Store

PROVIDERS = ("aws", "azure", "gcp", "gpu")


@dataclass
class Result:
    """What a refresh came to.

    Attributes:
        fetched: parts written, with their rows.
        fresh: parts that were young enough.
        failed: parts that failed, or the providers whose jobs could not even be listed, and why.
        notes: what was left out, as sentences.
    """

    fetched: dict[str, int] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    failed: dict[str, TrimtabError] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def refresh(
    store: "Store",
    wanted: Wanted,
    max_age: timedelta,
    say: Callable[[str], None],
    list_jobs: "Callable[[str, Wanted], Iterator[Job]] | None" = None,
    done: Callable[[str, int], None] | None = None,
) -> Result:
    """Fetch what is asked for and not fresh.

    Args:
        store: where to.
        wanted: what, and the instant.
        max_age: a part that is no older is left as it is.
        say: told each part before it is fetched.
        list_jobs: the jobs of a provider, for tests; default: the providers' own.
        done: told each part that is written, and its prices.

    Raises:
        InputError: a provider is unknown, no job is what was asked for, or the folder can't be written.
    """
    result = Result()
    with store.locked():
        for provider, ours in _by_provider(wanted).items():
            try:
                for job in (list_jobs or jobs)(provider, ours):
                    _run(store, job, ours, max_age, say, result)
                    if done is not None and job.key in result.fetched:
                        done(job.key, result.fetched[job.key])
            except TrimtabError as error:
                result.failed[provider] = error.bare()
    if not (result.fetched or result.fresh or result.failed):
        raise InputError(
            "nothing that can be fetched is all that was asked for",
            where="--service" if wanted.services else "--region",
            mend="see the services in docs/diff/live-prices.md, or leave the option out",
        )
    return result


def _by_provider(wanted: Wanted) -> dict[str, Wanted]:
    """What is asked of each provider: of several, the regions that are its own.

    A provider that is asked for alone takes every region: it may be newer than what we know.
    """
    for name in wanted.providers:
        if name not in PROVIDERS:
            raise InputError(
                f"unknown provider {name!r}",
                where="--provider",
                mend=f"use one of {allowed(PROVIDERS)}",
            )
    if not wanted.regions or len(wanted.providers) == 1:
        return dict.fromkeys(wanted.providers or PROVIDERS, wanted)
    clouds = [name for name in wanted.providers or PROVIDERS if name != "gpu"]
    known = {name: set(regions(name)) for name in clouds}
    for region in wanted.regions:
        if not any(region in names for names in known.values()):
            raise InputError(
                f"no provider that is asked has a region {region!r}",
                where="--region",
                mend="name its provider with --provider, and that one alone",
            )
    ours = {name: tuple(r for r in wanted.regions if r in known[name]) for name in clouds}
    return {name: replace(wanted, regions=names) for name, names in ours.items() if names}


def jobs(provider: str, wanted: Wanted) -> Iterator[Job]:
    """The jobs of a provider, machines first.

    Raises:
        EngineError: a library or credentials are missing.
    """
    match provider:
        case "aws":
            from trimtab.pricing.live.aws import aws_jobs

            yield from aws_jobs(wanted)
        case "azure":
            from trimtab.pricing.live.azure import azure_jobs

            yield from azure_jobs(wanted)
        case "gcp":
            from trimtab.pricing.live.gcp import gcp_jobs

            yield from gcp_jobs(wanted)
        case _:
            from trimtab.pricing.live.gpu import gpu_jobs

            yield from gpu_jobs(wanted)


def _run(
    store: "Store",
    job: Job,
    wanted: Wanted,
    max_age: timedelta,
    say: Callable[[str], None],
    result: Result,
) -> None:
    if store.fresh(job, wanted.now, max_age):
        result.fresh.append(job.key)
        return
    say(job.key)
    try:
        written = store.write(job, wanted.now)
    except TrimtabError as error:
        result.failed[job.key] = error.bare()
        return
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        # An answer of another shape than its API documents: it must not cost the other parts.
        told = f"{job.source} answered what can't be read ({type(error).__name__}: {error})"
        result.failed[job.key] = EngineError(told, mend="run it again; if it stays, report it")
        return
    result.fetched[job.key] = written.rows
    result.notes.extend(written.notes)
