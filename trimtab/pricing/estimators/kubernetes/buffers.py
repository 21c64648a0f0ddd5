"""CapacityBuffers: room that an autoscaler holds ready, as though so many pods ran.

Source: kubernetes/autoscaler, apis/capacitybuffer (v1beta1), 2026-11.
"""

from collections.abc import Iterator
from dataclasses import replace

from trimtab.errors import InputError
from trimtab.pricing.amount import exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.kubernetes.workloads import pods_of
from trimtab.pricing.model import Gap, Part

_LABEL = "room held ready"


@estimates("autoscaling.x-k8s.io/CapacityBuffer")
def capacity_buffer(at: Estimation) -> Iterator[Part]:
    """Pods of its template that never run: their share of the nodes that are held for them."""
    name = at.inputs.text("spec.pod_template_ref.name")
    replicas = at.inputs.number("spec.replicas")
    space = at.inputs.text("metadata.namespace")
    template = at.facts.by_id.get(f"core/PodTemplate/{space}/{name}")
    if template is None or replicas is None:
        yield Gap(_LABEL, "how much it holds is known only once it is deployed")
        return
    try:
        pods = pods_of(template.inputs, "template", template.where or template.key)
    except InputError as error:
        yield Gap(_LABEL, error.message)
        return
    yield replace(pods, label=_LABEL, count=exactly(replicas), now=replicas)
