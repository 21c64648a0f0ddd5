"""The plan's JSON Schema and CRD: what is particular to them."""

from typing import Any

from trimtab.plan.schema import crd, json_schema


def test_the_json_schema_says_the_rules_in_words() -> None:
    window = json_schema()["$defs"]["Window"]
    assert "Rules: a window must start before it ends;" in window["description"]


def test_pools_and_groups_are_keyed_by_name() -> None:
    pools = _spec()["properties"]["pools"]
    for keyed in (pools, pools["items"]["properties"]["groups"]):
        assert keyed["x-kubernetes-list-type"] == "map"
        assert keyed["x-kubernetes-list-map-keys"] == ["name"]
        assert "name" in keyed["items"]["required"]


def test_a_purchase_is_one_object_with_the_rules_that_keep_its_options_apart() -> None:
    groups = _spec()["properties"]["pools"]["items"]["properties"]["groups"]
    purchase = groups["items"]["properties"]["purchase"]
    assert purchase["required"] == ["option"]
    assert sorted(purchase["properties"]) == [
        "commitment", "endsAt", "option", "pools", "reservation", "reservationId", "site",
        "startsAt", "term", "zone",
    ]  # fmt: skip
    rules = {each["message"]: each["rule"] for each in purchase["x-kubernetes-validations"]}
    assert rules["option spot needs pools"] == "self.option != 'spot' || has(self.pools)"
    assert rules["pools goes only with option spot"] == (
        "!has(self.pools) || self.option in ['spot']"
    )
    assert "option reserved needs commitment" not in rules  # it may be held already


def test_the_crd_keeps_defaults_and_lets_what_may_be_absent_be_null() -> None:
    group = _spec()["properties"]["pools"]["items"]["properties"]["groups"]["items"]["properties"]
    assert group["taints"]["default"] == []
    assert group["accelerator"]["nullable"] is True
    assert "nullable" not in group["windows"]


def _spec() -> dict[str, Any]:
    schema = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    spec: dict[str, Any] = schema["properties"]["spec"]
    return spec
