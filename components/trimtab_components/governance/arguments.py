"""What `CostGovernance` is given at the boundary."""

from typing import Any, NotRequired, TypedDict

import pulumi


class BudgetAction(TypedDict):
    """What AWS does when a budget is passed: a policy that denies is attached to roles."""

    execution_role_arn: pulumi.Input[str]
    """The role that AWS Budgets assumes to do it."""
    policy_arn: pulumi.Input[str]
    """The policy that is attached."""
    roles: list[str]
    """Names of the roles that it is attached to."""
    threshold: NotRequired[float]
    """From which part of the budget; default 1."""
    automatic: NotRequired[bool]
    """Whether it is done without anybody's consent; default false: somebody must agree each time."""
    in_production: NotRequired[bool]
    """Whether it may be automatic where the budget's owner is production, or no environment; default
    false."""


class AnomalyDetection(TypedDict, total=False):
    """What of Cost Anomaly Detection is set up."""

    usd: float
    """The least impact that is told of; default 100."""
    percentage: float
    """The least impact as a percentage of what was expected; default 20. 0: the amount alone counts."""
    services: bool
    """Whether to watch every service; default true. False where the account, which may have one such
    monitor, has it."""
    tags: dict[str, list[str]]
    """Owners to watch apart, by tag, such as {"team": ["vision"]}; default the plan's teams."""
    mail: str
    """How often mail sums them up: DAILY (the default) or WEEKLY. A topic is told at once."""


class FocusExport(TypedDict, total=False):
    """The bill's export."""

    bucket: str
    """The bucket's name; default one that Pulumi makes."""
    prefix: str
    """Where in the bucket; default focus."""
    granularity: str
    """HOURLY, DAILY (the default) or MONTHLY."""
    key_arn: pulumi.Input[str]
    """The KMS key of the bucket, whose policy must let bcm-data-exports.amazonaws.com use it; default
    S3's own keys."""
    archive_days: int
    """After which files are kept in Glacier Instant Retrieval; default 90. 0: never."""
    keep_days: int
    """After which they are deleted; default 1,190, three years and a quarter. 0: never."""


class CostGovernanceArgs(TypedDict):
    """How spending is watched. All but ARNs must be known at plan time."""

    plan: Any
    """The CapacityPlan of an AWS cluster: a document, or the path of its file."""
    region: NotRequired[str]
    """The provider's region, where the bucket and the topic are; default the stack's aws:region."""
    budgets: NotRequired[Any]
    """A `Budgets` document, or its file's path: what `trimtab diff --budgets` reads. Default: budgets
    of what the plan's owners are expected to cost."""
    per: NotRequired[str]
    """Without `budgets`, whom there is one for: each team (the default), project, model or
    environment."""
    margin: NotRequired[float]
    """Without `budgets`, what is added to what the plan expects, as a part of it; default 0.1."""
    thresholds: NotRequired[list[float]]
    """Without `budgets`, the parts of a budget at which to speak up; default 0.8 and 1."""
    forecast: NotRequired[bool]
    """Whether to speak up, too, when the month is forecast to end above a budget; default true."""
    emails: NotRequired[list[str]]
    """Whom to tell, 10 addresses at most."""
    topic_arn: NotRequired[pulumi.Input[str]]
    """The SNS topic that is told, whose policy must let budgets and costalerts publish; default one is
    made."""
    actions: NotRequired[dict[str, BudgetAction]]
    """What AWS does when a budget is passed, by the budget's name; default nothing."""
    cost_allocation_tags: NotRequired[list[str]]
    """Tags that the bill is broken down by; default the owner's and the plan's. Only the payer's account
    may set them, and only once something has borne them for a day; [] for none."""
    anomalies: NotRequired[AnomalyDetection]
    """What of Cost Anomaly Detection is set up."""
    detect_anomalies: NotRequired[bool]
    """Whether it is; default true."""
    focus: NotRequired[FocusExport]
    """The bill's export in FOCUS 1.2."""
    export_focus: NotRequired[bool]
    """Whether there is one; default true."""
    tags: NotRequired[dict[str, str]]
    """Tags of every resource, besides those of the plan."""
