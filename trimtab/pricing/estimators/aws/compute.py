"""EC2 machines one by one: instances, spot requests, dedicated hosts.

A launch template and a launch configuration are free; whoever launches from them pays (`launch`).
"""

from collections.abc import Iterator

from trimtab.pricing.amount import ONE
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.launch import extras, machines, make_of
from trimtab.pricing.model import Gap, Part


@estimates("aws_instance")
def instance(at: Estimation) -> Iterator[Part]:
    """One machine, with its disks, that runs all month."""
    make = make_of(at)
    yield from machines("instance", make, ONE, now=1.0, zones=_zones(at))
    yield from extras(at, make, ONE)


@estimates("aws_spot_instance_request")
def spot_instance_request(at: Estimation) -> Iterator[Part]:
    """One spot machine; what it may cost at most is not what it costs."""
    make = make_of(at)
    yield from machines("instance", make, ONE, now=1.0, zones=_zones(at), option="spot")
    yield from extras(at, make, ONE)


def _zones(at: Estimation) -> tuple[str, ...]:
    return tuple(at.inputs.strings("availability_zone"))


@estimates("aws_ec2_host")
def dedicated_host(at: Estimation) -> Iterator[Part]:
    """By the hour, whether machines run on it or not."""
    family = at.inputs.text("instance_family") or at.inputs.text("instance_type").partition(".")[0]
    if not family:
        yield Gap("dedicated host", "its instance family is not known before a deployment")
        return
    yield at.charge(f"dedicated host, {family}", f"aws/ec2/host/{family}")
