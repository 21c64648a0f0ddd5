"""Containers, computed by hand from us-east-1's prices."""

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount, exactly
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry

TASK = resource(
    "aws_ecs_task_definition",
    {"cpu": "1 vCPU", "memory": "2 GB", "requires_compatibilities": ["FARGATE"]},
    name="task",
)
REFERS = {"task_definition": (TASK.key,)}


def test_a_service_on_fargate_costs_its_tasks() -> None:
    inputs = {"launchType": "FARGATE", "desiredCount": 2}
    service = resource("aws_ecs_service", inputs, camel=True, references=REFERS)
    # 2 x 730 x 1 x 0.04048; 2 x 730 x 2 x 0.004445
    assert bill(estimate(service, TASK)) == {"Fargate vCPU": 59.10, "Fargate memory": 12.98}
    assert estimate(TASK).status is Status.FREE


def test_tasks_of_arm_and_windows_and_their_disks() -> None:
    arm = resource(
        "aws_ecs_task_definition",
        {
            "cpu": "512",
            "memory": "1024",
            "runtime_platform": [{"cpu_architecture": "ARM64"}],
            "ephemeral_storage": [{"size_in_gib": 120}],
        },
        name="arm",
    )
    service = resource(
        "aws_ecs_service",
        {"launch_type": "FARGATE", "desired_count": 1},
        references={"task_definition": (arm.key,)},
    )
    assert bill(estimate(service, arm)) == {
        "Fargate vCPU": 11.82,  # 730 x 0.5 x 0.03238
        "Fargate memory": 2.60,  # 730 x 1 x 0.00356
        "Fargate disk beyond 20 GB": 8.10,  # 730 x 100 x 0.000111
    }
    windows = resource(
        "aws_ecs_task_definition",
        {
            "cpu": 1024,
            "memory": 2048,
            "runtime_platform": [{"operating_system_family": "WINDOWS_SERVER_2022_CORE"}],
        },
        name="windows",
    )
    service = resource(
        "aws_ecs_service",
        {"launch_type": "FARGATE", "desired_count": 1},
        references={"task_definition": (windows.key,)},
    )
    assert bill(estimate(service, windows)) == {
        "Fargate vCPU": 33.98,  # 730 x 0.046552
        "Fargate memory": 7.46,  # 730 x 2 x 0.00511175
        "Fargate Windows licence": 33.58,  # 730 x 0.046
    }


def test_a_strategy_shares_tasks_between_providers() -> None:
    strategy = [
        {"capacity_provider": "FARGATE", "base": 1, "weight": 1},
        {"capacity_provider": "FARGATE_SPOT", "weight": 3},
    ]
    service = resource(
        "aws_ecs_service",
        {"capacity_provider_strategy": strategy, "desired_count": 5},
        references=REFERS,
    )
    # 1 and a quarter of 4 on demand, 3 spot: 2 x 730 x 0.04048, 3 x 730 x 0.01264355
    priced = bill(estimate(service, TASK))
    assert priced["Fargate vCPU"] == 59.10
    assert priced["Fargate Spot vCPU"] == 27.69


def test_a_cluster_s_default_strategy_holds_for_services_without_one() -> None:
    cluster = resource("aws_ecs_cluster", {"name": "main"}, name="main")
    providers = resource(
        "aws_ecs_cluster_capacity_providers",
        {"default_capacity_provider_strategy": [{"capacity_provider": "FARGATE_SPOT", "base": 1}]},
        references={"cluster_name": (cluster.key,)},
    )
    service = resource(
        "aws_ecs_service",
        {"desired_count": 1},
        references={**REFERS, "cluster": (cluster.key,)},
    )
    # 730 x 0.01264355; 730 x 2 x 0.00138835
    assert bill(estimate(service, TASK, cluster, providers)) == {
        "Fargate Spot vCPU": 9.23,
        "Fargate Spot memory": 2.03,
    }


def test_an_autoscaler_bounds_a_service() -> None:
    service = resource(
        "aws_ecs_service", {"launch_type": "FARGATE", "desired_count": 2}, references=REFERS
    )
    target = resource(
        "aws_appautoscaling_target",
        {"min_capacity": 1, "max_capacity": 10},
        references={"resource_id": (service.key,)},
    )
    vcpu = estimate(service, TASK, target).charges[0]
    assert vcpu.quantity == Amount(730, 1460, 7300)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (
            {"launch_type": "FARGATE", "desired_count": UNKNOWN},
            "how many are desired is not known before a deployment",
        ),
        ({"launch_type": UNKNOWN}, "its capacity provider is not known before a deployment"),
    ],
)
def test_what_is_not_known_of_a_service_is_a_gap(inputs: dict[str, object], reason: str) -> None:
    service = resource("aws_ecs_service", inputs, references=REFERS)
    assert [gap.reason for gap in estimate(service, TASK).gaps] == [reason]


def test_a_service_on_machines_is_paid_for_with_them() -> None:
    service = resource("aws_ecs_service", {"launch_type": "EC2", "desired_count": 3})
    assert estimate(service).status is Status.COVERED
    alone = resource("aws_ecs_service", {"launch_type": "FARGATE", "desired_count": 3})
    assert [gap.reason for gap in estimate(alone).gaps] == [
        "its task definition is not among the resources"
    ]


def test_a_task_set_is_a_share_of_its_service() -> None:
    service = resource("aws_ecs_service", {"desired_count": 3}, name="service")
    inputs = {"launch_type": "FARGATE", "scale": [{"unit": "PERCENT", "value": 50}]}
    task_set = resource(
        "aws_ecs_task_set", inputs, references={**REFERS, "service": (service.key,)}
    )
    # half of 3, rounded up: 2 x 730 x 0.04048; 2 x 730 x 2 x 0.004445
    assert bill(estimate(task_set, service, TASK)) == {
        "Fargate vCPU": 59.10,
        "Fargate memory": 12.98,
    }
    assert estimate(task_set, TASK).status is Status.NOT_PRICED


def test_an_express_service_is_between_its_bounds() -> None:
    inputs = {
        "cpu": "512",
        "memory": "1024",
        "scaling_target": [{"min_task_count": 1, "max_task_count": 4}],
    }
    priced = estimate(resource("aws_ecs_express_gateway_service", inputs))
    # 730 x 0.5 vCPU, and 4 times that
    assert priced.charges[0].quantity == Amount(365, 365, 1460)
    assert [gap.label for gap in priced.gaps] == ["load balancer"]
    bare = estimate(resource("aws_ecs_express_gateway_service", {}))
    assert bare.status is Status.NOT_PRICED


def test_a_cluster_is_free_but_for_container_insights() -> None:
    assert estimate(resource("aws_ecs_cluster", {})).status is Status.FREE
    insights = {"setting": [{"name": "containerInsights", "value": "enabled"}]}
    assert estimate(resource("aws_ecs_cluster", insights)).status is Status.NOT_PRICED


def test_app_runner_keeps_memory_ready_and_pays_vcpu_when_it_answers() -> None:
    service = resource("aws_apprunner_service", {"service_name": "web"})
    assert bill(estimate(service)) == {
        "memory kept ready": 10.22,  # 730 x 2 GB x 0.007
        "active vCPU": 15.36,  # 240 h x 1 vCPU x 0.064
        "memory beyond what is ready": 0.00,  # one instance is ready
    }


def test_a_registry_costs_what_it_stores() -> None:
    # 10 GB (the default) x 0.10
    assert bill(estimate(resource("aws_ecr_repository", {}))) == {"image storage": 1.00}
    usage = Usage((UsageEntry("aws_ecrpublic_repository", "", {"storage_gb": exactly(1)}),))
    public = resource("aws_ecrpublic_repository", {})
    assert bill(estimate(public, usage=usage)) == {"image storage": 0.10}


def test_a_region_without_a_price_is_a_gap() -> None:
    priced = estimate(resource("aws_ecr_repository", {}, region="mars-1"))
    assert [gap.reason for gap in priced.gaps] == ["no price of aws/ecr/storage in mars-1"]
