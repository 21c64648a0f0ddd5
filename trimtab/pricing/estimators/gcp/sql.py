"""Cloud SQL.

Two vCPUs and their memory cost the same whatever the engine; a regional instance has a standby and costs twice
a zonal one. SQL Server's licence is not in that.
"""

import re
from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.places import located
from trimtab.pricing.model import Gap, Part

_CUSTOM = re.compile(r"^db-custom-(\d+)-(\d+)$")
_SIZED = re.compile(r"^db-(?:n1-)?(standard|highmem)-(\d+)$")
_PLUS = re.compile(r"^db-perf-optimized-N-(\d+)$")
_GIB_PER_VCPU = {"standard": 3.75, "highmem": 6.5}
_SHARED = {"db-f1-micro": "f1-micro", "db-g1-small": "g1-small"}
_DEFAULT_GIB = 10.0


@estimates("google_sql_database_instance")
def sql_instance(at: Estimation) -> Iterator[Part]:
    """Its machine, its disk, and its backups."""
    at = located(at, "region")
    settings = "settings"
    regional = at.inputs.text(f"{settings}.availability_type").upper() == "REGIONAL"
    copies, said = (2.0, ", with a standby") if regional else (1.0, "")
    if at.inputs.text(f"{settings}.activation_policy").upper() != "NEVER":
        yield from _machine(at, at.inputs.text(f"{settings}.tier"), copies, said)
    disk = "hdd" if at.inputs.text(f"{settings}.disk_type").upper() == "PD_HDD" else "ssd"
    if at.inputs.text(f"{settings}.disk_type").upper().startswith("HYPERDISK"):
        disk = "hyperdisk"
    gib = at.inputs.number(f"{settings}.disk_size")
    yield at.awaited("storage", f"{settings}.disk_size", f"{settings}.disk_type") or at.charge(
        f"{disk.upper()} storage{said}",
        f"gcp/sql/{disk}",
        (_DEFAULT_GIB if gib is None else gib) * copies,
        note="" if gib is not None else "no size is given: 10 GiB, which grows by itself",
    )
    if at.inputs.flag(f"{settings}.data_cache_config.data_cache_enabled"):
        yield Gap("data cache", "charged by the size that the machine brings")
    if at.inputs.flag(f"{settings}.backup_configuration.enabled"):
        yield from at.used("backups", "gcp/sql/backup", "backup_storage_gb")


def _machine(at: Estimation, tier: str, copies: float, said: str) -> Iterator[Part]:
    if tier in _SHARED:
        yield at.charge(f"{tier}{said}", f"gcp/sql/{_SHARED[tier]}", copies)
        return
    size = _size_of(tier)
    if size is None:
        reason = f"no price of {tier}" if tier else "its tier is not known before a deployment"
        yield Gap("database machine", reason)
        return
    vcpu, gib, plus = size
    yield at.charge(f"vCPUs{said}", f"gcp/sql/{plus}vcpu", vcpu * copies)
    yield at.charge(f"memory{said}", f"gcp/sql/{plus}memory", gib * copies)
    version = at.inputs.text("database_version").upper()
    if version.startswith("SQLSERVER") and "EXPRESS" not in version:
        yield Gap("SQL Server licence", f"no source gives the price of {version}'s")


def _size_of(tier: str) -> tuple[float, float, str] | None:
    """vCPUs, GiB, and the prefix of the edition's rates, of a tier."""
    custom = _CUSTOM.match(tier)
    if custom:
        return float(custom[1]), float(custom[2]) / 1024, ""
    sized = _SIZED.match(tier)
    if sized:
        vcpu = float(sized[2])
        return vcpu, vcpu * _GIB_PER_VCPU[sized[1]], ""
    plus = _PLUS.match(tier)
    if plus:
        return float(plus[1]), float(plus[1]) * 8, "plus-"
    return None
