"""A plan file's text: JSON's types from YAML and JSON alike, and a line in every error."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.plans import plan
from trimtab.errors import InputError
from trimtab.plan import text as text_module
from trimtab.plan.document import to_yaml
from trimtab.plan.text import MAX_BYTES, parse_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("a: 1", {"a": 1}),
        ("a: 1.0", {"a": 1.0}),
        ("a: 1e-05", {"a": 1e-05}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: -1.5E+3", {"a": -1500.0}),
        ("a: .5", {"a": 0.5}),
        ("a: 1e", {"a": "1e"}),
        ("a: sha256", {"a": "sha256"}),
        ("a: 0e1b2c", {"a": "0e1b2c"}),
        ("a: true", {"a": True}),
        ("a: ~", {"a": None}),
        ("a: 2026-11-01", {"a": "2026-11-01"}),
        ("a: 2026-11-01T00:00:00Z", {"a": "2026-11-01T00:00:00Z"}),
        ("a: =", {"a": "="}),
        ("a: '3'", {"a": "3"}),
        ("{a: [1, {b: 2}]}", {"a": [1, {"b": 2}]}),
        ('{"a": 1e-05}', {"a": 1e-05}),
        ('{\n\t"a": "\\ud83d\\udcc8"\n}', {"a": "📈"}),
        ("---\na: 1\n...\n", {"a": 1}),
        ("a: {x: 1}\nb: {x: 1}", {"a": {"x": 1}, "b": {"x": 1}}),
    ],
)
def test_reads(text: str, value: object) -> None:
    found = parse_text(text, "plan.yaml")
    assert found == value
    assert str(found) == str(value)  # 1 is not True, nor 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\nb: 2", "plan.yaml:2: is not YAML"),
        ("a: 1\n b: 2", "plan.yaml:2: is not YAML"),
        ("a: 1\n\tb: 2", "plan.yaml:2: is not YAML"),
        ("a: 'x", "plan.yaml:1: is not YAML"),
        ("a: \x01", "is not YAML"),
        ("a: 1\nb: 2\na: 3", "plan.yaml:3: key a stands twice in one mapping; remove one"),
        ("- {x: 1}\n- {x: 1, 'x': 2}", "plan.yaml:2: key x stands twice"),
        ('{"a": {"b": 1, "b": 2}}', "plan.yaml: key b stands twice in one object; remove one"),
        ("a: 1\n---\nb: 2", "plan.yaml:2: holds several documents; keep one in a file"),
        ("a: &x 1\nb: *x", "plan.yaml:1: has an anchor or alias; write the value out"),
        ("a: &x [*x]", "plan.yaml:1: has an anchor or alias"),
        ("<<: {a: 1}", "plan.yaml:1: has a key that is no text"),
        ("? [a]\n: 1", "plan.yaml:1: has a key that is no text"),
        ("a: !!binary eA==", "plan.yaml:1: is not YAML (could not determine a constructor"),
        ("a: !!set {x}", "plan.yaml:1: is not YAML (could not determine a constructor"),
        (
            "a: !!timestamp 2026-01-01",
            "plan.yaml:1: is not YAML (could not determine a constructor",
        ),
        ("a: !!python/object:os.system {}", "plan.yaml:1: is not YAML"),
        ("a: !!int x", "plan.yaml: is not YAML (invalid literal for int()"),
        ("[" * 100_000, "plan.yaml:1: is nested too deeply"),
        ('{"a":' * 100_000, "plan.yaml"),
        ("\n".join(" " * i + "- " for i in range(200)), "is nested too deeply"),
        ("a" * (MAX_BYTES + 1), "plan.yaml: takes 1,000,001 bytes, more than 1,000,000"),
        ("é" * (MAX_BYTES // 2 + 1), "takes 1,000,002 bytes"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_text(text, "plan.yaml")
    assert message in str(error.value)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab<1é", max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text("ab1é", min_size=1, max_size=3), values, max_size=3))
def test_json_reads_the_same_as_json_and_as_yaml(data: dict[str, Any]) -> None:
    assert parse_text(json.dumps(data), "x") == data


@given(values)
def test_any_yaml_that_was_dumped_reads_back(value: Any) -> None:
    text = yaml.safe_dump({"a": value}, allow_unicode=True)
    if "<<" in text or "&id" in text:
        return
    assert parse_text(text, "x") == {"a": value}


@given(st.text("ab:-[]{}&*!'\"|>?#%@,. \n\t01e", max_size=40))
def test_any_text_is_data_or_one_error(text: str) -> None:
    refused = None
    try:
        parse_text(text, "x")
    except InputError as error:
        refused = str(error)
    assert refused is None or refused.startswith("x")


def test_libyamls_loader_and_pythons_read_a_plan_alike() -> None:
    class Slow(yaml.SafeLoader):
        """Python's own scanner with the same constructors and resolvers."""

    Slow.yaml_constructors = text_module.PlanLoader.yaml_constructors
    Slow.yaml_implicit_resolvers = text_module.PlanLoader.yaml_implicit_resolvers
    for text in (
        to_yaml(plan()),
        "a: 1e-05\nb: [2026-11-01, yes, 0o7, 012, '1', null]\nc: |\n  x\n",
    ):
        assert yaml.load(text, Loader=Slow) == parse_text(text, "x")  # noqa: S506 - a safe loader
