"""Azure Cosmos DB: throughput where it is declared, storage and backups by use.

Throughput belongs to the database or to its containers, whichever declares it, in each of the account's
regions; an account that writes everywhere pays for it everywhere in full, as one that reads does.
"""

from collections.abc import Iterator

from trimtab.pricing.amount import between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Basis, Gap, PaidElsewhere, Part
from trimtab.resources.model import Resource

_ACCOUNT = "azurerm_cosmosdb_account"
_AUTOSCALE_FLOOR = 0.1
_AUTOSCALE_FACTOR = 1.5
_DATABASES = (
    "azurerm_cosmosdb_sql_database",
    "azurerm_cosmosdb_mongo_database",
    "azurerm_cosmosdb_gremlin_database",
    "azurerm_cosmosdb_cassandra_keyspace",
)
_CONTAINERS = (
    "azurerm_cosmosdb_sql_container",
    "azurerm_cosmosdb_mongo_collection",
    "azurerm_cosmosdb_gremlin_graph",
    "azurerm_cosmosdb_cassandra_table",
    "azurerm_cosmosdb_table",
)


@estimates(_ACCOUNT)
def account(at: Estimation) -> Iterator[Part]:
    """Storage and backups of all that is in it; its databases pay for throughput."""
    regions = float(len(at.inputs.blocks("geo_location")) or 1)
    amount, basis = at.usage("storage_gb")
    yield at.charge("storage", "azure/cosmosdb/storage", amount.times(regions), basis=basis)
    continuous = at.inputs.text("backup.type").lower() == "continuous"
    name = "continuous-backup" if continuous else "backup"
    yield from at.used("backups beyond two", f"azure/cosmosdb/{name}", "backup_storage_gb")


@estimates(*_DATABASES, *_CONTAINERS)
def throughput(at: Estimation) -> Iterator[Part]:
    """Request units that it declares itself; serverless ones by use."""
    owner = _account(at)
    if owner is not None and any(
        each.text("name") == "EnableServerless" for each in owner.inputs.blocks("capabilities")
    ):
        if at.resource.kind in _CONTAINERS:
            yield from at.used("serverless requests", "azure/cosmosdb/serverless", "request_1m")
        return
    regions = 1.0
    everywhere = False
    if owner is not None:
        regions = float(len(owner.inputs.blocks("geo_location")) or 1)
        everywhere = owner.inputs.flag(
            "multiple_write_locations_enabled",
            owner.inputs.flag("enable_multiple_write_locations"),
        )
    if everywhere and regions > 1:
        yield Gap("throughput", "no price of request units that are written in several regions")
        return
    most = at.inputs.number("autoscale_settings.max_throughput")
    if most is not None:
        high = most / 100 * _AUTOSCALE_FACTOR * regions
        amount = between(high * _AUTOSCALE_FLOOR, high)
        yield at.charge(
            "autoscaled throughput", "azure/cosmosdb/throughput", amount, basis=Basis.BOUNDS
        )
        return
    if at.inputs.unknown("throughput"):
        yield Gap("throughput", "known only after deployment")
        return
    declared = at.inputs.number("throughput")
    if declared is None:
        if at.resource.kind in _CONTAINERS and _shares(at):
            yield PaidElsewhere("takes of the throughput that its database declares")
            return
        if at.resource.kind in _DATABASES:
            return
        declared = 400.0
    yield at.charge("throughput", "azure/cosmosdb/throughput", exactly(declared / 100 * regions))


def _account(at: Estimation) -> Resource | None:
    return at.referred("account_name", _ACCOUNT)


def _shares(at: Estimation) -> bool:
    """Whether the container's database declares throughput for all its containers, or may."""
    names = ("database_name", "cassandra_keyspace_id")
    found = next((each for name in names if (each := at.referred(name, *_DATABASES))), None)
    return found is not None and (
        found.inputs.has("throughput") or found.inputs.has("autoscale_settings")
    )
