"""AWS analytics and builds, computed by hand from the price pages that the book names."""

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN


@pytest.mark.parametrize(
    ("inputs", "label", "usd_per_month"),
    [
        # 15 h (the default) x units x 0.44
        ({"workerType": "G.2X", "numberOfWorkers": 10}, "runs at 20 DPU", 132.00),
        ({"workerType": "G.025X", "numberOfWorkers": 2}, "runs at 0.5 DPU", 3.30),
        ({"maxCapacity": 4}, "runs at 4 DPU", 26.40),
        ({"command": {"name": "pythonshell"}}, "runs at 0.0625 DPU", 0.41),
        ({}, "runs at 10 DPU", 66.00),
    ],
)
def test_a_job_is_paid_by_its_units(
    inputs: dict[str, object], label: str, usd_per_month: float
) -> None:
    assert bill(estimate(resource("aws_glue_job", inputs, camel=True))) == {label: usd_per_month}


def test_units_that_are_not_known_are_a_gap() -> None:
    for inputs in ({"number_of_workers": UNKNOWN}, {"worker_type": "Z.99X"}):
        assert estimate(resource("aws_glue_job", inputs)).status is Status.NOT_PRICED


def test_queries_are_paid_by_what_they_scan() -> None:
    # 0.1 TB x 5
    assert bill(estimate(resource("aws_athena_workgroup"))) == {"data scanned": 0.50}


def test_airflow_is_paid_by_the_environments_size() -> None:
    # 730 h x 0.49, and 10 GB x 0.10
    assert bill(estimate(resource("aws_mwaa_environment"))) == {
        "environment, mw1.small": 357.70,
        "further workers": 0.0,
        "meta database": 1.00,
    }
    unknown = resource("aws_mwaa_environment", {"environment_class": "mw1.2xlarge"})
    assert estimate(unknown).gaps[0].reason == "no price of mw1.2xlarge"


def test_builds_are_paid_by_the_minute() -> None:
    inputs = {"environment": {"computeType": "BUILD_GENERAL1_SMALL", "type": "LINUX_CONTAINER"}}
    # 500 minutes x 0.005
    assert bill(estimate(resource("aws_codebuild_project", inputs, camel=True))) == {
        "build minutes": 2.50
    }
    arm = {"environment": {"computeType": "BUILD_GENERAL1_SMALL", "type": "ARM_CONTAINER"}}
    assert estimate(resource("aws_codebuild_project", arm, camel=True)).gaps[0].reason == (
        "no price of aws/codebuild/arm/small in us-east-1"
    )


@pytest.mark.parametrize("kind", ["LINUX_GPU_CONTAINER", "LINUX_EC2", "MAC_ARM"])
def test_a_machine_of_another_kind_has_not_the_price_of_a_linux_one(kind: str) -> None:
    inputs = {"environment": {"compute_type": "BUILD_GENERAL1_LARGE", "type": kind}}
    priced = estimate(resource("aws_codebuild_project", inputs))
    assert priced.gaps[0].reason == f"no price of BUILD_GENERAL1_LARGE of {kind}"
    assert priced.charges == ()


def test_a_pipeline_of_actions_by_the_minute_has_not_the_price_of_one_by_the_month() -> None:
    assert bill(estimate(resource("aws_codepipeline", {"pipelineType": "V1"}, camel=True))) == {
        "pipeline": 1.00
    }
    for kind in ("V2", UNKNOWN):
        priced = estimate(resource("aws_codepipeline", {"pipeline_type": kind}))
        assert priced.status is Status.NOT_PRICED


def test_an_index_is_paid_by_its_edition() -> None:
    assert bill(estimate(resource("aws_kendra_index"))) == {"index, enterprise": 1_008.00}


def test_a_desktop_that_always_runs_is_paid_by_the_month() -> None:
    assert bill(estimate(resource("aws_workspaces_workspace"))) == {"desktop, value": 25.00}
    by_the_hour = {"workspace_properties": [{"running_mode": "AUTO_STOP"}]}
    priced = estimate(resource("aws_workspaces_workspace", by_the_hour))
    assert priced.status is Status.NOT_PRICED
