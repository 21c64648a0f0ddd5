"""Gatekeeper or Kyverno in a cluster, set up so that it can't stop the cluster itself."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pulumi
from pydantic import Field

from trimtab.plan.attribution import object_labels
from trimtab.plan.types import Count, Flag, Namespace
from trimtab.provision.arguments import Arguments, Override, checked, plan_of
from trimtab.provision.charts.delivery import GATEKEEPER, KYVERNO
from trimtab.provision.delivery import policy_engines
from trimtab_components.arguments import ChartOverride
from trimtab_components.delivery.shipped import documents
from trimtab_components.installation import Delivery, Release, install, pods_namespace
from trimtab_components.kube_objects import kube_objects
from trimtab_components.order import standing_first


class PolicyEngineArgs(TypedDict):
    """How the engine runs. All of it must be known at plan time; the rules are not among it."""

    engine: str
    """gatekeeper or kyverno."""
    failure_policy: NotRequired[str]
    """What happens to a request while the engine doesn't answer. Ignore (the default): it passes, and the
    audit finds it later. Fail: it is refused, so that nothing slips through; needs two replicas. For
    Kyverno, Ignore overrules every policy's own choice, and Fail leaves it to them."""
    replicas: NotRequired[int]
    """Of what answers the API server; default 3, on different nodes where there are so many."""
    timeout_seconds: NotRequired[int]
    """How long the API server waits for Gatekeeper; default the chart's. Kyverno's policies state theirs."""
    audit_seconds: NotRequired[int]
    """Between two looks at what is there already; default 300 for Gatekeeper and 3600 for Kyverno."""
    exempt_namespaces: NotRequired[list[str]]
    """Namespaces that are left alone, beside the engine's own, kube-system, kube-public and
    kube-node-lease, which always are."""
    sync: NotRequired[list[str]]
    """Kinds that Gatekeeper's rules may look up, such as v1/Namespace or apps/v1/Deployment."""
    exceptions_namespace: NotRequired[str]
    """The namespace in which Kyverno's PolicyExceptions hold; default nowhere."""
    cpu: NotRequired[str]
    """What a replica asks for; default 100m. It is not limited: a throttled one holds every request up."""
    memory: NotRequired[str]
    """What a replica asks for and may use; default 512Mi."""
    admission_policies: NotRequired[bool]
    """Whether Trimtab's own ValidatingAdmissionPolicies are made, which the API server enforces without
    any engine: no spot for what must not be interrupted, no purchase without an approval. Default
    false."""
    admission_actions: NotRequired[list[str]]
    """What they do: Deny (the default), Warn, Audit."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    plan: NotRequired[Any]
    """A CapacityPlan, for the labels of the objects: a document, or the path of its file."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects, besides those of the plan."""
    override: NotRequired[dict[str, ChartOverride]]
    """What differs from the chart's version, namespace and values as Trimtab sets them, by gatekeeper or
    kyverno."""


_Quantity = Annotated[str, Field(pattern=r"^\d+(\.\d+)?(m|Ki|Mi|Gi)?$")]
_AUDIT_SECONDS = {"gatekeeper": 300, "kyverno": 3600}


class _Checked(Arguments):
    engine: Literal["gatekeeper", "kyverno"]
    failure_policy: Literal["Ignore", "Fail"] = "Ignore"
    replicas: Annotated[Count, Field(ge=1, le=20)] = 3
    timeout_seconds: Annotated[Count, Field(ge=1, le=30)] | None = None
    audit_seconds: Annotated[Count, Field(ge=30, le=86400)] | None = None
    exempt_namespaces: tuple[Namespace, ...] = ()
    sync: tuple[str, ...] = ()
    exceptions_namespace: Namespace | None = None
    cpu: _Quantity = "100m"
    memory: _Quantity = "512Mi"
    admission_policies: Flag = False
    admission_actions: Annotated[
        tuple[Literal["Deny", "Warn", "Audit"], ...], Field(min_length=1)
    ] = ("Deny",)
    delivery: Delivery = "chart"
    plan: Any = None
    labels: dict[str, str] = Field(default_factory=dict)
    override: dict[Literal["gatekeeper", "kyverno"], Override] = Field(default_factory=dict)


class PolicyEngine(pulumi.ComponentResource):
    """An admission policy engine, with the namespaces it leaves alone and Trimtab's own policies."""

    namespace: pulumi.Output[str]
    """The engine's namespace."""
    version: pulumi.Output[str]
    """The chart's version."""
    exempt_namespaces: pulumi.Output[list[str]]
    """Every namespace that is left alone."""

    def __init__(
        self, name: str, args: PolicyEngineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `PolicyEngineArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, the engine has nothing for it, or it would stop
                the cluster.
        """
        where = f'PolicyEngine "{name}"'
        given = checked(_Checked, args, where)
        source = GATEKEEPER if given.engine == "gatekeeper" else KYVERNO
        override = given.override.get(given.engine, Override())
        home = override.namespace or source.namespace
        settings = policy_engines.Settings(
            given.engine,
            given.replicas,
            given.failure_policy,
            given.audit_seconds or _AUDIT_SECONDS[given.engine],
            home,
            given.exempt_namespaces,
            given.timeout_seconds,
            given.sync,
            given.exceptions_namespace,
            given.cpu,
            given.memory,
        )
        policy_engines.check(settings, where)
        plan = None if given.plan is None else plan_of(given.plan, where)
        labels = {**given.labels, **object_labels(plan)}
        release = Release(
            source,
            policy_engines.values(settings, override.values),
            override,
            given.delivery,
            labels,
            own_namespace=False,
        )
        super().__init__("trimtab:index:PolicyEngine", name, {}, opts)

        first = standing_first(opts)
        options = pulumi.ResourceOptions(parent=self, depends_on=first)
        place = pods_namespace(f"{name}-namespace", home, labels, "restricted", options)
        ready = install(name, release, self, [*first, place])
        kube_objects(name, policy_engines.objects(settings), labels, self, [ready])
        if given.admission_policies:
            made = policy_engines.admission_objects(documents("admission"), given.admission_actions)
            kube_objects(name, made, labels, self, first)
        self.namespace = pulumi.Output.from_input(home)
        self.version = pulumi.Output.from_input(release.version)
        self.exempt_namespaces = pulumi.Output.from_input(list(settings.unseen))
        self.register_outputs(
            {
                "namespace": self.namespace,
                "version": self.version,
                "exempt_namespaces": self.exempt_namespaces,
            }
        )
