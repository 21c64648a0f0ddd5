"""AWS analytics, builds and workplaces: Glue, Athena, Airflow, CodeBuild, CodePipeline, places."""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import tariff
from trimtab.pricing.model import Gap, Part

_DPUS = {"G.025X": 0.25, "Standard": 1.0, "G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0}
_PYTHON_SHELL_DPUS = 0.0625


@estimates("aws_glue_job")
def glue_job(at: Estimation) -> Iterator[Part]:
    """The hours that it runs, times its processing units."""
    if any(
        at.inputs.unknown(name) for name in ("worker_type", "number_of_workers", "max_capacity")
    ):
        yield Gap("runs", "only a deployment will know its processing units")
        return
    hours, basis = at.usage("run_hours")
    units = _glue_units(at)
    if units is None:
        yield Gap("runs", f"no size of the worker {at.inputs.text('worker_type')}")
        return
    yield at.charge(f"runs at {units:g} DPU", "aws/glue/dpu", hours.times(units), basis=basis)


def _glue_units(at: Estimation) -> float | None:
    if at.inputs.has("max_capacity"):
        return at.inputs.number("max_capacity")
    if at.inputs.text("command.name") == "pythonshell":
        return _PYTHON_SHELL_DPUS
    per_worker = _DPUS.get(at.inputs.text("worker_type", "Standard"))
    return None if per_worker is None else per_worker * at.inputs.count("number_of_workers", 10)


tariff("aws_glue_crawler", used=[("runs", "aws/glue/dpu", "dpu_hours")])
tariff(
    "aws_glue_catalog_database",
    used=[
        ("objects kept", "aws/glue/catalogue/objects", "objects_100k"),
        ("requests", "aws/glue/catalogue/requests", "requests_millions"),
    ],
)
tariff("aws_athena_workgroup", used=[("data scanned", "aws/athena/scanned", "scanned_tb")])

_AIRFLOW = {"mw1.small": "small", "mw1.medium": "medium", "mw1.large": "large"}


@estimates("aws_mwaa_environment")
def airflow(at: Estimation) -> Iterator[Part]:
    """The environment by the hour, workers and schedulers beyond the first, its database."""
    name = at.inputs.text("environment_class", "mw1.small")
    size = _AIRFLOW.get(name)
    if size is None or at.inputs.unknown("environment_class"):
        yield Gap("environment", f"no price of {name}")
        return
    yield at.charge(f"environment, {name}", f"aws/mwaa/environment/{size}")
    yield from at.used("further workers", f"aws/mwaa/worker/{size}", "average_extra_workers")
    yield from at.used("meta database", "aws/mwaa/storage", "metadata_gb")


_BUILD_SIZES = {
    "BUILD_GENERAL1_SMALL": "small",
    "BUILD_GENERAL1_MEDIUM": "medium",
    "BUILD_GENERAL1_LARGE": "large",
}
_BUILD_SYSTEMS = {
    "LINUX_CONTAINER": "linux",
    "ARM_CONTAINER": "arm",
    "WINDOWS_CONTAINER": "windows",
    "WINDOWS_SERVER_2019_CONTAINER": "windows",
    "WINDOWS_SERVER_2022_CONTAINER": "windows",
}
"""The environments whose machines have a price; GPUs, Lambda, EC2 and macOS have others."""


@estimates("aws_codebuild_project")
def build(at: Estimation) -> Iterator[Part]:
    """Build minutes, by the machine's size and system."""
    size = _BUILD_SIZES.get(at.inputs.text("environment.compute_type"))
    kind = at.inputs.text("environment.type", "LINUX_CONTAINER").upper()
    system = _BUILD_SYSTEMS.get(kind)
    if size is None or system is None:
        machine = at.inputs.text("environment.compute_type") or "its machine"
        yield Gap("builds", f"no price of {machine} of {kind}")
        return
    yield from at.used("build minutes", f"aws/codebuild/{system}/{size}", "build_minutes")


@estimates("aws_codepipeline")
def pipeline(at: Estimation) -> Iterator[Part]:
    """By the month where it is of type V1, which the provider takes; by its actions' minutes if V2."""
    if at.inputs.unknown("pipeline_type") or at.inputs.text("pipeline_type", "V1") != "V1":
        yield Gap("actions", "a pipeline of type V2 is charged by the minutes that its actions run")
        return
    yield at.charge("pipeline", "aws/codepipeline/active")


tariff(
    "aws_codeartifact_domain",
    used=[("storage", "aws/codeartifact/storage", "storage_gb")],
)


tariff(
    "aws_ssm_activation",
    used=[("advanced instances", "aws/ssm/advanced-instance", "instance_hours")],
)


@estimates("aws_kendra_index")
def kendra(at: Estimation) -> Iterator[Part]:
    """By the month and edition."""
    if gap := at.awaited("index", "edition"):
        yield gap
        return
    edition = at.inputs.text("edition", "ENTERPRISE_EDITION").removesuffix("_EDITION").lower()
    yield at.charge(f"index, {edition}", f"aws/kendra/{edition}")


@estimates("aws_workspaces_workspace")
def workspace(at: Estimation) -> Iterator[Part]:
    """By the month, and bundle, where it always runs."""
    bundle = at.inputs.text("workspace_properties.compute_type_name", "VALUE").lower()
    mode = at.inputs.text("workspace_properties.running_mode", "ALWAYS_ON").lower()
    yield at.charge(f"desktop, {bundle}", f"aws/workspaces/{mode.replace('_', '-')}/{bundle}")
