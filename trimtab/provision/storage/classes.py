"""Which storage classes a cluster gets, and what each becomes.

Pure. What is asked for comes from the plan's tiers and from the component's arguments; a class of a
tier's name is the tier's. The backend is the tier's, else the one that is stated, else the first that
suits the intent where the cluster stands. What a backend makes of a request, its provider's module knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab.errors import InputError, allowed
from trimtab.plan.model import CapacityPlan
from trimtab.plan.storage import Intent, StorageTier
from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments
from trimtab.provision.storage import aws, azure, gcp, on_premises
from trimtab.provision.storage.model import ClassRequest, Facts, Made, Maker
from trimtab.provision.storage.performance import chosen_by_number, of_tier
from trimtab.storage.backends import ON_PREMISES, Backend, backend, backends, suiting

MAKERS: dict[str, Maker] = {**aws.MAKERS, **azure.MAKERS, **gcp.MAKERS, **on_premises.MAKERS}
"""By the backend's id."""
USUAL: dict[str, tuple[Intent, ...]] = {
    "aws": ("hot", "cold", "snapshot"),
    "azure": ("hot", "cold", "shared", "snapshot"),
    "gcp": ("hot", "cold", "shared", "snapshot"),
    ON_PREMISES: ("scratch",),
}
"""The intents that a cluster gets where nothing is said: those whose backends need no more to be told."""
NUMBER = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class StatedRetune(Arguments):
    """Performance to change a volume to."""

    iops: NUMBER | None = None
    mibps: NUMBER | None = None


class StatedClass(Arguments):
    """A class as a component's arguments have it."""

    intent: Intent | None = None
    backend: str | None = None
    parameters: dict[str, str | None] = Field(default_factory=dict)
    iops: NUMBER | None = None
    mibps: NUMBER | None = None
    encrypted: Flag = True
    key_arn: Any = None
    fs_type: Literal["ext4", "xfs"] = "ext4"
    reclaim: Literal["Delete", "Retain"] = "Delete"
    default: Flag | None = None
    retune: dict[str, StatedRetune] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)


def class_requests(
    plan: CapacityPlan,
    provider: str,
    site: str | None,
    stated: Mapping[str, StatedClass],
    where: str,
) -> tuple[ClassRequest, ...]:
    """The classes of a cluster: the plan's tiers of its site, in their order, then those stated beside.

    Args:
        provider: of the site; `on-premises` for machines of one's own.
        site: of owned machines; None: the plan's site.
        stated: by the class' name.

    Raises:
        InputError: a class has no intent, contradicts its tier, or names a backend that is not had there.
    """
    tiers = {each.name: each for each in plan.spec.storage or () if of_site(each, plan, site)}
    if not tiers and not stated:
        stated = {intent: StatedClass(intent=intent) for intent in USUAL.get(provider, ())}
    names = [*tiers, *(name for name in stated if name not in tiers)]
    requests = [
        _request(name, tiers.get(name), stated.get(name, StatedClass()), provider, where)
        for name in names
    ]
    return tuple(_with_one_default(requests, stated, where))


def of_site(tier: StorageTier, plan: CapacityPlan, site: str | None) -> bool:
    """Whether the tier stands where the cluster does."""
    if site is None:
        return tier.site in (None, plan.spec.site.region)
    return tier.site == site or (tier.site is None and plan.spec.site.region == site)


def made(request: ClassRequest, facts: Facts) -> Made:
    """The objects of a class, by its backend's maker.

    Raises:
        InputError: the backend has no maker, or can't do what is asked.
    """
    maker = MAKERS.get(request.backend.id)
    if maker is None:
        raise InputError(
            f"nothing makes classes of backend {request.backend.id}",
            where=f"{facts.where}: classes.{request.name}",
            mend=f"use one of {allowed(list(MAKERS), limit=50)}",
        )
    return maker(request, facts)


def _request(
    name: str, tier: StorageTier | None, stated: StatedClass, provider: str, where: str
) -> ClassRequest:
    place = f"{where}: classes.{name}"
    intent = tier.intent if tier else stated.intent
    if intent is None:
        raise InputError(
            "neither an intent nor a tier of the plan of that name",
            where=place,
            mend="give intent: hot, warm, cold, scratch, shared or snapshot",
        )
    if tier:
        for field, said in (("intent", tier.intent), ("backend", tier.backend)):
            other = getattr(stated, field)
            if other is not None and other != said:
                raise InputError(
                    f"{field} {other}, but the plan's tier has {said}",
                    where=place,
                    mend=f"drop {field}, or name the class otherwise",
                )
    chosen = _backend(tier.backend if tier else stated.backend, intent, provider, place)
    _check_intent(intent, chosen, place)
    if stated.retune and not chosen.retunable:
        others = [e.id for e in backends().values() if e.retunable and e.provider == provider]
        raise InputError(
            f"backend {chosen.id} can't be retuned",
            where=place,
            mend=f"drop retune, or use one of {allowed(others)}" if others else "drop retune",
        )
    planned = of_tier(tier, chosen) if tier and chosen_by_number(chosen) else (None, None)
    return ClassRequest(
        name=name,
        backend=chosen,
        intent=intent,
        parameters=stated.parameters,
        iops=planned[0] if stated.iops is None else stated.iops,
        mibps=planned[1] if stated.mibps is None else stated.mibps,
        encrypted=stated.encrypted,
        key=stated.key_arn,
        fs_type=stated.fs_type,
        reclaim=stated.reclaim,
        default=bool(stated.default),
        retune={key: each.model_dump(exclude_none=True) for key, each in stated.retune.items()},
        settings=stated.settings,
        tier=tier,
    )


def _backend(named: str | None, intent: Intent, provider: str, where: str) -> Backend:
    if named is None:
        found = [each for each in suiting(intent, provider) if each.id in MAKERS]
        if not found:
            raise InputError(
                f"nothing of {provider} suits intent {intent}", where=where, mend="name a backend"
            )
        return found[0]
    chosen = backend(named, where)
    if chosen.provider not in (provider, None):
        raise InputError(
            f"backend {named} is of {chosen.provider}, but the cluster is {provider}'s",
            where=where,
            mend="use one of that provider, or give the site that it is for",
        )
    return chosen


def _check_intent(intent: Intent, chosen: Backend, where: str) -> None:
    if intent == "shared" and chosen.access == "block":
        raise InputError(
            f"shared data is for many pods at once, and {chosen.id} is a disk of one node",
            where=where,
            mend="use a backend of files or objects, or another intent",
        )
    if (intent == "snapshot") != ("snapshot" in chosen.intents):
        raise InputError(
            f"intent {intent} on backend {chosen.id}",
            where=where,
            mend="a backend of snapshots goes with intent snapshot, and no other does",
        )


def _with_one_default(
    requests: Sequence[ClassRequest], stated: Mapping[str, StatedClass], where: str
) -> Sequence[ClassRequest]:
    """One class of volumes and one of snapshots is the default: the stated one, else the first that fits.

    Of volumes the first block class of hot or warm data fits: no pod waits long for it.

    Raises:
        InputError: two are stated.
    """
    chosen: list[str] = []
    for snapshots in (False, True):
        among = [each for each in requests if (each.intent == "snapshot") == snapshots]
        wanted = [each.name for each in among if each.default]
        if len(wanted) > 1:
            raise InputError(
                f"classes: {' and '.join(wanted)} are both the default",
                where=where,
                mend="set default on one",
            )
        chosen += (
            wanted
            or [
                each.name
                for each in among
                if (
                    snapshots or (each.intent in ("hot", "warm") and each.backend.access == "block")
                )
                and (each.name not in stated or stated[each.name].default is None)
            ][:1]
        )
    return [replace(each, default=each.name in chosen) for each in requests]
