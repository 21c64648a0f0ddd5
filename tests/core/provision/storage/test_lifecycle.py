"""How objects age: an intent's rules, the clouds' words for them, and what would be paid for nothing."""

from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InputError
from trimtab.plan.storage import INTENTS, Intent
from trimtab.provision.storage.lifecycle import (
    LADDERS,
    USUAL,
    StatedRule,
    azure_rules,
    gcs_rules,
    rules_of,
    s3_rules,
    tierings,
)


def rules(provider: str, noncurrent: int | None = 30, **stated: Any) -> Any:
    return rules_of(provider, None, {"r": StatedRule(**stated)}, noncurrent, 7, "test")


@pytest.mark.parametrize("provider", LADDERS)
def test_every_intent_stands_for_rules_that_pass(provider: str) -> None:
    assert set(USUAL[provider]) == set(INTENTS) == set(get_args(Intent))
    for intent in INTENTS:
        rules_of(provider, intent, {}, 30, 7, "test")


def test_s3_gets_everything_in_one_rule() -> None:
    found = rules("aws", prefix="logs/", transitions={"GLACIER_IR": 90, "STANDARD_IA": 30},
                  expire_days=365, noncurrent_transitions={"STANDARD_IA": 30},
                  noncurrent_expire_days=90, noncurrent_keep=3)  # fmt: skip
    assert s3_rules(found, versions=True) == [
        {
            "id": "r", "status": "Enabled", "filter": {"prefix": "logs/"},
            "transitions": [{"storage_class": "STANDARD_IA", "days": 30},
                            {"storage_class": "GLACIER_IR", "days": 90}],
            "expiration": {"days": 365},
            "noncurrent_version_transitions": [
                {"storage_class": "STANDARD_IA", "noncurrent_days": 30}],
            "noncurrent_version_expiration": {
                "noncurrent_days": 90, "newer_noncurrent_versions": 3},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ]  # fmt: skip


def test_what_has_no_size_gets_a_rule_beside_the_one_that_asks_for_it() -> None:
    found = rules("aws", prefix="a/", min_kib=256, transitions={"STANDARD_IA": 30})
    sized, rest = s3_rules(found, versions=True)
    assert sized["filter"] == {"and_": {"prefix": "a/", "object_size_greater_than": 262144}}
    assert "abort_incomplete_multipart_upload" not in sized
    assert rest["filter"] == {"prefix": "a/"}
    assert rest["expiration"] == {"expired_object_delete_marker": True}


def test_without_versions_nothing_is_said_of_them() -> None:
    found = rules(
        "aws", transitions={"STANDARD_IA": 30}, noncurrent_transitions={"STANDARD_IA": 30}
    )
    (made,) = s3_rules(found, versions=False)
    assert not [key for key in made if "noncurrent" in key or key == "expiration"]
    assert gcs_rules(rules("gcp", expire_days=9), versions=False) == [
        {"action": {"type": "Delete"}, "condition": {"age": 9, "with_state": "LIVE"}},
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
    ]


def test_cloud_storage_gets_a_rule_an_action() -> None:
    found = gcs_rules(rules("gcp", prefix="a/", transitions={"NEARLINE": 30}), versions=True)
    assert found == [
        {"action": {"type": "SetStorageClass", "storage_class": "NEARLINE"},
         "condition": {"matches_prefixes": ["a/"], "age": 30, "with_state": "LIVE"}},
        {"action": {"type": "Delete"},
         "condition": {"matches_prefixes": ["a/"], "days_since_noncurrent_time": 30,
                       "with_state": "ARCHIVED"}},
        {"action": {"type": "AbortIncompleteMultipartUpload"},
         "condition": {"matches_prefixes": ["a/"], "age": 7}},
    ]  # fmt: skip


def test_azure_gets_tiers_of_blobs_and_versions_within_containers() -> None:
    found = azure_rules(
        rules("azure", prefix="a/", transitions={"Cool": 30, "Archive": 90},
              noncurrent_transitions={"Cold": 5}, noncurrent_expire_days=95),
        ["data"],
    )  # fmt: skip
    assert found == [
        {
            "name": "r", "enabled": True,
            "filters": {"blob_types": ["blockBlob"], "prefix_matches": ["data/a/"]},
            "actions": {
                "base_blob": {
                    "tier_to_cool_after_days_since_modification_greater_than": 30,
                    "tier_to_archive_after_days_since_modification_greater_than": 90,
                },
                "version": {
                    "tier_to_cold_after_days_since_creation_greater_than": 5,
                    "delete_after_days_since_creation": 95,
                },
            },
        },
    ]  # fmt: skip


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a class of another cloud": ("aws", {"transitions": {"NEARLINE": 30}},
        ("NEARLINE is no storage class of aws's to go down to; use one of DEEP_ARCHIVE, GLACIER, "
            "GLACIER_IR, INTELLIGENT_TIERING, ONEZONE_IA, STANDARD_IA")),
    "too young": ("aws", {"transitions": {"STANDARD_IA": 7}},
        "STANDARD_IA after 7 days; give 30 or more: no object goes there younger"),
    "too small": ("aws", {"transitions": {"GLACIER_IR": 30}, "min_kib": 64},
        ("objects from 64 KiB to GLACIER_IR, which charges each as 128 KiB; drop min_kib, or give 128 "
        "or more")),
    "gone before its stay is over": ("aws", {"transitions": {"GLACIER_IR": 30}, "expire_days": 60},
        ("dropped after 60 days, but GLACIER_IR since 30: 90 days there are paid for; expire after 120 "
        "or more, or drop GLACIER_IR")),
    "down before its stay is over": ("aws", {"transitions": {"STANDARD_IA": 30, "GLACIER": 40}},
        ("GLACIER after 40 days, but STANDARD_IA since 30: 30 days there are paid for; give GLACIER 60 "
        "or more, or drop STANDARD_IA")),
    "up": ("aws", {"transitions": {"GLACIER_IR": 30, "STANDARD_IA": 60}},
        ("GLACIER_IR after 30 days, but STANDARD_IA since 60: 30 days there are paid for; give "
        "GLACIER_IR 90 or more, or drop STANDARD_IA")),
    "gone as it comes": ("aws", {"transitions": {"INTELLIGENT_TIERING": 10}, "expire_days": 10},
        ("dropped after 10 days, but INTELLIGENT_TIERING since 10: it would never be there; expire "
        "after 11 or more, or drop INTELLIGENT_TIERING")),
    "former versions, too": ("gcp", {"noncurrent_transitions": {"COLDLINE": 10}, "noncurrent_expire_days": 30},
        ("dropped after 30 days, but COLDLINE since 10: 90 days there are paid for; expire after 100 or "
        "more, or drop COLDLINE")),
    "sizes on Azure": ("azure", {"min_kib": 128, "expire_days": 3},
        "min_kib: Azure's rules know no sizes; drop min_kib"),
}  # fmt: skip


@pytest.mark.parametrize(("provider", "stated", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_paid_for_nothing_is_refused(
    provider: str, stated: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError) as caught:
        rules(provider, **stated)
    assert str(caught.value) == f"test.rules.r: {says}"


def test_versions_are_not_kept_by_number_for_ever() -> None:
    with pytest.raises(InputError, match="noncurrent_keep without an age"):
        rules("aws", noncurrent=None, noncurrent_keep=3)


def test_intelligent_tiering_archives_within_its_bounds() -> None:
    assert tierings(90, 180, "test") == [
        {"access_tier": "ARCHIVE_ACCESS", "days": 90},
        {"access_tier": "DEEP_ARCHIVE_ACCESS", "days": 180},
    ]
    with pytest.raises(InputError) as caught:
        tierings(None, 90, "test")
    assert str(caught.value) == "test: DEEP_ARCHIVE_ACCESS after 90 days; give 180 to 730"


@given(
    provider=st.sampled_from(list(LADDERS)),
    ages=st.lists(st.integers(0, 800), min_size=6, max_size=6),
    expire=st.none() | st.integers(1, 1500),
)
def test_a_rule_that_passes_cuts_no_stay_short(
    provider: str, ages: list[int], expire: int | None
) -> None:
    ladder = {each.name: each for each in LADDERS[provider]}
    stated = {name: days for name, days in zip(ladder, ages, strict=False) if days % 3}
    try:
        (found,) = rules(provider, noncurrent=None, transitions=stated, expire_days=expire)
    except InputError:
        return
    steps = [*found.transitions, *([("", expire)] if expire is not None else [])]
    for (name, days), (_, later) in pairwise(steps):
        assert later - days >= max(ladder[name].stay_days, 1)
        assert days >= ladder[name].not_before_days
