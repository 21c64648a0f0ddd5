"""Azure's application platforms, computed by hand from the retail price list."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import exactly
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


def plan(**inputs: Any) -> dict[str, float | None]:
    return bill(estimate(resource("azurerm_service_plan", inputs, region="eastus")))


def test_a_plan_is_paid_for_by_its_instances() -> None:
    # 3 x 730 h x 0.155, and on Windows 730 h x 0.315
    assert plan(sku_name="P1v3", os_type="Linux", worker_count=3) == {
        "instances: P1V3, linux": 339.45
    }
    assert plan(sku_name="P1v3", os_type="Windows") == {"instances: P1V3, windows": 229.95}


def test_free_and_consumption_plans_cost_nothing() -> None:
    assert plan(sku_name="F1", os_type="Linux") == {}
    assert plan(sku_name="Y1", os_type="Linux") == {}


def test_an_elastic_plan_is_paid_for_by_vcpu_and_memory() -> None:
    # EP2: 2 x 730 h x 0.173, 7 GB x 730 h x 0.0123
    assert plan(sku_name="EP2") == {"vCPU: EP2": 252.58, "memory: EP2": 62.85}


def test_an_old_plans_sku_is_a_block() -> None:
    inputs = {"kind": "Linux", "reserved": True, "sku": {"tier": "Basic", "size": "B1"}}
    one = resource("azurerm_app_service_plan", inputs, region="eastus", camel=True)
    assert bill(estimate(one)) == {"instances: B1, linux": 12.41}  # 730 h x 0.017


def test_a_plan_stays_within_its_autoscale_setting() -> None:
    one = resource(
        "azurerm_service_plan", {"sku_name": "S1", "os_type": "Linux"}, region="eastus", key="plan"
    )
    setting = resource(
        "azurerm_monitor_autoscale_setting",
        {"profile": [{"capacity": [{"minimum": 1, "maximum": 5}]}]},
        references={"target_resource_id": ("plan",)},
        key="setting",
    )
    cost = estimate(one, setting).usd_per_month
    assert cost is not None
    assert cost.low == pytest.approx(69.35)
    assert cost.high == pytest.approx(346.75)


def test_a_function_pays_for_itself_on_a_consumption_plan_alone() -> None:
    usage = Usage(
        (UsageEntry("", "", {"gb_seconds": exactly(1_000_000.0), "executions_1m": exactly(3.0)}),)
    )
    consumption = resource("azurerm_service_plan", {"sku_name": "Y1"}, key="y1")
    premium = resource("azurerm_service_plan", {"sku_name": "EP1"}, key="ep1")

    def of(key: str) -> Any:
        references = {"service_plan_id": (key,)}
        kind = "azurerm_linux_function_app"
        return resource(kind, region="eastus", references=references)

    assert bill(estimate(of("y1"), consumption, usage=usage)) == {
        "execution time": 0.00,  # 400,000 GB-s are free
        "execution time beyond 400,000": 9.60,  # 600,000 x 0.000016
        "executions": 0.00,  # a million is free
        "executions beyond 1": 0.40,  # 2 x 0.20
    }
    assert estimate(of("ep1"), premium).status is Status.COVERED


def test_a_registry_is_paid_for_by_tier_copy_and_storage_beyond_the_included() -> None:
    usage = Usage((UsageEntry("", "", {"storage_gb": exactly(130.0)}),))
    one = resource("azurerm_container_registry", {"sku": "Standard"}, region="eastus")
    assert bill(estimate(one, usage=usage)) == {
        "registry: standard": 20.29,
        "storage beyond 100 GB": 3.00,  # 30 GB x 0.10
    }


def test_a_container_group_runs_all_month_unless_it_runs_to_its_end() -> None:
    container = {"cpu": "0.5", "memory": "1.5"}
    inputs: dict[str, Any] = {"os_type": "Linux", "container": [container, container]}
    priced = estimate(resource("azurerm_container_group", inputs, region="eastus"))
    # 1 vCPU x 730 h x 0.0405, 3 GB x 730 h x 0.00445
    assert bill(priced) == {"vCPU": 29.57, "memory": 9.75}
    inputs["restart_policy"] = "OnFailure"
    priced = estimate(resource("azurerm_container_group", inputs, region="eastus"))
    assert priced.status is Status.BOUNDED


def test_a_container_app_lies_between_its_fewest_and_its_most_replicas() -> None:
    inputs = {
        "template": {
            "containers": [{"cpu": 0.5, "memory": "1Gi"}],
            "minReplicas": 1,
            "maxReplicas": 3,
        }
    }
    one = resource("azurerm_container_app", inputs, region="eastus", camel=True)
    cost = estimate(one).charges[0].usd_per_month
    # 0.5 vCPU x 2,628,000 s x 0.000024
    assert cost.low == pytest.approx(31.536)
    assert cost.expected == pytest.approx(31.536)
    assert cost.high == pytest.approx(94.608)


def test_what_only_a_deployment_knows_is_a_gap() -> None:
    one = resource("azurerm_service_plan", {"sku_name": UNKNOWN}, region="eastus")
    assert estimate(one).gaps[0].reason == "their size is known only after deployment"
    container = [{"cpu": UNKNOWN, "memory": "1.5"}]
    one = resource("azurerm_container_group", {"container": container}, region="eastus")
    assert estimate(one).status is Status.NOT_PRICED


def test_an_apis_consumption_has_a_million_calls_free() -> None:
    usage = Usage((UsageEntry("", "", {"calls_1m": exactly(5.0)}),))
    one = resource("azurerm_api_management", {"sku_name": "Consumption_0"}, region="eastus")
    assert bill(estimate(one, usage=usage)) == {"calls": 0.0, "calls beyond 1": 14.00}  # 4 x 3.50


def test_an_api_in_two_places_pays_its_units_in_both() -> None:
    inputs = {
        "sku_name": "Premium_2",
        "additional_location": [{"location": "East US"}, {"location": "Mars North", "capacity": 1}],
    }
    priced = estimate(resource("azurerm_api_management", inputs, region="eastus"))
    # 2 x 2,795.17 in each
    assert bill(priced) == {"units: premium": 5_590.34, "units in eastus: premium": 5_590.34}
    assert [gap.label for gap in priced.gaps] == ["units in marsnorth: premium"]
