"""Services that run machines for one, computed by hand."""

import pytest

from support.aws_machines import BOOK
from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount, exactly
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


def _batch(kind: str, **more: object) -> dict[str, object]:
    resources = {"type": kind, "min_vcpus": 0, "max_vcpus": 16, "instance_type": ["m5.large"]}
    return {"type": "MANAGED", "compute_resources": [{**resources, **more}]}


def test_a_compute_environment_is_bounded_by_its_vcpus() -> None:
    one = resource("aws_batch_compute_environment", _batch("SPOT"))
    priced = estimate(one, book=BOOK)
    nodes = priced.machines[0].nodes
    # 16 vCPUs are 8 machines of 2
    assert (nodes.option, nodes.count, nodes.now) == ("spot", Amount(0, None, 8), 0)
    assert priced.status is Status.BOUNDED
    hours = {"vcpu_hours": exactly(1460)}
    usage = Usage((UsageEntry("aws_batch_compute_environment", "", hours),))
    # 1,460 vCPU-hours are one machine of 2 all month: 730 x 0.04; 8 x 0.10
    assert bill(estimate(one, book=BOOK, usage=usage)) == {
        "machines: m5.large, spot": 29.20,
        "root disk, gp2": 0.80,
    }


def test_a_compute_environment_on_fargate_or_of_any_type() -> None:
    fargate = estimate(resource("aws_batch_compute_environment", _batch("FARGATE")))
    # at most 16 vCPUs all month: 11,680 x 0.04048
    assert fargate.usd_per_month is not None
    assert fargate.usd_per_month.high == pytest.approx(472.8064)
    assert fargate.status is Status.PARTLY
    assert [gap.label for gap in fargate.gaps] == ["tasks' memory"]
    optimal = _batch("EC2", instance_type=["optimal"])
    priced = estimate(resource("aws_batch_compute_environment", optimal), book=BOOK)
    assert priced.status is Status.NOT_PRICED
    assert (
        estimate(resource("aws_batch_compute_environment", {"type": "UNMANAGED"})).status
        is Status.COVERED
    )


def test_an_emr_cluster_costs_machines_fee_and_disks() -> None:
    inputs = {
        "master_instance_group": [{"instance_type": "m5.xlarge"}],
        "core_instance_group": [
            {
                "instance_type": "m5.xlarge",
                "instance_count": 2,
                "bid_price": "0.3",
                "ebs_config": [{"size": 100, "type": "gp2", "volumes_per_instance": 2}],
            }
        ],
    }
    assert bill(estimate(resource("aws_emr_cluster", inputs), book=BOOK)) == {
        "primary nodes: m5.xlarge, on-demand": 140.16,  # 730 x 0.192
        "primary nodes: EMR's fee": 35.04,  # 730 x 0.048
        "primary nodes: root disk, gp2": 1.50,  # 15 x 0.10
        "core nodes: m5.xlarge, spot": 116.80,  # 2 x 730 x 0.08
        "core nodes: EMR's fee": 70.08,  # 2 x 730 x 0.048
        "core nodes: disks, gp2": 40.00,  # 2 x 2 x 100 x 0.10
        "core nodes: root disk, gp2": 3.00,  # 2 x 15 x 0.10
    }


def test_an_emr_fleet_counts_by_weight() -> None:
    fleet = {
        "target_on_demand_capacity": 4,
        "target_spot_capacity": 2,
        "instance_type_configs": [{"instance_type": "m5.xlarge", "weighted_capacity": 2}],
    }
    priced = estimate(resource("aws_emr_cluster", {"core_instance_fleet": [fleet]}), book=BOOK)
    assert [(m.nodes.option, m.nodes.count.expected) for m in priced.machines] == [
        ("on-demand", 2.0),
        ("spot", 1.0),
    ]


def test_task_groups_of_an_emr_cluster_are_priced_alone() -> None:
    group = {"instance_type": "m5.xlarge", "instance_count": 1}
    fleet = {
        "target_spot_capacity": 1,
        "instance_type_configs": [{"instance_type": "m5.xlarge"}],
    }
    for kind, inputs, label, usd in (
        # 730 x 0.192 and 730 x 0.08
        ("aws_emr_instance_group", group, "task nodes: m5.xlarge, on-demand", 140.16),
        ("aws_emr_instance_fleet", fleet, "task nodes: m5.xlarge, spot", 58.40),
    ):
        charges = bill(estimate(resource(kind, inputs), book=BOOK))
        assert charges[label] == usd
        assert charges["task nodes: EMR's fee"] == 35.04  # 730 x 0.048


def _settings(**values: str) -> dict[str, object]:
    namespaces = {
        "InstanceTypes": "aws:ec2:instances",
        "EnableSpot": "aws:ec2:instances",
        "MinSize": "aws:autoscaling:asg",
        "MaxSize": "aws:autoscaling:asg",
        "RootVolumeSize": "aws:autoscaling:launchconfiguration",
        "RootVolumeType": "aws:autoscaling:launchconfiguration",
        "EnvironmentType": "aws:elasticbeanstalk:environment",
        "LoadBalancerType": "aws:elasticbeanstalk:environment",
        "DBEngine": "aws:rds:dbinstance",
    }
    return {
        "setting": [
            {"namespace": namespaces[name], "name": name, "value": value}
            for name, value in values.items()
        ]
    }


def test_a_beanstalk_environment_costs_what_its_settings_say() -> None:
    inputs = _settings(
        InstanceTypes="m5.large, m5.xlarge",
        MinSize="2",
        MaxSize="4",
        RootVolumeSize="50",
        RootVolumeType="gp3",
        LoadBalancerType="application",
        DBEngine="postgres",
    )
    priced = estimate(resource("aws_elastic_beanstalk_environment", inputs), book=BOOK)
    charges = bill(priced)
    assert charges["instances: m5.large, on-demand"] == 140.16  # 2 x 730 x 0.096
    assert charges["root disk, gp3"] == 8.00  # 2 x 50 x 0.08
    assert charges["application load balancer"] == 16.43  # 730 x 0.0225
    assert priced.machines[0].nodes.count == Amount(2, 2, 4)
    assert [gap.label for gap in priced.gaps] == [
        "database",
        "application load balancer's traffic",
    ]


def test_a_single_instance_has_no_load_balancer_and_an_undeclared_type_no_price() -> None:
    inputs = _settings(EnvironmentType="SingleInstance")
    priced = estimate(resource("aws_elastic_beanstalk_environment", inputs), book=BOOK)
    # 8 x 0.10
    assert bill(priced) == {"root disk, gp2": 0.80}
    assert [gap.label for gap in priced.gaps] == ["instances"]


def test_a_sagemaker_endpoint_costs_its_configuration_s_machines() -> None:
    configuration = resource(
        "aws_sagemaker_endpoint_configuration",
        {
            "productionVariants": [
                {"variantName": "a", "instanceType": "ml.g5.xlarge", "initialInstanceCount": 2},
                {"variantName": "b", "serverlessConfig": {"memorySizeInMb": 2048}},
            ]
        },
        camel=True,
        name="configuration",
    )
    endpoint = resource(
        "aws_sagemaker_endpoint", references={"endpoint_config_name": (configuration.key,)}
    )
    priced = estimate(endpoint, configuration)
    # 2 x 730 x 1.408
    assert bill(priced) == {"hosting a: ml.g5.xlarge": 2055.68}
    assert [gap.reason for gap in priced.gaps] == ["serverless inference is charged by request"]
    assert estimate(configuration).status is Status.FREE


def test_a_notebook_costs_its_machine_and_its_disk() -> None:
    notebook = resource("aws_sagemaker_notebook_instance", {"instance_type": "ml.t3.medium"})
    # 730 x 0.05; 5 x 0.14
    assert bill(estimate(notebook)) == {"notebook: ml.t3.medium": 36.50, "disk": 0.70}
    unknown = resource("aws_sagemaker_notebook_instance", {"instance_type": UNKNOWN})
    assert estimate(unknown).status is Status.PARTLY


def test_a_lightsail_bundle() -> None:
    # 730 x 0.03225: 24 USD over 744 hours, cut to five places
    bundle = resource("aws_lightsail_instance", {"bundle_id": "medium_3_0"})
    assert bill(estimate(bundle)) == {"virtual server, medium_3_0": 23.54}
    priced = estimate(resource("aws_lightsail_instance", {"bundle_id": "huge_9_0"}))
    assert [gap.reason for gap in priced.gaps] == [
        "no price of aws/lightsail/huge/hour in us-east-1"
    ]
