"""EC2 machines one by one: instances, spot requests, dedicated hosts.

A launch template and a launch configuration are free; whoever launches from them pays (`launch`).
"""

from collections.abc import Iterator
from dataclasses import replace

from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.amount import ONE
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.launch import extras, machines, make_of
from trimtab.pricing.model import Basis, Gap, Nodes, Part


@estimates("aws_instance")
def instance(at: Estimation) -> Iterator[Part]:
    """One machine, with its disks, that runs all month unless somebody says how many hours."""
    make = make_of(at)
    hours, basis = at.usage("hours")
    running = ONE if basis is Basis.DEFAULT else hours.times(1 / HOURS_PER_MONTH)
    for part in machines("instance", make, running, now=1.0, zones=_zones(at)):
        if isinstance(part, Nodes) and basis is not Basis.DEFAULT:
            yield replace(part, basis=basis)
        else:
            yield part
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
