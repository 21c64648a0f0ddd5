"""Spending on AWS, guarded: budgets from the plan, tags that the bill knows, anomalies, the bill itself."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.errors import InputError, StalePlanError, allowed
from trimtab.plan.attribution import plan_tags
from trimtab.plan.labels import GROUP_TAG, OPTION_TAG, PLAN_TAG, POOL_TAG
from trimtab.plan.model import CapacityPlan
from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import Arguments, checked, plan_of
from trimtab.provision.eks.roles import policy_document
from trimtab.provision.governance.anomalies import SERVICES, of_owner
from trimtab.provision.governance.anomalies import threshold as least_impact
from trimtab.provision.governance.budgets import (
    FIELDS,
    MOST_MAIL,
    Budget,
    Per,
    budget_inputs,
    planned,
    stated,
    warnings,
)
from trimtab.provision.governance.focus import Granularity, alerts_policy, delivery, export_inputs
from trimtab.provision.sized_groups import check_tags
from trimtab_components.buckets import closed_bucket
from trimtab_components.eks.encryption import account_id
from trimtab_components.eks.late import LateArn, LateKeyArn, LateRoleArn
from trimtab_components.governance.arguments import (
    AnomalyDetection,
    BudgetAction,
    CostGovernanceArgs,
    FocusExport,
)
from trimtab_components.order import children_wait
from trimtab_components.region import aws_region

__all__ = [
    "AnomalyDetection",
    "BudgetAction",
    "CostGovernance",
    "CostGovernanceArgs",
    "FocusExport",
]

ALLOCATION_TAGS = (*FIELDS, PLAN_TAG, POOL_TAG, GROUP_TAG, OPTION_TAG)
"""Not the plan's digest: every plan would be a value of its own."""
PRODUCTION = ("", "prod", "production", "live")
_OUTPUTS = ("budget_names", "topic_arn", "bucket_name", "monitor_names")
_Share = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]
_Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=100)]
_TagName = Annotated[str, Field(min_length=1, max_length=128)]
_Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _Action(Arguments):
    execution_role_arn: LateRoleArn
    policy_arn: LateArn
    roles: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    threshold: _Share = 1.0
    automatic: Flag = False
    in_production: Flag = False


class _Anomalies(Arguments):
    usd: Annotated[_Amount, Field(gt=0)] = 100.0
    percentage: _Amount = 20.0
    services: Flag = True
    tags: dict[_TagName, tuple[str, ...]] | None = None
    mail: Literal["DAILY", "WEEKLY"] = "DAILY"


class _Focus(Arguments):
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] | None = None
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")] = "focus"
    granularity: Granularity = "DAILY"
    key_arn: LateKeyArn = None
    archive_days: Count = 90
    keep_days: Count = 1190

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.keep_days and self.archive_days >= self.keep_days:
            raise ValueError(
                f"archive_days {self.archive_days} is not before keep_days {self.keep_days}; "
                "give fewer days, or 0 for never"
            )
        return self


class _Checked(Arguments):
    plan: Any
    region: str | None = None
    budgets: dict[str, Any] | str | None = None
    per: Per = "team"
    margin: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.1
    thresholds: Annotated[tuple[_Share, ...], Field(min_length=1, max_length=8)] = (0.8, 1.0)
    forecast: Flag = True
    emails: Annotated[tuple[_Email, ...], Field(max_length=MOST_MAIL)] = ()
    topic_arn: LateArn = None
    actions: dict[str, _Action] = Field(default_factory=dict)
    cost_allocation_tags: Annotated[tuple[_TagName, ...], Field(max_length=100)] = ALLOCATION_TAGS
    anomalies: _Anomalies = _Anomalies()
    detect_anomalies: Flag = True
    focus: _Focus = _Focus()
    export_focus: Flag = True
    tags: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.budgets is not None:
            for name in ("per", "margin", "thresholds"):
                if name in self.model_fields_set:
                    raise ValueError(
                        f"{name} is of budgets that follow from the plan, and budgets are given; drop one"
                    )
        for switch, name in (("detect_anomalies", "anomalies"), ("export_focus", "focus")):
            if not getattr(self, switch) and name in self.model_fields_set:
                raise ValueError(f"{switch} is false, and {name} is given; drop one of them")
        return self


class CostGovernance(pulumi.ComponentResource):
    """Budgets, cost allocation tags, anomaly detection and the bill's export, of an AWS account."""

    budget_names: pulumi.Output[list[str]]
    """The budgets."""
    topic_arn: pulumi.Output[str]
    """The topic that is told."""
    bucket_name: pulumi.Output[str]
    """The bucket of the bill's export; empty where there is none."""
    monitor_names: pulumi.Output[list[str]]
    """The monitors of anomalies."""

    def __init__(
        self, name: str, args: CostGovernanceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `CostGovernanceArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or contradicts another or the plan.
            StalePlanError: the plan is of another cloud.
        """
        where = f'CostGovernance "{name}"'
        settings = checked(_Checked, args, where)
        check_tags(settings.tags, where)
        plan = plan_of(settings.plan, where)
        if plan.spec.site.provider != "aws":
            raise StalePlanError(
                f"the plan is for provider {plan.spec.site.provider}, and these are AWS' budgets",
                where=where,
                mend="give the plan of an AWS cluster",
            )
        region = aws_region(settings.region, where)
        wanted = _budgets(settings, plan, where)
        _check_actions(settings, wanted, where)
        super().__init__("trimtab:index:CostGovernance", name, {}, children_wait(opts))

        self._tags = {**settings.tags, **plan_tags(plan)}
        self._child = pulumi.ResourceOptions(parent=self)
        topic, ready = self._topic(name, settings)
        for each in wanted:
            self._budget(name, each, settings, topic, ready)
        for gap in warnings(plan, wanted):
            pulumi.log.warn(f"{where}: {gap}", resource=self)
        for tag in settings.cost_allocation_tags:
            aws.costexplorer.CostAllocationTag(
                f"{name}-{tag.replace(':', '-')}",
                tag_key=tag,
                status="Active",
                opts=self._child,
            )
        monitors = self._anomalies(name, settings, plan, topic, ready)
        self.budget_names = pulumi.Output.from_input([each.name for each in wanted])
        self.topic_arn = pulumi.Output.from_input(topic)
        self.bucket_name = self._focus(name, settings, region)
        self.monitor_names = pulumi.Output.from_input(monitors)
        self.register_outputs({key: getattr(self, key) for key in _OUTPUTS})

    def _topic(self, name: str, settings: _Checked) -> tuple[Any, list[pulumi.Resource]]:
        """The topic that is told, and what must stand before AWS may publish to it."""
        if settings.topic_arn is not None:
            return settings.topic_arn, []
        topic = aws.sns.Topic(f"{name}-alerts", tags=self._tags, opts=self._child)
        both = pulumi.Output.all(topic.arn, account_id(self))
        policy = aws.sns.TopicPolicy(
            f"{name}-alerts",
            arn=topic.arn,
            policy=both.apply(lambda given: policy_document([alerts_policy(*given)])),
            opts=self._child,
        )
        return topic.arn, [policy]

    def _budget(
        self,
        name: str,
        budget: Budget,
        settings: _Checked,
        topic: Any,
        ready: list[pulumi.Resource],
    ) -> None:
        made = aws.budgets.Budget(
            f"{name}-{budget.name}",
            **budget_inputs(budget, settings.emails, [topic], settings.forecast),
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=ready),
        )
        action = settings.actions.get(budget.name)
        if action is None:
            return
        attached: Any = {"policy_arn": action.policy_arn, "roles": list(action.roles)}
        threshold: Any = {
            "action_threshold_type": "PERCENTAGE",
            "action_threshold_value": round(action.threshold * 100, 4),
        }
        subscribers: list[Any] = [
            {"address": topic, "subscription_type": "SNS"},
            *({"address": each, "subscription_type": "EMAIL"} for each in settings.emails),
        ]
        aws.budgets.BudgetAction(
            f"{name}-{budget.name}-action",
            budget_name=made.name,
            action_type="APPLY_IAM_POLICY",
            approval_model="AUTOMATIC" if action.automatic else "MANUAL",
            notification_type="ACTUAL",
            action_threshold=threshold,
            definition={"iam_action_definition": attached},
            execution_role_arn=action.execution_role_arn,
            subscribers=subscribers,
            tags=self._tags,
            opts=self._child,
        )

    def _anomalies(
        self,
        name: str,
        settings: _Checked,
        plan: CapacityPlan,
        topic: Any,
        ready: list[pulumi.Resource],
    ) -> list[str]:
        """The monitors and who is told of what they find."""
        if not settings.detect_anomalies:
            return []
        chosen = settings.anomalies
        wanted: dict[str, Mapping[str, Any]] = {}
        if chosen.services:
            wanted[f"{name}-services"] = SERVICES
        watched = {"team": _teams(plan)} if chosen.tags is None else chosen.tags
        for tag, values in watched.items():
            for value in values:
                wanted[f"{name}-{tag}-{value}"] = of_owner(tag, value)
        monitors = [
            aws.costexplorer.AnomalyMonitor(
                key, name=key, **inputs, tags=self._tags, opts=self._child
            )
            for key, inputs in wanted.items()
        ]
        told: dict[str, tuple[str, list[Any]]] = {
            "at-once": ("IMMEDIATE", [{"type": "SNS", "address": topic}])
        }
        if settings.emails:
            mail = [{"type": "EMAIL", "address": each} for each in settings.emails]
            told["mail"] = (chosen.mail, mail)
        least: Any = least_impact(chosen.usd, chosen.percentage)
        for key, (frequency, subscribers) in told.items() if monitors else ():
            aws.costexplorer.AnomalySubscription(
                f"{name}-{key}",
                name=f"{name}-{key}",
                frequency=frequency,
                monitor_arn_lists=[each.arn for each in monitors],
                subscribers=subscribers,
                threshold_expression=least,
                tags=self._tags,
                opts=pulumi.ResourceOptions(parent=self, depends_on=ready),
            )
        return list(wanted)

    def _focus(self, name: str, settings: _Checked, region: str) -> pulumi.Output[str]:
        """The bill's export and its bucket, which outlives the component."""
        if not settings.export_focus:
            return pulumi.Output.from_input("")
        chosen, account = settings.focus, account_id(self)
        bucket = closed_bucket(
            f"{name}-focus",
            region=region,
            tags=self._tags,
            parent=self,
            bucket=chosen.bucket,
            key=chosen.key_arn,
            allow=lambda of: account.apply(lambda owner: delivery(of, owner, region)),
        )
        rule = _ages(chosen)
        if rule:
            aws.s3.BucketLifecycleConfiguration(
                f"{name}-focus", bucket=bucket.name, rules=[rule], opts=self._child
            )
        export: Any = export_inputs(
            f"{name}-focus", bucket.name, chosen.prefix, region, chosen.granularity
        )
        aws.bcmdata.Export(
            f"{name}-focus",
            export=export,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(bucket.guards)),
        )
        return bucket.name


def _ages(chosen: _Focus) -> Any:
    rule: dict[str, Any] = {}
    if chosen.archive_days:
        rule["transitions"] = [{"days": chosen.archive_days, "storage_class": "GLACIER_IR"}]
    if chosen.keep_days:
        rule["expiration"] = {"days": chosen.keep_days}
    of_it = {"id": "age", "status": "Enabled", "filter": {"prefix": f"{chosen.prefix}/"}}
    return {**of_it, **rule} if rule else {}


def _teams(plan: CapacityPlan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pool.owner.team for pool in plan.spec.pools if pool.owner.team))


def _budgets(settings: _Checked, plan: CapacityPlan, where: str) -> tuple[Budget, ...]:
    if settings.budgets is not None:
        return stated(settings.budgets, where)
    return planned(plan, settings.per, settings.margin, settings.thresholds, where)


def _check_actions(settings: _Checked, wanted: tuple[Budget, ...], where: str) -> None:
    by_name = {each.name: each for each in wanted}
    for name, action in settings.actions.items():
        if name not in by_name:
            raise InputError(
                f"actions: {name} is no budget",
                where=where,
                mend=f"use one of {allowed(set(by_name))}",
            )
        environment = by_name[name].owner.get("environment", "")
        if action.automatic and not action.in_production and environment.lower() in PRODUCTION:
            what = f"environment {environment}" if environment else "every environment"
            raise InputError(
                f"actions.{name}: automatic would deny what runs in {what} without anybody's consent",
                where=where,
                mend="drop automatic, or set in_production",
            )
