"""What an object has its cloud make: priced by the estimator of that cloud's own resource."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trimtab.pricing.cloud import Cloud
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimator_of
from trimtab.pricing.model import Charge, Gap, Part
from trimtab.resources.inputs import Inputs


def as_made(
    at: Estimation, cloud: Cloud, kind: str, inputs: Mapping[str, Any], label: str, times: float = 1
) -> Iterator[Part]:
    """The charges of a cloud's resource that an object stands for.

    Args:
        at: the object; a usage file names it as ever, or by the kind of what is made.
        cloud: where it is made.
        kind: Terraform's name of what is made: `aws_ebs_volume`.
        inputs: of that resource, in Terraform's spelling.
        label: what the object is to a reader; put before each charge.
        times: how many of it.
    """
    made = replace(
        at.resource,
        kind=kind,
        inputs=Inputs(inputs, camel=False),
        region=cloud.region,
        references={},
    )
    estimator = estimator_of(made)
    if estimator is None:
        yield Gap(label, f"no estimator of {kind}, which it has made")
        return
    for part in estimator(Estimation(made, at.facts)):
        match part:
            case Charge():
                yield replace(
                    part, label=f"{label}: {part.label}", quantity=part.quantity.times(times)
                )
            case Gap():
                yield replace(part, label=f"{label}: {part.label}")
            case _:
                yield part
