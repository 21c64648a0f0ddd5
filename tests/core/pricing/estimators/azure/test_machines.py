"""Azure machines: what each kind runs, and the disks beside it."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource, settings
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimator_of
from trimtab.pricing.estimators.azure.machines import takes_premium, vcpus
from trimtab.pricing.model import Basis, Nodes, Part
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Resource


def parts(one: Resource, *others: Resource) -> list[Part]:
    facts = Facts(settings(), {each.key: each for each in (one, *others)})
    estimator = estimator_of(one)
    assert estimator is not None
    return list(estimator(Estimation(one, facts)))


def nodes(one: Resource, *others: Resource) -> list[Nodes]:
    return [each for each in parts(one, *others) if isinstance(each, Nodes)]


@pytest.mark.parametrize(
    ("size", "cores", "premium"),
    [
        ("Standard_D8s_v5", 8, True),
        ("Standard_E16-4ds_v5", 4, True),
        ("Standard_D2_v2", None, False),
        ("Standard_DS3_v2", None, True),
        ("Standard_B2ms", 2, True),
        ("Standard_NC24ads_A100_v4", 24, True),
        ("", None, False),
    ],
)
def test_a_sizes_name_says_its_vcpus_and_whether_it_takes_premium_disks(
    size: str, cores: int | None, premium: bool
) -> None:
    assert vcpus(size) == cores
    assert takes_premium(size) is premium


def test_a_machine_is_one_node_and_a_system_disk_of_its_images_size() -> None:
    inputs = {
        "size": "Standard_D2s_v5",
        "os_disk": [{"storage_account_type": "Premium_LRS"}],
        "priority": "Spot",
    }
    one = resource("azurerm_linux_virtual_machine", inputs, region="eastus")
    found = nodes(one)
    assert [(each.instance_types, each.option, each.now) for each in found] == [
        (("Standard_D2s_v5",), "spot", 1.0)
    ]
    # 30 GiB is a P4
    assert bill(estimate(one))["OS disk: Premium SSD P4 LRS"] == 5.28


def test_a_windows_machine_is_told_apart_and_one_under_the_hybrid_benefit_is_not() -> None:
    disk = [{"storage_account_type": "Premium_LRS"}]
    inputs: dict[str, Any] = {"size": "Standard_D2s_v5", "os_disk": disk}
    one = resource("azurerm_windows_virtual_machine", inputs, region="eastus")
    found = bill(estimate(one))
    assert found["Windows licence"] == 67.16  # 2 vCPU x 730 h x 0.046
    assert found["OS disk: Premium SSD P10 LRS"] == 19.71  # 127 GiB is a P10
    inputs["license_type"] = "Windows_Server"
    held = resource("azurerm_windows_virtual_machine", inputs, region="eastus")
    assert "Windows licence" not in bill(estimate(held))
    assert [each.operating_system for each in nodes(held)] == ["linux"]


@pytest.mark.parametrize(
    "inputs", [{"size": "Standard_B2ms"}, {"size": "Standard_D2s_v5", "priority": "Spot"}]
)
def test_windows_whose_licence_has_no_price_is_a_gap(inputs: dict[str, Any]) -> None:
    disk = [{"storage_account_type": "Premium_LRS"}]
    one = resource("azurerm_windows_virtual_machine", inputs | {"os_disk": disk}, region="eastus")
    assert [each.operating_system for each in nodes(one)] == ["windows"]
    assert "windows" in estimate(one).gaps[0].reason


@pytest.mark.parametrize(("publisher", "system"), [("RedHat", "rhel"), ("SUSE", "suse")])
def test_an_image_says_which_licence_is_paid_for(publisher: str, system: str) -> None:
    inputs = {"size": "Standard_D2s_v5", "source_image_reference": [{"publisher": publisher}]}
    one = resource("azurerm_linux_virtual_machine", inputs, region="eastus")
    assert [each.operating_system for each in nodes(one)] == [system]


def test_an_ephemeral_disk_costs_nothing_more() -> None:
    disk = {"storage_account_type": "Standard_LRS", "diff_disk_settings": [{"option": "Local"}]}
    one = resource(
        "azurerm_linux_virtual_machine",
        {"size": "Standard_D2s_v5", "os_disk": [disk]},
        region="eastus",
    )
    assert [type(each) for each in parts(one)] == [Nodes]


def test_a_dedicated_host_pays_for_its_machines() -> None:
    inputs = {"size": "Standard_D2s_v5", "dedicated_host_id": "x", "os_disk": [{}]}
    assert nodes(resource("azurerm_linux_virtual_machine", inputs, region="eastus")) == []


def test_reserved_capacity_is_paid_for_and_its_machines_are_not() -> None:
    group = resource("azurerm_capacity_reservation_group", key="group")
    inputs = {"sku": [{"name": "Standard_D2s_v5", "capacity": 3}]}
    held = resource("azurerm_capacity_reservation", inputs, region="eastus")
    assert [each.count.expected for each in nodes(held)] == [3]
    user = resource(
        "azurerm_linux_virtual_machine",
        {"size": "Standard_D2s_v5", "os_disk": [{}]},
        references={"capacity_reservation_group_id": ("group",)},
        region="eastus",
    )
    assert nodes(user, group) == []


def test_a_scale_set_stays_within_its_autoscale_setting() -> None:
    inputs = {
        "sku": "Standard_D2s_v5",
        "instances": 4,
        "os_disk": [{"storage_account_type": "Standard_LRS", "disk_size_gb": 64}],
    }
    scale_set = resource(
        "azurerm_linux_virtual_machine_scale_set", inputs, region="eastus", key="set"
    )
    found = nodes(scale_set)[0]
    assert (found.count.low, found.count.expected, found.count.high) == (4, 4, 4)
    # 4 x S6 3.008
    assert bill(estimate(scale_set))["OS disk: Standard HDD S6 LRS"] == 12.03
    setting = resource(
        "azurerm_monitor_autoscale_setting",
        {"profile": [{"capacity": [{"minimum": 2, "default": 4, "maximum": 10}]}]},
        references={"target_resource_id": ("set",)},
        key="setting",
    )
    found = nodes(scale_set, setting)[0]
    assert (found.count.low, found.count.expected, found.count.high) == (2, 4, 10)
    assert (found.now, found.basis) == (4, Basis.BOUNDS)


def test_a_number_that_nothing_bounds_is_a_gap() -> None:
    inputs = {"sku": "Standard_D2s_v5", "instances": UNKNOWN, "os_disk": [{}]}
    priced = estimate(resource("azurerm_linux_virtual_machine_scale_set", inputs, region="eastus"))
    assert priced.gaps[0].reason == "their number is known only after deployment"


def test_data_disks_of_a_classic_machine_count_unless_they_are_attached() -> None:
    new = {"managedDiskType": "Premium_LRS", "diskSizeGb": 100, "createOption": "Empty"}
    attached = {"createOption": "Attach", "managedDiskId": "x"}
    inputs = {
        "vmSize": "Standard_DS1_v2",
        "storageOsDisk": {"managedDiskType": "Premium_LRS", "diskSizeGb": 30},
        "storageDataDisks": [new, attached],
    }
    one = resource("azurerm_virtual_machine", inputs, region="eastus", camel=True)
    found = bill(estimate(one))
    assert found["OS disk: Premium SSD P4 LRS"] == 5.28
    assert found["data disk: Premium SSD P10 LRS"] == 19.71
    assert len([each for each in parts(one) if not isinstance(each, Nodes)]) == 2


def test_a_learning_cluster_starts_with_its_fewest_nodes() -> None:
    inputs = {
        "vm_size": "Standard_NC24ads_A100_v4",
        "vm_priority": "LowPriority",
        "scale_settings": [{"min_node_count": 0, "max_node_count": 4}],
    }
    one = resource("azurerm_machine_learning_compute_cluster", inputs, region="eastus")
    found = nodes(one)[0]
    assert (found.now, found.count.high, found.option) == (0, 4, "spot")
