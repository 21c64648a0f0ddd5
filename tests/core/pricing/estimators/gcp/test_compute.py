"""Compute Engine, computed by hand from the rates of us-central1 (July 2026) that the book names.

e2-standard-2 is 0.067011 an hour, n1-standard-4 0.189999 (0.7 of it with sustained use), a T4 0.35.
"""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Resource

IOWA = "us-central1"


def gce(kind: str, inputs: dict[str, Any], **fields: Any) -> Resource:
    return resource(f"google_compute_{kind}", inputs, region=IOWA, **fields)


def test_an_instance_is_its_machine_its_disks_and_its_address() -> None:
    priced = estimate(
        gce(
            "instance",
            {
                "machine_type": "e2-standard-2",
                "zone": "us-central1-b",
                "boot_disk": {"initialize_params": {"size": 50, "type": "pd-balanced"}},
                "network_interface": [{"network": "default", "access_config": [{}]}],
            },
        )
    )
    # 730 x 0.067011; 50 x 0.10; 730 x 0.005
    assert bill(priced) == {
        "machine: e2-standard-2, on-demand": 48.92,
        "boot disk": 5.00,
        "external addresses": 3.65,
    }
    assert priced.status is Status.PRICED


def test_sustained_use_is_taken_off_and_said() -> None:
    priced = estimate(
        gce(
            "instance",
            {
                "machine_type": "n1-standard-4",
                "zone": "us-central1-a",
                "guest_accelerator": [{"type": "nvidia-tesla-t4", "count": 2}],
            },
        )
    )
    # 730 x 0.189999 x 0.7; 2 x 730 x 0.35 x 0.7
    assert bill(priced) == {
        "machine: n1-standard-4, on-demand": 97.09,
        "machine: nvidia-tesla-t4": 357.70,
    }
    machine = priced.charges[-1] if priced.charges[-1].note else priced.charges[0]
    assert "less 30% for sustained use" in machine.note
    assert all("less 30% for sustained use" in each.rate.source for each in priced.charges)


def test_spot_has_its_own_price_and_no_sustained_use() -> None:
    priced = estimate(
        gce(
            "instance",
            {
                "machine_type": "n1-standard-4",
                "zone": "us-central1-a",
                "scheduling": {"provisioning_model": "SPOT", "preemptible": True},
                "guest_accelerator": [{"type": "nvidia-tesla-t4", "count": 1}],
                "network_interface": [{"access_config": [{}]}],
            },
        )
    )
    # 730 x 0.06701; 730 x 0.14; 730 x 0.0025
    assert bill(priced) == {
        "machine: n1-standard-4, spot": 48.92,
        "machine: nvidia-tesla-t4": 102.20,
        "external addresses": 1.82,
    }
    assert not any("sustained" in each.rate.source for each in priced.charges)


def test_a_custom_machine_is_charged_by_its_vcpus_and_memory() -> None:
    priced = estimate(
        gce("instance", {"machine_type": "n2-custom-4-8192", "zone": "us-central1-a"})
    )
    # 4 x 730 x 0.03319155 x 0.8 and 8 x 730 x 0.00444885 x 0.8
    assert bill(priced) == {"machine: n2 custom vCPUs": 77.54, "machine: n2 custom memory": 20.79}


def test_a_link_to_a_machine_type_is_as_good_as_its_name() -> None:
    link = "projects/p/zones/us-central1-a/machineTypes/e2-standard-2"
    priced = estimate(gce("instance", {"machine_type": link, "zone": "us-central1-a"}))
    assert bill(priced) == {"machine: e2-standard-2, on-demand": 48.92}


def test_an_instance_that_is_stopped_pays_for_its_disks_alone() -> None:
    priced = estimate(
        gce(
            "instance",
            {
                "machine_type": "e2-standard-2",
                "desired_status": "TERMINATED",
                "boot_disk": {"initialize_params": {"size": 50}},
            },
        )
    )
    assert bill(priced) == {"boot disk": 2.00}  # 50 x 0.04


def test_a_windows_image_brings_a_licence_by_the_vcpu() -> None:
    priced = estimate(
        gce(
            "instance",
            {
                "machine_type": "e2-standard-2",
                "boot_disk": {"initialize_params": {"image": "windows-cloud/windows-2022"}},
            },
        )
    )
    # 2 x 730 x 0.046; the image's 50 GiB x 0.04
    assert bill(priced) == {
        "machine: e2-standard-2, on-demand": 48.92,
        "machine: windows licence": 67.16,
        "boot disk": 2.00,
    }


def test_an_unknown_machine_type_is_a_gap_and_never_0() -> None:
    priced = estimate(gce("instance", {"machine_type": UNKNOWN, "zone": "us-central1-a"}))
    assert priced.status is Status.NOT_PRICED
    assert priced.gaps[0].reason == "its machine type is not known before a deployment"


def test_a_place_without_a_price_is_a_gap() -> None:
    priced = estimate(gce("instance", {"machine_type": "e2-standard-2", "zone": "mars-east1-a"}))
    assert priced.status is Status.NOT_PRICED
    assert priced.gaps[0].reason == "no on-demand price of e2-standard-2 in mars-east1"


TEMPLATE = {
    "machine_type": "e2-standard-2",
    "disk": [
        {"boot": True, "disk_size_gb": 20, "disk_type": "pd-ssd", "source_image": "debian-12"},
        {"type": "SCRATCH", "disk_type": "local-ssd", "disk_size_gb": 375},
    ],
}


def group(inputs: dict[str, Any], **fields: Any) -> Resource:
    return gce(
        "region_instance_group_manager",
        {"version": [{"instance_template": UNKNOWN}], **inputs},
        references={"version": ("template",)},
        key="group",
        **fields,
    )


def test_a_group_has_as_many_of_its_templates_machines_as_it_declares() -> None:
    template = gce("instance_template", TEMPLATE, key="template")
    priced = estimate(group({"target_size": 3}), template)
    # three of 48.92, of 20 x 0.17 and of 375 x 0.08
    assert bill(priced) == {
        "machines: e2-standard-2, on-demand": 146.75,
        "boot disks": 10.20,
        "local SSDs": 90.00,
    }


def test_an_autoscaler_bounds_a_group_and_expects_nothing() -> None:
    template = gce("instance_template", TEMPLATE, key="template")
    autoscaler = gce(
        "region_autoscaler",
        {"target": UNKNOWN, "autoscaling_policy": {"min_replicas": 1, "max_replicas": 4}},
        references={"target": ("group",)},
        key="scaler",
    )
    priced = estimate(group({}), template, autoscaler)
    each = 730 * 0.067011 + 20 * 0.17 + 375 * 0.08
    assert priced.status is Status.BOUNDED
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.low == pytest.approx(each, abs=0.01)
    assert priced.usd_per_month.expected is None
    assert priced.usd_per_month.high == pytest.approx(4 * each, abs=0.01)


def test_a_group_of_unknown_size_has_no_upper_bound() -> None:
    template = gce("instance_template", {"machine_type": "e2-standard-2"}, key="template")
    priced = estimate(group({"target_size": UNKNOWN}), template)
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.high == float("inf")


def test_a_group_without_its_template_is_a_gap() -> None:
    priced = estimate(group({"target_size": 3}))
    assert priced.gaps[0].reason == "its instance template is not among the resources"


def test_pulumi_spells_the_same_in_camel_case() -> None:
    priced = estimate(
        gce(
            "instance",
            {
                "machineType": "e2-standard-2",
                "zone": "us-central1-b",
                "bootDisk": {"initializeParams": {"size": 50, "type": "pd-balanced"}},
                "scratchDisks": [{"interface": "NVME"}],
                "networkInterfaces": [{"network": "default", "accessConfigs": [{}]}],
            },
            camel=True,
        )
    )
    assert bill(priced) == {
        "machine: e2-standard-2, on-demand": 48.92,
        "boot disk": 5.00,
        "local SSDs": 30.00,  # 375 x 0.08
        "external addresses": 3.65,
    }


RESERVATION = {
    "name": "held",
    "zone": "us-central1-a",
    "specific_reservation_required": True,
    "specific_reservation": {
        "count": 2,
        "instance_properties": {"machine_type": "e2-standard-2"},
    },
}
AIMED = {
    "machine_type": "e2-standard-2",
    "zone": "us-central1-a",
    "reservation_affinity": {
        "type": "SPECIFIC_RESERVATION",
        "specific_reservation": {
            "key": "compute.googleapis.com/reservation-name",
            "values": ["held"],
        },
    },
}


def test_a_reservation_is_paid_for_whether_it_is_used_or_not() -> None:
    priced = estimate(gce("reservation", RESERVATION))
    assert bill(priced) == {"reserved machines: e2-standard-2, on-demand": 97.84}


def test_a_machine_that_is_aimed_at_a_reservation_here_costs_nothing_more() -> None:
    priced = estimate(gce("instance", AIMED), gce("reservation", RESERVATION, name="held"))
    assert priced.status is Status.COVERED
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.high == 0


def test_a_commitment_is_paid_for_by_the_vcpu_and_gibibyte() -> None:
    priced = estimate(
        gce(
            "region_commitment",
            {
                "plan": "TWELVE_MONTH",
                "type": "GENERAL_PURPOSE_N2",
                "resources": [
                    {"type": "VCPU", "amount": "4"},
                    {"type": "MEMORY", "amount": str(16 * 1024)},
                ],
            },
        )
    )
    # 4 x 730 x 0.019915; 16 x 730 x 0.002669
    assert bill(priced) == {"committed vCPUs": 58.15, "committed memory": 31.17}
