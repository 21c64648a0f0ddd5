"""Karpenter's controller on an EKS cluster: what it may do, what it hears of, and its charts."""

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.plan.attribution import object_labels, plan_tags
from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import Arguments, Override, checked, plan_of
from trimtab.provision.charts.karpenter import KARPENTER, KARPENTER_CRD
from trimtab.provision.eks.roles import CNI_POLICY, NODE_POLICIES, partition
from trimtab.provision.sized_groups import check_tags
from trimtab_components.arguments import ChartOverride
from trimtab_components.eks.late import LateKeyArn, LateRoleArn, LateText
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.karpenter import controller_iam as iam
from trimtab_components.karpenter.controller_values import Controller, controller_values
from trimtab_components.karpenter.features import FEATURES, RESERVED_CAPACITY
from trimtab_components.order import children_wait
from trimtab_components.region import aws_region

SERVICE_ACCOUNT = "karpenter"
QUEUE_SECONDS = 300
"""An interruption that is older than five minutes has happened."""
EVENTS = {
    "spot-interruption": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state-change": ("aws.ec2", "EC2 Instance State-change Notification"),
    "scheduled-change": ("aws.health", "AWS Health Event"),
    "reservation-interruption": (
        "aws.ec2",
        "EC2 Capacity Reservation Instance Interruption Warning",
    ),
}
"""What Karpenter must hear of, as EventBridge has it: source and detail type (its installation template,
v1.14)."""


class KarpenterControllerArgs(TypedDict):
    """What the controller is set up with. All but the node role, the key and `endpoint` must be known at
    plan time."""

    cluster_name: str
    """The EKS cluster's name. The queue bears it too."""
    region: NotRequired[str]
    """The AWS region; default the stack's aws:region."""
    endpoint: NotRequired[pulumi.Input[str]]
    """The API server's address; default Karpenter asks EKS."""
    node_role_arn: NotRequired[pulumi.Input[str]]
    """The role of the nodes that Karpenter makes, where there is one already; default one is made,
    KarpenterNodeRole-<cluster_name>."""
    access_entry: NotRequired[bool]
    """Whether to let the nodes' role into the cluster; default true for a role that is made here. The
    role of the cluster's own node groups is let in already."""
    volume_key_arn: NotRequired[pulumi.Input[str]]
    """The key of the nodes' volumes, where KarpenterPools names one: the controller is let use it, for it
    starts the machines. The key's own ARN; its policy must leave the key to the account's IAM."""
    features: NotRequired[list[str]]
    """Feature gates that are on: reservedCapacity, staticCapacity, nodeOverlay, capacityBuffer,
    spotToSpotConsolidation, nodeRepair; default reservedCapacity alone. `features_for` names those that
    pools need."""
    replicas: NotRequired[int]
    """Controllers, of which one leads; default 2, on different nodes."""
    cpu: NotRequired[str]
    """What a controller asks for; default 1."""
    memory: NotRequired[str]
    """What a controller asks for and may use; default 1Gi."""
    tolerate: NotRequired[list[str]]
    """Keys of taints on the nodes that carry the controller. It never runs on Karpenter's own."""
    node_selector: NotRequired[dict[str, str]]
    """Labels of the nodes that carry the controller."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the charts. flux: HelmReleases for Flux in the cluster."""
    plan: NotRequired[Any]
    """The CapacityPlan that the controller serves, for the attribution tags and labels."""
    tags: NotRequired[dict[str, str]]
    """Tags of every AWS resource, besides those of the plan."""
    override: NotRequired[ChartOverride]
    """What differs from the chart's version, namespace and values as Trimtab sets them; the version and
    the namespace hold for the chart of the CRDs too."""


_Quantity = Annotated[str, Field(pattern=r"^\d+(\.\d+)?(m|Ki|Mi|Gi)?$")]


class _Checked(Arguments):
    cluster_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,45}$")]
    region: str | None = None
    endpoint: LateText = None
    node_role_arn: LateRoleArn = None
    access_entry: Flag | None = None
    volume_key_arn: LateKeyArn = None
    features: tuple[str, ...] = (RESERVED_CAPACITY,)
    replicas: Annotated[Count, Field(ge=1, le=8)] = 2
    cpu: _Quantity = "1"
    memory: _Quantity = "1Gi"
    tolerate: tuple[str, ...] = ()
    node_selector: dict[str, str] = Field(default_factory=dict)
    delivery: Delivery = "chart"
    plan: Any = None
    tags: dict[str, str] = Field(default_factory=dict)
    override: Override = Override()

    @model_validator(mode="after")
    def _known_features(self) -> Self:
        for name in self.features:
            if name not in FEATURES:
                raise ValueError(f"features: {name} is unknown; use one of {', '.join(FEATURES)}")
        if self.node_role_arn is None and self.access_entry is False:
            raise ValueError(
                "access_entry is false, and nodes with the role made here could not join; drop it, or "
                "give node_role_arn"
            )
        return self


class KarpenterController(pulumi.ComponentResource):
    """Karpenter on an EKS cluster, with the role, the queue and the events that it needs."""

    role_arn: pulumi.Output[str]
    """The controller's role."""
    node_role_arn: pulumi.Output[str]
    """The role of the nodes that it makes."""
    node_role: pulumi.Output[str]
    """The same by name, as node classes have it."""
    queue_name: pulumi.Output[str]
    """The queue of interruptions."""
    namespace: pulumi.Output[str]
    """The namespace of the release."""
    version: pulumi.Output[str]
    """The charts' version."""

    def __init__(
        self, name: str, args: KarpenterControllerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `KarpenterControllerArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or contradicts another.
        """
        where = f'KarpenterController "{name}"'
        settings = checked(_Checked, args, where)
        check_tags(settings.tags, where)
        region = aws_region(settings.region, where)
        plan = None if settings.plan is None else plan_of(settings.plan, where)
        labels = object_labels(plan)
        values = controller_values(
            Controller(
                settings.cluster_name,
                settings.endpoint,
                settings.features,
                settings.replicas,
                settings.cpu,
                settings.memory,
                settings.tolerate,
                settings.node_selector,
            ),
            settings.override.values,
        )
        super().__init__("trimtab:index:KarpenterController", name, {}, children_wait(opts))

        tags = {**settings.tags, **plan_tags(plan)}
        self.node_role_arn, joined = self._nodes(name, settings, region, tags)
        queue, heard = self._interruptions(name, settings.cluster_name, tags)
        role, ready = self._role(name, settings, region, tags, queue)
        namespace = settings.override.namespace or KARPENTER.namespace
        same = Override(version=settings.override.version, namespace=settings.override.namespace)
        crds = Release(KARPENTER_CRD, {}, same, settings.delivery, labels)
        first = install(f"{name}-crds", crds, self)
        ready.append(
            aws.eks.PodIdentityAssociation(
                name,
                cluster_name=settings.cluster_name,
                namespace=namespace,
                service_account=SERVICE_ACCOUNT,
                role_arn=role.arn,
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(ready)),
            )
        )
        release = Release(
            KARPENTER,
            values,
            settings.override,
            settings.delivery,
            labels,
            own_namespace=False,
            skip_crds=True,
        )
        install(name, release, self, [first, *ready, *heard, *joined])
        self.role_arn = role.arn
        self.node_role = self.node_role_arn.apply(lambda arn: arn.rpartition("/")[2])
        self.queue_name = queue.name
        self.namespace = pulumi.Output.from_input(namespace)
        self.version = pulumi.Output.from_input(release.version)
        self.register_outputs(
            {
                "role_arn": self.role_arn,
                "node_role_arn": self.node_role_arn,
                "node_role": self.node_role,
                "queue_name": self.queue_name,
                "namespace": self.namespace,
                "version": self.version,
            }
        )

    def _nodes(
        self, name: str, settings: _Checked, region: str, tags: Mapping[str, str]
    ) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
        """The nodes' role, and what must stand before a node of it can join."""
        options = pulumi.ResourceOptions(parent=self)
        ready: list[pulumi.Resource] = []
        if settings.node_role_arn is None:
            role = aws.iam.Role(
                f"{name}-node",
                # KarpenterPools looks for this name where none is stated.
                name=f"KarpenterNodeRole-{settings.cluster_name}",
                assume_role_policy=iam.node_trust(region),
                tags=tags,
                opts=options,
            )
            arn = role.arn
            ready += [
                aws.iam.RolePolicyAttachment(
                    f"{name}-node-{policy}",
                    role=role.name,
                    policy_arn=f"arn:{partition(region)}:iam::aws:policy/{policy}",
                    opts=options,
                )
                for policy in (*NODE_POLICIES, CNI_POLICY)
            ]
        else:
            arn = pulumi.Output.from_input(settings.node_role_arn)
        wanted = settings.access_entry
        if settings.node_role_arn is None if wanted is None else wanted:
            ready.append(
                aws.eks.AccessEntry(
                    f"{name}-node",
                    cluster_name=settings.cluster_name,
                    principal_arn=arn,
                    type="EC2_LINUX",
                    tags=tags,
                    opts=options,
                )
            )
        return arn, ready

    def _interruptions(
        self, name: str, cluster: str, tags: Mapping[str, str]
    ) -> tuple[aws.sqs.Queue, list[pulumi.Resource]]:
        """The queue, and what fills it."""
        options = pulumi.ResourceOptions(parent=self)
        queue = aws.sqs.Queue(
            f"{name}-interruptions",
            name=cluster,
            message_retention_seconds=QUEUE_SECONDS,
            sqs_managed_sse_enabled=True,
            tags=tags,
            opts=options,
        )
        rules, targets = [], []
        for key, (source, detail) in EVENTS.items():
            rule = aws.cloudwatch.EventRule(
                f"{name}-{key}",
                description=f"{detail}, for Karpenter on {cluster}",
                event_pattern=_pattern(source, detail),
                tags=tags,
                opts=options,
            )
            rules.append(rule)
            targets.append(
                aws.cloudwatch.EventTarget(
                    f"{name}-{key}",
                    rule=rule.name,
                    target_id="KarpenterInterruptionQueueTarget",
                    arn=queue.arn,
                    opts=options,
                )
            )
        arns = pulumi.Output.all(queue.arn, *(rule.arn for rule in rules))
        policy = aws.sqs.QueuePolicy(
            f"{name}-interruptions",
            queue_url=queue.url,
            policy=arns.apply(lambda all_: iam.document(iam.queue_policy(all_[0], all_[1:]))),
            opts=options,
        )
        return queue, [policy, *targets]

    def _role(
        self,
        name: str,
        settings: _Checked,
        region: str,
        tags: Mapping[str, str],
        queue: aws.sqs.Queue,
    ) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        """The controller's role, and its policies."""
        options, cluster = pulumi.ResourceOptions(parent=self), settings.cluster_name
        role = aws.iam.Role(
            f"{name}-controller",
            assume_role_policy=iam.pod_trust(),
            tags=tags,
            opts=options,
        )
        policies: dict[str, pulumi.Input[str]] = {
            "node-lifecycle": iam.document(iam.node_lifecycle(cluster, region)),
            "instance-profiles": iam.document(iam.instance_profiles(cluster, region)),
            "discovery": iam.document(iam.discovery(cluster, region)),
            "pass-node-role": self.node_role_arn.apply(
                lambda arn: iam.document(iam.pass_node_role(arn))
            ),
            "interruptions": queue.arn.apply(lambda arn: iam.document(iam.read_interruptions(arn))),
        }
        if settings.volume_key_arn is not None:
            policies["volume-key"] = pulumi.Output.from_input(settings.volume_key_arn).apply(
                lambda arn: iam.document(iam.use_volume_key(arn, region))
            )
        made = [
            aws.iam.RolePolicy(f"{name}-{key}", role=role.name, policy=policy, opts=options)
            for key, policy in policies.items()
        ]
        return role, list(made)


def _pattern(source: str, detail: str) -> str:
    return iam.canonical({"source": [source], "detail-type": [detail]})
