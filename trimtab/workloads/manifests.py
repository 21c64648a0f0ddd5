"""Kubernetes kinds: which pod templates each holds, and how many replicas of them.

A role is one pod template with its replica count. Kinds that hold several (PyTorchJob, RayCluster,
LeaderWorkerSet) yield several; the reader joins roles that ask for the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trimtab.documents import Field


@dataclass(frozen=True)
class Role:
    """One pod template of an object.

    Attributes:
        name: the role within the object, such as `head`; empty where there is one.
        replicas: pods of it.
        template: the field that holds the pod's metadata and spec.
        annotations: annotation fields above the template's own, widest first.
        claim_templates: names of claims that the object makes for each pod.
    """

    name: str
    replicas: int
    template: Field
    annotations: tuple[Field, ...] = ()
    claim_templates: tuple[str, ...] = ()


def roles(document: Field) -> list[Role] | None:
    """The roles of an object, or None when its kind holds no workload that Trimtab reads.

    Raises:
        InputError: the object is malformed.
    """
    group = document["apiVersion"].text().rpartition("/")[0]
    read = _KINDS.get((group, document["kind"].text()))
    return None if read is None else list(read(document))


def _replicated(document: Field) -> Iterator[Role]:
    spec = document["spec"]
    claims = (item["metadata"]["name"].text() for item in spec["volumeClaimTemplates"].items())
    yield Role("", spec["replicas"].count(1), spec["template"], claim_templates=tuple(claims))


def _pod(document: Field) -> Iterator[Role]:
    yield Role("", 1, document)


def _job(document: Field) -> Iterator[Role]:
    yield _job_role(document["spec"])


def _cron_job(document: Field) -> Iterator[Role]:
    template = document["spec"]["jobTemplate"]
    yield _job_role(template["spec"], (template["metadata"]["annotations"],))


def _job_role(spec: Field, annotations: tuple[Field, ...] = ()) -> Role:
    parallelism = spec["parallelism"].count(1)
    # No more pods run at once than are left to complete.
    pods = min(parallelism, spec["completions"].count(parallelism))
    return Role("", pods, spec["template"], annotations)


def _pytorch_job(document: Field) -> Iterator[Role]:
    specs = document["spec"]["pytorchReplicaSpecs"]
    if not specs.mapping():
        specs.fail("is missing or empty", "it needs a Worker or a Master")
    for name, spec in specs.fields():
        if name not in ("Master", "Worker"):
            spec.fail(f"unknown replica type {name}", "use Master and Worker")
        yield Role(name.lower(), spec["replicas"].count(1), spec["template"])


def _ray(cluster: Field) -> Iterator[Role]:
    head = cluster["headGroupSpec"]
    if not head.present:
        head.fail("is missing", "a Ray cluster needs a head")
    yield Role("head", 1, head["template"])
    for group in cluster["workerGroupSpecs"].items():
        name = group["groupName"].text() or group["groupName"].fail("is missing")
        pods = max(group["replicas"].count(0), group["minReplicas"].count(0))
        yield Role(name, pods * group["numOfHosts"].count(1), group["template"])


def _leader_worker_set(document: Field) -> Iterator[Role]:
    spec = document["spec"]
    groups = spec["replicas"].count(1)
    template = spec["leaderWorkerTemplate"]
    size = template["size"].count(1)
    if size < 1:
        template["size"].fail("is below one")
    worker = template["workerTemplate"]
    if not template["leaderTemplate"].present:
        yield Role("", groups * size, worker)
        return
    yield Role("leader", groups, template["leaderTemplate"])
    if size > 1:
        yield Role("worker", groups * (size - 1), worker)


_KINDS: dict[tuple[str, str], Callable[[Field], Iterator[Role]]] = {
    ("apps", "Deployment"): _replicated,
    ("apps", "ReplicaSet"): _replicated,
    ("apps", "StatefulSet"): _replicated,
    ("", "Pod"): _pod,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("kubeflow.org", "PyTorchJob"): _pytorch_job,
    ("ray.io", "RayCluster"): lambda document: _ray(document["spec"]),
    ("ray.io", "RayJob"): lambda document: _ray(document["spec"]["rayClusterSpec"]),
    ("ray.io", "RayService"): lambda document: _ray(document["spec"]["rayClusterConfig"]),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): _leader_worker_set,
}

READ_KINDS = tuple(kind for _, kind in _KINDS)
"""Kinds of manifests that are read."""
