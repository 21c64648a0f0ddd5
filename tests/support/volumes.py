"""A node that has disks, and the controllers that bind claims to volumes on it.

kube-controller-manager binds and releases, kube-scheduler picks the node that a claim waits for. The
kubelet is played: what a pod's container would run is run here as a process, with the paths that the pod
mounts put in place of those it sees; what it writes is on this machine's disk. No container, no image.
"""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from support.engines import engine_path, free_ports, running
from support.kube_api import KubeApi, KubeError

START_SECONDS = 30.0
WAIT_SECONDS = 30.0
POLL_SECONDS = 0.1
VOLUME_CONTROLLERS = (
    "persistentvolume-binder-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
)


@contextlib.contextmanager
def volume_control(api: KubeApi, folder: Path) -> Iterator[None]:
    """The volume controllers and the scheduler for the length of the block.

    Skips the test (fails it in CI) where an engine is absent.

    Args:
        folder: an empty folder for certificates and logs.
    """
    manager_port, scheduler_port = free_ports(2)
    manager: list[str | Path] = [
        engine_path("kube-controller-manager"),
        f"--kubeconfig={api.kubeconfig}",
        f"--controllers={','.join(VOLUME_CONTROLLERS)}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={manager_port}",
        f"--cert-dir={folder / 'manager'}",
        "--pvclaimbinder-sync-period=1s",
    ]
    scheduler: list[str | Path] = [
        engine_path("kube-scheduler"),
        f"--kubeconfig={api.kubeconfig}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={scheduler_port}",
        f"--cert-dir={folder / 'scheduler'}",
        "--authentication-skip-lookup=true",
    ]
    with (
        running("kube-controller-manager", manager, folder / "manager.log"),
        running("kube-scheduler", scheduler, folder / "scheduler.log"),
    ):
        yield


def add_node(api: KubeApi, name: str) -> None:
    """A node that is ready and has room."""
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
    api.apply(node)
    room = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Played",
        "message": "by the test",
        "lastHeartbeatTime": "2026-11-23T00:00:00Z",
        "lastTransitionTime": "2026-11-23T00:00:00Z",
    }
    status = {"capacity": room, "allocatable": room, "conditions": [ready]}
    api.patch_status(node, status)
    # What the node lifecycle controller does of a node that became ready.
    taintless: dict[str, Any] = {"spec": {"taints": []}}
    api.request("PATCH", f"/api/v1/nodes/{name}", taintless, "application/merge-patch+json")


@contextlib.contextmanager
def kubelets(api: KubeApi, folder: Path, *nodes: str) -> Iterator[list[str]]:
    """Run what pods of those nodes would run; yields what went wrong, for the test to look at."""
    stop, wrong = threading.Event(), list[str]()
    ran: set[str] = set()

    def play() -> None:
        while not stop.wait(POLL_SECONDS):
            try:
                for pod in api.request("GET", "/api/v1/pods")["items"]:
                    if pod["spec"].get("nodeName") in nodes:
                        _attend(api, folder, pod, ran)
            except (KubeError, OSError, subprocess.SubprocessError) as error:
                wrong.append(repr(error))

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        thread.join(10)


def _attend(api: KubeApi, folder: Path, pod: Mapping[str, Any], ran: set[str]) -> None:
    about = pod["metadata"]
    path = f"/api/v1/namespaces/{about['namespace']}/pods/{about['name']}"
    if "deletionTimestamp" in about:
        with contextlib.suppress(KubeError):
            api.request("DELETE", path, {"gracePeriodSeconds": 0})
        return
    if about["uid"] in ran:
        return
    places = _places(api, folder, pod)
    if places is None:
        return
    ran.add(about["uid"])
    failed = [each for each in pod["spec"]["containers"] if not _run(each, places)]
    body = {"status": {"phase": "Failed" if failed else "Succeeded"}}
    with contextlib.suppress(KubeError):
        api.request("PATCH", f"{path}/status", body, "application/merge-patch+json")


def _run(container: Mapping[str, Any], places: Mapping[str, Path]) -> bool:
    """One container's command, with the paths of this machine; whether it ended well."""
    mounts = {each["mountPath"]: places[each["name"]] for each in container.get("volumeMounts", [])}

    def here(word: str) -> str:
        for inside, outside in mounts.items():
            if word == inside or f"{inside.rstrip('/')}/" in word:
                word = word.replace(inside.rstrip("/"), str(outside))
        return word

    words = [here(each) for each in [*container["command"], *container.get("args", [])]]
    env = {each["name"]: each.get("value", "") for each in container.get("env", [])}
    done = subprocess.run(
        words, env={"PATH": os.environ["PATH"], **env}, check=False, timeout=20, capture_output=True
    )
    return done.returncode == 0


def _places(api: KubeApi, folder: Path, pod: Mapping[str, Any]) -> dict[str, Path] | None:
    """Where each volume of the pod is on this machine; None while a claim is not bound."""
    namespace = pod["metadata"]["namespace"]
    found: dict[str, Path] = {}
    for volume in pod["spec"].get("volumes", []):
        if "hostPath" in volume:
            place = Path(volume["hostPath"]["path"])
            if volume["hostPath"].get("type") == "DirectoryOrCreate":
                place.mkdir(parents=True, exist_ok=True)
        elif "configMap" in volume:
            place = folder / pod["metadata"]["uid"] / volume["name"]
            place.mkdir(parents=True, exist_ok=True)
            held = api.get("v1", "ConfigMap", volume["configMap"]["name"], namespace)["data"]
            for item in volume["configMap"]["items"]:
                (place / item["path"]).write_text(held[item["key"]], "utf-8")
        else:
            claim = api.get(
                "v1",
                "PersistentVolumeClaim",
                volume["persistentVolumeClaim"]["claimName"],
                namespace,
            )
            if claim.get("status", {}).get("phase") != "Bound":
                return None
            place = directory_of(api.get("v1", "PersistentVolume", claim["spec"]["volumeName"]))
        found[volume["name"]] = place
    return found


def directory_of(volume: Mapping[str, Any]) -> Path:
    """The directory that a PersistentVolume of a node's disk is."""
    spec = volume["spec"]
    return Path((spec.get("local") or spec["hostPath"])["path"])


def claim(name: str, namespace: str, class_name: str, size: str) -> dict[str, Any]:
    """A claim of a class."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "storageClassName": class_name,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
        },
    }


def pod(
    name: str, namespace: str, claim_name: str, script: str, node: str | None = None
) -> dict[str, Any]:
    """A pod that runs a script with a claim at /data."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "restartPolicy": "Never",
            **({"nodeSelector": {"kubernetes.io/hostname": node}} if node else {}),
            "containers": [
                {
                    "name": "main",
                    "image": "registry.k8s.io/none",
                    "command": ["/bin/sh", "-ec", script],
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                }
            ],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}],
        },
    }


def until(holds: Callable[[], Any], says: str, seconds: float = WAIT_SECONDS) -> Any:
    """Poll until it is something; that.

    Raises:
        TimeoutError: it is not in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(KubeError):
            if found := holds():
                return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{says} after {seconds:.0f} s")
        time.sleep(POLL_SECONDS)


def phase_of(api: KubeApi, kind: str, name: str, namespace: str | None = None) -> str:
    """An object's phase, or "gone"."""
    try:
        found = api.get("v1", kind, name, namespace)
    except KubeError as error:
        if error.code == 404:
            return "gone"
        raise
    return str(found.get("status", {}).get("phase", ""))
