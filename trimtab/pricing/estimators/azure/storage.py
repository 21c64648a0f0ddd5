"""Azure storage: accounts with what they hold, file shares, NetApp pools.

An account is paid for by what is in it. Shares that are declared are paid for as themselves; what an account
holds in blobs, and does to them, is usage.
"""

from collections.abc import Iterator

from trimtab.pricing.amount import between
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Basis, Gap, PaidElsewhere, Part

_REPLICATION = {"ragrs": "grs", "ragzrs": "gzrs"}
_SHARE_TIERS = {
    "transactionoptimized": "transaction-optimized",
    "hot": "hot",
    "cool": "cool",
    "premium": "premium",
}
_NETAPP_TIB_GIB = 1024


@estimates("azurerm_storage_account")
def storage_account(at: Estimation) -> Iterator[Part]:
    """Blobs by replication and access tier; a file account by its shares alone."""
    kind = at.inputs.text("account_kind", "StorageV2").lower()
    if kind == "filestorage":
        yield PaidElsewhere("its shares are paid for, each as itself")
        return
    replication = at.inputs.text("account_replication_type", "LRS").lower()
    if at.inputs.unknown("account_replication_type"):
        yield Gap("blobs", "the replication is known only after deployment")
        return
    tier = at.inputs.text("access_tier", "Hot").lower()
    if at.inputs.text("account_tier", "Standard").lower() == "premium":
        tier = "premium"
    elif kind == "storage":
        tier = "v1"
    rate = f"azure/blob/{tier}/{replication}"
    yield from at.used(f"blobs: {tier} {replication.upper()}", rate, "storage_gb")
    if tier not in ("hot", "cool"):
        return
    # reading from the second region makes no operation dearer
    rate = f"azure/blob/{tier}/{_REPLICATION.get(replication, replication)}"
    yield from at.used("writes", f"{rate}/write", "write_10k_operations")
    yield from at.used("lists", f"{rate}/list", "list_10k_operations")
    yield from at.used("reads", f"{rate}/read", "read_10k_operations")


@estimates("azurerm_storage_share")
def storage_share(at: Estimation) -> Iterator[Part]:
    """A premium share by its quota, another by what it holds: at most its quota."""
    names = ("storage_account_id", "storage_account_name", "account_name")
    accounts = (at.referred(name, "azurerm_storage_account") for name in names)
    account = next((each for each in accounts if each), None)
    if account is None:
        yield Gap("share", "the account that says its replication is not declared here")
        return
    replication = account.inputs.text("account_replication_type", "LRS").lower()
    replication = _REPLICATION.get(replication, replication)
    tier = at.inputs.text("access_tier", "TransactionOptimized")
    if account.inputs.text("account_tier", "Standard").lower() == "premium":
        tier = "Premium"
    name = _SHARE_TIERS.get(tier.lower(), tier.lower())
    rate = f"azure/files/{name}/{replication}"
    label = f"share: {name} {replication.upper()}"
    quota = at.inputs.number("quota")
    if name == "premium":
        if quota is None:
            yield Gap(label, "its quota is known only after deployment")
        else:
            yield at.charge(label, rate, quota)
        return
    amount, basis = at.usage("storage_gb")
    if quota is not None and basis is Basis.DEFAULT:
        expected = min(amount.expected or 0.0, quota)
        amount = between(0.0, quota, expected)
    yield at.charge(label, rate, amount, basis=basis)
    yield from at.used("writes", f"{rate}/write", "write_10k_operations")
    yield from at.used("reads", f"{rate}/read", "read_10k_operations")


@estimates("azurerm_netapp_pool")
def netapp_pool(at: Estimation) -> Iterator[Part]:
    """By the size that is provisioned, used or not; its volumes cost nothing more."""
    tib = at.inputs.number("size_in_tb")
    level = at.inputs.text("service_level").lower()
    if tib is None or not level:
        yield Gap("capacity pool", "its size or level is known only after deployment")
        return
    yield at.charge(f"capacity pool: {level}", f"azure/netapp/{level}", tib * _NETAPP_TIB_GIB)


@estimates("azurerm_netapp_snapshot", "azurerm_netapp_backup_vault")
def netapp_backup(at: Estimation) -> Iterator[Part]:
    """Backups are paid for by what they hold; no source gives a price."""
    if at.resource.kind == "azurerm_netapp_backup_vault":
        yield Gap("backups", "no price of NetApp backups")


@estimates("azurerm_elastic_san", "azurerm_managed_lustre_file_system", "azurerm_hpc_cache")
def provisioned_storage(at: Estimation) -> Iterator[Part]:
    """By what is provisioned; no source gives a price."""
    yield Gap("storage", f"no price of {at.resource.kind.removeprefix('azurerm_')}")


@estimates("azurerm_storage_sync")
def storage_sync(at: Estimation) -> Iterator[Part]:
    """By the servers beyond the first that it keeps alike; no source gives a price."""
    yield at.unknown("servers beyond the first", "azure/file-sync/server")
