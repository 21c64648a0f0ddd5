"""Storage classes by intent, sized and tagged from a capacity plan, with their CSI drivers."""

import re
from dataclasses import replace
from typing import Annotated, Any, NotRequired, Self, TypedDict

import pulumi
from pydantic import AfterValidator, Field, model_validator

from trimtab.plan.attribution import object_labels, plan_tags
from trimtab.plan.labels import DIGEST_TAG, PLAN_TAG
from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments, Override, checked, plan_of
from trimtab.provision.sized_groups import check_tags
from trimtab.provision.storage.classes import StatedClass, class_requests, made
from trimtab.provision.storage.drivers import check_stated, needed
from trimtab.provision.storage.model import ClassRequest, Facts
from trimtab.storage.backends import ON_PREMISES
from trimtab_components.arguments import ChartOverride
from trimtab_components.eks.late import LateText
from trimtab_components.installation import Delivery
from trimtab_components.order import children_wait
from trimtab_components.storage.drivers import CheckedDriver, Drivers, StorageDriver
from trimtab_components.storage.file_systems import MADE, FileSystems, Network, wants_one
from trimtab_components.storage.objects import storage_object

__all__ = ["StorageClasses", "StorageClassesArgs"]

_OUTPUTS = ("classes", "default_class", "file_system_ids", "buckets", "role_arns")


class Retuning(TypedDict, total=False):
    """Performance that a volume can be changed to while it is in use."""

    iops: float
    """IOPS of one volume."""
    mibps: float
    """Throughput of one volume in MiB/s."""


class StorageClassSettings(TypedDict, total=False):
    """One storage class."""

    intent: str
    """What its data is for: hot, warm, cold, scratch, shared or snapshot; needed unless the plan has a
    tier of the class' name."""
    backend: str
    """What gives it, such as ebs-gp3; default the tier's, else the first that suits the intent."""
    parameters: dict[str, str]
    """The driver's own parameters, over those that Trimtab sets."""
    iops: float
    """IOPS of one volume; default what the tier's windows need at most, else the backend's baseline."""
    mibps: float
    """Throughput of one volume in MiB/s; default as of iops."""
    encrypted: bool
    """Whether volumes are encrypted, where that is a choice; default true."""
    key_arn: pulumi.Input[str]
    """The key: a KMS key's ARN on AWS, a disk encryption set's id on Azure, a key's resource name on
    Google Cloud; default the cloud's own."""
    fs_type: str
    """File system of block volumes: ext4 (the default) or xfs."""
    reclaim: str
    """What becomes of a volume, or of a snapshot, whose claim is gone: Delete (the default) or Retain."""
    default: bool
    """Whether claims that name no class get it; default the first block class of hot or warm data."""
    retune: dict[str, Retuning]
    """VolumeAttributesClasses `<class>-<name>` by name."""
    settings: dict[str, Any]
    """What only its backend knows, such as file_system_id, bucket or subnet_id; may be late."""


class StorageClassesArgs(TypedDict):
    """What the classes are made from. All but keys, roles, settings and the network's ids must be known
    at plan time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    cluster_name: str
    """The cluster's name, of which volumes bear the tag; on AWS that of the EKS cluster."""
    site: NotRequired[str]
    """The site of owned machines that the classes are for; default the plan's own site."""
    zones: NotRequired[list[str]]
    """Zones that volumes may be in; default wherever their pods run."""
    kubernetes_version: NotRequired[str]
    """The cluster's version, such as 1.34; where it is given, VolumeAttributesClasses are refused on one
    too old."""
    classes: NotRequired[dict[str, StorageClassSettings]]
    """Classes by name; default one for each tier of the plan, or, without tiers, what the site's provider
    has for hot, cold and shared data and snapshots."""
    install_drivers: NotRequired[bool]
    """Whether the CSI drivers are installed; default true. False where the cluster has them all."""
    drivers: NotRequired[dict[str, StorageDriver]]
    """How drivers differ from what Trimtab installs, by name, such as ebs.csi.aws.com."""
    eks_addons: NotRequired[bool]
    """Whether drivers come as EKS add-ons where EKS has them; default true on AWS. False for charts."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the charts. flux: HelmReleases for Flux in the cluster."""
    override: NotRequired[dict[str, ChartOverride]]
    """What differs from a chart's, or an add-on's, version, namespace and values, by driver."""
    vpc_id: NotRequired[pulumi.Input[str]]
    """The VPC of file systems that are made for classes."""
    subnet_ids: NotRequired[list[pulumi.Input[str]]]
    """Their subnets, one a zone; Lustre stands in the first."""
    client_security_group_id: NotRequired[pulumi.Input[str]]
    """The security group of the nodes, which may reach them."""
    keep_data: NotRequired[bool]
    """Whether file systems, buckets and Ceph's pools made here are protected, and left behind where they
    are taken out nevertheless; default true. Scratch file systems never are."""
    labels: NotRequired[dict[str, str]]
    """Labels of every object, besides those of the plan."""
    tags: NotRequired[dict[str, str]]
    """Tags of whatever costs money, besides those of the plan."""


def _some(value: Any) -> Any:
    """How many there are decides what is made; which ones may be late."""
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("give a list of one or more")
    if not all(isinstance(each, str | pulumi.Output) for each in value):
        raise ValueError("each is an id, or a resource's output")
    return tuple(value)


class _Checked(Arguments):
    plan: Any
    cluster_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]
    site: Annotated[str, Field(min_length=1)] | None = None
    zones: tuple[str, ...] = ()
    kubernetes_version: Annotated[str, Field(pattern=r"^v?1\.\d+(\..*)?$")] | None = None
    classes: dict[
        Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")], StatedClass
    ] = Field(default_factory=dict)
    install_drivers: Flag = True
    drivers: dict[str, CheckedDriver] = Field(default_factory=dict)
    eks_addons: Flag = True
    delivery: Delivery = "chart"
    override: dict[str, Override] = Field(default_factory=dict)
    vpc_id: LateText = None
    subnet_ids: Annotated[Any, AfterValidator(_some)] = None
    client_security_group_id: LateText = None
    keep_data: Flag = True
    labels: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole_network(self) -> Self:
        network = (self.vpc_id, self.subnet_ids, self.client_security_group_id)
        stated = [each is not None for each in network]
        if any(stated) and not all(stated):
            raise ValueError(
                "vpc_id, subnet_ids and client_security_group_id say together where file systems "
                "stand; give all three"
            )
        if not self.install_drivers and (self.drivers or self.override):
            raise ValueError(
                "drivers and override have no effect without install_drivers; drop them"
            )
        return self


class StorageClasses(pulumi.ComponentResource):
    """The storage classes of a cluster, the drivers that they need, and what they are on."""

    classes: pulumi.Output[dict[str, str]]
    """Each class' backend, by the class' name."""
    default_class: pulumi.Output[str]
    """The class of claims that name none; empty where there is none."""
    file_system_ids: pulumi.Output[dict[str, str]]
    """File systems that were made, by class."""
    buckets: pulumi.Output[dict[str, str]]
    """Buckets that classes mount, by class."""
    role_arns: pulumi.Output[dict[str, str]]
    """The drivers' roles, by driver."""

    def __init__(
        self, name: str, args: StorageClassesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `StorageClassesArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown, wrong or contradicts another or the plan; a backend can't
                do what is asked of it; or a file system has nowhere to stand.
        """
        where = f'StorageClasses "{name}"'
        settings = checked(_Checked, args, where)
        plan = plan_of(settings.plan, where)
        check_tags(settings.tags, where)
        place = plan.spec.site
        own = plan_tags(plan)
        facts = Facts(
            cluster=settings.cluster_name,
            provider=place.provider if settings.site is None else ON_PREMISES,
            region=settings.site or place.region,
            tags={
                **{key: text for key, text in own.items() if key not in (PLAN_TAG, DIGEST_TAG)},
                **settings.tags,
            },
            labels={**settings.labels, **object_labels(plan)},
            where=where,
            zones=settings.zones,
            kubernetes_version=_version(settings.kubernetes_version),
        )
        requests = class_requests(plan, facts.provider, settings.site, settings.classes, where)
        network = None
        if settings.vpc_id is not None:
            network = Network(
                settings.vpc_id, settings.subnet_ids, settings.client_security_group_id
            )
        tags = {**settings.tags, **own}
        systems = FileSystems(name, self, facts, network, tags, settings.keep_data)
        systems.check(requests)
        # All that can be refused is refused before anything is made.
        wanted: dict[str, list[ClassRequest]] = {}
        for each in requests:
            for driver in made(_as_if(each), facts).drivers:
                wanted.setdefault(driver, []).append(each)
        check_stated(settings.drivers, settings.override, needed(wanted), where)
        super().__init__("trimtab:index:StorageClasses", name, {}, children_wait(opts))

        on = {each.name: systems.on(each) for each in requests}
        drivers = Drivers(
            name,
            self,
            facts,
            settings.drivers,
            settings.override,
            settings.eks_addons and facts.provider == "aws",
            settings.delivery,
            tags,
            systems.buckets,
            settings.keep_data,
        )
        if settings.install_drivers:
            drivers.install({key: [on[e.name] for e in found] for key, found in wanted.items()})
        for each in on.values():
            self._class(name, each, facts, drivers, systems, settings.keep_data)

        self.classes = pulumi.Output.from_input({e.name: e.backend.id for e in requests})
        default = [e.name for e in requests if e.default and e.intent != "snapshot"]
        self.default_class = pulumi.Output.from_input("".join(default))
        self.file_system_ids = pulumi.Output.all(**systems.ids)
        self.buckets = pulumi.Output.all(**systems.buckets)
        self.role_arns = pulumi.Output.all(**drivers.roles)
        self.register_outputs({key: getattr(self, key) for key in _OUTPUTS})

    def _class(
        self,
        name: str,
        request: ClassRequest,
        facts: Facts,
        drivers: Drivers,
        systems: FileSystems,
        keep_data: bool,
    ) -> None:
        found = made(request, facts)
        after = [r for key in found.drivers for r in drivers.ready.get(key, ())]
        after += systems.ready.get(request.name, ())
        options = pulumi.ResourceOptions(parent=self, depends_on=after)
        for key, manifest in found.objects.items():
            main = key in ("class", "snapshots")
            part = f"{name}-{request.name}" if main else f"{name}-{request.name}-{key}"
            storage_object(part, manifest, options, keep_data)


def _as_if(request: ClassRequest) -> ClassRequest:
    """The class as if what is to be made for it were there, to be checked."""
    if not wants_one(request):
        return request
    there = {MADE[request.backend.id]: "", "dns_name": "", "mount_name": ""}
    if request.backend.id != "fsx-lustre":
        there = {MADE[request.backend.id]: ""}
    return replace(request, settings={**request.settings, **there})


def _version(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    major, minor = re.findall(r"\d+", text)[:2]
    return int(major), int(minor)
