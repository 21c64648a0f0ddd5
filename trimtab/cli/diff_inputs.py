"""What `trimtab diff` is given, read and priced: files and options in, a `Diff` out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.clock import parse_instant
from trimtab.diff.compare import Judges, compare
from trimtab.diff.owners import owner_tags
from trimtab.diff.rules import REQUIRED, attribution, installed_packs
from trimtab.errors import InputError
from trimtab.pricing.estimation import Settings
from trimtab.usage.model import Usage

if TYPE_CHECKING:
    from trimtab.diff.budgets import Budget
    from trimtab.diff.model import Diff
    from trimtab.inventory.model import Inventory
    from trimtab.pricing.book import PriceBook
    from trimtab.pricing.plan_source import PlanSource
    from trimtab.resources.model import ChangeSet

BUILT_IN = "built-in"
REGION_PROVIDERS = ("aws", "azure", "gcp")


@dataclass(frozen=True)
class DiffOptions:
    """The options of `trimtab diff`, as given; `required` None: the usual dimensions."""

    inputs: tuple[str, ...]
    plan: Path | None = None
    plan_before: Path | None = None
    as_of: str | None = None
    usage: Path | None = None
    measured: Path | None = None
    inventory: Path | None = None
    offers: Path | None = None
    prices: str | None = None
    regions: Mapping[str, str] = field(default_factory=dict)
    stack: str | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    fixtures: Path | None = None
    engine: str = "recorder"
    budgets: Path | None = None
    owner_tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    required: tuple[str, ...] | None = None


def priced(options: DiffOptions) -> "Diff":
    """Read everything that the options name, and price the change.

    Raises:
        InputError: an option, a file or a field is wrong.
        EngineError: an engine that an input needs is missing or fails.
    """
    if len(options.inputs) > 2:
        raise InputError(
            f"{len(options.inputs)} inputs are given",
            mend="give one that holds both sides, or BEFORE and AFTER",
        )
    judges = _judges(options)  # cheap, and wrong as often as an input
    change = _read(options)
    (before, after), prices = settings_of(options, change)
    return compare(change, before, after, judges, prices)


def settings_of(
    options: DiffOptions, change: "ChangeSet"
) -> tuple[tuple[Settings, Settings], list[str]]:
    """How each side of a change is priced, and the layers of prices as sentences.

    Raises:
        InputError: an option or a file that it names is wrong.
    """
    return settings_with(options, _given_plans(options) or _own_plans(change))


def settings_with(
    options: DiffOptions, plans: "tuple[PlanSource | None, PlanSource | None]"
) -> tuple[tuple[Settings, Settings], list[str]]:
    """The same for sides whose plans are read: what `trimtab preview` has, too.

    Raises:
        InputError: an option or a file that it names is wrong.
    """
    as_of = _instant(options.as_of, plans)
    usage, inventory = _usage(options), _inventory(options)
    book, prices = price_book(options.offers, options.prices)

    def side(plan: "PlanSource | None") -> Settings:
        return Settings(book, as_of, usage, _regions(options, plan), plan, inventory)

    return (side(plans[0]), side(plans[1])), prices


# Inputs.


def _read(options: DiffOptions) -> "ChangeSet":
    from trimtab.resources.readers import Options, read_change

    *before, after = options.inputs
    reading = Options(
        stack=options.stack or "",
        config=configuration(options),
        fixtures=options.fixtures,
        engine=options.engine,
    )
    return read_change(before[0] if before else None, after, reading)


_REGION_KEYS = {"aws": "aws:region", "azure": "azure-native:location", "gcp": "gcp:region"}


def configuration(options: DiffOptions) -> dict[str, str]:
    """Configuration for a program: what the user gives, and the regions and the plan that hold."""
    regions = {
        _REGION_KEYS[provider]: region
        for provider, region in options.regions.items()
        if provider in _REGION_KEYS
    }
    plans = {} if options.plan is None else {"trimtab:plan": str(options.plan.resolve())}
    return {**regions, **plans, **options.config}


def _given_plans(options: DiffOptions) -> "tuple[PlanSource | None, PlanSource | None] | None":
    """The plans of both sides, where the user names one."""
    if options.plan is None and options.plan_before is None:
        return None
    from trimtab.pricing.plan_source import load_plan_source

    after = load_plan_source(options.plan) if options.plan else None
    before = load_plan_source(options.plan_before) if options.plan_before else after
    return before, after


def _own_plans(change: "ChangeSet") -> "tuple[PlanSource | None, PlanSource | None]":
    """The plans that the sides themselves name: a stack's `trimtab:plan`."""
    files = change.before.plan_file, change.after.plan_file
    if files == (None, None):
        return None, None
    from trimtab.pricing.plan_source import load_plan_source

    before, after = (load_plan_source(path) if path else None for path in files)
    return before, after


def _instant(text: str | None, plans: "Iterable[PlanSource | None]") -> datetime:
    """When prices and windows are read: as asked, else the new plan's start, else today.

    The machine's clock is read here and nowhere below; to the day, so that a day's runs agree.
    """
    if text is not None:
        return instant_of(text, "--as-of")
    starts = [source.plan.spec.start for source in plans if source]
    if starts:
        return starts[-1]
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def instant_of(text: str, where: str) -> datetime:
    """An instant as it is written in an option or a setting, `where`.

    Raises:
        InputError: it is none.
    """
    try:
        return parse_instant(text)
    except ValueError:
        raise InputError(
            f"{text!r} is no ISO 8601 instant", where=where, mend="write it as 2026-12-01T00:00:00Z"
        ) from None


def _usage(options: DiffOptions) -> Usage:
    usage = Usage()
    if options.usage is not None:
        from trimtab.usage.document import load_usage

        usage = load_usage(options.usage)
    if options.measured is not None:
        from trimtab.usage.measured import load_measured

        usage = replace(usage, measured=load_measured(options.measured))
    return usage


def _regions(options: DiffOptions, plan: "PlanSource | None") -> dict[str, str]:
    for provider in options.regions:
        if provider not in REGION_PROVIDERS:
            raise InputError(
                f"unknown provider {provider!r}",
                where="--region",
                mend=f"use one of {', '.join(REGION_PROVIDERS)}",
            )
    site = plan.plan.spec.site if plan else None
    return {**({site.provider: site.region} if site else {}), **options.regions}


def _inventory(options: DiffOptions) -> "Inventory | None":
    if options.inventory is None:
        return None
    from trimtab.inventory.document import load_inventory

    return load_inventory(options.inventory)


def _judges(options: DiffOptions) -> Judges:
    budgets: Sequence[Budget] = ()
    if options.budgets is not None:
        from trimtab.diff.budgets import load_budgets

        budgets = load_budgets(options.budgets)
    required = REQUIRED if options.required is None else options.required
    built_in = [attribution(required)] if required else []
    return Judges(owner_tags(options.owner_tags), [*built_in, *installed_packs()], budgets)


# Prices.


def price_book(offers: Path | None, prices: str | None) -> "tuple[PriceBook, list[str]]":
    """The book that options ask for, and its layers as sentences.

    Args:
        offers: a table of machines that goes first.
        prices: a folder of fetched prices, or `built-in`; None: the cache, where there is one.

    Raises:
        InputError: a table is wrong, or the folder is no folder of prices.
    """
    from trimtab.pricing.book import FolderLayer, Layer, OffersLayer, PriceBook
    from trimtab.pricing.book.machines import BUILT_IN_FOLDER

    layers: list[Layer] = []
    sentences = []
    if offers is not None:
        from trimtab.catalogue.reader import load_offers

        catalogue = load_offers(offers)
        layers.append(OffersLayer(catalogue))
        sentences.append(f"machines of {catalogue.source}")
    folder = _fetched(prices)
    if folder is not None:
        layers.append(FolderLayer(folder))
        sentences.append(f"fetched prices in {folder}")
    layers.append(FolderLayer(BUILT_IN_FOLDER))
    sentences.append("built-in prices")
    return PriceBook(layers), sentences


def _fetched(prices: str | None) -> Path | None:
    if prices == BUILT_IN:
        return None
    if prices is not None:
        folder = Path(prices)
        if not folder.is_dir():
            raise InputError(
                f"{prices} is no folder",
                where="--prices",
                mend="fetch into it: trimtab catalog refresh",
            )
        if not any((folder / part).is_dir() for part in ("rates", "machines")):
            raise InputError(
                f"{prices} holds no prices",
                where="--prices",
                mend="fetch into it: trimtab catalog refresh",
            )
        return folder
    from trimtab.pricing.book.cache import cache_folder

    folder = cache_folder()
    return folder if folder.is_dir() else None
