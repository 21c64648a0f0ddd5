"""A cluster's telemetry with its plan in it: metrics, cost, energy, logs, traces, dashboards, alerts."""

from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
from pydantic import Field

from trimtab.carbon.coefficients import grid_of
from trimtab.errors import InputError, allowed
from trimtab.plan.attribution import object_labels
from trimtab.plan.model import CapacityPlan
from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import Arguments, Override, checked, plan_of
from trimtab.provision.observability import parts as table
from trimtab.provision.observability.alerts import Thresholds, alerts
from trimtab.provision.observability.dashboards import dashboards
from trimtab.provision.observability.parts import PARTS, Bucket, RemoteWrite, Telemetry
from trimtab.provision.observability.plan_metrics import custom_resource_state
from trimtab.provision.observability.recording import recordings
from trimtab.provision.observability.rules import prometheus_rule, rule_groups
from trimtab.provision.observability.storage import storage_class, store_sizes, volumes
from trimtab.provision.observability.stores import ACCOUNTS, BUCKET_PROVIDERS
from trimtab.provision.observability.values import PRICE_NAMES, part_values
from trimtab_components.arguments import ChartOverride
from trimtab_components.eks.late import LateText
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.kube_objects import kube_object
from trimtab_components.order import standing_first


class RemoteWriteTarget(TypedDict):
    """Where Prometheus sends its samples besides."""

    url: pulumi.Input[str]
    """The address that takes remote write."""
    secret: NotRequired[str]
    """Name of a Secret beside Prometheus whose key `token` holds the bearer token."""
    sigv4_region: NotRequired[str]
    """The AWS region to sign for, as Amazon Managed Service for Prometheus asks; the pod's identity
    signs."""


class StoreBuckets(TypedDict, total=False):
    """Object storage by store; a store without a bucket keeps everything on its volume."""

    loki: pulumi.Input[str]
    """Name of the bucket for logs, opened by the identity of the service account loki/loki."""
    tempo: pulumi.Input[str]
    """Name of the bucket for traces, opened by the identity of the service account tempo/tempo."""


class AlertThresholds(TypedDict, total=False):
    """From when on something is worth an alert."""

    expires_in_hours: float
    """Hours before a plan's end; default 24."""
    idle_reserved_share: float
    """Share of paid nodes that no pod asks for; default 0.3."""
    idle_reserved_hours: int
    """Hours for which it must be so; default 6."""
    idle_gpu_percent: float
    """Mean use of an allocated GPU; default 5."""
    idle_gpu_hours: int
    """Hours of which that is the mean; default 2."""
    spot_share_over_plan: float
    """Spot above the share that the plan lets it have; default 0.1."""
    cost_over_plan: float
    """Actual over expected cost; default 1.2."""
    volume_free_share: float
    """Free share of a volume; default 0.1."""
    volume_full_in_days: float
    """Days in which a volume's trend fills it; default 4."""


class ObservabilityArgs(TypedDict):
    """What is measured, kept and told. All but `buckets` and the address of a remote write must be known
    at plan time; no secret is ever an argument."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    cluster_name: NotRequired[str]
    """The cluster's name on every sample and cost that leaves it; default the plan's name."""
    parts: NotRequired[list[str]]
    """What is installed: prometheus, dcgm, kepler, opencost, loki, tempo, otel-gateway, otel-agent;
    default all that the plan's nodes need."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the charts. flux: HelmReleases for Flux in the cluster."""
    dcgm_by_gpu_operator: NotRequired[bool]
    """Whether the GPU operator brings the DCGM exporter (its `service_monitor`), so that none is
    installed here; default false."""
    retention_days: NotRequired[int]
    """Days for which metrics, logs and traces are kept; default 15."""
    storage_class: NotRequired[str]
    """The volumes' StorageClass; default `metrics` where the plan has a storage tier of that name, else
    the cluster's default."""
    storage_gib: NotRequired[dict[str, int]]
    """GiB of a volume by store: prometheus, alertmanager, grafana, loki, tempo; default 100 (or the tier
    `metrics`), 2, 5, 50, 20."""
    buckets: NotRequired[StoreBuckets]
    """Buckets that keep logs and traces; default the stores' volumes keep it all."""
    replicas: NotRequired[int]
    """Prometheus and Alertmanager pods each; default 1."""
    grafana_secret: NotRequired[str]
    """Name of the Secret in Prometheus' namespace with Grafana's admin-user and admin-password, which
    must exist; default grafana-admin."""
    alertmanager_secret: NotRequired[str]
    """Name of a Secret in Prometheus' namespace whose key alertmanager.yaml says who is told; default
    alerts are shown and sent to nobody."""
    remote_write: NotRequired[list[RemoteWriteTarget]]
    """Where samples are sent besides; default nowhere."""
    grid_gco2e_per_kwh: NotRequired[float]
    """Of the site's power; default the region's yearly mean where it is known."""
    node_prices: NotRequired[dict[str, float]]
    """OpenCost's prices of owned machines, USD an hour: vcpu, gib, gpu, storage_gib; default the cloud's
    published prices."""
    thresholds: NotRequired[AlertThresholds]
    """From when on something is worth an alert."""
    runbooks: NotRequired[str]
    """Address at which your people read docs/observability.md; an alert's section follows after #.
    Default none: alerts name the section."""
    tolerate: NotRequired[list[str]]
    """Keys of taints that daemons bear with, besides those of the plan's nodes."""
    priority_class: NotRequired[str]
    """The pods' PriorityClass; default the charts' own. Kepler's chart takes none."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects, besides those of the plan."""
    override: NotRequired[dict[str, ChartOverride]]
    """What differs from a part's chart as Trimtab sets it, by the part's name."""


class _RemoteWrite(Arguments):
    url: LateText
    secret: str | None = None
    sigv4_region: str | None = None


class _Buckets(Arguments):
    loki: LateText = None
    tempo: LateText = None

    def stated(self) -> dict[str, Any]:
        """Those that are given."""
        both = {"loki": self.loki, "tempo": self.tempo}
        return {store: name for store, name in both.items() if name is not None}


class _Checked(Arguments):
    plan: Any
    cluster_name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    parts: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    delivery: Delivery = "chart"
    dcgm_by_gpu_operator: Flag = False
    retention_days: Annotated[Count, Field(ge=1, le=3650)] = 15
    storage_class: str | None = None
    storage_gib: dict[str, Annotated[Count, Field(ge=1, le=65536)]] = Field(default_factory=dict)
    buckets: _Buckets = _Buckets()
    replicas: Annotated[Count, Field(ge=1, le=10)] = 1
    grafana_secret: Annotated[str, Field(min_length=1)] = "grafana-admin"  # noqa: S105  # its name
    alertmanager_secret: str | None = None
    remote_write: tuple[_RemoteWrite, ...] = ()
    grid_gco2e_per_kwh: Annotated[float, Field(ge=0, le=5000)] | None = None
    node_prices: dict[str, Annotated[float, Field(ge=0)]] | None = None
    thresholds: Thresholds = Thresholds()
    runbooks: Annotated[str, Field(min_length=1)] | None = None
    tolerate: tuple[str, ...] = ()
    priority_class: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    override: dict[str, Override] = Field(default_factory=dict)


class Observability(pulumi.ComponentResource):
    """Metrics, cost, energy, logs and traces of a cluster, and its plan measured beside what runs."""

    part_names: pulumi.Output[list[str]]
    """The parts that are there, in the order in which they were installed."""
    namespaces: pulumi.Output[dict[str, str]]
    """The namespace of each part."""
    volume_gib: pulumi.Output[dict[str, int]]
    """GiB that the parts claim in all, by store: what the cluster's storage class bills."""
    service_accounts: pulumi.Output[dict[str, str]]
    """`<namespace>/<service account>` of each store whose identity must open its bucket."""
    otlp_endpoint: pulumi.Output[str]
    """Where pods send OTLP over HTTP; empty without the part otel-gateway."""
    prometheus_address: pulumi.Output[str]
    """Prometheus within the cluster, such as for demand exports; empty without that part."""

    def __init__(
        self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `ObservabilityArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or parts and their settings don't go together.
        """
        where = f'Observability "{name}"'
        settings = checked(_Checked, args, where)
        plan = plan_of(settings.plan, where)
        telemetry = _telemetry(settings, plan, where)
        labels = {**settings.labels, **object_labels(plan)}
        super().__init__("trimtab:index:Observability", name, {}, opts)

        after = standing_first(opts)
        for part in telemetry.installed:
            made = self._install(
                f"{name}-{part}", part, telemetry, settings.delivery, labels, after
            )
            if part == "prometheus":
                # It brings the kinds that the others' monitors are of.
                after = [*after, made]
        if "prometheus" in telemetry.parts:
            self._rules(name, telemetry, settings, labels, after)

        gib = volumes(telemetry.gib, telemetry.parts, telemetry.replicas)
        there = telemetry.parts
        self.part_names = pulumi.Output.from_input(list(telemetry.installed))
        self.namespaces = pulumi.Output.from_input(
            {part: telemetry.namespace(part) for part in telemetry.installed}
        )
        self.volume_gib = pulumi.Output.from_input(gib)
        self.service_accounts = pulumi.Output.from_input(
            {
                store: f"{telemetry.namespace(store)}/{ACCOUNTS[store]}"
                for store in telemetry.buckets
            }
        )
        self.otlp_endpoint = pulumi.Output.from_input(
            telemetry.address("otel-gateway", "otel-gateway", 4318)
            if "otel-gateway" in there
            else ""
        )
        self.prometheus_address = pulumi.Output.from_input(
            telemetry.address("prometheus", "kube-prometheus-stack-prometheus", 9090)
            if "prometheus" in there
            else ""
        )
        self.register_outputs({key: getattr(self, key) for key in Observability.__annotations__})

    def _install(
        self,
        name: str,
        part: str,
        telemetry: Telemetry,
        delivery: Delivery,
        labels: dict[str, str],
        after: list[Any],
    ) -> pulumi.Resource:
        release = Release(
            PARTS[part].source,
            part_values(part, telemetry),
            telemetry.overrides.get(part, Override()),
            delivery,
            labels,
            privileged=PARTS[part].privileged,
            critical_quota=part == "dcgm" and telemetry.plan.spec.site.provider == "gcp",
        )
        return install(name, release, self, after)

    def _rules(
        self,
        name: str,
        telemetry: Telemetry,
        settings: _Checked,
        labels: dict[str, str],
        after: list[Any],
    ) -> None:
        """The rules and dashboards, beside Prometheus."""
        options = pulumi.ResourceOptions(parent=self, depends_on=after)
        namespace = telemetry.namespace("prometheus")
        site = telemetry.plan.spec.site
        grid = settings.grid_gco2e_per_kwh
        if grid is None and (known := grid_of(site.provider, site.region)):
            grid = known.gco2e_per_kwh
        recorded = recordings(grid)
        told = alerts(settings.thresholds, telemetry.parts, telemetry.watched_namespaces)
        rule = prometheus_rule(rule_groups(recorded, told, settings.runbooks), namespace, labels)
        kube_object(f"{name}-rules", rule, options)
        for each in dashboards(telemetry.parts):
            kube_object(
                f"{name}-dashboard-{each.slug}", each.config_map(namespace, labels), options
            )


def _telemetry(settings: _Checked, plan: CapacityPlan, where: str) -> Telemetry:
    names = table.needed_parts(plan) if settings.parts is None else settings.parts
    parts = table.check_parts(names, where)
    _check(settings, parts, plan, where)
    region = plan.spec.site.region
    return Telemetry(
        plan=plan,
        cluster=settings.cluster_name or plan.metadata.name,
        parts=parts,
        state_metrics=custom_resource_state(plan, where),
        retention_days=settings.retention_days,
        replicas=settings.replicas,
        storage_class=storage_class(plan, settings.storage_class),
        gib=store_sizes(plan, settings.storage_gib, where),
        buckets={store: Bucket(each, region) for store, each in settings.buckets.stated().items()},
        tolerate=table.tolerated_keys(plan, settings.tolerate),
        priority_class=settings.priority_class,
        grafana_secret=settings.grafana_secret,
        alertmanager_secret=settings.alertmanager_secret,
        remote_write=tuple(
            RemoteWrite(each.url, each.secret, each.sigv4_region) for each in settings.remote_write
        ),
        node_prices=settings.node_prices,
        dcgm_by_operator=settings.dcgm_by_gpu_operator,
        overrides=settings.override,
    )


def _check(settings: _Checked, parts: tuple[str, ...], plan: CapacityPlan, where: str) -> None:
    """Refuse what would have no effect, and what no store can do."""

    def refuse(message: str, mend: str) -> InputError:
        return InputError(message, where=where, mend=mend)

    for part in settings.override:
        if part not in parts:
            raise refuse(f"override: {part} is not installed", f"use one of {allowed(list(parts))}")
    for part in table.without_nodes(plan, parts):
        by_operator = part == "dcgm" and settings.dcgm_by_gpu_operator
        if part not in settings.override and not by_operator:
            raise refuse(
                f"parts: no node of the plan is one that {part} can measure",
                "drop it, or say through override where it runs",
            )
    for store in settings.storage_gib:
        if store in ACCOUNTS and store not in parts:
            raise refuse(f"storage_gib: {store} is not installed", "drop it, or add that part")
    if settings.dcgm_by_gpu_operator and "dcgm" in settings.override:
        raise refuse("override: dcgm is the GPU operator's", "override the GPU operator's values")
    provider = plan.spec.site.provider
    for store in settings.buckets.stated():
        if store not in parts:
            stores = [each for each in ACCOUNTS if each in parts]
            raise refuse(
                f"buckets: {store} is no store that is installed",
                f"use one of {allowed(stores)}" if stores else "drop it",
            )
        if provider not in BUCKET_PROVIDERS:
            raise refuse(
                f"buckets: not known how {store} opens one of provider {provider}",
                "drop it, or set the store's values through override",
            )
    for price in settings.node_prices or {}:
        if price not in PRICE_NAMES:
            raise refuse(
                f"node_prices: {price} is no price", f"use one of {allowed(list(PRICE_NAMES))}"
            )
    for each in settings.remote_write:
        if each.secret and each.sigv4_region:
            raise refuse(
                "remote_write: secret and sigv4_region are two ways to be let in",
                "drop one of them",
            )
    if settings.node_prices is not None and "opencost" not in parts:
        raise refuse("node_prices has no effect without opencost", "drop it, or add that part")
