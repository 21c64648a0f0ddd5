"""Google Cloud's keys, secrets, certificates, logs and metrics."""

from collections.abc import Iterator, Mapping

from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Gap, Part

_BUCKETS = tuple(
    f"google_logging_{owner}_bucket_config"
    for owner in ("project", "folder", "organization", "billing_account")
)


@estimates("google_kms_crypto_key")
def kms_key(at: Estimation) -> Iterator[Part]:
    """By its active versions and its operations, by how it is protected."""
    level = at.inputs.text("version_template.protection_level", "SOFTWARE").upper()
    algorithm = at.inputs.text("version_template.algorithm", "GOOGLE_SYMMETRIC_ENCRYPTION")
    symmetric = algorithm in ("GOOGLE_SYMMETRIC_ENCRYPTION", "AES_256_GCM")
    if level == "HSM" and not symmetric and "2048" not in algorithm:
        kind, operations = "hsm-asymmetric", "hsm-asymmetric"
    elif level.startswith("EXTERNAL"):
        kind, operations = "external", "software"
    else:
        kind, operations = ("hsm", "software") if level == "HSM" else ("software", "software")
    yield from at.used("key versions", f"gcp/kms/{kind}/version", "key_versions")
    yield from at.used("operations", f"gcp/kms/{operations}/operations", "operations", 1e4)


@estimates("google_secret_manager_secret", "google_secret_manager_regional_secret")
def secret(at: Estimation) -> Iterator[Part]:
    """By its versions in each place (where they are not declared too), and by how often they are read."""
    places = _places(at)
    if at.resource.key not in at.facts.once(_secrets_with_versions):
        versions, basis = at.usage("active_versions")
        yield at.charge(
            "active versions", "gcp/secret-manager/version", versions.times(places), basis=basis
        )
    yield from at.used("access", "gcp/secret-manager/access", "access_operations", 1e4)
    yield from at.if_used("rotations", "gcp/secret-manager/rotation", "rotations")


@estimates("google_secret_manager_secret_version", "google_secret_manager_regional_secret_version")
def secret_version(at: Estimation) -> Iterator[Part]:
    """By the month, in each place that its secret is kept in."""
    owner = at.referred("secret")
    places = _places(Estimation(owner, at.facts)) if owner is not None else 1.0
    yield at.charge("active version", "gcp/secret-manager/version", places)


def _places(at: Estimation) -> float:
    """In how many places a secret is kept; automatic replication counts as one."""
    return float(len(at.inputs.blocks("replication.user_managed.replicas"))) or 1.0


def _secrets_with_versions(facts: Facts) -> Mapping[str, bool]:
    found: dict[str, bool] = {}
    for resource in facts.resources.values():
        if resource.kind.endswith("_secret_version"):
            owner = Estimation(resource, facts).referred("secret")
            if owner is not None:
                found[owner.key] = True
    return found


@estimates(*_BUCKETS)
def log_bucket(at: Estimation) -> Iterator[Part]:
    """By what is taken in; the first 50 GiB of a project are not taken off."""
    yield from at.used("logs taken in", "gcp/logging/ingestion", "ingested_gb")
    days = at.inputs.number("retention_days")
    if days is not None and days > 30:
        amount, basis = at.usage("ingested_gb")
        months = (days - 30) / 30
        note = f"{days:,.0f} days, the first 30 included"
        yield at.charge(
            "logs kept longer",
            "gcp/logging/retention",
            amount.times(months),
            basis=basis,
            note=note,
        )


@estimates("google_monitoring_metric_descriptor")
def metric(at: Estimation) -> Iterator[Part]:
    """By what is taken in, and by calls that read it."""
    yield from at.used("metrics taken in", "gcp/monitoring/data", "data_mb")
    yield from at.used("API calls", "gcp/monitoring/calls", "api_calls", 1e3)


@estimates("google_privateca_certificate_authority")
def certificate_authority(at: Estimation) -> Iterator[Part]:
    """By the month and its pool's tier; certificates are paid for by themselves."""
    pool = at.referred("pool", "google_privateca_ca_pool")
    if pool is None:
        yield Gap("certificate authority", "its pool's tier is not known here")
        return
    tier = pool.inputs.text("tier", "DEVOPS").lower()
    yield at.charge(f"certificate authority, {tier}", f"gcp/private-ca/{tier}")
