"""File systems and buckets of AWS that storage classes are on, made where a class is given none.

One security group lets the cluster's nodes reach them: NFS on port 2049 for EFS; 988 and 1018 to 1023 for
Lustre, whose servers speak with one another through the same ports. Sources: EFS user guide, "Using VPC
security groups"; FSx for Lustre user guide, "File system access control with Amazon VPC", 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from trimtab.errors import InputError
from trimtab.provision.arguments import PLAIN
from trimtab.provision.storage.aws import (
    EFS_MAKING,
    LUSTRE_MAKING,
    efs_mode,
    lustre_gib,
    lustre_shape,
)
from trimtab.provision.storage.model import ClassRequest, Facts
from trimtab.provision.storage.objects import place, tags
from trimtab_components.buckets import closed_bucket, kept

NFS = ((2049, 2049),)
LUSTRE = ((988, 988), (1018, 1023))
TIERING_DAYS = (1, 7, 14, 30, 60, 90, 180, 270, 365)
"""After how many days without a read EFS can move a file. Source: EFS API, LifecyclePolicy, 2026-11."""
MADE = {"efs": "file_system_id", "fsx-lustre": "file_system_id", "s3-mountpoint": "bucket"}
"""The setting that names what a class is on, by backend."""


@dataclass(frozen=True)
class Network:
    """Where file systems stand.

    Attributes:
        subnet_ids: one a zone.
        clients: the security group of the nodes.
    """

    vpc_id: Any
    subnet_ids: Sequence[Any]
    clients: Any


def wants_one(request: ClassRequest) -> bool:
    """Whether something is to be made for the class."""
    key = MADE.get(request.backend.id)
    return key is not None and key not in request.settings and "subnet_id" not in request.settings


class FileSystems:
    """What is made for a component's classes, and where it is named."""

    def __init__(
        self,
        name: str,
        parent: pulumi.Resource,
        facts: Facts,
        network: Network | None,
        common: Mapping[str, str],
        keep: bool,
    ) -> None:
        """
        Args:
            name, parent: the component's.
            network: needed by file systems, not by buckets.
            common: tags of the plan and the user.
            keep: whether data is protected.
        """
        self._name, self._parent, self._facts = name, parent, facts
        # Known to be there once `check` has passed, where one is needed.
        self._network: Any = network
        self._common, self._keep = dict(common), keep
        self._groups: dict[str, aws.ec2.SecurityGroup] = {}
        self.ids: dict[str, pulumi.Output[str]] = {}
        self.buckets: dict[str, Any] = {}
        self.ready: dict[str, list[pulumi.Resource]] = {}

    def check(self, requests: Sequence[ClassRequest]) -> None:
        """Refuse what can't be made, before anything is.

        Raises:
            InputError: a file system has no network, or is set up as none can be.
        """
        for each in requests:
            _plain(each, self._facts)
            if not wants_one(each) or each.backend.id == "s3-mountpoint":
                continue
            if self._network is None:
                raise InputError(
                    f"a file system for backend {each.backend.id} has no network to stand in",
                    where=place(each, self._facts),
                    mend="give vpc_id, subnet_ids and client_security_group_id; or settings of one "
                    "that there is",
                )
            if each.backend.id == "efs":
                _efs_policies(each, self._facts)
            else:
                _lustre_size(each, self._facts)

    def on(self, request: ClassRequest) -> ClassRequest:
        """The class with the file system or bucket that it is on in its settings."""
        if request.backend.id == "s3-mountpoint" and "bucket" in request.settings:
            self.buckets[request.name] = request.settings["bucket"]
        if not wants_one(request):
            return request
        made = {"efs": self._efs, "fsx-lustre": self._lustre, "s3-mountpoint": self._bucket}
        found = made[request.backend.id](request)
        return replace(request, settings={**request.settings, **found})

    def _tags(self, request: ClassRequest) -> dict[str, str]:
        own = tags(request, self._facts)
        return {**own, **self._common, "Name": f"{self._facts.cluster}-{request.name}"}

    def _efs(self, request: ClassRequest) -> dict[str, Any]:
        mode, bought = efs_mode(request)
        zone = request.settings.get("one_zone")
        part = f"{self._name}-{request.name}"
        system = aws.efs.FileSystem(
            part,
            encrypted=request.encrypted,
            kms_key_id=request.key,
            throughput_mode=mode,
            provisioned_throughput_in_mibps=bought,
            availability_zone_name=zone,
            lifecycle_policies=_efs_policies(request, self._facts),
            tags=self._tags(request),
            opts=kept(self._parent, self._keep),
        )
        group, rules = self._group("nfs", NFS, False)
        subnets = self._network.subnet_ids[:1] if zone else self._network.subnet_ids
        targets = [
            aws.efs.MountTarget(
                f"{part}-{number}",
                file_system_id=system.id,
                subnet_id=subnet,
                security_groups=[group],
                opts=pulumi.ResourceOptions(parent=self._parent),
            )
            for number, subnet in enumerate(subnets)
        ]
        self.ids[request.name] = system.id
        self.ready[request.name] = [*targets, *rules]
        return {"file_system_id": system.id}

    def _lustre(self, request: ClassRequest) -> dict[str, Any]:
        deployment, throughput = lustre_shape(request, self._facts)
        persistent = throughput is not None
        group, rules = self._group("lustre", LUSTRE, True)
        system = aws.fsx.LustreFileSystem(
            f"{self._name}-{request.name}",
            storage_capacity=_lustre_size(request, self._facts),
            deployment_type=deployment,
            per_unit_storage_throughput=throughput,
            data_compression_type=request.settings.get("compression", "LZ4"),
            file_system_type_version="2.15",
            kms_key_id=request.key,
            automatic_backup_retention_days=(
                int(request.settings.get("backup_days", 7)) if persistent else None
            ),
            copy_tags_to_backups=True if persistent else None,
            # A file system stands in one zone.
            subnet_ids=self._network.subnet_ids[0],
            security_group_ids=[group],
            tags=self._tags(request),
            # The ports are checked as it is made.
            opts=pulumi.ResourceOptions.merge(
                kept(self._parent, self._keep and persistent),
                pulumi.ResourceOptions(depends_on=rules),
            ),
        )
        self.ids[request.name] = system.id
        return {
            "file_system_id": system.id,
            "dns_name": system.dns_name,
            "mount_name": system.mount_name,
        }

    def _bucket(self, request: ClassRequest) -> dict[str, Any]:
        made = closed_bucket(
            f"{self._name}-{request.name}",
            region=self._facts.region,
            tags=self._tags(request),
            parent=self._parent,
            key=request.key,
            keep=self._keep,
        )
        self.buckets[request.name] = made.name
        self.ready[request.name] = list(made.guards)
        return {"bucket": made.name}

    def _group(
        self, kind: str, ports: Sequence[tuple[int, int]], among: bool
    ) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
        """A security group of the component for one protocol, made once, and its rules."""
        part = f"{self._name}-{kind}"
        if kind in self._groups:
            return self._groups[kind].id, self.ready[kind]
        options = pulumi.ResourceOptions(parent=self._parent)
        named = {**self._facts.tags, **self._common, "Name": f"{self._facts.cluster}-{kind}"}
        group = aws.ec2.SecurityGroup(
            part,
            description=f"File systems of cluster {self._facts.cluster}, {kind}",
            vpc_id=self._network.vpc_id,
            tags=named,
            opts=options,
        )
        sources = {"nodes": self._network.clients, **({"servers": group.id} if among else {})}
        rules: list[pulumi.Resource] = []
        for source, given in sources.items():
            for low, high in ports:
                shared: dict[str, Any] = {
                    "security_group_id": group.id,
                    "referenced_security_group_id": given,
                    "ip_protocol": "tcp",
                    "from_port": low,
                    "to_port": high,
                    "tags": named,
                    "opts": options,
                }
                rules.append(
                    aws.vpc.SecurityGroupIngressRule(f"{part}-from-{source}-{low}", **shared)
                )
                if source == "servers":
                    rules.append(
                        aws.vpc.SecurityGroupEgressRule(f"{part}-to-{source}-{low}", **shared)
                    )
        self._groups[kind], self.ready[kind] = group, rules
        return group.id, rules


def _plain(request: ClassRequest, facts: Facts) -> None:
    """Refuse late values where they decide what is made.

    Raises:
        InputError: one is a resource's output.
    """
    for key in (*EFS_MAKING, *LUSTRE_MAKING, "namespaces", "read_only"):
        if isinstance(request.settings.get(key), pulumi.Output):
            raise InputError(
                f"settings.{key} is known only after deployment",
                where=place(request, facts),
                mend=PLAIN,
            )


def _efs_policies(request: ClassRequest, facts: Facts) -> list[Any]:
    """When files move to the cheaper classes; back with the first read.

    Raises:
        InputError: after days that EFS does not know, or to a class that the file system has not.
    """
    where, settings = place(request, facts), request.settings
    (mode, bought), zone = efs_mode(request), settings.get("one_zone")
    if mode not in ("elastic", "bursting", "provisioned") or bought == 0:
        raise InputError(
            f"settings.throughput_mode {mode}",
            where=where,
            mend="use elastic or bursting; provisioned where a tier of the plan has its MiB/s",
        )
    archives = mode == "elastic" and not zone
    days = {
        "infrequent_days": settings.get("infrequent_days", 30),
        "archive_days": settings.get("archive_days", 90 if archives else 0),
    }
    for key, value in days.items():
        if value and int(value) not in TIERING_DAYS:
            raise InputError(
                f"settings.{key} {value}",
                where=where,
                mend=f"use {', '.join(map(str, TIERING_DAYS))}; 0 for never",
            )
    if days["archive_days"] and not archives:
        raise InputError(
            "settings.archive_days: only a regional file system with elastic throughput archives",
            where=where,
            mend="drop it, or one_zone and throughput_mode",
        )
    found: list[Any] = []
    if days["infrequent_days"]:
        found.append({"transition_to_ia": _after(int(days["infrequent_days"]))})
    if days["archive_days"]:
        found.append({"transition_to_archive": _after(int(days["archive_days"]))})
    if found:
        found.append({"transition_to_primary_storage_class": "AFTER_1_ACCESS"})
    return found


def _after(days: int) -> str:
    return f"AFTER_{days}_DAY" if days == 1 else f"AFTER_{days}_DAYS"


def _lustre_size(request: ClassRequest, facts: Facts) -> int:
    """Its capacity in GiB: the plan's last window, in the steps that FSx has.

    Raises:
        InputError: neither the plan nor the settings say.
    """
    lustre_shape(request, facts)
    wanted = request.settings.get("gib")
    if wanted is None and request.tier:
        wanted = request.tier.windows[-1].gib
    if wanted is None:
        raise InputError(
            "how large the file system is, nothing says",
            where=place(request, facts),
            mend="give settings.gib, a tier of the plan, or settings.subnet_id for one a claim",
        )
    return lustre_gib(float(wanted))
