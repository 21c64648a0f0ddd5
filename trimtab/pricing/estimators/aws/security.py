"""AWS security: keys, secrets, certificates, firewalls of requests, detection, directories, users."""

from collections.abc import Iterator

from trimtab.pricing.amount import exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import by_use, tariff
from trimtab.pricing.model import Gap, Part

tariff(
    "aws_kms_replica_key",
    "aws_kms_external_key",
    "aws_kms_replica_external_key",
    fixed=[("key", "aws/kms/key")],
    used=[("requests", "aws/kms/requests", "requests_10k")],
)


@estimates("aws_kms_key")
def key(at: Estimation) -> Iterator[Part]:
    """The key, a second and a third once it was rotated, and requests, dearer where asymmetric."""
    yield at.charge("key", "aws/kms/key", note="one more a month for each of two rotations")
    spec = at.inputs.text("customer_master_key_spec") or at.inputs.text("key_spec")
    plain = spec in ("", "SYMMETRIC_DEFAULT", "RSA_2048") or spec.startswith("HMAC")
    rate = "aws/kms/requests" if plain else "aws/kms/requests/asymmetric"
    yield from at.used("requests", rate, "requests_10k")


tariff(
    "aws_secretsmanager_secret",
    fixed=[("secret", "aws/secrets-manager/secret")],
    used=[("requests", "aws/secrets-manager/requests", "requests_10k")],
)


@estimates("aws_ssm_parameter")
def parameter(at: Estimation) -> Iterator[Part]:
    """An advanced one by the hour and requests; a standard one is free."""
    if at.inputs.unknown("tier"):
        yield Gap("parameter", "only a deployment will know whether it is advanced")
    elif at.inputs.text("tier") in ("Advanced", "Intelligent-Tiering"):
        yield from by_use(
            at,
            ("advanced parameter", "aws/ssm/parameter/advanced", "hours"),
            ("requests", "aws/ssm/parameter/requests", "requests_10k"),
        )


@estimates("aws_acmpca_certificate_authority")
def authority(at: Estimation) -> Iterator[Part]:
    """By the month, and the certificates that it issues."""
    short = at.inputs.text("usage_mode") == "SHORT_LIVED_CERTIFICATE"
    mode = "short-lived" if short else "general"
    yield at.charge("certificate authority", f"aws/acm-pca/{mode}")
    yield from at.used("certificates", f"aws/acm-pca/{mode}/certificates", "certificates")


tariff(
    "aws_cloudhsm_v2_hsm",
    fixed=[("HSM", "aws/cloudhsm/hour")],
)


@estimates("aws_wafv2_web_acl", "aws_waf_web_acl", "aws_wafregional_web_acl")
def web_acl(at: Estimation) -> Iterator[Part]:
    """The list, each of its rules (a group counts as one), and requests."""
    yield at.charge("web ACL", "aws/waf/acl")
    names = ("rule", "rules")
    lengths = [at.inputs.length(name) for name in names]
    if None in lengths:
        yield Gap("rules", "only a deployment will know how many")
    else:
        yield at.charge("rules", "aws/waf/rule", max(length or 0 for length in lengths))
    yield from at.used("requests", "aws/waf/requests", "requests_millions")


tariff("aws_shield_subscription", fixed=[("subscription", "aws/shield/advanced")])
tariff("aws_fms_policy", fixed=[("policy", "aws/firewall-manager/policy")])
tariff(
    "aws_guardduty_detector",
    used=[
        ("CloudTrail events", "aws/guardduty/events", "events_millions"),
        ("flow and DNS logs", "aws/guardduty/logs", "logs_gb"),
    ],
)
tariff(
    "aws_macie2_account",
    used=[
        ("buckets", "aws/macie/bucket", "buckets"),
        ("data inspected", "aws/macie/data", "inspected_gb"),
    ],
)
tariff("aws_securityhub_account", used=[("checks", "aws/security-hub/checks", "checks")])
tariff(
    "aws_inspector2_enabler",
    used=[("instances scanned", "aws/inspector/instance", "instances")],
)


_DIRECTORIES = {
    ("MicrosoftAD", "Standard"): "microsoft-ad/standard",
    ("MicrosoftAD", "Enterprise"): "microsoft-ad/enterprise",
    ("SimpleAD", "Small"): "simple-ad/small",
    ("SimpleAD", "Large"): "simple-ad/large",
    ("ADConnector", "Small"): "ad-connector/small",
    ("ADConnector", "Large"): "ad-connector/large",
}


@estimates("aws_directory_service_directory")
def directory(at: Estimation) -> Iterator[Part]:
    """Two controllers by the hour."""
    if gap := at.awaited("directory", "type", "size", "edition"):
        yield gap
        return
    kind = at.inputs.text("type", "SimpleAD")
    if kind == "MicrosoftAD":
        size = at.inputs.text("edition", "Enterprise")
    else:
        size = at.inputs.text("size", "Large")
    name = _DIRECTORIES.get((kind, size))
    if name is None:
        yield Gap("directory", f"no price of {kind}, {size}")
        return
    yield at.charge("domain controllers", f"aws/directory/{name}", exactly(2))


tariff(
    "aws_cognito_user_pool",
    used=[("active users", "aws/cognito/essentials", "billed_users")],
)


@estimates("aws_wafv2_rule_group", "aws_waf_rule_group", "aws_wafregional_rule_group")
def rule_group(at: Estimation) -> Iterator[Part]:
    """Each rule in it; the group itself is a rule of the web ACLs that use it."""
    lengths = [at.inputs.length(name) for name in ("rule", "rules", "activated_rule")]
    if None in lengths:
        yield Gap("rules", "only a deployment will know how many")
    else:
        yield at.charge("rules", "aws/waf/rule", max(length or 0 for length in lengths))


tariff("aws_wafv2_web_acl_rule", fixed=[("rule", "aws/waf/rule")])
