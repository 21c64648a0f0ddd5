"""Lifecycle rules for groups of objects in S3, each with the number that it rests on.

A colder class is cheaper by the GiB and dearer to read: a group pays for what is retrieved, for each request,
for the transition once, for objects as if they had a least size, and for a least time even when they are
deleted before it. A group whose reads are not known is offered Intelligent-Tiering alone, which charges none.
"""

import csv
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from trimtab.clock import DAYS_PER_MONTH
from trimtab.errors import InputError
from trimtab.files import read_bytes
from trimtab.pricing.book import PriceBook
from trimtab.storage.backends import table

KIB_PER_GIB = 2**20
FIRST_DAYS = 30
"""Objects begin in S3 Standard: no lifecycle rule moves them to an infrequent class before."""
MONITORED_KIB = 128.0
COLUMNS = ("group", "gib", "objects", "reads_per_month", "retrieved_gib_per_month", "lifetime_days")
STANDARD = "STANDARD"


@dataclass(frozen=True)
class ObjectGroup:
    """Objects under one prefix or tag, in S3 Standard.

    Attributes:
        name: of the group.
        gib, objects: stored.
        reads_per_month, retrieved_gib_per_month: of it; None: not known.
        lifetime_days: from writing an object to deleting it; None: kept for good.
        may_wait: whether readers may wait hours for it.
        where: file and line, for errors.
        prefix: what the names of its objects begin with; None: not stated.
    """

    name: str
    gib: float
    objects: float
    reads_per_month: float | None
    retrieved_gib_per_month: float | None
    lifetime_days: float | None
    may_wait: bool
    where: str = ""
    prefix: str | None = None


@dataclass(frozen=True)
class ClassCost:
    """What a group costs in one storage class.

    Attributes:
        storage_class: in S3's words.
        usd_per_month: mean over the objects' life after the transition; None: not priced there, or refused.
        usd_once: the transition of what is there.
        break_even_share: part of the group that may be read a month until S3 Standard is as cheap; None:
            reading costs no more.
        refused: why it is not offered.
    """

    storage_class: str
    usd_per_month: float | None
    usd_once: float = 0.0
    break_even_share: float | None = None
    refused: str = ""


@dataclass(frozen=True)
class Rule:
    """What to do with a group.

    Attributes:
        group: which.
        standard_usd_per_month: what it costs as it is; None: not priced.
        best: the cheapest class; None: leave it in S3 Standard.
        after_days: when an object is to move.
        saving: US dollars a month.
        months_to_pay: until the transition is won back.
        reason: in one sentence.
        weighed: every class.
    """

    group: ObjectGroup
    standard_usd_per_month: float | None
    best: ClassCost | None
    after_days: int
    saving: float
    months_to_pay: float
    reason: str
    weighed: tuple[ClassCost, ...]


def lifecycle(groups: tuple[ObjectGroup, ...], region: str, book: PriceBook) -> tuple[Rule, ...]:
    """A rule for each group, at a region's prices."""
    return tuple(_rule(group, region, book) for group in groups)


def _rule(group: ObjectGroup, region: str, book: PriceBook) -> Rule:
    standard = _standard(group, region, book)
    weighed = tuple(_weighed(group, row, region, book) for row in _classes())
    if standard is None:
        why = f"S3 Standard has no price in {region}"
        return Rule(group, None, None, 0, 0.0, 0.0, why, weighed)
    life = float("inf") if group.lifetime_days is None else group.lifetime_days
    months_left = max(life - FIRST_DAYS, 0.0) / DAYS_PER_MONTH
    best, gain = None, 0.0
    for each in weighed:
        if each.usd_per_month is None:
            continue
        saved = (standard - each.usd_per_month) * min(months_left, 12.0) - each.usd_once
        if saved > gain:
            best, gain = each, saved
    if best is None or best.usd_per_month is None:
        return Rule(group, standard, None, 0, 0.0, 0.0, _why_stay(weighed), weighed)
    saving = standard - best.usd_per_month
    return Rule(
        group,
        standard,
        best,
        FIRST_DAYS,
        saving,
        best.usd_once / saving,
        _why(group, best),
        weighed,
    )


def _why(group: ObjectGroup, best: ClassCost) -> str:
    if group.reads_per_month is None or group.retrieved_gib_per_month is None:
        return "reads are not known: this class charges none, and moves what is read back by itself"
    share = group.retrieved_gib_per_month / group.gib
    if best.break_even_share is None:
        return f"{share:.1%} of it is read a month, and reading costs no more than in S3 Standard"
    return f"{share:.1%} of it is read a month; up to {best.break_even_share:.0%} it stays cheaper"


def _why_stay(weighed: tuple[ClassCost, ...]) -> str:
    refused = [f"{each.storage_class}: {each.refused}" for each in weighed if each.refused]
    dearer = [each.storage_class for each in weighed if each.usd_per_month is not None]
    said = f"within a year no dearer than {', '.join(dearer)}" if dearer else ""
    return "; ".join(filter(None, (said, *refused)))


def _standard(group: ObjectGroup, region: str, book: PriceBook) -> float | None:
    tiers = book.tiers("aws/s3/standard/storage", region)
    get = book.rate("aws/s3/standard/get", region)
    if not tiers:
        return None
    ends = [*(tier.start for tier in tiers[1:]), float("inf")]
    usd = sum(
        max(min(group.gib, end) - tier.start, 0.0) * tier.rate.usd
        for tier, end in zip(tiers, ends, strict=True)
    )
    reads = group.reads_per_month or 0.0
    if reads and get is None:
        return None
    return usd + (reads / 1000 * get.usd if get else 0.0)


def _weighed(group: ObjectGroup, row: dict[str, str], region: str, book: PriceBook) -> ClassCost:
    name = row["class"]

    def refused(why: str) -> ClassCost:
        return ClassCost(name, None, refused=why)

    known = group.reads_per_month is not None and group.retrieved_gib_per_month is not None
    if row["waits"] == "yes" and not group.may_wait:
        return refused("its readers would wait for hours")
    if not known and name != "INTELLIGENT_TIERING":
        return refused("how much is read is not known")
    if group.lifetime_days is not None and group.lifetime_days <= FIRST_DAYS:
        return refused(f"its objects are gone before {FIRST_DAYS} days")
    storage = book.rate(row["storage"], region)
    if storage is None or row["region"] != region:
        return refused(f"not priced in {region}")
    if name == "INTELLIGENT_TIERING":
        return _intelligent(group, row, storage.usd, region, book)
    retrieval = book.rate(row["retrieval"], region)
    if retrieval is None:
        return refused(f"its retrieval is not priced in {region}")
    least = float(row["least_kib"]) * group.objects / KIB_PER_GIB
    overhead = float(row["overhead_kib"]) * group.objects / KIB_PER_GIB
    usd = (max(group.gib, least) + overhead) * storage.usd * _for_least_time(group, row)
    read = group.retrieved_gib_per_month or 0.0
    reads = (group.reads_per_month or 0.0) / 1000 * float(row["get_usd_per_1k"])
    standard = _standard(group, region, book) or 0.0
    break_even = max(standard - usd - reads, 0.0) / (group.gib * retrieval.usd)
    return ClassCost(
        name,
        usd + read * retrieval.usd + reads,
        group.objects / 1000 * float(row["transition_usd_per_1k"]),
        break_even,
    )


def _intelligent(
    group: ObjectGroup, row: dict[str, str], cold_usd: float, region: str, book: PriceBook
) -> ClassCost:
    """At most what its frequent tier costs; what is not read falls to the infrequent one."""
    frequent = book.rate("aws/s3/intelligent/frequent", region)
    monitoring = book.rate("aws/s3/intelligent/monitoring", region)
    if frequent is None or monitoring is None:
        return ClassCost(row["class"], None, refused=f"not priced in {region}")
    if group.gib * KIB_PER_GIB / group.objects < MONITORED_KIB:
        return ClassCost(
            row["class"], None, refused="its objects are under 128 KB: none would move"
        )
    # Of what nobody measured, half is taken to be read: said in the reason and in the docs.
    read = (
        group.gib / 2
        if group.retrieved_gib_per_month is None
        else min(group.retrieved_gib_per_month, group.gib)
    )
    reads = (group.reads_per_month or 0.0) / 1000 * float(row["get_usd_per_1k"])
    usd = read * frequent.usd + (group.gib - read) * cold_usd + reads
    usd += group.objects / 1000 * monitoring.usd
    return ClassCost(row["class"], usd, group.objects / 1000 * float(row["transition_usd_per_1k"]))


def _for_least_time(group: ObjectGroup, row: dict[str, str]) -> float:
    """How much more is paid for objects that are deleted before the class' least time."""
    if group.lifetime_days is None:
        return 1.0
    stays = group.lifetime_days - FIRST_DAYS
    return max(float(row["least_days"]) / stays, 1.0)


@cache
def _classes() -> tuple[dict[str, str], ...]:
    return tuple(table("object_classes"))


def read_objects(path: Path) -> tuple[ObjectGroup, ...]:
    """The groups in a CSV file: COLUMNS, may_wait where readers may wait for hours, prefix for rules.

    Raises:
        InputError: a column is missing, or a cell is no number.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"is no UTF-8 text (byte {error.start})", where=str(path), mend="save it as UTF-8 CSV"
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True)
    for name in COLUMNS:
        if name not in (reader.fieldnames or ()):
            raise InputError(
                f"has no column {name}",
                where=str(path),
                mend=f"give {', '.join(COLUMNS)}, and may_wait; for --out prefix",
            )
    groups = [_group(row, f"{path}, line {reader.line_num}") for row in reader]
    if not groups:
        raise InputError("has no groups", where=str(path), mend="give a row for each")
    return tuple(groups)


def _group(row: dict[str, str], where: str) -> ObjectGroup:
    def number(name: str) -> float | None:
        cell = (row[name] or "").strip()
        if not cell:
            return None
        try:
            value = float(cell)
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e15:
            raise InputError(
                f"{name} {cell[:40]!r} is no number of 0 or more",
                where=where,
                mend="give a number, or leave it blank where it is not known",
            )
        return value

    gib, objects, life = number("gib"), number("objects"), number("lifetime_days")
    if not gib or not objects:
        raise InputError("gib or objects is missing or 0", where=where, mend="give what is stored")
    return ObjectGroup(
        name=(row["group"] or "").strip() or "(unnamed)",
        gib=gib,
        objects=objects,
        reads_per_month=number("reads_per_month"),
        retrieved_gib_per_month=number("retrieved_gib_per_month"),
        lifetime_days=life,
        may_wait=(row.get("may_wait") or "").strip().casefold() in ("yes", "true", "1"),
        where=where,
        prefix=None if row.get("prefix") is None else str(row["prefix"]).strip(),
    )
