"""Serverless compute, keys, secrets, logs, notebooks and TPUs, computed by hand from the book's rates."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount, exactly
from trimtab.pricing.estimators.gcp.serverless import quantity
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Resource
from trimtab.usage.model import Usage, UsageEntry


def gcp(kind: str, inputs: dict[str, Any] | None = None, **fields: Any) -> Resource:
    region = fields.pop("region", "us-central1")
    return resource(f"google_{kind}", inputs or {}, region=region, **fields)


def test_a_service_is_paid_while_it_answers() -> None:
    # by default a million requests of 200 ms: 200,000 s of 1 vCPU and half a GiB
    assert bill(estimate(gcp("cloud_run_v2_service", {"location": "us-central1"}))) == {
        "vCPUs": 4.80,  # x 0.000024
        "memory": 0.25,  # x 0.5 x 0.0000025
        "requests": 0.40,
    }


def test_a_service_whose_cpu_is_always_allocated_is_paid_all_month() -> None:
    resources = {"limits": {"cpu": "2000m", "memory": "1Gi"}, "cpu_idle": False}
    template = {"containers": [{"resources": resources}], "scaling": {"min_instance_count": 1}}
    priced = estimate(gcp("cloud_run_v2_service", {"template": template}))
    # 730 x 3600 s x 2 x 0.000018; 730 x 3600 s x 0.000002
    assert bill(priced) == {"instances' vCPUs": 94.61, "instances' memory": 5.26}


def test_instances_kept_warm_are_paid_for_while_they_wait() -> None:
    template = {"scaling": {"min_instance_count": 2}}
    priced = estimate(gcp("cloud_run_v2_service", {"template": template}))
    # (2 x 730 x 3600 - 200,000) s x 0.0000025, and half a GiB of it
    assert bill(priced)["idle vCPUs"] == 12.64
    assert bill(priced)["idle memory"] == 6.32
    # in a region of the second tier nobody says what they cost
    elsewhere = gcp("cloud_run_v2_service", {"location": "europe-west3", "template": template})
    assert estimate(elsewhere).status is Status.PARTLY


def test_the_older_interface_says_it_in_annotations() -> None:
    notes = {
        "autoscaling.knative.dev/minScale": "1",
        "run.googleapis.com/cpu-throttling": "false",
    }
    inputs = {"location": "us-central1", "template": {"metadata": {"annotations": notes}}}
    # 730 x 3600 s x 0.000018; 730 x 3600 s x 0.5 x 0.000002
    assert bill(estimate(gcp("cloud_run_service", inputs))) == {
        "instances' vCPUs": 47.30,
        "instances' memory": 2.63,
    }


def test_a_region_of_the_second_tier_costs_more() -> None:
    priced = estimate(gcp("cloud_run_v2_service", {"location": "europe-west3"}))
    assert bill(priced)["vCPUs"] == 6.72  # 200,000 x 0.0000336


def test_a_functions_time_is_rounded_up_to_100_ms() -> None:
    usage = {"requests": exactly(1e6), "average_request_duration_ms": exactly(101.0)}
    entry = UsageEntry("google_cloudfunctions_function", "", {**usage, "egress_gb": exactly(0.0)})
    inputs = {"available_memory_mb": 512}
    priced = estimate(gcp("cloudfunctions_function", inputs), usage=Usage((entry,)))
    # 200,000 s: x 0.8 GHz x 0.00001; x 0.5 GB x 0.0000025
    assert bill(priced)["CPU"] == 1.60
    assert bill(priced)["memory"] == 0.25


@pytest.mark.parametrize(
    ("text", "number"),
    [("512Mi", 2.0**29), ("1Gi", 2.0**30), ("1000m", 1.0), ("2", 2.0), ("a lot", 7.0)],
)
def test_quantities_as_kubernetes_writes_them(text: str, number: float) -> None:
    assert quantity(text, 7.0) == number


def test_a_connector_runs_at_least_two_machines() -> None:
    nodes = estimate(gcp("vpc_access_connector")).machines[0].nodes
    assert nodes.count == Amount(2, 2, 10)
    assert nodes.instance_types == ("e2-micro",)


def test_a_secret_whose_versions_are_declared_is_not_charged_for_them() -> None:
    places = [{"location": "us-central1"}, {"location": "us-east1"}]
    secret = gcp(
        "secret_manager_secret",
        {"replication": {"user_managed": {"replicas": places}}},
        key="secret",
    )
    version = gcp("secret_manager_secret_version", references={"secret": ("secret",)})
    assert bill(estimate(secret))["active versions"] == 0.12  # two places x 0.06
    assert "active versions" not in bill(estimate(secret, version))
    assert bill(estimate(version, secret)) == {"active version": 0.12}


def test_a_hardware_key_costs_more_than_one_in_software() -> None:
    assert bill(estimate(gcp("kms_crypto_key")))["key versions"] == 0.06
    template = {"version_template": {"protection_level": "HSM"}}
    assert bill(estimate(gcp("kms_crypto_key", template)))["key versions"] == 1.00


def test_logs_that_are_kept_longer_than_30_days_cost_more() -> None:
    priced = estimate(gcp("logging_project_bucket_config", {"retention_days": 90}))
    # by default 50 GiB x 0.50; 50 x 2 further months x 0.01
    assert bill(priced) == {"logs taken in": 25.00, "logs kept longer": 1.00}


def test_a_notebook_is_a_machine_with_two_disks() -> None:
    inputs = {"location": "us-central1-a", "machine_type": "e2-standard-2"}
    # 730 x 0.067011; 100 x 0.10 twice
    assert bill(estimate(gcp("notebooks_instance", inputs))) == {
        "notebook machine: e2-standard-2, on-demand": 48.92,
        "boot disk": 10.00,
        "data disk": 10.00,
    }


def test_a_workbench_has_its_accelerators_too() -> None:
    setup = {
        "machine_type": "n1-standard-4",
        "accelerator_configs": [{"type": "NVIDIA_TESLA_T4", "core_count": "1"}],
        "boot_disk": {"disk_size_gb": 150, "disk_type": "PD_SSD"},
    }
    inputs = {"location": "us-central1-a", "gce_setup": setup}
    # 730 x 0.189999 x 0.7; 730 x 0.35 x 0.7; 150 x 0.17; 100 x 0.10
    assert bill(estimate(gcp("workbench_instance", inputs))) == {
        "workbench machine: n1-standard-4, on-demand": 97.09,
        "workbench machine: nvidia-tesla-t4": 178.85,
        "boot disk": 25.50,
        "data disk": 10.00,
    }


@pytest.mark.parametrize(
    ("inputs", "usd"),
    [
        pytest.param({"accelerator_type": "v5litepod-8"}, 7008.00, id="8 chips x 1.2"),
        pytest.param({"accelerator_type": "v5p-8"}, 12264.00, id="4 chips x 4.2"),
        pytest.param({"accelerator_type": "v2-8"}, 3285.00, id="a slice at 4.5"),
        pytest.param(
            {"accelerator_config": {"type": "V6E", "topology": "2x2"}}, 7884.00, id="4 x 2.7"
        ),
    ],
)
def test_a_tpu_is_paid_by_its_chips(inputs: dict[str, Any], usd: float) -> None:
    priced = estimate(gcp("tpu_v2_vm", {**inputs, "zone": "us-central1-a"}))
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.expected == pytest.approx(usd)


def test_a_queued_tpu_is_what_it_waits_for() -> None:
    node = {"accelerator_type": "v6e-4"}
    inputs = {"zone": "us-central1-a", "tpu": {"node_spec": [{"node": node}]}}
    assert bill(estimate(gcp("tpu_v2_queued_resource", inputs))) == {"TPU v6e-4": 7884.00}


def test_a_tpu_that_nobody_knows_is_a_gap() -> None:
    for inputs in ({"accelerator_type": "v4-8"}, {"accelerator_type": UNKNOWN}):
        assert estimate(gcp("tpu_v2_vm", inputs)).status is Status.NOT_PRICED


def test_pulumi_spells_the_same_in_camel_case() -> None:
    resources = {"limits": {"cpu": "1", "memory": "512Mi"}, "cpuIdle": False}
    template = {"containers": [{"resources": resources}], "scaling": {"minInstanceCount": 1}}
    priced = estimate(gcp("cloud_run_v2_service", {"template": template}, camel=True))
    assert bill(priced) == {"instances' vCPUs": 47.30, "instances' memory": 2.63}


def test_a_worker_pools_instances_run_all_month() -> None:
    inputs = {"location": "us-central1", "scaling": {"manual_instance_count": 2}}
    # 2 x 730 x 3600 s x 0.000018; the same x 0.5 x 0.000002
    assert bill(estimate(gcp("cloud_run_v2_worker_pool", inputs))) == {
        "instances' vCPUs": 94.61,
        "instances' memory": 5.26,
    }
