"""A device plugin that no chart installs: its namespace and DaemonSet as Pulumi resources."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab_components.accelerators.daemons import Daemon

PRIVILEGED = {"pod-security.kubernetes.io/enforce": "privileged"}


def own_namespace(
    resource_name: str,
    namespace: str,
    labels: Mapping[str, str],
    parent: pulumi.Resource,
    after: list[Any],
) -> kubernetes.core.v1.Namespace:
    """A namespace whose pods may mount the node's folders."""
    return kubernetes.core.v1.Namespace(
        resource_name,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(name=namespace, labels={**labels, **PRIVILEGED}),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )


def daemon_set(
    resource_name: str,
    daemon: Daemon,
    namespace: str,
    opts: pulumi.ResourceOptions,
) -> kubernetes.apps.v1.DaemonSet:
    """The daemon's DaemonSet."""
    spec: Any = daemon.spec()  # in the API's own words
    return kubernetes.apps.v1.DaemonSet(
        resource_name,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=daemon.name, namespace=namespace, labels=dict(daemon.labels) or None
        ),
        spec=spec,
        opts=opts,
    )
