"""Lambda: by request, and by how long a function of so much memory runs.

The account's monthly free tier (1 million requests, 400,000 GB-seconds) belongs to no function and is not
taken off.
"""

from collections.abc import Iterator

from trimtab.pricing.amount import Amount, between
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.inputs import Inputs

_DEFAULT_MIB = 128.0
_FREE_DISK_MIB = 512.0
_DEFAULT_TIMEOUT_S = 3.0


@estimates("aws_lambda_function")
def function(at: Estimation) -> Iterator[Part]:
    """Requests, GB-seconds, and disk beyond 512 MB while it runs."""
    requests, basis = at.usage("requests")
    yield at.charge("requests", "aws/lambda/requests", requests.times(1e-6), basis=basis)
    seconds, basis = _seconds(at, requests)
    if at.inputs.unknown("memory_size") or at.inputs.unknown("architectures"):
        yield Gap("duration", "its memory or architecture is not known before a deployment")
        return
    rate = f"aws/lambda/duration/{_architecture(at.inputs)}"
    yield from at.tiered("duration", rate, seconds.times(_memory_gib(at.inputs)), basis=basis)
    disk = max((at.inputs.number("ephemeral_storage.size") or 0.0) - _FREE_DISK_MIB, 0.0)
    if disk:
        yield at.charge(
            "ephemeral storage",
            "aws/lambda/ephemeral-storage",
            seconds.times(disk / 1024.0),
            basis=basis,
        )


@estimates("aws_lambda_provisioned_concurrency_config")
def provisioned_concurrency(at: Estimation) -> Iterator[Part]:
    """What is kept warm, and for how long; the function's requests are priced with the function."""
    target = at.referred("function_name", "aws_lambda_function")
    wanted = at.inputs.number("provisioned_concurrent_executions")
    label = "provisioned concurrency"
    if target is None:
        yield Gap(label, "its function is not among the resources")
        return
    if wanted is None or target.inputs.unknown("memory_size"):
        yield Gap(label, "its size is not known before a deployment")
        return
    hours, basis = at.usage("hours")
    gb_seconds = hours.times(wanted * _memory_gib(target.inputs) * 3600.0)
    rate = f"aws/lambda/provisioned-concurrency/{_architecture(target.inputs)}"
    yield at.charge(label, rate, gb_seconds, basis=basis)


def _seconds(at: Estimation, requests: Amount) -> tuple[Amount, Basis]:
    """How long it runs in a month; nobody's request takes longer than the function's timeout."""
    each, basis = at.usage("request_duration_ms")
    if basis is Basis.DEFAULT:
        timeout_ms = 1000.0 * (at.inputs.number("timeout") or _DEFAULT_TIMEOUT_S)
        expected = None if each.expected is None else min(each.expected, timeout_ms)
        each = between(min(each.low, timeout_ms), timeout_ms, expected)
    return requests.of_each(each).times(1e-3), basis


def _architecture(inputs: Inputs) -> str:
    return next(iter(inputs.strings("architectures")), "x86_64")


def _memory_gib(inputs: Inputs) -> float:
    return (inputs.number("memory_size") or _DEFAULT_MIB) / 1024.0
