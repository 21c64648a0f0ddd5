"""The cluster's EKS add-ons: which ones, in which order around the nodes, with which IAM role.

A cluster starts empty (EKS would otherwise put in copies that nobody updates). What runs on every
node comes before the nodes, or they would never be ready; what needs a node to run on comes after,
or it would never be. Roles go to the add-on's own service account through pod identity, so that
no other pod on the node has them. Auto Mode brings networking, DNS, block storage and pod identity
itself; where node groups stand beside it, their nodes still need the add-ons.

Sources: EKS user guide, "AWS add-ons", "IAM roles for Amazon EKS add-ons" and "Considerations for
Amazon EKS Auto Mode", 2026-11.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.labels import DIGEST_TAG
from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments
from trimtab.provision.eks.addons import (
    CLUSTER_DEFAULTS,
    EBS_CSI,
    KNOWN,
    METRICS_SERVER,
    NODE_DEFAULTS,
    POD_IDENTITY_AGENT,
    REPAIR_AGENT,
    VPC_CNI,
    AddonFacts,
)
from trimtab.provision.eks.roles import POD_ACTIONS
from trimtab_components.eks.late import LateRoleArn
from trimtab_components.eks.roles import service_role

_CRITICAL = {"key": "CriticalAddonsOnly", "operator": "Exists"}
AUTO_MODE_HAS = (*NODE_DEFAULTS, "coredns", EBS_CSI, REPAIR_AGENT)
"""What Auto Mode does by itself, on machines of AWS."""


class ClusterAddon(TypedDict):
    """How one add-on differs from EKS's own defaults; `{}` takes it as it is."""

    enabled: NotRequired[bool]
    """False leaves out one of the defaults; default true."""
    version: NotRequired[str]
    """The add-on's version, such as v1.21.1-eksbuild.1; default EKS's choice for the cluster's version."""
    values: NotRequired[dict[str, Any]]
    """The add-on's configuration, of the schema that `aws eks describe-addon-configuration` shows."""
    role_arn: NotRequired[pulumi.Input[str]]
    """An existing role for its service account; default one made with AWS's managed policies, if the
    add-on needs any."""
    service_account: NotRequired[str]
    """Who gets the role; needed for an add-on that Trimtab doesn't know."""
    resolve_conflicts: NotRequired[str]
    """Whose fields hold where others changed them: OVERWRITE (the default: EKS's), PRESERVE (theirs)
    or NONE (then the change fails)."""
    preserve: NotRequired[bool]
    """Whether its objects stay when the add-on goes; default false."""


class Addon(Arguments):
    """`ClusterAddon`, checked."""

    enabled: Flag = True
    version: Annotated[str, Field(pattern=r"^v?\d+\.\d+")] | None = None
    values: dict[str, Any] = Field(default_factory=dict)
    role_arn: LateRoleArn = None
    service_account: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,252}$")] | None = None
    resolve_conflicts: Literal["OVERWRITE", "PRESERVE", "NONE"] = "OVERWRITE"
    preserve: Flag = False

    @model_validator(mode="after")
    def _whose(self) -> Self:
        if self.service_account and self.role_arn is None:
            raise ValueError("service_account without role_arn; give both")
        return self


@dataclass(frozen=True)
class ChosenAddon:
    """An add-on to install.

    Attributes:
        service_account: who gets a role through pod identity; "" for none.
        policies: of the role to make; none where `settings.role_arn` is given.
    """

    name: str
    settings: Addon
    on_every_node: bool
    service_account: str
    policies: tuple[str, ...]
    role: str


def chosen_addons(
    stated: Mapping[str, Addon], *, node_groups: bool, auto_mode: bool, hosts_pods: bool, where: str
) -> tuple[ChosenAddon, ...]:
    """The add-ons of a cluster, by name.

    Args:
        stated: by add-on; what is not stated is a default or not there.
        node_groups: whether the cluster has node groups.
        auto_mode: whether EKS runs nodes itself.
        hosts_pods: whether any node will be there without further ado: an add-on that needs one is no
            default where it would only wait.
        where: the component's type and name, for errors.

    Raises:
        InputError: a name is misspelt, Auto Mode has the add-on itself, or a role could not reach
            its pods.
    """
    for name in stated:
        _check_name(name, where)
    alone = auto_mode and not node_groups
    defaults: tuple[str, ...] = () if alone else NODE_DEFAULTS
    if hosts_pods:
        defaults += tuple(n for n in CLUSTER_DEFAULTS if not (alone and n in AUTO_MODE_HAS))
    settings = {name: Addon() for name in defaults} | dict(stated)
    wanted = {name: each for name, each in settings.items() if each.enabled}
    chosen = []
    for name in sorted(wanted):
        if alone and name in AUTO_MODE_HAS:
            raise InputError(
                f"addons: Auto Mode does the work of {name} itself",
                where=where,
                mend="leave it out, or give plan_pools that get node groups",
            )
        chosen.append(_chosen(name, wanted[name], where))
    agent = alone or POD_IDENTITY_AGENT in wanted
    for each in chosen:
        if not agent and each.service_account and each.name != VPC_CNI:
            raise InputError(
                f"addons: {each.name} gets its role through {POD_IDENTITY_AGENT}, which is not enabled",
                where=where,
                mend=f"leave {POD_IDENTITY_AGENT} enabled, or drop {each.name}",
            )
    if agent:
        return tuple(chosen)
    # Nodes can't have an address without the policy: then their own role bears it.
    return tuple(_without_role(each) if each.name == VPC_CNI else each for each in chosen)


def nodes_need_cni_policy(chosen: Sequence[ChosenAddon]) -> bool:
    """Whether the nodes' own role must bear the network plugin's policy."""
    return any(each.name == VPC_CNI and not each.service_account for each in chosen)


@dataclass(frozen=True)
class AddonRoles:
    """The add-ons' roles by add-on, and what must stand before they are used."""

    arns: dict[str, pulumi.Input[str]]
    names: dict[str, pulumi.Output[str]]
    ready: dict[str, tuple[pulumi.Resource, ...]]


def install_addons(
    name: str,
    chosen: Sequence[ChosenAddon],
    cluster_name: pulumi.Input[str],
    *,
    roles: AddonRoles,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
) -> list[pulumi.Resource]:
    """The add-ons as resources, each named `<cluster>-<add-on>`.

    Args:
        name: the cluster's name.
        chosen: which.
        after: what must stand first (the nodes, for those that run on one).
        roles: from `addon_roles`.
    """
    made: list[pulumi.Resource] = []
    for each in chosen:
        role = roles.arns.get(each.name)
        identity = (
            [
                aws.eks.AddonPodIdentityAssociationArgs(
                    role_arn=role, service_account=each.service_account
                )
            ]
            if role is not None and each.service_account
            else None
        )
        conflicts = each.settings.resolve_conflicts
        values = addon_values(each, tags)
        made.append(
            aws.eks.Addon(
                f"{name}-{each.name}",
                cluster_name=cluster_name,
                addon_name=each.name,
                addon_version=each.settings.version,
                configuration_values=json.dumps(values, sort_keys=True) if values else None,
                pod_identity_associations=identity,
                # There is nothing to preserve before it is made.
                resolve_conflicts_on_create="NONE" if conflicts == "NONE" else "OVERWRITE",
                resolve_conflicts_on_update=conflicts,
                preserve=each.settings.preserve or None,
                tags=dict(tags),
                opts=pulumi.ResourceOptions(
                    parent=parent, depends_on=[*after, *roles.ready.get(each.name, ())]
                ),
            )
        )
    return made


def addon_roles(
    name: str,
    chosen: Sequence[ChosenAddon],
    *,
    region: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> AddonRoles:
    """A role for each add-on that calls AWS, unless it is given one."""
    found = AddonRoles({}, {}, {})
    for each in chosen:
        if each.settings.role_arn is not None:
            found.arns[each.name] = each.settings.role_arn
        elif each.policies:
            role = service_role(
                f"{name}-{each.role}",
                "pods.eks",
                each.policies,
                region=region,
                tags=tags,
                parent=parent,
                actions=POD_ACTIONS,
            )
            found.arns[each.name] = role.arn
            found.names[each.name] = role.name
            found.ready[each.name] = role.attachments
    return found


def addon_values(each: ChosenAddon, tags: Mapping[str, str]) -> dict[str, Any]:
    """The add-on's configuration: the user's, and what it can't do without.

    metrics-server, unlike coredns, does not tolerate the taint of Auto Mode's system nodes by itself,
    and would wait where there are no others.

    The EBS driver gets the tags of volumes that it makes: without the plan's digest, for no later plan
    would change a volume's tags. It takes them as one text of key=value pairs, so a tag with one of its
    separators is left out.
    """
    values = each.settings.values
    if each.name == METRICS_SERVER:
        return {"tolerations": [_CRITICAL], **values}
    if each.name != EBS_CSI:
        return values
    plain = {
        key: value
        for key, value in sorted(tags.items())
        if key != DIGEST_TAG and value and not re.search(r"[,=\s]", key + value)
    }
    controller = values.get("controller", {})
    volumes = {**plain, **controller.get("extraVolumeTags", {})}
    return {**values, "controller": {**controller, "extraVolumeTags": volumes}}


def _check_name(name: str, where: str) -> None:
    if name in KNOWN:
        return
    near = get_close_matches(name, KNOWN, n=1, cutoff=0.8)
    if near:
        raise InputError(
            f"addons: {name} is no add-on", where=where, mend=f"did you mean {near[0]}?"
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", name):
        raise InputError(
            f"addons: {name!r} can't be an add-on's name",
            where=where,
            mend="give names as `aws eks describe-addon-versions` shows them",
        )


def _chosen(name: str, settings: Addon, where: str) -> ChosenAddon:
    facts = KNOWN.get(name, AddonFacts())
    account = settings.service_account or facts.service_account
    own = settings.role_arn is not None
    if own and not account:
        raise InputError(
            f"addons.{name}: role_arn without service_account",
            where=where,
            mend="give both; the add-on's documentation names its service account",
        )
    has_role = own or bool(facts.policies)
    return ChosenAddon(
        name,
        settings,
        facts.on_every_node,
        account if has_role else "",
        () if own else facts.policies,
        facts.role,
    )


def _without_role(each: ChosenAddon) -> ChosenAddon:
    return ChosenAddon(each.name, each.settings, each.on_every_node, "", (), "")
