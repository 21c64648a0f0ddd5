"""Azure's managed PostgreSQL, MySQL and MariaDB: by vCore, storage and backups.

A flexible server with a standby pays for two, compute and storage alike.
"""

import re
from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Gap, Part

_FLEXIBLE = re.compile(r"^(B|GP|MO)_Standard_[A-Z]+?(\d+)([a-z]*(?:_v\d+)?)$", re.IGNORECASE)
_SINGLE = re.compile(r"^(B|GP|MO)_Gen[45]_(\d+)$", re.IGNORECASE)
_DEFAULT_STORAGE_MIB = 32768.0
_DEFAULT_MYSQL_STORAGE_GIB = 20.0
_FREE_MYSQL_IOPS = 360.0


@estimates("azurerm_postgresql_flexible_server")
def postgresql(at: Estimation) -> Iterator[Part]:
    """Compute and storage, twice with a standby, and backups beyond the storage's size."""
    servers = 2.0 if at.inputs.has("high_availability") else 1.0
    yield from _compute(at, "postgresql", servers)
    mib = at.inputs.number("storage_mb")
    gib = (_DEFAULT_STORAGE_MIB if mib is None else mib) / 1024
    storage = at.charge("storage", "azure/postgresql/storage", gib * servers)
    yield at.awaited("storage", "storage_mb") or storage
    yield from at.used("backups beyond it", "azure/postgresql/backup", "backup_storage_gb")


@estimates("azurerm_mysql_flexible_server")
def mysql(at: Estimation) -> Iterator[Part]:
    """Compute and storage, twice with a standby, operations beyond those included, and backups."""
    servers = 2.0 if at.inputs.has("high_availability") else 1.0
    yield from _compute(at, "mysql", servers)
    gib = at.inputs.number("storage.size_gb") or _DEFAULT_MYSQL_STORAGE_GIB
    storage = at.charge("storage", "azure/mysql/storage", gib * servers)
    yield at.awaited("storage", "storage.size_gb") or storage
    iops = at.inputs.number("storage.iops")
    included = _FREE_MYSQL_IOPS + 3 * (gib - _DEFAULT_MYSQL_STORAGE_GIB)
    if iops is not None and iops > included:
        yield at.charge("IOPS beyond those included", "azure/mysql/iops", iops - included)
    yield from at.used("backups beyond it", "azure/mysql/backup", "backup_storage_gb")


def _compute(at: Estimation, service: str, servers: float) -> Iterator[Part]:
    sku = at.inputs.text("sku_name")
    found = _FLEXIBLE.match(sku)
    if found is None:
        yield Gap("compute", f"no price of {sku or 'a size that is not declared'}")
        return
    tier, cores, series = found[1].lower(), float(found[2]), found[3].lower()
    label = f"compute: {sku}"
    if tier == "b":
        size = sku.rpartition("_Standard_")[2].lower()
        yield at.charge(label, f"azure/{service}/b/{size}", servers)
    else:
        yield at.charge(label, f"azure/{service}/{tier}-{series}/vcore", cores * servers)


@estimates("azurerm_postgresql_server", "azurerm_mysql_server", "azurerm_mariadb_server")
def single_server(at: Estimation) -> Iterator[Part]:
    """By vCore, by storage, and by backups beyond it: more where they go to another region."""
    service = {
        "azurerm_postgresql_server": "postgresql-single",
        "azurerm_mysql_server": "mysql-single",
        "azurerm_mariadb_server": "mariadb",
    }[at.resource.kind]
    sku = at.inputs.text("sku_name")
    found = _SINGLE.match(sku)
    if found is None:
        yield Gap("compute", f"no price of {sku or 'a size that is not declared'}")
        return
    tier = found[1].lower()
    yield at.charge(f"compute: {sku}", f"azure/{service}/{tier}/vcore", float(found[2]))
    mib = at.inputs.number("storage_mb")
    if mib is None:
        yield Gap("storage", "its size is not declared")
    else:
        rate = f"azure/{service}/b/storage" if tier == "b" else f"azure/{service}/storage"
        yield at.charge("storage", rate, mib / 1024)
    backup = "backup-geo" if at.inputs.flag("geo_redundant_backup_enabled") else "backup"
    yield from at.used("backups beyond it", f"azure/{service}/{backup}", "backup_storage_gb")


@estimates("azurerm_cosmosdb_postgresql_cluster", "azurerm_mongo_cluster")
def not_priced(at: Estimation) -> Iterator[Part]:
    """By node; no source gives a price."""
    yield Gap("nodes", f"no price of {at.resource.kind.removeprefix('azurerm_')}")
