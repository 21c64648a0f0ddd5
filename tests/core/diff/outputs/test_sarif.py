"""SARIF: the structure that 2.1.0 and code scanning ask for, and fingerprints that stay."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import diffs
from support.hostile import ATTACKS, hostile
from trimtab.diff.model import Diff
from trimtab.diff.outputs.sarif import FINGERPRINT, SarifOptions, sarif

LEVELS = {"error", "warning", "note"}


def run_of(diff: Diff, options: SarifOptions | None = None) -> Any:
    """The only run, held to what the standard requires."""
    log = json.loads(sarif(diff, options))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "trimtab"
    rules = driver["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(r"[A-Za-z0-9]+", rule["name"])
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in LEVELS
        assert result["message"]["text"]
        assert result["baselineState"] in {"new", "unchanged"}
        (location,) = result["locations"]
        assert location["logicalLocations"][0]["name"] is not None
        if physical := location.get("physicalLocation"):
            assert physical["region"]["startLine"] >= 1
            assert re.fullmatch(r"[\x21-\x7e]+", physical["artifactLocation"]["uri"])
    prints = [result["partialFingerprints"][FINGERPRINT] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    return run


@pytest.mark.parametrize("name", diffs.EVERY)
def test_every_log_has_what_is_required(name: str) -> None:
    diff = diffs.EVERY[name]()
    assert len(run_of(diff)["results"]) == len(diff.findings)


@given(st.one_of(st.sampled_from(ATTACKS), st.text()))
@settings(deadline=None)
def test_whatever_things_are_called_it_is_whole(text: str) -> None:
    run_of(hostile(text))


def test_a_finding_says_where_it_is_and_whether_it_is_new() -> None:
    new, old = run_of(diffs.review())["results"]
    assert new["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "stacks/shop.py"},
        "region": {"startLine": 57},
    }
    assert (new["level"], new["baselineState"]) == ("error", "new")
    assert (old["level"], old["baselineState"]) == ("warning", "unchanged")
    assert "physicalLocation" not in old["locations"][0]
    assert old["locations"][0]["logicalLocations"][0]["name"] == "egress"
    assert [rule["id"] for rule in run_of(diffs.review())["tool"]["driver"]["rules"]] == [
        "attribution-tags",
        "maximum-size",
    ]


def test_a_file_may_stand_for_what_has_none() -> None:
    old = run_of(diffs.review(), SarifOptions("my stacks/Pulumi.yaml"))["results"][1]
    assert old["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "my%20stacks/Pulumi.yaml"},
        "region": {"startLine": 1},
    }


def test_a_fingerprint_does_not_hang_on_words_or_order() -> None:
    diff = diffs.review()
    reworded = [replace(each, message=f"{each.message}, now 12 %") for each in diff.findings]
    turned = replace(diff, findings=tuple(reversed(reworded)))

    def prints(one: Diff) -> set[tuple[str, str]]:
        return {
            (each["locations"][0]["logicalLocations"][0]["name"], str(each["partialFingerprints"]))
            for each in run_of(one)["results"]
        }

    assert prints(diff) == prints(turned)
