"""Google Cloud's serverless compute: Cloud Run, Cloud Functions, App Engine, and what calls them.

Request-based services are paid for while they answer: requests x how long each takes / how many an instance
answers at once. Instance-based ones are paid for as long as their instances are. The free allowance of a
billing account is not taken off.
"""

import math
import re
from collections.abc import Iterator

from trimtab.clock import SECONDS_PER_MONTH
from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.machines import Fleet, machine_parts
from trimtab.pricing.estimators.gcp.places import located
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.inputs import Inputs

_QUANTITY = re.compile(r"^(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]*)$")
_UNITS = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
}
_GHZ = ((128, 0.2), (256, 0.4), (512, 0.8), (1024, 1.4), (2048, 2.4), (math.inf, 4.8))
"""The clock that comes with a first-generation function's memory in MB."""
_CPU_OF_GIB = (
    (0.125, 0.083),
    (0.25, 0.167),
    (0.5, 0.333),
    (1.0, 0.583),
    (2.0, 1.0),
    (8.0, 2.0),
    (16.0, 4.0),
    (math.inf, 8.0),
)
"""The vCPUs that come with a second-generation function's memory in GiB."""


def quantity(text: str, default: float) -> float:
    """A Kubernetes quantity (`512Mi`, `1000m`) as a number; the default where it is none."""
    found = _QUANTITY.match(text)
    if found is None or found[2] not in _UNITS:
        return default
    return float(found[1]) * _UNITS[found[2]]


@estimates("google_cloud_run_v2_service")
def run_service(at: Estimation) -> Iterator[Part]:
    """By requests, or by instances where their CPU is always allocated."""
    at = located(at, "location")
    container = "template.containers.resources"
    vcpu, gib = _limits(at.inputs, f"{container}.limits")
    ready = ("template.scaling.min_instance_count", "scaling.min_instance_count")
    if gap := at.awaited("instances kept ready", *ready):
        yield gap
    least = at.inputs.number("template.scaling.min_instance_count")
    if least is None:
        least = at.inputs.number("scaling.min_instance_count")
    always = at.inputs.has(f"{container}.cpu_idle") and not at.inputs.flag(
        f"{container}.cpu_idle", True
    )
    yield from _run(at, vcpu, gib, least or 0.0, always)


@estimates("google_cloud_run_service")
def run_service_v1(at: Estimation) -> Iterator[Part]:
    """The same of the older interface, which says it in annotations."""
    at = located(at, "location")
    vcpu, gib = _limits(at.inputs, "template.spec.containers.resources.limits")
    notes = {
        **_annotations(at.inputs, "metadata.annotations"),
        **_annotations(at.inputs, "template.metadata.annotations"),
    }
    least = quantity(notes.get("autoscaling.knative.dev/minScale", "0"), 0.0)
    always = notes.get("run.googleapis.com/cpu-throttling", "true").lower() == "false"
    yield from _run(at, vcpu, gib, least, always)


def _annotations(inputs: Inputs, path: str) -> dict[str, str]:
    found = inputs.get(path)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _limits(inputs: Inputs, path: str) -> tuple[float, float]:
    """vCPUs and GiB of an instance; one vCPU and half a GiB where nothing is said."""
    limits = inputs.get(path)
    limits = limits if isinstance(limits, dict) else {}
    vcpu = quantity(str(limits.get("cpu", "1")), 1.0)
    return vcpu, quantity(str(limits.get("memory", "512Mi")), 2.0**29) / 2**30


def _run(at: Estimation, vcpu: float, gib: float, least: float, always: bool) -> Iterator[Part]:
    if always:
        note = "its least number of instances, all month; what it adds under load is not counted"
        seconds = exactly(least * SECONDS_PER_MONTH)
        yield at.charge("instances' vCPUs", "gcp/run/instance/vcpu", seconds.times(vcpu), note=note)
        yield at.charge("instances' memory", "gcp/run/instance/memory", seconds.times(gib))
        return
    seconds, basis = _busy_seconds(at, 1.0)
    if least:
        idle = _idle_seconds(least, seconds)
        note = "its least number of instances, while they do not answer"
        yield at.charge("idle vCPUs", "gcp/run/idle/vcpu", idle.times(vcpu), note=note)
        yield at.charge("idle memory", "gcp/run/idle/memory", idle.times(gib))
    note = "while it answers"
    yield at.charge("vCPUs", "gcp/run/request/vcpu", seconds.times(vcpu), basis=basis, note=note)
    yield at.charge("memory", "gcp/run/request/memory", seconds.times(gib), basis=basis)
    yield from at.used("requests", "gcp/run/requests", "requests", 1e6)


def _idle_seconds(least: float, busy: Amount) -> Amount:
    """How long so many instances wait in a month: what is left of it after they answered."""
    month = least * SECONDS_PER_MONTH
    expected = None if busy.expected is None else max(month - busy.expected, 0.0)
    return between(max(month - busy.high, 0.0), max(month - busy.low, 0.0), expected)


def _busy_seconds(at: Estimation, step_ms: float) -> tuple[Amount, Basis]:
    """How long instances are busy in a month; each request's time rounded up to a step."""
    requests, basis = at.usage("requests")
    duration, said = at.usage("average_request_duration_ms")
    at_once, _ = at.usage("concurrent_requests_per_instance")
    basis = said if basis is Basis.DEFAULT else basis

    def seconds(number: float, ms: float, parallel: float) -> float:
        return number * math.ceil(ms / step_ms) * step_ms / 1000 / max(parallel, 1.0)

    expected = None
    if None not in (requests.expected, duration.expected, at_once.expected):
        expected = seconds(
            requests.expected or 0.0, duration.expected or 0.0, at_once.expected or 1.0
        )
    low = seconds(requests.low, duration.low, at_once.high)
    return between(low, seconds(requests.high, duration.high, at_once.low), expected), basis


@estimates("google_cloud_run_v2_worker_pool")
def run_worker_pool(at: Estimation) -> Iterator[Part]:
    """Instances that run all month, at an instance-based service's prices."""
    at = located(at, "location")
    vcpu, gib = _limits(at.inputs, "template.containers.resources.limits")
    manual = at.inputs.number("scaling.manual_instance_count")
    least = at.inputs.number("scaling.min_instance_count") if manual is None else manual
    yield from _run(at, vcpu, gib, 1.0 if least is None else least, True)


@estimates("google_cloud_run_v2_job")
def run_job(at: Estimation) -> Iterator[Part]:
    """By how long its tasks run."""
    at = located(at, "location")
    vcpu, gib = _limits(at.inputs, "template.template.containers.resources.limits")
    tasks = at.inputs.number("template.task_count") or 1.0
    runs, basis = at.usage("executions")
    minutes, _ = at.usage("average_task_minutes")
    expected = None
    if runs.expected is not None and minutes.expected is not None:
        expected = runs.expected * minutes.expected * 60 * tasks
    seconds = between(
        runs.low * minutes.low * 60 * tasks, runs.high * minutes.high * 60 * tasks, expected
    )
    yield at.charge("tasks' vCPUs", "gcp/run/instance/vcpu", seconds.times(vcpu), basis=basis)
    yield at.charge("tasks' memory", "gcp/run/instance/memory", seconds.times(gib), basis=basis)


@estimates("google_cloudfunctions_function")
def function_v1(at: Estimation) -> Iterator[Part]:
    """By invocations, and by how long each takes, in steps of 100 ms."""
    at = located(at, "region")
    mb = at.inputs.number("available_memory_mb") or 256.0
    ghz = next(clock for most, clock in _GHZ if mb <= most)
    seconds, basis = _busy_seconds(at, 100.0)
    yield at.charge("CPU", "gcp/functions/cpu", seconds.times(ghz), basis=basis)
    yield at.charge("memory", "gcp/functions/memory", seconds.times(mb / 1024), basis=basis)
    yield from at.used("invocations", "gcp/functions/invocations", "requests", 1e6)
    yield from at.used("traffic to the internet", "gcp/functions/egress", "egress_gb")


@estimates("google_cloudfunctions2_function")
def function_v2(at: Estimation) -> Iterator[Part]:
    """A Cloud Run service underneath, and paid for as one."""
    at = located(at, "location")
    config = "service_config"
    sizes = ("available_memory", "available_cpu", "min_instance_count")
    if gap := at.awaited("instances", *(f"{config}.{name}" for name in sizes)):
        yield gap
        return
    memory = quantity(at.inputs.text(f"{config}.available_memory", "256Mi"), 2.0**28) / 2**30
    vcpu = quantity(at.inputs.text(f"{config}.available_cpu"), _cpu_of(memory))
    least = at.inputs.number(f"{config}.min_instance_count") or 0.0
    yield from _run(at, vcpu, memory, least, False)


def _cpu_of(gib: float) -> float:
    """The vCPUs that come with a second-generation function's memory where none are asked for."""
    return next(vcpu for most, vcpu in _CPU_OF_GIB if gib <= most)


@estimates("google_app_engine_standard_app_version", "google_app_engine_flexible_app_version")
def app_version(at: Estimation) -> Iterator[Part]:
    """By instance hours, at prices that no source gives."""
    kind = at.inputs.text("instance_class", "its instances")
    yield Gap("App Engine instances", f"no source gives the price of an hour of {kind}")


@estimates("google_vpc_access_connector")
def vpc_access_connector(at: Estimation) -> Iterator[Part]:
    """The machines that it runs: at least two, and it never shrinks again."""
    at = located(at, "region")
    least = at.inputs.number("min_instances") or 2.0
    most = at.inputs.number("max_instances") or max(10.0, least)
    fleet = Fleet(
        "connector machines",
        at.inputs.text("machine_type", "e2-micro"),
        between(least, most, least),
        least,
        note="its least number; it grows under load and never shrinks",
    )
    yield from machine_parts(at, fleet)


@estimates("google_cloud_scheduler_job")
def scheduler_job(at: Estimation) -> Iterator[Part]:
    """By the month; the three free jobs of a billing account are not taken off."""
    yield at.charge("job", "gcp/scheduler/job")


@estimates("google_cloud_tasks_queue")
def tasks_queue(at: Estimation) -> Iterator[Part]:
    """By operations."""
    yield from at.used("operations", "gcp/tasks/operations", "operations", 1e6)


@estimates("google_workflows_workflow")
def workflow(at: Estimation) -> Iterator[Part]:
    """By steps."""
    yield from at.used("steps", "gcp/workflows/steps", "steps", 1e3)


@estimates("google_api_gateway_gateway")
def api_gateway(at: Estimation) -> Iterator[Part]:
    """By calls; the first two million a month of a billing account are not taken off."""
    yield from at.used("calls", "gcp/api-gateway/calls", "calls", 1e6)
