"""The CSI drivers of a cluster's storage classes as resources, each with its role where it calls AWS.

A driver is an EKS add-on or a chart; in clusters of Azure and Google Cloud most are there already. Its role
goes to its own service account through pod identity, with a policy of its own: `aws_iam`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments, Override
from trimtab.provision.eks.roles import POD_ACTIONS, policy_document
from trimtab.provision.helm_values import merge
from trimtab.provision.storage.aws import SNAPSHOT_CONTROLLER
from trimtab.provision.storage.aws_iam import statements
from trimtab.provision.storage.drivers import needed
from trimtab.provision.storage.model import ClassRequest, Driver, DriverRequest, Facts
from trimtab_components.eks.addons import Addon, AddonRoles, ChosenAddon, install_addons
from trimtab_components.eks.late import LateRoleArn
from trimtab_components.eks.roles import service_role
from trimtab_components.installation import (
    CLUSTERS_OWN,
    Delivery,
    PodSecurity,
    Release,
    install,
    pods_namespace,
)
from trimtab_components.storage.objects import storage_object


class StorageDriver(TypedDict, total=False):
    """How one CSI driver differs from what Trimtab installs."""

    enabled: bool
    """False where the cluster has it already; default true."""
    role_arn: pulumi.Input[str]
    """An existing role for its service account; default one that may do what its classes need."""
    settings: dict[str, Any]
    """What only this driver knows."""


class CheckedDriver(Arguments):
    """`StorageDriver`, checked."""

    enabled: Flag = True
    role_arn: LateRoleArn = None
    settings: dict[str, Any] = Field(default_factory=dict)


@dataclass
class Drivers:
    """The drivers of one component.

    Attributes:
        name, parent: the component's.
        stated, override: by the driver's name.
        eks: whether EKS add-ons are taken where there are.
        tags: of what costs money.
        buckets: names of the buckets that classes mount, by class.
        keep_data: whether what data goes with is protected.
        ready: what must stand before a driver's classes do, by driver.
        roles: ARNs by driver.
    """

    name: str
    parent: pulumi.Resource
    facts: Facts
    stated: Mapping[str, CheckedDriver]
    override: Mapping[str, Override]
    eks: bool
    delivery: Delivery
    tags: Mapping[str, str]
    buckets: Mapping[str, Any]
    keep_data: bool = True
    ready: dict[str, list[pulumi.Resource]] = field(default_factory=dict)
    roles: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    _namespaces: set[str] = field(default_factory=set)

    def install(self, wanted: Mapping[str, Sequence[ClassRequest]]) -> None:
        """Install the drivers that classes need.

        Args:
            wanted: the classes by the driver that they name.
        """
        # Drivers look for the kinds of snapshots as they start.
        order = sorted(needed(wanted), key=lambda each: each.name != SNAPSHOT_CONTROLLER)
        for driver in order:
            stated = self.stated.get(driver.name, CheckedDriver())
            names = {SNAPSHOT_CONTROLLER, *driver.requires} & self.ready.keys()
            after = [r for name in sorted(names) for r in self.ready[name]]
            there = self.facts.provider in driver.managed_by or not stated.enabled
            if there:
                self.ready[driver.name] = []
                continue
            classes = tuple(wanted.get(driver.name, ()))
            request = DriverRequest(self.facts, stated.settings, classes)
            self.ready[driver.name] = self._one(driver, stated, request, after)

    def _one(
        self, driver: Driver, stated: CheckedDriver, request: DriverRequest, after: list[Any]
    ) -> list[pulumi.Resource]:
        part = f"{self.name}-{driver.name.split('.')[0]}"
        arn, ready = self._role(part, driver, stated, request)
        own = self.override.get(driver.name, Override())
        if driver.addon and self.eks:
            return self._addon(driver, driver.addon, own, arn, [*after, *ready])
        namespace = own.namespace or (driver.chart.namespace if driver.chart else "")
        options = pulumi.ResourceOptions(parent=self.parent, depends_on=after)
        made: list[pulumi.Resource] = []
        before = driver.before(request)
        ours = namespace not in self._namespaces and namespace not in CLUSTERS_OWN
        if before and ours and namespace:
            security: PodSecurity | None = "privileged" if driver.privileged else None
            made.append(
                pods_namespace(f"{part}-namespace", namespace, self.facts.labels, security, options)
            )
            ours = False
        made += self._objects(part, before, [*after, *made])
        if driver.chart:
            if arn is not None:
                ready.append(
                    aws.eks.PodIdentityAssociation(
                        part,
                        cluster_name=self.facts.cluster,
                        namespace=namespace,
                        service_account=driver.service_account,
                        role_arn=arn,
                        tags=dict(self.tags),
                        opts=pulumi.ResourceOptions(parent=self.parent, depends_on=list(ready)),
                    )
                )
            release = Release(
                driver.chart,
                merge(driver.values(request), own.values),
                own,
                self.delivery,
                self.facts.labels,
                privileged=driver.privileged,
                own_namespace=ours,
            )
            self._namespaces.add(namespace)
            made.append(install(part, release, self.parent, [*after, *ready, *made]))
        return made + self._objects(part, driver.objects(request), [*after, *made])

    def _objects(
        self, part: str, manifests: Mapping[str, Any], after: Sequence[Any]
    ) -> list[pulumi.Resource]:
        options = pulumi.ResourceOptions(parent=self.parent, depends_on=list(after))
        return [
            storage_object(f"{part}-{key}", manifest, options, self.keep_data)
            for key, manifest in manifests.items()
        ]

    def _role(
        self, part: str, driver: Driver, stated: CheckedDriver, request: DriverRequest
    ) -> tuple[pulumi.Input[str] | None, list[pulumi.Resource]]:
        """The role of the driver's pods, and its policy."""
        if not driver.service_account or self.facts.provider != "aws":
            return None, []
        if stated.role_arn is not None:
            self.roles[driver.name] = stated.role_arn
            return self.roles[driver.name], []
        cluster, region = self.facts.cluster, self.facts.region
        role = service_role(
            part, "pods.eks", (), region=region, tags=self.tags, parent=self.parent,
            actions=POD_ACTIONS,
        )  # fmt: skip
        keys = [each.key for each in request.classes if each.key is not None]
        buckets = [self.buckets[each.name] for each in request.classes if each.name in self.buckets]

        def document(late: Sequence[str]) -> str:
            found = statements(driver.name, cluster, region, late[: len(keys)], late[len(keys) :])
            return policy_document(found)

        policy = aws.iam.RolePolicy(
            part,
            role=role.name,
            policy=pulumi.Output.all(*keys, *buckets).apply(document),
            opts=pulumi.ResourceOptions(parent=self.parent),
        )
        self.roles[driver.name] = role.arn
        return role.arn, [policy]

    def _addon(
        self,
        driver: Driver,
        addon: str,
        own: Override,
        arn: pulumi.Input[str] | None,
        after: Sequence[Any],
    ) -> list[pulumi.Resource]:
        chosen = ChosenAddon(
            name=addon,
            settings=Addon(version=own.version, values=own.values),
            on_every_node=False,
            service_account=driver.service_account if arn is not None else "",
            policies=(),
            role="",
        )
        roles = AddonRoles({} if arn is None else {addon: arn}, {}, {})
        return install_addons(
            self.name, [chosen], self.facts.cluster, roles=roles, tags=self.tags,
            parent=self.parent, after=list(after),
        )  # fmt: skip
