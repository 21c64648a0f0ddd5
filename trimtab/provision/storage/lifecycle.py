"""What becomes of objects in buckets as they age: rules by intent or as stated, in each cloud's words.

Pure. A rule moves objects down a ladder of storage classes and at last drops them. Each step has a least
stay, which is paid for whether or not the object stays, so a rule that leaves sooner is refused.

Sources: S3 user guide, "Lifecycle configuration elements", "Transitioning objects" and "Amazon S3 storage
classes"; Cloud Storage, "Storage classes" and "Object Lifecycle Management"; Azure Blob Storage, "Access
tiers for blob data"; all 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field

from trimtab.errors import InputError, allowed
from trimtab.plan.storage import Intent
from trimtab.plan.types import Count
from trimtab.provision.arguments import Arguments

Days = Annotated[Count, Field(ge=0, le=36_500)]


@dataclass(frozen=True)
class Step:
    """One storage class of the ladder.

    Attributes:
        not_before_days: the earliest age at which an object may come in.
        stay_days: the least stay that is paid for.
        least_kib: the smallest object that is charged as what it is; smaller ones as this.
    """

    name: str
    not_before_days: int = 0
    stay_days: int = 0
    least_kib: int = 0


LADDERS: dict[str, tuple[Step, ...]] = {
    "aws": (
        Step("STANDARD_IA", 30, 30, 128),
        Step("INTELLIGENT_TIERING"),
        Step("ONEZONE_IA", 30, 30, 128),
        Step("GLACIER_IR", 0, 90, 128),
        Step("GLACIER", 0, 90),
        Step("DEEP_ARCHIVE", 0, 180),
    ),
    "gcp": (Step("NEARLINE", 0, 30), Step("COLDLINE", 0, 90), Step("ARCHIVE", 0, 365)),
    "azure": (Step("Cool", 0, 30), Step("Cold", 0, 90), Step("Archive", 0, 180)),
}
"""By provider, each from the top; an object only ever goes down."""
ARCHIVE_DAYS = {"ARCHIVE_ACCESS": (90, 730), "DEEP_ARCHIVE_ACCESS": (180, 730)}
"""Days without access after which Intelligent-Tiering may archive: the least and the most."""


class StatedRule(Arguments):
    """A rule as a component's arguments have it."""

    prefix: str = ""
    min_kib: Annotated[Count, Field(ge=0)] | None = None
    transitions: dict[str, Days] = Field(default_factory=dict)
    expire_days: Annotated[Days, Field(ge=1)] | None = None
    noncurrent_transitions: dict[str, Days] = Field(default_factory=dict)
    noncurrent_expire_days: Annotated[Days, Field(ge=1)] | None = None
    noncurrent_keep: Annotated[Count, Field(ge=1, le=100)] | None = None


@dataclass(frozen=True)
class Rule:
    """A rule that has passed its checks.

    Attributes:
        transitions: (storage class, age in days), from the top of the ladder down.
        noncurrent: the same of former versions, since they were replaced.
        keep: former versions that stay whatever their age.
        abort_days: after which an upload that never ended is dropped.
    """

    name: str
    prefix: str
    min_kib: int | None
    transitions: tuple[tuple[str, int], ...]
    expire_days: int | None
    noncurrent: tuple[tuple[str, int], ...]
    noncurrent_expire_days: int | None
    keep: int | None
    abort_days: int | None


USUAL: dict[str, dict[Intent, StatedRule]] = {
    "aws": {
        "hot": StatedRule(),
        "warm": StatedRule(transitions={"INTELLIGENT_TIERING": 0}),
        "shared": StatedRule(transitions={"INTELLIGENT_TIERING": 0}),
        "cold": StatedRule(transitions={"STANDARD_IA": 30, "GLACIER_IR": 90}),
        "snapshot": StatedRule(transitions={"GLACIER_IR": 30, "DEEP_ARCHIVE": 120}),
        "scratch": StatedRule(expire_days=7),
    },
    "gcp": {
        "hot": StatedRule(),
        "warm": StatedRule(transitions={"NEARLINE": 30}),
        "shared": StatedRule(transitions={"NEARLINE": 30}),
        "cold": StatedRule(transitions={"NEARLINE": 30, "COLDLINE": 90}),
        "snapshot": StatedRule(transitions={"COLDLINE": 30, "ARCHIVE": 120}),
        "scratch": StatedRule(expire_days=7),
    },
    "azure": {
        "hot": StatedRule(),
        "warm": StatedRule(transitions={"Cool": 30}),
        "shared": StatedRule(transitions={"Cool": 30}),
        "cold": StatedRule(transitions={"Cool": 30, "Cold": 90}),
        "snapshot": StatedRule(transitions={"Cold": 30, "Archive": 120}),
        "scratch": StatedRule(expire_days=7),
    },
}
"""What an intent alone means. Each stay is paid out before the next step."""


def rules_of(
    provider: str,
    intent: Intent | None,
    stated: Mapping[str, StatedRule],
    noncurrent_days: int | None,
    abort_days: int | None,
    where: str,
) -> tuple[Rule, ...]:
    """A bucket's rules: the stated ones, else what its intent means.

    Args:
        noncurrent_days: after which former versions are dropped where a rule says nothing of them; None: never.
        abort_days: after which uploads that never ended are; None: never.
        where: the component and bucket, for errors.

    Raises:
        InputError: a rule can't be, or pays for a stay that it cuts short.
    """
    given = dict(stated) or ({intent: USUAL[provider][intent]} if intent else {})
    return tuple(
        _rule(name, each, provider, noncurrent_days, abort_days, f"{where}.rules.{name}")
        for name, each in given.items()
    )


def _rule(
    name: str,
    stated: StatedRule,
    provider: str,
    noncurrent_days: int | None,
    abort_days: int | None,
    where: str,
) -> Rule:
    transitions = _down(stated.transitions, stated.expire_days, stated.min_kib, provider, where)
    # A rule that moves former versions says itself when they go.
    usual = None if stated.noncurrent_transitions else noncurrent_days
    noncurrent_expire = stated.noncurrent_expire_days or usual
    noncurrent = _down(
        stated.noncurrent_transitions, noncurrent_expire, stated.min_kib, provider, where
    )
    if stated.min_kib and provider == "azure":
        raise InputError("min_kib: Azure's rules know no sizes", where=where, mend="drop min_kib")
    if stated.noncurrent_keep and noncurrent_expire is None:
        raise InputError(
            "noncurrent_keep without an age at which the others go",
            where=where,
            mend="give noncurrent_expire_days",
        )
    return Rule(
        name=name,
        prefix=stated.prefix,
        min_kib=stated.min_kib,
        transitions=transitions,
        expire_days=stated.expire_days,
        noncurrent=noncurrent,
        noncurrent_expire_days=noncurrent_expire,
        keep=stated.noncurrent_keep,
        abort_days=abort_days,
    )


def _down(
    transitions: Mapping[str, int],
    expire_days: int | None,
    min_kib: int | None,
    provider: str,
    where: str,
) -> tuple[tuple[str, int], ...]:
    ladder = {each.name: each for each in LADDERS[provider]}
    for name in transitions:
        if name not in ladder:
            raise InputError(
                f"{name} is no storage class of {provider}'s to go down to",
                where=where,
                mend=f"use one of {allowed(list(ladder))}",
            )
    found = [(name, transitions[name]) for name in ladder if name in transitions]
    for name, days in found:
        step = ladder[name]
        if days < step.not_before_days:
            raise InputError(
                f"{name} after {days} days",
                where=where,
                mend=f"give {step.not_before_days} or more: no object goes there younger",
            )
        if step.least_kib and min_kib is not None and min_kib < step.least_kib:
            raise InputError(
                f"objects from {min_kib} KiB to {name}, which charges each as {step.least_kib} KiB",
                where=where,
                mend=f"drop min_kib, or give {step.least_kib} or more",
            )
    for (name, days), (below, later) in pairwise(found):
        stay = ladder[name].stay_days
        if later < days + max(stay, 1):
            raise InputError(
                f"{below} after {later} days, but {name} since {days}: "
                + (f"{stay} days there are paid for" if stay else "it would never be there"),
                where=where,
                mend=f"give {below} {days + max(stay, 1)} or more, or drop {name}",
            )
    if found and expire_days is not None:
        name, days = found[-1]
        stay = ladder[name].stay_days
        if expire_days < days + max(stay, 1):
            raise InputError(
                f"dropped after {expire_days} days, but {name} since {days}: "
                + (f"{stay} days there are paid for" if stay else "it would never be there"),
                where=where,
                mend=f"expire after {days + max(stay, 1)} or more, or drop {name}",
            )
    return tuple(found)


def s3_rules(rules: Sequence[Rule], versions: bool) -> list[dict[str, Any]]:
    """The rules as S3 has them, in the SDK's own names.

    Uploads that never ended and markers of deleted objects have no size, so where a rule asks for one
    they get a rule beside it.
    """
    found = []
    for each in rules:
        sized, rest = _s3_actions(each, versions), _s3_rest(each, versions)
        if each.min_kib:
            found += [
                _s3(each.name, each, sized),
                _s3(f"{each.name}-rest", None, rest, each.prefix),
            ]
        else:
            found.append(_s3(each.name, each, {**rest, **sized}))
    return [each for each in found if len(each) > 3]


def _s3(name: str, rule: Rule | None, actions: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    scope: dict[str, Any] = {"prefix": rule.prefix if rule else prefix}
    if rule and rule.min_kib:
        size = {"object_size_greater_than": rule.min_kib * 1024}
        scope = {"and_": {**scope, **size}} if rule.prefix else size
    return {"id": name, "status": "Enabled", "filter": scope, **actions}


def _s3_actions(rule: Rule, versions: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if rule.transitions:
        made["transitions"] = [
            {"storage_class": name, "days": days} for name, days in rule.transitions
        ]
    if rule.expire_days is not None:
        made["expiration"] = {"days": rule.expire_days}
    if versions and rule.noncurrent:
        made["noncurrent_version_transitions"] = [
            {"storage_class": name, "noncurrent_days": days} for name, days in rule.noncurrent
        ]
    if versions and rule.noncurrent_expire_days is not None:
        keep = {} if rule.keep is None else {"newer_noncurrent_versions": rule.keep}
        expiry = {"noncurrent_days": rule.noncurrent_expire_days, **keep}
        made["noncurrent_version_expiration"] = expiry
    return made


def _s3_rest(rule: Rule, versions: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if versions and rule.expire_days is None:
        # Of an object that is deleted and whose versions have gone, nothing is to stay.
        made["expiration"] = {"expired_object_delete_marker": True}
    if rule.abort_days is not None:
        made["abort_incomplete_multipart_upload"] = {"days_after_initiation": rule.abort_days}
    return made


def gcs_rules(rules: Sequence[Rule], versions: bool) -> list[dict[str, Any]]:
    """The rules as Cloud Storage has them: one for each action."""
    found = []
    for each in rules:
        scope: dict[str, Any] = {"matches_prefixes": [each.prefix]} if each.prefix else {}
        if each.min_kib:
            scope["size_above_bytes"] = each.min_kib * 1024
        for name, days in each.transitions:
            found.append(_gcs({"type": "SetStorageClass", "storage_class": name},
                              {**scope, "age": days, "with_state": "LIVE"}))  # fmt: skip
        if each.expire_days is not None:
            found.append(_gcs({"type": "Delete"},
                              {**scope, "age": each.expire_days, "with_state": "LIVE"}))  # fmt: skip
        if versions:
            for name, days in each.noncurrent:
                found.append(_gcs({"type": "SetStorageClass", "storage_class": name},
                                  {**scope, "days_since_noncurrent_time": days,
                                   "with_state": "ARCHIVED"}))  # fmt: skip
            if each.noncurrent_expire_days is not None:
                keep = {} if each.keep is None else {"num_newer_versions": each.keep}
                found.append(_gcs({"type": "Delete"},
                                  {**scope, "days_since_noncurrent_time": each.noncurrent_expire_days,
                                   "with_state": "ARCHIVED", **keep}))  # fmt: skip
        if each.abort_days is not None:
            # Of uploads the age and the name alone are looked at.
            prefix = {"matches_prefixes": [each.prefix]} if each.prefix else {}
            found.append(
                _gcs({"type": "AbortIncompleteMultipartUpload"}, {**prefix, "age": each.abort_days})
            )
    return found


def _gcs(action: dict[str, Any], condition: dict[str, Any]) -> dict[str, Any]:
    return {"action": action, "condition": condition}


_AZURE = {"Cool": "tier_to_cool", "Cold": "tier_to_cold", "Archive": "tier_to_archive"}
_AZURE_VERSION = {
    "Cool": "change_tier_to_cool_after_days_since_creation",
    "Cold": "tier_to_cold_after_days_since_creation_greater_than",
    "Archive": "change_tier_to_archive_after_days_since_creation",
}


def azure_rules(rules: Sequence[Rule], containers: Sequence[str]) -> list[dict[str, Any]]:
    """The rules as a storage account's management policy has them.

    Args:
        containers: that they hold for; empty: all of the account.
    """
    found = []
    for each in rules:
        base = {
            f"{_AZURE[name]}_after_days_since_modification_greater_than": days
            for name, days in each.transitions
        }
        if each.expire_days is not None:
            base["delete_after_days_since_modification_greater_than"] = each.expire_days
        version = {_AZURE_VERSION[name]: days for name, days in each.noncurrent}
        if each.noncurrent_expire_days is not None:
            version["delete_after_days_since_creation"] = each.noncurrent_expire_days
        actions = {
            key: value for key, value in (("base_blob", base), ("version", version)) if value
        }
        if not actions:
            continue
        prefixes = [f"{name}/{each.prefix}" if each.prefix else name for name in containers]
        prefixes = prefixes or ([each.prefix] if each.prefix else [])
        filters: dict[str, Any] = {"blob_types": ["blockBlob"]}
        if prefixes:
            filters["prefix_matches"] = prefixes
        found.append({"name": each.name, "enabled": True, "filters": filters, "actions": actions})
    return found


def tierings(archive_days: int | None, deep_days: int | None, where: str) -> list[dict[str, Any]]:
    """Intelligent-Tiering's archives, after so many days without access.

    Raises:
        InputError: too few days, or too many.
    """
    found = []
    for tier, days in (("ARCHIVE_ACCESS", archive_days), ("DEEP_ARCHIVE_ACCESS", deep_days)):
        if days is None:
            continue
        least, most = ARCHIVE_DAYS[tier]
        if not least <= days <= most:
            raise InputError(
                f"{tier} after {days} days", where=where, mend=f"give {least} to {most}"
            )
        found.append({"access_tier": tier, "days": days})
    return found
