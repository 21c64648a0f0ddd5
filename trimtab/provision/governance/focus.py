"""The bill in FOCUS 1.2, as AWS Data Exports writes it into a bucket.

Pure. Every column is named: Data Exports knows no `SELECT *`. `trimtab diff --measured` reads what it writes.

Source: AWS Data Exports user guide, table dictionary FOCUS_1_2_AWS, data queries, and "Setting up an Amazon
S3 bucket for data exports", 2026-11.
"""

from typing import Any, Literal

from trimtab.provision.eks.roles import partition

TABLE = "FOCUS_1_2_AWS"
Granularity = Literal["HOURLY", "DAILY", "MONTHLY"]
COLUMNS = (
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
    "x_Discounts",
    "x_Operation",
    "x_ServiceCode",
)


def export_inputs(
    name: str, bucket: Any, prefix: str, region: str, granularity: Granularity
) -> dict[str, Any]:
    """The export, as Pulumi spells it; a month's files are overwritten until the month is closed."""
    return {
        "name": name,
        "data_queries": [
            {
                "query_statement": " ".join(("SELECT", ", ".join(COLUMNS), "FROM", TABLE)),
                "table_configurations": {TABLE: {"TIME_GRANULARITY": granularity}},
            }
        ],
        "destination_configurations": [
            {
                "s3_destinations": [
                    {
                        "s3_bucket": bucket,
                        "s3_prefix": prefix,
                        "s3_region": region,
                        "s3_output_configurations": [
                            {
                                "overwrite": "OVERWRITE_REPORT",
                                "format": "PARQUET",
                                "compression": "PARQUET",
                                "output_type": "CUSTOM",
                            }
                        ],
                    }
                ]
            }
        ],
        "refresh_cadences": [{"frequency": "SYNCHRONOUS"}],
    }


def delivery(bucket: str, account: str, region: str) -> list[dict[str, Any]]:
    """What lets Data Exports, on behalf of this account alone, write into the bucket."""
    arn = f"arn:{partition(region)}:s3:::{bucket}"
    exports = f"arn:{partition(region)}:bcm-data-exports:us-east-1:{account}:export/*"
    return [
        {
            "Sid": "DataExports",
            "Effect": "Allow",
            "Principal": {"Service": "bcm-data-exports.amazonaws.com"},
            "Action": ["s3:PutObject", "s3:GetBucketPolicy"],
            "Resource": [arn, f"{arn}/*"],
            "Condition": {
                "StringLike": {"aws:SourceArn": exports},
                "StringEquals": {"aws:SourceAccount": account},
            },
        }
    ]


def alerts_policy(topic: str, account: str) -> dict[str, Any]:
    """What lets AWS' budgets and anomaly detection, for this account alone, publish to the topic."""
    return {
        "Sid": "CostAlerts",
        "Effect": "Allow",
        "Principal": {"Service": ["budgets.amazonaws.com", "costalerts.amazonaws.com"]},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
