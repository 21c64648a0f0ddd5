"""A cluster that exists, on premises or in any cloud, and what a capacity plan asks of it."""

from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field, model_validator

from trimtab.plan.attribution import object_labels
from trimtab.plan.types import Flag, Name, Namespace
from trimtab.provision.arguments import Arguments, checked, instant_of, plan_of
from trimtab.provision.owned_machines import OwnedGroup, owned_groups
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.sized_groups import sized_groups
from trimtab_components.order import standing_first
from trimtab_components.plan_object import NAMESPACE, plan_and_kind
from trimtab_components.pool_settings import PoolSettings

__all__ = ["ExistingCluster", "ExistingClusterArgs"]

_OUTPUTS = ("kubeconfig", "namespace", "plan_name", "join_arguments")


class ExistingClusterArgs(TypedDict):
    """How the cluster is reached and what the plan asks of it. All but `kubeconfig` must be known at
    plan time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start."""
    kubeconfig: NotRequired[pulumi.Input[str]]
    """The cluster's kubeconfig, as text or the path of its file; kept as a secret."""
    context: NotRequired[str]
    """The kubeconfig's context; default its current one. Without `kubeconfig`, a context of the
    machine's own."""
    namespace: NotRequired[str]
    """The namespace of the plan, which is made unless every cluster has it; default trimtab-system."""
    install_crd: NotRequired[bool]
    """Whether the plan's CustomResourceDefinition is installed; default true. False where something
    else installs it."""
    machines: NotRequired[dict[str, list[str]]]
    """Names of the nodes of owned machines by `<pool>/<group>`: each gets its group's labels."""
    pools: NotRequired[dict[str, PoolSettings]]
    """How owned machines are marked, by pool (`trainers`) or by group (`trainers/cellar`)."""
    labels: NotRequired[dict[str, str]]
    """Labels of every object, besides those of the plan."""
    delete_unreachable: NotRequired[bool]
    """Whether objects of a cluster that can't be reached leave the stack's state; default false: an
    unreachable cluster is an error."""


class _Checked(Arguments):
    plan: Any
    as_of: str | None = None
    kubeconfig: Any = None
    context: Annotated[str, Field(min_length=1)] | None = None
    namespace: Namespace = NAMESPACE
    install_crd: Flag = True
    machines: dict[str, Annotated[tuple[Name, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    pools: dict[str, dict[str, Any]] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    delete_unreachable: Flag = False

    @model_validator(mode="after")
    def _reached(self) -> "_Checked":
        if self.kubeconfig is None and self.context is None:
            raise ValueError(
                "which cluster is not said; give kubeconfig, or a context of this machine's own"
            )
        return self


class ExistingCluster(pulumi.ComponentResource):
    """A CapacityPlan in a cluster that exists, and its owned machines marked as it says.

    The attribute `provider` is the cluster's Kubernetes provider, for other components of the program.
    """

    kubeconfig: pulumi.Output[str]
    """The kubeconfig, a secret; empty where only a context is given."""
    namespace: pulumi.Output[str]
    """The plan's namespace."""
    plan_name: pulumi.Output[str]
    """The plan's name in the cluster."""
    join_arguments: pulumi.Output[dict[str, str]]
    """The kubelet's arguments by which a machine joins as one of a group, by `<pool>/<group>`."""

    def __init__(
        self, name: str, args: ExistingClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `ExistingClusterArgs`.
            opts: Pulumi's options.

        Raises:
            InputError: an argument is unknown, wrong or contradicts another or the plan.
            StalePlanError: the plan has expired.
        """
        where = f'ExistingCluster "{name}"'
        settings = checked(_Checked, args, where)
        plan = plan_of(settings.plan, where)
        as_of = instant_of(settings.as_of, plan, where)
        sized_groups(plan, as_of, {})
        owned = owned_groups(
            plan,
            as_of,
            settings.machines,
            SettingsByGroup(plan, settings.pools, where),
            where,
        )
        super().__init__("trimtab:index:ExistingCluster", name, {}, opts)

        self._first = standing_first(opts)
        kubeconfig = settings.kubeconfig
        if kubeconfig is not None:
            kubeconfig = pulumi.Output.secret(kubeconfig)
        self.provider = kubernetes.Provider(
            name,
            kubeconfig=kubeconfig,
            context=settings.context,
            enable_server_side_apply=True,
            delete_unreachable=settings.delete_unreachable or None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._first),
        )
        labels = {**settings.labels, **object_labels(plan)}
        plan_and_kind(
            name,
            plan,
            settings.namespace,
            labels,
            self._child(),
            install_crd=settings.install_crd,
        )
        for group in owned:
            self._mark(name, group, settings.labels)

        self.kubeconfig = pulumi.Output.secret("") if kubeconfig is None else kubeconfig
        self.namespace = pulumi.Output.from_input(settings.namespace)
        self.plan_name = pulumi.Output.from_input(plan.metadata.name)
        self.join_arguments = pulumi.Output.from_input({group.key: group.join for group in owned})
        self.register_outputs({key: getattr(self, key) for key in _OUTPUTS})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, provider=self.provider, depends_on=list(self._first)
        )

    def _mark(self, name: str, group: OwnedGroup, labels: dict[str, str]) -> None:
        """The labels of a group's named machines, each through a patch of its own."""
        for machine in group.machines:
            kubernetes.core.v1.NodePatch(
                f"{name}-machine-{machine}",
                metadata={"name": machine, "labels": {**labels, **group.labels}},
                opts=self._child(),
            )
        if group.warning:
            pulumi.log.warn(group.warning, resource=self)
