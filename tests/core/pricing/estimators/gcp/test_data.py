"""Databases, storage and data services, computed by hand from the rates of us-central1 that the book names."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount, exactly
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Resource
from trimtab.usage.model import Usage, UsageEntry


def gcp(kind: str, inputs: dict[str, Any] | None = None, **fields: Any) -> Resource:
    region = fields.pop("region", "us-central1")
    return resource(f"google_{kind}", inputs or {}, region=region, **fields)


def sql(settings: dict[str, Any], **inputs: Any) -> Resource:
    return gcp("sql_database_instance", {"settings": settings, **inputs})


def test_a_database_with_a_standby_costs_twice_one_without() -> None:
    settings = {"tier": "db-custom-2-7680", "disk_size": 100}
    # 2 x 730 x 0.0413; 7.5 x 730 x 0.007; 100 x 0.17
    assert bill(estimate(sql(settings))) == {
        "vCPUs": 60.30,
        "memory": 38.33,
        "SSD storage": 17.00,
    }
    assert bill(estimate(sql({**settings, "availability_type": "REGIONAL"}))) == {
        "vCPUs, with a standby": 120.60,
        "memory, with a standby": 76.65,
        "SSD storage, with a standby": 34.00,
    }


def test_sql_servers_licence_is_a_gap_but_for_express() -> None:
    settings = {"tier": "db-custom-2-7680"}
    standard = estimate(sql(settings, database_version="SQLSERVER_2019_STANDARD"))
    assert [gap.label for gap in standard.gaps] == ["SQL Server licence"]
    assert not estimate(sql(settings, database_version="SQLSERVER_2019_EXPRESS")).gaps


def test_a_stopped_database_pays_for_its_disk() -> None:
    settings = {"tier": "db-custom-2-7680", "activation_policy": "NEVER", "disk_size": 20}
    assert bill(estimate(sql(settings))) == {"SSD storage": 3.40}


def test_a_tier_that_nobody_knows_is_a_gap() -> None:
    priced = estimate(sql({"tier": "db-lightweight-2"}))
    assert priced.status is Status.PARTLY
    assert priced.gaps[0].reason == "no price of db-lightweight-2"
    unknown = estimate(sql({"tier": UNKNOWN}))
    assert unknown.gaps[0].reason == "its tier is not known before a deployment"


def test_backups_are_charged_where_they_are_switched_on() -> None:
    settings = {"tier": "db-f1-micro", "backup_configuration": {"enabled": True}}
    assert bill(estimate(sql(settings)))["backups"] == 0.80  # by default 10 x 0.08


def test_a_database_in_another_region_has_that_regions_price() -> None:
    priced = estimate(sql({"tier": "db-custom-2-7680"}, region="asia-northeast1"))
    assert bill(priced)["vCPUs"] == 78.40  # 2 x 730 x 0.0537


def test_redis_costs_the_less_the_more_of_it_there_is() -> None:
    small = estimate(gcp("redis_instance", {"memory_size_gb": 4}))
    large = estimate(gcp("redis_instance", {"memory_size_gb": 40, "tier": "STANDARD_HA"}))
    # 4 x 730 x 0.049; 40 x 730 x 0.035
    assert bill(small) == {"Redis, basic M1": 143.08}
    assert bill(large) == {"Redis, standard M4": 1022.00}


def test_spanner_is_paid_by_processing_units() -> None:
    inputs = {"config": "regional-us-central1", "processing_units": 100}
    # 0.1 x 730 x 0.90; by default 100 x 0.30
    assert bill(estimate(gcp("spanner_instance", inputs))) == {
        "Spanner nodes": 65.70,
        "storage": 30.00,
    }


def test_spanners_autoscaler_bounds_it() -> None:
    limits = {"min_processing_units": 1000, "max_processing_units": 3000}
    inputs = {
        "config": "regional-us-central1",
        "autoscaling_config": {"autoscaling_limits": limits},
    }
    nodes = estimate(gcp("spanner_instance", inputs)).charges[0]
    assert nodes.quantity == Amount(1, None, 3)


def test_spanner_of_several_regions_or_another_edition_is_a_gap() -> None:
    for inputs in ({"config": "nam3"}, {"edition": "ENTERPRISE_PLUS"}):
        assert estimate(gcp("spanner_instance", inputs)).gaps


def test_bigtable_is_paid_in_each_cluster() -> None:
    clusters = [
        {"zone": "us-central1-a", "num_nodes": 2},
        {"zone": "us-central1-b", "num_nodes": 1, "storage_type": "HDD"},
    ]
    priced = estimate(gcp("bigtable_instance", {"cluster": clusters}))
    # 3 x 730 x 0.65; by default 100 x 0.17 and 100 x 0.026
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.expected == pytest.approx(1423.50 + 17.00 + 2.60)


def test_alloydb_has_two_machines_unless_it_is_zonal() -> None:
    inputs = {"instance_type": "PRIMARY", "machine_config": {"cpu_count": 2}}
    # 2 x 2 x 730 x 0.06608; 2 x 16 x 730 x 0.0112
    assert bill(estimate(gcp("alloydb_instance", inputs))) == {
        "vCPUs, with a standby": 192.95,
        "memory, with a standby": 261.63,
    }
    zonal = estimate(gcp("alloydb_instance", {**inputs, "availability_type": "ZONAL"}))
    assert bill(zonal) == {"vCPUs": 96.48, "memory": 130.82}


def test_what_no_source_prices_is_a_gap() -> None:
    config = {"cpu_count": 1, "memory_size_mb": 2048}
    priced = estimate(gcp("memcache_instance", {"node_count": 2, "node_config": config}))
    reasons = [gap.reason for gap in priced.gaps]
    assert reasons == [
        "no price of gcp/memcache/vcpu in us-central1",
        "no price of gcp/memcache/memory in us-central1",
    ]
    for kind in ("looker_instance", "dataproc_metastore_service", "alloydb_cluster"):
        assert estimate(gcp(kind)).status is Status.NOT_PRICED


def test_firestore_costs_less_in_one_region_than_in_several() -> None:
    # by default 10 x 0.06, 0.18, 0.1 x 0.02 and 1 x 0.18; half of it, and 0.15, in Oregon
    several = bill(estimate(gcp("firestore_database", {"location_id": "nam5"})))
    assert several == {"reads": 0.60, "writes": 0.18, "deletes": 0.0, "storage": 0.18}
    one = bill(estimate(gcp("firestore_database", {"location_id": "us-west1"})))
    assert (one["reads"], one["writes"], one["storage"]) == (0.30, 0.09, 0.15)


@pytest.mark.parametrize(
    ("location", "storage_class", "label", "usd"),
    [
        ("us-central1", "STANDARD", "standard storage", 2.00),  # 100 x 0.02
        ("EU", "STANDARD", "standard storage", 2.60),
        ("NAM4", "NEARLINE", "nearline storage", 2.20),
        ("US", "ARCHIVE", "archive storage", 0.24),
    ],
)
def test_a_bucket_is_priced_by_its_place_and_class(
    location: str, storage_class: str, label: str, usd: float
) -> None:
    inputs = {"location": location, "storage_class": storage_class}
    assert bill(estimate(gcp("storage_bucket", inputs)))[label] == usd


def test_a_bucket_that_is_known_nowhere_is_a_gap() -> None:
    priced = estimate(gcp("storage_bucket", {"location": "MARS"}))
    assert priced.gaps[0].reason == "no price of gcp/storage/standard in mars"


def test_a_file_share_is_paid_by_its_capacity() -> None:
    inputs = {"tier": "BASIC_HDD", "file_shares": {"capacity_gb": 1024, "name": "share"}}
    assert bill(estimate(gcp("filestore_instance", inputs))) == {
        "file share, BASIC_HDD": 163.84  # 1024 x 0.16
    }
    other = estimate(gcp("filestore_instance", {**inputs, "tier": "ENTERPRISE"}))
    assert other.status is Status.NOT_PRICED


def test_a_dataset_of_several_regions_has_its_own_prices() -> None:
    assert bill(estimate(gcp("bigquery_dataset", {"location": "US"}))) == {"queries": 6.25}
    dataset = gcp("bigquery_dataset", {"location": "EU"}, key="set")
    table = gcp("bigquery_table", {}, references={"dataset_id": ("set",)})
    assert bill(estimate(table, dataset)) == {"active storage": 2.00}  # by default 100 x 0.02
    # no source gives what queries cost in the EU
    assert estimate(dataset).status is Status.NOT_PRICED


def test_dataproc_is_its_machines_disks_and_a_fee_by_the_vcpu() -> None:
    config = {
        "master_config": {"machine_type": "e2-standard-2"},
        "worker_config": {"machine_type": "e2-standard-2", "num_instances": 2},
    }
    priced = estimate(gcp("dataproc_cluster", {"cluster_config": config}))
    # 3 x 730 x 0.067011; 3 x 500 x 0.04; 6 x 730 x 0.01
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.expected == pytest.approx(146.75 + 60.00 + 43.80, abs=0.01)


def test_composer_is_priced_by_what_it_uses() -> None:
    second = estimate(gcp("composer_environment", {"config": {"environment_size": UNKNOWN}}))
    assert second.status is Status.NOT_PRICED
    image = {"software_config": {"image_version": "composer-3-airflow-2"}}
    third = estimate(gcp("composer_environment", {"config": image}))
    assert third.gaps[0].reason == "charged by the DCUs that it uses: give average_dcus"
    entry = UsageEntry("google_composer_environment", "", {"average_dcus": exactly(10)})
    said = estimate(gcp("composer_environment", {"config": image}), usage=Usage((entry,)))
    assert bill(said) == {"environment": 438.00}  # 10 x 730 x 0.06


def test_pulumi_spells_the_same_in_camel_case() -> None:
    settings = {"tier": "db-custom-1-3840", "availabilityType": "REGIONAL", "diskType": "PD_HDD"}
    inputs = {"databaseVersion": "MYSQL_8_0", "region": "us-east1", "settings": settings}
    priced = estimate(gcp("sql_database_instance", inputs, camel=True))
    # 2 x 730 x 0.0413; 7.5 x 730 x 0.007; 20 x 0.09
    assert bill(priced) == {
        "vCPUs, with a standby": 60.30,
        "memory, with a standby": 38.33,
        "HDD storage, with a standby": 1.80,
    }
