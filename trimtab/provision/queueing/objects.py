"""Kueue's objects, `kueue.x-k8s.io/v1beta2`, of flavors, queues and cohorts.

Pure. Each says which objects must stand before it: a flavor that is deleted before its queue would wait
for it.

Source: Kueue v0.19.2, its CRDs and webhooks, 2026-08.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trimtab.provision.kube_objects import KubeObject, from_manifest
from trimtab.provision.queueing.capacity import PoolCapacity
from trimtab.provision.queueing.flavors import written
from trimtab.provision.queueing.queues import Cohort, Queue, Quotas
from trimtab.provision.queueing.settings import PreemptionSettings, ProvisioningSettings

API = "kueue.x-k8s.io/v1beta2"
GROUP = "kueue.x-k8s.io"
PROVISIONING_CONTROLLER = "kueue.x-k8s.io/provisioning-request"
MULTIKUEUE_CONTROLLER = "kueue.x-k8s.io/multikueue"
PROVISIONING_CHECK = "provisioning"
NAMESPACE_LABEL = "kubernetes.io/metadata.name"


def flavors(
    pools: Iterable[PoolCapacity],
    topologies: Mapping[str, Sequence[str]],
    labels: Mapping[str, str],
) -> list[KubeObject]:
    """The pools' flavors and their topologies.

    Args:
        topologies: labels of nodes from the widest domain to the node, by pool.
        labels: of the objects.
    """
    made = [
        from_manifest(
            f"topology-{pool}",
            _object("Topology", pool, labels, {"levels": [{"nodeLabel": each} for each in levels]}),
        )
        for pool, levels in topologies.items()
    ]
    for pool in pools:
        for flavor in pool.flavors:
            taints = [
                {"key": each.key, "value": each.value, "effect": each.effect}
                for each in flavor.taints
            ]
            spec = {
                "nodeLabels": dict(flavor.labels),
                "nodeTaints": taints,
                "tolerations": [dict(each) for each in flavor.tolerations],
            }
            stated = {key: value for key, value in spec.items() if value}
            after: tuple[str, ...] = ()
            if pool.name in topologies:
                stated["topologyName"] = pool.name
                after = (f"topology-{pool.name}",)
            made.append(
                from_manifest(
                    f"flavor-{flavor.name}",
                    _object("ResourceFlavor", flavor.name, labels, stated),
                    after,
                )
            )
    return made


def cohorts(found: Iterable[Cohort], labels: Mapping[str, str]) -> list[KubeObject]:
    """The tree of cohorts."""
    made = []
    for each in found:
        spec: dict[str, Any] = {"parentName": each.parent} if each.parent else {}
        if each.quotas:
            spec["resourceGroups"] = [_resource_group(each.quotas)]
        if each.weight is not None:
            spec["fairSharing"] = {"weight": f"{each.weight:g}"}
        after = (*_flavor_keys(each.quotas), *([f"cohort-{each.parent}"] if each.parent else []))
        made.append(
            from_manifest(f"cohort-{each.name}", _object("Cohort", each.name, labels, spec), after)
        )
    return made


def queue(
    each: Queue,
    preemption: PreemptionSettings,
    checks: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
) -> list[KubeObject]:
    """A ClusterQueue and its LocalQueues, one a namespace, of the same name.

    Args:
        checks: admission checks, as the queue names them.
    """
    namespaces = each.settings.namespaces
    in_these = {"key": NAMESPACE_LABEL, "operator": "In", "values": sorted(namespaces)}
    spec: dict[str, Any] = {
        "cohortName": each.cohort,
        "queueingStrategy": each.settings.strategy,
        "namespaceSelector": {"matchExpressions": [in_these]} if namespaces else {},
        "resourceGroups": [_resource_group(each.quotas)],
        "flavorFungibility": {
            "whenCanBorrow": _search(preemption.next_flavor_before_borrowing),
            "whenCanPreempt": _search(preemption.next_flavor_before_preempting),
        },
        "preemption": {
            "withinClusterQueue": preemption.within_queue,
            "reclaimWithinCohort": preemption.reclaim,
            "borrowWithinCohort": {"policy": preemption.borrow},
        },
    }
    if checks:
        spec["admissionChecksStrategy"] = {"admissionChecks": [dict(check) for check in checks]}
    if each.settings.weight is not None:
        spec["fairSharing"] = {"weight": f"{each.settings.weight:g}"}
    after = (
        f"cohort-{each.cohort}",
        *_flavor_keys(each.quotas),
        *(f"check-{check['name']}" for check in checks),
    )
    key = f"queue-{each.name}"
    made = [from_manifest(key, _object("ClusterQueue", each.name, labels, spec), after)]
    for namespace in namespaces:
        local = _object("LocalQueue", each.name, labels, {"clusterQueue": each.name})
        local["metadata"]["namespace"] = namespace
        made.append(from_manifest(f"local-{namespace}-{each.name}", local, (key,)))
    return made


def priorities(values: Mapping[str, int], labels: Mapping[str, str]) -> list[KubeObject]:
    """WorkloadPriorityClasses, which order queues and say who is preempted; pods keep their own."""
    return [
        from_manifest(
            f"priority-{name}",
            {
                "apiVersion": API,
                "kind": "WorkloadPriorityClass",
                "metadata": {"name": name, "labels": dict(labels)},
                "value": value,
            },
        )
        for name, value in values.items()
    ]


def provisioning(settings: ProvisioningSettings, labels: Mapping[str, str]) -> list[KubeObject]:
    """The check that asks for machines before work is admitted."""
    spec: dict[str, Any] = {
        "provisioningClassName": settings.class_name,
        "retryStrategy": {
            "backoffLimitCount": settings.retries,
            "backoffBaseSeconds": 60,
            "backoffMaxSeconds": 1800,
        },
    }
    if settings.parameters:
        spec["parameters"] = dict(settings.parameters)
    config = _object("ProvisioningRequestConfig", PROVISIONING_CHECK, labels, spec)
    check = _check(PROVISIONING_CHECK, PROVISIONING_CONTROLLER, "ProvisioningRequestConfig", labels)
    return [
        from_manifest("provisioning-config", config),
        from_manifest(f"check-{PROVISIONING_CHECK}", check, ("provisioning-config",)),
    ]


def provisioning_check(settings: ProvisioningSettings, pools: Iterable[PoolCapacity], quotas: Quotas) -> list[dict[str, Any]]:  # fmt: skip
    """How a queue names the check: for its flavors that are bought in one of the ways."""
    bought = {
        flavor.name: flavor.option in settings.options for pool in pools for flavor in pool.flavors
    }
    on = [name for name in quotas if bought[name]]
    return [{"name": PROVISIONING_CHECK, "onFlavors": on}] if on else []


def workers(secrets: Mapping[str, str], labels: Mapping[str, str]) -> list[KubeObject]:
    """The clusters that work may be sent to.

    Args:
        secrets: names of the Secrets of Kueue's namespace with their kubeconfigs, by the worker's name.
    """
    return [
        from_manifest(
            f"worker-{name}",
            _object(
                "MultiKueueCluster",
                name,
                labels,
                {"clusterSource": {"kubeConfig": {"location": secret, "locationType": "Secret"}}},
            ),
        )
        for name, secret in secrets.items()
    ]


def multikueue(pool: str, names: Sequence[str], labels: Mapping[str, str]) -> list[KubeObject]:
    """The check that sends a pool's work to the workers that have the pool."""
    name = multikueue_check(pool)
    config = _object("MultiKueueConfig", name, labels, {"clusters": list(names)})
    check = _check(name, MULTIKUEUE_CONTROLLER, "MultiKueueConfig", labels)
    return [
        from_manifest(f"multikueue-{pool}", config, tuple(f"worker-{each}" for each in names)),
        from_manifest(f"check-{name}", check, (f"multikueue-{pool}",)),
    ]


def multikueue_check(pool: str) -> str:
    """The name of a pool's check, and of its configuration."""
    return f"multikueue-{pool}"


def _check(name: str, controller: str, kind: str, labels: Mapping[str, str]) -> dict[str, Any]:
    parameters = {"apiGroup": GROUP, "kind": kind, "name": name}
    spec = {"controllerName": controller, "parameters": parameters}
    return _object("AdmissionCheck", name, labels, spec)


def _resource_group(quotas: Quotas) -> dict[str, Any]:
    covers = list(next(iter(quotas.values())))
    return {
        "coveredResources": covers,
        "flavors": [
            {"name": name, "resources": [_quota(key, resources[key]) for key in covers]}
            for name, resources in quotas.items()
        ],
    }


def _quota(resource: str, quota: Any) -> dict[str, str]:
    made = {"name": resource, "nominalQuota": written(resource, quota.nominal)}
    if quota.borrowing is not None:
        made["borrowingLimit"] = written(resource, quota.borrowing)
    if quota.lending is not None:
        made["lendingLimit"] = written(resource, quota.lending)
    return made


def _flavor_keys(quotas: Quotas) -> tuple[str, ...]:
    return tuple(f"flavor-{name}" for name in quotas)


def _search(next_first: bool) -> str:
    return "TryNextFlavor" if next_first else "MayStopSearch"


def _object(
    kind: str, name: str, labels: Mapping[str, str], spec: Mapping[str, Any]
) -> dict[str, Any]:
    metadata = {"name": name, "labels": dict(labels)}
    # No empty map: of a kind that the provider has no schema of, it would be a change at every preview.
    stated = {"spec": dict(spec)} if spec else {}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, **stated}
