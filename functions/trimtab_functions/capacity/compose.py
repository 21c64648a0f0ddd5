"""Composing a response: from a request to what is known, and from the decision to desired state.

A pure function of the request and the clock, and of the clock only through the index of the window that
holds, what is valid, and the response's time to live. What it keeps from call to call are memos of pure
functions, bounded, by content.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crossplane.function import request, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2 as structpb

from trimtab.errors import InputError
from trimtab.plan.attribution import plan_label
from trimtab.plan.labels import PLAN_LABEL
from trimtab.plan.model import API_VERSION as PLAN_API_VERSION
from trimtab.plan.model import KIND as PLAN_KIND
from trimtab.plan.sizing import window_at
from trimtab.policy.model import API_VERSION as POLICY_API_VERSION
from trimtab.policy.model import KIND as POLICY_KIND
from trimtab_functions import structs
from trimtab_functions.capacity import (
    answers,
    following,
    outcomes,
    placement,
    plans,
    policies,
    requests,
    responses,
)
from trimtab_functions.capacity.answers import Answers
from trimtab_functions.capacity.approvals import (
    APPROVAL_API_VERSION,
    APPROVAL_KIND,
    ApprovalReader,
    Approvals,
)
from trimtab_functions.capacity.decisions import Decision, Placed
from trimtab_functions.capacity.documents import text
from trimtab_functions.capacity.following import FollowersDecision
from trimtab_functions.capacity.observed import Observed, Other
from trimtab_functions.capacity.plans import Lookup, PlanReader
from trimtab_functions.capacity.policies import PolicyLookup, PolicyReader, Rules
from trimtab_functions.capacity.preparation import Preparation, Wanted, prepare
from trimtab_functions.capacity.requests import Asked, ResourceReader
from trimtab_functions.capacity.responses import Written
from trimtab_functions.capacity.selection import Earlier
from trimtab_functions.capacity.settings import (
    DEFAULT_REFRESH_SECONDS,
    ComposeSpec,
    ObjectKey,
)
from trimtab_functions.capacity.sources import FromContext, Inline, Labelled
from trimtab_functions.memo import ById, Memo

REQUIREMENT = "capacity-plan"
"""The required plan's name; a bootstrap requirement in a Composition uses it too."""

POLICY_REQUIREMENT = "capacity-policy"
"""The required policy's name, likewise."""

APPROVALS_REQUIREMENT = "commitment-approvals"
"""The required approvals' name."""

REFRESH = timedelta(seconds=DEFAULT_REFRESH_SECONDS)
"""The longest time to live where the input states none: Crossplane 2.2 does not reconcile when a required
resource changes, and newer ones only where their operator has switched it on (--enable-required-resource-
watches, alpha), which no request tells."""

MEMO_PREPARATIONS, MEMO_GROUPS = 256, 1500
"""Of preparations, and of the groups in their plans, or of the earlier steps' resources where those are
more; a group takes some 10 kB."""

MEMO_DECISIONS = 2000
"""On resources; one takes some 10 kB."""

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class _Decided:
    """All that was decided, and what is to be written of it, in the order of groups."""

    groups: Decision
    followers: FollowersDecision
    written: list[Written]


class Composer:
    """Composes responses; the clock is the only thing that it reads beside the request.

    Args:
        clock: tells the present.
        by_version: whether requests come from a real Crossplane and API server, whose tags and versions
            tell requests and plans apart as well as their bytes do, and sooner.
    """

    def __init__(self, clock: Clock, *, by_version: bool = False) -> None:
        self._clock, self._by_version = clock, by_version
        self._plans = PlanReader()
        self._policies = PolicyReader()
        self._approvals = ApprovalReader()
        self._resources = ResourceReader()
        self._answers = Answers()
        self._written: Memo[Written] = Memo(MEMO_DECISIONS, MEMO_DECISIONS)
        # A decision's key keeps its preparation, and with it a whole plan.
        self._prepared: Memo[Preparation] = Memo(
            MEMO_PREPARATIONS, MEMO_GROUPS, self._written.forget
        )

    @property
    def memos(self) -> dict[str, Memo[Any]]:
        """What is kept from call to call, by name."""
        return {
            "answers": self._answers.memo,
            "plans": self._plans.memo,
            **self._resources.memos,
            "preparations": self._prepared,
            "decisions": self._written,
        }

    def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Write the desired resources, the XR's status, its conditions and what has changed.

        Args:
            req: the request.
            rsp: the response to it, as `response.to` begins one.
        """
        instant = self._clock()
        key = answers.key_of(req) if self._by_version else None
        if key is not None and self._answers.find(key, instant, rsp):
            return
        asked = requests.read_asked(req)
        policy = self._resolve_policy(req, rsp, asked)
        lookup = policy.over(self._resolve_plan(req, rsp, asked, policy.rules, instant))
        earlier = self._resources.earlier(req, asked.settings.targets)
        prepared = self._prepare(asked, lookup, policy.rules, earlier)
        approvals = self._resolve_approvals(req, rsp, asked, lookup, earlier, instant)
        observed = self._resources.observed(req, earlier)
        decided = self._decide(prepared, observed, approvals, policy.rules, instant)
        responses.write_resources(rsp, decided.groups, decided.written)
        field, schema = self._resolve_status(req, rsp, asked)
        responses.write_status(rsp, lookup, decided.written, field, schema)
        responses.write_readiness(rsp, decided.written, composes=asked.compose is not None)
        responses.write_outcomes(
            rsp,
            (
                outcomes.plan_outcome(lookup, prepared),
                outcomes.capacity_outcome(
                    prepared, decided.groups, decided.followers, approvals, earlier
                ),
            ),
        )
        responses.write_changes(rsp, outcomes.changes(decided.groups, observed))
        refresh = timedelta(seconds=asked.settings.refresh_seconds)
        moments = [*_ends(prepared, instant), lookup.changes_at]
        if approvals is not None:
            moments.append(approvals.changes_at)
        responses.write_time_to_live(rsp, instant, refresh, moments)
        if key is not None:
            self._answers.keep(key, rsp, instant, refresh, moments)

    def _resolve_policy(
        self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse, asked: Asked
    ) -> PolicyLookup:
        """Ask for the policy, as every call must, and look at what has arrived."""
        key = asked.policy
        if key is None:
            return policies.NO_POLICY
        _require(rsp, POLICY_REQUIREMENT, POLICY_API_VERSION, POLICY_KIND, key)
        arrived = requests.read_required(req, POLICY_REQUIREMENT, key)
        if arrived is None:
            return policies.not_fetched(key)
        return self._policies.look_up(key, arrived[0] if arrived else None)

    def _resolve_plan(
        self,
        req: fnv1.RunFunctionRequest,
        rsp: fnv1.RunFunctionResponse,
        asked: Asked,
        rules: Rules,
        instant: datetime,
    ) -> Lookup:
        """Ask for the plan, as every call must, and look at what has arrived."""
        source = asked.plan
        if isinstance(source, InputError):
            return plans.unnamed(source)
        if isinstance(source, Inline | FromContext):
            try:
                inline = requests.read_inline(req, source, asked.name)
            except InputError as error:
                return plans.invalid(error)
            return self._plans.look_up(source, inline, instant, rules.spec)
        _require(rsp, REQUIREMENT, PLAN_API_VERSION, PLAN_KIND, source)
        arrived = requests.read_required(req, REQUIREMENT, source, by_version=self._by_version)
        if arrived is None:
            return plans.not_fetched(source)
        if isinstance(source, Labelled):
            return self._plans.choose(source, arrived, instant, rules.spec)
        return self._plans.look_up(source, arrived[0] if arrived else None, instant, rules.spec)

    def _resolve_approvals(
        self,
        req: fnv1.RunFunctionRequest,
        rsp: fnv1.RunFunctionResponse,
        asked: Asked,
        lookup: Lookup,
        earlier: Earlier,
        instant: datetime,
    ) -> Approvals | None:
        """Ask for the plan's approvals where something acts on them; None before they are fetched."""
        asks = any(each.follower.needs_approvals for each in earlier.followers.values())
        namespace = asked.namespace
        if not asks or lookup.plan is None or not namespace:
            return Approvals()
        label = plan_label(lookup.plan.metadata.name)
        wanted = Labelled(((PLAN_LABEL, label),), namespace)
        _require(rsp, APPROVALS_REQUIREMENT, APPROVAL_API_VERSION, APPROVAL_KIND, wanted)
        arrived = requests.read_required(req, APPROVALS_REQUIREMENT, wanted)
        return None if arrived is None else self._approvals.read(namespace, arrived, instant)

    def _resolve_status(
        self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse, asked: Asked
    ) -> tuple[str | None, structpb.Struct | None]:
        """The field to report in; else what the XR's schema declares, where Crossplane can tell."""
        field = asked.settings.status_field_path
        if field is not None:
            return field, None
        if request.has_capability(req, fnv1.CAPABILITY_REQUIRED_SCHEMAS):
            composite = req.observed.composite.resource
            version, kind = (text(structs.item(composite, each)) for each in ("apiVersion", "kind"))
            if version and kind:
                response.require_schema(rsp, requests.STATUS_SCHEMA, version, kind)
        return None, requests.status_schema(req)

    def _prepare(self, asked: Asked, lookup: Lookup, rules: Rules, earlier: Earlier) -> Preparation:
        """What the plan, the policy, the settings and the earlier steps' resources imply."""
        plan = lookup.usable
        wanted = Wanted(
            plan,
            asked.compose,
            earlier.templates,
            earlier.followers,
            rules,
            earlier.ours,
            asked.unread,
        )
        # Plan and rules by identity, which their own memos gave them.
        members = (*earlier.templates.values(), *earlier.followers.values())
        key = (
            ById(plan),
            ById(rules),
            _compose_key(asked.compose),
            members,
            earlier.ours,
            asked.unread,
        )
        groups = sum(len(pool.groups) for pool in plan.spec.pools) if plan else 0
        size = max(groups, len(members))
        return self._prepared.get(key, size, lambda: prepare(wanted))

    def _decide(
        self,
        prepared: Preparation,
        observed: Mapping[str, Observed | Other],
        approvals: Approvals | None,
        rules: Rules,
        instant: datetime,
    ) -> _Decided:
        """The decisions, kept from call to call where nothing that they hang on has changed."""
        by_identity: dict[int, Written] = {}

        def remember(key: Hashable, make: Callable[[], Placed]) -> Placed:
            written = self._written.get(key, 1, lambda: responses.write(make()), prepared)
            by_identity[id(written.placed)] = written
            return written.placed

        stability = rules.spec.stability
        groups = placement.decide(prepared, observed, instant, stability, remember)
        given = None if approvals is None else approvals.current
        followers = following.decide(prepared, observed, instant, stability, given, remember)
        members = [*groups.placed.values(), *followers.placed.values()]
        placed = sorted(members, key=lambda each: (each.ref.pool, each.ref.name or "", each.key))
        written = [by_identity.get(id(each)) or responses.write(each) for each in placed]
        return _Decided(groups, followers, written)


def _require(
    rsp: fnv1.RunFunctionResponse,
    requirement: str,
    api_version: str,
    kind: str,
    wanted: ObjectKey | Labelled,
) -> None:
    """Ask Crossplane for an object by its name, or for those with some labels."""
    response.require_resources(
        rsp,
        requirement,
        api_version,
        kind,
        match_name=wanted.name if isinstance(wanted, ObjectKey) else None,
        match_labels=None if isinstance(wanted, ObjectKey) else dict(wanted.labels),
        namespace=wanted.namespace,
    )


def _compose_key(compose: ComposeSpec | None) -> Hashable:
    """What a preparation hangs on of it; an error by its text."""
    if compose is None or not isinstance(compose.settings, InputError):
        return compose
    return (compose.adapter, compose.pools, str(compose.settings))


def _ends(prepared: Preparation, instant: datetime) -> list[datetime]:
    """When the windows end that hold, whoever follows them."""
    return [window_at(group, instant).end for pool in prepared.pools for group in pool.pool.groups]
