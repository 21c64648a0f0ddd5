"""`trimtab.dev/*` annotations."""

import copy
from typing import Any

import pytest
import yaml

from support.manifests import RAY, annotated, error_of, manifest, read, read_one
from trimtab.workloads.model import Owner


def test_annotations() -> None:
    workload = read_one(
        annotated(
            interruptible="true",
            restart_hours="0.5",
            team="vision",
            project="atlas",
            model="meta-llama/Llama-3-70B",
            environment="prod",
            allowed_regions="eu-west-1, eu-central-1",
            latency_ms="120",
            shortage_tolerance="0.001",
            units_per_accelerator="40",
            units_per_node="p4d.24xlarge=300, g5.xlarge=20.5",
        )
    )
    assert workload.interruptible
    assert workload.restart_hours == 0.5
    assert workload.owner == Owner("vision", "atlas", "meta-llama/Llama-3-70B", "prod")
    assert workload.regions == ("eu-west-1", "eu-central-1")
    assert workload.latency_ms == 120
    assert workload.shortage_tolerance == 0.001
    assert workload.units_per_accelerator == 40
    assert workload.units_per_node == (("p4d.24xlarge", 300.0), ("g5.xlarge", 20.5))


def test_a_roles_own_annotation_wins_over_the_objects() -> None:
    ray = copy.deepcopy(RAY)
    head: Any = ray["headGroupSpec"]
    head["template"]["metadata"] = {"annotations": {"trimtab.dev/interruptible": "false"}}
    keys = {"trimtab.dev/interruptible": "true", "trimtab.dev/team": "ml"}
    found = read(manifest("RayCluster", "ray.io/v1", ray, annotations=keys))
    assert {w.name: w.interruptible for w in found} == {
        "job-head": False,
        "job-gpu-workers": True,
    }
    assert {w.owner.team for w in found} == {"ml"}


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        ({"interuptible": "true"}, "did you mean interruptible?"),
        ({"zzz": "1"}, "allowed: trimtab.dev/interruptible, trimtab.dev/restart-hours"),
        ({"interruptible": "yes"}, 'neither "true" nor "false"'),
        ({"interruptible": True}, 'is not text; quote it: "true"'),
        ({"restart_hours": "-1"}, "greater than or equal to 0"),
        ({"restart_hours": "nan"}, "finite number"),
        ({"restart_hours": "1h"}, "'1h' is not a number"),
        ({"shortage_tolerance": "1.5"}, "less than or equal to 1"),
        ({"latency_ms": "0"}, "greater than 0"),
        ({"allowed_regions": "a,,b"}, "comma-separated"),
        ({"allowed_regions": " "}, "is blank"),
        ({"units_per_node": "p4d.24xlarge"}, "is not <instance type>=<units>"),
        ({"units_per_node": "p4d.24xlarge=-1"}, "greater than 0"),
    ],
)
def test_a_wrong_annotation_is_an_error_at_its_field(
    annotations: dict[str, Any], says: str
) -> None:
    message = error_of(yaml.safe_dump(annotated(**annotations)))
    (name,) = annotations
    assert f"metadata.annotations[trimtab.dev/{name.replace('_', '-')}]" in message
    assert says in message


@pytest.mark.parametrize(
    ("selector", "annotations", "interruptible"),
    [
        ({"karpenter.sh/capacity-type": "spot"}, {}, True),
        ({"karpenter.sh/capacity-type": "on-demand"}, {}, False),
        ({"eks.amazonaws.com/capacityType": "SPOT"}, {"interruptible": "true"}, True),
        ({"karpenter.sh/capacity-type": "spot"}, {"interruptible": "false"}, None),
        ({"karpenter.sh/capacity-type": "on-demand"}, {"interruptible": "true"}, None),
    ],
)
def test_a_capacity_type_selector_and_interruptible_agree(
    selector: dict[str, str], annotations: dict[str, str], interruptible: bool | None
) -> None:
    document = annotated(**annotations)
    document["spec"]["template"]["spec"]["nodeSelector"] = selector
    if interruptible is None:
        assert "drop the capacity-type selector" in error_of(yaml.safe_dump(document))
    else:
        assert read_one(document).interruptible is interruptible
