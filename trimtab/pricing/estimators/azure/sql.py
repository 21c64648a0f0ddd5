"""Azure SQL: databases by DTU or by vCore, elastic pools, managed instances.

A database in a pool is paid for by the pool. By vCore the SQL Server licence comes on top, unless the
licence type says that one is held (`BasePrice`).
"""

import re
from collections.abc import Iterator

from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.amount import between
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Basis, Gap, Part

_VCORE = re.compile(r"^(GP|BC|HS)(_S)?_([A-Za-z0-9]+)_(\d+)$", re.IGNORECASE)
_STANDARD_DTUS = {"S0": 10, "S1": 20, "S2": 50, "S3": 100, "S4": 200, "S6": 400, "S7": 800}
_STANDARD_DTUS |= {"S9": 1600, "S12": 3000}
_PREMIUM_DTUS = {"P1": 125, "P2": 250, "P4": 500, "P6": 1000}
_INCLUDED_GB = {"S": 250.0, "P": 500.0}
_DEFAULT_VCORE_GB = 32.0
_DEFAULT_SKU = "GP_S_Gen5_2"
_INSTANCE_INCLUDED_GB = 32.0
_REDUNDANCY = {"geo": "grs", "geozone": "grs", "local": "lrs", "zone": "zrs"}
_POOL_INCLUDED_GB = {
    "standard": {50: 50, 100: 100, 200: 200, 300: 300, 400: 400, 800: 800, 1200: 1200},
    "premium": {125: 250, 250: 500, 500: 750, 1000: 1024, 1500: 1536, 2000: 2048},
}
"""Storage in GB that an elastic pool of so many eDTUs includes (learn.microsoft.com, DTU limits)."""


@estimates("azurerm_mssql_database", "azurerm_sql_database")
def database(at: Estimation) -> Iterator[Part]:
    """Compute, licence, storage and backups; of one in a pool, its backups alone."""
    sku = at.inputs.text("sku_name") or at.inputs.text("requested_service_objective_name")
    if at.inputs.has("elastic_pool_id") or at.inputs.has("elastic_pool_name"):
        sku = "ElasticPool"
    if at.inputs.unknown("sku_name"):
        yield Gap("compute", "its size is known only after deployment")
        return
    sku = sku or _DEFAULT_SKU
    if sku.lower() in ("free", "elasticpool"):
        pass
    elif sku.lower() == "basic":
        yield at.charge("compute: Basic", "azure/sql/dtu/basic")
    elif sku.upper() in _STANDARD_DTUS:
        yield from _by_dtu(at, sku.upper(), "standard", _STANDARD_DTUS[sku.upper()] / 10)
    elif sku.upper() in _PREMIUM_DTUS:
        yield from _by_dtu(at, sku.upper(), "premium", _PREMIUM_DTUS[sku.upper()] / 125)
    else:
        yield from _by_vcore(at, sku)
    yield from _backups(at)


def _by_dtu(at: Estimation, sku: str, tier: str, units: float) -> Iterator[Part]:
    yield at.charge(f"compute: {sku}", f"azure/sql/dtu/{tier}", units)
    size = at.inputs.number("max_size_gb")
    beyond = 0.0 if size is None else size - _INCLUDED_GB[sku[0]]
    if beyond > 0:
        yield at.charge("storage beyond the included", f"azure/sql/dtu/{tier}/storage", beyond)


def _by_vcore(at: Estimation, sku: str) -> Iterator[Part]:
    found = _VCORE.match(sku)
    if found is None:
        yield Gap("compute", f"no price of {sku}")
        return
    tier, serverless, family, cores = found[1].lower(), found[2], found[3].lower(), float(found[4])
    redundant = at.inputs.flag("zone_redundant")
    series = tier if family == "gen5" else f"{tier}_{family}"
    if serverless:
        least = at.inputs.number("min_capacity") or 0.5
        amount, basis = at.usage("vcore_hours")
        # what is not used may be paused for, what is used is at least the minimum
        low = 0.0 if at.inputs.count("auto_pause_delay_in_minutes", 60) >= 0 else least
        average = amount.times(1 / HOURS_PER_MONTH)
        if basis is Basis.DEFAULT:
            average, basis = between(low, cores, min(least, cores)), Basis.BOUNDS
        yield at.charge(f"compute: {sku}", f"azure/sql/{tier}_s/vcore", average, basis=basis)
        if redundant:
            rate = f"azure/sql/{tier}_s/zone-redundancy"
            yield at.charge("zone redundancy", rate, average, basis=basis)
    else:
        yield at.charge(f"compute: {sku}", f"azure/sql/{series}/vcore", cores)
        if redundant and tier == "gp":
            yield at.charge("zone redundancy", "azure/sql/gp/zone-redundancy", cores)
        replicas = at.inputs.number("read_replica_count") or 0.0
        if replicas:
            yield at.charge("read replicas", f"azure/sql/{series}/vcore", cores * replicas)
        if at.inputs.text("license_type", "LicenseIncluded").lower() != "baseprice":
            yield at.charge("SQL Server licence", f"azure/sql/{tier}/licence", cores)
    if tier == "hs":
        amount, basis = at.usage("storage_gb")
        size = at.inputs.number("max_size_gb")
        if size is not None and basis is Basis.DEFAULT:
            yield at.charge("storage", "azure/sql/hs/storage", size)
        else:
            yield at.charge("storage", "azure/sql/hs/storage", amount, basis=basis)
        return
    size = at.inputs.number("max_size_gb")
    note = "" if size else f"{_DEFAULT_VCORE_GB:,.0f} GB, what Azure gives where none is declared"
    rate = "azure/sql/gp-zrs/storage" if redundant and tier == "gp" else f"azure/sql/{tier}/storage"
    storage = at.charge("storage", rate, size or _DEFAULT_VCORE_GB, note=note)
    yield at.awaited("storage", "max_size_gb") or storage


def _backups(at: Estimation) -> Iterator[Part]:
    place = at.inputs.text("storage_account_type", "Geo").lower()
    rate = f"azure/sql/backup/{_REDUNDANCY.get(place, 'grs')}"
    yield from at.used("backups beyond the included", rate, "backup_storage_gb")


@estimates("azurerm_mssql_elasticpool", "azurerm_sql_elasticpool")
def elastic_pool(at: Estimation) -> Iterator[Part]:
    """By eDTU, or by vCore with licence and storage."""
    name = at.inputs.text("sku.name") or f"{at.inputs.text('edition')}Pool"
    capacity = at.inputs.number("sku.capacity") or at.inputs.number("dtu")
    if capacity is None:
        yield Gap("compute", "its capacity is known only after deployment")
        return
    lower = name.lower()
    if lower.endswith("pool"):
        tier = lower.removesuffix("pool")
        yield at.charge(f"compute: {name}, {capacity:g} eDTU", f"azure/sql/pool/{tier}", capacity)
        included = _POOL_INCLUDED_GB.get(tier, {}).get(int(capacity))
        size = at.inputs.number("max_size_gb")
        if included is not None and size is not None and size > included:
            rate = f"azure/sql/pool/{tier}/storage"
            yield at.charge("storage beyond the included", rate, size - included)
        return
    tier, _, family = lower.partition("_")
    series = tier if family == "gen5" else f"{tier}_{family}"
    yield at.charge(f"compute: {name}, {capacity:g} vCore", f"azure/sql/{series}/vcore", capacity)
    redundant = at.inputs.flag("zone_redundant") and tier == "gp"
    if redundant:
        yield at.charge("zone redundancy", "azure/sql/gp/zone-redundancy", capacity)
    if at.inputs.text("license_type", "LicenseIncluded").lower() != "baseprice":
        yield at.charge("SQL Server licence", f"azure/sql/{tier}/licence", capacity)
    size = at.inputs.number("max_size_gb") or _DEFAULT_VCORE_GB
    yield at.charge("storage", f"azure/sql/{'gp-zrs' if redundant else tier}/storage", size)


@estimates("azurerm_mssql_managed_instance", "azurerm_sql_managed_instance")
def managed_instance(at: Estimation) -> Iterator[Part]:
    """By vCore with licence, by storage beyond 32 GB, and by backups."""
    sku = at.inputs.text("sku_name")
    cores = at.inputs.number("vcores")
    if cores is None or not sku:
        yield Gap("compute", "its size is known only after deployment")
        return
    tier, _, family = sku.lower().partition("_")
    series = f"mi-{tier}" if family == "gen5" else f"mi-{tier}-{family}"
    yield at.charge(f"compute: {sku}, {cores:g} vCore", f"azure/sql/{series}/vcore", cores)
    if at.inputs.text("license_type", "LicenseIncluded").lower() != "baseprice":
        yield at.charge("SQL Server licence", f"azure/sql/{tier}/licence", cores)
    beyond = (at.inputs.number("storage_size_in_gb") or 0.0) - _INSTANCE_INCLUDED_GB
    if beyond > 0:
        yield at.charge("storage beyond 32 GB", "azure/sql/mi/storage", beyond)
    place = at.inputs.text("storage_account_type", "GRS").lower()
    yield from at.used("backups", f"azure/sql/backup/{place}", "backup_storage_gb")


@estimates("azurerm_mssql_virtual_machine")
def sql_virtual_machine(at: Estimation) -> Iterator[Part]:
    """The machine is priced as itself; the SQL Server licence by its use."""
    if at.inputs.text("sql_license_type", "PAYG").upper() == "PAYG":
        yield Gap("SQL Server licence", "no price of pay-as-you-go SQL Server on a machine")
