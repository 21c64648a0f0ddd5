"""Azure storage, computed by hand from the retail price list."""

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import exactly
from trimtab.pricing.model import Basis, Status
from trimtab.usage.model import Usage, UsageEntry


def test_an_accounts_blobs_are_what_a_usage_file_says() -> None:
    monthly = {"storage_gb": exactly(60_000.0), "read_10k_operations": exactly(500.0)}
    usage = Usage((UsageEntry("azurerm_storage_account", "", monthly),))
    inputs = {"account_tier": "Standard", "account_replication_type": "LRS"}
    priced = estimate(resource("azurerm_storage_account", inputs, region="eastus"), usage=usage)
    assert bill(priced) == {
        "blobs: hot LRS": 1064.96,  # 51,200 GB x 0.0208
        "blobs: hot LRS beyond 51,200": 175.72,  # 8,800 GB x 0.019968
        "writes": 0.50,  # 10 x 0.05, the default
        "lists": 0.05,
        "reads": 2.00,  # 500 x 0.004
    }
    assert priced.charges[0].basis is Basis.USAGE_FILE


def test_the_access_tier_and_the_replication_decide_the_rate() -> None:
    inputs = {"accountTier": "Standard", "accountReplicationType": "ZRS", "accessTier": "Cool"}
    one = resource("azurerm_storage_account", inputs, region="westus", camel=True)
    assert bill(estimate(one))["blobs: cool ZRS"] == 1.44  # 100 GB x 0.0144


def test_a_file_account_is_paid_for_by_its_shares() -> None:
    inputs = {"account_kind": "FileStorage", "account_tier": "Premium"}
    priced = estimate(resource("azurerm_storage_account", inputs, region="eastus"))
    assert priced.status is Status.COVERED


def test_a_premium_share_is_paid_for_by_its_quota() -> None:
    account = resource(
        "azurerm_storage_account",
        {"account_tier": "Premium", "account_replication_type": "LRS"},
        region="eastus",
        key="account",
    )
    share = resource(
        "azurerm_storage_share",
        {"quota": 500},
        region="eastus",
        references={"storage_account_name": ("account",)},
    )
    assert bill(estimate(share, account)) == {"share: premium LRS": 80.00}  # 500 x 0.16


def test_another_share_holds_at_most_its_quota() -> None:
    account = resource(
        "azurerm_storage_account", {"account_replication_type": "GRS"}, key="account"
    )
    share = resource(
        "azurerm_storage_share",
        {"quota": 200, "access_tier": "Hot"},
        region="westus",
        references={"storage_account_name": ("account",)},
    )
    held = estimate(share, account).charges[0]
    # 50 GB (the default) x 0.0632, at most 200 x 0.0632
    assert held.usd_per_month.expected == pytest.approx(3.16)
    assert held.usd_per_month.high == pytest.approx(12.64)


def test_a_share_without_its_account_is_a_gap() -> None:
    priced = estimate(resource("azurerm_storage_share", {"quota": 5}, region="eastus"))
    assert priced.gaps[0].reason == ("the account that says its replication is not declared here")


def test_a_capacity_pool_has_no_price_yet() -> None:
    inputs = {"size_in_tb": 4, "service_level": "Premium"}
    priced = estimate(resource("azurerm_netapp_pool", inputs, region="eastus"))
    assert priced.gaps[0].reason == "no price of azure/netapp/premium in eastus"
