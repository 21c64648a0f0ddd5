"""Azure disks, computed by hand from the retail price list."""

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount
from trimtab.pricing.estimators.azure.disks import tier
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry

QUIET = Usage((UsageEntry("", "", {"disk_operations_10k": Amount(0, 0, 0)}),))


@pytest.mark.parametrize(
    ("storage_type", "gib", "expected"),
    [
        ("Premium_LRS", 1, "p1"),
        ("Premium_LRS", 128, "p10"),
        ("Premium_LRS", 129, "p15"),
        ("Premium_ZRS", 32767, "p80"),
        ("Premium_LRS", 40000, None),
        ("StandardSSD_LRS", 512, "e20"),
        ("Standard_LRS", 1, "s4"),
        ("UltraSSD_LRS", 100, None),
    ],
)
def test_a_disk_is_paid_for_as_the_next_larger_tier(
    storage_type: str, gib: float, expected: str | None
) -> None:
    assert tier(storage_type, gib) == expected


def test_a_premium_disk_includes_its_operations_and_a_standard_one_does_not() -> None:
    premium = {"storage_account_type": "Premium_LRS", "disk_size_gb": 512}
    priced = estimate(resource("azurerm_managed_disk", premium, region="eastus"))
    assert bill(priced) == {"disk: Premium SSD P20 LRS": 73.22}
    standard = {"storage_account_type": "StandardSSD_LRS", "disk_size_gb": 512}
    priced = estimate(resource("azurerm_managed_disk", standard, region="eastus"))
    # 100 x 10,000 operations (the default) x 0.002
    assert bill(priced) == {"disk: Standard SSD E20 LRS": 38.40, "disk operations": 0.20}


def test_a_disk_at_another_tiers_performance_is_paid_for_as_that_tier() -> None:
    inputs = {"storage_account_type": "Premium_LRS", "disk_size_gb": 128, "tier": "P30"}
    priced = estimate(resource("azurerm_managed_disk", inputs, region="eastus"))
    assert bill(priced) == {"disk: at the performance of P30": 135.17}


def test_premium_v2_is_paid_for_by_size_and_by_what_goes_beyond_the_included() -> None:
    inputs = {"storage_account_type": "PremiumV2_LRS", "disk_size_gb": 100}
    priced = estimate(resource("azurerm_managed_disk", inputs, region="eastus"))
    assert bill(priced) == {"Premium SSD v2 storage": 8.00}
    inputs |= {"disk_iops_read_write": 5000}
    priced = estimate(resource("azurerm_managed_disk", inputs, region="eastus"))
    assert priced.status is Status.PARTLY
    assert priced.gaps[0].reason == "no price of azure/disk/premium-v2/iops in eastus"


@pytest.mark.parametrize(
    "inputs",
    [
        {"storage_account_type": "Premium_LRS", "disk_size_gb": UNKNOWN},
        {"storage_account_type": UNKNOWN, "disk_size_gb": 100},
        {"storage_account_type": "Premium_LRS", "create_option": "Copy"},
    ],
)
def test_what_only_a_deployment_knows_is_a_gap(inputs: dict[str, object]) -> None:
    priced = estimate(resource("azurerm_managed_disk", inputs, region="eastus"))
    assert priced.status is Status.NOT_PRICED
    assert "known only after deployment" in priced.gaps[0].reason


def test_a_region_without_a_price_is_a_gap() -> None:
    inputs = {"storage_account_type": "Premium_LRS", "disk_size_gb": 128}
    priced = estimate(resource("azurerm_managed_disk", inputs, region="marsnorth"))
    assert priced.gaps[0].reason == "no price of azure/disk/p10/lrs in marsnorth"
    assert priced.usd_per_month is None


def test_a_snapshot_holds_between_nothing_and_its_disks_size() -> None:
    disk = resource(
        "azurerm_managed_disk", {"disk_size_gb": 100}, region="eastus", key="disk", name="disk"
    )
    taken = resource(
        "azurerm_snapshot",
        {"create_option": "Copy"},
        region="eastus",
        references={"source_uri": ("disk",)},
    )
    priced = estimate(taken, disk)
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.low == 0
    assert priced.usd_per_month.high == pytest.approx(5.00)
    assert priced.status is Status.BOUNDED


def test_pulumis_spelling_is_read_alike() -> None:
    inputs = {"storageAccountType": "Standard_LRS", "diskSizeGb": 64}
    one = resource("azurerm_managed_disk", inputs, region="eastus", camel=True)
    assert bill(estimate(one, usage=QUIET)) == {
        "disk: Standard HDD S6 LRS": 3.01,
        "disk operations": 0.0,
    }
