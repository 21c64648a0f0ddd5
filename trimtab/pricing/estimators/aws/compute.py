"""EC2 machines one by one: instances, spot requests, dedicated hosts.

A launch template and a launch configuration are free; whoever launches from them pays (`launch`).
"""

from collections.abc import Iterator
from dataclasses import replace

from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.amount import ONE
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.launch import Make, extras, machines, make_of
from trimtab.pricing.model import Basis, Gap, Nodes, Part


@estimates("aws_instance")
def instance(at: Estimation) -> Iterator[Part]:
    """One machine, with its disks, that runs all month unless somebody says how many hours."""
    make = _addressed(at, make_of(at))
    hours, basis = at.usage("hours")
    running = ONE if basis is Basis.DEFAULT else hours.times(1 / HOURS_PER_MONTH)
    for part in machines("instance", make, running, now=1.0, zones=_zones(at)):
        if isinstance(part, Nodes) and basis is not Basis.DEFAULT:
            yield replace(part, basis=basis)
        else:
            yield part
    yield from extras(at, make, ONE)


def _addressed(at: Estimation, make: Make) -> Make:
    """The make, with a public address where its subnet gives one, and without where an Elastic IP,
    which is paid for by itself, takes its place."""
    if at.resource.key in at.facts.once(_with_elastic_ips):
        return replace(make, public_ip=False)
    subnet = at.referred("subnet_id", "aws_subnet")
    if subnet is None or at.inputs.has("associate_public_ip_address"):
        return make
    return replace(make, public_ip=make.public_ip or subnet.inputs.flag("map_public_ip_on_launch"))


def _with_elastic_ips(facts: Facts) -> frozenset[str]:
    """Keys of the instances that an Elastic IP is given to."""
    names = {"aws_eip": "instance", "aws_eip_association": "instance_id"}
    return frozenset(
        key
        for each in facts.resources.values()
        if each.kind in names
        for key in each.references.get(names[each.kind], ())
    )


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
