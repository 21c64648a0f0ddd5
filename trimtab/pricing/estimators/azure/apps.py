"""Azure's application platforms: App Service and Functions, containers, API management.

An App Service plan is paid for by its instances; the apps in it cost nothing more. A function app pays for
itself where its plan is a consumption plan, or where nothing says what its plan is.
"""

import re
from collections.abc import Iterator

from trimtab.clock import DAYS_PER_MONTH, SECONDS_PER_MONTH
from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.azure.machines import scaled
from trimtab.pricing.model import Basis, Gap, PaidElsewhere, Part
from trimtab.resources.inputs import as_number
from trimtab.resources.model import Resource
from trimtab.resources.place import azure_region

_PLANS = ("azurerm_service_plan", "azurerm_app_service_plan")
_CONSUMPTION = ("y1", "fc1")
_FREE = ("f1", "free")
_ELASTIC = {"ep1": (1.0, 3.5), "ep2": (2.0, 7.0), "ep3": (4.0, 14.0)}
_WORKFLOW = {"ws1": (1.0, 3.5), "ws2": (2.0, 7.0), "ws3": (4.0, 14.0)}
"""vCPUs and GB of memory of an instance."""
_ACR_INCLUDED_GB = {"basic": 10.0, "standard": 100.0, "premium": 500.0}
_MEMORY_GIB = re.compile(r"^(\d+(?:\.\d*)?|\.\d+)\s*Gi$", re.IGNORECASE)


def plan_sku(plan: Resource) -> str:
    """A plan's SKU, lower case: `p1v3`, `y1`; "" where only a deployment will know."""
    asked = plan.inputs
    sku = asked.text("sku_name") or asked.text("sku.size") or asked.text("sku.name")
    if not sku and asked.text("sku.tier").lower() == "dynamic":
        return "y1"
    return sku.lower()


@estimates(*_PLANS)
def service_plan(at: Estimation) -> Iterator[Part]:
    """By its instances' hours; a consumption plan's functions pay for themselves."""
    sku = plan_sku(at.resource)
    if not sku:
        yield Gap("instances", "their size is known only after deployment")
        return
    if sku in _CONSUMPTION or sku in _FREE:
        return
    declared = at.inputs.number("worker_count") or at.inputs.number("sku.capacity")
    found = scaled(at, declared, unknown=at.inputs.unknown("worker_count"))
    if found is None:
        yield Gap("instances", "their number is known only after deployment")
        return
    count, _, basis = found
    if sku in _ELASTIC:
        yield from _by_size(at, sku, _ELASTIC[sku], "functions/premium", count, basis)
        return
    if sku in _WORKFLOW:
        yield from _by_size(at, sku, _WORKFLOW[sku], "logic-app", count, basis)
        return
    system = at.inputs.text("os_type").lower() or (
        "linux"
        if at.inputs.flag("reserved") or at.inputs.text("kind").lower() == "linux"
        else "windows"
    )
    name = "windows" if system.startswith("windows") else "linux"
    rate = f"azure/app-service/{name}/{sku}"
    yield at.charge(f"instances: {sku.upper()}, {name}", rate, count, basis=basis)


def _by_size(
    at: Estimation,
    sku: str,
    size: tuple[float, float],
    rate: str,
    count: Amount,
    basis: Basis,
) -> Iterator[Part]:
    vcpu = "premium/vcpu" if rate == "functions/premium" else "vcpu"
    base = rate.partition("/")[0]
    memory = vcpu.replace("vcpu", "memory")
    cores, gib = size
    label = sku.upper()
    yield at.charge(f"vCPU: {label}", f"azure/{base}/{vcpu}", count.times(cores), basis=basis)
    yield at.charge(f"memory: {label}", f"azure/{base}/{memory}", count.times(gib), basis=basis)


@estimates(
    "azurerm_linux_function_app",
    "azurerm_windows_function_app",
    "azurerm_function_app",
)
def function_app(at: Estimation) -> Iterator[Part]:
    """By executions and by what they take, unless its plan pays."""
    plan = _plan(at)
    if plan is not None and plan_sku(plan) not in _CONSUMPTION:
        yield PaidElsewhere(f"runs on the instances of plan {plan.name}")
        return
    note = "" if plan else "as on a consumption plan: its plan is not declared here"
    yield from at.used("execution time", "azure/functions/execution-time", "gb_seconds", note=note)
    yield from at.used("executions", "azure/functions/executions", "executions_1m", note=note)


def _plan(at: Estimation) -> Resource | None:
    """The plan of an app, by Terraform's names or the resource manager's."""
    names = ("service_plan_id", "app_service_plan_id", "server_farm_id")
    return next((each for name in names if (each := at.referred(name, *_PLANS))), None)


@estimates("azurerm_function_app_flex_consumption")
def flexible_function_app(at: Estimation) -> Iterator[Part]:
    """By executions and by what they take, at the rates of Flex Consumption."""
    yield from at.used("execution time", "azure/functions-flex/execution-time", "gb_seconds")
    yield from at.used("executions", "azure/functions-flex/executions", "executions_1m")


@estimates("azurerm_logic_app_standard")
def logic_app(at: Estimation) -> Iterator[Part]:
    """Its plan pays, where the plan is declared; else one of the smallest instances."""
    plan = _plan(at)
    if plan is None:
        yield from _by_size(at, "ws1", _WORKFLOW["ws1"], "logic-app", exactly(1.0), Basis.DEFAULT)
    else:
        yield PaidElsewhere(f"runs on the instances of plan {plan.name}")


@estimates("azurerm_static_site", "azurerm_static_web_app")
def static_site(at: Estimation) -> Iterator[Part]:
    """The free one costs nothing; the standard one by the month and by what leaves beyond 100 GB."""
    tier = at.inputs.text("sku_tier", at.inputs.text("sku_size", "Free"))
    if tier.lower() == "free":
        return
    yield at.charge("static web app", "azure/static-site/standard")
    yield from at.used("data out", "azure/static-site/data", "egress_gb")


@estimates("azurerm_app_service_environment", "azurerm_app_service_environment_v3")
def app_service_environment(at: Estimation) -> Iterator[Part]:
    """Its plans pay; an empty one is paid for as one instance."""
    yield at.unknown("environment without plans", "azure/app-service-environment")


@estimates("azurerm_spring_cloud_service", "azurerm_spring_cloud_app")
def spring(at: Estimation) -> Iterator[Part]:
    """By vCPU and memory; no source gives a price."""
    if at.resource.kind == "azurerm_spring_cloud_service":
        yield Gap("service", "no price of Spring Apps")


@estimates("azurerm_container_registry")
def container_registry(at: Estimation) -> Iterator[Part]:
    """By its tier, again in each region that it is replicated to, and by storage beyond the included."""
    sku = at.inputs.text("sku", "Classic").lower()
    copies = 1.0 + (at.inputs.length("georeplications") or 0)
    copies += at.inputs.length("georeplication_locations") or 0
    yield at.charge(f"registry: {sku}", f"azure/acr/{sku}", copies)
    amount, basis = at.usage("storage_gb")
    included = _ACR_INCLUDED_GB.get(sku, 0.0)

    rest = amount.at_ends(lambda value: max(value - included, 0.0))
    label = f"storage beyond {included:,.0f} GB"
    yield at.charge(label, "azure/acr/storage", rest, basis=basis)


@estimates("azurerm_container_group")
def container_group(at: Estimation) -> Iterator[Part]:
    """By its containers' vCPUs and memory, as long as it runs: all month, unless it runs to its end."""
    blocks = at.inputs.blocks("container")
    cores = [each.number("cpu") for each in blocks]
    memory = [each.number("memory") for each in blocks]
    if not blocks or None in cores or None in memory:
        yield Gap("containers", "their size is known only after deployment")
        return
    if at.inputs.text("os_type", "Linux").lower() == "windows":
        yield Gap("Windows licence", "no price of Windows containers' software")
    if any(each.has("gpu") for each in blocks):
        yield Gap("GPUs", "no price of container groups' GPUs")
    share, basis = exactly(1.0), Basis.DECLARED
    if at.inputs.text("restart_policy", "Always").lower() != "always":
        share, basis = between(0.0, 1.0), Basis.BOUNDS
    vcpu = sum(each for each in cores if each)
    gib = sum(each for each in memory if each)
    yield at.charge("vCPU", "azure/aci/vcpu", share.times(vcpu), basis=basis)
    yield at.charge("memory", "azure/aci/memory", share.times(gib), basis=basis)


@estimates("azurerm_container_app")
def container_app(at: Estimation) -> Iterator[Part]:
    """By its replicas' vCPUs and memory, between its fewest and its most replicas; and by requests."""
    blocks = at.inputs.blocks("template.container")
    if at.inputs.has("workload_profile_name") and (
        at.inputs.text("workload_profile_name").lower() != "consumption"
    ):
        yield PaidElsewhere("runs on the nodes of its environment's workload profile")
        return
    cores = [each.number("cpu") for each in blocks]
    memory = [_gib(each.get("memory")) for each in blocks]
    if not blocks or None in cores or None in memory:
        yield Gap("containers", "their size is known only after deployment")
        return
    low = at.inputs.number("template.min_replicas") or 0.0
    high = at.inputs.number("template.max_replicas") or 10.0
    replicas = between(low, high, max(low, 0.0) or None)
    basis = Basis.DECLARED if low == high else Basis.BOUNDS
    vcpu = sum(each for each in cores if each) * SECONDS_PER_MONTH
    gib = sum(each for each in memory if each) * SECONDS_PER_MONTH
    note = "at the active rate, without the subscription's free grant"
    yield at.charge(
        "vCPU", "azure/container-apps/vcpu", replicas.times(vcpu), basis=basis, note=note
    )
    yield at.charge(
        "memory", "azure/container-apps/memory", replicas.times(gib), basis=basis, note=note
    )
    if at.inputs.has("ingress"):
        yield from at.used("requests", "azure/container-apps/requests", "requests_1m")


def _gib(value: object) -> float | None:
    found = _MEMORY_GIB.match(value) if isinstance(value, str) else None
    return float(found[1]) if found else as_number(value)


@estimates("azurerm_container_app_environment")
def container_app_environment(at: Estimation) -> Iterator[Part]:
    """Free with the consumption plan; dedicated profiles are paid for by the node."""
    for profile in at.inputs.blocks("workload_profile"):
        kind = profile.text("workload_profile_type")
        if kind.lower() != "consumption":
            yield Gap(f"workload profile {kind}", "no price of dedicated profiles")


@estimates("azurerm_container_app_job")
def container_app_job(at: Estimation) -> Iterator[Part]:
    """By what its runs take."""
    yield from at.used("vCPU", "azure/container-apps/vcpu", "vcpu_seconds")
    yield from at.used("memory", "azure/container-apps/memory", "gib_seconds")


@estimates("azurerm_api_management")
def api_management(at: Estimation) -> Iterator[Part]:
    """By its units, in each of its places; the consumption tier by calls."""
    sku = at.inputs.text("sku_name").lower()
    tier, _, units = sku.partition("_")
    if not tier:
        yield Gap("units", "its tier is known only after deployment")
    elif tier == "consumption":
        yield from at.used("calls", "azure/api-management/consumption", "calls_1m")
    else:
        count = float(units) if units.isdecimal() else 1.0
        rate = f"azure/api-management/{tier}"
        yield at.charge(f"units: {tier}", rate, count)
        for place in at.inputs.blocks("additional_location"):
            region = azure_region(place.text("location", "an unknown region"))
            there = at.elsewhere(region)
            further = place.number("capacity") or count
            yield there.charge(f"units in {region}: {tier}", rate, further)


@estimates("azurerm_api_management_gateway")
def self_hosted_gateway(at: Estimation) -> Iterator[Part]:
    """By the month."""
    yield at.charge("self-hosted gateway", "azure/api-management/gateway")


@estimates("azurerm_app_configuration")
def app_configuration(at: Estimation) -> Iterator[Part]:
    """By the day and replica; the free tier costs nothing."""
    tier = at.inputs.text("sku", "free").lower()
    if tier == "free":
        return
    replicas = 1.0 + (at.inputs.length("replica") or 0)
    days = replicas * DAYS_PER_MONTH
    yield at.charge(f"store: {tier}", f"azure/app-configuration/{tier}", days)
