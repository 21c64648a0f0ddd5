"""Azure's databases and caches, computed by hand from the retail price list."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN


def sql(region: str = "eastus", **inputs: Any) -> dict[str, float | None]:
    found = bill(estimate(resource("azurerm_mssql_database", inputs, region=region)))
    found.pop("backups beyond the included", None)
    return found


def test_a_database_by_dtu_includes_storage_up_to_its_tiers() -> None:
    # S0: 730 h x 0.0201625
    assert sql(sku_name="S0") == {"compute: S0": 14.72}
    assert sql(sku_name="S3", max_size_gb=500) == {
        "compute: S3": 147.19,  # 10 x 730 h x 0.0201625
        "storage beyond the included": 42.50,  # 250 GB x 0.17
    }
    assert sql(sku_name="P2") == {"compute: P2": 912.50}  # 2 x 730 h x 0.625


def test_a_database_by_vcore_pays_for_the_licence_unless_one_is_held() -> None:
    assert sql(sku_name="GP_Gen5_2", max_size_gb=100) == {
        "compute: GP_Gen5_2": 222.24,  # 2 x 730 h x 0.152216
        "SQL Server licence": 145.95,  # 2 x 730 h x 0.099966
        "storage": 11.50,  # 100 GB x 0.115
    }
    assert "SQL Server licence" not in sql(sku_name="GP_Gen5_2", license_type="BasePrice")


def test_zone_redundancy_is_paid_for_in_compute_and_storage() -> None:
    found = sql(sku_name="GP_Gen5_4", zone_redundant=True, max_size_gb=5)
    assert found["zone redundancy"] == 266.68  # 4 x 730 h x 0.0913288
    assert found["storage"] == 1.15  # 5 GB x 0.23


def test_a_serverless_database_lies_between_paused_and_its_most() -> None:
    inputs = {"sku_name": "GP_S_Gen5_4", "min_capacity": 1}
    priced = estimate(resource("azurerm_mssql_database", inputs, region="eastus"))
    compute = priced.charges[0].usd_per_month
    # 730 h x 0.52176 x (0, 1 or 4)
    assert compute.low == 0
    assert compute.expected == pytest.approx(380.88, abs=0.01)
    assert compute.high == pytest.approx(1523.54, abs=0.01)
    inputs["auto_pause_delay_in_minutes"] = -1
    priced = estimate(resource("azurerm_mssql_database", inputs, region="eastus"))
    assert priced.charges[0].usd_per_month.low == pytest.approx(380.88, abs=0.01)


def test_a_pool_pays_for_its_databases() -> None:
    assert sql(elastic_pool_id="x") == {}
    inputs = {"sku": [{"name": "GP_Gen5", "capacity": 4}], "max_size_gb": 100}
    priced = estimate(resource("azurerm_mssql_elasticpool", inputs, region="westeurope"))
    assert bill(priced) == {
        "compute: GP_Gen5, 4 vCore": 488.92,  # 4 x 730 h x 0.167438
        "SQL Server licence": 291.90,
        "storage": 13.69,  # 100 GB x 0.1369
    }


def test_a_size_that_is_not_known_and_one_without_price_are_gaps() -> None:
    unknown = resource("azurerm_mssql_database", {"sku_name": UNKNOWN}, region="eastus")
    assert estimate(unknown).gaps[0].reason == "its size is known only after deployment"
    large = resource("azurerm_mssql_database", {"sku_name": "P15"}, region="eastus")
    assert estimate(large).gaps[0].reason == "no price of P15"


def test_a_flexible_servers_standby_doubles_it() -> None:
    inputs = {
        "skuName": "GP_Standard_D2ds_v5",
        "storageMb": 131072,
        "highAvailability": {"mode": "ZoneRedundant"},
    }
    one = resource("azurerm_postgresql_flexible_server", inputs, region="northeurope", camel=True)
    priced = estimate(one)
    found = bill(priced)
    assert found["compute: GP_Standard_D2ds_v5"] == 289.08  # 2 x 2 x 730 h x 0.099
    assert found["storage"] == 32.38  # 2 x 128 GB x 0.1265


def test_mysql_pays_for_operations_beyond_those_included() -> None:
    storage = {"size_gb": 100, "iops": 1000}
    inputs = {"sku_name": "B_Standard_B1ms", "storage": [storage]}
    priced = estimate(resource("azurerm_mysql_flexible_server", inputs, region="westus"))
    assert bill(priced) == {
        "compute: B_Standard_B1ms": 16.06,  # 730 h x 0.022
        "storage": 13.80,  # 100 GB x 0.138
        "IOPS beyond those included": 24.00,  # (1,000 - 360 - 3 x 80) x 0.06
        "backups beyond it": 0.00,
    }


def test_cosmos_throughput_is_paid_for_in_each_region() -> None:
    places = [{"location": "westus"}, {"location": "centralus"}]
    account = resource("azurerm_cosmosdb_account", {"geo_location": places}, key="account")
    to = {"account_name": ("account",)}
    kind = "azurerm_cosmosdb_sql_container"
    fixed = resource(kind, {"throughput": 500}, region="westus", references=to)
    assert bill(estimate(fixed, account)) == {"throughput": 58.40}  # 2 x 5 x 730 h x 0.008
    scaled = resource(
        kind,
        {"autoscale_settings": [{"max_throughput": 4000}]},
        region="westus",
        references=to,
    )
    cost = estimate(scaled, account).charges[0].usd_per_month
    # 40 x 1.5 x 2 x 730 h x 0.008 at most, a tenth at least
    assert cost.low == pytest.approx(70.08)
    assert cost.expected is None
    assert cost.high == pytest.approx(700.80)


def test_cosmos_containers_share_what_their_database_declares() -> None:
    database = resource("azurerm_cosmosdb_sql_database", {"throughput": 400}, key="database")
    container = resource(
        "azurerm_cosmosdb_sql_container",
        region="westus",
        references={"database_name": ("database",)},
    )
    assert estimate(container, database).status is Status.COVERED


def test_serverless_cosmos_is_paid_for_by_requests() -> None:
    account = resource(
        "azurerm_cosmosdb_account",
        {"capabilities": [{"name": "EnableServerless"}]},
        key="account",
    )
    container = resource(
        "azurerm_cosmosdb_sql_container",
        region="eastus",
        references={"account_name": ("account",)},
    )
    # 10 x 1M RU (the default) x 0.25
    assert bill(estimate(container, account)) == {"serverless requests": 2.50}


def test_redis_by_tier_shards_and_replicas() -> None:
    inputs = {"skuName": "Premium", "family": "P", "capacity": 1, "shardCount": 2}
    one = resource("azurerm_redis_cache", inputs, region="eastus", camel=True)
    assert bill(estimate(one)) == {"nodes: premium P1": 808.84}  # 2 x 2 x 730 h x 0.277


def test_a_region_without_a_price_is_a_gap() -> None:
    inputs = {"sku_name": "Standard", "family": "C", "capacity": 3}
    priced = estimate(resource("azurerm_redis_cache", inputs, region="marsnorth"))
    assert priced.gaps[0].reason == "no price of azure/redis/standard/c3 in marsnorth"
