"""Buckets whose objects go to cheaper classes as they age, and are dropped at last.

S3 lifecycle rules and Intelligent-Tiering, Cloud Storage rules and Autoclass, Azure Blob management
policies, for buckets made here or for those that there are. S3 and Azure keep one set of rules a bucket or
account: the component's replaces whatever was there.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.errors import EngineError, InputError, allowed
from trimtab.plan.attribution import plan_tags
from trimtab.plan.storage import Intent
from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import Arguments, checked, plan_of
from trimtab.provision.gke.labels import gcp_labels
from trimtab.provision.sized_groups import check_tags
from trimtab.provision.storage.lifecycle import (
    LADDERS,
    Rule,
    StatedRule,
    azure_rules,
    gcs_rules,
    rules_of,
    s3_rules,
    tierings,
)
from trimtab_components.buckets import closed_bucket, kept
from trimtab_components.eks.late import LateText
from trimtab_components.order import children_wait

__all__ = ["DataLifecycle", "DataLifecycleArgs"]


class LifecycleRule(TypedDict, total=False):
    """One rule."""

    prefix: str
    """Of the names of objects that it holds for; default all."""
    min_kib: int
    """Smaller objects stay where they are; default what the cloud does (S3: 128 KiB)."""
    transitions: dict[str, int]
    """Age in days at which objects go to a storage class, by the class' name: STANDARD_IA,
    INTELLIGENT_TIERING, ONEZONE_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE; NEARLINE, COLDLINE, ARCHIVE; Cool,
    Cold, Archive."""
    expire_days: int
    """Age in days at which they are dropped; default never."""
    noncurrent_transitions: dict[str, int]
    """The same of former versions, by the days since they were replaced."""
    noncurrent_expire_days: int
    """When former versions are dropped; default the bucket's, or never where the rule moves them."""
    noncurrent_keep: int
    """Former versions that stay whatever their age; default none."""


class LifecycleBucket(TypedDict, total=False):
    """One bucket, or on Azure one storage account."""

    existing: pulumi.Input[str]
    """A bucket that there is, by name; on Azure the storage account's id, which must be given. Default:
    the bucket is made."""
    bucket: str
    """Name of the bucket to make; default one that Pulumi makes of the component's."""
    containers: list[str]
    """On Azure: the containers that the rules hold for; default all of the account's."""
    intent: str
    """What its objects are for, which stands for usual rules: hot, warm, cold, scratch, shared or
    snapshot."""
    rules: dict[str, LifecycleRule]
    """Rules by name, instead of the intent's."""
    rules_file: str
    """Path of a LifecycleRules document, as `trimtab storage lifecycle --out` writes it, instead of both."""
    archive_days: int
    """Days without access after which Intelligent-Tiering archives, 90 to 730; default never."""
    deep_archive_days: int
    """Days without access after which it archives deeply, 180 to 730; default never."""
    autoclass: bool
    """On Google Cloud: whether Cloud Storage chooses the class of each object by its use; default false."""
    noncurrent_days: int
    """Days after which former versions are dropped; default 30; 0: never."""
    abort_days: int
    """Days after which uploads that never ended are dropped; default 7; 0: never."""
    versioning: bool
    """Whether former versions are kept, of a bucket made here; of one that there is, whether it has them.
    Default true."""
    key_arn: pulumi.Input[str]
    """The key of a bucket made here: a KMS key's ARN, or Google's resource name; default the cloud's own."""


class DataLifecycleArgs(TypedDict):
    """Which buckets, and what becomes of their objects. Names of existing ones and keys may be late."""

    buckets: dict[str, LifecycleBucket]
    """Buckets by a short name."""
    plan: NotRequired[Any]
    """The CapacityPlan that the data belongs to, for region and tags: the document itself, or the path of
    its file."""
    provider: NotRequired[str]
    """aws, gcp or azure; default the plan's."""
    region: NotRequired[str]
    """Where buckets are made; default the plan's."""
    keep_data: NotRequired[bool]
    """Whether buckets made here are protected, and left behind where they are taken out nevertheless;
    default true."""
    tags: NotRequired[dict[str, str]]
    """Tags of the buckets, besides those of the plan."""


class _Bucket(Arguments):
    existing: LateText = None
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")] | None = None
    containers: tuple[str, ...] = ()
    intent: Intent | None = None
    rules: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}$")], StatedRule] = (
        Field(default_factory=dict)
    )
    rules_file: Annotated[str, Field(min_length=1)] | None = None
    archive_days: Count | None = None
    deep_archive_days: Count | None = None
    autoclass: Flag = False
    noncurrent_days: Annotated[Count, Field(ge=0)] = 30
    abort_days: Annotated[Count, Field(ge=0)] = 7
    versioning: Flag = True
    key_arn: LateText = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.existing is not None:
            for name in ("bucket", "key_arn"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} is of a bucket to make; drop it, or existing")
        ways = sum((self.intent is not None, bool(self.rules), self.rules_file is not None))
        if ways > 1 or (not ways and not self.autoclass):
            raise ValueError("give intent, rules of your own, or rules_file, and one of them")
        return self


class _Checked(Arguments):
    buckets: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")], _Bucket],
        Field(min_length=1),
    ]
    plan: Any = None
    provider: str | None = None
    region: str | None = None
    keep_data: Flag = True
    tags: dict[str, str] = Field(default_factory=dict)


class DataLifecycle(pulumi.ComponentResource):
    """Buckets with the rules by which their objects age."""

    buckets: pulumi.Output[dict[str, str]]
    """The buckets' names by their short ones; on Azure the storage accounts' ids."""

    def __init__(
        self, name: str, args: DataLifecycleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `DataLifecycleArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, a rule can't be or pays for a stay that it cuts
                short, or the provider has nothing like it.
        """
        where = f'DataLifecycle "{name}"'
        settings = checked(_Checked, args, where)
        plan = None if settings.plan is None else plan_of(settings.plan, where)
        check_tags(settings.tags, where)
        provider = settings.provider or (plan.spec.site.provider if plan else None)
        self._region = settings.region or (plan.spec.site.region if plan else None)
        _check_place(provider, self._region, where)
        self._tags = {**settings.tags, **(plan_tags(plan) if plan else {})}
        self._keep, self._where = settings.keep_data, where
        make = {"aws": self._aws, "gcp": self._gcp, "azure": self._azure}[str(provider)]
        rules = {
            key: _rules(each, str(provider), str(self._region), f"{where}: buckets.{key}")
            for key, each in settings.buckets.items()
        }
        super().__init__("trimtab:index:DataLifecycle", name, {}, children_wait(opts))
        found = {
            key: make(f"{name}-{key}", each, rules[key]) for key, each in settings.buckets.items()
        }
        self.buckets = pulumi.Output.all(**found)
        self.register_outputs({"buckets": self.buckets})

    def _aws(self, part: str, bucket: _Bucket, rules: tuple[Rule, ...]) -> Any:
        guards: tuple[pulumi.Resource, ...] = ()
        target: Any = bucket.existing
        if target is None:
            made = closed_bucket(
                part,
                region=str(self._region),
                tags=self._tags,
                parent=self,
                bucket=bucket.bucket,
                key=bucket.key_arn,
                versioning=bucket.versioning,
                keep=self._keep,
            )
            target, guards = made.name, made.guards
        # S3 turns away changes of a bucket's settings while others are under way.
        options = pulumi.ResourceOptions(parent=self, depends_on=list(guards))
        written: Any = s3_rules(rules, bucket.versioning)
        if written:
            aws.s3.BucketLifecycleConfiguration(part, bucket=target, rules=written, opts=options)
        archives: Any = tierings(bucket.archive_days, bucket.deep_archive_days, self._where)
        if archives:
            aws.s3.BucketIntelligentTieringConfiguration(
                part, bucket=target, name=part, tierings=archives, opts=options
            )
        return target

    def _gcp(self, part: str, bucket: _Bucket, rules: tuple[Rule, ...]) -> Any:
        import pulumi_gcp as gcp

        key = bucket.key_arn
        written: Any = gcs_rules(rules, bucket.versioning) or None
        encryption: Any = None if key is None else {"default_kms_key_name": key}
        made = gcp.storage.Bucket(
            part,
            name=bucket.bucket,
            location=str(self._region),
            labels=gcp_labels(self._tags, self._where),
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning={"enabled": bucket.versioning},
            encryption=encryption,
            autoclass={"enabled": True} if bucket.autoclass else None,
            lifecycle_rules=written,
            opts=kept(self, self._keep),
        )
        return made.name

    def _azure(self, part: str, bucket: _Bucket, rules: tuple[Rule, ...]) -> Any:
        import pulumi_azure as azure

        written: Any = azure_rules(rules, bucket.containers)
        if written:
            azure.storage.ManagementPolicy(
                part,
                storage_account_id=bucket.existing,
                rules=written,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return pulumi.Output.from_input(bucket.existing)


def _check_place(provider: str | None, region: str | None, where: str) -> None:
    if provider is None or region is None:
        raise InputError(
            "which cloud and region is not said",
            where=where,
            mend="give plan, or provider and region",
        )
    if provider not in LADDERS:
        raise InputError(
            f"provider {provider} has no lifecycle rules",
            where=where,
            mend=f"use one of {allowed(list(LADDERS))}",
        )
    if find_spec(f"pulumi_{provider}") is None:
        extra = {"gcp": "gke", "azure": "aks"}.get(provider, provider)
        raise EngineError(
            f"{where} needs pulumi-{provider}, which is not installed",
            mend=f"pip install 'trimtab-components[{extra}]'",
        )


def _written(path: str, region: str, where: str) -> dict[str, StatedRule]:
    """The rules of a document.

    Raises:
        InputError: it can't be read, or was weighed at another region's prices.
    """
    from trimtab.storage.lifecycle_document import load_rules

    found = load_rules(Path(path))
    if found.region != region:
        raise InputError(
            f"the rules of {path} were weighed in {found.region}, and the bucket is in {region}",
            where=f"{where}.rules_file",
            mend=f"run trimtab storage lifecycle --region {region} --out {path}",
        )
    return {
        name: StatedRule(prefix=prefix, transitions=transitions)
        for name, (prefix, transitions) in found.rules.items()
    }


def _rules(bucket: _Bucket, provider: str, region: str, where: str) -> tuple[Rule, ...]:
    """The bucket's rules, with whatever its provider has nothing for refused."""
    lacking = {
        "aws": {
            "autoclass": "use intent warm, which is Intelligent-Tiering",
            "containers": "drop it",
        },
        "gcp": {
            "rules_file": "give rules: S3's are weighed alone",
            "existing": "make the bucket here: Cloud Storage keeps rules with the bucket itself",
            "archive_days": "use autoclass",
            "deep_archive_days": "use autoclass",
            "containers": "drop it",
        },
        "azure": {
            "rules_file": "give rules: S3's are weighed alone",
            "bucket": "give existing, the id of a storage account",
            "autoclass": "drop it",
            "archive_days": "give a rule with the transition Archive",
            "deep_archive_days": "give a rule with the transition Archive",
        },
    }[provider]
    for name, mend in lacking.items():
        if getattr(bucket, name):
            raise InputError(f"{provider} has no {name}", where=where, mend=mend)
    if provider == "azure" and bucket.existing is None:
        raise InputError(
            "a storage account is not made here", where=where, mend="give existing, its id"
        )
    if bucket.autoclass and (bucket.rules or bucket.intent):
        moving = [each.transitions for each in bucket.rules.values()]
        if bucket.intent or any(moving):
            raise InputError(
                "autoclass moves objects itself, and rules may not",
                where=where,
                mend="drop intent and transitions; rules that drop objects may stay",
            )
    tierings(bucket.archive_days, bucket.deep_archive_days, where)
    return rules_of(
        provider,
        bucket.intent,
        _written(bucket.rules_file, region, where) if bucket.rules_file else bucket.rules,
        (bucket.noncurrent_days or None) if bucket.versioning else None,
        bucket.abort_days or None if provider != "azure" else None,
        where,
    )
