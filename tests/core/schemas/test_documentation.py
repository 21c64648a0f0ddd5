"""The page on documents in a cluster: its examples are documents, its defaults the models'."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from support.object_cases import parse
from trimtab.policy.model import PlanTrust, PolicySpec, Stability
from trimtab.schemas.published import CUSTOM_RESOURCES

PAGE = (Path(__file__).parents[3] / "docs" / "functions" / "apis.md").read_text("utf-8")
EXAMPLES = [
    yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
]


@pytest.mark.parametrize("document", EXAMPLES, ids=lambda document: document["kind"])
def test_an_example_is_a_document(document: dict[str, Any]) -> None:
    parse(document)
    (resource,) = [each for each in CUSTOM_RESOURCES if each.kind == document["kind"]]
    Draft202012Validator(resource.json_schema()).validate(document)


def test_every_kind_has_its_short_name_on_the_page() -> None:
    for resource in CUSTOM_RESOURCES:
        assert f"| `{resource.kind}` | `{resource.short_names[0]}` |" in PAGE


def test_the_example_of_a_policy_states_the_defaults_and_every_field() -> None:
    (policy,) = [each["spec"] for each in EXAMPLES if each["kind"] == "CapacityPolicy"]
    assert Stability.model_validate(policy["stability"], by_alias=True) == Stability()
    assert policy["plans"]["mayStartGroups"] is PlanTrust().may_start_groups
    for name, field in PolicySpec.model_fields.items():
        part = field.annotation
        assert part is not None
        assert set(policy[name]) == {each.alias for each in part.model_fields.values()}


def test_the_table_of_a_policy_names_every_field() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for name, field in PolicySpec.model_fields.items():
        assert field.annotation is not None
        for alias in (each.alias for each in field.annotation.model_fields.values()):
            if alias != "pools":
                assert any(
                    re.search(rf"`({name})?\.{alias}`", row.partition(" | ")[0]) for row in rows
                ), alias
