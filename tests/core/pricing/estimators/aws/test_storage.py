"""AWS file and object storage, computed by hand from the price pages that the book names."""

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import between, exactly
from trimtab.pricing.model import Basis, Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


def use(**monthly: float) -> Usage:
    return Usage((UsageEntry("", "", {key: exactly(value) for key, value in monthly.items()}),))


def test_a_bucket_is_paid_by_what_it_keeps_and_is_asked() -> None:
    # 100 GB x 0.023; 100 thousand x 0.005; 1,000 thousand x 0.0004: all defaults
    priced = estimate(resource("aws_s3_bucket"))
    assert bill(priced) == {
        "Standard storage": 2.30,
        "Standard writes": 0.50,
        "Standard reads": 0.40,
    }
    assert {charge.basis for charge in priced.charges} == {Basis.DEFAULT}


def test_a_bucket_pays_less_for_what_is_beyond_50_tib() -> None:
    priced = estimate(resource("aws_s3_bucket"), usage=use(storage_gb=61_200))
    # 51,200 GB x 0.023, and 10,000 GB x 0.022
    assert bill(priced)["Standard storage"] == 1_177.60
    assert bill(priced)["Standard storage beyond 51,200"] == 220.00


def test_a_storage_class_costs_only_where_it_is_used() -> None:
    used = use(
        storage_gb=0,
        put_requests_1k=0,
        get_requests_1k=0,
        standard_ia_gb=30_000,
        glacier_deep_gb=60_000,
        intelligent_objects_1k=20,
    )
    # 30,000 GB x 0.0125; 60,000 GB x 0.00099; 20 thousand objects x 0.0025
    assert bill(estimate(resource("aws_s3_bucket"), usage=used)) == {
        "Standard-IA storage": 375.00,
        "Glacier Deep Archive storage": 59.40,
        "Intelligent-Tiering monitoring": 0.05,
    }


def test_sub_resources_of_a_bucket_are_free() -> None:
    for kind in ("aws_s3_bucket_versioning", "aws_s3_bucket_policy", "aws_s3_bucket_acl"):
        assert estimate(resource(kind)).status is Status.FREE


def test_a_file_system_pays_for_throughput_beyond_what_storage_brings() -> None:
    inputs = {"throughputMode": "provisioned", "provisionedThroughputInMibps": 100}
    priced = estimate(resource("aws_efs_file_system", inputs, camel=True))
    # 100 GB x 0.30; (100 - 100/20) MiB/s x 6
    assert bill(priced) == {"storage": 30.00, "provisioned throughput": 570.00}
    # 0 to 10,000 GB bring 0 to 500 MiB/s
    assert priced.charges[1].quantity == between(0, 100, 95)


def test_throughput_that_only_a_deployment_knows_is_a_gap() -> None:
    inputs = {"throughput_mode": "provisioned", "provisioned_throughput_in_mibps": UNKNOWN}
    priced = estimate(resource("aws_efs_file_system", inputs))
    assert priced.gaps[0].label == "provisioned throughput"
    assert priced.status is Status.PARTLY


def test_lustre_is_paid_by_its_deployment_and_throughput() -> None:
    scratch = {"storageCapacity": 1200, "deploymentType": "SCRATCH_2"}
    # 1,200 GiB x 0.14
    assert bill(estimate(resource("aws_fsx_lustre_file_system", scratch, camel=True))) == {
        "storage, scratch-2": 168.00
    }
    persistent = {
        "storage_capacity": 1200,
        "deployment_type": "PERSISTENT_2",
        "per_unit_storage_throughput": 125,
    }
    charged = bill(estimate(resource("aws_fsx_lustre_file_system", persistent)))
    # 1,200 GiB x 0.145
    assert charged["storage, persistent-2"] == 174.00
    faster = estimate(
        resource("aws_fsx_lustre_file_system", {**persistent, "per_unit_storage_throughput": 999})
    )
    assert faster.gaps[0].reason == ("no price of aws/fsx/lustre/persistent-2/ssd/999 in us-east-1")


def test_three_iops_come_with_each_gib_of_a_file_system() -> None:
    inputs = {
        "storage_capacity": 300,
        "throughput_capacity": 64,
        "disk_iops_configuration": [{"mode": "USER_PROVISIONED", "iops": 900}],
    }
    assert "provisioned IOPS" not in bill(estimate(resource("aws_fsx_openzfs_file_system", inputs)))


def test_a_capacity_that_is_not_known_is_a_gap() -> None:
    inputs = {"storage_capacity": UNKNOWN, "throughput_capacity": 64}
    priced = estimate(resource("aws_fsx_openzfs_file_system", inputs))
    assert priced.gaps[0].reason == "only a deployment will know the capacity"


def test_a_backup_vault_is_paid_by_what_it_holds() -> None:
    # 100 GB x 0.05
    assert bill(estimate(resource("aws_backup_vault"))) == {"EBS snapshots": 5.00}


def test_a_transfer_server_pays_for_each_protocol() -> None:
    # one protocol by default x 730 h x 0.30, and 10 GB x 0.04
    assert bill(estimate(resource("aws_transfer_server"))) == {
        "protocols": 219.00,
        "data transferred": 0.40,
    }
    unknown = estimate(resource("aws_transfer_server", {"protocols": UNKNOWN}))
    assert unknown.charges[0].quantity == between(1, 4)


def test_a_region_without_a_price_is_a_gap() -> None:
    assert estimate(resource("aws_efs_file_system", region="mars-1")).status is Status.NOT_PRICED
