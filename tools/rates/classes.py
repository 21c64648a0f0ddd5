"""Rates that have a class in their name (`aws/msk/kafka.m5.large`): where a page's rows say it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.rates.pages import Pages

_DB = r"(?P<size>db\.?[ .]\S+)"
_ENGINES = {
    "postgresql": ("rds-postgresql-ondemand", "PostgreSQL No license required"),
    "mysql": ("rds-mysql-ondemand", "MySQL No license required"),
    "mariadb": ("rds-mariadb-ondemand", "MariaDB No license required"),
    "oracle-ee-byol": ("rds-oracle-ondemand", "Oracle Enterprise Bring your own license"),
    "oracle-se2-byol": ("rds-oracle-ondemand", "Oracle Standard Two Bring your own license"),
    "oracle-se2": ("rds-oracle-ondemand", "Oracle Standard Two License included"),
    "sqlserver-ee": ("rds-sqlserver-ondemand", "SQL Server Enterprise License included"),
    "sqlserver-se": ("rds-sqlserver-ondemand", "SQL Server Standard License included"),
    "sqlserver-web": ("rds-sqlserver-ondemand", "SQL Server Web License included"),
    "sqlserver-ex": ("rds-sqlserver-ondemand", "SQL Server Express License included"),
}
_MIRRORED = ("sqlserver-ee", "sqlserver-se")
"""Engines whose standby is priced otherwise than twice the class: the book has both prices."""


@dataclass(frozen=True)
class Family:
    """Rows of a page whose whole name matches, and the rate that each is; `{size}` is the match's, or the row's type."""

    page: str
    name: str
    rate: str
    unit: str = "hour"


def _families() -> Iterator[Family]:
    for engine, (page, words) in _ENGINES.items():
        for zones in ("single-az", "multi-az") if engine in _MIRRORED else ("single-az",):
            name = rf"Database Instance {words} {_DB} .*{zones.title().replace('az', 'AZ').replace('Az', 'AZ')} (Current|Previous) Generation"
            yield Family(page, name, f"aws/rds/instance/{engine}/{zones}/{{size}}")
    aurora = r"Database Instance Aurora \w+ No license required "
    ending = r" .*Single-AZ \w+ Generation(;.*)?"
    for mode, suffix in (("", ""), ("Aurora IO Optimization Mode ", "-io-optimised")):
        rate = f"aws/rds/instance/aurora{suffix}/single-az/{{size}}"
        yield Family("rds-aurora-ondemand", aurora + mode + _DB + ending, rate)
    for engine in ("Redis", "Valkey"):
        name = rf"OnDemand Cache Instance .*(?P<size>cache \S+) {engine}( datatiering)? .*"
        yield Family("elasticache", name, f"aws/elasticache/{engine.lower()}/{{size}}")
    search = r"(?P<size>\w+ \w+)\.search - .* - OnDemand - .* - Hourly Cost"
    yield Family("es", search, "aws/opensearch/instance/{size}")
    redshift = r"(?P<size>\w+ \w+) OnDemand Compute Instance Current Generation"
    yield Family("redshift", redshift, "aws/redshift/node/{size}")
    for kind, suffix in (("", ""), ("IO optimized ", "-io-optimised")):
        name = rf"Neptune {kind}(General purpose|Memory Optimized) Current Generation {_DB}( .*)?"
        yield Family("neptune", name, f"aws/neptune/instance{suffix}/{{size}}")
    yield Family("docdb", rf"OnDemand-instancetype-{_DB}", "aws/docdb/instance/{size}")
    optimised = rf"OnDemand-instancetype-{_DB} IO-Optimized-DocDB"
    yield Family("docdb", optimised, "aws/docdb/instance-io-optimised/{size}")
    yield Family("memorydb", rf".*;{_DB} Redis .*", "aws/memorydb/redis/{size}")
    dax = r"(?P<size>[rt]\d\S*) - Hourly Cost|\[instanceType-unit\]"
    yield Family("dax", dax, "aws/dax/dax.{size}")
    for words, zones in (("Single", "single-az"), ("Multiple", "multi-az")):
        name = rf"DMS OnDemand Replication Server (?P<size>\w+ \w+) {words} AZ"
        yield Family("databasemigrationsvc", name, f"aws/dms/{zones}/dms.{{size}}")
    yield Family("elasticmapreduce", r"Instance-instancetype-(?P<size>\S+)", "aws/emr/{size}")
    broker = r"RunBroker-computefamily-(?P<size>[\w.]+);.*"
    yield Family("msk", broker, "aws/msk/kafka.{size}", "broker-hour")
    single = r"Single Instance (?P<size>mq \S+)"
    yield Family("mq", single, "aws/mq/activemq/{size}", "broker-hour")
    rabbit = r"RabbitMQ Single Instance (?P<size>mq \S+)"
    yield Family("mq", rabbit, "aws/mq/rabbitmq/{size}", "broker-hour")


FAMILIES = tuple(_families())


def class_prices(pages: Pages) -> Iterator[tuple[str, str, str, float]]:
    """Rate, region, unit and dollars of every class; one that has two prices in a region is left out."""
    for family in FAMILIES:
        pattern = re.compile(family.name)
        found: dict[tuple[str, str], set[float]] = {}
        for row in pages.rows(family.page):
            if match := pattern.fullmatch(row.name):
                size = (match["size"] or row.instance_type).replace(" ", ".", 1)
                if size and row.usd > 0:
                    found.setdefault((family.rate.format(size=size), row.region), set()).add(
                        row.usd
                    )
        for (rate, region), prices in found.items():
            if len(prices) == 1:
                yield rate, region, family.unit, prices.pop()
