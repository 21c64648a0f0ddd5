"""Reading and writing plans: the same bytes out, one clear error in."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.plan_cases import ACCEPTED, Case, put
from support.plans import group, plan, plan_data, pool
from trimtab.errors import InputError
from trimtab.plan.document import load_plan, parse_plan, rounded, save_plan, to_data, to_yaml
from trimtab.plan.text import MAX_BYTES, parse_text


def write(folder: Path, text: str, name: str = "plan.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_reading_what_was_written_gives_the_same_plan_and_bytes(case: Case, tmp_path: Path) -> None:
    mine = parse_plan(case.document, "case")
    save_plan(mine, tmp_path / "plan.yaml")
    again = load_plan(tmp_path / "plan.yaml")
    assert again == mine
    assert to_yaml(again) == (tmp_path / "plan.yaml").read_text("utf-8")


def test_json_reads_as_the_same_plan(tmp_path: Path) -> None:
    mine = plan(evidence={**plan_data()["spec"]["evidence"], "generator": "trimtab 📈 0.1.0"})
    path = tmp_path / "plan.json"
    for indent in (None, 2, "\t"):
        path.write_text(json.dumps(to_data(mine), indent=indent), "utf-8")
        assert load_plan(path) == mine


def test_numbers_read_as_kubernetes_writes_them(tmp_path: Path) -> None:
    """`kubectl get -o yaml` and Python's json write 1e-05 without the dot that YAML 1.1 wants."""
    tiny = to_yaml(plan()).replace("shortageShare: 0.001", "shortageShare: 1e-05", 1)
    found = load_plan(write(tmp_path, tiny)).spec.pools[0].expected
    assert found.shortage_share == 1e-05


def test_an_unquoted_instant_is_the_text_that_kubernetes_reads(tmp_path: Path) -> None:
    unquoted = to_yaml(plan()).replace("'2026-11-01T00:00:00Z'", "2026-11-01T00:00:00Z")
    assert load_plan(write(tmp_path, unquoted)) == plan()
    dated = to_yaml(plan()).replace("{gpu-type: nvidia-a100}", "{since: 2026-11-01}")
    assert load_plan(write(tmp_path, dated)).spec.pools[0].labels == {"since": "2026-11-01"}


def test_the_order_of_keys_does_not_matter() -> None:
    def reversed_keys(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: reversed_keys(node[key]) for key in reversed(node)}
        return [reversed_keys(each) for each in node] if isinstance(node, list) else node

    again = parse_plan(reversed_keys(plan_data()), "reversed")
    assert again == plan()
    assert to_yaml(again) == to_yaml(plan())


def test_what_a_cluster_adds_is_passed_over() -> None:
    data = plan_data()
    data["status"] = {"conditions": []}
    data["metadata"] |= {
        "uid": "8850cbd6", "resourceVersion": "12", "generation": 1, "managedFields": [{"manager": "x"}],
        "creationTimestamp": "2026-11-01T00:00:00Z", "ownerReferences": [], "finalizers": ["a"],
    }  # fmt: skip
    assert parse_plan(data, "live") == plan()


def test_data_has_the_documents_names_and_no_nulls() -> None:
    data = to_data(plan())
    assert list(data) == ["apiVersion", "kind", "metadata", "spec"]
    assert data["metadata"] == {"name": "example"}
    assert data["spec"]["asOf"] == "2026-11-01T00:00:00Z"
    assert "null" not in json.dumps(data)
    yaml.safe_load(to_yaml(plan()))


@pytest.mark.parametrize(
    ("mutate", "message"),
    [
        # Near misses: the neighbour's name, never that of a field elsewhere in the document.
        (put("validTill", "x"), "spec.validTill: unknown field; did you mean validUntil?"),
        (put("pools.0.group", []), "spec.pools[0].group: unknown field; did you mean groups?"),
        (put("pools.0.groups.2.window", []), "groups[2].window: unknown field; did you mean windows?"),
        (put("pools.0.groups.0.windows.0.size", 3),
         "groups[0].windows[0].size: unknown field; use one of desired, end, max, min, start"),
        (put("pools.0.groups.0.purchase.terms", "1y"),
         "spec.pools[0].groups[0].purchase.terms: unknown field; did you mean term?"),
        (put("pools.0.groups.0.accelerator.pernode", 1),
         "accelerator.pernode: unknown field; did you mean perNode?"),
        (put("pools.0.groups.2.region", "x"),
         "spec.pools[0].groups[2].region: unknown field; use one of accelerator,"),
        (put("pools.0.region", "us-east-1"), "spec.pools[0].region: unknown field; use one of"),
        (put("pools.0.groups.0.offers.0.usd_per_hour", 1), "did you mean usdPerHour?"),
        (put("pools.0.expected.baselines.0.usdPerHours", 1), "did you mean usdPerHour?"),
        (put("evidence.decisions.0.candidates.0.node", 1), "did you mean nodes?"),
        # The path of the field, and what was found there.
        (put("pools.0.groups.1.windows.2.max", "many"),
         "spec.pools[0].groups[1].windows[2].max: Input should be a valid integer (found 'many')"),
        (put("site.provider", "x" * 100), "spec.site.provider: String should have at most 32"),
        (put("pools.0.groups.0.purchase.commitment", "sha256:0"),
         "spec.pools[0].groups[0].purchase.commitment: String should match pattern"),
        # The first is told, the rest are counted, and a list is not too short for its wrong item.
        (put("pools.0.groups.1.windows.2", {"min": "a"}), "(and 4 more)"),
    ],
)  # fmt: skip
def test_an_error_names_the_field_and_the_mend(mutate: Any, message: str) -> None:
    data = plan_data()
    mutate(data)
    with pytest.raises(InputError) as error:
        parse_plan(data, "plan.yaml")
    assert message in str(error.value)
    assert str(error.value).startswith("plan.yaml: spec.")
    assert len(str(error.value)) < 400


NUMBERED: dict[Any, Any] = {**plan_data(), 5: "x"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "plan.yaml: is not a CapacityPlan document; give kind: CapacityPlan"),
        ([], "is not a CapacityPlan document"),
        ("text", "is not a CapacityPlan document"),
        ({}, "is no apiVersion, kind missing; give apiVersion: trimtab.dev/v1alpha1, kind"),
        ({**plan_data(), "kind": "Deployment"}, "is trimtab.dev/v1alpha1, kind Deployment"),
        ({**plan_data(), "apiVersion": "trimtab.dev/v2"}, "is trimtab.dev/v2, kind CapacityPlan"),
        ({**plan_data(), "metadata": []}, "plan.yaml: metadata: "),
        ({**plan_data(), "metadata": None}, "plan.yaml: metadata: Field required"),
        (NUMBERED, "plan.yaml: [5]: Keys should be strings"),
    ],
)
def test_what_is_no_plan_is_one_clear_error(document: object, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_plan(document, "plan.yaml")
    assert message in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml: no such file; check the path"):
        load_plan(tmp_path / "absent.yaml")


def test_a_plan_too_large_for_a_cluster_is_not_written(tmp_path: Path) -> None:
    groups = [group(f"g{i}", {"option": "on-demand"}, offers=[
        {"instanceType": "x" * 250, "usdPerHour": 1.0}] * 16) for i in range(16)]  # fmt: skip
    large = plan(pools=[pool(name=f"p{i}", groups=groups) for i in range(20)])
    with pytest.raises(InputError, match=f"more than {MAX_BYTES:,}; plan fewer pools"):
        save_plan(large, tmp_path / "plan.yaml")
    assert list(tmp_path.iterdir()) == []


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0, max_value=1e300))
def test_rounding_keeps_six_digits_and_is_idempotent(value: float) -> None:
    found = rounded(value)
    assert rounded(found) == found
    assert found == pytest.approx(value, rel=5.01e-6, abs=1e-320)


@pytest.mark.parametrize(
    ("value", "result"),
    [(0.0, 0.0), (1234567.0, 1234570.0), (0.000123456789, 0.000123457), (1e-320, 1e-320)],
)
def test_rounded(value: float, result: float) -> None:
    assert rounded(value) == result


@pytest.mark.parametrize("generation", ["12e345", "1e9999", "000001", "123456", "0e0000", "abcdef"])
def test_a_generation_that_looks_like_a_number_stays_text(generation: str) -> None:
    groups = [group("on-demand", {"option": "on-demand"}, generation=generation)]
    made = plan(pools=[pool(groups=groups)])
    assert parse_plan(parse_text(to_yaml(made), "a plan"), "a plan") == made
    assert (
        yaml.safe_load(to_yaml(made))["spec"]["pools"][0]["groups"][0]["generation"] == generation
    )


def test_an_error_is_one_line_whatever_a_document_holds() -> None:
    data = plan_data()
    data["spec"]["pools"][0]["groups"][0]["purchase"] = {"option": "a\n\x1b[31m"}
    with pytest.raises(InputError) as caught:
        parse_plan(data, "plan.yaml")
    assert r"put tag 'a\n\x1b[31m' found" in str(caught.value)
    assert str(caught.value).isprintable()
