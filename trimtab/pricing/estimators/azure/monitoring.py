"""Azure's monitoring and keeping: logs, alerts, key vaults, backups, automation."""

from collections.abc import Iterator

from trimtab.clock import DAYS_PER_MONTH, SECONDS_PER_MONTH
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Gap, PaidElsewhere, Part
from trimtab.resources.inputs import Inputs

_FREE_RETENTION_DAYS = 31
_LOG_ALERT_MINUTES = (1, 5, 10, 15)
_PERIOD = {"PT1M": 1, "PT5M": 5, "PT10M": 10, "PT15M": 15, "PT30M": 15, "PT45M": 15, "PT1H": 15}


@estimates("azurerm_log_analytics_workspace")
def log_workspace(at: Estimation) -> Iterator[Part]:
    """By what is taken in, or a commitment of so much a day, and by what is kept beyond a month."""
    sku = at.inputs.text("sku", "PerGB2018").lower()
    if sku == "free":
        return
    if sku == "capacityreservation":
        level = at.inputs.number("reservation_capacity_in_gb_per_day")
        if level != 100:
            yield Gap("commitment", "no price of this commitment tier")
        else:
            yield at.charge(
                "commitment of 100 GB a day", "azure/log-analytics/commitment-100", DAYS_PER_MONTH
            )
    elif sku == "pergb2018":
        yield from at.used("logs taken in", "azure/log-analytics/ingestion", "ingested_gb")
    else:
        yield Gap("logs taken in", f"no price of the old SKU {sku}")
    days = at.inputs.number("retention_in_days") or 30.0
    if days > _FREE_RETENTION_DAYS:
        amount, basis = at.usage("ingested_gb")
        kept = amount.times((days - _FREE_RETENTION_DAYS) / DAYS_PER_MONTH)
        yield at.charge(
            "logs kept beyond 31 days", "azure/log-analytics/retention", kept, basis=basis
        )


@estimates("azurerm_log_analytics_cluster")
def log_cluster(at: Estimation) -> Iterator[Part]:
    """By its commitment; no source gives a price."""
    yield at.unknown("commitment", "azure/log-analytics/cluster")


@estimates("azurerm_log_analytics_solution")
def log_solution(at: Estimation) -> Iterator[Part]:
    """Sentinel pays again for what is taken in; other solutions are free."""
    name = at.inputs.text("solution_name")
    if name.lower() == "securityinsights":
        yield from at.used("Sentinel", "azure/sentinel/ingestion", "ingested_gb")


@estimates("azurerm_sentinel_log_analytics_workspace_onboarding")
def sentinel(at: Estimation) -> Iterator[Part]:
    """By what its workspace takes in."""
    yield from at.used("Sentinel", "azure/sentinel/ingestion", "ingested_gb")


@estimates("azurerm_application_insights")
def application_insights(at: Estimation) -> Iterator[Part]:
    """By what is taken in; one that is based on a workspace is paid for there."""
    if at.inputs.has("workspace_id"):
        yield PaidElsewhere("its workspace takes the telemetry in")
        return
    yield from at.used("telemetry", "azure/application-insights/ingestion", "ingested_gb")


@estimates("azurerm_application_insights_web_test")
def multi_step_test(at: Estimation) -> Iterator[Part]:
    """Multi-step tests by the month; ping tests are free."""
    if at.inputs.text("kind").lower() == "multistep":
        yield at.charge("multi-step test", "azure/application-insights/multi-step-test")


@estimates("azurerm_application_insights_standard_web_test")
def standard_test(at: Estimation) -> Iterator[Part]:
    """By how often it runs, from each of its places."""
    seconds = at.inputs.number("frequency") or 300.0
    places = at.inputs.length("geo_locations") or 1
    runs = SECONDS_PER_MONTH / seconds * places
    yield at.charge("web tests", "azure/application-insights/web-test", runs)


@estimates("azurerm_monitor_metric_alert")
def metric_alert(at: Estimation) -> Iterator[Part]:
    """By the series it watches: each criterion of each scope."""
    names = (
        "criteria",
        "dynamic_criteria",
        "application_insights_web_test_location_availability_criteria",
    )
    criteria = sum(len(at.inputs.blocks(name)) for name in names)
    scopes = at.inputs.length("scopes") or 1
    if not at.inputs.flag("enabled", True):
        return
    yield at.charge("metric series", "azure/alert/metric", float(max(criteria, 1) * scopes))


@estimates("azurerm_monitor_scheduled_query_rules_alert")
def log_alert(at: Estimation) -> Iterator[Part]:
    """By how often it asks."""
    if at.inputs.flag("enabled", True):
        minutes = at.inputs.number("frequency") or 15.0
        yield _log_alert(at, minutes)


@estimates("azurerm_monitor_scheduled_query_rules_alert_v2")
def log_alert_v2(at: Estimation) -> Iterator[Part]:
    """By how often it asks."""
    if at.inputs.flag("enabled", True):
        yield _log_alert(at, _PERIOD.get(at.inputs.text("evaluation_frequency", "PT5M"), 15))


def _log_alert(at: Estimation, minutes: float) -> Part:
    step = max((each for each in _LOG_ALERT_MINUTES if each <= minutes), default=1)
    return at.charge(f"log alert every {minutes:g} minutes", f"azure/alert/log/{step}")


@estimates("azurerm_monitor_diagnostic_setting")
def diagnostic_setting(at: Estimation) -> Iterator[Part]:
    """What goes to a storage account or an event hub is paid for by the GB; a workspace pays itself."""
    if any(
        at.inputs.has(name)
        for name in ("storage_account_id", "eventhub_authorization_rule_id", "partner_solution_id")
    ):
        yield from at.used("platform logs", "azure/diagnostics/logs", "logs_gb")


@estimates("azurerm_monitor_data_collection_rule")
def data_collection_rule(at: Estimation) -> Iterator[Part]:
    """Metrics by the sample, where it sends them to a metrics workspace."""
    if at.inputs.has("destinations.monitor_account"):
        yield from at.used("metric samples", "azure/monitor/metrics", "samples_10m")


@estimates("azurerm_monitor_workspace")
def metrics_workspace(at: Estimation) -> Iterator[Part]:
    """By the sample taken in."""
    yield from at.used("metric samples", "azure/monitor/metrics", "samples_10m")


@estimates("azurerm_dashboard_grafana")
def grafana(at: Estimation) -> Iterator[Part]:
    """The essential tier is free; a standard one is paid for by the hour and user."""
    if at.inputs.text("sku", "Standard").lower() != "essential":
        yield at.charge("Grafana", "azure/grafana/standard")


@estimates("azurerm_key_vault")
def key_vault(at: Estimation) -> Iterator[Part]:
    """By what is asked of it."""
    yield from at.used("operations", "azure/key-vault/operations", "operations_10k")


@estimates("azurerm_key_vault_key")
def key_vault_key(at: Estimation) -> Iterator[Part]:
    """A software key costs its operations, which the vault pays; a key in hardware by the month."""
    if at.inputs.text("key_type").upper().endswith("-HSM"):
        yield at.charge("HSM key", "azure/key-vault/hsm-key")


@estimates("azurerm_key_vault_certificate")
def key_vault_certificate(at: Estimation) -> Iterator[Part]:
    """Renewals of those that an authority issues."""
    issuer = at.inputs.text("certificate_policy.issuer_parameters.name", "Self")
    if issuer.lower() not in ("self", "unknown"):
        yield from at.used("renewals", "azure/key-vault/certificate-renewal", "renewals")


@estimates("azurerm_key_vault_managed_hardware_security_module")
def managed_hsm(at: Estimation) -> Iterator[Part]:
    """By the hour."""
    yield at.charge("HSM pool", "azure/key-vault/managed-hsm")


@estimates("azurerm_automation_account")
def automation_account(at: Estimation) -> Iterator[Part]:
    """By its jobs' minutes beyond 500."""
    yield from at.used("job minutes", "azure/automation/job-minutes", "job_minutes")


@estimates("azurerm_recovery_services_vault", "azurerm_data_protection_backup_vault")
def recovery_vault(at: Estimation) -> Iterator[Part]:
    """By what is kept; each protected machine pays for itself."""
    mode = at.inputs.text("storage_mode_type", at.inputs.text("redundancy", "GeoRedundant"))
    name = {"locallyredundant": "lrs", "zoneredundant": "zrs"}.get(mode.lower(), "grs")
    if name == "grs" and at.inputs.flag("cross_region_restore_enabled"):
        name = "ragrs"
    yield from at.used(f"backups: {name.upper()}", f"azure/backup/{name}", "storage_gb")


@estimates("azurerm_backup_protected_vm")
def protected_machine(at: Estimation) -> Iterator[Part]:
    """By the size of its disks: up to 50 GB, up to 500 GB, and again for each further 500."""
    gib = _size(at)
    if gib is None:
        yield Gap("protected machine", "the size of its disks is not declared here")
    elif gib <= 50:
        yield at.charge("protected machine up to 50 GB", "azure/backup/instance-50")
    else:
        steps = float(-(-gib // 500))
        yield at.charge("protected machine by 500 GB", "azure/backup/instance-500", steps)


def _size(at: Estimation) -> float | None:
    machine = at.referred("source_vm_id")
    if machine is None:
        return None
    blocks: list[Inputs] = [
        *machine.inputs.blocks("os_disk"),
        *machine.inputs.blocks("storage_os_disk"),
        *machine.inputs.blocks("storage_data_disk"),
    ]
    sizes = [each.number("disk_size_gb") or 30.0 for each in blocks]
    return sum(sizes) if sizes else None


@estimates("azurerm_site_recovery_replicated_vm")
def replicated_machine(at: Estimation) -> Iterator[Part]:
    """By the month; no source gives a price in dollars."""
    yield at.charge("replicated machine", "azure/site-recovery/instance")


@estimates("azurerm_active_directory_domain_service")
def domain_services(at: Estimation) -> Iterator[Part]:
    """By its SKU's hour."""
    sku = at.inputs.text("sku").lower()
    yield at.charge(f"domain services: {sku}", f"azure/domain-services/{sku}")


@estimates("azurerm_active_directory_domain_service_replica_set")
def domain_replica(at: Estimation) -> Iterator[Part]:
    """By the hour, at its service's SKU."""
    owner = at.referred("domain_service_id", "azurerm_active_directory_domain_service")
    if owner is None:
        yield Gap("replica set", "the service that says its SKU is not declared here")
        return
    sku = owner.inputs.text("sku").lower()
    yield at.charge(f"replica set: {sku}", f"azure/domain-services/{sku}")


@estimates("azurerm_security_center_subscription_pricing")
def defender(at: Estimation) -> Iterator[Part]:
    """By what it watches; what that is, no program says."""
    if at.inputs.text("tier").lower() == "standard":
        plan = at.inputs.text("resource_type", "VirtualMachines")
        yield Gap(f"Defender for {plan}", "paid for by what it watches in the subscription")
