"""A CapacityPolicy as a file and as a cluster returns it; what its absence means."""

from pathlib import Path

import pytest
import yaml

from support.object_cases import POLICY
from trimtab.errors import InputError
from trimtab.policy.document import load_policy, parse_policy
from trimtab.policy.model import Allowed, Limits, PlanTrust, PolicySpec, PoolLimit, Stability


def test_a_policy_is_read(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY), "utf-8")
    found = load_policy(tmp_path / "policy.yaml")
    assert found.metadata.name == "platform"
    assert found.spec == PolicySpec(
        stability=Stability(hysteresis_nodes=3, max_step_down_share=0.25),
        limits=Limits(
            max_nodes=200,
            max_usd_per_hour=5000.0,
            pools=(PoolLimit(name="trainer", max_nodes=40, max_usd_per_hour=1500.0),),
        ),
        allowed=Allowed(
            providers=("aws",),
            regions=("us-east-1",),
            purchase_options=("reserved", "on-demand", "spot"),
            instance_types=("p4d.*", "p5*.48xlarge"),
            denied_instance_types=("*.metal",),
        ),
        plans=PlanTrust(
            max_age_hours=48.0, approved_digests=("0123456789ab",), may_start_groups=False
        ),
    )
    assert found.stability == found.spec.stability


def test_the_defaults_hold_where_nothing_is_said() -> None:
    empty = parse_policy({**POLICY, "spec": {}}, "policy")
    assert empty.spec == PolicySpec()
    assert empty.stability == Stability(
        hysteresis_nodes=2,
        hysteresis_share=0.05,
        max_step_down_share=0.5,
        one_change_per_window=True,
    )


def test_what_a_cluster_adds_is_passed_over() -> None:
    metadata = {**POLICY["metadata"], "uid": "0b6a", "generation": 3, "managedFields": []}
    stored = {**POLICY, "metadata": metadata, "status": {"conditions": []}}
    assert parse_policy(stored, "policy") == parse_policy(POLICY, "policy")


def test_an_error_names_the_field_and_its_mend(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump({**POLICY, "spec": {"limit": {}}}), "utf-8")
    with pytest.raises(InputError) as caught:
        load_policy(path)
    assert str(caught.value) == f"{path}: spec.limit: unknown field; did you mean limits?"


def test_another_kind_is_no_policy() -> None:
    with pytest.raises(InputError, match=r"^policy: is trimtab\.dev/v1alpha1, kind CapacityPlan; "):
        parse_policy({**POLICY, "kind": "CapacityPlan"}, "policy")
    with pytest.raises(InputError, match=r"^policy: is not a CapacityPolicy document; "):
        parse_policy([], "policy")
