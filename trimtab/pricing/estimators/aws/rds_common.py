"""What RDS instances and Aurora instances share: their engine's price name, extended support, insights."""

import csv
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files

from trimtab.pricing.amount import Amount
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.model import Gap, Part

_ENGINES = {
    "mysql": "mysql",
    "mariadb": "mariadb",
    "postgres": "postgresql",
    "aurora": "aurora",
    "aurora-mysql": "aurora",
    "aurora-postgresql": "aurora",
    "oracle-ee": "oracle-ee-byol",
    "oracle-ee-cdb": "oracle-ee-byol",
    "oracle-se2": "oracle-se2",
    "oracle-se2-cdb": "oracle-se2",
    "sqlserver-ex": "sqlserver-ex",
    "sqlserver-web": "sqlserver-web",
    "sqlserver-se": "sqlserver-se",
    "sqlserver-ee": "sqlserver-ee",
}

_SUPPORT_ENGINES = {"postgres": "postgresql", "aurora": "aurora-mysql"}

_VCPUS = {"micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4}
"""By the size of a class; an n-fold xlarge has n times 4. Older classes have fewer."""


def engine_of(at: Estimation) -> str | None:
    """The engine and its licence as the price book has them; None where there is no such price."""
    engine = at.inputs.text("engine").lower()
    byol = at.inputs.text("license_model") == "bring-your-own-license"
    found = _ENGINES.get(engine)
    return "oracle-se2-byol" if found == "oracle-se2" and byol else found


_LONGEST_NUMBER = 3


def vcpus(instance_class: str) -> int | None:
    """vCPUs of a current class; None for serverless and sizes that say nothing."""
    size = instance_class.rpartition(".")[2]
    if size in _VCPUS:
        return _VCPUS[size]
    times = size.removesuffix("xlarge")
    return 4 * int(times) if times.isdecimal() and len(times) <= _LONGEST_NUMBER else None


def extended_support(
    at: Estimation, engine: str, version: str, units: Amount | float | None, unit: str = "vcpu"
) -> Iterator[Part]:
    """The surcharge on a major version past its standard support, by the hour and vCPU (or ACU).

    Args:
        at: what is priced.
        engine: as the program names it: `postgres`.
        version: as the program names it: "" where AWS chooses, which is never an old one.
        units: vCPUs, or capacity units; None where they are not known.
        unit: `vcpu` or `acu`.
    """
    if at.inputs.text("engine_lifecycle_support").endswith("-disabled") or not version:
        return
    found = _support(_SUPPORT_ENGINES.get(engine, engine), version)
    if found is None or at.facts.on < found[0]:
        return
    year = 3 if found[1] is not None and at.facts.on >= found[1] else 1
    label = f"extended support, year {'3' if year == 3 else '1 or 2'}"
    if units is None:
        yield Gap(label, "the class's vCPUs are not known")
    else:
        yield at.charge(label, f"aws/rds/extended-support/year-{year}/{unit}", units)


def _support(engine: str, version: str) -> tuple[date, date | None] | None:
    """From when years 1 and 3 of a version's extended support are charged."""
    for name, major, first, third in _support_table():
        if name == engine and (version == major or version.startswith(f"{major}.")):
            return first, third
    return None


@cache
def _support_table() -> tuple[tuple[str, str, date, date | None], ...]:
    table = files("trimtab.pricing.estimators.aws").joinpath("rds_support.csv")
    return tuple(
        (
            row["engine"],
            row["version"],
            date.fromisoformat(row["year_1"]),
            date.fromisoformat(row["year_3"]) if row["year_3"] else None,
        )
        for row in csv.DictReader(table.read_text("utf-8").splitlines())
    )


def performance_insights(at: Estimation, instance_class: str) -> Iterator[Part]:
    """Insights kept longer than the free week, by vCPU and month."""
    days = at.inputs.number("performance_insights_retention_period")
    if not at.inputs.flag("performance_insights_enabled") or days is None or days <= 7:
        return
    count = vcpus(instance_class)
    if count is None:
        yield Gap("Performance Insights", f"no price for {instance_class}")
        return
    family = instance_class.removeprefix("db.").partition(".")[0]
    yield at.charge(
        "Performance Insights retention", f"aws/rds/performance-insights/{family}", count
    )
